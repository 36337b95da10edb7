//! A secret that exists becomes the object's: its password is the first one, what does not open the cache is told, and it is given back.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::adopt_group::{self, ID as GROUP};
use super::round_of_a_mortal;
use crate::api::{Reason, TAG_ADOPTED, TAG_OWNER_UID};
use crate::fixtures::{consent, desired, identity, now, spec, spec_json};
use crate::model::Estate;
use crate::plan::world::{Step, World, foreign_tags};
use crate::plan::{
    AWSCURRENT, AWSPENDING, Action, Block, Class, Endpoint, Plan, Secret, SecretAction,
    SecretValue, Sensitive,
};

const ARN: &str = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:theirs-AbCdEf";
const PASSWORD: &str = "a-password-of-theirs";

/// A world with a secret that somebody made for another cache.
fn put_secret(mut world: World) -> World {
    world.secrets.secret = Some(Secret {
        arn: ARN.into(),
        deleted: None,
        versions: [("v1".to_owned(), [AWSCURRENT.to_owned()].into())].into(),
        rotation_enabled: false,
        tags: foreign_tags().into_iter().chain(consent()).collect(),
    });
    let value = SecretValue {
        version_id: "v1".into(),
        username: String::new(),
        password: Sensitive::new(PASSWORD),
        engine: None,
        replication_group_id: None,
        endpoint: Some(Endpoint {
            host: "old.example.com".into(),
            port: 6379,
        }),
        password_since: None,
        user_since: None,
        created: Some(now()),
    };
    world.secrets.values.insert("v1".into(), value);
    world
}

fn world() -> World {
    put_secret(World::default())
}

fn adopting(mode: &str) -> Value {
    let mut json = spec_json();
    json["adopt"] = json!({"secretArn": ARN, "mode": mode});
    json
}

fn blocks(plan: &Plan) -> &[Block] {
    &plan.credentials.blocks
}

fn secret(world: &mut World) -> &mut Secret {
    world.secrets.secret.as_mut().unwrap()
}

fn wrote(world: &World) -> bool {
    let mut actions = world.actions.iter();
    actions.any(|action| match action {
        Action::Adopt(mark) => mark.arn == ARN,
        action => matches!(action, Action::Secret(_)),
    })
}

#[test]
fn until_the_yes_a_secret_is_not_written_and_its_value_not_read() {
    let mut world = world();
    let before = world.secrets.secret.clone();
    world
        .unreadable
        .insert("SecretValue".into(), Class::Blocked);
    let plan = world.stall(&desired(adopting("Review")));
    let reasons: Vec<Reason> = blocks(&plan).iter().map(|block| block.reason).collect();
    assert_eq!(reasons, [Reason::AdoptionPending]);
    assert_eq!(world.secrets.secret, before);
    assert!(!wrote(&world));
}

#[test]
fn its_password_becomes_the_first_one_of_the_caches_user_and_its_other_fields_follow() {
    let mut world = world();
    let desired = desired(adopting("TakeOver"));
    let plan = world.settle(&desired);
    assert!(plan.is_settled(), "{plan:#?}");
    let tags = &secret(&mut world).tags;
    assert!(identity().owns(tags) && tags.contains_key(TAG_ADOPTED));
    let current = world.secrets.current().unwrap();
    assert_eq!(current.password, Sensitive::new(PASSWORD));
    assert_eq!(current.username, identity().cache_username());
    let host = current.endpoint.unwrap().host;
    assert!(host.contains(&identity().cache_id()), "{host}");
    assert!(world.cache.is_opened_by(&Sensitive::new(PASSWORD)));
    let bound = &world.cluster.secrets["orders-cache"].data;
    assert_eq!(bound["host"].reveal(), host);
    assert_eq!(bound["password"].reveal(), PASSWORD);
    let made =
        |action: &Action| matches!(action, Action::Secret(SecretAction::CreateSecret { .. }));
    assert!(!world.actions.iter().any(made));
    world.actions.clear();
    assert!(world.settle(&desired).is_settled());
    assert!(world.actions.is_empty(), "planning again changes nothing");
}

#[test]
fn a_process_that_dies_after_any_round_keeps_the_password() {
    let (mut world, desired) = (world(), desired(adopting("TakeOver")));
    let mut round = || round_of_a_mortal(&mut world, &desired);
    let settled = (0..400).any(|_| matches!(round(), Step::Idle(plan) if plan.is_settled()));
    assert!(settled);
    assert_eq!(
        world.secrets.current().unwrap().password,
        Sensitive::new(PASSWORD)
    );
}

type Change = fn(&mut World, &mut Value);

const REFUSED: [(&str, &str, Change); 7] = [
    (
        "another object's",
        "carries the tags of another object",
        |world, _| {
            let tags = &mut secret(world).tags;
            tags.insert(
                TAG_OWNER_UID.into(),
                "00000000-0000-0000-0000-000000000001".into(),
            );
        },
    ),
    ("one without consent", "lacks the consent", |world, _| {
        secret(world).tags = foreign_tags();
    }),
    ("one that is to go", "is to be deleted", |world, _| {
        secret(world).deleted = Some(Timestamp::UNIX_EPOCH);
    }),
    (
        "one that is rotated elsewhere",
        "cancel-rotate-secret",
        |world, _| secret(world).rotation_enabled = true,
    ),
    ("one that is being rotated", "AWSPENDING", |world, _| {
        secret(world)
            .versions
            .insert("v2".into(), [AWSPENDING.to_owned()].into());
    }),
    ("one without a current version", "AWSCURRENT", |world, _| {
        secret(world).versions.clear();
    }),
    (
        "one that is not there",
        "none is made in its place",
        |world, _| world.secrets.secret = None,
    ),
];

