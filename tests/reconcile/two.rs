use std::time::Duration;

use local_aws::elasticache::LoginOutcome;
use local_aws::{Config, Delays};
use local_kube::{Effect, Fault};
use serde_json::json;
use tokio::time::sleep;

use crate::tripwire::Side;
use crate::world::World;

#[tokio::test(start_paused = true)]
async fn two_operators_at_once_make_nothing_twice() {
    let (reference, _operator) = World::with_ready_example().await;
    for late in 1..=12 {
        // Quotas would keep the second creation away, and what is tested is that the operators do.
        let world = World::with_example_in(Config {
            delays: Delays::fast(),
            quotas: false,
            ..Config::default()
        })
        .await;
        // One call to each side comes late, so that each run interleaves in another way.
        let fault = json!({"operation": "*", "nth": late, "effect": {"delay": {"ms": 1500}}});
        world.aws_fault(fault).await;
        let delay = Effect::Delay { ms: 700 };
        world.kube.fault(Fault::new("*", delay).nth(late));
        let operators = [world.operator(), world.operator()];
        world.until(World::is_ready).await;
        assert_eq!(world.inventory(), reference.inventory(), "{late}");
        assert_eq!(world.log_in(), LoginOutcome::Accepted, "{late}");
        world.delete().await;
        world.until(World::is_gone).await;
        drop(operators);
    }
}

#[tokio::test(start_paused = true)]
async fn the_second_operator_works_within_twenty_seconds_of_the_firsts_crash() {
    let world = World::with_example().await;
    let first = world.candidate("first");
    world.until(|world| !world.wire.writes().is_empty()).await;
    let _second = world.candidate("second");
    world.until(World::is_ready).await;
    drop(first);
    let crashed = world.age();
    world.delete().await;
    world.until(World::is_gone).await;
    let lease = &world.kube.objects("leases")[0];
    assert_eq!(lease["spec"]["holderIdentity"], "second");
    let acquired: jiff::Timestamp = lease["spec"]["acquireTime"]
        .as_str()
        .unwrap()
        .parse()
        .unwrap();
    let waited = world.age() - crashed - world.aws.now().duration_since(acquired);
    assert!(waited.as_secs() <= 20, "{waited:?}");
}

#[tokio::test(start_paused = true)]
async fn an_operator_without_the_lease_writes_nothing() {
    let world = World::with_example().await;
    let first = world.candidate("first");
    world.until(World::is_ready).await;
    first.stop().await;
    let lease = || world.kube.objects("leases")[0]["spec"]["holderIdentity"].clone();
    assert_eq!(lease(), "", "let go");
    let _second = world.candidate("second");
    world.until(|_| lease() == "second").await;
    let _third = world.candidate("third");
    world.wire.set(usize::MAX, Side::NotSent);
    sleep(Duration::from_hours(1)).await;
    let mut writes = world.wire.writes();
    writes.dedup();
    let lease_only = ["leases:update shop/operator"];
    assert_eq!(writes, lease_only);
    assert_eq!(lease(), "second");
}
