//! Clients that log in with their AWS credentials, and the way there from a password and back.

use serde_json::{Value, json};

use super::teardown::take_down;
use super::{round_of_a_mortal, settled};
use crate::fixtures::{desired, identity, spec_json};
use crate::model::Desired;
use crate::plan::world::{Step, World, foreign_tags};
use crate::plan::{Action, CacheAction, Class, Plan, SecretAction, Sensitive};

pub(super) fn spec_with(ways: &[&str]) -> Value {
    let mut json = spec_json();
    for way in ways {
        json["credentials"][*way] = json!({});
    }
    json
}

fn migration() -> [Value; 5] {
    let both = || spec_with(&["password", "iam"]);
    let (password, iam) = (spec_with(&["password"]), spec_with(&["iam"]));
    [password.clone(), both(), iam, both(), password]
}

pub(super) fn iam_user() -> String {
    identity().iam_user_id()
}

pub(super) fn bound<'a>(world: &'a World, key: &str) -> Option<&'a str> {
    let secret = world.cluster.secrets.get("orders-cache")?;
    secret.data.get(key).map(Sensitive::reveal)
}

/// Every way in that is bound is open.
fn check_clients(world: &World) {
    if let Some(password) = bound(world, "password") {
        assert!(
            world.cache.is_opened_by(&Sensitive::new(password)),
            "the bound password opens the cache"
        );
    }
    let alone = bound(world, "authMode").and_then(|_| bound(world, "username"));
    if let Some(name) = alone.or(bound(world, "iamUsername")) {
        assert!(world.cache.lets_in(name), "the bound user is let in");
    }
}

/// Runs rounds until there is nothing to do, and sees in each that clients get in with what is bound, and with what they were using before where the spec still
/// has it.
pub(super) fn pursue(world: &mut World, desired: &Desired) {
    pursue_with(world, desired, false);
}

/// The same; a process that is `mortal` dies at each of its writes, and another one takes over.
fn pursue_with(world: &mut World, desired: &Desired, mortal: bool) {
    let password = bound(world, "password").map(Sensitive::new);
    let password = password.filter(|_| desired.mode.has_secret());
    let iam = world.cache.lets_in(&iam_user()) && desired.mode.has_iam();
    for _ in 0..200 {
        check_clients(world);
        if let Some(password) = &password {
            assert!(world.cache.is_opened_by(password), "who uses the password");
        }
        assert!(!iam || world.cache.lets_in(&iam_user()), "who uses tokens");
        let step = if mortal {
            round_of_a_mortal(world, desired)
        } else {
            world.round(desired)
        };
        if matches!(step, Step::Idle(plan) if plan.is_settled() && plan.cache.scheduled.is_none()) {
            return;
        }
    }
    panic!("it does not settle: {:#?}", world.round(desired));
}

/// A settled world without a password.
fn iam_only() -> (World, Desired) {
    settled(&spec_with(&["iam"]))
}

pub(super) fn idle(world: &mut World, desired: &Desired) -> Plan {
    for _ in 0..60 {
        if let Step::Idle(plan) = world.round(desired) {
            return *plan;
        }
    }
    panic!("it acts without end");
}

#[test]
fn clients_get_in_at_every_moment_of_a_migration_there_and_back() {
    for mortal in [false, true] {
        let mut world = World::default();
        for (step, json) in migration().into_iter().enumerate() {
            let desired = desired(json);
            pursue_with(&mut world, &desired, mortal);
            let password = desired.mode.has_secret();
            let iam = desired.mode.has_iam();
            assert_eq!(bound(&world, "password").is_some(), password, "step {step}");
            assert_eq!(bound(&world, "uri").is_some(), password, "step {step}");
            assert_eq!(bound(&world, "cacheName").is_some(), iam, "step {step}");
            assert_eq!(world.cache.lets_in(&iam_user()), iam, "step {step}");
            let users = 1 + usize::from(password) + usize::from(iam);
            assert_eq!(world.cache.users.len(), users, "step {step}");
            assert_eq!(!world.secrets.is_to_be_deleted(), password, "step {step}");
        }
    }
}

