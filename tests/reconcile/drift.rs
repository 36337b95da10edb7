use jiff::SignedDuration;
use kube::api::{DeleteParams, Patch, PatchParams};
use serde_json::{Value, json};

use crate::world::{POLL, SECRET, World};

#[tokio::test(start_paused = true)]
async fn a_stage_that_was_deleted_by_hand_is_back_after_a_poll() {
    let (world, _operator) = World::with_ready_example().await;
    let id = world.object()["status"]["api"]["id"].clone();
    let stage = format!("/restapis/{}/stages/prod", id.as_str().unwrap());
    world.gateway("DELETE", &stage, &Value::Null).await;
    assert_eq!(world.inventory()["/apigateway/stages"], 0);
    let deleted = world.age();
    world
        .until(|world| world.inventory()["/apigateway/stages"] == 1)
        .await;
    world.until(World::is_ready).await;
    let took = (world.age() - deleted).unsigned_abs();
    assert!(took <= POLL.mul_f64(1.2), "{took:?}");
}

#[tokio::test(start_paused = true)]
async fn a_bound_secret_that_was_deleted_is_back_after_a_poll() {
    let (world, _operator) = World::with_ready_example().await;
    let right = world.bound();
    let deleted = delete_secret(&world).await;
    world.until(|world| world.bound() == right).await;
    let took = (world.age() - deleted).unsigned_abs();
    assert!(took <= POLL.mul_f64(1.2), "{took:?}");
}

#[tokio::test(start_paused = true)]
async fn a_bound_secret_that_was_deleted_is_back_at_once_when_asked_for() {
    let (world, _operator) = World::with_ready_example().await;
    let right = world.bound();
    let deleted = delete_secret(&world).await;
    world
        .patch(
            json!({"metadata": {"annotations": {"cachedapi.dev/reconcile-requested-at": "now"}}}),
        )
        .await;
    world.until(|world| world.bound() == right).await;
    let took = world.age() - deleted;
    assert!(took.as_secs() <= 5, "{took:?}");
}

#[tokio::test(start_paused = true)]
async fn a_bound_secret_that_was_changed_is_put_right_after_a_poll() {
    let (world, _operator) = World::with_ready_example().await;
    let right = world.bound();
    let patch = Patch::Merge(json!({"data": {"host": "ZWxzZXdoZXJl", "more": "bW9yZQ=="}}));
    world
        .secrets()
        .patch(SECRET, &PatchParams::default(), &patch)
        .await
        .unwrap();
    assert_eq!(world.bound()["host"], "elsewhere");
    let changed = world.age();
    world.until(|world| world.bound() == right).await;
    let took = (world.age() - changed).unsigned_abs();
    assert!(took <= POLL.mul_f64(1.2), "{took:?}");
}

async fn delete_secret(world: &World) -> SignedDuration {
    let parameters = DeleteParams::default();
    world.secrets().delete(SECRET, &parameters).await.unwrap();
    world.age()
}
