//! A Deployment and a Lambda function follow the credential, beside the people and tools that own the rest of them.

use cachedapi_hack::Result;
use cachedapi_hack::resource::Resource;
use cachedapi_hack::wait::{self, Seen};
use serde_json::{Value, json};

use super::world::World;
use super::{READY, SOON};

const NAME: &str = "consumers";
const FUNCTION: &str = "arn:aws:lambda:eu-west-1:000000000000:function:consumer";

/// A Deployment as a `GitOps` tool applies it, without force.
fn apply_deployment(world: &World) -> Result<()> {
    let deployment = json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": NAME, "namespace": NAME},
        "spec": {
            "replicas": 1, "selector": {"matchLabels": {"app": NAME}},
            "template": {
                "metadata": {"labels": {"app": NAME}, "annotations": {"team": "orders"}},
                "spec": {"containers": [{"name": "orders", "image": "orders:1"}]},
            },
        },
    });
    world.kubectl().apply(&deployment.to_string()).map(drop)
}

fn deployment(world: &World) -> Result<Value> {
    world
        .kubectl()
        .json(["get", "deployment", NAME, "--namespace", NAME])
}

/// What the controller of Deployments says when all pods are new; it does not run here.
fn finish_rollout(world: &World) -> Result<()> {
    let generation = deployment(world)?["metadata"]["generation"].clone();
    let status = json!({"status": {
        "observedGeneration": generation, "replicas": 1, "updatedReplicas": 1, "readyReplicas": 1, "availableReplicas": 1,
    }});
    let patch = status.to_string();
    let args = [
        "patch",
        "deployment",
        NAME,
        "--namespace",
        NAME,
        "--subresource=status",
        "--type=merge",
        "--patch",
        &patch,
    ];
    world.kubectl().run(args).map(drop)
}

/// The version of the secret that the pods of the Deployment have from now on.
fn rolled(world: &World) -> Result<Value> {
    let template = &deployment(world)?["spec"]["template"];
    Ok(template["metadata"]["annotations"]["secret-version.cachedapi.dev/consumers"].clone())
}

/// The variables of the function.
fn variables(world: &World) -> Result<Value> {
    let state = world.environment.aws.state()?;
    let functions = &state["accounts"]["000000000000"]["eu-west-1"]["lambda"]["functions"];
    Ok(functions["consumer"]["configuration"]["Environment"]["Variables"].clone())
}

/// Waits until status, Deployment and function all name another version than `before`.
fn follow(world: &World, object: &Resource, before: &Value) -> Result<Value> {
    wait::until("the consumers to have another version", READY, || {
        let current = object.get()?["status"]["credentials"]["versionId"].clone();
        let seen = [
            rolled(world)?,
            variables(world)?["CACHE_SECRET_VERSION_ID"].clone(),
        ];
        let done = current.is_string()
            && current != *before
            && seen.iter().all(|version| *version == current);
        Ok(if done {
            Seen::Done(current)
        } else {
            Seen::NotYet(format!(
                "{current} {seen:?} {}",
                object.get()?["status"]["conditions"]
            ))
        })
    })
}

/// Waits until status says that each of the three consumers has the current version. The object is Ready before: the password before works as well.
fn wait_until_up_to_date(object: &Resource) -> Result<()> {
    wait::until("every consumer to be up to date", READY, || {
        let bindings = object.get()?["status"]["bindings"].clone();
        let has_it = |consumer: &Value| consumer["upToDate"] == true;
        let consumers = bindings.as_array();
        let done = consumers.is_some_and(|all| all.len() == 3 && all.iter().all(has_it));
        Ok(if done {
            Seen::Done(())
        } else {
            Seen::NotYet(bindings.to_string())
        })
    })
}

#[test]
fn a_deployment_and_a_function_follow_a_rotation_and_keep_what_is_not_ours() {
    let world = World::shared();
    let object = world.create(NAME).unwrap();
    apply_deployment(&world).unwrap();
    let cluster = world.environment.cluster_id().unwrap();
    world
        .environment
        .aws
        .make_function(
            "consumer",
            &json!({
                "configuration": {"Environment": {"Variables": {"LOG": "info"}}},
                "tags": {"cachedapi.dev/cluster-id": cluster},
            }),
        )
        .unwrap();
    let bindings = [
        json!({"op": "add", "path": "/spec/bindings/-", "value": {"deployment": {"name": NAME}}}),
        json!({"op": "add", "path": "/spec/bindings/-", "value": {"lambda": {"functionArn": FUNCTION}}}),
    ];
    object.patch(&json!(bindings)).unwrap();
    let first = follow(&world, &object, &Value::Null).unwrap();
    object
        .wait_until_said("BindingsReady", "RollingOut", SOON)
        .unwrap();
    finish_rollout(&world).unwrap();
    object.request_reconcile().unwrap();
    object.wait_until_ready(READY, |_| ()).unwrap();

    apply_deployment(&world).unwrap();
    assert_eq!(
        rolled(&world).unwrap(),
        first,
        "the tool leaves our annotation alone"
    );

    object.request_rotation().unwrap();
    follow(&world, &object, &first).unwrap();
    finish_rollout(&world).unwrap();
    object.request_reconcile().unwrap();
    wait_until_up_to_date(&object).unwrap();
    assert_eq!(variables(&world).unwrap()["LOG"], "info");
    let password = world.secret(NAME, "password").unwrap();
    assert!(!variables(&world).unwrap().to_string().contains(&password));
}
