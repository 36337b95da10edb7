use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use jiff::Timestamp;

use crate::model::Tags;
use crate::plan::Seen;

/// Status of a user or a user group at rest.
pub(in crate::plan) const ACTIVE: &str = "active";
/// Status of a replication group at rest.
pub(in crate::plan) const AVAILABLE: &str = "available";
/// Rounds in a row that must have seen the replication group available.
const SIGHTINGS: u32 = 2;

/// ElastiCache.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct ObservedCache {
    /// The subnet group.
    pub subnet_group: Seen<SubnetGroup>,
    /// The users that back ends log in as, by id.
    pub users: BTreeMap<String, Seen<CacheUser>>,
    /// The user named `default`.
    pub default_user: Seen<CacheUser>,
    /// The user group.
    pub user_group: Seen<UserGroup>,
    /// The replication group.
    pub group: Seen<ReplicationGroup>,
    /// Id of the group that status remembers.
    pub hint: Option<String>,
    /// That group, when the spec names another one.
    pub other: Seen<ReplicationGroup>,
    /// What the first node says of engine version, security groups and subnet group, which the group's own description lacks.
    pub node: Seen<CacheNode>,
    /// Tags by ARN. Read before anything is changed or deleted.
    pub tags: BTreeMap<String, Seen<Tags>>,
    /// Status of the snapshot that has the final snapshot's name.
    pub final_snapshot: Seen<String>,
    /// How ElastiCache spells the rights that we gave, by user id: it reports an access string in other words than it was given. Kept by the
    /// controller; without it, rights that are spelled differently are given once more.
    pub spellings: BTreeMap<String, Spelling>,
    /// The back ends' users that were there when they were looked at last, by id. Kept by the controller.
    pub known_users: BTreeMap<String, KnownUser>,
    /// Whether status remembers the user that shows signed tokens, so that one that left the spec is looked for.
    pub iam_user_known: bool,
    /// When it was announced that the users of a way in that left the spec leave the cache, by the intent's kind.
    pub leaving: BTreeMap<String, Timestamp>,
    /// How many rounds in a row, this one included, have seen the group available. Kept by the controller.
    pub available_sightings: u32,
}

impl ObservedCache {
    /// One of the back ends' users.
    #[must_use]
    pub fn user(&self, id: &str) -> &Seen<CacheUser> {
        self.users.get(id).unwrap_or(&Seen::Unread)
    }

    /// Whether enough rounds in a row have seen the group available.
    #[must_use]
    pub const fn is_seen_available(&self) -> bool {
        self.available_sightings >= SIGHTINGS
    }

    /// Whether `group` is available and nothing is pending in it, seen often enough.
    #[must_use]
    pub fn is_at_rest(&self, group: &ReplicationGroup) -> bool {
        group.is_quiet() && self.is_seen_available()
    }
}

/// A cache subnet group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SubnetGroup {
    /// ARN.
    pub arn: String,
    /// Subnets.
    pub subnet_ids: BTreeSet<String>,
}

/// A cache user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CacheUser {
    /// ARN.
    pub arn: String,
    /// Name that clients log in with.
    pub name: String,
    /// `creating`, `active`, `modifying`, `deleting`; an unknown word means wait.
    pub status: String,
    /// Engine.
    pub engine: String,
    /// Access string.
    pub access_string: String,
    /// Number of passwords.
    pub passwords: u32,
    /// Whether it shows a signed token instead of a password.
    pub iam: bool,
}

impl CacheUser {
    /// Id: the last part of the ARN.
    #[must_use]
    pub fn id(&self) -> &str {
        self.arn.rsplit(':').next().unwrap_or_default()
    }
}

/// What is remembered of a cache user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownUser {
    /// Name that clients log in with.
    pub name: String,
    /// Number of passwords.
    pub passwords: u32,
}

/// An access string in our words and in ElastiCache's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spelling {
    /// What it was given.
    pub given: String,
    /// What it said in its reply.
    pub reported: String,
}

/// A user group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserGroup {
    /// ARN.
    pub arn: String,
    /// `creating`, `active`, `modifying`, `deleting`; an unknown word means wait.
    pub status: String,
    /// Engine.
    pub engine: String,
    /// Members.
    pub user_ids: BTreeSet<String>,
}

/// A replication group.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "ElastiCache reports them as such"
)]
pub struct ReplicationGroup {
    /// ARN.
    pub arn: String,
    /// `creating`, `available`, `modifying`, `deleting`, `create-failed`, `snapshotting`; an unknown word means wait.
    pub status: String,
    /// When its creation began.
    pub created: Option<Timestamp>,
    /// Whether every node group is `available`.
    pub node_groups_available: bool,
    /// Engine, when the reply names it.
    pub engine: Option<String>,
    /// Node type.
    pub node_type: String,
    /// Ids of the nodes.
    pub member_clusters: Vec<String>,
    /// Number of shards.
    pub shards: u32,
    /// Replicas of the shard that has fewest.
    pub replicas_per_shard: u32,
    /// Whether automatic failover is on (or being switched on).
    pub failover: bool,
    /// Whether Multi-AZ is on.
    pub multi_az: bool,
    /// Whether connections must be encrypted.
    pub tls_required: bool,
    /// Whether data is encrypted at rest.
    pub encrypted_at_rest: bool,
    /// Days that automatic snapshots are kept.
    pub snapshot_retention_days: u32,
    /// Whether whoever has an AUTH token gets in.
    pub auth_token: bool,
    /// Whether cluster mode is on.
    pub cluster_mode: bool,
    /// Whether it is a member of a global datastore.
    pub global: bool,
    /// User groups attached.
    pub user_group_ids: BTreeSet<String>,
    /// Where to write.
    pub primary: Option<Endpoint>,
    /// Where to read.
    pub reader: Option<Endpoint>,
    /// Where each node is reached, as far as ElastiCache tells: it does not in cluster mode.
    pub nodes: Vec<Endpoint>,
    /// What AWS says is going to change, in words; empty when nothing is.
    pub pending: Vec<String>,
    /// `AuthTokenLastModifiedDate`.
    pub auth_token_modified: Option<Timestamp>,
    /// Whether an AUTH token is being rotated or set, which lets clients in throughout, and nothing else is pending.
    pub auth_token_changing: bool,
}

impl ReplicationGroup {
    /// Whether it is available, and nothing is pending in it, as it was read last.
    #[must_use]
    pub fn is_quiet(&self) -> bool {
        self.status == AVAILABLE && self.node_groups_available && self.pending.is_empty()
    }

    /// Where to log in, as far as ElastiCache tells: at every node, in cluster mode at the one endpoint of all.
    #[must_use]
    pub fn doors(&self) -> Vec<Endpoint> {
        if self.nodes.is_empty() {
            self.primary.iter().cloned().collect()
        } else {
            self.nodes.clone()
        }
    }
}

/// A host and a port.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Endpoint {
    /// Host name.
    pub host: String,
    /// Port.
    pub port: u16,
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.host, self.port)
    }
}

/// A node of the replication group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CacheNode {
    /// Engine.
    pub engine: String,
    /// Engine version, with patch.
    pub engine_version: String,
    /// Security groups.
    pub security_group_ids: BTreeSet<String>,
    /// Subnet group.
    pub subnet_group: String,
    /// Parameter group.
    pub parameter_group: String,
}
