use crate::model::Tags;
use crate::plan::{CacheNode, CacheUser, Fact, ReplicationGroup, Seen, SubnetGroup, UserGroup};

use super::super::call::{Refusal, seen};
use super::super::operations::{
    DESCRIBE_CACHE_CLUSTERS, DESCRIBE_REPLICATION_GROUPS, DESCRIBE_SNAPSHOTS,
    DESCRIBE_SUBNET_GROUPS, DESCRIBE_USER_GROUPS, DESCRIBE_USERS, LIST_CACHE_TAGS,
};
use super::{ElastiCache, from_sdk};

pub(in crate::aws) async fn read_subnet_group(
    cache: &ElastiCache,
    name: &str,
) -> Seen<SubnetGroup> {
    let request = cache.client.describe_cache_subnet_groups();
    let request = request.cache_subnet_group_name(name);
    let reply = cache
        .caller
        .call(DESCRIBE_SUBNET_GROUPS, name, request.send())
        .await;
    only(
        reply.map(|reply| reply.cache_subnet_groups),
        from_sdk::subnet_group,
    )
}

pub(in crate::aws) async fn read_user(cache: &ElastiCache, id: &str) -> Seen<CacheUser> {
    let request = cache.client.describe_users().user_id(id);
    let reply = cache.caller.call(DESCRIBE_USERS, id, request.send()).await;
    only(reply.map(|reply| reply.users), from_sdk::user)
}

pub(in crate::aws) async fn read_back_ends_user(cache: &ElastiCache, id: &str) -> Fact {
    Fact::User {
        id: id.to_owned(),
        user: read_user(cache, id).await,
    }
}

pub(in crate::aws) async fn read_user_group(cache: &ElastiCache, id: &str) -> Seen<UserGroup> {
    let request = cache.client.describe_user_groups().user_group_id(id);
    let reply = cache
        .caller
        .call(DESCRIBE_USER_GROUPS, id, request.send())
        .await;
    only(reply.map(|reply| reply.user_groups), from_sdk::user_group)
}

pub(in crate::aws) async fn read_group(cache: &ElastiCache, id: &str) -> Seen<ReplicationGroup> {
    let request = cache.client.describe_replication_groups();
    let request = request.replication_group_id(id);
    let reply = cache
        .caller
        .call(DESCRIBE_REPLICATION_GROUPS, id, request.send())
        .await;
    only(
        reply.map(|reply| reply.replication_groups),
        from_sdk::replication_group,
    )
}

pub(in crate::aws) async fn read_node(cache: &ElastiCache, id: &str) -> Seen<CacheNode> {
    let request = cache.client.describe_cache_clusters().cache_cluster_id(id);
    let reply = cache
        .caller
        .call(DESCRIBE_CACHE_CLUSTERS, id, request.send())
        .await;
    only(reply.map(|reply| reply.cache_clusters), from_sdk::node)
}

pub(in crate::aws) async fn read_snapshot(cache: &ElastiCache, name: &str) -> Seen<String> {
    let request = cache.client.describe_snapshots().snapshot_name(name);
    let reply = cache
        .caller
        .call(DESCRIBE_SNAPSHOTS, name, request.send())
        .await;
    only(reply.map(|reply| reply.snapshots), |snapshot| {
        snapshot.snapshot_status.unwrap_or_default()
    })
}

pub(in crate::aws) async fn read_tags(cache: &ElastiCache, arn: &str) -> Seen<Tags> {
    let request = cache.client.list_tags_for_resource().resource_name(arn);
    let reply = cache
        .caller
        .call(LIST_CACHE_TAGS, arn, request.send())
        .await;
    let tags = reply.map(|reply| reply.tag_list.unwrap_or_default());
    seen(tags.map(|tags| {
        let tags = tags.into_iter();
        tags.filter_map(|tag| Some((tag.key?, tag.value.unwrap_or_default())))
            .collect()
    }))
}

/// The one thing that was asked for by its id. `DescribeSnapshots` says that there is none by an empty list.
fn only<S, T>(reply: Result<Option<Vec<S>>, Refusal>, convert: impl FnOnce(S) -> T) -> Seen<T> {
    match seen(reply.map(|things| things.and_then(|things| things.into_iter().next()))) {
        Seen::Present(Some(thing)) => Seen::Present(convert(thing)),
        Seen::Unknown(failure) => Seen::Unknown(failure),
        Seen::Present(None) | Seen::Absent | Seen::Unread => Seen::Absent,
    }
}
