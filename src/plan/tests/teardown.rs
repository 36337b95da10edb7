//! Everything is taken down, from every state that an object passes through.

use serde_json::{Value, json};

use super::settled;
use crate::api::TAG_RETAINED;
use crate::fixtures::{desired, identity, route, spec, spec_json};
use crate::model::Estate;
use crate::plan::Class;
use crate::plan::world::{ElastiCache, KINDS, Step, World, foreign_tags};

pub(super) const FUNCTION: &str = "arn:aws:lambda:eu-west-1:123456789012:function:orders";

/// An object with everything that there is to take down.
pub(super) fn everything() -> Value {
    let mut json = spec_json();
    let mut lambda = route("lambda", "/lambda");
    lambda["backend"] = json!({"lambda": {"functionArn": FUNCTION}});
    json["routes"].as_array_mut().unwrap().push(lambda);
    json["api"] = json!({"apiKeys": [{"name": "shop", "secret": {"name": "shop-key"}}]});
    json
}

pub(super) fn estate(policy: &Value) -> Estate {
    let mut json = everything();
    json["deletionPolicy"] = policy.clone();
    Estate::new(identity(), &spec(json), [], [])
}

/// The object of `everything` is deleted without a snapshot, and nothing is left.
pub(super) fn take_down(world: &mut World) {
    let plan = world.tear_down(&estate(&json!({"cache": "Delete"})));
    assert!(plan.is_settled(), "{plan:#?}");
    assert_nothing_left(world, "in the end");
}

pub(super) fn assert_nothing_left(world: &World, when: &str) {
    assert!(
        world.gateway.api.is_none() && world.gateway.usage_plans.is_empty(),
        "{when}"
    );
    assert!(
        world.gateway.keys.is_empty() && world.gateway.permissions.is_empty(),
        "{when}"
    );
    let cache = &world.cache;
    assert!(
        cache.groups.is_empty()
            && cache.user_groups.is_empty()
            && cache.users.is_empty()
            && cache.subnet_groups.is_empty(),
        "{when}"
    );
    assert!(
        world
            .secrets
            .secret
            .as_ref()
            .is_none_or(|secret| secret.deleted.is_some()),
        "{when}"
    );
}

#[test]
fn nothing_is_left_whenever_the_object_is_deleted() {
    let desired = desired(everything());
    let mut world = World::default();
    for round in 0..60 {
        for policy in ["Snapshot", "Delete"] {
            let mut deleted = world.clone();
            let plan = deleted.tear_down(&estate(&json!({"cache": policy})));
            assert!(
                plan.is_settled(),
                "{policy} after {round} rounds: {plan:#?}"
            );
            assert_nothing_left(&deleted, &format!("{policy} after {round} rounds"));
            let kept = policy == "Snapshot" && !world.cache.groups.is_empty();
            assert_eq!(
                deleted.cache.snapshots.len(),
                usize::from(kept),
                "{policy} after {round} rounds"
            );
        }
        world.round(&desired);
    }
    assert!(
        world.settle(&desired).is_settled(),
        "the last of these states is the settled one"
    );
}

#[test]
fn what_is_retained_stays_whole() {
    let (world, _) = settled(&everything());
    let before = world.truth();

    let mut api = world.clone();
    assert!(
        api.tear_down(&estate(&json!({"api": "Retain"})))
            .is_settled()
    );
    let kept = api.truth();
    assert_eq!(
        (kept.stage, kept.methods, kept.keys, kept.permissions),
        (
            before.stage.clone(),
            before.methods.clone(),
            before.keys.clone(),
            before.permissions.clone()
        )
    );
    assert!(api.gateway.usage_plans.len() == 1 && api.cache.groups.is_empty());

    let mut cache = world.clone();
    assert!(
        cache
            .tear_down(&estate(&json!({"cache": "Retain"})))
            .is_settled()
    );
    for tags in cache.cache.tags.values_mut() {
        tags.remove(TAG_RETAINED);
    }
    assert_eq!(cache.truth().cache, before.cache);
    assert!(cache.gateway.api.is_none() && cache.secrets.secret.unwrap().deleted.is_some());

    let mut secret = world;
    assert!(
        secret
            .tear_down(&estate(&json!({"secret": "Retain"})))
            .is_settled()
    );
    assert_eq!(secret.truth().secret, before.secret);
    assert!(!secret.secrets.is_to_be_deleted() && secret.cache.groups.is_empty());
}

