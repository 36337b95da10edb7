//! What is refused, what is waited for, and what goes on meanwhile.

use serde_json::{Value, json};

use super::settled;
use crate::api::Reason;
use crate::fixtures::{desired, identity, spec_json};
use crate::plan::world::{Step, World};
use crate::plan::{Aspect, Class, Plan, ReplicationGroup};

fn group(world: &mut World) -> &mut ReplicationGroup {
    world.cache.groups.values_mut().next().unwrap()
}

type Case = (&'static str, fn(&mut Value), fn(&mut World), &'static str);

const REFUSED: [Case; 10] = [
    (
        "an engine does not get older",
        |json| json["engineVersion"] = json!("8.0"),
        |_| {},
        "engineVersion: 8.0 is asked for and the group runs 8.1.0",
    ),
    (
        "not by a major version either",
        |json| json["engineVersion"] = json!("7.2"),
        |_| {},
        "engineVersion: 7.2 is asked for",
    ),
    (
        "a minor version that somebody raised is not taken back",
        |_| {},
        |world| {
            world
                .cache
                .nodes
                .values_mut()
                .for_each(|node| node.engine_version = "8.2.1".into());
        },
        "engineVersion: 8.1 is asked for and the group runs 8.2.1",
    ),
    (
        "a version that is no number is not guessed at",
        |_| {},
        |world| {
            world
                .cache
                .nodes
                .values_mut()
                .for_each(|node| node.engine_version = "8.x".into());
        },
        "engineVersion: 8.1 is asked for and the group runs 8.x",
    ),
    (
        "valkey does not become redis",
        |json| json["engine"] = json!("redis"),
        |_| {},
        "engine: the group runs valkey",
    ),
    (
        "shards are not moved",
        |json| json["shards"] = json!(2),
        |_| {},
        "shards: 2 are asked for and the group has 1",
    ),
    (
        "TLS is never switched by us",
        |_| {},
        |world| group(world).tls_required = false,
        "without TLS",
    ),
    (
        "encryption at rest comes with creation only",
        |_| {},
        |world| group(world).encrypted_at_rest = false,
        "not encrypted at rest",
    ),
    (
        "a group does not move to other subnets' group",
        |_| {},
        |world| {
            world
                .cache
                .nodes
                .values_mut()
                .for_each(|node| node.subnet_group = "other".into());
        },
        "network.subnetIds: the group lives in the subnet group other",
    ),
    (
        "another user group in place of ours is not swapped",
        |_| {},
        |world| group(world).user_group_ids = ["other".into()].into(),
        "the user group other is attached",
    ),
];

#[test]
fn what_would_replace_or_lose_is_refused_with_the_field() {
    for (reason, edit, meddle, message) in REFUSED {
        let mut json = spec_json();
        let (mut world, _) = settled(&json);
        edit(&mut json["cache"]["replicationGroup"]);
        meddle(&mut world);
        let before = world.truth();
        let plan = world.settle(&desired(json));
        let [block] = plan.cache.blocks.as_slice() else {
            panic!("{reason}: {plan:#?}")
        };
        assert_eq!(block.reason, Reason::ChangeRefused, "{reason}");
        assert!(
            block.message.starts_with("spec.cache.replicationGroup")
                && block.message.contains(message),
            "{reason}: {}",
            block.message
        );
        assert_eq!(world.truth().cache, before.cache, "{reason}");
    }
}

#[test]
fn a_refusal_stops_neither_the_other_changes_nor_the_other_aspects() {
    let mut json = spec_json();
    let (mut world, _) = settled(&json);
    json["cache"]["replicationGroup"]["engineVersion"] = json!("8.0");
    json["cache"]["replicationGroup"]["nodeType"] = json!("cache.r7g.large");
    json["bindings"] = json!([{"secret": {"name": "second"}}]);
    let plan = world.settle(&desired(json));
    assert_eq!(plan.cache.blocks.len(), 1, "it stays reported");
    assert_eq!(group(&mut world).node_type, "cache.r7g.large");
    assert!(world.cluster.secrets.contains_key("second"));
}

#[test]
fn a_group_that_could_not_be_created_is_reported_with_what_to_do() {
    let (mut world, desired) = settled(&spec_json());
    group(&mut world).status = "create-failed".into();
    let plan = world.settle(&desired);
    let [block] = plan.cache.blocks.as_slice() else {
        panic!("{plan:#?}")
    };
    assert_eq!(block.reason, Reason::Failed);
    assert!(
        block.message.contains(&identity().cache_id())
            && block.message.contains("delete the group"),
        "{}",
        block.message
    );
}

