//! `ModifyReplicationGroup`: what applies at once, what needs `modifying`, what waits for the maintenance window.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::json;

use super::rules::{
    check_availability, check_backups, check_security_groups, check_user_groups, node_type,
};
use super::{Change, ClusterMode, Pending, ReplicationGroup, Transit, auth, window};
use crate::config::Delay;
use crate::elasticache::State;
use crate::elasticache::engine::{Engine, Release, Version};
use crate::elasticache::refusal::{combination, ensure, no_modification, value};
use crate::world::Regional;
use crate::{AwsError, Call, Reply};

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Modify {
    replication_group_id: String,
    replication_group_description: Option<String>,
    primary_cluster_id: Option<String>,
    snapshotting_cluster_id: Option<String>,
    automatic_failover_enabled: Option<bool>,
    #[serde(rename = "MultiAZEnabled")]
    multi_az_enabled: Option<bool>,
    #[serde(default)]
    security_group_ids: Vec<String>,
    preferred_maintenance_window: Option<String>,
    cache_parameter_group_name: Option<String>,
    #[serde(default)]
    apply_immediately: bool,
    engine: Option<String>,
    engine_version: Option<String>,
    auto_minor_version_upgrade: Option<bool>,
    snapshot_retention_limit: Option<u32>,
    snapshot_window: Option<String>,
    cache_node_type: Option<String>,
    #[serde(default)]
    user_group_ids_to_add: Vec<String>,
    #[serde(default)]
    user_group_ids_to_remove: Vec<String>,
    #[serde(default)]
    remove_user_groups: bool,
    transit_encryption_enabled: Option<bool>,
    transit_encryption_mode: Option<Transit>,
    cluster_mode: Option<ClusterMode>,
    auth_token: Option<String>,
    auth_token_update_strategy: Option<auth::Strategy>,
}

/// Nothing changes unless all of the request is right.
pub(in crate::elasticache) fn modify(call: &Call, place: &mut Regional) -> Result<Reply, AwsError> {
    let input: Modify = call.input()?;
    let state = &mut place.elasticache;
    let current = state.replication_group(&input.replication_group_id)?;
    current.check_available("modify")?;
    let mut group = current.clone();
    let change = input.change(call, state, &group)?;
    input.apply_settings(&mut group)?;
    let (described, settled) = (
        group.description != current.description,
        !group.same_settings(current),
    );
    input.check_tokens_alone(&change, described || settled)?;
    ensure(
        described || settled || change != Change::default(),
        no_modification,
    )?;
    group.schedule(call, change, input.apply_immediately, settled);
    let rendered = group.render(call.region());
    state.replication_groups.insert(group.id.clone(), group);
    Ok(Reply::ok(json!({"ReplicationGroup": rendered})))
}

impl ReplicationGroup {
    /// Starts the change now, together with what was pending, or leaves it for the maintenance window.
    fn schedule(&mut self, call: &Call, change: Change, at_once: bool, settled: bool) {
        let earlier = self.pending.take();
        let pending = earlier.map_or_else(Change::default, |pending| pending.change);
        let all = change.after(pending);
        if at_once {
            if settled || all != Change::default() {
                self.begin(call, all);
            }
            return;
        }
        if settled {
            self.begin(call, Change::default());
        }
        if all != Change::default() {
            let at = window::next_opening(&self.maintenance_window, call.now);
            self.pending = Some(Pending {
                change: all,
                at,
                lasts: call.config.delays.of(Delay::Modifying),
            });
        }
    }

    fn same_settings(&self, other: &Self) -> bool {
        self.backups == other.backups
            && self.maintenance_window == other.maintenance_window
            && self.auto_minor_version_upgrade == other.auto_minor_version_upgrade
            && self.security_groups == other.security_groups
    }

    fn smallest_shard(&self) -> usize {
        self.shards
            .iter()
            .map(|shard| shard.members.len())
            .min()
            .unwrap_or(0)
    }
}

