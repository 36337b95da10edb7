use kube::api::{Api, DynamicObject, Patch, PatchParams};
use serde_json::{Value, json};

use crate::world::{NAME, World, example};

/// A Deployment as a `GitOps` tool has it in its repository.
fn deployment() -> Value {
    json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": NAME},
        "spec": {
            "replicas": 1, "selector": {"matchLabels": {"app": NAME}},
            "template": {
                "metadata": {"labels": {"app": NAME}, "annotations": {"team": "orders"}},
                "spec": {"containers": [{"name": "orders", "image": "orders:1"}]},
            },
        },
    })
}

/// The `GitOps` tool applies it, without force.
pub async fn apply(world: &World) {
    let parameters = PatchParams::apply("gitops");
    world
        .deployments()
        .patch(NAME, &parameters, &Patch::Apply(deployment()))
        .await
        .unwrap();
}

/// The controller of Deployments has made all pods new; there are no pods here.
pub async fn finish(world: &World) {
    finish_in(&world.deployments()).await;
}

async fn finish_in(workloads: &Api<DynamicObject>) {
    let generation = workloads.get(NAME).await.unwrap().metadata.generation;
    let status = json!({"status": {
        "observedGeneration": generation, "replicas": 1, "updatedReplicas": 1, "readyReplicas": 1, "availableReplicas": 1,
    }});
    workloads
        .patch_status(NAME, &PatchParams::default(), &Patch::Merge(status))
        .await
        .unwrap();
}

async fn stored(world: &World) -> Value {
    serde_json::to_value(world.deployments().get(NAME).await.unwrap()).unwrap()
}

fn consumer(world: &World) -> Value {
    let object = world.object();
    let consumers = object["status"]["bindings"]
        .as_array()
        .into_iter()
        .flatten();
    let mut ours = consumers.filter(|consumer| consumer["kind"] == "Deployment");
    ours.next().cloned().unwrap_or_default()
}

fn is_rolled(world: &World) -> bool {
    consumer(world)["versionId"].is_string()
}

async fn bound_to_a_deployment() -> World {
    let world = small().await;
    apply(&world).await;
    bind(&world, json!({"deployment": {"name": NAME}})).await;
    world
}

async fn small() -> World {
    World::new(local_aws::Config {
        delays: local_aws::Delays::fast(),
        ..local_aws::Config::default()
    })
    .await
}

/// Creates the object, with `binding` besides its Secret.
async fn bind(world: &World, binding: Value) {
    let mut object = example();
    let bindings = object["spec"]["bindings"].as_array_mut().unwrap();
    bindings.push(binding);
    world.create(&object).await;
}

#[tokio::test(start_paused = true)]
async fn a_deployment_is_rolled_by_one_annotation_that_nobody_else_owns() {
    let world = bound_to_a_deployment().await;
    let _operator = world.operator();
    world.until(is_rolled).await;

    let rolled = stored(&world).await;
    let annotations = rolled["spec"]["template"]["metadata"]["annotations"].clone();
    let version = consumer(&world)["versionId"].clone();
    assert_eq!(
        annotations,
        json!({"team": "orders", "secret-version.cachedapi.dev/orders": version})
    );
    let managed = rolled["metadata"]["managedFields"].as_array().unwrap();
    let ours = managed
        .iter()
        .find(|entry| entry["manager"] == "cachedapi-operator/orders")
        .unwrap();
    assert_eq!(ours["operation"], "Apply");
    assert_eq!(
        ours["fieldsV1"],
        json!({"f:spec": {"f:template": {"f:metadata": {"f:annotations": {"f:secret-version.cachedapi.dev/orders": {}}}}}})
    );

    apply(&world).await;
    let applied = stored(&world).await;
    assert_eq!(
        applied["spec"], rolled["spec"],
        "the tool that applies the rest is in nobody's way"
    );
}

#[tokio::test(start_paused = true)]
async fn an_object_is_ready_when_the_rollout_is_done() {
    let world = bound_to_a_deployment().await;
    let _operator = world.operator();
    world
        .until(|world| world.condition("BindingsReady")["reason"] == "RollingOut")
        .await;
    assert_eq!(consumer(&world)["upToDate"], false);
    assert!(!world.is_ready());
    finish(&world).await;
    world.until(World::is_ready).await;
    assert_eq!(consumer(&world)["upToDate"], true);
}

#[tokio::test(start_paused = true)]
async fn a_deployment_that_is_gone_is_not_made_anew() {
    let world = bound_to_a_deployment().await;
    let operator = world.operator();
    world.until(is_rolled).await;
    finish(&world).await;
    world.until(World::is_ready).await;
    drop(operator);
    let parameters = kube::api::DeleteParams::default();
    world.deployments().delete(NAME, &parameters).await.unwrap();
    let _operator = world.operator();
    world
        .until(|world| world.condition("BindingsReady")["reason"] == "ReferenceNotFound")
        .await;
    assert!(world.deployments().get_opt(NAME).await.unwrap().is_none());
}

#[tokio::test(start_paused = true)]
async fn a_stateful_set_whose_pods_a_person_deletes_is_said_to_wait_for_that() {
    let world = small().await;
    let mut set = deployment();
    (set["kind"], set["spec"]["serviceName"]) = (json!("StatefulSet"), json!(NAME));
    set["spec"]["updateStrategy"] = json!({"type": "OnDelete"});
    let sets = world.stateful_sets();
    let parameters = PatchParams::apply("gitops");
    sets.patch(NAME, &parameters, &Patch::Apply(set))
        .await
        .unwrap();
    bind(&world, json!({"statefulSet": {"name": NAME}})).await;
    let _operator = world.operator();
    world
        .until(|world| world.condition("BindingsReady")["reason"] == "RolloutHeld")
        .await;
    let said = world.condition("Ready")["message"].clone();
    let said = said.as_str().unwrap();
    assert!(
        said.contains("StatefulSet orders") && said.contains("delete the pods"),
        "{said}"
    );
    finish_in(&sets).await;
    world.until(World::is_ready).await;
}
