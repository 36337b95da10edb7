//! Consumers follow a rotation, and the old password stays until they have.

use std::time::Duration;

use serde_json::json;

use super::settled;
use crate::api::Reason;
use crate::fixtures::{desired, spec_json};
use crate::model::{Desired, Workload, WorkloadKind};
use crate::plan::world::{Step, World};
use crate::plan::{Action, CacheAction, ClusterAction, Plan, Purpose, Sensitive};

const MONTH: Duration = Duration::from_hours(30 * 24);
const GRACE: Duration = Duration::from_hours(2);

fn workload() -> Workload {
    Workload {
        kind: WorkloadKind::Deployment,
        name: "orders".into(),
    }
}

/// A settled world with a Secret and a Deployment.
fn bound() -> (World, Desired) {
    let mut json = spec_json();
    json["bindings"] = json!([
        {"secret": {"name": "orders-cache", "previousPassword": true}},
        {"deployment": {"name": "orders"}},
    ]);
    let desired = desired(json);
    let mut world = World::default();
    world.cluster.deploy(&workload());
    assert!(world.settle(&desired).is_settled());
    world.actions.clear();
    (world, desired)
}

fn version(world: &World) -> String {
    world.secrets.current().unwrap().version_id
}

fn password(world: &World) -> Sensitive {
    world.secrets.current().unwrap().password
}

fn opens(world: &World, password: &Sensitive) -> bool {
    world.cache.is_opened_by(password)
}

fn rolled(world: &World) -> Option<String> {
    world.cluster.workloads[&workload()].version.clone()
}

fn previous(world: &World) -> Option<&Sensitive> {
    world.cluster.secrets["orders-cache"]
        .data
        .get("previousPassword")
}

/// Runs rounds until `done`; gives the plan of the last one that had nothing to do.
fn run_until(world: &mut World, desired: &Desired, done: impl Fn(&World) -> bool) -> Option<Plan> {
    let mut last = None;
    for _ in 0..1000 {
        if done(world) {
            return last;
        }
        if let Step::Idle(plan) = world.round(desired) {
            last = Some(*plan);
        }
    }
    panic!("it does not come about: {last:#?}");
}

/// Makes the password due and brings the new one in; gives the old one and the time of the promotion.
fn promote(world: &mut World, desired: &Desired) -> (Sensitive, jiff::Timestamp) {
    world.now += MONTH;
    let old = password(world);
    run_until(world, desired, |world| password(world) != old);
    (old, world.now)
}

#[test]
fn a_workload_is_rolled_to_the_new_version_after_the_secret_that_its_pods_read() {
    let (mut world, desired) = bound();
    assert_eq!(rolled(&world), Some(version(&world)));
    promote(&mut world, &desired);
    run_until(&mut world, &desired, |world| {
        rolled(world) == Some(version(world))
    });
    let position = |wanted: fn(&ClusterAction) -> bool| {
        world
            .actions
            .iter()
            .position(|action| matches!(action, Action::Cluster(action) if wanted(action)))
    };
    let written = position(|action| matches!(action, ClusterAction::ApplySecret { .. }));
    let begun = position(|action| matches!(action, ClusterAction::RollWorkload { .. }));
    assert!(written.is_some() && written < begun, "{:?}", world.actions);
    world.settle(&desired);
    assert_eq!(world.behind(&desired), Vec::<String>::new());
}

#[test]
fn the_password_before_is_in_the_secret_as_long_as_it_works() {
    let (mut world, desired) = bound();
    assert_eq!(previous(&world), None, "nothing was rotated yet");
    let (old, _) = promote(&mut world, &desired);
    run_until(&mut world, &desired, |world| previous(world) == Some(&old));
    world.restart();
    for _ in 0..3 {
        world.round(&desired);
        assert_eq!(
            previous(&world),
            Some(&old),
            "another process keeps it there"
        );
    }
    run_until(&mut world, &desired, |world| !opens(world, &old));
    world.settle(&desired);
    assert_eq!(previous(&world), None);
}

#[test]
fn without_being_asked_for_the_password_before_is_in_no_secret() {
    let (mut world, desired) = settled(&spec_json());
    let (old, _) = promote(&mut world, &desired);
    run_until(&mut world, &desired, |world| {
        assert_eq!(previous(world), None);
        !opens(world, &old)
    });
}

