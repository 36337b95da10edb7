//! The users of a way in that left the spec leave the cache, when nobody needs them any more.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::json;

use super::iam::{bound, iam_user, idle, pursue, spec_with};
use super::settled;
use crate::api::Reason;
use crate::fixtures::{desired, identity};
use crate::model::{Desired, Workload, WorkloadKind};
use crate::plan::user::iam_user as with_rights;
use crate::plan::world::{Step, World};
use crate::plan::{CacheUser, Observed, Seen};

const GRACE: Duration = Duration::from_hours(2);
const BOTH: [&str; 2] = ["password", "iam"];

/// The way that is left, and the user that leaves.
fn departures() -> [(&'static str, String); 2] {
    [("iam", identity().cache_id()), ("password", iam_user())]
}

fn is_member(world: &World, id: &str) -> bool {
    let group = &world.cache.user_groups[&identity().cache_id()];
    group.user_ids.contains(id)
}

/// What the bound Secret says of the ways in.
fn told(world: &World) -> (bool, bool) {
    let is_there = |key| bound(world, key).is_some();
    (is_there("password"), is_there("cacheName"))
}

/// Rounds until the departure is announced; when consumers were told of the ways in that are left.
fn announce(world: &mut World, desired: &Desired) -> Timestamp {
    let mut at = None;
    for _ in 0..100 {
        if told(world) == (desired.mode.has_secret(), desired.mode.has_iam()) {
            at.get_or_insert(world.now);
        }
        if matches!(world.round(desired), Step::Idle(plan) if plan.cache.scheduled.is_some()) {
            return at.expect("consumers are told before");
        }
    }
    panic!("it is not announced");
}

/// Rounds until the user `id` is no member any more.
fn see_off(world: &mut World, desired: &Desired, id: &str) -> Timestamp {
    for _ in 0..200 {
        if !is_member(world, id) {
            return world.now;
        }
        world.round(desired);
    }
    panic!("{id} does not leave");
}

#[test]
fn clients_have_the_grace_to_read_what_is_bound_anew_whatever_process_counts_it() {
    for (left, leaver) in departures() {
        for another in [false, true] {
            let (mut world, _) = settled(&spec_with(&BOTH));
            let alone = desired(spec_with(&[left]));
            let told = announce(&mut world, &alone);
            if another {
                world.now += GRACE / 2;
                world.restart();
            }
            let waited: Duration = see_off(&mut world, &alone, &leaver)
                .duration_since(told)
                .try_into()
                .unwrap();
            let longest = GRACE + Duration::from_mins(11);
            assert!((GRACE..longest).contains(&waited), "{left}: {waited:?}");
        }
    }
}

#[test]
fn the_object_is_as_it_should_be_while_users_are_about_to_leave_and_a_poll_sees_them_off() {
    for (left, leaver) in departures() {
        let (mut world, _) = settled(&spec_with(&BOTH));
        let desired = desired(spec_with(&[left]));
        announce(&mut world, &desired);
        let plan = idle(&mut world, &desired);
        assert!(plan.is_settled(), "{plan:#?}");
        for n in 0..10 {
            let poll = world.poll(&desired, n);
            assert!(poll.is_settled() && poll.cache.scheduled.is_some(), "{n}");
        }
        world.now += GRACE;
        assert!(
            world.poll(&desired, 0).acts(),
            "{left}: it is noticed at once"
        );
        assert!(is_member(&world, &leaver));
    }
}

#[test]
fn users_that_are_wanted_again_stay_and_have_a_grace_of_their_own_the_next_time() {
    for (left, leaver) in departures() {
        let (mut world, both) = settled(&spec_with(&BOTH));
        let alone = desired(spec_with(&[left]));
        announce(&mut world, &alone);
        pursue(&mut world, &both);
        world.now += GRACE;
        pursue(&mut world, &both);
        assert!(is_member(&world, &leaver), "{left}");
        let told = announce(&mut world, &alone);
        let gone = see_off(&mut world, &alone, &leaver);
        assert!(told + GRACE <= gone, "{left}");
    }
}

#[test]
fn a_way_in_stays_open_until_every_consumer_has_what_is_bound_now() {
    let workload = || Workload {
        kind: WorkloadKind::Deployment,
        name: "orders".into(),
    };
    let with = |ways: &[&str]| {
        let mut json = spec_with(ways);
        json["bindings"] =
            json!([{"secret": {"name": "orders-cache"}}, {"deployment": {"name": "orders"}}]);
        desired(json)
    };
    for (left, leaver) in departures() {
        let mut world = World::default();
        world.cluster.deploy(&workload());
        pursue(&mut world, &with(&BOTH));
        world.cluster.stuck.insert(workload());
        let desired = with(&[left]);
        (0..60).for_each(|_| drop(world.round(&desired)));
        world.now += GRACE;
        let plan = idle(&mut world, &desired);
        assert!(is_member(&world, &leaver), "{left}");
        let wait = &plan.cache.waits[0];
        assert_eq!(wait.reason, Reason::WaitingForDependency);
        assert!(wait.message.contains("the Deployment orders"), "{wait:?}");
        world.cluster.stuck.clear();
        pursue(&mut world, &desired);
        assert!(!is_member(&world, &leaver), "{left}");
        assert_eq!(world.behind(&desired), Vec::<String>::new());
    }
}

#[test]
fn the_user_for_tokens_has_the_rights_that_go_with_the_shards_that_there_are() {
    let (world, desired) = settled(&spec_with(&["iam"]));
    let mut observed = Observed::default();
    let mut group = world.cache.groups[&identity().cache_id()].clone();
    group.shards = 3;
    observed.cache.group = Seen::Present(group);
    let rights = with_rights(&desired, &observed).access_string;
    assert!(rights.contains("+cluster|slots"), "{rights}");
    let user: &CacheUser = &world.cache.users[&iam_user()];
    assert!(!user.access_string.contains("+cluster"));
}
