//! The password is rotated, and what people do to it is put right or reported.

use std::time::Duration;

use serde_json::{Value, json};

use super::{round_of_a_mortal, settled};
use crate::api::Reason;
use crate::fixtures::{desired, identity, spec_json};
use crate::model::Desired;
use crate::plan::world::{Step, World};
use crate::plan::{
    AWSCURRENT, AWSPENDING, AWSPREVIOUS, Action, CacheAction, Plan, SecretAction, SecretValue,
    Sensitive,
};

pub(super) const MONTH: Duration = Duration::from_hours(30 * 24);
pub(super) const GRACE: Duration = Duration::from_hours(2);

pub(super) fn password(world: &World) -> Sensitive {
    world.secrets.current().unwrap().password
}

pub(super) fn opens(world: &World, password: &Sensitive) -> bool {
    world.cache.is_opened_by(password)
}

fn bound(world: &World) -> Sensitive {
    world.cluster.secrets["orders-cache"].data["password"].clone()
}

/// Runs rounds until `done`, and sees that nobody is locked out in any of them.
pub(super) fn run_until(
    world: &mut World,
    desired: &Desired,
    done: impl Fn(&World) -> bool,
) -> Vec<Step> {
    let mut steps = Vec::new();
    for _ in 0..150 {
        assert!(
            opens(world, &password(world)),
            "the current password opens the cache"
        );
        assert!(
            opens(world, &bound(world)),
            "the bound password opens the cache"
        );
        if done(world) {
            return steps;
        }
        steps.push(world.round(desired));
    }
    panic!("it does not come about: {steps:#?}");
}

/// A settled world whose password is due.
fn due() -> (World, Desired, Sensitive) {
    let (mut world, desired) = settled(&spec_json());
    world.now += MONTH;
    let old = password(&world);
    (world, desired, old)
}

pub(super) fn promoted(world: &World, old: &Sensitive) -> bool {
    password(world) != *old && bound(world) == password(world)
}

/// One round that has nothing to do; gives its plan.
fn idle(world: &mut World, desired: &Desired) -> Plan {
    match world.round(desired) {
        Step::Idle(plan) => *plan,
        Step::Acted => panic!("it acts"),
    }
}

#[test]
fn a_password_that_is_due_is_rotated_and_the_old_one_works_until_the_grace_is_over() {
    let (mut world, desired, old) = due();
    run_until(&mut world, &desired, |world| promoted(world, &old));
    let new = password(&world);
    let since = world.now;
    run_until(&mut world, &desired, |world| {
        world.now.duration_since(since).unsigned_abs() + Duration::from_mins(11) >= GRACE
    });
    assert!(
        opens(&world, &old) && opens(&world, &new),
        "inside the grace"
    );
    run_until(&mut world, &desired, |world| !opens(world, &old));
    assert!(world.now.duration_since(since).unsigned_abs() >= GRACE);
    assert!(world.settle(&desired).is_settled());
    assert_eq!(password(&world), new, "once a month is enough");
    assert!(
        world
            .secrets
            .secret
            .as_ref()
            .unwrap()
            .labelled(AWSPENDING)
            .is_none()
    );
}

#[test]
fn a_process_that_knows_nothing_goes_on_where_another_one_stopped() {
    let (mut world, desired, old) = due();
    while !promoted(&world, &old) || opens(&world, &old) {
        assert!(opens(&world, &password(&world)));
        round_of_a_mortal(&mut world, &desired);
    }
    let puts = world.actions.iter().filter(|action| {
        matches!(
            action,
            Action::Secret(SecretAction::PutPendingPassword { .. })
        )
    });
    assert_eq!(puts.count(), 1, "no password is made twice");
}

#[test]
fn a_rotation_is_quiet() {
    let (mut world, desired, old) = due();
    for step in run_until(&mut world, &desired, |world| promoted(world, &old)) {
        if let Step::Idle(plan) = step {
            let loud = plan
                .aspects()
                .find(|(_, plan)| !plan.is_settled() && plan.quietly.is_none());
            assert_eq!(loud, None, "what is live works all the time");
        }
    }
}

#[test]
fn a_person_can_ask_for_a_rotation_once() {
    let (mut world, mut desired) = settled(&spec_json());
    let old = password(&world);
    world.now += 2 * GRACE;
    desired.secret.rotation.requests.rotate = Some(world.now);
    run_until(&mut world, &desired, |world| promoted(world, &old));
    let new = password(&world);
    run_until(&mut world, &desired, |world| !opens(world, &old));
    assert!(world.settle(&desired).is_settled());
    assert_eq!(password(&world), new, "the same request does not ask again");
    desired.secret.rotation.requests.rotate = Some(world.now + Duration::from_hours(1));
    assert!(
        idle(&mut world, &desired).scheduled() <= Some(Duration::from_hours(1)),
        "a time to come is waited for"
    );
}

