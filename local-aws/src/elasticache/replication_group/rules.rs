//! Rules that hold for a replication group whether it is created or changed.

use super::{ClusterMode, ReplicationGroup, Transit, window};
use crate::elasticache::State;
use crate::elasticache::engine::Release;
use crate::elasticache::names::is_ec2_id;
use crate::elasticache::refusal::{combination, ensure, value};
use crate::{AwsError, Call};

/// Nodes that one account can have in one Region.
const MOST_NODES: usize = 300;
/// Nodes that one group in cluster mode can have.
pub(super) const MOST_NODES_IN_GROUP: usize = 90;
/// Replicas that one shard can have.
pub(super) const MOST_REPLICAS: usize = 5;
/// Days that an automatic snapshot can be kept.
const LONGEST_RETENTION: u32 = 35;

/// The quota of nodes per account and Region, for `more` new ones.
pub(super) fn check_node_quota(call: &Call, state: &State, more: usize) -> Result<(), AwsError> {
    let there: usize = state
        .replication_groups
        .values()
        .map(ReplicationGroup::node_count)
        .sum();
    ensure(!call.config.quotas || there + more <= MOST_NODES, || {
        let message = format!("You can have at most {MOST_NODES} cache nodes in this Region.");
        AwsError::bad_request("NodeQuotaForCustomerExceeded", message)
    })
}

/// The rules of automatic failover and Multi-AZ for shards of `nodes` nodes.
pub(super) fn check_availability(
    failover: bool,
    multi_az: bool,
    mode: ClusterMode,
    nodes: usize,
) -> Result<(), AwsError> {
    ensure(!multi_az || failover, || {
        combination("MultiAZ needs automatic failover to be enabled.")
    })?;
    ensure(mode != ClusterMode::Enabled || failover, || {
        combination("Automatic failover must be enabled for a replication group in cluster mode.")
    })?;
    ensure(!multi_az || nodes >= 2, || {
        combination("MultiAZ needs at least one replica in every node group.")
    })?;
    ensure(
        !failover || mode == ClusterMode::Enabled || nodes >= 2,
        || {
            combination(
                "When using automatic failover, there must be at least 2 cache clusters in the replication group.",
            )
        },
    )
}

/// Whether these user groups may be attached to a cache as it is now: TLS required, one group, active, of a fitting engine.
pub(super) fn check_user_groups(
    state: &State,
    release: Release,
    transit: Transit,
    ids: &[String],
) -> Result<(), AwsError> {
    ensure(ids.len() <= 1, || {
        value("At most one user group can be associated with a replication group.")
    })?;
    for id in ids {
        let group = state.user_group(id)?;
        group.check_active()?;
        ensure(transit == Transit::Required, || {
            combination(
                "User group based access control requires encryption-in-transit to be enabled on the replication group.",
            )
        })?;
        ensure(release.has_iam() || !state.logs_in_by_iam(group), || {
            combination(format!(
                "User group {id} has users with iam authentication, which needs engine version 7.0 or later."
            ))
        })?;
        ensure(
            group.engine <= release.engine && release.has_users(),
            || {
                combination(format!(
                    "User group {id} of engine {} does not fit a cache of engine {}.",
                    group.engine, release.engine
                ))
            },
        )?;
    }
    Ok(())
}

/// Whether these can be VPC security groups.
pub(super) fn check_security_groups(ids: &[String]) -> Result<(), AwsError> {
    let wrong = ids.iter().find(|id| !is_ec2_id("sg", id));
    wrong.map_or(Ok(()), |id| {
        Err(value(format!("Invalid security group id {id}.")))
    })
}

/// The bounds of the automatic snapshots.
pub(super) fn check_backups(
    retention_days: Option<u32>,
    window: Option<&str>,
) -> Result<(), AwsError> {
    ensure(retention_days.unwrap_or(0) <= LONGEST_RETENTION, || {
        value(format!(
            "SnapshotRetentionLimit must be between 0 and {LONGEST_RETENTION}."
        ))
    })?;
    window.map_or(Ok(()), window::check_daily)
}

/// A node type that exists by its form: family and size.
pub(super) fn node_type(text: &str) -> Result<String, AwsError> {
    const FAMILIES: [&str; 14] = [
        "t2", "t3", "t4g", "m4", "m5", "m6g", "m7g", "m8g", "r4", "r5", "r6g", "r7g", "r8g", "c7gn",
    ];
    let sizes = |size: &str| {
        matches!(size, "micro" | "small" | "medium" | "large") || size.ends_with("xlarge")
    };
    let mut parts = text.split('.');
    let known = parts.next() == Some("cache")
        && parts
            .next()
            .is_some_and(|family| FAMILIES.contains(&family))
        && parts.next().is_some_and(sizes)
        && parts.next().is_none();
    ensure(known, || value(format!("Invalid cache node type: {text}."))).map(|()| text.to_owned())
}
