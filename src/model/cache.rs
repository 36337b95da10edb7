use std::collections::BTreeSet;
use std::str::FromStr;

use uuid::Uuid;

use crate::api::{CachedApiSpec, Engine};

use super::names::names_of;
use super::{Adoption, DesiredRotation, Identity};

/// An engine version as ElastiCache names it: ordered by major, then minor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct CacheVersion {
    /// Major version.
    pub major: u32,
    /// Minor version.
    pub minor: u32,
}

impl FromStr for CacheVersion {
    type Err = std::num::ParseIntError;

    /// Reads `8.1` and `8.1.2`: ElastiCache reports patch versions that nobody asks for.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut parts = text.split('.');
        let mut part = || parts.next().unwrap_or("0").parse();
        Ok(Self {
            major: part()?,
            minor: part()?,
        })
    }
}

/// The oldest version of `engine` that lets users in with signed tokens.
/// <https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/auth-iam.html>
#[must_use]
pub const fn oldest_with_iam(engine: Engine) -> CacheVersion {
    match engine {
        Engine::Valkey => CacheVersion { major: 7, minor: 2 },
        Engine::Redis => CacheVersion { major: 7, minor: 0 },
    }
}

/// The replication group with its users and subnet group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DesiredCache {
    /// Id of the replication group.
    pub group_id: String,
    /// The group that exists and is to become the object's.
    pub adoption: Option<Adoption>,
    /// Id of what is made around it: its subnet group, its user group and its first user.
    pub id: String,
    /// Description of the group, for people.
    pub description: String,
    /// Engine.
    pub engine: Engine,
    /// Engine version, as written.
    pub engine_version: String,
    /// Node type.
    pub node_type: String,
    /// Number of shards; more than 1 means cluster mode.
    pub shards: u32,
    /// Replicas of each shard; at least 1 means Multi-AZ.
    pub replicas_per_shard: u32,
    /// Subnets.
    pub subnet_ids: BTreeSet<String>,
    /// Security groups.
    pub security_group_ids: BTreeSet<String>,
    /// Days that automatic snapshots are kept.
    pub snapshot_retention_days: u32,
    /// The user that back ends log in as first; one that a revocation makes has the same rights.
    pub user: DesiredUser,
    /// The user that back ends log in as with signed tokens.
    pub iam_user: DesiredUser,
    /// The user named `default`, switched off.
    pub default_user: DesiredUser,
}

/// A cache user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DesiredUser {
    /// Id, unique in account and Region.
    pub id: String,
    /// Name that clients log in with.
    pub name: String,
    /// What it may do, as an ACL rule.
    pub access_string: String,
}

/// What the back ends' users may do: read, write and expire the object's keys, see nothing of the server. Keys are `capi:<uid>:…`, so
/// that a cache that is one day shared keeps its users apart. In `cluster_mode` clients ask the nodes where the keys are.
#[must_use]
pub fn backend_access(identity: &Identity, cluster_mode: bool) -> String {
    let cluster = if cluster_mode {
        " +cluster|info +cluster|nodes +cluster|shards +cluster|slots"
    } else {
        ""
    };
    format!(
        "on ~{}* resetchannels -@all +@read +@write +@connection +@transaction -@dangerous{cluster}",
        identity.key_prefix()
    )
}

impl DesiredCache {
    pub(super) fn build(identity: &Identity, spec: &CachedApiSpec) -> Self {
        let id = identity.cache_id();
        let (group_id, _) = names_of(identity, spec);
        let adoption = Adoption::of(spec.adopt.as_ref(), |adopt| {
            adopt.replication_group_id.as_ref()
        });
        let spec = &spec.cache.replication_group;
        Self {
            group_id,
            adoption,
            description: format!("CachedApi {}/{}", identity.namespace, identity.name),
            engine: spec.engine,
            engine_version: spec.engine_version.clone(),
            node_type: spec.node_type.clone(),
            shards: spec.shards,
            replicas_per_shard: spec.replicas_per_shard,
            subnet_ids: spec.network.subnet_ids.iter().cloned().collect(),
            security_group_ids: spec.network.security_group_ids.iter().cloned().collect(),
            snapshot_retention_days: spec.snapshots.retention_days,
            user: DesiredUser {
                id: id.clone(),
                name: identity.cache_username(),
                access_string: backend_access(identity, spec.shards > 1),
            },
            iam_user: DesiredUser {
                id: identity.iam_user_id(),
                name: identity.iam_user_id(),
                access_string: backend_access(identity, spec.shards > 1),
            },
            default_user: DesiredUser {
                id: identity.default_user_id(),
                name: "default".into(),
                access_string: "off ~* -@all".into(),
            },
            id,
        }
    }

    /// Whether the group runs in cluster mode.
    #[must_use]
    pub const fn cluster_mode(&self) -> bool {
        self.shards > 1
    }

    /// Whether automatic failover is on: with replicas, and always in cluster mode, which ElastiCache does not run without it.
    /// <https://docs.aws.amazon.com/AmazonElastiCache/latest/APIReference/API_CreateReplicationGroup.html>
    #[must_use]
    pub const fn failover(&self) -> bool {
        self.replicas_per_shard > 0 || self.cluster_mode()
    }

    /// Whether Multi-AZ is on: as soon as there is a replica to put elsewhere.
    #[must_use]
    pub const fn multi_az(&self) -> bool {
        self.replicas_per_shard > 0
    }
}

/// The secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DesiredSecret {
    /// Name: carries namespace, name and a part of the UID. The ARN of one that was there before.
    pub name: String,
    /// The secret that exists and is to become the object's.
    pub adoption: Option<Adoption>,
    /// Description, for people.
    pub description: String,
    /// Request token of the creation.
    pub token: Uuid,
    /// Days during which it can be restored after deletion.
    pub recovery_window_days: u32,
    /// Engine of the cache, as the value's `engine`.
    pub engine: Engine,
    /// Id of the cache, as the value's `replicationGroupId`.
    pub cache_id: String,
    /// Prefix of every key that the user may touch, as the value's `keyPrefix`.
    pub key_prefix: String,
    /// When the password is rotated.
    pub rotation: DesiredRotation,
}

impl DesiredSecret {
    pub(super) fn build(identity: &Identity, spec: &CachedApiSpec) -> Option<Self> {
        let (cache_id, name) = names_of(identity, spec);
        Some(Self {
            adoption: Adoption::of(spec.adopt.as_ref(), |adopt| adopt.secret_arn.as_ref()),
            rotation: DesiredRotation::build(identity, &spec.credentials)?,
            name,
            description: format!(
                "Cache credential of CachedApi {}/{}",
                identity.namespace, identity.name
            ),
            token: identity.token("secret"),
            recovery_window_days: spec.credentials.recovery_window_days,
            engine: spec.cache.replication_group.engine,
            cache_id,
            key_prefix: identity.key_prefix(),
        })
    }
}
