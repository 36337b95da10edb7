//! The cache's user is replaced, and nobody who follows the secret is locked out.

use std::time::Duration;

use super::teardown::take_down;
use super::{round_of_a_mortal, settled};
use serde_json::{Value, json};

use crate::fixtures::{desired, identity, now, spec_json};
use crate::model::Desired;
use crate::plan::rotation::Accepted;
use crate::plan::world::{Step, World};
use crate::plan::{AWSPENDING, Action, CacheAction, SecretAction, SecretValue, Sensitive};

/// A settled world whose credential leaked.
fn leaked() -> (World, Desired, SecretValue) {
    let (mut world, mut desired) = settled(&spec_json());
    world.now += Duration::from_hours(24);
    desired.secret.rotation.requests.revoke = Some(world.now);
    let value = world.secrets.current().unwrap();
    (world, desired, value)
}

fn value(world: &World) -> SecretValue {
    world.secrets.current().unwrap()
}

fn members(world: &World) -> Vec<&String> {
    let group = &world.cache.user_groups[&identity().cache_id()];
    group.user_ids.iter().collect()
}

fn bound(world: &World, key: &str) -> String {
    world.cluster.secrets["orders-cache"].data[key]
        .reveal()
        .to_owned()
}

/// Runs rounds until `done`, and sees that the current credential, and the one that is bound, open the cache in each of them.
fn run_until(world: &mut World, desired: &Desired, done: impl Fn(&World) -> bool) {
    for _ in 0..100 {
        let current = value(world);
        let login = world
            .cache
            .log_in(Some(&current.username), &current.password);
        assert_eq!(login.accepted, Accepted::All);
        assert!(
            world
                .cache
                .is_opened_by(&world.cluster.secrets["orders-cache"].data["password"])
        );
        if done(world) {
            return;
        }
        world.round(desired);
    }
    panic!("it does not come about; users {:?}", world.cache.users);
}

fn gone(world: &World, value: &SecretValue) -> bool {
    !world.cache.is_opened_by(&value.password) && world.cache.users.len() == 2
}

#[test]
fn a_user_whose_credential_leaked_is_replaced_and_then_leaves_the_cache() {
    let (mut world, desired, old) = leaked();
    let start = world.now;
    run_until(&mut world, &desired, |world| gone(world, &old));
    let new = value(&world);
    assert_ne!(new.username, old.username);
    assert_ne!(new.password, old.password);
    assert_eq!(bound(&world, "username"), new.username);
    assert_eq!(
        members(&world),
        [&new.username, &identity().default_user_id()]
    );
    let took = world.now.duration_since(start).unsigned_abs();
    assert!(took < Duration::from_mins(5), "{took:?}");
    world.actions.clear();
    assert!(world.settle(&desired).is_settled());
    assert_eq!(world.actions, [], "once is enough");
}

#[test]
fn a_process_that_knows_nothing_goes_on_with_a_revocation() {
    let (mut world, desired, old) = leaked();
    while !gone(&world, &old) {
        let current = value(&world);
        assert!(world.cache.is_opened_by(&current.password));
        round_of_a_mortal(&mut world, &desired);
    }
    let made = world.actions.iter().filter(|action| {
        matches!(action, Action::Cache(CacheAction::CreateUser { .. }))
            || matches!(
                action,
                Action::Secret(SecretAction::PutPendingPassword { .. })
            )
    });
    assert_eq!(
        made.count(),
        2,
        "one version and one user: {:?}",
        world.actions
    );
}

#[test]
fn a_revocation_comes_before_a_rotation_that_is_under_way() {
    let (mut world, mut desired) = settled(&spec_json());
    let old = value(&world);
    world.now += Duration::from_hours(30 * 24);
    run_until(&mut world, &desired, |world| {
        world.cache.users[&identity().cache_id()].passwords == 2
    });
    desired.secret.rotation.requests.revoke = Some(world.now);
    let start = world.now;
    run_until(&mut world, &desired, |world| gone(world, &old));
    assert!(world.now.duration_since(start).unsigned_abs() < Duration::from_mins(5));
    world.actions.clear();
    assert!(world.settle(&desired).is_settled());
    assert_eq!(
        world.actions,
        [],
        "its password is new, so no rotation is due any more"
    );
}

#[test]
fn a_user_that_was_replaced_rotates_its_password_as_the_first_one_did() {
    let (mut world, desired, old) = leaked();
    run_until(&mut world, &desired, |world| gone(world, &old));
    let new = value(&world);
    world.now += Duration::from_hours(30 * 24);
    run_until(&mut world, &desired, |world| {
        value(world).password != new.password && !world.cache.is_opened_by(&new.password)
    });
    assert_eq!(value(&world).username, new.username);
    assert_eq!(value(&world).user_since, new.user_since);
}

#[test]
fn a_request_from_before_the_user_was_made_revokes_nothing() {
    let (mut world, mut desired, old) = leaked();
    run_until(&mut world, &desired, |world| gone(world, &old));
    let new = value(&world);
    for at in [None, Some(now())] {
        desired.secret.rotation.requests.revoke = at;
        world.now += Duration::from_mins(10);
        assert!(world.settle(&desired).is_settled());
        assert_eq!(value(&world), new, "{at:?}");
    }
}

#[test]
fn the_user_that_goes_is_left_alone_until_consumers_had_time_to_read_the_new_one() {
    let (mut world, desired, old) = leaked();
    run_until(&mut world, &desired, |world| {
        value(world).username != old.username
    });
    let promoted = world.now;
    run_until(&mut world, &desired, |world| {
        !world.cache.is_opened_by(&old.password)
    });
    let took = world.now.duration_since(promoted).unsigned_abs();
    assert!(took >= Duration::from_mins(2), "{took:?}");
}

