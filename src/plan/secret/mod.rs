//! Decides on the secret: made once with a fresh password, kept complete, and given another password only by a rotation (`rotate`).
//!
//! A password that a person wrote is not overwritten: the cache is made to accept it. One that a person removed is not made up: the version before becomes
//! current again if it opens the cache. What else is put right are the facts around it, endpoint and engine.

mod adoption;
mod auth_token;
mod iam;
mod laggards;
mod revoke;
mod rotate;
mod standing;
#[cfg(test)]
mod tests;

pub(super) use adoption::is_of_another_cache;
pub use adoption::{secret_differences, secret_standing};

use std::collections::BTreeSet;
use std::time::Duration;

use jiff::Timestamp;
use uuid::Uuid;

use crate::api::Reason;
use crate::model::{Desired, DesiredUser};

use super::cache::{GROUP_PACE, awaits_adoption, own_endpoint};
use super::{
    Action, AspectPlan, CacheAction, Context, Endpoint, Observed, RETRY, Read, Secret,
    SecretAction, SecretFacts, SecretValue, Seen, current_user, looked,
};

/// Decides on what opens the cache: the secret, where there is a password, and the user that shows signed tokens. A poll that finds anything but what is
/// desired looks at everything.
pub fn plan_credentials(desired: &Desired, observed: &Observed, context: Context) -> AspectPlan {
    let mut plan = if desired.mode.has_secret() {
        plan_secret(desired, observed, context)
    } else {
        iam::plan_departure(desired, observed, context)
    };
    if desired.mode.has_iam() {
        plan.extend(iam::plan_iam(desired, observed, context));
    }
    plan.reads_first()
}

fn plan_secret(desired: &Desired, observed: &Observed, context: Context) -> AspectPlan {
    let name = &desired.secret.name;
    let held = adoption::plan_another(desired, observed, context)
        .or_else(|| adoption::plan_adoption(desired, observed));
    if let Some(plan) = held {
        return plan;
    }
    match &observed.secret.secret {
        Seen::Unread => AspectPlan::read(Read::Secret { name: name.clone() }),
        Seen::Unknown(failure) => AspectPlan::unknown(failure, RETRY),
        Seen::Absent => plan_creation(desired, observed, context),
        Seen::Present(secret) if !desired.identity.owns(&secret.tags) => {
            AspectPlan::block(Reason::NameTaken, name_taken(name, secret.deleted))
        }
        Seen::Present(secret) if secret.deleted.is_some() => {
            AspectPlan::act(Action::Secret(SecretAction::RestoreSecret {
                arn: secret.arn.clone(),
            }))
        }
        Seen::Present(secret) => plan_value(desired, observed, secret, context),
    }
}

/// ElastiCache takes one change of a user, of a user group or of a replication group at a time, and a user group changes with its replication group: where
/// the cache's part changes one in this round, the change of the credentials' part comes after.
pub(super) fn one_change_at_a_time(cache: &AspectPlan, credentials: AspectPlan) -> AspectPlan {
    let busy: BTreeSet<_> = cache.actions.iter().flat_map(changed_by).collect();
    let mut changes = credentials.actions.iter().flat_map(changed_by);
    if !changes.any(|thing| busy.contains(&thing)) {
        return credentials;
    }
    let wait = AspectPlan::wait(
        Reason::Rotating,
        "another change of the cache or its users comes first",
        Duration::from_secs(1),
    );
    AspectPlan {
        quietly: credentials.quietly,
        ..wait
    }
}

/// What an action changes.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Changed<'a> {
    User(&'a str),
    /// The replication group, with its user group.
    Group,
}

