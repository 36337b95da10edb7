use std::time::Duration;

use local_aws::elasticache::LoginOutcome;
use local_aws::{Config, Delays};
use serde_json::{Value, json};
use tokio::time::sleep;

use crate::crash::create_with_a_crash;
use crate::tripwire::{Side, at_every_write};
use crate::world::{Process, World, example};

/// An old engine, clients that cache for no time, and a rotation twice a day.
fn old_engine() -> Value {
    let mut object = example();
    let spec = &mut object["spec"];
    let group = &mut spec["cache"]["replicationGroup"];
    (group["engine"], group["engineVersion"]) = (json!("redis"), json!("5.0"));
    spec["credentials"] = json!({"authToken": {"rotateEvery": "12h", "clientCacheTtl": "0s"}});
    object
}

async fn with_old_engine() -> World {
    let world = World::new(Config {
        delays: Delays::fast(),
        ..Config::default()
    })
    .await;
    world.create(&old_engine()).await;
    world
}

/// One that has been Ready for as long as a grace.
async fn ready() -> (World, Process) {
    let world = with_old_engine().await;
    let operator = world.operator();
    world.until(World::is_ready).await;
    sleep(Duration::from_mins(15)).await;
    (world, operator)
}

fn opens(world: &World, token: &str) -> bool {
    world.log_in_with(token) == LoginOutcome::Accepted
}

async fn request(world: &World, annotation: &str) {
    let now = world.aws.now().to_string();
    world
        .patch(json!({"metadata": {"annotations": {annotation: now}}}))
        .await;
}

/// Logs in every minute with what is bound, until another token than `old` is and the old one opens nothing.
async fn until_rotated(world: &World, old: &str) {
    for _ in 0..24 * 60 {
        let bound = world.bound()["password"].clone();
        assert!(opens(world, &bound), "what is bound opens the cache");
        if bound != old && !opens(world, old) {
            return;
        }
        sleep(Duration::from_mins(1)).await;
    }
    panic!("it does not come about: {:#}", world.object()["status"]);
}

#[tokio::test(start_paused = true)]
async fn an_object_with_an_auth_token_comes_and_goes_and_nothing_is_left() {
    let (world, operator) = ready().await;
    assert_eq!(world.log_in(), LoginOutcome::Accepted);
    assert!(!opens(&world, "") && !opens(&world, "guess"));
    let bound = world.bound();
    assert_eq!(bound.get("username"), None);
    assert!(bound["uri"].starts_with(&format!("rediss://:{}@", bound["password"])));
    let users = &world.place()["elasticache"]["users"];
    assert!(!users.to_string().contains("capi-"), "{users}");
    world.delete().await;
    world.until(World::is_gone).await;
    drop(operator);
    sleep(Duration::from_hours(30 * 24)).await;
    let left: usize = world.inventory().into_values().sum();
    assert_eq!(left, 0, "{:?}", world.inventory());
}

#[tokio::test(start_paused = true)]
async fn a_creation_with_an_auth_token_that_ends_at_any_of_its_writes_is_taken_up() {
    let (reference, _operator) = ready().await;
    for side in [Side::NotSent, Side::Applied] {
        let mut index = 0;
        while let Some(world) = create_with_a_crash(with_old_engine().await, index, side).await {
            let _operator = world.operator();
            world.until(World::is_ready).await;
            assert_eq!(world.inventory(), reference.inventory(), "{index} {side:?}");
            assert_eq!(world.log_in(), LoginOutcome::Accepted, "{index} {side:?}");
            index += 1;
        }
        assert!(index > 12, "a creation has that many writes, not {index}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_auth_token_is_rotated_on_schedule_and_nobody_notices() {
    let (world, _operator) = ready().await;
    for _ in 0..2 {
        let old = world.bound()["password"].clone();
        until_rotated(&world, &old).await;
        assert!(world.is_ready(), "{:#}", world.object()["status"]);
    }
    let hours = world.age().as_hours();
    assert!((12..27).contains(&hours), "two rotations: {hours} h");
}

#[tokio::test(start_paused = true)]
async fn an_object_with_an_auth_token_that_is_as_desired_is_not_written() {
    let (world, _operator) = ready().await;
    let old = world.bound()["password"].clone();
    until_rotated(&world, &old).await;
    sleep(Duration::from_mins(30)).await;
    world.wire.set(usize::MAX, Side::NotSent);
    sleep(Duration::from_hours(8)).await;
    assert_eq!(world.wire.writes(), Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn a_rotation_of_the_auth_token_that_ends_at_any_of_its_writes_is_taken_up_and_nobody_is_locked_out()
 {
    at_every_write("a rotation", 6, rotate_with_a_crash).await;
}

/// A rotation in which the operator is stopped at its write number `index`, and another one takes over. False: there is no such write.
async fn rotate_with_a_crash(index: usize, side: Side) -> bool {
    let (world, operator) = ready().await;
    let old = world.bound()["password"].clone();
    world.wire.set(index, side);
    request(&world, "cachedapi.dev/rotate-requested-at").await;
    let stopped = tokio::select! {
        biased;
        () = world.wire.tripped() => true,
        () = until_rotated(&world, &old) => false,
    };
    drop(operator);
    let _operator = world.operator();
    until_rotated(&world, &old).await;
    world.until(World::is_ready).await;
    stopped
}

#[tokio::test(start_paused = true)]
async fn an_auth_token_that_leaked_opens_nothing_half_an_hour_after_it_was_reported() {
    let (world, _operator) = ready().await;
    let leaked = world.bound()["password"].clone();
    request(&world, "cachedapi.dev/revoke-requested-at").await;
    let start = world.age();
    until_rotated(&world, &leaked).await;
    let took = world.age() - start;
    println!("replaced after {took:#}");
    assert!(took.as_mins() < 30, "{took:#}");
}
