use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The cache that the back ends use.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct CacheSpec {
    /// An ElastiCache replication group. Connections are encrypted (TLS required), data is encrypted at rest, the `default` user is off.
    pub replication_group: ReplicationGroupSpec,
}

/// An ElastiCache replication group.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[x_kube(validation = Rule::new("!(oldSelf.engine == 'valkey' && self.engine == 'redis')")
    .message("cache.replicationGroup.engine cannot go from valkey back to redis; redis to valkey works in place"))]
#[serde(rename_all = "camelCase")]
pub struct ReplicationGroupSpec {
    /// `valkey`, or `redis` (Redis OSS). From redis to valkey is changed in place.
    #[serde(default)]
    pub engine: Engine,
    /// Engine version as ElastiCache names it, e.g. `8.1`. Can be raised in place, never lowered.
    #[schemars(length(max = 8), regex(pattern = r"^[0-9]+\.[0-9]+$"))]
    pub engine_version: String,
    /// Node type, e.g. `cache.t4g.small`. Changed in place.
    #[schemars(length(max = 40), regex(pattern = r"^cache\.[a-z0-9-]+\.[a-z0-9]+$"))]
    pub node_type: String,
    /// Number of shards. More than 1 switches cluster mode on. Cannot be changed.
    #[serde(default = "one")]
    #[schemars(range(min = 1, max = 90))]
    #[x_kube(validation = Rule::new("self == oldSelf").message("cache.replicationGroup.shards cannot be changed"))]
    pub shards: u32,
    /// Replicas of each shard. With at least 1, automatic failover and Multi-AZ are on. Changed in place.
    #[serde(default = "one")]
    #[schemars(range(min = 0, max = 5))]
    pub replicas_per_shard: u32,
    /// Where the nodes are placed and who may reach them.
    pub network: Network,
    /// Automatic snapshots.
    #[serde(default)]
    pub snapshots: Snapshots,
}

const fn one() -> u32 {
    1
}

/// A cache engine, spelled as ElastiCache spells it.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Copy, Debug, PartialEq, Eq, Default)]
#[serde(rename_all = "lowercase")]
pub enum Engine {
    /// Valkey.
    #[default]
    Valkey,
    /// Redis OSS.
    Redis,
}

impl Engine {
    /// As ElastiCache spells it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Valkey => "valkey",
            Self::Redis => "redis",
        }
    }
}

/// Where the nodes are placed and who may reach them.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct Network {
    /// Subnets for the nodes; with replicas, in at least two Availability Zones.
    #[schemars(length(min = 1, max = 16), inner(length(max = 32), regex(pattern = r"^subnet-[0-9a-f]+$")), extend("x-kubernetes-list-type" = "set"))]
    pub subnet_ids: Vec<String>,
    /// Security groups of the nodes. They must let the back ends in on the cache's port.
    #[schemars(length(min = 1, max = 5), inner(length(max = 32), regex(pattern = r"^sg-[0-9a-f]+$")), extend("x-kubernetes-list-type" = "set"))]
    pub security_group_ids: Vec<String>,
}

/// Automatic snapshots.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Copy, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase", default)]
pub struct Snapshots {
    /// Days that a daily snapshot is kept; 0 takes none. Changed in place.
    #[schemars(range(min = 0, max = 35))]
    pub retention_days: u32,
}

impl Default for Snapshots {
    fn default() -> Self {
        Self { retention_days: 7 }
    }
}

/// How the cache's credential is made and kept.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Copy, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase", default)]
pub struct CredentialsSpec {
    /// A generated password for one cache user, kept in AWS Secrets Manager.
    pub password: PasswordSpec,
    /// Days during which the secret can be restored after the object was deleted.
    #[schemars(range(min = 7, max = 30))]
    pub recovery_window_days: u32,
}

impl Default for CredentialsSpec {
    fn default() -> Self {
        Self {
            password: PasswordSpec {},
            recovery_window_days: 30,
        }
    }
}

/// A generated password for one cache user.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Copy, Debug, PartialEq, Eq, Default)]
#[serde(rename_all = "camelCase")]
pub struct PasswordSpec {}