fn changed_by(action: &Action) -> Vec<Changed<'_>> {
    match action {
        Action::Cache(
            CacheAction::ModifyUserAccess { id, .. }
            | CacheAction::SetPasswords { id, .. }
            | CacheAction::RequireIam { id },
        ) => vec![Changed::User(id)],
        Action::Cache(CacheAction::DeleteUser { id }) => vec![Changed::User(id), Changed::Group],
        Action::Cache(
            CacheAction::ModifyUserGroup { .. }
            | CacheAction::ModifyReplicationGroup { .. }
            | CacheAction::IncreaseReplicaCount { .. }
            | CacheAction::DecreaseReplicaCount { .. }
            | CacheAction::RotateAuthToken { .. }
            | CacheAction::SetAuthToken { .. },
        ) => vec![Changed::Group],
        _ => Vec::new(),
    }
}

/// A cache user keeps the password of a secret that is gone, and a new secret would hold another one: so there is no new secret while there is a user.
fn plan_creation(desired: &Desired, observed: &Observed, context: Context) -> AspectPlan {
    if awaits_adoption(desired, observed) {
        let message = format!(
            "the replication group {} is not the object's yet; see CacheReady",
            desired.cache.group_id
        );
        return AspectPlan::wait(
            Reason::WaitingForDependency,
            message,
            context.pace(GROUP_PACE),
        );
    }
    if desired.mode.has_token() {
        auth_token::plan_creation(desired, observed, context)
    } else {
        plan_creation_for_user(desired, observed, context)
    }
}

fn plan_creation_for_user(desired: &Desired, observed: &Observed, context: Context) -> AspectPlan {
    let (first, cache) = (&desired.cache.user.id, &observed.cache);
    let mut reads = Vec::new();
    let user = looked(
        cache.user(first),
        Read::User { id: first.clone() },
        &mut reads,
    );
    let id = desired.cache.id.clone();
    let group = looked(&cache.user_group, Read::UserGroup { id }, &mut reads);
    let (user, group) = match (user, group) {
        (Err(plan), _) | (_, Err(plan)) => return plan,
        (Ok(user), Ok(group)) => (user.map(|_| first), group),
    };
    if !reads.is_empty() {
        return AspectPlan::read_all(reads);
    }
    let mut members = group.into_iter().flat_map(|group| &group.user_ids);
    let Some(user) = user.or_else(|| members.find(|id| desired.identity.is_user_id(id))) else {
        return AspectPlan::act(Action::Secret(create(desired, context.now)));
    };
    let message = format!(
        "the secret {} is gone, and with it the password of the cache's user {user}; restore the secret, or delete the user in ElastiCache: \
         both are then created anew",
        desired.secret.name
    );
    AspectPlan::block(Reason::SecretUnusable, message)
}

fn create(desired: &Desired, now: Timestamp) -> SecretAction {
    let secret = &desired.secret;
    SecretAction::CreateSecret {
        name: secret.name.clone(),
        description: secret.description.clone(),
        token: secret.token,
        // The user that is made now is younger than all that was asked for.
        facts: facts(
            desired,
            client(desired, &desired.cache.user),
            secret.rotation.revoked_at(now),
        ),
        tags: desired.tags.clone(),
    }
}

fn name_taken(name: &str, deleted: Option<Timestamp>) -> String {
    let remedy = match deleted {
        None => "rename or delete it, or, if it is this object's, put its tags back".to_owned(),
        Some(at) => format!(
            "it is to be deleted at {at}; wait for that, or restore it and put this object's tags on it"
        ),
    };
    format!("the secret {name} exists without this object's tags, so it is left alone; {remedy}")
}

fn plan_value(
    desired: &Desired,
    observed: &Observed,
    secret: &Secret,
    context: Context,
) -> AspectPlan {
    let name = &desired.secret.name;
    let lack = match secret
        .current()
        .map(|current| (current, observed.secret.value(current)))
    {
        None => Some(
            "has no version labelled AWSCURRENT; move the label to the version that is in use"
                .to_owned(),
        ),
        Some((current, Seen::Unread)) => return AspectPlan::read(value_of(secret, current)),
        Some((_, Seen::Unknown(failure))) => return AspectPlan::unknown(failure, RETRY),
        // The label moved between the two reads.
        Some((_, Seen::Absent)) => {
            let message = format!("the value of the secret {name} is not readable yet");
            return AspectPlan::wait(Reason::Unobserved, message, RETRY);
        }
        Some((current, Seen::Present(value))) => match unusable(desired, value) {
            None => {
                let plan = complete(desired, observed, &secret.arn, (current, value));
                if !plan.is_settled() {
                    return plan;
                }
                None
            }
            lack => lack,
        },
    };
    rotate::plan_rotation(desired, observed, secret, (lack, context))
}