#[test]
fn a_new_password_can_be_rotated_at_once() {
    let (mut world, mut desired) = settled(&spec_json());
    let old = password(&world);
    world.now += Duration::from_mins(1);
    desired.secret.rotation.requests.rotate = Some(world.now);
    let since = world.now;
    run_until(&mut world, &desired, |world| promoted(world, &old));
    assert!(
        world.now.duration_since(since).unsigned_abs() < GRACE / 4,
        "there is none before it that anybody could hold"
    );
    let since = world.now;
    run_until(&mut world, &desired, |world| !opens(world, &old));
    assert!(world.now.duration_since(since).unsigned_abs() >= GRACE);
}

#[test]
fn a_password_that_spreads_is_looked_after() {
    let (mut world, mut desired) = settled(&spec_json());
    let old = password(&world);
    desired.secret.rotation.requests.rotate = Some(world.now);
    while !promoted(&world, &old) {
        world.round(&desired);
        if world
            .secrets
            .secret
            .as_ref()
            .unwrap()
            .labelled(AWSPENDING)
            .is_some()
        {
            let plan = world.glance(&desired);
            assert!(
                plan.acts() || plan.wake_up().is_some(),
                "it sleeps in the middle of a rotation: {plan:#?}"
            );
        }
    }
}

#[test]
fn a_password_on_its_way_is_left_alone_for_as_long_as_it_may_not_become_current() {
    let (mut world, desired, old) = due();
    let sets = |action: &Action| matches!(action, Action::Cache(CacheAction::SetPasswords { .. }));
    while !world.actions.last().is_some_and(sets) {
        world.round(&desired);
    }
    let plan = world.glance(&desired);
    assert!(
        plan.wake_up() > Some(Duration::from_mins(14)) && plan.is_quiet(),
        "{plan:#?}"
    );
    world.restart();
    let plan = world.glance(&desired);
    assert!(
        plan.wake_up() < Some(Duration::from_mins(1)),
        "another process does not know that it is on its way: {plan:#?}"
    );
    run_until(&mut world, &desired, |world| promoted(world, &old));
}

#[test]
fn a_rotation_does_not_start_inside_the_grace_of_the_last_one() {
    let (mut world, mut desired, old) = due();
    run_until(&mut world, &desired, |world| promoted(world, &old));
    let new = password(&world);
    let since = world.now;
    desired.secret.rotation.requests.rotate = Some(since);
    run_until(&mut world, &desired, |world| password(world) != new);
    assert!(world.now.duration_since(since).unsigned_abs() >= GRACE);
}

#[test]
fn a_password_that_somebody_changed_in_the_cache_is_put_right() {
    let (mut world, desired) = settled(&spec_json());
    world
        .cache
        .passwords
        .insert(identity().cache_id(), vec![Sensitive::new("by-hand")]);
    world.settle(&desired);
    assert!(opens(&world, &password(&world)));
    world.now += 2 * GRACE;
    world.settle(&desired);
    assert_eq!(
        world.cache.passwords[&identity().cache_id()].len(),
        1,
        "what was put in for the grace goes"
    );
}

#[test]
fn a_password_that_somebody_wrote_into_the_secret_is_adopted() {
    let (mut world, desired) = settled(&spec_json());
    world
        .secrets
        .edit(|value| value.password = Sensitive::new("chosen-by-somebody"));
    let old = bound(&world);
    world.settle(&desired);
    assert_eq!(password(&world), Sensitive::new("chosen-by-somebody"));
    assert!(
        opens(&world, &password(&world)) && opens(&world, &old),
        "who has the old one is not locked out"
    );
    assert_eq!(bound(&world), password(&world));
}

#[test]
fn a_current_version_without_a_password_gives_way_to_the_one_before() {
    for (reason, spoil) in [
        (
            "no password",
            (|value: &mut SecretValue| value.password = Sensitive::new("")) as fn(&mut SecretValue),
        ),
        ("another user", |value| value.username = "admin".into()),
    ] {
        let (mut world, desired) = settled(&spec_json());
        let old = password(&world);
        world.secrets.edit(spoil);
        world.settle(&desired);
        assert_eq!(password(&world), old, "{reason}");
    }
}

