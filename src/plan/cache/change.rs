//! Differences that are put right in place, one at a time.

use crate::api::Engine;
use crate::model::{CacheVersion, Desired};
use crate::plan::{CacheAction, CacheNode, GroupChange, ObservedCache, ReplicationGroup};

use super::part::Ground;
use super::subnets;

/// What is to be changed in the group, in this order; the first is the next.
///
/// The order: what closes a hole, what does not touch nodes, what adds nodes, what restarts nodes, what removes nodes. Nodes are added before others are
/// restarted, so that somebody serves meanwhile. Failover is switched on once there is a replica to fail over to, and off just before the last one goes.
/// Subnets come first, so that new nodes may be placed in them, and go last: a subnet in use cannot go, and holds up nothing else.
pub(super) fn changes(
    desired: &Desired,
    observed: &ObservedCache,
    group: &ReplicationGroup,
    ground: Ground,
) -> impl Iterator<Item = CacheAction> {
    let node = observed.node.present();
    let own_subnets = ground.subnets && desired.cache.adoption.is_none();
    let subnets = observed.subnet_group.present().filter(|_| own_subnets);
    let changes = [
        attach_user_group(desired, group).filter(|_| ground.users),
        subnets.and_then(|subnets| subnets::add_subnets(desired, subnets)),
        node.and_then(|node| security_groups(desired, node)),
        snapshot_retention(desired, group),
        more_replicas(desired, group),
        failover(desired, group, true),
        node.and_then(|node| engine(desired, node)),
        node_type(desired, group),
        failover(desired, group, false),
        fewer_replicas(desired, group),
        subnets.and_then(|subnets| subnets::set_subnets(desired, subnets)),
    ];
    changes.into_iter().flatten()
}

fn modify(desired: &Desired, change: GroupChange) -> CacheAction {
    CacheAction::ModifyReplicationGroup {
        id: desired.cache.group_id.clone(),
        change,
    }
}

/// Without a user group anybody with network reach gets in, so this comes before everything. In place of another group it is refused, see
/// `refusal`.
fn attach_user_group(desired: &Desired, group: &ReplicationGroup) -> Option<CacheAction> {
    let missing = !desired.mode.has_token() && group.user_group_ids.is_empty();
    missing.then(|| {
        modify(
            desired,
            GroupChange::AttachUserGroup(desired.cache.id.clone()),
        )
    })
}

fn security_groups(desired: &Desired, node: &CacheNode) -> Option<CacheAction> {
    let wanted = &desired.cache.security_group_ids;
    (node.security_group_ids != *wanted)
        .then(|| modify(desired, GroupChange::SecurityGroups(wanted.clone())))
}

fn snapshot_retention(desired: &Desired, group: &ReplicationGroup) -> Option<CacheAction> {
    let wanted = desired.cache.snapshot_retention_days;
    (group.snapshot_retention_days != wanted)
        .then(|| modify(desired, GroupChange::SnapshotRetention(wanted)))
}

fn more_replicas(desired: &Desired, group: &ReplicationGroup) -> Option<CacheAction> {
    let cache = &desired.cache;
    let replicas_per_shard = cache.replicas_per_shard;
    (group.replicas_per_shard < replicas_per_shard).then(|| CacheAction::IncreaseReplicaCount {
        id: cache.group_id.clone(),
        replicas_per_shard,
    })
}

fn fewer_replicas(desired: &Desired, group: &ReplicationGroup) -> Option<CacheAction> {
    let cache = &desired.cache;
    let replicas_per_shard = cache.replicas_per_shard;
    (group.replicas_per_shard > replicas_per_shard).then(|| CacheAction::DecreaseReplicaCount {
        id: cache.group_id.clone(),
        replicas_per_shard,
    })
}

/// Switches failover and Multi-AZ to what is desired, when Multi-AZ is desired to be as `on` says.
fn failover(desired: &Desired, group: &ReplicationGroup, on: bool) -> Option<CacheAction> {
    let (automatic, multi_az) = (desired.cache.failover(), desired.cache.multi_az());
    let differs = (group.failover, group.multi_az) != (automatic, multi_az);
    (differs && multi_az == on).then(|| {
        modify(
            desired,
            GroupChange::Failover {
                automatic,
                multi_az,
            },
        )
    })
}

/// From redis to valkey, or to a higher version. Anything else that differs is refused, see `refusal`.
fn engine(desired: &Desired, node: &CacheNode) -> Option<CacheAction> {
    let cache = &desired.cache;
    let (wanted, running): (CacheVersion, CacheVersion) = (
        cache.engine_version.parse().ok()?,
        node.engine_version.parse().ok()?,
    );
    let other_engine = node.engine != cache.engine.as_str();
    let refused = wanted < running || (other_engine && cache.engine == Engine::Redis);
    let differs = other_engine || wanted > running;
    (differs && !refused).then(|| {
        modify(
            desired,
            GroupChange::Engine {
                engine: cache.engine,
                version: cache.engine_version.clone(),
            },
        )
    })
}

fn node_type(desired: &Desired, group: &ReplicationGroup) -> Option<CacheAction> {
    let wanted = &desired.cache.node_type;
    (group.node_type != *wanted).then(|| modify(desired, GroupChange::NodeType(wanted.clone())))
}

/// The change in words, for people.
pub(super) fn describe(change: &CacheAction) -> String {
    match change {
        CacheAction::ModifySubnetGroup { .. } => "subnets".into(),
        CacheAction::IncreaseReplicaCount {
            replicas_per_shard, ..
        }
        | CacheAction::DecreaseReplicaCount {
            replicas_per_shard, ..
        } => {
            format!("{replicas_per_shard} replicas per shard")
        }
        CacheAction::ModifyReplicationGroup { change, .. } => match change {
            GroupChange::NodeType(node_type) => format!("node type {node_type}"),
            GroupChange::Engine { engine, version } => {
                format!("engine {} {version}", engine.as_str())
            }
            GroupChange::SnapshotRetention(days) => format!("snapshot retention {days} d"),
            GroupChange::SecurityGroups(_) => "security groups".into(),
            GroupChange::Failover { multi_az: true, .. } => "failover on".into(),
            GroupChange::Failover { .. } => "failover off".into(),
            GroupChange::AttachUserGroup(_) => "user group attached".into(),
        },
        _ => "a change".into(),
    }
}