#[test]
fn the_old_password_outlives_the_grace_until_every_consumer_has_the_new_one() {
    let (mut world, desired) = bound();
    world.cluster.stuck.insert(workload());
    let (old, since) = promote(&mut world, &desired);
    let age = |world: &World| world.now.duration_since(since).unsigned_abs();
    let plan = run_until(&mut world, &desired, |world| {
        age(world) > GRACE + Duration::from_mins(10)
    });
    assert!(opens(&world, &old), "a consumer may still hold it");
    assert_eq!(world.behind(&desired), ["orders"]);
    let plan = plan.unwrap();
    assert!(
        plan.credentials.waits[0]
            .message
            .contains("the Deployment orders"),
        "{:?}",
        plan.credentials
    );
    assert!(plan.credentials.quietly.is_some() && plan.bindings.quietly.is_some());
    assert_eq!(plan.bindings.waits[0].reason, Reason::RollingOut);
    world.cluster.stuck.clear();
    run_until(&mut world, &desired, |world| !opens(world, &old));
    assert!(age(&world) < 2 * GRACE);
    assert!(matches!(retired(&world), Purpose::Retire));
}

#[test]
fn a_consumer_that_never_gets_done_keeps_the_old_password_for_twice_the_grace() {
    for (reason, spoil) in [
        (
            "stuck",
            (|world: &mut World| {
                world.cluster.stuck.insert(workload());
            }) as fn(&mut World),
        ),
        ("missing", |world| world.cluster.workloads.clear()),
    ] {
        let (mut world, desired) = bound();
        spoil(&mut world);
        let (old, since) = promote(&mut world, &desired);
        run_until(&mut world, &desired, |world| !opens(world, &old));
        let age = world.now.duration_since(since).unsigned_abs();
        assert!(age >= 2 * GRACE, "{reason}: {age:?}");
        assert!(
            age < 2 * GRACE + Duration::from_mins(20),
            "{reason}: {age:?}"
        );
        assert!(
            matches!(retired(&world), Purpose::RetireUnfinished),
            "{reason}"
        );
    }
}

fn retired(world: &World) -> Purpose {
    world
        .actions
        .iter()
        .rev()
        .find_map(|action| match action {
            Action::Cache(CacheAction::SetPasswords { purpose, .. }) => Some(*purpose),
            _ => None,
        })
        .unwrap()
}

#[test]
fn a_consumer_that_never_gets_done_does_not_hold_up_the_next_rotation() {
    let (mut world, desired) = bound();
    world.cluster.workloads.clear();
    for _ in 0..2 {
        let (old, _) = promote(&mut world, &desired);
        run_until(&mut world, &desired, |world| !opens(world, &old));
    }
}

#[test]
fn a_workload_that_is_not_there_is_reported_and_rolled_when_it_comes() {
    let (mut world, desired) = bound();
    world.cluster.workloads.clear();
    let plan = world.stall(&desired);
    let block = &plan.bindings.blocks[0];
    assert_eq!(block.reason, Reason::ReferenceNotFound);
    assert!(
        block.message.contains("Deployment orders"),
        "{}",
        block.message
    );
    world.cluster.deploy(&workload());
    assert!(world.settle(&desired).is_settled());
    assert_eq!(rolled(&world), Some(version(&world)));
}

#[test]
fn a_rollout_outside_a_rotation_is_waited_for_aloud() {
    let (mut world, desired) = bound();
    world
        .cluster
        .workloads
        .get_mut(&workload())
        .unwrap()
        .version = None;
    world.round(&desired);
    let Step::Idle(plan) = world.round(&desired) else {
        panic!("it acts");
    };
    assert_eq!(plan.bindings.waits[0].reason, Reason::RollingOut);
    assert!(
        plan.bindings.quietly.is_none(),
        "pods without the current password have none that works"
    );
}

#[test]
fn a_rollout_that_only_a_person_brings_about_is_reported_at_once_and_not_waited_for_for_ever() {
    let (mut world, desired) = bound();
    let held = |world: &mut World, held: Option<&str>| {
        let seen = world.cluster.workloads.get_mut(&workload()).unwrap();
        seen.held = held.map(str::to_owned);
    };
    held(&mut world, Some("delete the pods that are old"));
    let (old, since) = promote(&mut world, &desired);
    let age = |world: &World| world.now.duration_since(since).unsigned_abs();
    let plan = run_until(&mut world, &desired, |world| age(world) > GRACE / 2).unwrap();
    let block = &plan.bindings.blocks[0];
    assert_eq!(block.reason, Reason::RolloutHeld);
    assert!(block.message.contains("the Deployment orders"), "{block:?}");
    assert!(block.message.contains("delete the pods"), "{block:?}");
    let mut patient = world.clone();
    run_until(&mut patient, &desired, |world| !opens(world, &old));
    assert!((2 * GRACE..3 * GRACE).contains(&age(&patient)));
    assert!(matches!(retired(&patient), Purpose::RetireUnfinished));

    run_until(&mut world, &desired, |world| age(world) > GRACE + GRACE / 4);
    assert!(opens(&world, &old), "the pods that are old need it");
    held(&mut world, None);
    run_until(&mut world, &desired, |world| !opens(world, &old));
    assert!(age(&world) < 2 * GRACE && matches!(retired(&world), Purpose::Retire));
}
