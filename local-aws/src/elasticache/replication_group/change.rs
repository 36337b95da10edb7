//! What a modification asks for, from the call until it takes effect.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::auth::TokenChange;
use super::shard::{Shard, deal_slots};
use super::{ClusterMode, ReplicationGroup, Transit};
use crate::elasticache::engine::Release;

/// New values; what is absent stays as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Change {
    pub(super) release: Option<Release>,
    pub(super) node_type: Option<String>,
    pub(super) parameter_group: Option<String>,
    pub(super) automatic_failover: Option<bool>,
    pub(super) multi_az: Option<bool>,
    pub(super) transit: Option<Transit>,
    pub(super) cluster_mode: Option<ClusterMode>,
    pub(super) auth: Option<TokenChange>,
    pub(super) user_groups_to_add: Vec<String>,
    pub(super) user_groups_to_remove: Vec<String>,
    /// Shard id -> its new primary.
    pub(super) primaries: BTreeMap<String, String>,
    /// Shard id -> how many nodes it shall have.
    pub(super) nodes: BTreeMap<String, usize>,
    /// Nodes to remove first.
    pub(super) leaving: Vec<String>,
    /// The ids of the shards there shall be.
    pub(super) shards: Option<Vec<String>>,
}

/// A change that waits for the maintenance window.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pending {
    pub(super) change: Change,
    /// When the window opens.
    pub(super) at: Timestamp,
    /// How long the change then takes.
    pub(super) lasts: SignedDuration,
}

impl Pending {
    pub(super) fn done_at(&self) -> Timestamp {
        self.at.saturating_add(self.lasts).unwrap_or(Timestamp::MAX)
    }
}

impl Change {
    /// This change after an earlier one that has not been applied: where both speak, this one counts.
    pub(super) fn after(self, earlier: Change) -> Change {
        let join = |first: Vec<String>, then: Vec<String>| first.into_iter().chain(then).collect();
        Change {
            release: self.release.or(earlier.release),
            node_type: self.node_type.or(earlier.node_type),
            parameter_group: self.parameter_group.or(earlier.parameter_group),
            automatic_failover: self.automatic_failover.or(earlier.automatic_failover),
            multi_az: self.multi_az.or(earlier.multi_az),
            transit: self.transit.or(earlier.transit),
            cluster_mode: self.cluster_mode.or(earlier.cluster_mode),
            auth: self.auth.or(earlier.auth),
            user_groups_to_add: join(earlier.user_groups_to_add, self.user_groups_to_add),
            user_groups_to_remove: join(earlier.user_groups_to_remove, self.user_groups_to_remove),
            primaries: earlier
                .primaries
                .into_iter()
                .chain(self.primaries)
                .collect(),
            nodes: earlier.nodes.into_iter().chain(self.nodes).collect(),
            leaving: join(earlier.leaving, self.leaving),
            shards: self.shards.or(earlier.shards),
        }
    }

    /// Makes the group what the change asks for.
    pub(super) fn apply(self, group: &mut ReplicationGroup) {
        set(&mut group.release, self.release);
        set(&mut group.node_type, self.node_type);
        set(&mut group.parameter_group, self.parameter_group);
        set(&mut group.automatic_failover, self.automatic_failover);
        set(&mut group.multi_az, self.multi_az);
        set(&mut group.transit, self.transit);
        set(&mut group.cluster_mode, self.cluster_mode);
        if let Some(auth) = self.auth {
            auth.apply(group);
        }
        group
            .user_groups
            .retain(|id| !self.user_groups_to_remove.contains(id));
        group.user_groups.extend(self.user_groups_to_add);
        if let Some(ids) = self.shards {
            reshard(group, &ids);
        }
        for shard in &mut group.shards {
            set(&mut shard.primary, self.primaries.get(&shard.id).cloned());
            if let Some(nodes) = self.nodes.get(&shard.id) {
                let prefix = node_prefix(&group.id, group.cluster_mode, &shard.id);
                shard.resize(&prefix, *nodes, &self.leaving, &group.zones);
            }
        }
    }
}

fn set<T>(current: &mut T, new: Option<T>) {
    if let Some(new) = new {
        *current = new;
    }
}

/// Drops and adds shards until `ids` are there; a new one has as many nodes as the first.
fn reshard(group: &mut ReplicationGroup, ids: &[String]) {
    let nodes = group.shards.first().map_or(1, |shard| shard.members.len());
    group.shards.retain(|shard| ids.contains(&shard.id));
    for id in ids {
        if group.shards.iter().all(|shard| shard.id != *id) {
            let prefix = node_prefix(&group.id, group.cluster_mode, id);
            group
                .shards
                .push(Shard::new(id.clone(), &prefix, nodes, &group.zones));
        }
    }
    deal_slots(&mut group.shards);
}

/// What the ids of a shard's nodes start with.
pub(super) fn node_prefix(group: &str, mode: ClusterMode, shard: &str) -> String {
    match mode {
        ClusterMode::Disabled => group.to_owned(),
        ClusterMode::Compatible | ClusterMode::Enabled => format!("{group}-{shard}"),
    }
}