#[test]
fn what_cannot_be_taken_over_of_secrets_is_refused_and_left_alone() {
    for (case, says, change) in REFUSED {
        for mode in ["Review", "TakeOver"] {
            let (mut world, mut json) = (world(), adopting(mode));
            change(&mut world, &mut json);
            let before = world.secrets.secret.clone();
            let plan = world.stall(&desired(json));
            let block = &blocks(&plan)[0];
            assert_eq!(block.reason, Reason::AdoptionRefused, "{case}");
            assert!(
                block.message.starts_with("spec.adopt.secretArn: ") && block.message.contains(says),
                "{case}: {}",
                block.message
            );
            assert_eq!(world.secrets.secret, before, "{case}");
            assert!(!wrote(&world), "{case}");
        }
    }
}

#[test]
fn a_value_that_names_somebody_elses_user_is_told_and_not_overwritten() {
    let mut world = world();
    let value = world.secrets.values.get_mut("v1").unwrap();
    value.username = "app".into();
    let plan = world.stall(&desired(adopting("TakeOver")));
    assert_eq!(blocks(&plan)[0].reason, Reason::SecretUnusable);
    assert!(
        blocks(&plan)[0].message.contains("names another user"),
        "{plan:?}"
    );
    assert_eq!(world.secrets.values.len(), 1, "no version is made");
}

#[test]
fn an_object_that_has_a_secret_gets_no_second_one() {
    let mut taken = world();
    taken.settle(&desired(adopting("TakeOver")));
    taken.actions.clear();
    let plan = taken.stall(&desired(spec_json()));
    let block = &blocks(&plan)[0];
    assert_eq!(block.reason, Reason::AdoptionRefused);
    assert!(block.message.contains(ARN), "{}", block.message);
    assert!(!wrote(&taken));
}

#[test]
fn the_secret_is_given_back_unless_the_spec_says_that_it_is_deleted() {
    for (policy, left) in [(json!({}), true), (json!({"secret": "Delete"}), false)] {
        let mut world = world();
        let mut json = adopting("TakeOver");
        json["deletionPolicy"] = policy.clone();
        assert!(world.settle(&desired(json.clone())).is_settled());
        let estate = Estate::new(identity(), &spec(json), [], []);
        assert!(world.tear_down(&estate).is_settled());
        assert_eq!(!world.secrets.is_to_be_deleted(), left, "{policy}");
        if left {
            let theirs = foreign_tags().into_iter().chain(consent()).collect();
            assert_eq!(secret(&mut world).tags, theirs, "{policy}");
        }
    }
}

/// A world with a group that has an AUTH token, and the secret that clients read it from.
fn guarded() -> World {
    let mut world = put_secret(adopt_group::world());
    world.cache.groups.get_mut(GROUP).unwrap().auth_token = true;
    world.cache.give_token(GROUP, PASSWORD);
    world
}

fn adopting_both(mode: &str) -> Value {
    let mut json = adopt_group::adopting(mode);
    json["adopt"]["secretArn"] = json!(ARN);
    json["credentials"] = json!({"authToken": {}});
    json
}

#[test]
fn a_group_with_an_auth_token_is_taken_over_with_the_secret_that_has_it_and_nobody_is_locked_out() {
    let mut world = guarded();
    let desired = desired(adopting_both("TakeOver"));
    for _ in 0..200 {
        assert!(
            world.cache.is_opened_by(&Sensitive::new(PASSWORD)),
            "{:#?}",
            world.actions.last()
        );
        if matches!(world.round(&desired), Step::Idle(plan) if plan.is_settled()) {
            break;
        }
    }
    assert!(world.settle(&desired).is_settled());
    let current = world.secrets.current().unwrap();
    assert_eq!(current.password, Sensitive::new(PASSWORD));
    assert_eq!(current.replication_group_id.as_deref(), Some(GROUP));
    let changed = |action: &Action| action.operation() == "CreateReplicationGroup";
    assert!(!world.actions.iter().any(changed));
}

#[test]
fn a_value_that_does_not_open_the_group_is_told_before_anything_of_the_group_is_changed() {
    let mut world = guarded();
    let value = world.secrets.values.get_mut("v1").unwrap();
    value.password = Sensitive::new("another-password");
    let (before, groups) = (world.secrets.values.clone(), world.cache.clone());
    let plan = world.stall(&desired(adopting_both("TakeOver")));
    let block = &plan.cache.blocks[0];
    assert_eq!(block.reason, Reason::AdoptionRefused);
    assert!(
        block
            .message
            .contains("does not open the replication group"),
        "{}",
        block.message
    );
    assert_eq!(world.cache, groups, "the group is as it was");
    assert_eq!(world.secrets.values, before, "and so is the value");
}
