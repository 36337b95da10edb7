use std::collections::BTreeMap;
use std::time::Duration;

use local_aws::elasticache::{LoginOutcome, login};
use serde_json::json;
use tokio::time::sleep;

use crate::tripwire::{Side, at_every_write};
use crate::world::{Process, World};

type Bound = BTreeMap<String, String>;

/// An object that has been Ready for a while, and what its consumers have.
async fn ready() -> (World, Process, Bound) {
    let (world, operator) = World::with_ready_example().await;
    sleep(Duration::from_hours(1)).await;
    let bound = world.bound();
    (world, operator, bound)
}

fn opens(world: &World, bound: &Bound) -> bool {
    let (host, user, password) = (&bound["host"], &bound["username"], &bound["password"]);
    login(&world.aws, host, user, password) == LoginOutcome::Accepted
}

async fn report_leak(world: &World) {
    let now = world.aws.now().to_string();
    world
        .patch(json!({"metadata": {"annotations": {"cachedapi.dev/revoke-requested-at": now}}}))
        .await;
}

/// Logs in every five seconds with what is bound, until nothing is left of the user that `leaked`.
async fn until_revoked(world: &World, leaked: &Bound) {
    for _ in 0..1_000 {
        assert!(
            opens(world, &world.bound()),
            "what is bound opens the cache"
        );
        if !opens(world, leaked) && users(world) == 2 {
            return;
        }
        sleep(Duration::from_secs(5)).await;
    }
    panic!(
        "it does not come about: {} {:#}",
        world.object()["status"],
        world.place()["elasticache"]
    );
}

/// How many users the object has.
fn users(world: &World) -> usize {
    let place = world.place();
    let users = place["elasticache"]["users"].as_object().unwrap();
    users.keys().filter(|id| id.starts_with("capi-")).count()
}

#[tokio::test(start_paused = true)]
async fn a_leaked_credential_opens_nothing_a_few_minutes_after_it_was_reported() {
    let (world, _operator, leaked) = ready().await;
    report_leak(&world).await;
    let start = world.age();
    until_revoked(&world, &leaked).await;
    let took = world.age() - start;
    println!("revoked after {took:#}");
    assert!(took.as_secs() < 5 * 60, "{took:#}");
    assert_ne!(world.bound()["username"], leaked["username"]);
    assert!(world.is_ready());
    let settled = world.inventory();
    sleep(Duration::from_hours(3)).await;
    assert_eq!(world.inventory(), settled, "once is enough");
    world.delete().await;
    world.until(World::is_gone).await;
}

#[tokio::test(start_paused = true)]
async fn a_revocation_that_ends_at_any_of_its_writes_is_taken_up_and_nobody_is_locked_out() {
    at_every_write("a revocation", 8, revoke_with_a_crash).await;
}

/// A revocation in which the operator is stopped at its write number `index`, and another one takes over. False: there is no such write.
async fn revoke_with_a_crash(index: usize, side: Side) -> bool {
    let (world, operator, leaked) = ready().await;
    world.wire.set(index, side);
    println!("{index} {side:?}");
    report_leak(&world).await;
    let stopped = tokio::select! {
        biased;
        () = world.wire.tripped() => true,
        () = until_revoked(&world, &leaked) => false,
    };
    drop(operator);
    let _operator = world.operator();
    until_revoked(&world, &leaked).await;
    world.until(World::is_ready).await;
    stopped
}