#[test]
fn a_secret_without_a_current_version_gets_the_one_that_opens_the_cache() {
    let (mut world, desired) = settled(&spec_json());
    let old = password(&world);
    let current = world
        .secrets
        .secret
        .as_ref()
        .unwrap()
        .current()
        .unwrap()
        .to_owned();
    world.secrets.label(AWSPREVIOUS, &current);
    world
        .secrets
        .secret
        .as_mut()
        .unwrap()
        .versions
        .get_mut(&current)
        .unwrap()
        .remove(AWSCURRENT);
    world.settle(&desired);
    assert_eq!(password(&world), old);
}

#[test]
fn a_rotation_of_somebody_else_is_left_alone_and_reported() {
    let (mut world, desired, old) = due();
    let foreign = SecretValue {
        version_id: "foreign".into(),
        ..world.secrets.current().unwrap()
    };
    world.secrets.values.insert("foreign".into(), foreign);
    world.secrets.label(AWSPENDING, "foreign");
    let plan = world.stall(&desired);
    assert_eq!(plan.credentials.blocks[0].reason, Reason::ForeignRotation);
    world
        .secrets
        .secret
        .as_mut()
        .unwrap()
        .versions
        .remove("foreign");
    world.secrets.secret.as_mut().unwrap().rotation_enabled = true;
    let plan = world.stall(&desired);
    assert_eq!(plan.credentials.blocks[0].reason, Reason::ForeignRotation);
    assert_eq!(password(&world), old);
    assert!(world.actions.is_empty(), "{:?}", world.actions);
}

#[test]
fn a_pending_version_whose_value_is_lost_is_made_anew() {
    let (mut world, desired, old) = due();
    run_until(&mut world, &desired, |world| {
        world
            .secrets
            .secret
            .as_ref()
            .unwrap()
            .labelled(AWSPENDING)
            .is_some()
    });
    let lost = world
        .secrets
        .secret
        .as_ref()
        .unwrap()
        .labelled(AWSPENDING)
        .unwrap()
        .to_owned();
    world.secrets.values.remove(&lost);
    world.restart();
    run_until(&mut world, &desired, |world| promoted(world, &old));
}

#[test]
fn without_a_word_from_the_nodes_nothing_changes() {
    let (mut world, desired, old) = due();
    world
        .unreadable
        .insert("Login".into(), crate::plan::Class::Transient);
    let plan = world.stall(&desired);
    assert_eq!(plan.credentials.waits[0].reason, Reason::CacheUnreachable);
    assert!(
        plan.credentials.quietly.is_none(),
        "it is not known to work"
    );
    assert!(world.actions.is_empty() && password(&world) == old);
}

#[test]
fn without_a_probe_elasticaches_word_is_enough() {
    let mut json = spec_json();
    json["credentials"] = serde_json::json!({"probe": "Skip"});
    let (mut world, desired) = settled(&json);
    world.now += MONTH;
    let old = password(&world);
    world
        .unreadable
        .insert("Login".into(), crate::plan::Class::Blocked);
    run_until(&mut world, &desired, |world| promoted(world, &old));
    run_until(&mut world, &desired, |world| !opens(world, &old));
}

#[test]
fn the_list_always_holds_the_current_password() {
    let (mut world, desired, old) = due();
    run_until(&mut world, &desired, |world| promoted(world, &old));
    run_until(&mut world, &desired, |world| !opens(world, &old));
    let lists: Vec<usize> = world
        .actions
        .iter()
        .filter_map(|action| match action {
            Action::Cache(CacheAction::SetPasswords { passwords, .. }) => Some(passwords.len()),
            _ => None,
        })
        .collect();
    assert_eq!(
        lists,
        [2, 1],
        "one list for both, and one for the new one alone"
    );
}

#[test]
fn rights_and_passwords_of_a_user_that_were_both_changed_are_put_right_one_after_the_other() {
    let (mut world, desired) = settled(&spec_json());
    let id = identity().cache_id();
    world
        .cache
        .passwords
        .insert(id.clone(), vec![Sensitive::new("by-hand")]);
    world.cache.users.get_mut(&id).unwrap().access_string = "on ~* +@all".into();
    world.settle(&desired);
    assert!(opens(&world, &password(&world)));
}

#[test]
fn a_password_does_not_become_younger_when_what_stands_beside_it_changes() {
    let mut json = spec_json();
    let cache = |json: &mut Value, engine: &str, version: &str| {
        let group = &mut json["cache"]["replicationGroup"];
        (group["engine"], group["engineVersion"]) = (json!(engine), json!(version));
    };
    cache(&mut json, "redis", "7.1");
    let (mut world, before) = settled(&json);
    let old = password(&world);
    let due = before.secret.rotation.next_moment(world.now);
    world.now = due;
    cache(&mut json, "valkey", "8.0");
    let desired = desired(json);
    run_until(&mut world, &desired, |world| promoted(world, &old));
}
