//! What somebody changes behind our back.

use std::collections::BTreeSet;

use super::settled;
use crate::fixtures::{identity, now, spec_json};
use crate::plan::world::World;
use crate::plan::{BoundSecret, CacheUser, ReplicationGroup, Sensitive};

pub(super) type Drift = fn(&mut World);

fn id() -> String {
    identity().cache_id()
}

fn user<'a>(world: &'a mut World, id: &str) -> &'a mut CacheUser {
    world.cache.users.get_mut(id).unwrap()
}

/// Id of the user that the secret names.
fn back_ends_user(world: &World) -> String {
    let value = world.secrets.current().unwrap();
    identity().user_id(&value.username).unwrap()
}

fn members(world: &mut World) -> &mut BTreeSet<String> {
    &mut world.cache.user_groups.get_mut(&id()).unwrap().user_ids
}

fn group(world: &mut World) -> &mut ReplicationGroup {
    world.cache.groups.get_mut(&id()).unwrap()
}

fn bound(world: &mut World) -> &mut BoundSecret {
    world.cluster.secrets.get_mut("orders-cache").unwrap()
}

pub(super) const DRIFTS: [(&str, Drift); 20] = [
    ("the subnet group's subnets", |world| {
        world
            .cache
            .subnet_groups
            .get_mut(&id())
            .unwrap()
            .subnet_ids
            .pop_first();
    }),
    ("the user's rights", |world| {
        let id = back_ends_user(world);
        user(world, &id).access_string = "on ~* +@all".into();
    }),
    ("the default user switched on", |world| {
        user(world, &identity().default_user_id()).access_string = "on ~* +@all".into();
    }),
    ("the user taken out of the group", |world| {
        let id = back_ends_user(world);
        members(world).remove(&id);
    }),
    ("a foreign user in the group", |world| {
        members(world).insert("foreign".into());
    }),
    ("the user deleted", |world| {
        let id = back_ends_user(world);
        world.cache.lose_user(&id);
    }),
    ("the user group detached", |world| {
        group(world).user_group_ids.clear();
    }),
    ("the security groups", |world| {
        let node = world.cache.nodes.get_mut(&id()).unwrap();
        node.security_group_ids.insert("sg-0".into());
    }),
    ("the snapshots", |world| {
        group(world).snapshot_retention_days = 0;
    }),
    ("the node type", |world| {
        group(world).node_type = "cache.t4g.micro".into();
    }),
    ("more replicas", |world| group(world).replicas_per_shard = 4),
    ("no replicas", |world| {
        let group = group(world);
        (group.replicas_per_shard, group.failover, group.multi_az) = (0, false, false);
    }),
    ("failover off", |world| group(world).failover = false),
    ("Multi-AZ off", |world| group(world).multi_az = false),
    ("the replication group deleted", |world| {
        world.cache.lose_group(&id());
    }),
    ("the secret's deletion scheduled", |world| {
        world.secrets.secret.as_mut().unwrap().deleted = Some(now());
    }),
    ("the endpoint taken out of the value", |world| {
        world.secrets.edit(|value| value.endpoint = None);
    }),
    ("the engine taken out of the value", |world| {
        world.secrets.edit(|value| value.engine = None);
    }),
    ("the bound Secret emptied", |world| {
        bound(world).data.clear();
    }),
    ("the bound Secret deleted", |world| {
        world.cluster.secrets.clear();
    }),
];

#[test]
fn what_somebody_changed_is_put_right() {
    for (reason, drift) in DRIFTS {
        let (mut world, desired) = settled(&spec_json());
        let before = world.truth();
        drift(&mut world);
        assert_ne!(world.truth(), before, "{reason}: the drift is one");
        let plan = world.settle(&desired);
        assert!(plan.is_settled(), "{reason}: {plan:#?}");
        assert_eq!(world.truth(), before, "{reason}");
    }
}

#[test]
fn ten_polls_find_what_somebody_changed() {
    for (reason, drift) in DRIFTS {
        let (mut world, desired) = settled(&spec_json());
        drift(&mut world);
        let found = (0..10).any(|n| !world.poll(&desired, n).is_settled());
        assert!(found, "{reason}");
    }
}

#[test]
fn a_password_changed_by_hand_reaches_the_back_ends_with_the_next_poll() {
    let (mut world, desired) = settled(&spec_json());
    world
        .secrets
        .edit(|value| value.password = Sensitive::new("by-hand"));
    assert!(
        !world.poll(&desired, 0).is_settled(),
        "the version tells, without a read of the value"
    );
    assert!(world.settle(&desired).is_settled());
    assert_eq!(
        world.secrets.current().unwrap().password.reveal(),
        "by-hand",
        "it is adopted"
    );
    assert_eq!(
        world.cluster.secrets["orders-cache"].data["password"].reveal(),
        "by-hand"
    );
}

#[test]
fn keys_that_others_add_to_a_bound_secret_are_theirs() {
    let (mut world, desired) = settled(&spec_json());
    let secret = world.cluster.secrets.get_mut("orders-cache").unwrap();
    secret.data.insert("theirs".into(), Sensitive::new("1"));
    assert!(world.settle(&desired).is_settled());
    assert_eq!(world.actions, []);
}

#[test]
fn rights_that_somebody_widens_before_the_operator_has_looked_are_put_right() {
    let (mut world, desired) = settled(&spec_json());
    let right = user(&mut world, &id()).access_string.clone();
    let widen = |world: &mut World| user(world, &id()).access_string = "on ~* +@all".into();
    widen(&mut world);
    while user(&mut world, &id()).status == "active" {
        world.round(&desired);
    }
    // ElastiCache is done with what the operator wrote, and the operator has not looked since.
    while user(&mut world, &id()).status != "active" {
        world.cache.tick();
    }
    widen(&mut world);
    assert!(world.settle(&desired).is_settled());
    assert_eq!(user(&mut world, &id()).access_string, right);
}
