//! The same, of guards that have to do with more than one operator, with time, or with more than one object.

use std::sync::Arc;
use std::time::Duration;

use cachedapi_operator::aws::QuotaShare;
use cachedapi_operator::plan::orphans::Policy;
use kube::api::DeleteParams;
use local_aws::{Config, Delays};
use local_kube::{Effect as KubeEffect, Fault as KubeFault};
use serde_json::json;
use tokio::time::sleep;

use crate::rates::{Calls, QUOTAS};
use crate::wire::{At, Effect, Fault};
use crate::world::{NAME, Process, SECRET, World};

use super::course::{aws_does, struck};
use super::guarded::with_object;
use super::run::{is_quiet, run, watch};
use super::scenario::{Scenario, object};

const HOUR: Duration = Duration::from_hours(1);

/// A world with nothing in it, whose operators can be set.
async fn empty() -> World {
    World::new(Config {
        delays: Delays::fast(),
        ..Config::default()
    })
    .await
}

/// Both decide to make a REST API, and the first one comes to a halt before it announces that.
#[tokio::test(start_paused = true)]
async fn of_two_operators_that_decide_the_same_one_makes_it() {
    let calls = run(Scenario::Create, 0, &[]).await.calls;
    let is = |at: &At, wanted: &str| matches!(at, At::Nth { operation, .. } if operation == wanted);
    let creation = calls
        .iter()
        .position(|at| is(at, "apigateway:CreateRestApi"));
    let mut before = calls[..creation.unwrap()].iter().rev();
    let announcement = before.find(|at| is(at, "cachedapis/status:patch"));
    let world = with_object().await;
    let monitor = watch(&world, &[]);
    world.wire.plan(vec![Fault {
        at: announcement.unwrap().clone(),
        effect: Effect::Pause,
    }]);
    let _first = world.operator();
    world.wire.paused().await;
    let _second = world.operator();
    // Others have three.
    world
        .until(|world| world.inventory()["/apigateway/apis"] == 4)
        .await;
    // API Gateway makes one in three seconds.
    sleep(Duration::from_secs(5)).await;
    world.wire.go_on();
    sleep(HOUR).await;
    assert_eq!(monitor.violations(), Vec::<String>::new());
    assert!(world.is_ready());
}

/// What was written but status.
fn writes(world: &World) -> Vec<String> {
    let mut writes = world.wire.writes();
    writes.retain(|write| !write.starts_with("cachedapis/status:"));
    writes
}

#[tokio::test(start_paused = true)]
async fn nothing_is_written_for_a_paused_object() {
    let world = with_object().await;
    let paused = json!({"metadata": {"annotations": {"cachedapi.dev/paused": "true"}}});
    world.patch(paused).await;
    let _operator = world.operator();
    sleep(HOUR).await;
    assert_eq!(writes(&world), Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn nothing_is_written_for_an_object_that_is_only_observed() {
    let (world, operator) = Scenario::Rotate.prepare(0).await;
    let _operator = operator.unwrap();
    let observe = json!({"spec": {"managementPolicy": "ObserveOnly"}});
    world.patch(observe).await;
    world.until(World::is_ready).await;
    world.wire.plan(Vec::new());
    let parameters = DeleteParams::default();
    world.secrets().delete(SECRET, &parameters).await.unwrap();
    sleep(HOUR).await;
    assert_eq!(writes(&world), Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn who_slept_through_the_lease_writes_nothing() {
    for index in [10, 20, 30, 40] {
        let world = with_object().await;
        let kube = world.kube.clone();
        let lost = KubeFault::new("leases:*", KubeEffect::LoseRequest).count(0);
        world.wire.sleep(index, move || kube.fault(lost));
        let _operator = world.candidate("first");
        sleep(Duration::from_mins(10)).await;
        let mut writes = world.wire.writes();
        writes.retain(|write| !write.starts_with("leases:"));
        assert!(world.wire.slept(), "it has {index} calls");
        assert_eq!(writes, Vec::<String>::new(), "without a lease");
    }
}

/// Two objects, and sweeps that delete orphans after a grace of four hours.
async fn swept() -> (World, Process) {
    let mut world = empty().await;
    world.settings.orphans.interval = HOUR;
    world.settings.orphans.policy = Policy {
        delete: true,
        grace: HOUR * 4,
    };
    for name in [NAME, "other"] {
        world.create(&object(name)).await;
    }
    let operator = world.operator();
    world.until(is_quiet).await;
    // The Region of the objects is learned while there are some.
    sleep(HOUR).await;
    (world, operator)
}

fn groups(world: &World) -> usize {
    world.inventory()["/elasticache/replication_groups"]
}

#[tokio::test(start_paused = true)]
async fn an_orphan_is_not_deleted_before_its_grace_is_over() {
    let (world, _operator) = swept().await;
    world.remove_by_force(NAME).await;
    sleep(HOUR * 3).await;
    assert_eq!(groups(&world), 2, "the grace is not over");
    sleep(HOUR * 4).await;
    assert_eq!(groups(&world), 1);
}

#[tokio::test(start_paused = true)]
async fn nothing_is_an_orphan_when_there_is_no_object_at_all() {
    let (world, _operator) = swept().await;
    for name in [NAME, "other"] {
        world.remove_by_force(name).await;
    }
    sleep(HOUR * 7).await;
    assert_eq!(groups(&world), 2, "nobody is left to ask");
}

/// So small that one object wants more than that.
const SHARE: f64 = 0.05;

#[tokio::test(start_paused = true)]
async fn a_creation_keeps_within_the_operators_share_of_the_quotas() {
    let calls = Arc::new(Calls::default());
    let mut world = empty().await;
    world.observer = calls.clone();
    world.share = QuotaShare::new(SHARE).unwrap();
    world.create(&object(NAME)).await;
    let _operator = world.operator();
    world.until(World::is_ready).await;
    for quota in QUOTAS {
        assert_eq!(calls.beyond(quota, SHARE), 0, "{quota:?}");
    }
}

/// The cache takes ten minutes, in which it is looked at again and again.
#[tokio::test(start_paused = true)]
async fn what_was_refused_is_not_tried_whenever_something_else_is_looked_at() {
    const CREATE: &str = "apigateway:CreateApiKey";
    let world = World::new(Config {
        delays: Delays::aws(),
        ..Config::default()
    })
    .await;
    aws_does(&world, CREATE, json!("denyAccess")).await;
    world.create(&object(NAME)).await;
    let _operator = world.operator();
    sleep(Duration::from_mins(2)).await;
    assert_eq!(struck(&world).await, 1, "it is tried again at once");
}
