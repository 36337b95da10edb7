//! `CreateReplicationGroup`.

use serde::Deserialize;
use serde_json::json;

use super::auth::{AuthTokens, check_token};
use super::change::node_prefix;
use super::rules::{
    MOST_NODES_IN_GROUP, MOST_REPLICAS, check_availability, check_backups, check_node_quota,
    check_security_groups, check_user_groups, node_type,
};
use super::shard::{Shard, deal_slots};
use super::{Backups, Change, ClusterMode, Hosting, ReplicationGroup, Status, Transit, window};
use crate::config::Delay;
use crate::elasticache::engine::{Engine, Release};
use crate::elasticache::names::identifier;
use crate::elasticache::refusal::{combination, ensure, value};
use crate::elasticache::tagging::{self, Tag};
use crate::elasticache::{State, subnet_group};
use crate::world::Regional;
use crate::{AwsError, Call, Reply};

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Create {
    replication_group_id: String,
    replication_group_description: String,
    #[serde(default)]
    automatic_failover_enabled: bool,
    #[serde(rename = "MultiAZEnabled", default)]
    multi_az_enabled: bool,
    num_cache_clusters: Option<usize>,
    num_node_groups: Option<usize>,
    replicas_per_node_group: Option<usize>,
    cache_node_type: Option<String>,
    engine: Option<String>,
    engine_version: Option<String>,
    cache_parameter_group_name: Option<String>,
    cache_subnet_group_name: Option<String>,
    #[serde(default)]
    security_group_ids: Vec<String>,
    #[serde(default)]
    tags: Vec<Tag>,
    snapshot_name: Option<String>,
    preferred_maintenance_window: Option<String>,
    port: Option<u16>,
    auto_minor_version_upgrade: Option<bool>,
    snapshot_retention_limit: Option<u32>,
    snapshot_window: Option<String>,
    #[serde(default)]
    transit_encryption_enabled: bool,
    auth_token: Option<String>,
    at_rest_encryption_enabled: Option<bool>,
    kms_key_id: Option<String>,
    #[serde(default)]
    user_group_ids: Vec<String>,
    network_type: Option<String>,
    ip_discovery: Option<String>,
    transit_encryption_mode: Option<Transit>,
    cluster_mode: Option<ClusterMode>,
}

/// Shards and nodes in each.
struct Layout {
    mode: ClusterMode,
    shards: usize,
    nodes: usize,
}

pub(in crate::elasticache) fn create(call: &Call, place: &mut Regional) -> Result<Reply, AwsError> {
    let mut input: Create = call.input()?;
    let tags = tagging::check(std::mem::take(&mut input.tags))?;
    let state = &mut place.elasticache;
    let group = input.into_group(call, state)?;
    check_quota(call, state, &group)?;
    place.tags.add(&group.arn, tags);
    let rendered = group.render(call.region());
    state.replication_groups.insert(group.id.clone(), group);
    Ok(Reply::ok(json!({"ReplicationGroup": rendered})))
}

impl Create {
    fn into_group(self, call: &Call, state: &State) -> Result<ReplicationGroup, AwsError> {
        let id = identifier("ReplicationGroupId", &self.replication_group_id, 40)?;
        ensure(!state.replication_groups.contains_key(&id), || {
            AwsError::bad_request(
                "ReplicationGroupAlreadyExists",
                format!("Replication group {id} already exists."),
            )
        })?;
        let engine = self
            .engine
            .as_deref()
            .map_or(Ok(Engine::Redis), str::parse)?;
        let release = Release::find(engine, self.engine_version.as_deref())?;
        let (layout, transit) = (self.layout()?, self.transit()?);
        self.check(state, release, &layout, transit)?;
        let subnet_group = self.subnet_group(state)?;
        let zones = subnet_group::zones(&state.subnet_groups, &subnet_group, call.region());
        let clustered = layout.mode == ClusterMode::Enabled;
        let parameter_group =
            release.parameter_group(clustered, self.cache_parameter_group_name.as_deref())?;
        Ok(ReplicationGroup {
            description: self.replication_group_description.clone(),
            status: Status::Creating,
            due: Some(call.after(Delay::Creating)),
            release,
            node_type: node_type(self.cache_node_type.as_deref().unwrap_or("cache.t4g.micro"))?,
            parameter_group,
            cluster_mode: layout.mode,
            shards: layout.shards(&id, &zones),
            automatic_failover: self.automatic_failover_enabled,
            multi_az: self.multi_az_enabled,
            transit,
            at_rest: self.at_rest(release),
            kms_key_id: self.kms_key_id.clone(),
            user_groups: self
                .user_group_ids
                .iter()
                .map(|id| id.to_ascii_lowercase())
                .collect(),
            auth: self.auth(call)?,
            backups: self.backups(),
            maintenance_window: self
                .preferred_maintenance_window
                .unwrap_or_else(|| "sun:05:00-sun:06:00".to_owned()),
            auto_minor_version_upgrade: self.auto_minor_version_upgrade.unwrap_or(true),
            subnet_group,
            zones,
            security_groups: self.security_group_ids,
            port: self.port.unwrap_or(6379),
            created: call.now,
            arn: call.arn("elasticache", &format!("replicationgroup:{id}")),
            under_way: Change::default(),
            pending: None,
            hosting: hosting(call),
            id,
        })
    }

    fn auth(&self, call: &Call) -> Result<Option<AuthTokens>, AwsError> {
        let token = self.auth_token.as_deref().map(check_token).transpose()?;
        ensure(token.is_none() || self.transit_encryption_enabled, || {
            combination("An AUTH token needs encryption in transit.")
        })?;
        ensure(token.is_none() || self.user_group_ids.is_empty(), || {
            combination("AuthToken and UserGroupIds cannot be used together.")
        })?;
        Ok(token.map(|token| AuthTokens::only(token, call.now)))
    }

