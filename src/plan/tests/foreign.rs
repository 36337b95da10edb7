//! What has our names and not our tags is somebody else's: it is reported, never written, and nothing is built on it.

use super::settled;
use crate::api::Reason;
use crate::fixtures::{desired, identity, now, spec_json};
use crate::plan::world::{Truth, World, foreign_tags};
use crate::plan::{Aspect, BoundSecret};

type Taking = fn(&mut World);

fn give_away(world: &mut World, kind: &str) {
    let bearers = world
        .cache
        .tags
        .iter_mut()
        .filter(|(arn, _)| arn.contains(&format!(":{kind}:")));
    bearers.for_each(|(_, tags)| *tags = foreign_tags());
}

const TAKEN: [(&str, Aspect, Taking); 7] = [
    ("the subnet group", Aspect::Cache, |world| {
        give_away(world, "subnetgroup");
    }),
    ("the user", Aspect::Cache, |world| give_away(world, "user")),
    ("the user group", Aspect::Cache, |world| {
        give_away(world, "usergroup");
    }),
    ("the replication group", Aspect::Cache, |world| {
        give_away(world, "replicationgroup");
    }),
    ("the secret", Aspect::Credentials, |world| {
        world.secrets.secret.as_mut().unwrap().tags = foreign_tags();
    }),
    (
        "a secret that is to be deleted",
        Aspect::Credentials,
        |world| {
            let secret = world.secrets.secret.as_mut().unwrap();
            (secret.tags, secret.deleted) = (foreign_tags(), Some(now()));
        },
    ),
    ("the bound Secret", Aspect::Bindings, |world| {
        world.cluster.secrets.get_mut("orders-cache").unwrap().owned = false;
    }),
];

#[test]
fn a_name_that_somebody_else_has_is_reported_and_left_alone() {
    for (what, aspect, take) in TAKEN {
        let (mut world, desired) = settled(&spec_json());
        take(&mut world);
        meddle(&mut world, what);
        let before = world.truth();
        let plan = world.stall(&desired);
        let (_, decided) = plan.aspects().find(|(found, _)| *found == aspect).unwrap();
        let Some(block) = decided.blocks.first() else {
            panic!("{what}: {plan:#?}");
        };
        assert_eq!(block.reason, Reason::NameTaken, "{what}");
        let names = [
            identity().cache_id(),
            identity().secret_name(),
            "orders-cache".into(),
        ];
        assert!(
            names.iter().any(|name| block.message.contains(name)),
            "{what}: {}",
            block.message
        );
        assert_untouched(what, &before, &world.truth());
    }
}

/// Leaves something to put right in everything, but not by us where it is somebody else's.
fn meddle(world: &mut World, what: &str) {
    let cache = &mut world.cache;
    for group in cache.subnet_groups.values_mut() {
        group.subnet_ids.clear();
    }
    for user in cache.users.values_mut() {
        user.access_string = "on".into();
    }
    for group in cache.user_groups.values_mut() {
        group.user_ids.insert("foreign".into());
    }
    for group in cache
        .groups
        .values_mut()
        .filter(|_| what == "the user group")
    {
        group.user_group_ids.clear();
    }
    for secret in world.cluster.secrets.values_mut() {
        secret.data.clear();
    }
}

fn assert_untouched(what: &str, before: &Truth, after: &Truth) {
    match what {
        "the subnet group" => assert_eq!(after.cache.subnet_groups, before.cache.subnet_groups),
        "the user" => assert_eq!(after.cache.users, before.cache.users),
        "the user group" => {
            assert_eq!(after.cache.user_groups, before.cache.user_groups);
            assert_eq!(
                after.cache.groups, before.cache.groups,
                "nor is it attached"
            );
        }
        "the replication group" => assert_eq!(after.cache.groups, before.cache.groups),
        "the bound Secret" => assert_eq!(after.bound, before.bound),
        _ => assert_eq!(&after.secret, &before.secret),
    }
}

#[test]
fn nothing_is_built_on_what_somebody_else_has() {
    for kind in ["subnetgroup", "user", "usergroup"] {
        let (mut world, desired) = settled(&spec_json());
        world.cache.lose_group(&identity().cache_id());
        give_away(&mut world, kind);
        world.stall(&desired);
        assert!(world.cache.groups.is_empty(), "{kind}");
    }
}

#[test]
fn the_endpoint_of_somebody_elses_group_is_given_to_nobody() {
    let (mut world, desired) = settled(&spec_json());
    give_away(&mut world, "replicationgroup");
    world.secrets.edit(|value| value.endpoint = None);
    world.stall(&desired);
    assert_eq!(world.secrets.current().unwrap().endpoint, None);
}

#[test]
fn a_secret_of_somebody_else_gives_no_password_to_our_user() {
    let mut world = World::default();
    let desired = desired(spec_json());
    world.round(&desired);
    world.secrets.secret.as_mut().unwrap().tags = foreign_tags();
    world.stall(&desired);
    assert!(!world.cache.users.contains_key(&identity().cache_id()));
}

#[test]
fn a_secret_that_left_the_spec_and_is_not_ours_stays() {
    let (mut world, desired) = settled(&spec_json());
    let foreign = BoundSecret {
        owned: false,
        resource_version: "1".into(),
        data: [].into(),
        version: None,
    };
    world.cluster.secrets.insert("old".into(), foreign);
    world.cluster.remembered.insert("old".into());
    assert!(world.settle(&desired).is_settled());
    assert!(world.cluster.secrets.contains_key("old"));
}
