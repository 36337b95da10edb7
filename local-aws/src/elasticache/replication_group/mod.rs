//! Replication groups: what they are made of and how their states move on.
//!
//! creating -> available, modifying, snapshotting, deleting, create-failed. A change takes effect when its delay has passed;
//! with real nodes the group is available again only when the nodes are in step with it.

mod auth;
mod change;
mod create;
mod delete;
mod describe;
mod endpoints;
mod modify;
mod render;
mod rules;
mod scale;
mod shard;
mod window;

use std::collections::BTreeMap;
use std::net::Ipv4Addr;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

pub(super) use auth::AuthTokens;
pub(super) use change::{Change, Pending};
pub(super) use create::create;
pub(super) use delete::delete;
pub(super) use describe::{describe, describe_cache_clusters};
pub(super) use endpoints::Endpoint;
pub(super) use modify::modify;
pub(super) use scale::{decrease_replicas, increase_replicas, modify_shards, test_failover};
pub(super) use shard::{Member, Shard};

use super::State;
use super::engine::Release;
use super::refusal::{ensure, not_found};
use crate::config::Delay;
use crate::world::Regional;
use crate::{AwsError, Call};

/// A replication group.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "independent switches of the API"
)]
pub struct ReplicationGroup {
    pub(super) id: String,
    description: String,
    pub(super) status: Status,
    /// When the change under way takes effect.
    due: Option<Timestamp>,
    pub(super) release: Release,
    node_type: String,
    parameter_group: String,
    pub(super) cluster_mode: ClusterMode,
    pub(super) shards: Vec<Shard>,
    automatic_failover: bool,
    multi_az: bool,
    pub(super) transit: Transit,
    at_rest: bool,
    kms_key_id: Option<String>,
    pub(super) user_groups: Vec<String>,
    /// Never together with user groups.
    #[serde(default)]
    pub(super) auth: Option<AuthTokens>,
    backups: Backups,
    maintenance_window: String,
    auto_minor_version_upgrade: bool,
    pub(super) subnet_group: String,
    zones: Vec<String>,
    security_groups: Vec<String>,
    port: u16,
    pub(super) created: Timestamp,
    pub(super) arn: String,
    /// What takes effect at `due`.
    under_way: Change,
    /// What waits for the maintenance window.
    pending: Option<Pending>,
    /// The real nodes behind it; nothing when it is states only.
    pub(super) hosting: Option<Hosting>,
}

/// The states of a replication group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    /// Not usable yet.
    Creating,
    /// At rest.
    Available,
    /// A change is under way.
    Modifying,
    /// A snapshot is being taken.
    Snapshotting,
    /// On its way out.
    Deleting,
    /// Its nodes could not be started.
    CreateFailed,
}

/// How clients reach the nodes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Transit {
    /// Without TLS only.
    Off,
    /// With or without TLS.
    Preferred,
    /// With TLS only.
    Required,
}

/// Whether data is spread over several shards, and whether clients know.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ClusterMode {
    /// One shard.
    Disabled,
    /// Both kinds of clients.
    Compatible,
    /// Cluster clients only.
    Enabled,
}

/// The automatic snapshots.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Backups {
    retention_days: u32,
    window: String,
    source: Option<String>,
}

/// What is known of the real nodes of a group.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hosting {
    /// Fingerprint of the plan that the nodes were last brought in step with.
    pub(super) in_step: Option<String>,
    /// The address of all endpoints, once they listen.
    #[serde(default)]
    pub(super) address: Option<Ipv4Addr>,
    /// The port of each.
    pub(super) ports: BTreeMap<String, u16>,
}

impl ReplicationGroup {
    /// Brings the group to where it is at `now`; whether it is still there.
    pub(super) fn settle(&mut self, now: Timestamp) -> bool {
        self.open_maintenance_window(now);
        if self.due.take_if(|due| *due <= now).is_none() {
            return true;
        }
        let change = std::mem::take(&mut self.under_way);
        change.apply(self);
        self.status != Status::Deleting
    }