impl Modify {
    /// The settings that the pending values of the API cannot express: they are in the answer already.
    fn apply_settings(&self, group: &mut ReplicationGroup) -> Result<(), AwsError> {
        check_backups(
            self.snapshot_retention_limit,
            self.snapshot_window.as_deref(),
        )?;
        check_security_groups(&self.security_group_ids)?;
        self.preferred_maintenance_window
            .as_deref()
            .map_or(Ok(()), window::check_weekly)?;
        if let Some(source) = &self.snapshotting_cluster_id {
            ensure(group.member_ids().any(|id| id == source), || {
                value(format!("{source} is not in the replication group."))
            })?;
            group.backups.source = Some(source.clone());
        }
        let set = |current: &mut String, new: &Option<String>| {
            *current = new.clone().unwrap_or_else(|| current.clone());
        };
        set(&mut group.description, &self.replication_group_description);
        set(&mut group.backups.window, &self.snapshot_window);
        set(
            &mut group.maintenance_window,
            &self.preferred_maintenance_window,
        );
        group.backups.retention_days = self
            .snapshot_retention_limit
            .unwrap_or(group.backups.retention_days);
        group.auto_minor_version_upgrade = self
            .auto_minor_version_upgrade
            .unwrap_or(group.auto_minor_version_upgrade);
        if !self.security_group_ids.is_empty() {
            group.security_groups.clone_from(&self.security_group_ids);
        }
        Ok(())
    }

    /// Tokens change at once and with nothing else but user groups.
    fn check_tokens_alone(&self, change: &Change, settings: bool) -> Result<(), AwsError> {
        let alone = Change {
            auth: change.auth.clone(),
            user_groups_to_add: change.user_groups_to_add.clone(),
            user_groups_to_remove: change.user_groups_to_remove.clone(),
            ..Change::default()
        };
        let fits = self.apply_immediately && !settings && *change == alone;
        ensure(change.auth.is_none() || fits, || {
            combination(
                "The AUTH token can be modified with ApplyImmediately and without other modifications only.",
            )
        })
    }

    fn change(
        &self,
        call: &Call,
        state: &State,
        group: &ReplicationGroup,
    ) -> Result<Change, AwsError> {
        let release = self.release(group)?;
        let (mode, transit) = (self.cluster_mode(group)?, self.transit(group)?);
        let failover = self
            .automatic_failover_enabled
            .unwrap_or(group.automatic_failover);
        let multi_az = self.multi_az_enabled.unwrap_or(group.multi_az);
        check_availability(failover, multi_az, mode, group.smallest_shard())?;
        let (add, remove) = self.user_groups(state, group)?;
        let asked = auth::Asked {
            token: self.auth_token.as_deref(),
            strategy: self.auth_token_update_strategy,
            attaches: !add.is_empty(),
            detaches: remove.len() == group.user_groups.len(),
            at: call.now,
        };
        let node_type = self.cache_node_type.as_deref().map(node_type).transpose()?;
        Ok(Change {
            parameter_group: self.parameter_group(group, release, mode)?,
            release: Some(release).filter(|release| *release != group.release),
            node_type: node_type.filter(|node_type| *node_type != group.node_type),
            automatic_failover: Some(failover)
                .filter(|failover| *failover != group.automatic_failover),
            multi_az: Some(multi_az).filter(|multi_az| *multi_az != group.multi_az),
            transit: Some(transit).filter(|transit| *transit != group.transit),
            cluster_mode: Some(mode).filter(|mode| *mode != group.cluster_mode),
            auth: auth::change(&asked, group)?,
            user_groups_to_add: add,
            user_groups_to_remove: remove,
            primaries: self.primaries(group)?,
            ..Change::default()
        })
    }

    /// The engine only moves up, and a new engine is named with its version.
    fn release(&self, group: &ReplicationGroup) -> Result<Release, AwsError> {
        let engine = self
            .engine
            .as_deref()
            .map_or(Ok(group.release.engine), str::parse::<Engine>)?;
        let Some(version) = &self.engine_version else {
            let same = || combination("Engine needs EngineVersion.");
            return ensure(engine == group.release.engine, same).map(|()| group.release);
        };
        let next = Release::find(engine, Some(version))?;
        ensure(group.release.may_become(next), || {
            let now = group.release;
            combination(format!(
                "Cannot downgrade from {} {} to {engine} {}.",
                now.engine, now.version, next.version
            ))
        })?;
        Ok(next)
    }

    /// A default parameter group follows the engine; one that was named must fit it.
    fn parameter_group(
        &self,
        group: &ReplicationGroup,
        release: Release,
        mode: ClusterMode,
    ) -> Result<Option<String>, AwsError> {
        let clustered = mode == ClusterMode::Enabled;
        let name =
            release.parameter_group(clustered, self.cache_parameter_group_name.as_deref())?;
        Ok(Some(name).filter(|name| *name != group.parameter_group))
    }