#[test]
fn without_a_password_there_is_no_secret() {
    let desired = desired(spec_with(&["iam"]));
    let mut world = World::default();
    let plan = world.settle(&desired);
    assert!(plan.is_settled(), "{plan:#?}");
    assert_eq!(world.secrets.secret, None);
    let data = &world.cluster.secrets["orders-cache"].data;
    let entries: Vec<_> = data
        .iter()
        .map(|(key, value)| (&**key, value.reveal()))
        .collect();
    let (id, host) = (identity().cache_id(), bound(&world, "host").unwrap());
    assert_eq!(
        entries,
        [
            ("authMode", "iam"),
            ("cacheName", &*id),
            ("host", host),
            ("keyPrefix", &identity().key_prefix()),
            ("port", "6379"),
            ("provider", "cachedapi"),
            ("region", "eu-west-1"),
            ("tls", "true"),
            ("type", "valkey"),
            ("username", &iam_user()),
        ]
    );
}

#[test]
fn a_poll_without_a_password_asks_for_no_secret_and_finds_what_somebody_changed() {
    type Drift = fn(&mut World);
    let drifts: [(&str, Drift); 5] = [
        ("nothing", |_| {}),
        ("the user given a password", |world| {
            world.cache.users.get_mut(&iam_user()).unwrap().iam = false;
        }),
        ("the user's rights", |world| {
            let user = world.cache.users.get_mut(&iam_user()).unwrap();
            user.access_string = "on ~* +@all".into();
        }),
        ("the user deleted", |world| {
            world.cache.lose_user(&iam_user());
        }),
        ("the user taken out of the group", |world| {
            let group = world.cache.user_groups.get_mut(&identity().cache_id());
            group.unwrap().user_ids.remove(&iam_user());
        }),
    ];
    for (reason, drift) in drifts {
        let (mut world, desired) = iam_only();
        let before = world.truth();
        drift(&mut world);
        let mut found = false;
        for n in 0..10 {
            found |= !world.poll(&desired, n).is_settled();
            assert!(
                found || world.aws_reads <= 5,
                "{reason}: {}",
                world.aws_reads
            );
        }
        assert_eq!(found, reason != "nothing", "{reason}");
        assert!(world.settle(&desired).is_settled(), "{reason}");
        assert_eq!(world.truth(), before, "{reason}");
    }
}

/// A world whose object had tokens beside the password, and no longer has; the user has left the group, and the status was lost before it was deleted.
fn forgotten() -> (World, Desired) {
    let (mut world, _) = settled(&spec_with(&["password", "iam"]));
    let desired = desired(spec_with(&["password"]));
    for _ in 0..200 {
        if !world.cache.lets_in(&iam_user()) {
            break;
        }
        world.round(&desired);
    }
    assert!(world.cache.users.contains_key(&iam_user()));
    world.lose_status();
    (world, desired)
}

#[test]
fn a_user_that_status_forgot_is_found_by_a_full_look_and_deleted() {
    let (mut world, desired) = forgotten();
    assert!(world.settle(&desired).is_settled());
    assert!(!world.cache.users.contains_key(&iam_user()));
    world.actions.clear();
    assert!(world.settle(&desired).is_settled());
    assert_eq!(world.actions, []);
}

#[test]
fn a_poll_does_not_look_for_a_user_that_was_forgotten() {
    let (mut world, desired) = forgotten();
    assert!(world.settle(&desired).is_settled());
    for n in 0..10 {
        assert!(world.poll(&desired, n).is_settled());
        assert!(world.aws_reads <= 6, "{}", world.aws_reads);
    }
}

#[test]
fn somebody_elses_user_of_that_name_stays_and_is_in_nobodys_way() {
    let (mut world, desired) = forgotten();
    let arn = world.cache.users[&iam_user()].arn.clone();
    world.cache.tags.insert(arn, foreign_tags());
    assert!(world.settle(&desired).is_settled());
    assert!(world.cache.users.contains_key(&iam_user()));
}

#[test]
fn who_shows_tokens_stays_until_a_login_proves_the_password() {
    let (mut world, _) = settled(&spec_with(&["password", "iam"]));
    world.unreadable.insert("Login".into(), Class::Transient);
    let desired = desired(spec_with(&["password"]));
    world.stall(&desired);
    assert!(world.cache.lets_in(&iam_user()));
    world.unreadable.clear();
    pursue(&mut world, &desired);
    assert!(!world.cache.lets_in(&iam_user()));
}

#[test]
fn without_a_probe_elasticaches_word_on_the_password_is_enough() {
    let with = |ways: &[&str]| {
        let mut json = spec_with(ways);
        json["credentials"]["probe"] = json!("Skip");
        json
    };
    let (mut world, _) = settled(&with(&["password", "iam"]));
    pursue(&mut world, &desired(with(&["iam"])));
    pursue(&mut world, &desired(with(&["password", "iam"])));
    pursue(&mut world, &desired(with(&["password"])));
    assert!(!world.cache.lets_in(&iam_user()));
}

