//! ElastiCache: subnet groups, users, user groups, replication groups and snapshots, over the Query protocol.
//!
//! Every operation is pure arithmetic on [`State`] under the lock. Timed states hold the moment at which they take effect
//! (`due`) and `settle` moves them on; nothing runs on a timer, so virtual time works.
//!
//! Not simulated, and refused as unknown parameters: global datastores, serverless caches, log delivery, durability, data tiering. Custom parameter groups and IPv6 are refused by value.
//!
//! With `--valkey-server` the nodes are real. Then what a state *means* is decided here and what *runs* by `nodes`, and a
//! resource becomes `available` or `active` only when the nodes have confirmed that they are in step (`nodes::Plan`).

mod acl;
mod engine;
mod iam;
mod login;
mod names;
mod nodes;
mod page;
mod refusal;
mod replication_group;
mod settle;
mod snapshot;
mod subnet_group;
mod tagging;
#[cfg(test)]
mod tests;
mod user;
mod user_group;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

pub use login::{LoginOutcome, login, members};
pub use nodes::supervise;
pub(crate) use nodes::{Authority, ca_pem};
pub(crate) use settle::settle;

use crate::world::Regional;
use crate::{AwsError, Call, Reply};
use replication_group::ReplicationGroup;
use snapshot::Snapshot;
use subnet_group::SubnetGroup;
use user::User;
use user_group::UserGroup;

/// The caches, users and groups of one account and Region, each by its id.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct State {
    subnet_groups: BTreeMap<String, SubnetGroup>,
    users: BTreeMap<String, User>,
    user_groups: BTreeMap<String, UserGroup>,
    replication_groups: BTreeMap<String, ReplicationGroup>,
    snapshots: BTreeMap<String, Snapshot>,
}

/// ARNs of the nodes of replication groups, each with the ARN of its group.
pub(crate) fn nodes_of_groups(state: &State) -> impl Iterator<Item = (String, &str)> {
    state.replication_groups.values().flat_map(|group| {
        let nodes = group.member_ids().map(|id| {
            let of_group = group.arn.rsplit_once(":replicationgroup:");
            let place = of_group.map_or_else(String::new, |(place, _)| place.to_owned());
            format!("{place}:cluster:{id}")
        });
        nodes.map(|node| (node, group.arn.as_str()))
    })
}

type Operation = fn(&Call, &mut Regional) -> Result<Reply, AwsError>;

fn operation(name: &str) -> Option<Operation> {
    Some(match name {
        "CreateReplicationGroup" => replication_group::create,
        "DescribeReplicationGroups" => replication_group::describe,
        "ModifyReplicationGroup" => replication_group::modify,
        "DeleteReplicationGroup" => replication_group::delete,
        "IncreaseReplicaCount" => replication_group::increase_replicas,
        "DecreaseReplicaCount" => replication_group::decrease_replicas,
        "ModifyReplicationGroupShardConfiguration" => replication_group::modify_shards,
        "TestFailover" => replication_group::test_failover,
        "DescribeCacheClusters" => replication_group::describe_cache_clusters,
        "CreateCacheSubnetGroup" => subnet_group::create,
        "DescribeCacheSubnetGroups" => subnet_group::describe,
        "ModifyCacheSubnetGroup" => subnet_group::modify,
        "DeleteCacheSubnetGroup" => subnet_group::delete,
        "CreateUser" => user::create,
        "DescribeUsers" => user::describe,
        "ModifyUser" => user::modify,
        "DeleteUser" => user::delete,
        "CreateUserGroup" => user_group::create,
        "DescribeUserGroups" => user_group::describe,
        "ModifyUserGroup" => user_group::modify,
        "DeleteUserGroup" => user_group::delete,
        "CreateSnapshot" => snapshot::create,
        "DescribeSnapshots" => snapshot::describe,
        "DeleteSnapshot" => snapshot::delete,
        "AddTagsToResource" => tagging::add,
        "RemoveTagsFromResource" => tagging::remove,
        "ListTagsForResource" => tagging::list,
        _ => return None,
    })
}

pub(crate) fn handle(call: &Call, place: &mut Regional) -> Result<Reply, AwsError> {
    let operation = operation(&call.operation).ok_or_else(|| AwsError::unknown_operation(call))?;
    let users = &mut place.elasticache.users;
    users
        .entry("default".to_owned())
        .or_insert_with(|| User::built_in(call));
    operation(call, place)
}