    fn open_maintenance_window(&mut self, now: Timestamp) {
        let open = self.status == Status::Available;
        if let Some(pending) = self.pending.take_if(|pending| open && pending.at <= now) {
            self.status = Status::Modifying;
            self.due = Some(pending.done_at());
            self.under_way = pending.change;
        }
    }

    /// Whether the change has taken effect and only the nodes are awaited.
    pub(super) fn awaits_nodes(&self) -> bool {
        self.due.is_none()
            && matches!(
                self.status,
                Status::Creating | Status::Modifying | Status::Snapshotting
            )
    }

    /// When the next change takes effect.
    pub(super) fn due(&self) -> Option<Timestamp> {
        self.due.or(self.pending.as_ref().map(|pending| pending.at))
    }

    /// The ids of all nodes.
    pub(super) fn member_ids(&self) -> impl Iterator<Item = &str> {
        self.shards
            .iter()
            .flat_map(|shard| &shard.members)
            .map(|member| member.id.as_str())
    }

    fn node_count(&self) -> usize {
        self.shards.iter().map(|shard| shard.members.len()).sum()
    }

    /// Whether the user group is attached or about to be.
    pub(super) fn refers_to_user_group(&self, id: &str) -> bool {
        let pending = self.pending.iter().map(|pending| &pending.change);
        let mut added = pending
            .chain([&self.under_way])
            .flat_map(|change| &change.user_groups_to_add);
        self.user_groups.iter().any(|group| group == id) || added.any(|group| group == id)
    }

    fn clustered(&self) -> bool {
        self.cluster_mode == ClusterMode::Enabled
    }

    /// Tags are read and written only while nothing is under way. That this is so of a group that could not be created is not documented, and taken for so: else
    /// nobody could tell whose it is.
    pub(super) fn check_taggable(&self) -> Result<(), AwsError> {
        let rests = matches!(self.status, Status::Available | Status::CreateFailed);
        ensure(rests, || {
            let message = "Cluster not in available state to perform tagging operations.";
            AwsError::bad_request("InvalidReplicationGroupState", message)
        })
    }

    fn check_available(&self, verb: &str) -> Result<(), AwsError> {
        ensure(self.status == Status::Available, || {
            let message = format!("Replication group must be in available state to {verb}.");
            AwsError::bad_request("InvalidReplicationGroupState", message)
        })
    }

    /// Starts a change that takes effect after the delay of a modification.
    fn begin(&mut self, call: &Call, change: Change) {
        self.status = Status::Modifying;
        self.due = Some(call.after(Delay::Modifying));
        self.under_way = change;
    }

    /// Starts a snapshot.
    pub(super) fn begin_snapshot(&mut self, call: &Call) -> Result<(), AwsError> {
        self.check_available("take a snapshot")?;
        self.status = Status::Snapshotting;
        self.due = Some(call.after(Delay::Snapshotting));
        Ok(())
    }
}

/// After its tags were changed a group is busy for a moment (hashicorp/terraform-provider-aws#40320).
pub(super) fn begin_tagging(call: &Call, place: &mut Regional, arn: &str) {
    let mut groups = place.elasticache.replication_groups.values_mut();
    if let Some(group) = groups.find(|group| group.arn == arn) {
        group.begin(call, Change::default());
    }
}

impl State {
    /// The replication group, or the refusal that there is none.
    pub(super) fn replication_group(&self, id: &str) -> Result<&ReplicationGroup, AwsError> {
        let group = self.replication_groups.get(&id.to_ascii_lowercase());
        group.ok_or_else(|| not_found("ReplicationGroupNotFoundFault", "ReplicationGroup", id))
    }

    /// The same, to be changed.
    pub(super) fn replication_group_mut(
        &mut self,
        id: &str,
    ) -> Result<&mut ReplicationGroup, AwsError> {
        let group = self.replication_groups.get_mut(&id.to_ascii_lowercase());
        group.ok_or_else(|| not_found("ReplicationGroupNotFoundFault", "ReplicationGroup", id))
    }
}
