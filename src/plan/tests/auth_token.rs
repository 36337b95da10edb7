//! A cache without users: its AUTH token is rotated, and nobody is locked out.

use std::time::Duration;

use serde_json::{Value, json};

use super::rotation::{GRACE, MONTH, opens, password as token, promoted, run_until};
use super::settled;
use super::teardown::assert_nothing_left;
use crate::api::Reason;
use crate::fixtures::{desired, identity, spec, spec_json};
use crate::model::{Desired, Estate};
use crate::plan::rotation::Accepted;
use crate::plan::world::{Step, World};
use crate::plan::{
    AWSPENDING, Action, Admission, CacheAction, SecretAction, SecretValue, Sensitive,
};

pub(super) fn old_engine() -> Value {
    let mut json = spec_json();
    let group = &mut json["cache"]["replicationGroup"];
    (group["engine"], group["engineVersion"]) = (json!("redis"), json!("5.0"));
    json["credentials"] = json!({"authToken": {}});
    json["bindings"] = json!([{"secret": {"name": "orders-cache", "previousPassword": true}}]);
    json
}

pub(super) fn held(world: &World) -> &[Sensitive] {
    &world.cache.tokens[&identity().cache_id()].held
}

fn bound<'a>(world: &'a World, key: &str) -> Option<&'a Sensitive> {
    world.cluster.secrets["orders-cache"].data.get(key)
}

/// A settled world whose token is due.
fn due() -> (World, Desired, Sensitive) {
    let (mut world, desired) = settled(&old_engine());
    world.now += MONTH;
    let old = token(&world);
    (world, desired, old)
}

/// A rotation is through: a new token, and no other.
fn rotated(world: &World, old: &Sensitive) -> bool {
    promoted(world, old) && held(world) == [token(world)] && !opens(world, old)
}

fn strategies(world: &World) -> Vec<&'static str> {
    let of = |action: &Action| match action {
        Action::Cache(CacheAction::RotateAuthToken { .. }) => Some("ROTATE"),
        Action::Cache(CacheAction::SetAuthToken { .. }) => Some("SET"),
        _ => None,
    };
    world.actions.iter().filter_map(of).collect()
}

#[test]
fn a_cache_with_an_auth_token_has_no_users_and_the_secrets_token_opens_it() {
    let desired = desired(old_engine());
    let mut world = World::default();
    assert!(world.settle(&desired).is_settled());
    assert!(world.cache.users.is_empty() && world.cache.user_groups.is_empty());
    let created = world.actions.iter().find_map(|action| match action {
        Action::Cache(CacheAction::CreateReplicationGroup(new)) => Some(&new.admits),
        _ => None,
    });
    assert!(matches!(created, Some(Admission::AuthToken(_))));
    assert_eq!(held(&world), [token(&world)]);
    assert_eq!(world.secrets.current().unwrap().username, "");
    assert_eq!(bound(&world, "username"), None);
    assert_eq!(
        bound(&world, "uri").unwrap().reveal(),
        format!(
            "rediss://:p%40ss%2Fword%3A1@master.{}.example.com:6379",
            identity().cache_id()
        )
    );
}

#[test]
fn processes_that_die_after_every_write_make_the_cache_and_nothing_twice() {
    let desired = desired(old_engine());
    let (steady, _) = settled(&old_engine());
    let mut world = World::default();
    world.mortal = true;
    for _ in 0..60 {
        world.round(&desired);
    }
    world.mortal = false;
    assert!(world.settle(&desired).is_settled());
    assert_eq!(world.truth(), steady.truth());
}

#[test]
fn a_token_that_is_due_is_rotated_and_the_old_one_works_until_the_grace_is_over() {
    let (mut world, desired, old) = due();
    run_until(&mut world, &desired, |world| promoted(world, &old));
    let (new, since) = (token(&world), world.now);
    assert_eq!(bound(&world, "previousPassword"), Some(&old));
    run_until(&mut world, &desired, |world| !opens(world, &old));
    assert!(world.now.duration_since(since).unsigned_abs() >= GRACE);
    assert!(world.settle(&desired).is_settled());
    assert_eq!(
        strategies(&world),
        ["ROTATE", "SET"],
        "this process knows each step"
    );
    assert_eq!((held(&world), token(&world)), (&[new.clone()][..], new));
    assert_eq!(bound(&world, "previousPassword"), None);
    world.actions.clear();
    assert!(world.settle(&desired).is_settled());
    assert_eq!(world.actions, [], "once a month is enough");
}

