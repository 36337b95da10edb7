use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use jiff::Timestamp;

use crate::model::{Tags, Workload};

use super::rotation::Accepted;
use super::{
    BoundSecret, ObservedAlias, ObservedFunction, ObservedWorkload, PublishedVersion, Seen,
    Sensitive,
};

/// What AWS and the API server said. Facts of reads and of replies to writes end up here alike.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Observed {
    /// AWS account that the operator acts in.
    pub account: Option<String>,
    /// API Gateway and Lambda.
    pub gateway: ObservedGateway,
    /// ElastiCache.
    pub cache: ObservedCache,
    /// Secrets Manager.
    pub secret: ObservedSecret,
    /// Kubernetes Secrets, by name.
    pub bound: BTreeMap<String, Seen<BoundSecret>>,
    /// Lambda functions that are bound, by ARN.
    pub functions: BTreeMap<String, Seen<ObservedFunction>>,
    /// The alias of each that is bound with one, by the function's ARN.
    pub aliases: BTreeMap<String, Seen<ObservedAlias>>,
    /// The version that was published in this reconcile, by the function's ARN.
    pub published: BTreeMap<String, PublishedVersion>,
    /// ARNs of functions that are or were bound, as status knows them.
    pub previously_bound_functions: BTreeSet<String>,
    /// The object's policy on the roles of bound functions, by role: its document.
    pub role_policies: BTreeMap<String, Seen<String>>,
    /// Names of roles that have or had the policy, as status knows them.
    pub policy_roles: BTreeSet<String>,
    /// Workloads to roll.
    pub workloads: BTreeMap<Workload, Seen<ObservedWorkload>>,
    /// Names of Kubernetes Secrets that the object has or had, as status and the controller's view of the cluster know them. A hint on what
    /// to look for: only what is then seen to be owned is deleted.
    pub previously_bound: BTreeSet<String>,
}

/// API Gateway and Lambda.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct ObservedGateway {
    /// The REST API that carries our tags; of several, the oldest.
    pub rest_api: Seen<RestApi>,
    /// Ids of younger ones that carry our tags as well: left by a creation whose reply was lost. Known after a search only.
    pub duplicates: Vec<String>,
    /// Id that status remembers: looked at first, believed only when its tags are ours.
    pub hint: Option<String>,
    /// Whether status remembers API keys, so that those of a spec that no longer names any are looked for.
    pub keys_known: bool,
    /// ARNs of functions that status remembers as having our statement.
    pub known_functions: BTreeSet<String>,
    /// When the creation of the REST API was announced, if it was.
    pub intent: Option<Timestamp>,
    /// Methods of each path, as API Gateway has them.
    pub methods: Seen<BTreeMap<String, BTreeSet<String>>>,
    /// Deployments, newest first.
    pub deployments: Seen<Vec<Deployment>>,
    /// The stage.
    pub stage: Seen<Stage>,
    /// API keys whose names start with ours, by name in API Gateway.
    pub api_keys: Seen<BTreeMap<String, ApiKey>>,
    /// The usage plan of our name.
    pub usage_plan: Seen<UsagePlan>,
    /// Our statement in each function's policy, by the function's ARN: absent when the policy lacks it.
    pub permissions: BTreeMap<String, Seen<Permission>>,
}

/// A REST API.
#[derive(Clone, Debug, PartialEq)]
pub struct RestApi {
    /// Id.
    pub id: String,
    /// Name.
    pub name: String,
    /// `info.version` of the document it was last given: our hash.
    pub version: Option<String>,
    /// When it was created.
    pub created: Option<Timestamp>,
    /// Whether it takes a write: `apiStatus` is `AVAILABLE` or missing.
    pub available: bool,
    /// `apiStatusMessage`, when it is not available.
    pub status_message: Option<String>,
    /// Whether the document in it is known to be whole, because this process saw `PutRestApi` succeed with it.
    /// A put that failed half-way may have left its version and not its methods.
    pub confirmed: bool,
    /// Tags.
    pub tags: Tags,
}

/// A deployment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deployment {
    /// Id.
    pub id: String,
    /// Description; ours names the hash of the document.
    pub description: String,
    /// When it was made.
    pub created: Option<Timestamp>,
}

/// A stage.
#[derive(Clone, Debug, PartialEq)]
pub struct Stage {
    /// Deployment that it serves.
    pub deployment_id: String,
    /// Description; ours names hash and deployment.
    pub description: String,
    /// Stage variables.
    pub variables: BTreeMap<String, String>,
    /// Method settings by key, unescaped and less one leading slash: `orders/{id}/GET`, `/GET` for the root, `*/*`.
    pub method_settings: BTreeMap<String, MethodSettings>,
    /// Whether API Gateway's own cache cluster is on.
    pub cache_cluster: bool,
    /// Tags.
    pub tags: Tags,
}

/// Settings of a method, those that we write.
#[derive(Clone, Debug, PartialEq)]
pub struct MethodSettings {
    /// `throttling/rateLimit`.
    pub rate: f64,
    /// `throttling/burstLimit`.
    pub burst: i32,
    /// `caching/enabled`.
    pub caching: bool,
}