#[test]
fn nothing_is_left_of_users_whenever_the_object_is_deleted() {
    for rounds in 0..30 {
        let (mut world, desired, _) = leaked();
        for _ in 0..rounds {
            world.round(&desired);
        }
        world.restart();
        take_down(&mut world);
        assert_eq!(world.cache.users.len(), 0, "after {rounds} rounds");
    }
}

#[test]
fn somebody_elses_user_of_such_a_name_stays() {
    let (mut world, desired, old) = leaked();
    run_until(&mut world, &desired, |world| gone(world, &old));
    let new = value(&world).username;
    world
        .cache
        .tags
        .remove(&world.cache.users[&new].arn.clone());
    let mut plans = Vec::new();
    for _ in 0..5 {
        if let Step::Idle(plan) = world.round(&desired) {
            plans.push(plan);
        }
    }
    assert!(world.cache.users.contains_key(&new));
    assert!(
        plans
            .iter()
            .all(|plan| !plan.cache.blocks.is_empty() || !plan.cache.waits.is_empty())
    );
}

#[test]
fn a_password_that_leaked_does_not_come_back_with_another_user() {
    let (mut world, desired, old) = leaked();
    run_until(&mut world, &desired, |world| gone(world, &old));
    let new = value(&world);
    let by_hand = vec![Sensitive::new("by-hand")];
    world.cache.passwords.insert(new.username.clone(), by_hand);
    world.now += Duration::from_mins(10);
    assert!(world.settle(&desired).is_settled());
    assert_eq!(world.cache.passwords[&new.username], [new.password]);
}

#[test]
fn a_user_replaces_another_in_a_group_that_was_made_for_redis() {
    let mut json = spec_json();
    let cache = |json: &mut Value, engine: &str, version: &str| {
        let group = &mut json["cache"]["replicationGroup"];
        (group["engine"], group["engineVersion"]) = (json!(engine), json!(version));
    };
    cache(&mut json, "redis", "7.1");
    let (mut world, _) = settled(&json);
    cache(&mut json, "valkey", "8.0");
    let mut desired = desired(json);
    assert!(world.settle(&desired).is_settled());
    world.now += Duration::from_hours(24);
    desired.secret.rotation.requests.revoke = Some(world.now);
    let old = value(&world);
    run_until(&mut world, &desired, |world| gone(world, &old));
    let user = &world.cache.users[&value(&world).username];
    assert_eq!(user.engine, "redis", "such a group takes no other");
}

#[test]
fn users_that_go_come_before_a_rotation_whose_version_was_emptied() {
    let (mut world, desired, old) = leaked();
    run_until(&mut world, &desired, |world| {
        value(world).username != old.username && world.cache.users.len() == 3
    });
    let moment = desired.secret.rotation.last_moment(world.now);
    let token = identity().rotation_tokens(moment).next().unwrap();
    let emptied = SecretValue {
        version_id: token.to_string(),
        password: Sensitive::new(""),
        ..value(&world)
    };
    world.secrets.label(AWSPENDING, &emptied.version_id);
    world
        .secrets
        .values
        .insert(emptied.version_id.clone(), emptied);
    run_until(&mut world, &desired, |world| gone(world, &old));
}

#[test]
fn a_user_whose_successor_was_locked_out_goes_with_it_however_often_processes_die() {
    let (mut world, mut desired, old) = leaked();
    run_until(&mut world, &desired, |world| gone(world, &old));
    world.now += Duration::from_hours(1);
    desired.secret.rotation.requests.revoke = Some(world.now);
    let second = value(&world);
    run_until(&mut world, &desired, |world| {
        value(world).username != second.username
    });
    let third = value(&world);
    let by_hand = vec![Sensitive::new("by-hand")];
    world
        .cache
        .passwords
        .insert(third.username.clone(), by_hand);
    let only_current = |world: &World| world.cache.users.len() == 2;
    for _ in 0..400 {
        round_of_a_mortal(&mut world, &desired);
        if only_current(&world) {
            break;
        }
    }
    assert_eq!(
        members(&world),
        [&value(&world).username, &identity().default_user_id()]
    );
    assert!(only_current(&world), "{:?}", world.cache.users);
}

/// A world in which a user was given up for another of the same request, because somebody took the pending version away; the one that was given up had left the
/// group when the process died.
fn given_up() -> (World, Desired) {
    let (mut world, desired, old) = leaked();
    run_until(&mut world, &desired, |world| world.cache.users.len() == 3);
    let mut before: Vec<String> = world.cache.users.keys().cloned().collect();
    before.retain(|id| *id != identity().cache_id() && *id != identity().default_user_id());
    let versions = &mut world.secrets.secret.as_mut().unwrap().versions;
    versions.retain(|_, labels| !labels.remove(AWSPENDING) || !labels.is_empty());
    run_until(&mut world, &desired, |world| {
        gone(world, &old) && value(world).username != old.username
    });
    let current = value(&world).username;
    assert_ne!(before, [&*current]);
    let mut user = world.cache.users[&current].clone();
    user.arn = user.arn.replace(&current, &before[0]);
    let tags = identity().tags();
    world.cache.tags.insert(user.arn.clone(), tags);
    world.cache.users.insert(before.remove(0), user);
    world.restart();
    (world, desired)
}

#[test]
fn a_user_that_was_given_up_is_found_by_a_process_that_knows_nothing() {
    let (mut world, desired) = given_up();
    assert_eq!(world.cache.users.len(), 3);
    assert!(world.settle(&desired).is_settled());
    assert_eq!(world.cache.users.len(), 2);
    let (mut world, _) = given_up();
    take_down(&mut world);
    assert_eq!(world.cache.users.len(), 0);
}
