use std::time::Duration;

use kube::api::DeleteParams;
use serde_json::{Value, json};
use tokio::time::sleep;

use crate::tripwire::Side;
use crate::world::{SECRET, World};

async fn set_policy(world: &World, policy: &str) {
    world
        .patch(json!({"spec": {"managementPolicy": policy}}))
        .await;
}

/// Whether the condition has the status and the reason `ObserveOnly`, for the spec that the object has.
fn observes(world: &World, type_: &str, status: &str) -> bool {
    let (object, found) = (world.object(), world.condition(type_));
    let generation = &object["metadata"]["generation"];
    found["status"] == status
        && found["reason"] == "ObserveOnly"
        && found["observedGeneration"] == *generation
}

/// The operator's writes since the wire was set, other than status.
fn writes(world: &World) -> Vec<String> {
    let mut writes = world.wire.writes();
    writes.retain(|write| !write.starts_with("cachedapis/status:"));
    writes
}

/// Somebody deletes the stage and the bound Secret.
async fn meddle(world: &World) {
    let id = world.object()["status"]["api"]["id"].clone();
    let stage = format!("/restapis/{}/stages/prod", id.as_str().unwrap());
    world.gateway("DELETE", &stage, &Value::Null).await;
    let parameters = DeleteParams::default();
    world.secrets().delete(SECRET, &parameters).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn an_object_that_is_only_observed_is_told_of_and_never_written_for() {
    let (world, _operator) = World::with_ready_example().await;
    set_policy(&world, "ObserveOnly").await;
    world.until(|world| observes(world, "Ready", "True")).await;
    world.wire.set(usize::MAX, Side::NotSent);
    meddle(&world).await;
    let meddled = world.inventory();
    world
        .until(|world| observes(world, "ApiReady", "False"))
        .await;
    world
        .until(|world| observes(world, "BindingsReady", "False"))
        .await;
    let ready = world.condition("Ready");
    let message = ready["message"].as_str().unwrap();
    assert!(
        ready["status"] == "False" && message.contains("this is not done: CreateStage"),
        "{ready}"
    );
    world
        .patch(json!({"spec": {"credentials": {"password": {"rotateEvery": "6h"}}}}))
        .await;
    sleep(Duration::from_hours(24)).await;
    assert!(observes(&world, "CredentialsReady", "False"));
    assert_eq!(
        writes(&world),
        [""; 0],
        "nor is the password rotated, whose time has come"
    );

    world.delete().await;
    world.until(World::is_gone).await;
    sleep(Duration::from_hours(1)).await;
    assert_eq!(world.inventory(), meddled, "all of AWS stays");
    let left = writes(&world);
    assert!(
        left.iter().all(|write| write.starts_with("cachedapis:")),
        "only the finalizer goes: {left:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn what_changed_meanwhile_is_put_right_when_the_object_is_managed_again() {
    let (world, _operator) = World::with_ready_example().await;
    let (right, bound) = (world.inventory(), world.bound());
    set_policy(&world, "ObserveOnly").await;
    world.until(|world| observes(world, "Ready", "True")).await;
    meddle(&world).await;
    world
        .until(|world| observes(world, "ApiReady", "False"))
        .await;
    set_policy(&world, "Manage").await;
    world.until(World::is_ready).await;
    assert_eq!((world.inventory(), world.bound()), (right, bound));
}

#[tokio::test(start_paused = true)]
async fn an_object_that_was_observed_from_the_start_has_no_finalizer_and_nothing_until_it_is_managed()
 {
    let world = World::with_example().await;
    set_policy(&world, "ObserveOnly").await;
    let _operator = world.operator();
    world.until(|world| observes(world, "Ready", "False")).await;
    sleep(Duration::from_hours(2)).await;
    assert_eq!(writes(&world), [""; 0]);
    assert!(world.object()["metadata"]["finalizers"].is_null());
    set_policy(&world, "Manage").await;
    world.until(World::is_ready).await;
    assert!(!world.object()["metadata"]["finalizers"].is_null());
}