#[test]
fn a_password_that_comes_back_is_the_one_that_the_restored_secret_has() {
    let (mut world, _) = settled(&spec_with(&["password", "iam"]));
    world
        .secrets
        .edit(|value| value.password = Sensitive::new("chosen-by-somebody"));
    pursue(&mut world, &desired(spec_with(&["password", "iam"])));
    pursue(&mut world, &desired(spec_with(&["iam"])));
    assert!(world.secrets.is_to_be_deleted());
    world.actions.clear();
    pursue(&mut world, &desired(spec_with(&["password", "iam"])));
    assert_eq!(bound(&world, "password"), Some("chosen-by-somebody"));
    let created =
        |action: &&Action| matches!(action, Action::Secret(SecretAction::CreateSecret { .. }));
    assert_eq!(world.actions.iter().filter(created).count(), 0);
}

#[test]
fn a_user_that_a_revocation_made_leaves_with_the_password() {
    let (mut world, mut both) = settled(&spec_with(&["password", "iam"]));
    world.now += std::time::Duration::from_hours(24);
    both.secret.rotation.requests.revoke = Some(world.now);
    let first = bound(&world, "username").unwrap().to_owned();
    while bound(&world, "username") == Some(&first) || world.cache.users.len() > 3 {
        check_clients(&world);
        assert!(world.cache.lets_in(&iam_user()), "it is no part of it");
        world.round(&both);
    }
    world.restart();
    pursue(&mut world, &desired(spec_with(&["iam"])));
    assert_eq!(world.cache.users.len(), 2);
    pursue(&mut world, &desired(spec_with(&["password", "iam"])));
    assert_ne!(bound(&world, "username"), Some(&*first));
}

#[test]
fn nothing_is_left_whenever_an_object_is_deleted_in_a_migration() {
    let steps = migration();
    for pair in steps.windows(2) {
        for rounds in 0..25 {
            let (mut world, _) = settled(&pair[0]);
            let desired = desired(pair[1].clone());
            (0..rounds).for_each(|_| drop(world.round(&desired)));
            world.restart();
            take_down(&mut world);
            assert_eq!(world.cache.users.len(), 0, "after {rounds} rounds");
        }
    }
}

#[test]
fn somebody_elses_user_of_such_a_name_stays() {
    let (mut world, _) = settled(&spec_with(&["password", "iam"]));
    let arn = world.cache.users[&iam_user()].arn.clone();
    world.cache.tags.insert(arn, [].into());
    let desired = desired(spec_with(&["password"]));
    (0..40).for_each(|_| drop(world.round(&desired)));
    assert!(world.cache.users.contains_key(&iam_user()));
}

#[test]
fn a_cache_that_came_from_redis_takes_users_for_redis() {
    let with = |engine: &str, version: &str, ways: &[&str]| {
        let mut json = spec_with(ways);
        json["cache"]["replicationGroup"]["engine"] = json!(engine);
        json["cache"]["replicationGroup"]["engineVersion"] = json!(version);
        json
    };
    let (mut world, _) = settled(&with("redis", "7.1", &[]));
    pursue(&mut world, &desired(with("valkey", "8.0", &[])));
    pursue(
        &mut world,
        &desired(with("valkey", "8.0", &["password", "iam"])),
    );
    assert!(world.cache.lets_in(&iam_user()));
    pursue(&mut world, &desired(with("valkey", "8.0", &["iam"])));
    pursue(
        &mut world,
        &desired(with("valkey", "8.0", &["password", "iam"])),
    );
}

#[test]
fn an_engine_that_knows_no_tokens_is_upgraded_before_the_user_is_let_in() {
    let with = |version: &str, ways: &[&str]| {
        let mut json = spec_with(ways);
        json["cache"]["replicationGroup"]["engine"] = json!("redis");
        json["cache"]["replicationGroup"]["engineVersion"] = json!(version);
        json
    };
    let (mut world, _) = settled(&with("6.2", &[]));
    let both = desired(with("7.1", &["password", "iam"]));
    pursue(&mut world, &both);
    let position = |wanted: fn(&CacheAction) -> bool| {
        let mut actions = world.actions.iter();
        actions.position(|action| matches!(action, Action::Cache(action) if wanted(action)))
    };
    let upgraded = position(|action| matches!(action, CacheAction::ModifyReplicationGroup { .. }));
    let joined = position(|action| matches!(action, CacheAction::ModifyUserGroup { .. }));
    assert!(
        upgraded.is_some() && upgraded < joined,
        "{:?}",
        world.actions
    );
}
