mod forget;

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use crate::api::TAG_ADOPTED;
use crate::model::{Tags, Workload};

use super::rotation::Accepted;
use super::{
    AWSPREVIOUS, Action, ApiKey, BoundSecret, CacheAction, CacheNode, CacheUser, Deployment,
    INTENT_REST_API, KnownUser, Login, Observed, ObservedAlias, ObservedCache, ObservedFunction,
    ObservedWorkload, Permission, PublishedVersion, ReplicationGroup, RestApi, Secret, SecretValue,
    Seen, Spelling, Stage, SubnetGroup, UsagePlan, UserGroup,
};

/// What a read, or the reply to a write, says. A reply is as good as a read: it is the service's word on what the thing is now.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs)] // Each is named after the field of `Observed` that it goes to.
pub enum Fact {
    RestApi(Seen<RestApi>),
    /// The id that status remembers leads nowhere.
    RestApiHintGone,
    /// The one that is to be taken over.
    NamedRestApi(Seen<RestApi>),
    /// Result of a search, oldest first.
    RestApis(Vec<RestApi>),
    OtherRestApis(Seen<Vec<RestApi>>),
    Methods(Seen<BTreeMap<String, BTreeSet<String>>>),
    Deployments(Seen<Vec<Deployment>>),
    DeploymentCreated(Deployment),
    Stage(Seen<Stage>),
    ApiKeys(Seen<Vec<ApiKey>>),
    UsagePlans(Seen<Vec<UsagePlan>>),
    Permission {
        function: String,
        permission: Seen<Permission>,
    },
    SubnetGroup(Seen<SubnetGroup>),
    User {
        id: String,
        user: Seen<CacheUser>,
    },
    DefaultUser(Seen<CacheUser>),
    /// The rights that a user was given, in ElastiCache's words.
    AccessString(String),
    /// A user was given passwords. How far ElastiCache is with it is looked at when that matters.
    PasswordsSet {
        id: String,
        known: KnownUser,
    },
    UserGroup(Seen<UserGroup>),
    ReplicationGroup(Seen<ReplicationGroup>),
    OtherReplicationGroup(Seen<ReplicationGroup>),
    CacheNode(Seen<CacheNode>),
    FinalSnapshot(Seen<String>),
    CacheTags {
        arn: String,
        tags: Seen<Tags>,
    },
    Secret(Seen<Secret>),
    OtherSecret(Seen<Secret>),
    SecretValue {
        version: String,
        value: Seen<SecretValue>,
    },
    Login {
        version: String,
        login: Login,
    },
    /// The request token made a version before.
    TokenTaken(String),
    BoundSecret {
        name: String,
        secret: Seen<BoundSecret>,
    },
    Function {
        arn: String,
        function: Seen<ObservedFunction>,
    },
    FunctionAlias {
        function: String,
        alias: Seen<ObservedAlias>,
    },
    FunctionPublished {
        function: String,
        version: PublishedVersion,
    },
    RolePolicy {
        role: String,
        policy: Seen<String>,
    },
    Workload {
        workload: Workload,
        observed: Seen<ObservedWorkload>,
    },
    /// What was announced in the object's status, and when.
    Announced {
        kind: String,
        at: Timestamp,
    },
}

/// Ids of those that a creation left: one that was there before, and was adopted, is none.
fn left_over(others: impl IntoIterator<Item = RestApi>) -> Vec<String> {
    let others = others.into_iter();
    let left_over = others.filter(|api| !api.tags.contains_key(TAG_ADOPTED));
    left_over.map(|api| api.id).collect()
}

impl Observed {
    /// Takes a fact in.
    pub fn record(&mut self, fact: Fact) {
        let (gateway, cache) = (&mut self.gateway, &mut self.cache);
        match fact {
            Fact::RestApi(seen) => gateway.rest_api = seen,
            Fact::RestApiHintGone => gateway.hint = None,
            Fact::NamedRestApi(seen) => gateway.named = seen,
            Fact::RestApis(found) => self.record_search(found),
            Fact::OtherRestApis(seen) => gateway.duplicates = seen.map(left_over),
            Fact::Methods(seen) => gateway.methods = seen,
            Fact::Deployments(seen) => gateway.deployments = seen,
            Fact::DeploymentCreated(deployment) => {
                if let Seen::Present(deployments) = &mut gateway.deployments {
                    deployments.insert(0, deployment);
                }
            }
            Fact::Stage(seen) => gateway.stage = seen,
            Fact::ApiKeys(seen) => gateway.api_keys = seen,
            Fact::UsagePlans(seen) => gateway.usage_plans = seen,
            Fact::Permission {
                function,
                permission,
            } => drop(gateway.permissions.insert(function, permission)),
            Fact::SubnetGroup(seen) => cache.subnet_group = seen,
            Fact::User { id, user } => {
                cache.remember(&id, &user);
                cache.users.insert(id, user);
            }
            Fact::DefaultUser(seen) => cache.default_user = seen,
            // Learned with the action.
            Fact::AccessString(_) => {}
            Fact::PasswordsSet { id, known } => drop(cache.known_users.insert(id, known)),
            Fact::UserGroup(seen) => cache.user_group = seen,
            Fact::ReplicationGroup(seen) => {
                seen.present()
                    .inspect(|group| self.secret.tokens.see(group));
                cache.group = seen;
            }
            Fact::OtherReplicationGroup(seen) => cache.other = seen,
            Fact::CacheNode(seen) => cache.node = seen,
            Fact::FinalSnapshot(seen) => cache.final_snapshot = seen,
            Fact::CacheTags { arn, tags } => drop(cache.tags.insert(arn, tags)),
            Fact::Secret(seen) => self.secret.secret = seen,
            Fact::OtherSecret(seen) => self.secret.other = seen,
            Fact::SecretValue { version, value } => drop(self.secret.values.insert(version, value)),
            Fact::Login { version, login } => self.record_login(version, login),
            Fact::TokenTaken(token) => drop(self.secret.taken.insert(token)),
            Fact::BoundSecret { name, secret } => drop(self.bound.insert(name, secret)),
            Fact::Function { arn, function } => drop(self.functions.insert(arn, function)),
            Fact::FunctionAlias { function, alias } => drop(self.aliases.insert(function, alias)),
            Fact::FunctionPublished { function, version } => {
                self.published.insert(function, version);
            }
            Fact::RolePolicy { role, policy } => drop(self.role_policies.insert(role, policy)),
            Fact::Workload { workload, observed } => {
                self.workloads.insert(workload, observed);
            }
            Fact::Announced { kind, at } if kind == INTENT_REST_API => gateway.intent = Some(at),
            Fact::Announced { kind, at } => drop(cache.leaving.insert(kind, at)),
        }
    }

