//! ElastiCache's words in ours.

use aws_sdk_elasticache::types::{
    self, AuthenticationType, AutomaticFailoverStatus, MultiAzStatus, NodeGroup,
    ReplicationGroupPendingModifiedValues, TransitEncryptionMode, UserGroupsUpdateStatus,
};

use super::super::call::timestamp;
use crate::plan::{CacheNode, CacheUser, Endpoint, ReplicationGroup, SubnetGroup, UserGroup};

pub(super) fn subnet_group(group: types::CacheSubnetGroup) -> SubnetGroup {
    let subnets = group.subnets.unwrap_or_default().into_iter();
    SubnetGroup {
        arn: group.arn.unwrap_or_default(),
        subnet_ids: subnets
            .filter_map(|subnet| subnet.subnet_identifier)
            .collect(),
    }
}

pub(super) fn user(user: types::User) -> CacheUser {
    let authentication = user.authentication.as_ref();
    let passwords = authentication.and_then(|authentication| authentication.password_count);
    let kind = authentication.and_then(|authentication| authentication.r#type.as_ref());
    let iam = kind == Some(&AuthenticationType::Iam);
    CacheUser {
        arn: user.arn.unwrap_or_default(),
        name: user.user_name.unwrap_or_default(),
        status: user.status.unwrap_or_default(),
        engine: user.engine.unwrap_or_default(),
        access_string: user.access_string.unwrap_or_default(),
        passwords: count(passwords),
        iam,
    }
}

pub(super) fn user_group(group: types::UserGroup) -> UserGroup {
    UserGroup {
        arn: group.arn.unwrap_or_default(),
        status: group.status.unwrap_or_default(),
        engine: group.engine.unwrap_or_default(),
        user_ids: group.user_ids.unwrap_or_default().into_iter().collect(),
    }
}

pub(super) fn node(node: types::CacheCluster) -> CacheNode {
    let groups = node.security_groups.unwrap_or_default().into_iter();
    CacheNode {
        engine: node.engine.unwrap_or_default(),
        engine_version: node.engine_version.unwrap_or_default(),
        security_group_ids: groups.filter_map(|group| group.security_group_id).collect(),
        subnet_group: node.cache_subnet_group_name.unwrap_or_default(),
        parameter_group: (node.cache_parameter_group)
            .and_then(|group| group.cache_parameter_group_name)
            .unwrap_or_default(),
    }
}

/// A group in cluster mode has one endpoint for all; the nodes behind it tell clients where to read and write.
pub(super) fn replication_group(group: types::ReplicationGroup) -> ReplicationGroup {
    use AutomaticFailoverStatus::{Enabled, Enabling};
    let shards = group.node_groups.unwrap_or_default();
    let (primary, reader) = match group.configuration_endpoint {
        Some(all) => (endpoint(Some(&all)), None),
        None => endpoints(&shards),
    };
    let pending = (group.pending_modified_values.as_ref()).map_or_else(Vec::new, pending);
    let changing = (group.pending_modified_values.as_ref())
        .is_some_and(|values| values.auth_token_status.is_some());
    let nodes = shards
        .iter()
        .flat_map(NodeGroup::node_group_members)
        .filter_map(|node| endpoint(node.read_endpoint()))
        .collect();
    ReplicationGroup {
        nodes,
        arn: group.arn.unwrap_or_default(),
        status: group.status.unwrap_or_default(),
        created: timestamp(group.replication_group_create_time),
        node_groups_available: shards
            .iter()
            .all(|shard| shard.status() == Some("available")),
        engine: group.engine,
        node_type: group.cache_node_type.unwrap_or_default(),
        member_clusters: group.member_clusters.unwrap_or_default(),
        shards: u32::try_from(shards.len()).unwrap_or(u32::MAX),
        replicas_per_shard: fewest_replicas(&shards),
        failover: matches!(group.automatic_failover, Some(Enabled | Enabling)),
        multi_az: group.multi_az == Some(MultiAzStatus::Enabled),
        tls_required: group.transit_encryption_enabled == Some(true)
            && group.transit_encryption_mode != Some(TransitEncryptionMode::Preferred),
        encrypted_at_rest: group.at_rest_encryption_enabled == Some(true),
        snapshot_retention_days: count(group.snapshot_retention_limit),
        auth_token: group.auth_token_enabled == Some(true),
        cluster_mode: group.cluster_enabled == Some(true),
        global: (group.global_replication_group_info)
            .is_some_and(|info| info.global_replication_group_id.is_some()),
        user_group_ids: group
            .user_group_ids
            .unwrap_or_default()
            .into_iter()
            .collect(),
        primary,
        reader,
        auth_token_modified: timestamp(group.auth_token_last_modified_date),
        auth_token_changing: changing && pending.len() == 1,
        pending,
    }
}

fn endpoints(shards: &[NodeGroup]) -> (Option<Endpoint>, Option<Endpoint>) {
    let shard = shards.first();
    (
        endpoint(shard.and_then(NodeGroup::primary_endpoint)),
        endpoint(shard.and_then(NodeGroup::reader_endpoint)),
    )
}

fn endpoint(endpoint: Option<&types::Endpoint>) -> Option<Endpoint> {
    let endpoint = endpoint?;
    Some(Endpoint {
        host: endpoint.address()?.to_owned(),
        port: u16::try_from(endpoint.port()?).ok()?,
    })
}

fn fewest_replicas(shards: &[NodeGroup]) -> u32 {
    let replicas = |shard: &NodeGroup| shard.node_group_members().len().saturating_sub(1);
    let fewest = shards.iter().map(replicas).min().unwrap_or_default();
    u32::try_from(fewest).unwrap_or(u32::MAX)
}

fn count(number: Option<i32>) -> u32 {
    number
        .and_then(|number| u32::try_from(number).ok())
        .unwrap_or_default()
}

/// What is going to change, in words. Replies carry the structure when all of it is empty, too.
fn pending(values: &ReplicationGroupPendingModifiedValues) -> Vec<String> {
    let groups = values.user_groups.as_ref();
    let added = groups
        .map(UserGroupsUpdateStatus::user_group_ids_to_add)
        .unwrap_or_default();
    let removed = groups
        .map(UserGroupsUpdateStatus::user_group_ids_to_remove)
        .unwrap_or_default();
    let parts = [
        values
            .primary_cluster_id
            .as_ref()
            .map(|id| format!("primary {id}")),
        (values.automatic_failover_status.as_ref())
            .map(|status| format!("automatic failover {}", status.as_str())),
        values.resharding.as_ref().map(|_| "resharding".to_owned()),
        (values.auth_token_status.as_ref())
            .map(|status| format!("password {}", status.as_str().to_lowercase())),
        (!added.is_empty()).then(|| format!("user groups to add: {}", added.join(", "))),
        (!removed.is_empty()).then(|| format!("user groups to remove: {}", removed.join(", "))),
        (!values.log_delivery_configurations().is_empty()).then(|| "log delivery".to_owned()),
        values
            .transit_encryption_enabled
            .map(|on| format!("encryption in transit {on}")),
        (values.transit_encryption_mode.as_ref())
            .map(|mode| format!("encryption in transit {}", mode.as_str())),
        values
            .cluster_mode
            .as_ref()
            .map(|mode| format!("cluster mode {}", mode.as_str())),
    ];
    parts.into_iter().flatten().collect()
}
