use std::collections::BTreeSet;

use crate::api::Engine;
use crate::model::{DesiredUser, Tags};
use crate::plan::Sensitive;

/// Writes to ElastiCache. `ModifyReplicationGroup` applies immediately.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs)] // Field names are ElastiCache's own.
pub enum CacheAction {
    CreateSubnetGroup {
        name: String,
        description: String,
        subnet_ids: BTreeSet<String>,
        tags: Tags,
    },
    ModifySubnetGroup {
        name: String,
        subnet_ids: BTreeSet<String>,
    },
    DeleteSubnetGroup {
        name: String,
    },
    /// Without a password it shows signed tokens.
    CreateUser {
        user: DesiredUser,
        engine: Engine,
        password: Option<Password>,
        tags: Tags,
    },
    /// The passwords that a user has from now on, and no others.
    SetPasswords {
        id: String,
        passwords: Vec<Password>,
        purpose: Purpose,
    },
    /// With one random password that is kept nowhere: the user is off.
    CreateDefaultUser {
        user: DesiredUser,
        engine: Engine,
        tags: Tags,
    },
    /// The user shows signed tokens, and has no password.
    RequireIam {
        id: String,
    },
    ModifyUserAccess {
        id: String,
        access_string: String,
    },
    DeleteUser {
        id: String,
    },
    CreateUserGroup {
        id: String,
        engine: Engine,
        user_ids: BTreeSet<String>,
        tags: Tags,
    },
    ModifyUserGroup {
        id: String,
        add: BTreeSet<String>,
        remove: BTreeSet<String>,
    },
    DeleteUserGroup {
        id: String,
    },
    CreateReplicationGroup(Box<NewReplicationGroup>),
    ModifyReplicationGroup {
        id: String,
        change: GroupChange,
    },
    IncreaseReplicaCount {
        id: String,
        replicas_per_shard: u32,
    },
    DecreaseReplicaCount {
        id: String,
        replicas_per_shard: u32,
    },
    /// Strategy `ROTATE`: the group accepts this token and the newest of those before. Never repeated before a login told what became of it.
    RotateAuthToken {
        id: String,
        token: Password,
    },
    /// Strategy `SET`: the group accepts this token alone, which is the newest.
    SetAuthToken {
        id: String,
        token: Password,
        purpose: Purpose,
    },
    DeleteReplicationGroup {
        id: String,
        final_snapshot: Option<String>,
    },
}

/// A password, and the version of the secret that it comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Password {
    /// Version.
    pub version: String,
    /// The password itself.
    pub value: Sensitive,
}

/// Why passwords are set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// A new password is brought in.
    BringIn,
    /// Somebody changed the user's passwords: they are put right.
    PutRight,
    /// The old password is taken out.
    Retire,
    /// The old password is taken out after twice the grace, though a consumer may still use it.
    RetireUnfinished,
}

/// A replication group to create: TLS required, encrypted at rest, port 6379, no automatic minor upgrades (the spec names the minor version).
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs)] // Field names are ElastiCache's own.
pub struct NewReplicationGroup {
    pub id: String,
    pub description: String,
    pub engine: Engine,
    pub engine_version: String,
    pub node_type: String,
    pub shards: u32,
    pub replicas_per_shard: u32,
    /// Automatic failover.
    pub failover: bool,
    pub multi_az: bool,
    pub subnet_group: String,
    pub security_group_ids: BTreeSet<String>,
    pub snapshot_retention_days: u32,
    pub admits: Admission,
    pub tags: Tags,
}

/// Who gets into a new replication group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Admission {
    /// The users of this group.
    UserGroup(String),
    /// Whoever has this AUTH token.
    AuthToken(Password),
}

/// One change of a replication group.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs)] // Field names are ElastiCache's own.
pub enum GroupChange {
    NodeType(String),
    /// Engine and version together, as the change of engine demands.
    Engine {
        engine: Engine,
        version: String,
    },
    SnapshotRetention(u32),
    SecurityGroups(BTreeSet<String>),
    /// Automatic failover and Multi-AZ together.
    Failover {
        automatic: bool,
        multi_az: bool,
    },
    /// Attaches a user group that was taken off.
    AttachUserGroup(String),
}