/// The read of one version of `secret`.
fn value_of(secret: &Secret, version: &str) -> Read {
    Read::SecretValue {
        arn: secret.arn.clone(),
        version: version.to_owned(),
    }
}

/// What makes a value useless that only a person can have written.
fn unusable(desired: &Desired, value: &SecretValue) -> Option<String> {
    if value.password.reveal().is_empty() {
        return Some("has no password; put the password back, e.g. by moving AWSCURRENT to the version before".into());
    }
    if desired.is_named_well(&value.username) {
        return None;
    }
    if desired.mode.has_token() {
        return Some("names a user, and the cache has none; take the username out".into());
    }
    Some(format!(
        "names another user than the cache's; put the username back, which is {} unless the credential was revoked",
        desired.cache.user.name
    ))
}

/// Writes endpoint and engine into the value, when they are known and not there.
///
/// The request token names the version that the password comes from: of two controllers that decide this, one makes the version and the other meets it.
/// An endpoint that comes back later is another version, and so is one that follows when somebody makes an older version current: the token of one that is there makes
/// nothing and moves no label.
fn complete(
    desired: &Desired,
    observed: &Observed,
    arn: &str,
    (current, value): (&str, &SecretValue),
) -> AspectPlan {
    let own = own_endpoint(&desired.identity, observed);
    let another = is_of_another_cache(desired, value);
    if another && own.is_none() {
        return AspectPlan::default();
    }
    let endpoint = own.or(value.endpoint.as_ref());
    let engine = desired.secret.engine;
    let same =
        value.endpoint.as_ref() == endpoint && value.engine.as_deref() == Some(engine.as_str());
    if same && !another {
        return AspectPlan::default();
    }
    let user = current_user(desired, observed);
    let seen = observed.cache.user(&user.id);
    AspectPlan::act(Action::Secret(SecretAction::PutSecretValue {
        arn: arn.to_owned(),
        token: unused_token(desired, observed, current, endpoint),
        from: current.to_owned(),
        facts: SecretFacts {
            user_arn: seen.present().map(|user| user.arn.clone()),
            endpoint: endpoint.cloned(),
            // Else a first password would be as young as each version that has it, and due ever later.
            password_since: value.password_since.or(value.created),
            ..facts(desired, client(desired, &user), value.user_since)
        },
    }))
}

/// The name that clients log in with: none with an AUTH token, which engines without users take alone.
fn client(desired: &Desired, user: &DesiredUser) -> Option<String> {
    (!desired.mode.has_token()).then(|| user.name.clone())
}

fn facts(
    desired: &Desired,
    username: Option<String>,
    user_since: Option<Timestamp>,
) -> SecretFacts {
    let secret = &desired.secret;
    SecretFacts {
        engine: secret.engine,
        username,
        password_since: None,
        user_since,
        replication_group_id: secret.cache_id.clone(),
        key_prefix: secret.key_prefix.clone(),
        user_arn: None,
        endpoint: None,
    }
}

/// The first token of which no version is known.
fn unused_token(
    desired: &Desired,
    observed: &Observed,
    from: &str,
    endpoint: Option<&Endpoint>,
) -> Uuid {
    let endpoint = endpoint.map(ToString::to_string).unwrap_or_default();
    let engine = desired.secret.engine.as_str();
    let mut purpose = format!("endpoint:{from}:{endpoint}:{engine}");
    let versions = observed
        .secret
        .secret
        .present()
        .map(|secret| &secret.versions);
    loop {
        let token = desired.identity.token(&purpose);
        if versions.is_none_or(|versions| !versions.contains_key(&token.to_string())) {
            return token;
        }
        purpose += ":again";
    }
}