    /// That the version before is refused is kept: it need not be tried again.
    fn record_login(&mut self, version: String, login: Login) {
        let previous = self.secret.secret.present();
        let previous = previous.and_then(|secret| secret.labelled(AWSPREVIOUS));
        if let Some(group) = self.cache.group.present()
            && previous == Some(version.as_str())
            && login.accepted == Accepted::None
        {
            self.secret.tokens.refused = Some((version.clone(), group.auth_token_modified));
        }
        self.secret.logins.insert(version, login);
    }

    fn record_search(&mut self, found: Vec<RestApi>) {
        let mut found = found.into_iter();
        self.gateway.rest_api = found.next().map_or(Seen::Absent, Seen::Present);
        self.gateway.duplicates = Seen::Present(left_over(found));
    }

    /// Takes in that `action` was carried out and what its reply told: what else it may have changed is read again.
    ///
    /// A creation that is replied to made the thing (one that meets a thing of that name has no reply), so the thing has the tags that
    /// it was created with.
    pub fn learn(&mut self, action: &Action, reply: Option<Fact>) {
        let spelling = reply.as_ref().and_then(|fact| spelling(action, fact));
        let group = self.cache.group.present();
        let modified = group.and_then(|group| group.auth_token_modified);
        self.forget(action);
        self.cache.spellings.extend(spelling);
        match action {
            // One that met a group of that name gave it no token.
            Action::Cache(CacheAction::CreateReplicationGroup(_)) if reply.is_none() => {}
            Action::Cache(action) => self.secret.tokens.give(action, modified),
            _ => {}
        }
        let Some(fact) = reply else { return };
        if let (Some(arn), Some(tags)) = (fact.cache_arn(), created_with(action)) {
            let tags = Seen::Present(tags.clone());
            self.record(Fact::CacheTags { arn, tags });
        }
        self.record(fact);
    }
}

impl Fact {
    /// ARN of the thing in ElastiCache that the fact tells of.
    fn cache_arn(&self) -> Option<String> {
        let arn = match self {
            Self::SubnetGroup(Seen::Present(group)) => &group.arn,
            Self::User {
                user: Seen::Present(user),
                ..
            }
            | Self::DefaultUser(Seen::Present(user)) => &user.arn,
            Self::UserGroup(Seen::Present(group)) => &group.arn,
            Self::ReplicationGroup(Seen::Present(group)) => &group.arn,
            _ => return None,
        };
        (!arn.is_empty()).then(|| arn.clone())
    }
}

/// The tags of the thing in ElastiCache that `action` creates.
fn created_with(action: &Action) -> Option<&Tags> {
    let Action::Cache(action) = action else {
        return None;
    };
    match action {
        CacheAction::CreateSubnetGroup { tags, .. }
        | CacheAction::CreateUser { tags, .. }
        | CacheAction::CreateDefaultUser { tags, .. }
        | CacheAction::CreateUserGroup { tags, .. } => Some(tags),
        CacheAction::CreateReplicationGroup(group) => Some(&group.tags),
        _ => None,
    }
}

impl ObservedCache {
    /// Takes note of a user that is there, or forgets it.
    fn remember(&mut self, id: &str, seen: &Seen<CacheUser>) {
        match seen {
            Seen::Present(user) => {
                let known = KnownUser {
                    name: user.name.clone(),
                    passwords: user.passwords,
                };
                self.known_users.insert(id.to_owned(), known);
            }
            Seen::Absent => drop(self.known_users.remove(id)),
            Seen::Unread | Seen::Unknown(_) => {}
        }
    }
}

/// How ElastiCache spells the rights that `action` gave, and whose they are. Only the reply to the write tells: what a later read shows may be what
/// somebody else has written since.
fn spelling(action: &Action, reply: &Fact) -> Option<(String, Spelling)> {
    let (id, given, reported) = match (action, reply) {
        (
            Action::Cache(CacheAction::CreateUser { user, .. }),
            Fact::User {
                user: Seen::Present(made),
                ..
            },
        ) => (&user.id, &user.access_string, &made.access_string),
        (
            Action::Cache(CacheAction::ModifyUserAccess { id, access_string }),
            Fact::AccessString(reported),
        ) => (id, access_string, reported),
        _ => return None,
    };
    let spelling = Spelling {
        given: given.clone(),
        reported: reported.clone(),
    };
    Some((id.clone(), spelling))
}

#[cfg(test)]
mod tests;
