//! Snapshots: creating -> available, deleting. They remember what they were taken of; a local snapshot holds no data.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::State;
use super::names::identifier;
use super::page::{Paging, page};
use super::refusal::{combination, ensure, not_found};
use super::tagging::{self, Tag};
use crate::config::Delay;
use crate::world::Regional;
use crate::{AwsError, Call, Reply};

/// A snapshot.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Snapshot {
    pub(super) name: String,
    group: String,
    status: Status,
    due: Option<Timestamp>,
    pub(super) arn: String,
    /// The source as it was, in the form of the API.
    details: Value,
}

/// The states of a snapshot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Status {
    Creating,
    Available,
    Deleting,
}

impl Snapshot {
    /// Brings the snapshot to where it is at `now`; whether it is still there.
    pub(super) fn settle(&mut self, now: Timestamp) -> bool {
        if self.due.take_if(|due| *due <= now).is_some() {
            if self.status == Status::Deleting {
                return false;
            }
            self.status = Status::Available;
        }
        true
    }

    fn render(&self) -> Value {
        let mut rendered = self.details.clone();
        rendered["SnapshotName"] = json!(self.name);
        rendered["SnapshotStatus"] = json!(self.status);
        rendered["SnapshotSource"] = json!("manual");
        rendered["ARN"] = json!(self.arn);
        rendered
    }
}

impl State {
    fn snapshot(&self, name: &str) -> Result<&Snapshot, AwsError> {
        let snapshot = self.snapshots.get(&name.to_ascii_lowercase());
        snapshot.ok_or_else(|| not_found("SnapshotNotFoundFault", "Snapshot", name))
    }
}

/// Puts a snapshot of the group on its way; the group's own state is the caller's business. It has the group's tags ("Copying tags to your ElastiCache
/// resources").
pub(super) fn take(
    call: &Call,
    place: &mut Regional,
    group: &str,
    name: &str,
) -> Result<Value, AwsError> {
    let name = identifier("SnapshotName", name, 255)?;
    let state = &mut place.elasticache;
    ensure(!state.snapshots.contains_key(&name), || {
        AwsError::bad_request(
            "SnapshotAlreadyExistsFault",
            format!("Snapshot {name} already exists."),
        )
    })?;
    let group = state.replication_group(group)?;
    let group_arn = group.arn.clone();
    let snapshot = Snapshot {
        name: name.clone(),
        group: group.id.clone(),
        status: Status::Creating,
        due: Some(call.after(Delay::Snapshotting)),
        arn: call.arn("elasticache", &format!("snapshot:{name}")),
        details: group.render_for_snapshot(),
    };
    let rendered = snapshot.render();
    let arn = snapshot.arn.clone();
    state.snapshots.insert(name, snapshot);
    let tags = place.tags.of(&group_arn);
    place.tags.add(&arn, tags);
    Ok(rendered)
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Create {
    replication_group_id: Option<String>,
    cache_cluster_id: Option<String>,
    snapshot_name: String,
    #[serde(default)]
    tags: Vec<Tag>,
}

/// The group is `snapshotting` as long as the snapshot is `creating`.
pub(super) fn create(call: &Call, place: &mut Regional) -> Result<Reply, AwsError> {
    let input: Create = call.input()?;
    let tags = tagging::check(input.tags)?;
    let state = &mut place.elasticache;
    let group = match (&input.replication_group_id, &input.cache_cluster_id) {
        (Some(id), None) => state.replication_group(id)?.id.clone(),
        (None, Some(id)) => group_of_node(state, id)?,
        _ => {
            return Err(combination(
                "Either ReplicationGroupId or CacheClusterId must be given.",
            ));
        }
    };
    let mut busy = state.replication_group(&group)?.clone();
    busy.begin_snapshot(call)?;
    let rendered = take(call, place, &group, &input.snapshot_name)?;
    place.elasticache.replication_groups.insert(group, busy);
    place
        .tags
        .add(rendered["ARN"].as_str().unwrap_or_default(), tags);
    Ok(Reply::ok(json!({"Snapshot": rendered})))
}

fn group_of_node(state: &State, id: &str) -> Result<String, AwsError> {
    let group = state
        .replication_groups
        .values()
        .find(|group| group.member_ids().any(|member| member == id));
    group
        .map(|group| group.id.clone())
        .ok_or_else(|| not_found("CacheClusterNotFound", "CacheCluster", id))
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Describe {
    replication_group_id: Option<String>,
    snapshot_name: Option<String>,
    snapshot_source: Option<String>,
    marker: Option<String>,
    max_records: Option<u32>,
    #[serde(rename = "ShowNodeGroupConfig")]
    _show_node_group_config: Option<bool>,
}

/// All snapshots here are manual ones; those of the automatic schedule (`system`) are not simulated.
pub(super) fn describe(call: &Call, place: &mut Regional) -> Result<Reply, AwsError> {
    let input: Describe = call.input()?;
    let state = &place.elasticache;
    let group = input.replication_group_id.map(|id| id.to_ascii_lowercase());
    let system = input.snapshot_source.as_deref() == Some("system");
    let matches = |snapshot: &Snapshot| {
        !system && group.as_ref().is_none_or(|group| snapshot.group == *group)
    };
    let wanted = state
        .snapshots
        .iter()
        .filter(|(_, snapshot)| matches(snapshot));
    let wanted: BTreeMap<_, _> = wanted
        .map(|(name, snapshot)| (name.clone(), snapshot))
        .collect();
    let paging = Paging {
        max_records: input.max_records,
        marker: input.marker,
    };
    let (snapshots, marker) = match input.snapshot_name {
        Some(name) => (vec![state.snapshot(&name)?], None),
        None => page(&wanted, &paging)
            .map(|(snapshots, marker)| (snapshots.into_iter().copied().collect(), marker))?,
    };
    let snapshots: Vec<_> = snapshots.into_iter().map(Snapshot::render).collect();
    Ok(Reply::ok(
        json!({"Snapshots": {"Snapshot": snapshots}, "Marker": marker}),
    ))
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Delete {
    snapshot_name: String,
}

pub(super) fn delete(call: &Call, place: &mut Regional) -> Result<Reply, AwsError> {
    let input: Delete = call.input()?;
    let state = &mut place.elasticache;
    let mut snapshot = state.snapshot(&input.snapshot_name)?.clone();
    ensure(snapshot.status == Status::Available, || {
        AwsError::bad_request(
            "InvalidSnapshotState",
            format!("Snapshot {} is not available.", snapshot.name),
        )
    })?;
    snapshot.status = Status::Deleting;
    snapshot.due = Some(call.after(Delay::Snapshotting));
    let rendered = snapshot.render();
    state.snapshots.insert(snapshot.name.clone(), snapshot);
    Ok(Reply::ok(json!({"Snapshot": rendered})))
}