    /// One step per call: disabled, compatible, enabled.
    fn cluster_mode(&self, group: &ReplicationGroup) -> Result<ClusterMode, AwsError> {
        use ClusterMode::{Compatible, Disabled, Enabled};
        let next = self.cluster_mode.unwrap_or(group.cluster_mode);
        match (group.cluster_mode, next) {
            (Disabled, Compatible) => ensure(group.release.version >= Version(7, 0, 0), || {
                combination("Cluster mode compatible needs engine version 7.0 or later.")
            })?,
            (Compatible, Enabled | Disabled) => {}
            (now, next) => ensure(now == next, || {
                combination(
                    "Cluster mode can only change from disabled to compatible and from compatible to enabled.",
                )
            })?,
        }
        Ok(next)
    }

    /// On by way of `preferred`, off by way of `preferred`, each in a call of its own.
    fn transit(&self, group: &ReplicationGroup) -> Result<Transit, AwsError> {
        use Transit::{Off, Preferred, Required};
        let enabled = self
            .transit_encryption_enabled
            .unwrap_or(group.transit != Off);
        let next = match (enabled, self.transit_encryption_mode) {
            (true, None) if group.transit == Off => Required,
            (true, mode) => mode.unwrap_or(group.transit),
            (false, None) => Off,
            (false, Some(_)) => {
                return Err(combination(
                    "TransitEncryptionMode needs TransitEncryptionEnabled.",
                ));
            }
        };
        match (group.transit, next) {
            (now, next) if now == next => {}
            (Off, Preferred) => ensure(group.release.version >= Version(7, 0, 0), || {
                combination(
                    "Encryption in transit can be enabled on an existing cache of engine version 7.0 or later only.",
                )
            })?,
            (Required | Preferred, Preferred | Off) if !group.user_groups.is_empty() => {
                return Err(combination(
                    "Encryption in transit cannot be relaxed while a user group is associated.",
                ));
            }
            (_, Off) if group.auth.is_some() => {
                return Err(combination(
                    "Encryption in transit cannot be disabled while an AUTH token is enabled.",
                ));
            }
            (Preferred, Required | Off) | (Required, Preferred) => {}
            _ => {
                return Err(combination(
                    "To change TransitEncryptionEnabled, set TransitEncryptionMode to preferred first.",
                ));
            }
        }
        Ok(next)
    }

    fn user_groups(
        &self,
        state: &State,
        group: &ReplicationGroup,
    ) -> Result<(Vec<String>, Vec<String>), AwsError> {
        let lower = |ids: &[String]| {
            ids.iter()
                .map(|id| id.to_ascii_lowercase())
                .collect::<Vec<_>>()
        };
        let remove = if self.remove_user_groups {
            group.user_groups.clone()
        } else {
            lower(&self.user_group_ids_to_remove)
        };
        let stranger = remove.iter().find(|id| !group.user_groups.contains(id));
        ensure(stranger.is_none(), || {
            value("A user group to remove is not associated with the replication group.")
        })?;
        let mut add = lower(&self.user_group_ids_to_add);
        add.retain(|id| !group.user_groups.contains(id) || remove.contains(id));
        check_user_groups(state, group.release, group.transit, &add)?;
        let after = group
            .user_groups
            .iter()
            .filter(|id| !remove.contains(id))
            .count()
            + add.len();
        ensure(after <= 1, || {
            value("At most one user group can be associated with a replication group.")
        })?;
        Ok((add, remove))
    }

    /// Promotion by hand: one shard, failover off.
    fn primaries(&self, group: &ReplicationGroup) -> Result<BTreeMap<String, String>, AwsError> {
        let Some(id) = &self.primary_cluster_id else {
            return Ok(BTreeMap::new());
        };
        let shard = group
            .shards
            .iter()
            .find(|shard| shard.members.iter().any(|member| member.id == *id));
        let shard = shard.ok_or_else(|| {
            AwsError::new(
                404,
                "CacheClusterNotFound",
                format!("{id} is not in the replication group."),
            )
        })?;
        ensure(!group.automatic_failover, || {
            combination("Automatic failover must be off to promote a replica by hand.")
        })?;
        let promoted = (shard.id.clone(), id.clone());
        Ok(Some(promoted)
            .filter(|_| shard.primary != *id)
            .into_iter()
            .collect())
    }
}
