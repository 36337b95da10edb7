use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Empty;

/// The cache that the back ends use.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct CacheSpec {
    /// An ElastiCache replication group. Connections are encrypted (TLS required), data is encrypted at rest, nobody gets in without the credential.
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

/// `rotateEvery` in minutes, as CEL: a CEL duration knows no days.
#[rustfmt::skip]
macro_rules! every {
    () => { "(self.rotateEvery.endsWith('d') ? int(self.rotateEvery.substring(0, size(self.rotateEvery) - 1)) * 1440 : duration(self.rotateEvery).getMinutes())" };
}

/// How the cache's credential is made and kept.
///
/// With both `password` and `iam`, both are open: clients move from one to the other.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[x_kube(validation = Rule::new("!has(self.iam) || has(self.password) || has(oldSelf.iam)")
    .message("credentials cannot go from password to iam in one edit, which would lock the consumers out: write iam beside password first, move the consumers, then remove password"))]
#[x_kube(validation = Rule::new("has(self.iam) || !has(oldSelf.iam) || has(oldSelf.password)")
    .message("credentials cannot go from iam to password in one edit, which would lock the consumers out: write password beside iam first, move the consumers, then remove iam"))]
#[serde(rename_all = "camelCase")]
pub struct CredentialsSpec {
    /// A generated password for one cache user, kept in AWS Secrets Manager and rotated. The default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "RotationSpec")]
    pub password: Option<RotationSpec>,
    /// A cache user whose clients log in with a token that they sign with their AWS credentials, so that there is no secret value. Needs Valkey 7.2 or Redis
    /// 7.0. status.credentials.iam has the user's name and the policy that a client's role needs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Empty")]
    pub iam: Option<Empty>,
    /// A generated AUTH token for the cache as a whole, kept in AWS Secrets Manager and rotated, in place of a user: for engines without users (Redis OSS 5.0).
    /// Whoever has it may run every command on every key, and a leak is answered by another token while open connections stay. Chosen when the object is
    /// created.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "RotationSpec")]
    pub auth_token: Option<RotationSpec>,
    /// Whether the operator proves by logging in to the cache that the credential opens it.
    #[serde(default)]
    pub probe: Probe,
    /// Days during which the secret can be restored after the object was deleted.
    #[serde(default = "longest_window")]
    #[schemars(range(min = 7, max = 30))]
    pub recovery_window_days: u32,
}

impl Default for CredentialsSpec {
    fn default() -> Self {
        Self {
            password: None,
            iam: None,
            auth_token: None,
            probe: Probe::default(),
            recovery_window_days: longest_window(),
        }
    }
}

const fn longest_window() -> u32 {
    30
}

impl CredentialsSpec {
    /// What is rotated, as far as it is written.
    #[must_use]
    pub const fn rotated(&self) -> Option<&RotationSpec> {
        match &self.auth_token {
            None => self.password.as_ref(),
            token => token.as_ref(),
        }
    }
}

/// A generated password, or AUTH token, that is rotated.
///
/// A rotation makes a new one, has the cache accept both, proves by logins that both work on every node, makes the new one current, and
/// takes the old one out of the cache after the grace.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[x_kube(validation = Rule::new(concat!(every!(), " >= 60 && ", every!(), " <= 525600"))
    .message("rotateEvery must be between 1h and 365d"))]
#[x_kube(validation = Rule::new("!has(self.grace) || duration(self.grace) >= duration(self.clientCacheTtl) + duration(self.clientCacheTtl)")
    .message("grace must be at least twice clientCacheTtl: a client may read the old credential just before the rotation and use it for that long"))]
#[x_kube(validation = Rule::new(concat!(every!(), " >= (has(self.grace) ? duration(self.grace).getMinutes() : duration(self.clientCacheTtl).getMinutes() * 2) + 30"))
    .message("rotateEvery must be at least 30m longer than the grace (by default twice clientCacheTtl): a rotation cannot start before the last one's old credential is gone"))]
#[serde(rename_all = "camelCase")]
pub struct RotationSpec {
    /// How often it is rotated, 1h to 365d, e.g. `30d`, `12h`. Each object has its own moment within the interval.
    #[serde(default = "month")]
    #[schemars(length(max = 8), regex(pattern = r"^[0-9]+(h|d)$"))]
    pub rotate_every: String,
    /// How long a client may use a credential before it reads it again, 0s to 24h, e.g. `1h`. AWS's own caching clients take an hour.
    #[serde(default = "hour")]
    #[schemars(length(max = 8), regex(pattern = r"^[0-9]+(s|m|h)$"))]
    #[x_kube(validation = Rule::new("duration(self) <= duration('24h')").message("clientCacheTtl must be at most 24h"))]
    pub client_cache_ttl: String,
    /// How long the old one works after a new one became current, 15m to 7d (`168h`). Default: twice clientCacheTtl, at least 15m.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String", length(max = 8), regex(pattern = r"^[0-9]+(s|m|h)$"))]
    #[x_kube(validation = Rule::new("duration(self) >= duration('15m') && duration(self) <= duration('168h')")
        .message("grace must be between 15m and 168h: a delayed copy of a request to AWS stays valid for some minutes and must not meet the next rotation"))]
    pub grace: Option<String>,
}

fn month() -> String {
    "30d".into()
}

fn hour() -> String {
    "1h".into()
}

impl Default for RotationSpec {
    fn default() -> Self {
        Self {
            rotate_every: month(),
            client_cache_ttl: hour(),
            grace: None,
        }
    }
}

/// Whether the operator logs in to the cache.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Probe {
    /// It logs in to every node, with TLS. Nothing is promoted without; the cache's security group must let the operator in.
    #[default]
    Login,
    /// It does not, and trusts ElastiCache's word that a password is in place. For caches that the operator cannot reach. A password that the cache does not
    /// accept is then noticed by the back ends and not by the operator.
    Skip,
}
