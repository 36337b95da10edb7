//! ElastiCache: subnet groups, users, user groups, replication groups.

mod from_sdk;
mod group_write;
mod read;
mod write;

pub(super) use read::{
    read_back_ends_user, read_group, read_node, read_snapshot, read_subnet_group, read_tags,
    read_user, read_user_group,
};
pub(super) use write::{execute, sdk_tags};

use super::call::Caller;

/// ElastiCache in one Region.
#[derive(Clone, Debug)]
pub(super) struct ElastiCache {
    pub(super) client: aws_sdk_elasticache::Client,
    pub(super) caller: Caller,
}
