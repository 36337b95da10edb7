//! The network delivers a creation twice. Names are not unique in API Gateway: there are two usage plans, or two API keys of a name.

use std::collections::BTreeMap;
use std::time::Duration;

use local_kube::{Effect, Fault};
use serde_json::{Value, json};
use tokio::time::sleep;

use crate::world::{POLL, World};

/// Late copies of the requests that created the key and the usage plan.
async fn deliver_again(world: &World) {
    // Creation dates are whole seconds.
    sleep(Duration::from_secs(1)).await;
    let gateway = world.place()["apigateway"].clone();
    let tags = json!({
        "cachedapi.dev/cluster-id": "test",
        "cachedapi.dev/owner-uid": world.object()["metadata"]["uid"],
    });
    let name = |kind: &str| {
        let things = gateway[kind].as_object().unwrap();
        things.values().next().unwrap()["name"].clone()
    };
    let key = json!({"name": name("keys"), "enabled": true, "tags": tags});
    world.gateway("POST", "/apikeys", &key).await;
    let stage = json!({"apiId": world.object()["status"]["api"]["id"], "stage": "prod"});
    let plan = json!({"name": name("plans"), "apiStages": [stage], "tags": tags});
    world.gateway("POST", "/usageplans", &plan).await;
    assert_eq!(count(world), [2, 2]);
}

/// How many API keys and usage plans there are.
fn count(world: &World) -> [usize; 2] {
    let inventory = world.inventory();
    ["/apigateway/keys", "/apigateway/plans"].map(|kind| inventory[kind])
}

/// The API keys and usage plans by their ids.
fn things(world: &World) -> BTreeMap<&'static str, Value> {
    let gateway = world.place()["apigateway"].clone();
    ["keys", "plans"]
        .map(|kind| (kind, gateway[kind].clone()))
        .into()
}

#[tokio::test(start_paused = true)]
async fn a_second_key_and_a_second_usage_plan_are_gone_after_ten_polls_and_the_first_stay() {
    let (world, _operator) = World::with_ready_example().await;
    let before = things(&world);
    deliver_again(&world).await;
    let made = world.age();
    world.until(|world| count(world) == [1, 1]).await;
    let took = (world.age() - made).unsigned_abs();
    assert!(took <= POLL.mul_f64(11.2), "{took:?}");
    world.until(World::is_ready).await;
    assert_eq!(things(&world), before);
}

#[tokio::test(start_paused = true)]
async fn a_second_key_and_a_second_usage_plan_go_with_the_object() {
    let (world, _operator) = World::with_ready_example().await;
    deliver_again(&world).await;
    world.delete().await;
    world.until(World::is_gone).await;
    assert_eq!(count(&world), [0, 0]);
}

/// It would come round again after all others, two hours later.
#[tokio::test(start_paused = true)]
async fn a_poll_that_found_a_second_api_and_could_not_say_so_is_done_again() {
    let (world, _operator) = World::with_ready_example().await;
    let tags = json!({
        "cachedapi.dev/cluster-id": "test",
        "cachedapi.dev/owner-uid": world.object()["metadata"]["uid"],
    });
    let api = json!({"name": "shop-orders", "tags": tags});
    sleep(Duration::from_mins(1)).await;
    world.gateway("POST", "/restapis", &api).await;
    let status = "cachedapis/status:patch";
    world.kube.fault(Fault::new(status, Effect::LoseReply));
    while world.kube.faults()[0].seen == 0 {
        sleep(Duration::from_secs(1)).await;
    }
    sleep(Duration::from_mins(2)).await;
    assert_eq!(world.inventory()["/apigateway/apis"], 1);
    world.until(World::is_ready).await;
}