#[test]
fn the_secret_outlives_the_cache_that_it_opens() {
    let (mut world, _) = settled(&everything());
    let estate = estate(&json!({}));
    while world
        .truth()
        .cache
        .groups
        .values()
        .any(|group| group.status != "none")
    {
        assert!(!world.secrets.is_to_be_deleted());
        world.tear_down_once(&estate);
    }
    assert!(world.tear_down(&estate).is_settled() && world.secrets.is_to_be_deleted());
}

#[test]
fn a_snapshot_of_the_final_name_does_not_stop_the_deletion() {
    let (mut world, _) = settled(&everything());
    world.cache.snapshots.insert(
        format!("{}-final", identity().cache_id()),
        "available".into(),
    );
    assert!(world.tear_down(&estate(&json!({}))).is_settled());
    assert_eq!(
        world.cache.snapshots.len(),
        2,
        "{:?}",
        world.cache.snapshots
    );
}

#[test]
fn a_group_that_was_never_created_has_no_data_to_keep() {
    let (mut world, _) = settled(&everything());
    world
        .cache
        .groups
        .values_mut()
        .for_each(|group| group.status = "create-failed".into());
    assert!(world.tear_down(&estate(&json!({}))).is_settled());
    assert!(world.cache.snapshots.is_empty() && world.cache.groups.is_empty());
}

#[test]
fn what_lost_our_tags_is_left_alone_and_does_not_hold_the_object_back() {
    let (mut world, _) = settled(&everything());
    world
        .cache
        .tags
        .values_mut()
        .for_each(|tags| *tags = foreign_tags());
    world.secrets.secret.as_mut().unwrap().tags = foreign_tags();
    world.gateway.usage_plans[0].tags = foreign_tags();
    world
        .gateway
        .keys
        .iter_mut()
        .for_each(|key| key.tags = foreign_tags());
    let before = world.truth();
    let plan = world.tear_down(&estate(&json!({})));
    assert!(plan.is_settled(), "{plan:#?}");
    let after = world.truth();
    assert_eq!(
        (after.cache, after.secret, after.keys),
        (before.cache, before.secret, before.keys)
    );
    assert!(
        !world.secrets.is_to_be_deleted()
            && world.gateway.usage_plans.len() == 1
            && world.gateway.api.is_none()
    );
}

#[test]
fn a_cluster_restored_elsewhere_takes_nothing_from_the_first() {
    let (mut world, _) = settled(&everything());
    let before = world.truth();
    let mut copy = identity();
    copy.cluster.id = "restored".into();
    let plan = world.tear_down(&Estate::new(copy, &spec(spec_json()), [], []));
    assert!(plan.is_settled(), "{plan:#?}");
    assert_eq!(
        (world.truth().cache, world.secrets.is_to_be_deleted()),
        (before.cache, false)
    );
}

#[test]
fn what_cannot_be_read_is_never_taken_for_gone() {
    for class in [Class::Transient, Class::Blocked] {
        for kind in KINDS {
            let (mut world, _) = settled(&everything());
            world.unreadable.insert(kind.to_owned(), class);
            let estate = estate(&json!({}));
            let mut read = true;
            for _ in 0..60 {
                if let Step::Idle(plan) = world.tear_down_once(&estate) {
                    read = plan.is_settled();
                }
            }
            let needed = ![
                "RestApi",
                "NamedRestApi",
                "OtherRestApis",
                "OtherReplicationGroup",
                "OtherSecret",
                "Methods",
                "Deployments",
                "Stage",
                "CacheNode",
                "SecretValue",
                "Login",
                "BoundSecret",
                "Workload",
                "Function",
                "FunctionAlias",
                "RolePolicy",
            ]
            .contains(&kind);
            assert_eq!(read, !needed, "{kind}: done without it");
            world.unreadable.clear();
            assert!(world.tear_down(&estate).is_settled(), "{kind}");
            assert_nothing_left(&world, kind);
        }
    }
}

#[test]
fn nothing_is_done_for_an_object_that_has_nothing() {
    let mut world = World::default();
    assert!(world.tear_down(&estate(&json!({}))).is_settled());
    assert!(world.actions.is_empty() && world.cache == ElastiCache::default());
}

#[test]
fn keys_and_usage_plans_of_a_creation_that_arrived_twice_go_too() {
    let (mut world, _) = settled(&everything());
    let gateway = &mut world.gateway;
    let (mut key, mut plan) = (gateway.keys[0].clone(), gateway.usage_plans[0].clone());
    (key.id, plan.id) = ("second".into(), "second".into());
    plan.key_ids.clear();
    gateway.keys.push(key);
    gateway.usage_plans.push(plan);
    take_down(&mut world);
}