#[test]
fn a_process_that_knows_nothing_goes_on_after_every_write_of_a_rotation() {
    let (mut world, desired, old) = due();
    let mut written = 0;
    for _ in 0..300 {
        if rotated(&world, &old) {
            break;
        }
        assert!(opens(&world, &token(&world)));
        world.round(&desired);
        if world.actions.len() > written {
            written = world.actions.len();
            // A process that dies at every write never knows which token is the newest, and gives the current one again and again.
            if strategies(&world).len() < 4 {
                world.restart();
            }
        }
    }
    assert!(rotated(&world, &old), "{:?}", world.actions);
    let puts = world.actions.iter().filter(|action| {
        matches!(
            action,
            Action::Secret(SecretAction::PutPendingPassword { .. })
        )
    });
    assert_eq!(puts.count(), 1, "no token is made twice");
}

#[test]
fn a_process_that_dies_once_anywhere_in_a_rotation_locks_nobody_out() {
    for write in 0..12 {
        let (mut world, desired, old) = due();
        let mut died = false;
        for _ in 0..300 {
            if rotated(&world, &old) {
                break;
            }
            assert!(opens(&world, &token(&world)), "after write {write}");
            assert!(opens(&world, bound(&world, "password").unwrap()));
            world.round(&desired);
            if world.actions.len() > write && !died {
                died = true;
                world.restart();
            }
        }
        assert!(rotated(&world, &old), "{write}: {:?}", world.actions);
        assert!(world.settle(&desired).is_settled(), "{write}");
    }
}

#[test]
fn a_token_whose_version_was_lost_pushes_nobody_out() {
    for label_stays in [false, true] {
        let (mut world, desired, old) = due();
        run_until(&mut world, &desired, |world| held(world).len() == 2);
        let secret = world.secrets.secret.as_mut().unwrap();
        let lost = secret.labelled(AWSPENDING).unwrap().to_owned();
        if !label_stays {
            secret.versions.remove(&lost);
        }
        let value = world.secrets.values.get(&lost).unwrap().password.clone();
        if label_stays {
            world.secrets.values.remove(&lost);
            // A process that has read the value once still has it.
            world.restart();
        }
        run_until(&mut world, &desired, |world| promoted(world, &old));
        assert!(opens(&world, &old), "in its grace");
        run_until(&mut world, &desired, |world| rotated(world, &old));
        assert!(!opens(&world, &value));
    }
}

#[test]
fn a_rotation_is_quiet() {
    let (mut world, desired, old) = due();
    for step in run_until(&mut world, &desired, |world| rotated(world, &old)) {
        if let Step::Idle(plan) = step {
            let loud = plan
                .aspects()
                .find(|(_, plan)| !plan.is_settled() && plan.quietly.is_none());
            assert_eq!(loud, None, "what is live works all the time");
        }
    }
}

#[test]
fn a_token_that_somebody_gave_by_hand_goes_and_the_current_one_stays() {
    let (mut world, desired) = settled(&old_engine());
    world.now += 2 * GRACE;
    let (current, id) = (token(&world), identity().cache_id());
    world.cache.rotate_by_hand(&id, "by-hand-1");
    world.cache.rotate_by_hand(&id, "by-hand-2");
    assert!(!opens(&world, &current));
    assert!(world.settle(&desired).is_settled());
    assert_eq!(held(&world), [current]);
}

#[test]
fn a_token_that_somebody_wrote_into_the_secret_is_adopted() {
    let (mut world, desired) = settled(&old_engine());
    let old = token(&world);
    world
        .secrets
        .edit(|value| value.password = Sensitive::new("chosen-by-somebody"));
    world.settle(&desired);
    let chosen = token(&world);
    assert_eq!(chosen.reveal(), "chosen-by-somebody");
    assert!(opens(&world, &chosen) && opens(&world, &old));
    world.now += GRACE;
    world.settle(&desired);
    assert_eq!(held(&world), [chosen]);
}

#[test]
fn a_value_that_names_a_user_or_has_no_token_gives_way_to_the_one_before() {
    for spoil in [
        (|value: &mut SecretValue| value.password = Sensitive::new("")) as fn(&mut SecretValue),
        |value| value.username = "admin".into(),
    ] {
        let (mut world, desired) = settled(&old_engine());
        let old = token(&world);
        world.secrets.edit(spoil);
        world.settle(&desired);
        assert_eq!(token(&world), old);
    }
}

