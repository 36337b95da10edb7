//! What somebody changes behind our back.

use std::collections::BTreeMap;

use super::settled;
use crate::fixtures::{identity, now, spec_json};
use crate::plan::Sensitive;
use crate::plan::world::World;

pub(super) type Drift = fn(&mut World);

fn id() -> String {
    identity().cache_id()
}

pub(super) const DRIFTS: [(&str, Drift); 20] = [
    ("the subnet group's subnets", |world| {
        drop(
            world
                .cache
                .subnet_groups
                .get_mut(&id())
                .unwrap()
                .subnet_ids
                .pop_first(),
        )
    }),
    ("the user's rights", |world| {
        world.cache.users.get_mut(&id()).unwrap().access_string = "on ~* +@all".into()
    }),
    ("the default user switched on", |world| {
        world
            .cache
            .users
            .get_mut(&identity().default_user_id())
            .unwrap()
            .access_string = "on ~* +@all".into();
    }),
    ("the user taken out of the group", |world| {
        drop(
            world
                .cache
                .user_groups
                .get_mut(&id())
                .unwrap()
                .user_ids
                .remove(&id()),
        )
    }),
    ("a foreign user in the group", |world| {
        drop(
            world
                .cache
                .user_groups
                .get_mut(&id())
                .unwrap()
                .user_ids
                .insert("foreign".into()),
        )
    }),
    ("the user deleted", |world| {
        world.cache.lose_user(&id());
    }),
    ("the user group detached", |world| {
        world
            .cache
            .groups
            .get_mut(&id())
            .unwrap()
            .user_group_ids
            .clear()
    }),
    ("the security groups", |world| {
        drop(
            world
                .cache
                .nodes
                .get_mut(&id())
                .unwrap()
                .security_group_ids
                .insert("sg-0".into()),
        )
    }),
    ("the snapshots", |world| {
        world
            .cache
            .groups
            .get_mut(&id())
            .unwrap()
            .snapshot_retention_days = 0
    }),
    ("the node type", |world| {
        world.cache.groups.get_mut(&id()).unwrap().node_type = "cache.t4g.micro".into()
    }),
    ("more replicas", |world| {
        world
            .cache
            .groups
            .get_mut(&id())
            .unwrap()
            .replicas_per_shard = 4
    }),
    ("no replicas", |world| {
        let group = world.cache.groups.get_mut(&id()).unwrap();
        (group.replicas_per_shard, group.failover, group.multi_az) = (0, false, false);
    }),
    ("failover off", |world| {
        world.cache.groups.get_mut(&id()).unwrap().failover = false
    }),
    ("Multi-AZ off", |world| {
        world.cache.groups.get_mut(&id()).unwrap().multi_az = false
    }),
    ("the replication group deleted", |world| {
        world.cache.lose_group(&id());
    }),
    ("the secret's deletion scheduled", |world| {
        world.secrets.secret.as_mut().unwrap().deleted = Some(now())
    }),
    ("the endpoint taken out of the value", |world| {
        world.secrets.edit(|value| value.endpoint = None)
    }),
    ("the engine taken out of the value", |world| {
        world.secrets.edit(|value| value.engine = None)
    }),
    ("the bound Secret emptied", |world| {
        world.cluster.secrets.get_mut("orders-cache").unwrap().data = BTreeMap::new()
    }),
    ("the bound Secret deleted", |world| {
        world.cluster.secrets.clear()
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
