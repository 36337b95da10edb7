use crate::api::{CachedApiSpec, DeletionPolicy, ManagementPolicy};

use super::{
    CredentialMode, DesiredBindings, DesiredCache, DesiredGateway, DesiredSecret, DesiredUser,
    Identity, Names, Tags, Violation,
};

/// What AWS and the cluster should look like for one object.
#[derive(Clone, Debug, PartialEq)]
pub struct Desired {
    /// Who the object is.
    pub identity: Identity,
    /// The tags that everything of the object carries.
    pub tags: Tags,
    /// AWS Region.
    pub region: String,
    /// The REST API, its stage, keys and permissions.
    pub gateway: DesiredGateway,
    /// How clients get into the cache.
    pub mode: CredentialMode,
    /// The replication group with users and subnet group.
    pub cache: DesiredCache,
    /// The secret, when there is a password.
    pub secret: DesiredSecret,
    /// Who receives endpoint and credential.
    pub bindings: DesiredBindings,
    /// What happens on deletion.
    pub deletion: DeletionPolicy,
    /// What the operator may do.
    pub management: ManagementPolicy,
}

impl Desired {
    /// What the replication group and the secret are called.
    #[must_use]
    pub fn names(&self) -> Names<'_> {
        Names {
            group: &self.cache.group_id,
            secret: &self.secret.name,
        }
    }

    /// The back ends' user of this name; none when no user of the object's is called so.
    #[must_use]
    pub fn user_named(&self, name: &str) -> Option<DesiredUser> {
        Some(DesiredUser {
            id: self.identity.user_id(name)?,
            name: name.to_owned(),
            access_string: self.cache.user.access_string.clone(),
        })
    }

    /// Whether a value of the secret may have this user name: clients send an AUTH token without one, or with that of the user whose password it is. A secret that
    /// was there before the object need not name a user: it gets the name with the rest.
    #[must_use]
    pub fn is_named_well(&self, username: &str) -> bool {
        if self.mode.has_token() {
            return ["", "default"].contains(&username);
        }
        let unnamed = self.secret.adoption.is_some() && username.is_empty();
        unnamed || self.user_named(username).is_some()
    }
}

/// The spec's meaning, or everything that is wrong with it.
///
/// # Errors
/// Every violation, in the order of the spec. What CEL refuses at admission is checked here as well where it guards against injection,
/// because objects may have been stored before a rule existed.
pub fn validate(identity: Identity, spec: &CachedApiSpec) -> Result<Desired, Vec<Violation>> {
    let violations = super::validate::violations(spec);
    if !violations.is_empty() {
        return Err(violations);
    }
    let gateway = DesiredGateway::build(&identity, spec);
    if let Some(violation) = gateway.document.oversize() {
        return Err(vec![violation]);
    }
    let mode = CredentialMode::of(&spec.credentials);
    let Some(secret) = DesiredSecret::build(&identity, spec) else {
        let problem = "a duration is written as digits and a unit, e.g. 30d, 12h, 15m";
        return Err(vec![Violation::new(mode.path(), problem)]);
    };
    Ok(Desired {
        tags: identity.tags(),
        region: spec.region.clone(),
        gateway,
        mode,
        cache: DesiredCache::build(&identity, spec),
        secret,
        bindings: DesiredBindings::build(&spec.bindings),
        deletion: spec.deletion_policy.clone(),
        management: spec.management_policy,
        identity,
    })
}