#[test]
fn a_token_that_leaked_is_replaced_at_once_and_soon_opens_nothing_any_more() {
    let (mut world, mut desired) = settled(&old_engine());
    world.now += Duration::from_hours(24);
    let (leaked, start) = (token(&world), world.now);
    desired.secret.rotation.requests.revoke = Some(start);
    let told = run_until(&mut world, &desired, |world| rotated(world, &leaked));
    let said = |step: &Step| match step {
        Step::Idle(plan) => plan.credentials.quietly.clone().unwrap_or_default(),
        Step::Acted => String::new(),
    };
    assert!(
        told.iter()
            .any(|step| said(step).contains("what it has opened stays open")),
        "{told:#?}"
    );
    let took = world.now.duration_since(start).unsigned_abs();
    assert!(took < Duration::from_mins(22), "{took:?}");
    let new = token(&world);
    world.actions.clear();
    assert!(world.settle(&desired).is_settled());
    assert_eq!(world.actions, [], "once is enough");
    world.now += MONTH;
    run_until(&mut world, &desired, |world| promoted(world, &new));
    let since = world.now;
    run_until(&mut world, &desired, |world| rotated(world, &new));
    let took = world.now.duration_since(since).unsigned_abs();
    assert!(took >= GRACE, "the next one did not leak: {took:?}");
}

#[test]
fn a_leak_inside_a_grace_cuts_the_grace_short() {
    let (mut world, mut desired, old) = due();
    run_until(&mut world, &desired, |world| promoted(world, &old));
    let leaked = token(&world);
    world.now += Duration::from_mins(5);
    let start = world.now;
    desired.secret.rotation.requests.revoke = Some(start);
    run_until(&mut world, &desired, |world| rotated(world, &leaked));
    assert!(world.now.duration_since(start).unsigned_abs() < GRACE);
    assert!(!opens(&world, &old));
}

#[test]
fn without_a_word_from_the_nodes_nothing_changes() {
    let (mut world, desired, old) = due();
    world
        .unreadable
        .insert("Login".into(), crate::plan::Class::Transient);
    let plan = world.stall(&desired);
    assert_eq!(plan.credentials.waits[0].reason, Reason::CacheUnreachable);
    assert!(!plan.credentials.waits[0].message.contains("Skip"));
    assert!(world.actions.is_empty() && token(&world) == old);
}

#[test]
fn a_token_that_is_gone_with_its_secret_is_not_made_up() {
    let (mut world, desired) = settled(&old_engine());
    world.secrets.secret = None;
    let plan = world.stall(&desired);
    assert_eq!(plan.credentials.blocks[0].reason, Reason::SecretUnusable);
    assert_eq!(world.actions, []);
}

#[test]
fn a_user_group_that_somebody_attached_is_reported() {
    let (mut world, desired) = settled(&old_engine());
    let group = world.cache.groups.get_mut(&identity().cache_id()).unwrap();
    group.user_group_ids.insert("theirs".into());
    let plan = world.stall(&desired);
    assert_eq!(plan.cache.blocks[0].reason, Reason::ChangeRefused);
    assert_eq!(world.actions, []);
}

#[test]
fn a_token_that_was_refused_is_not_tried_again() {
    let (mut world, desired, old) = due();
    run_until(&mut world, &desired, |world| rotated(world, &old));
    world.restart();
    assert!(world.settle(&desired).is_settled());
    let previous = world.secrets.secret.as_ref().unwrap();
    let previous = previous.labelled(crate::plan::AWSPREVIOUS).unwrap();
    let login = world
        .cache
        .log_in(None, &world.secrets.values[previous].password);
    assert_eq!(login.accepted, Accepted::None);
    let before = world.logins;
    assert!(world.poll(&desired, 0).is_settled());
    assert_eq!(world.logins - before, 1, "with the current one");
}

#[test]
fn the_cache_is_changed_and_its_token_rotated_one_after_the_other() {
    let (mut world, _, old) = due();
    let mut json = old_engine();
    json["cache"]["replicationGroup"]["nodeType"] = json!("cache.r7g.large");
    let desired = desired(json);
    run_until(&mut world, &desired, |world| rotated(world, &old));
    let group = &world.cache.groups[&identity().cache_id()];
    assert_eq!(group.node_type, "cache.r7g.large");
}

#[test]
fn nothing_is_left_whenever_the_object_is_deleted() {
    let desired = desired(old_engine());
    let mut json = old_engine();
    json["deletionPolicy"] = json!({"cache": "Delete"});
    let estate = Estate::new(identity(), &spec(json), [], []);
    let mut world = World::default();
    for round in 0..40 {
        let mut deleted = world.clone();
        assert!(deleted.tear_down(&estate).is_settled(), "{round}");
        assert_nothing_left(&deleted, &format!("after {round} rounds"));
        if round == 30 {
            world.now += MONTH;
        }
        world.round(&desired);
    }
}