/// An API key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiKey {
    /// Id.
    pub id: String,
    /// Whether it is on.
    pub enabled: bool,
    /// Value.
    pub value: Sensitive,
    /// Tags.
    pub tags: Tags,
}

/// A usage plan.
#[derive(Clone, Debug, PartialEq)]
pub struct UsagePlan {
    /// Id.
    pub id: String,
    /// `throttle`: rate and burst.
    pub throttle: Option<(f64, i32)>,
    /// `quota`: limit and period (`DAY`, `WEEK`, `MONTH`).
    pub quota: Option<(i32, String)>,
    /// Stages it counts for: API id and stage name.
    pub stages: BTreeSet<(String, String)>,
    /// Ids of its keys.
    pub key_ids: BTreeSet<String>,
    /// Tags.
    pub tags: Tags,
}

/// Our statement in a function's policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Permission {
    /// `AWS:SourceArn` that it is limited to.
    pub source_arn: String,
}

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
    /// How many rounds in a row, this one included, have seen the group available. Kept by the controller.
    pub available_sightings: u32,
}

impl ObservedCache {
    /// One of the back ends' users.
    #[must_use]
    pub fn user(&self, id: &str) -> &Seen<CacheUser> {
        self.users.get(id).unwrap_or(&Seen::Unread)
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
}

/// Secrets Manager.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct ObservedSecret {
    /// The secret of our name.
    pub secret: Seen<Secret>,
    /// Its values by version. A version never changes, so what was read once stays read.
    pub values: BTreeMap<String, Seen<SecretValue>>,
    /// What the nodes say to the password of a version.
    pub logins: BTreeMap<String, Login>,
    /// Since when a version has been the current one, as status knows it.
    pub promoted: Option<(String, Timestamp)>,
    /// Since when a version has been pending, as status knows it: never too early.
    pub pending_since: Option<(String, Timestamp)>,
    /// Versions whose passwords this process had the user accept, in its last list. Kept by the controller.
    pub brought_in: BTreeSet<String>,
    /// Request tokens that made a version before, with another password than would be made now.
    pub taken: BTreeSet<String>,
}

impl Observed {
    /// Number of passwords that the user had which the current version of the secret names, when it was looked at last.
    #[must_use]
    pub fn passwords(&self) -> Option<u32> {
        let value = self.secret.current_value().present()?;
        let mut users = self.cache.known_users.values();
        let user = users.find(|user| user.name == value.username)?;
        Some(user.passwords)
    }
}

impl ObservedSecret {
    /// The value of a version.
    #[must_use]
    pub fn value(&self, version: &str) -> &Seen<SecretValue> {
        self.values.get(version).unwrap_or(&Seen::Unread)
    }

    /// The value of the current version; unread when it is not known which one that is.
    #[must_use]
    pub fn current_value(&self) -> &Seen<SecretValue> {
        let current = self.secret.present().and_then(Secret::current);
        current.map_or(&Seen::Unread, |version| self.value(version))
    }
}

/// What the nodes say to a user and a password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Login {
    /// Whether they let it in.
    pub accepted: Accepted,
    /// A node that lets anybody in, or that lets the user do what it must not, and how.
    pub flaw: Option<String>,
    /// Why a node could not be asked.
    pub obstacle: Option<String>,
    /// The nodes of the cluster, in cluster mode, if one that lets the user in has named them.
    pub members: Vec<Endpoint>,
}

/// A secret, without its value.
#[derive(Clone, Debug, PartialEq)]
pub struct Secret {
    /// ARN.
    pub arn: String,
    /// When it is to be deleted, if that was asked for.
    pub deleted: Option<Timestamp>,
    /// Staging labels by version id.
    pub versions: BTreeMap<String, BTreeSet<String>>,
    /// Whether Secrets Manager rotates it by itself.
    pub rotation_enabled: bool,
    /// Tags.
    pub tags: Tags,
}

/// Label of the version that consumers read.
pub const AWSCURRENT: &str = "AWSCURRENT";
/// Label of the version that a rotation brings in.
pub const AWSPENDING: &str = "AWSPENDING";
/// Label of the version that was current before.
pub const AWSPREVIOUS: &str = "AWSPREVIOUS";

impl Secret {
    /// Id of the version that is current.
    #[must_use]
    pub fn current(&self) -> Option<&str> {
        self.labelled(AWSCURRENT)
    }

    /// Id of the version that has a label.
    #[must_use]
    pub fn labelled(&self, label: &str) -> Option<&str> {
        self.versions
            .iter()
            .find(|(_, labels)| labels.contains(label))
            .map(|(id, _)| id.as_str())
    }
}

/// The fields of a secret's value that we use. A person may have edited it: what is missing, or all of a value that is no JSON object, is
/// empty or `None`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecretValue {
    /// Version that it belongs to.
    pub version_id: String,
    /// `username`.
    pub username: String,
    /// `password`.
    pub password: Sensitive,
    /// `engine`.
    pub engine: Option<String>,
    /// `host` and `port`, once known.
    pub endpoint: Option<Endpoint>,
    /// `passwordSince`: the moment that the password was made for.
    pub password_since: Option<Timestamp>,
    /// `userSince`: the moment that the user was made for, when a person asked for it.
    pub user_since: Option<Timestamp>,
    /// When the version was made.
    pub created: Option<Timestamp>,
}