fn idle(step: Step) -> Option<Plan> {
    match step {
        Step::Idle(plan) => Some(*plan),
        Step::Acted => None,
    }
}

/// Words, with the reason that a wait for them has. Nobody knows the last two.
const WORDS: [(&str, Reason); 6] = [
    ("creating", Reason::Provisioning),
    ("modifying", Reason::Modifying),
    ("snapshotting", Reason::Modifying),
    ("deleting", Reason::Deleting),
    ("rebalancing", Reason::Progressing),
    ("failed", Reason::Progressing),
];

#[test]
fn a_word_that_is_not_rest_is_waited_for_and_changes_nothing() {
    for (word, reason) in WORDS {
        for kind in ["user", "usergroup", "replicationgroup"] {
            let mut json = spec_json();
            let (mut world, _) = settled(&json);
            json["cache"]["replicationGroup"]["nodeType"] = json!("cache.r7g.large");
            let id = identity().cache_id();
            match kind {
                "user" => world.cache.users.get_mut(&id).unwrap().status = word.into(),
                "usergroup" => world.cache.user_groups.get_mut(&id).unwrap().status = word.into(),
                _ => group(&mut world).status = word.into(),
            }
            let plan = (0..3)
                .find_map(|_| idle(world.round(&desired(json.clone()))))
                .unwrap();
            let wait = plan
                .cache
                .waits
                .iter()
                .find(|wait| wait.reason == reason && wait.message.contains(word));
            assert!(
                wait.is_some_and(|wait| wait.message.contains(&id)),
                "{kind} {word}: {plan:#?}"
            );
            assert!(plan.cache.blocks.is_empty(), "{kind} {word}: {plan:#?}");
        }
    }
}

#[test]
fn changes_wait_until_nothing_else_is_under_way() {
    type Meddling = fn(&mut ReplicationGroup);
    let cases: [(&str, Meddling); 2] = [
        ("a node group is not available", |group| {
            group.node_groups_available = false;
        }),
        ("AWS has changes pending", |group| {
            group.pending.push("AutomaticFailoverStatus".into());
        }),
    ];
    for (reason, meddle) in cases {
        let mut json = spec_json();
        let (mut world, _) = settled(&json);
        json["cache"]["replicationGroup"]["nodeType"] = json!("cache.r7g.large");
        meddle(group(&mut world));
        let plan = world.stall(&desired(json));
        assert_eq!(plan.cache.waits[0].reason, Reason::Modifying, "{reason}");
        assert_eq!(world.actions, [], "{reason}");
    }
}

#[test]
fn a_group_is_changed_only_after_two_sightings_of_available() {
    let mut json = spec_json();
    let (mut world, _) = settled(&json);
    json["cache"]["replicationGroup"]["nodeType"] = json!("cache.r7g.large");
    world.lose_sight();
    let Step::Idle(plan) = world.round(&desired(json.clone())) else {
        panic!("acts at once")
    };
    assert!(
        plan.cache.waits[0].message.contains("twice in a row"),
        "{plan:#?}"
    );
    assert_eq!(world.round(&desired(json)), Step::Acted);
}

#[test]
fn an_object_that_cannot_be_read_is_neither_created_nor_changed() {
    for class in [Class::Transient, Class::Blocked] {
        for (kind, aspect) in [
            ("SubnetGroup", Aspect::Cache),
            ("User", Aspect::Cache),
            ("DefaultUser", Aspect::Cache),
            ("UserGroup", Aspect::Cache),
            ("ReplicationGroup", Aspect::Cache),
            ("CacheTags", Aspect::Cache),
            ("Secret", Aspect::Credentials),
            ("SecretValue", Aspect::Credentials),
            ("BoundSecret", Aspect::Bindings),
        ] {
            let mut world = World::default();
            world.unreadable.insert(kind.into(), class);
            let desired = desired(spec_json());
            let plan = world.stall(&desired);
            let (_, decided) = plan.aspects().find(|(found, _)| *found == aspect).unwrap();
            let reason = if class == Class::Blocked {
                Reason::AccessDenied
            } else {
                Reason::AwsUnavailable
            };
            let told = decided
                .blocks
                .iter()
                .map(|block| block.reason)
                .chain(decided.waits.iter().map(|wait| wait.reason));
            assert!(
                told.into_iter().any(|told| told == reason),
                "{kind}: {plan:#?}"
            );
            let built = !world.cache.groups.is_empty() && !world.cluster.secrets.is_empty();
            assert!(!built, "{kind}: built without knowing");
            world.unreadable.clear();
            assert!(world.settle(&desired).is_settled(), "{kind}");
        }
    }
}
