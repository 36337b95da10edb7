//! Differences that are put right in place, one at a time.

use crate::api::Engine;
use crate::model::CacheVersion;
use crate::plan::{CacheAction, CacheNode, GroupChange, ReplicationGroup};

use super::part::{Ground, Scene};
use super::subnets;

/// The next change of the group, if any.
///
/// The order: what closes a hole, what does not touch nodes, what adds nodes, what restarts nodes, what removes nodes. Nodes are added before others are
/// restarted, so that somebody serves meanwhile. Failover is switched on once there is a replica to fail over to, and off just before the last one goes.
/// Subnets come first, so that new nodes may be placed in them, and go last: a subnet in use cannot go, and holds up nothing else.
pub(super) fn next_change(
    scene: Scene,
    group: &ReplicationGroup,
    ground: Ground,
) -> Option<CacheAction> {
    let observed = &scene.observed.cache;
    let node = observed.node.present();
    let subnets = observed.subnet_group.present().filter(|_| ground.subnets);
    attach_user_group(scene, group)
        .filter(|_| ground.users)
        .or_else(|| subnets.and_then(|subnets| subnets::add_subnets(scene, subnets)))
        .or_else(|| node.and_then(|node| security_groups(scene, node)))
        .or_else(|| snapshot_retention(scene, group))
        .or_else(|| more_replicas(scene, group))
        .or_else(|| failover(scene, group, true))
        .or_else(|| node.and_then(|node| engine(scene, node)))
        .or_else(|| node_type(scene, group))
        .or_else(|| failover(scene, group, false))
        .or_else(|| fewer_replicas(scene, group))
        .or_else(|| subnets.and_then(|subnets| subnets::set_subnets(scene, subnets)))
}

fn modify(scene: Scene, change: GroupChange) -> CacheAction {
    CacheAction::ModifyReplicationGroup {
        id: scene.desired.cache.group_id.clone(),
        change,
    }
}

/// Without a user group anybody with network reach gets in, so this comes before everything. In place of another group it is refused, see
/// `refusal`.
fn attach_user_group(scene: Scene, group: &ReplicationGroup) -> Option<CacheAction> {
    let missing = !scene.desired.mode.has_token() && group.user_group_ids.is_empty();
    missing.then(|| {
        modify(
            scene,
            GroupChange::AttachUserGroup(scene.desired.cache.id.clone()),
        )
    })
}

fn security_groups(scene: Scene, node: &CacheNode) -> Option<CacheAction> {
    let wanted = &scene.desired.cache.security_group_ids;
    (node.security_group_ids != *wanted)
        .then(|| modify(scene, GroupChange::SecurityGroups(wanted.clone())))
}

fn snapshot_retention(scene: Scene, group: &ReplicationGroup) -> Option<CacheAction> {
    let wanted = scene.desired.cache.snapshot_retention_days;
    (group.snapshot_retention_days != wanted)
        .then(|| modify(scene, GroupChange::SnapshotRetention(wanted)))
}

fn more_replicas(scene: Scene, group: &ReplicationGroup) -> Option<CacheAction> {
    let cache = &scene.desired.cache;
    let replicas_per_shard = cache.replicas_per_shard;
    (group.replicas_per_shard < replicas_per_shard).then(|| CacheAction::IncreaseReplicaCount {
        id: cache.group_id.clone(),
        replicas_per_shard,
    })
}

fn fewer_replicas(scene: Scene, group: &ReplicationGroup) -> Option<CacheAction> {
    let cache = &scene.desired.cache;
    let replicas_per_shard = cache.replicas_per_shard;
    (group.replicas_per_shard > replicas_per_shard).then(|| CacheAction::DecreaseReplicaCount {
        id: cache.group_id.clone(),
        replicas_per_shard,
    })
}

/// Switches failover and Multi-AZ to what is desired, when Multi-AZ is desired to be as `on` says.
fn failover(scene: Scene, group: &ReplicationGroup, on: bool) -> Option<CacheAction> {
    let (automatic, multi_az) = (
        scene.desired.cache.failover(),
        scene.desired.cache.multi_az(),
    );
    let differs = (group.failover, group.multi_az) != (automatic, multi_az);
    (differs && multi_az == on).then(|| {
        modify(
            scene,
            GroupChange::Failover {
                automatic,
                multi_az,
            },
        )
    })
}

/// From redis to valkey, or to a higher version. Anything else that differs is refused, see `refusal`.
fn engine(scene: Scene, node: &CacheNode) -> Option<CacheAction> {
    let cache = &scene.desired.cache;
    let (wanted, running): (CacheVersion, CacheVersion) = (
        cache.engine_version.parse().ok()?,
        node.engine_version.parse().ok()?,
    );
    let other_engine = node.engine != cache.engine.as_str();
    let refused = wanted < running || (other_engine && cache.engine == Engine::Redis);
    let differs = other_engine || wanted > running;
    (differs && !refused).then(|| {
        modify(
            scene,
            GroupChange::Engine {
                engine: cache.engine,
                version: cache.engine_version.clone(),
            },
        )
    })
}

fn node_type(scene: Scene, group: &ReplicationGroup) -> Option<CacheAction> {
    let wanted = &scene.desired.cache.node_type;
    (group.node_type != *wanted).then(|| modify(scene, GroupChange::NodeType(wanted.clone())))
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
