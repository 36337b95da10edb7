use std::time::Duration;

use local_aws::elasticache::LoginOutcome;
use local_aws::{Config, Delays};
use serde_json::json;
use tokio::time::sleep;

use crate::tripwire::Side;
use crate::world::World;

#[tokio::test(start_paused = true)]
async fn an_object_comes_changes_and_goes_and_nothing_is_left() {
    let world = World::with_example_in(Config {
        delays: Delays::aws(),
        ..Config::default()
    })
    .await;
    let operator = world.operator();
    world.until(World::is_ready).await;
    assert_eq!(world.log_in(), LoginOutcome::Accepted);
    assert!(
        (10..12).contains(&world.age().as_mins()),
        "little longer than the ten minutes of the cache: {:?}",
        world.age()
    );

    let mut routes = world.object()["spec"]["routes"].clone();
    routes[0]["path"] = "/v2/orders/{id}".into();
    world.patch(json!({"spec": {"routes": routes}})).await;
    world
        .until(|world| world.is_ready() && world.object()["metadata"]["generation"] == 2)
        .await;
    let gateway = world.place()["apigateway"].to_string();
    assert!(gateway.contains("/v2/orders"), "the change is there");

    world.delete().await;
    world.until(World::is_gone).await;
    assert!(world.kube.objects("secrets").is_empty(), "collected");
    drop(operator);
    sleep(Duration::from_hours(30 * 24)).await;
    let left: usize = world.inventory().into_values().sum();
    assert_eq!(left, 0, "{:?}", world.inventory());
}

#[tokio::test(start_paused = true)]
async fn an_object_that_is_as_desired_is_not_written_for_a_day() {
    let (world, _operator) = World::with_ready_example().await;
    world.wire.set(usize::MAX, Side::NotSent);
    sleep(Duration::from_hours(24)).await;
    assert_eq!(world.wire.writes(), Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn an_operator_that_is_told_to_stop_ends_and_the_next_one_goes_on() {
    let world = World::with_example().await;
    let operator = world.operator();
    world
        .until(|world| world.inventory()["/apigateway/apis"] == 1)
        .await;
    operator.stop().await;
    let written = world.object();
    sleep(Duration::from_hours(1)).await;
    assert_eq!(world.object(), written, "nobody works");
    let _operator = world.operator();
    world.until(World::is_ready).await;
}
