//! `DescribeReplicationGroups` and `DescribeCacheClusters`.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::json;

use crate::elasticache::page::{Paging, page};
use crate::elasticache::refusal::not_found;
use crate::world::Regional;
use crate::{AwsError, Call, Reply};

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Describe {
    replication_group_id: Option<String>,
    max_records: Option<u32>,
    marker: Option<String>,
}

pub(in crate::elasticache) fn describe(
    call: &Call,
    place: &mut Regional,
) -> Result<Reply, AwsError> {
    let input: Describe = call.input()?;
    let state = &place.elasticache;
    let (groups, marker) = match input.replication_group_id {
        Some(id) => (vec![state.replication_group(&id)?], None),
        None => page(
            &state.replication_groups,
            &Paging {
                max_records: input.max_records,
                marker: input.marker,
            },
        )?,
    };
    let groups: Vec<_> = groups
        .into_iter()
        .map(|group| group.render(call.region()))
        .collect();
    Ok(Reply::ok(
        json!({"ReplicationGroups": {"ReplicationGroup": groups}, "Marker": marker}),
    ))
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct DescribeClusters {
    cache_cluster_id: Option<String>,
    max_records: Option<u32>,
    marker: Option<String>,
    #[serde(default)]
    show_cache_node_info: bool,
    #[serde(default)]
    show_cache_clusters_not_in_replication_groups: bool,
}

/// Every cluster here is a node of a replication group.
pub(in crate::elasticache) fn describe_cache_clusters(
    call: &Call,
    place: &mut Regional,
) -> Result<Reply, AwsError> {
    let input: DescribeClusters = call.input()?;
    let groups = place.elasticache.replication_groups.values();
    let groups = groups.filter(|_| !input.show_cache_clusters_not_in_replication_groups);
    let members = groups.flat_map(|group| {
        group
            .shards
            .iter()
            .flat_map(|shard| &shard.members)
            .map(move |member| (group, member))
    });
    let all: BTreeMap<_, _> = members
        .map(|(group, member)| (member.id.clone(), (group, member)))
        .collect();
    let (found, marker) = match &input.cache_cluster_id {
        Some(id) => {
            let found = all.get(&id.to_ascii_lowercase());
            (
                vec![found.ok_or_else(|| not_found("CacheClusterNotFound", "CacheCluster", id))?],
                None,
            )
        }
        None => page(
            &all,
            &Paging {
                max_records: input.max_records,
                marker: input.marker,
            },
        )?,
    };
    let render = |(group, member): &(&super::ReplicationGroup, &super::Member)| {
        group.render_cluster(member, call.region(), input.show_cache_node_info)
    };
    let clusters: Vec<_> = found.into_iter().map(render).collect();
    Ok(Reply::ok(
        json!({"CacheClusters": {"CacheCluster": clusters}, "Marker": marker}),
    ))
}
