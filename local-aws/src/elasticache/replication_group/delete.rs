//! `DeleteReplicationGroup`, with or without a last snapshot.

use serde::Deserialize;
use serde_json::json;

use super::{Change, Status};
use crate::config::Delay;
use crate::elasticache::refusal::{ensure, value};
use crate::elasticache::snapshot;
use crate::world::Regional;
use crate::{AwsError, Call, Reply};

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Delete {
    replication_group_id: String,
    #[serde(default)]
    retain_primary_cluster: bool,
    final_snapshot_identifier: Option<String>,
}

/// Only an available group, or one that never became so, can be deleted. Its last snapshot is taken before the nodes go.
pub(in crate::elasticache) fn delete(call: &Call, place: &mut Regional) -> Result<Reply, AwsError> {
    let input: Delete = call.input()?;
    ensure(!input.retain_primary_cluster, || {
        value("RetainPrimaryCluster is not simulated by the local AWS.")
    })?;
    let group = place
        .elasticache
        .replication_group(&input.replication_group_id)?;
    ensure(
        matches!(group.status, Status::Available | Status::CreateFailed),
        || {
            let message = format!(
                "Replication group {} has an invalid state for deletion.",
                group.id
            );
            AwsError::bad_request("InvalidReplicationGroupState", message)
        },
    )?;
    let mut due = call.after(Delay::Deleting);
    if let Some(name) = &input.final_snapshot_identifier {
        snapshot::take(call, place, &input.replication_group_id, name)?;
        due = due
            .saturating_add(call.config.delays.of(Delay::Snapshotting))
            .unwrap_or(due);
    }
    let group = place
        .elasticache
        .replication_group_mut(&input.replication_group_id)?;
    group.status = Status::Deleting;
    group.due = Some(due);
    group.under_way = Change::default();
    group.pending = None;
    Ok(Reply::ok(
        json!({"ReplicationGroup": group.render(call.region())}),
    ))
}
