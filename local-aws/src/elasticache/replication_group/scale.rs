//! Operations on the number of nodes, and failover.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::json;

use super::rules::{MOST_NODES_IN_GROUP, MOST_REPLICAS, check_node_quota};
use super::{Change, ReplicationGroup};
use crate::elasticache::refusal::{combination, ensure, not_found, value};
use crate::world::Regional;
use crate::{AwsError, Call, Reply};

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct ChangeReplicas {
    replication_group_id: String,
    new_replica_count: Option<usize>,
    #[serde(default)]
    replica_configuration: Vec<ConfigureShard>,
    #[serde(default)]
    replicas_to_remove: Vec<String>,
    apply_immediately: bool,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct ConfigureShard {
    node_group_id: String,
    new_replica_count: usize,
}

impl ChangeReplicas {
    /// Shard id -> replicas it shall have.
    fn replicas(&self, group: &ReplicationGroup) -> Result<BTreeMap<String, usize>, AwsError> {
        ensure(self.apply_immediately, || {
            value("ApplyImmediately must be true.")
        })?;
        group.check_available("modify")?;
        let wanted: BTreeMap<_, _> = match self.new_replica_count {
            Some(count) => group
                .shards
                .iter()
                .map(|shard| (shard.id.clone(), count))
                .collect(),
            None => self
                .replica_configuration
                .iter()
                .map(|shard| (shard.node_group_id.clone(), shard.new_replica_count))
                .collect(),
        };
        ensure(!wanted.is_empty(), || {
            combination("NewReplicaCount or ReplicaConfiguration must be given.")
        })?;
        let stranger = wanted
            .keys()
            .find(|id| group.shards.iter().all(|shard| shard.id != **id));
        stranger.map_or(Ok(()), |id| {
            Err(not_found("NodeGroupNotFoundFault", "Node group", id))
        })?;
        ensure(wanted.values().all(|count| *count <= MOST_REPLICAS), || {
            value("A shard has at most 5 replicas.")
        })?;
        Ok(wanted)
    }

    fn change(self, wanted: BTreeMap<String, usize>) -> Change {
        let nodes = wanted
            .into_iter()
            .map(|(id, replicas)| (id, replicas + 1))
            .collect();
        Change {
            nodes,
            leaving: self.replicas_to_remove,
            ..Change::default()
        }
    }
}

/// Whether `holds` for every shard that changes, given its replicas now and then.
fn every(
    group: &ReplicationGroup,
    wanted: &BTreeMap<String, usize>,
    holds: impl Fn(usize, usize) -> bool,
) -> bool {
    group.shards.iter().all(|shard| {
        wanted
            .get(&shard.id)
            .is_none_or(|then| holds(shard.members.len() - 1, *then))
    })
}

fn no_operation(message: &str) -> AwsError {
    AwsError::bad_request("NoOperationFault", message)
}

pub(in crate::elasticache) fn increase_replicas(
    call: &Call,
    place: &mut Regional,
) -> Result<Reply, AwsError> {
    let input: ChangeReplicas = call.input()?;
    let state = &mut place.elasticache;
    let group = state.replication_group(&input.replication_group_id)?;
    let wanted = input.replicas(group)?;
    ensure(every(group, &wanted, |now, then| then > now), || {
        no_operation("The new replica count must be higher.")
    })?;
    let more = group
        .shards
        .iter()
        .filter_map(|shard| Some(wanted.get(&shard.id)? + 1 - shard.members.len()))
        .sum();
    check_node_quota(call, state, more)?;
    start(
        call,
        place,
        &input.replication_group_id.clone(),
        input.change(wanted),
    )
}

pub(in crate::elasticache) fn decrease_replicas(
    call: &Call,
    place: &mut Regional,
) -> Result<Reply, AwsError> {
    let input: ChangeReplicas = call.input()?;
    let group = place
        .elasticache
        .replication_group(&input.replication_group_id)?;
    let wanted = input.replicas(group)?;
    ensure(every(group, &wanted, |now, then| then < now), || {
        no_operation("The new replica count must be lower.")
    })?;
    let least = usize::from(group.multi_az || (group.automatic_failover && !group.clustered()));
    ensure(every(group, &wanted, |_, then| then >= least), || {
        combination(
            "Automatic failover and MultiAZ need at least one replica; switch them off first.",
        )
    })?;
    let primary = group
        .shards
        .iter()
        .any(|shard| input.replicas_to_remove.contains(&shard.primary));
    ensure(!primary, || value("A primary cannot be removed."))?;
    start(
        call,
        place,
        &input.replication_group_id.clone(),
        input.change(wanted),
    )
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct ModifyShards {
    replication_group_id: String,
    node_group_count: usize,
    apply_immediately: bool,
    #[serde(default)]
    node_groups_to_remove: Vec<String>,
    #[serde(default)]
    node_groups_to_retain: Vec<String>,
}

pub(in crate::elasticache) fn modify_shards(
    call: &Call,
    place: &mut Regional,
) -> Result<Reply, AwsError> {
    let input: ModifyShards = call.input()?;
    let state = &mut place.elasticache;
    let group = state.replication_group(&input.replication_group_id)?;
    group.check_available("modify")?;
    ensure(input.apply_immediately, || {
        value("ApplyImmediately must be true.")
    })?;
    ensure(group.clustered(), || {
        combination("The shards of a replication group change only in cluster mode.")
    })?;
    ensure(input.node_group_count >= 1, || {
        value("NodeGroupCount must be at least 1.")
    })?;
    ensure(input.node_group_count <= MOST_NODES_IN_GROUP, || {
        let message = format!("A replication group has at most {MOST_NODES_IN_GROUP} node groups.");
        AwsError::bad_request("NodeGroupsPerReplicationGroupQuotaExceeded", message)
    })?;
    let shards = input.shards(group)?;
    let nodes_each = group.shards.first().map_or(1, |shard| shard.members.len());
    let more = shards.len().saturating_sub(group.shards.len()) * nodes_each;
    check_node_quota(call, state, more)?;
    start(
        call,
        place,
        &input.replication_group_id,
        Change {
            shards: Some(shards),
            ..Change::default()
        },
    )
}

impl ModifyShards {
    /// The ids of the shards there shall be; who loses shards says which.
    fn shards(&self, group: &ReplicationGroup) -> Result<Vec<String>, AwsError> {
        let mut ids: Vec<String> = group.shards.iter().map(|shard| shard.id.clone()).collect();
        ensure(self.node_group_count != ids.len(), || {
            value("The replication group has that many node groups already.")
        })?;
        if self.node_group_count < ids.len() {
            ids.retain(|id| match self.node_groups_to_retain.as_slice() {
                [] => !self.node_groups_to_remove.contains(id),
                retained => retained.contains(id),
            });
            ensure(ids.len() == self.node_group_count, || {
                combination(
                    "NodeGroupsToRemove or NodeGroupsToRetain must leave NodeGroupCount node groups.",
                )
            })?;
        }
        let free = (1..)
            .map(|number| format!("{number:04}"))
            .filter(|id| group.shards.iter().all(|shard| shard.id != *id));
        let missing = self.node_group_count.saturating_sub(ids.len());
        ids.extend(free.take(missing));
        Ok(ids)
    }
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct TestFailover {
    replication_group_id: String,
    node_group_id: String,
}

/// The first replica of the shard becomes its primary.
pub(in crate::elasticache) fn test_failover(
    call: &Call,
    place: &mut Regional,
) -> Result<Reply, AwsError> {
    let input: TestFailover = call.input()?;
    let group = place
        .elasticache
        .replication_group(&input.replication_group_id)?;
    group.check_available("fail over")?;
    let shard = group
        .shards
        .iter()
        .find(|shard| shard.id == input.node_group_id);
    let shard = shard
        .ok_or_else(|| not_found("NodeGroupNotFoundFault", "Node group", &input.node_group_id))?;
    let successor = shard
        .successor()
        .filter(|_| group.automatic_failover)
        .ok_or_else(|| {
            AwsError::bad_request(
                "TestFailoverNotAvailableFault",
                "Automatic failover is not enabled.",
            )
        })?;
    let primaries = BTreeMap::from([(shard.id.clone(), successor.to_owned())]);
    start(
        call,
        place,
        &input.replication_group_id,
        Change {
            primaries,
            ..Change::default()
        },
    )
}

fn start(call: &Call, place: &mut Regional, id: &str, change: Change) -> Result<Reply, AwsError> {
    let group = place.elasticache.replication_group_mut(id)?;
    group.begin(call, change);
    Ok(Reply::ok(
        json!({"ReplicationGroup": group.render(call.region())}),
    ))
}
