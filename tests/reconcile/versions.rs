//! A newer version of the operator was at work, and this one goes on: after a rollback, or while a rollout lasts (P8).

use std::time::Duration;

use kube::api::{Patch, PatchParams};
use serde_json::{Value, json};
use tokio::time::sleep;

use crate::tripwire::Side;
use crate::world::{NAME, Process, World, example};

/// The newer version writes to the object's status.
async fn write_status(world: &World, status: Value) {
    let patch = json!({"status": status});
    world
        .cached_apis()
        .patch_status(NAME, &PatchParams::default(), &Patch::Merge(&patch))
        .await
        .unwrap();
}

/// The object's field at `path`.
fn field(world: &World, path: &str) -> Value {
    world.object().pointer(path).cloned().unwrap_or_default()
}

/// The example, Ready, that a newer version has written to; what it made of it is at rest. Nobody is at work.
async fn left_by_a_newer_version() -> World {
    let (world, operator) = World::with_ready_example().await;
    sleep(Duration::from_hours(1)).await;
    drop(operator);
    let more = json!({
        "metadata": {"annotations": {"cachedapi.dev/mesh": "on"}, "finalizers": ["cachedapi.dev/cleanup", "cachedapi.dev/mesh"]},
        "spec": {"mesh": {"mode": "Ambient"}, "cache": {"replicationGroup": {"tier": "Cold"}}},
    });
    world.patch(more).await;
    let mut conditions = field(&world, "/status/conditions");
    conditions[0]["reason"] = "Meshed".into();
    let mut newer = conditions[0].clone();
    newer["type"] = "MeshReady".into();
    conditions.as_array_mut().unwrap().push(newer);
    let announced = json!([{"kind": "Mesh", "at": "2026-11-24T12:00:00Z"}]);
    write_status(
        &world,
        json!({"conditions": conditions, "intents": announced, "mesh": {"id": "m-1"}}),
    )
    .await;
    world
}

#[tokio::test(start_paused = true)]
async fn what_a_newer_version_announced_and_was_asked_for_stays_and_holds_nothing_up() {
    let world = left_by_a_newer_version().await;
    let before = world.inventory();
    world.wire.set(usize::MAX, Side::NotSent);
    let _operator = world.operator();
    let observed = |world: &World| {
        let observed = field(world, "/status/observedGeneration");
        observed == field(world, "/metadata/generation") && World::is_ready(world)
    };
    world.until(observed).await;
    let mut routes = field(&world, "/spec/routes");
    routes[0]["path"] = "/v2/orders/{id}".into();
    world.patch(json!({"spec": {"routes": routes}})).await;
    world.until(observed).await;
    sleep(Duration::from_hours(1)).await;

    for (path, kept) in [
        ("/metadata/annotations/cachedapi.dev~1mesh", json!("on")),
        ("/spec/mesh", json!({"mode": "Ambient"})),
        ("/spec/cache/replicationGroup/tier", json!("Cold")),
        ("/status/intents/0/kind", json!("Mesh")),
    ] {
        assert_eq!(field(&world, path), kept, "{path}");
    }
    let mut after = world.inventory();
    // The one that the edit made.
    *after.get_mut("/apigateway/deployments").unwrap() -= 1;
    assert_eq!(after, before);
    world.delete().await;
    let cleaned =
        |world: &World| field(world, "/metadata/finalizers") == json!(["cachedapi.dev/mesh"]);
    world.until(cleaned).await;
    assert_eq!(world.inventory()["/apigateway/apis"], 0);
}

/// The example under another name.
async fn create_another(world: &World) {
    let mut other = example();
    other["metadata"]["name"] = "payments".into();
    other["spec"]["bindings"][0]["secret"]["name"] = "payments-cache".into();
    other["spec"]["api"]["apiKeys"][0]["secret"]["name"] = "payments-key".into();
    world.create(&other).await;
}

#[tokio::test(start_paused = true)]
async fn an_object_whose_status_only_a_newer_version_can_read_is_left_alone_and_the_others_are_not()
{
    let (world, operator) = World::with_ready_example().await;
    drop(operator);
    let unheard_of = json!({"restApi": {"id": "a1b2c3d4e5", "state": "Transferred"}});
    write_status(&world, json!({"adoption": unheard_of})).await;
    let before = world.place();
    let operator: Process = world.operator();
    sleep(Duration::from_hours(2)).await;
    assert_eq!(world.place(), before);
    let stalled = world.condition("Stalled");
    let message = stalled["message"].as_str().unwrap();
    assert!(message.contains("Transferred"), "{stalled}");

    create_another(&world).await;
    let another_is_ready = |world: &World| {
        let objects = world.kube.objects("cachedapis");
        let mut others = objects.iter();
        others
            .any(|object| object["metadata"]["name"] == "payments" && crate::look::is_ready(object))
    };
    world.until(another_is_ready).await;
    assert!(!operator.has_ended());

    // The newer version is done with it.
    write_status(&world, json!({"adoption": null})).await;
    world.until(World::is_ready).await;
}
