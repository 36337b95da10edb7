mod cache;
mod gateway;

pub use cache::*;
pub use gateway::*;

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use crate::model::{Tags, Workload};

use super::rotation::Accepted;
use super::{
    BoundSecret, KnownTokens, ObservedAlias, ObservedFunction, ObservedWorkload, PublishedVersion,
    Seen, Sensitive, Written,
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
    /// What this process has written to AWS lately. Kept by the controller.
    pub written: Written,
}

/// Secrets Manager.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct ObservedSecret {
    /// The secret.
    pub secret: Seen<Secret>,
    /// ARN of the secret that status remembers.
    pub hint: Option<String>,
    /// That secret, when the spec names another one.
    pub other: Seen<Secret>,
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
    /// What this process knows of the AUTH tokens that the cache has. Kept by the controller.
    pub tokens: KnownTokens,
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
    /// `replicationGroupId`.
    pub replication_group_id: Option<String>,
    /// `host` and `port`, once known.
    pub endpoint: Option<Endpoint>,
    /// `passwordSince`: the moment that the password was made for.
    pub password_since: Option<Timestamp>,
    /// `userSince`: the moment that the user was made for, when a person asked for it.
    pub user_since: Option<Timestamp>,
    /// When the version was made.
    pub created: Option<Timestamp>,
}