    /// Valkey is encrypted unless it is not wanted, Redis is not unless it is.
    fn at_rest(&self, release: Release) -> bool {
        let default = release.engine == Engine::Valkey;
        self.at_rest_encryption_enabled.unwrap_or(default)
    }

    fn backups(&self) -> Backups {
        Backups {
            retention_days: self.snapshot_retention_limit.unwrap_or(0),
            window: self
                .snapshot_window
                .clone()
                .unwrap_or_else(|| "03:00-04:00".to_owned()),
            source: None,
        }
    }

    fn subnet_group(&self, state: &State) -> Result<String, AwsError> {
        match &self.cache_subnet_group_name {
            Some(name) => state.subnet_group(name).map(|group| group.name.clone()),
            None => Ok("default".to_owned()),
        }
    }

    fn layout(&self) -> Result<Layout, AwsError> {
        let named = self
            .cache_parameter_group_name
            .as_deref()
            .is_some_and(|name| name.ends_with(".cluster.on"));
        let shards = self.num_node_groups.unwrap_or(1);
        let mode = match self.cluster_mode {
            Some(mode) => mode,
            None if named || shards > 1 => ClusterMode::Enabled,
            None => ClusterMode::Disabled,
        };
        ensure(mode == ClusterMode::Enabled || shards == 1, || {
            combination("Several shards need cluster mode enabled.")
        })?;
        ensure(
            self.num_cache_clusters.is_none() || self.replicas_per_node_group.is_none(),
            || combination("NumCacheClusters and ReplicasPerNodeGroup cannot be used together."),
        )?;
        ensure(
            self.num_cache_clusters.is_none() || mode != ClusterMode::Enabled,
            || {
                combination(
                    "NumCacheClusters cannot be used with cluster mode enabled; use ReplicasPerNodeGroup.",
                )
            },
        )?;
        let nodes = self
            .num_cache_clusters
            .unwrap_or(1 + self.replicas_per_node_group.unwrap_or(0));
        ensure((1..=1 + MOST_REPLICAS).contains(&nodes), || {
            value("A shard has 1 primary and 0 to 5 replicas.")
        })?;
        ensure(shards >= 1, || value("NumNodeGroups must be at least 1."))?;
        Ok(Layout {
            mode,
            shards,
            nodes,
        })
    }

    fn transit(&self) -> Result<Transit, AwsError> {
        match (
            self.transit_encryption_enabled,
            self.transit_encryption_mode,
        ) {
            (true, mode) => Ok(mode.unwrap_or(Transit::Required)),
            (false, None) => Ok(Transit::Off),
            (false, Some(_)) => Err(combination(
                "TransitEncryptionMode needs TransitEncryptionEnabled.",
            )),
        }
    }

    fn check(
        &self,
        state: &State,
        release: Release,
        layout: &Layout,
        transit: Transit,
    ) -> Result<(), AwsError> {
        check_availability(
            self.automatic_failover_enabled,
            self.multi_az_enabled,
            layout.mode,
            layout.nodes,
        )?;
        ensure(self.at_rest(release) || self.kms_key_id.is_none(), || {
            combination("KmsKeyId needs encryption at rest to be enabled.")
        })?;
        check_user_groups(state, release, transit, &self.user_group_ids)?;
        check_security_groups(&self.security_group_ids)?;
        check_backups(
            self.snapshot_retention_limit,
            self.snapshot_window.as_deref(),
        )?;
        self.preferred_maintenance_window
            .as_deref()
            .map_or(Ok(()), window::check_weekly)?;
        ensure(self.port.is_none_or(|port| port >= 1150), || {
            value("Port must be between 1150 and 65535.")
        })?;
        let networks = [&self.network_type, &self.ip_discovery]
            .into_iter()
            .flatten();
        ensure(
            networks.into_iter().all(|network| network == "ipv4"),
            || value("Only ipv4 is simulated by the local AWS."),
        )?;
        let snapshot = self
            .snapshot_name
            .as_ref()
            .is_none_or(|name| state.snapshots.contains_key(&name.to_ascii_lowercase()));
        ensure(snapshot, || {
            value("The snapshot to restore from does not exist.")
        })
    }
}

impl Layout {
    fn shards(&self, group: &str, zones: &[String]) -> Vec<Shard> {
        let ids = (1..=self.shards).map(|number| format!("{number:04}"));
        let shard = |id: String| {
            Shard::new(
                id.clone(),
                &node_prefix(group, self.mode, &id),
                self.nodes,
                zones,
            )
        };
        let mut shards: Vec<_> = ids.map(shard).collect();
        deal_slots(&mut shards);
        shards
    }
}

fn check_quota(call: &Call, state: &State, new: &ReplicationGroup) -> Result<(), AwsError> {
    let refuse = |code, message: String| AwsError::bad_request(code, message);
    ensure(new.shards.len() <= MOST_NODES_IN_GROUP, || {
        let message = format!("A replication group has at most {MOST_NODES_IN_GROUP} node groups.");
        refuse("NodeGroupsPerReplicationGroupQuotaExceeded", message)
    })?;
    ensure(new.node_count() <= MOST_NODES_IN_GROUP, || {
        refuse(
            "NodeQuotaForClusterExceeded",
            format!("A replication group has at most {MOST_NODES_IN_GROUP} nodes."),
        )
    })?;
    check_node_quota(call, state, new.node_count())
}

/// Nodes are processes where there is a server to run.
fn hosting(call: &Call) -> Option<Hosting> {
    let server = call.config.valkey_server.as_ref();
    server.map(|_| Hosting::default())
}
