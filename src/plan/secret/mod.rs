//! Decides on the secret: made once with a fresh password, kept complete, and given another password only by a rotation (`rotate`).
//!
//! A password that a person wrote is not overwritten: the cache is made to accept it. One that a person removed is not made up: the version before becomes
//! current again if it opens the cache. What else is put right are the facts around it, endpoint and engine.

mod laggards;
mod rotate;
mod standing;
#[cfg(test)]
mod tests;

use std::time::Duration;

use jiff::Timestamp;
use uuid::Uuid;

use crate::api::Reason;
use crate::model::Desired;

use super::cache::own_endpoint;
use super::{
    Action, AspectPlan, CacheAction, Context, Endpoint, Observed, Read, Secret, SecretAction,
    SecretFacts, SecretValue, Seen,
};

/// When to look again after a read failed.
const RETRY: Duration = Duration::from_secs(10);

/// Decides on the secret. A poll that finds anything but what is desired looks at everything.
pub fn plan_secret(desired: &Desired, observed: &Observed, context: Context) -> AspectPlan {
    let name = &desired.secret.name;
    match &observed.secret.secret {
        Seen::Unread => AspectPlan::read(Read::Secret { name: name.clone() }),
        Seen::Unknown(failure) => AspectPlan::unknown(failure, RETRY),
        Seen::Absent => plan_creation(desired, observed),
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

/// ElastiCache takes one change of a user at a time: where the cache's part changes the user's rights in this round, its passwords come after.
pub(super) fn one_change_of_the_user(cache: &AspectPlan, credentials: AspectPlan) -> AspectPlan {
    let changed = |id: &String| {
        let changes = |action: &Action| matches!(action, Action::Cache(CacheAction::ModifyUserAccess { id: other, .. }) if other == id);
        cache.actions.iter().any(changes)
    };
    let sets = |action: &Action| matches!(action, Action::Cache(CacheAction::SetPasswords { id, .. }) if changed(id));
    if !credentials.actions.iter().any(sets) {
        return credentials;
    }
    let wait = AspectPlan::wait(
        Reason::Rotating,
        "the rights of the cache's user are put right first",
        Duration::from_secs(1),
    );
    AspectPlan {
        quietly: credentials.quietly,
        ..wait
    }
}

/// A cache user keeps the password of a secret that is gone, and a new secret would hold another one: so there is no new secret while there is the user.
fn plan_creation(desired: &Desired, observed: &Observed) -> AspectPlan {
    let (name, user) = (&desired.secret.name, &desired.cache.user.id);
    match observed.cache.user(user) {
        Seen::Unread => AspectPlan::read(Read::User { id: user.clone() }),
        Seen::Unknown(failure) => AspectPlan::unknown(failure, RETRY),
        Seen::Absent => AspectPlan::act(Action::Secret(create(desired))),
        Seen::Present(_) => {
            let message = format!(
                "the secret {name} is gone, and with it the password of the cache's user {user}; restore the secret, or delete the user in ElastiCache: \
                 both are then created anew"
            );
            AspectPlan::block(Reason::SecretUnusable, message)
        }
    }
}

fn create(desired: &Desired) -> SecretAction {
    let secret = &desired.secret;
    SecretAction::CreateSecret {
        name: secret.name.clone(),
        description: secret.description.clone(),
        token: secret.token,
        facts: facts(desired, None, None),
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
    let username = &desired.secret.username;
    if value.password.reveal().is_empty() {
        return Some("has no password; put the password back, e.g. by moving AWSCURRENT to the version before".into());
    }
    (value.username != *username)
        .then(|| format!("names another user than the cache's; set username to {username}"))
}

/// Writes endpoint and engine into the value, when they are known and not there.
///
/// The request token names the version that the password comes from: of two controllers that decide this, one makes the version and the other meets it.
/// An endpoint that comes back later is another version.
fn complete(
    desired: &Desired,
    observed: &Observed,
    arn: &str,
    (current, value): (&str, &SecretValue),
) -> AspectPlan {
    let endpoint = own_endpoint(&desired.identity, observed).or(value.endpoint.as_ref());
    let engine = desired.secret.engine;
    let same =
        value.endpoint.as_ref() == endpoint && value.engine.as_deref() == Some(engine.as_str());
    if same {
        return AspectPlan::default();
    }
    let user = observed.cache.user(&desired.cache.user.id).present();
    let user_arn = user.map(|user| user.arn.clone());
    AspectPlan::act(Action::Secret(SecretAction::PutSecretValue {
        arn: arn.to_owned(),
        token: token(desired, current, endpoint),
        from: current.to_owned(),
        facts: facts(desired, user_arn, endpoint.cloned()),
    }))
}

fn token(desired: &Desired, from: &str, endpoint: Option<&Endpoint>) -> Uuid {
    let endpoint = endpoint.map(ToString::to_string).unwrap_or_default();
    desired.identity.token(&format!(
        "endpoint:{from}:{endpoint}:{}",
        desired.secret.engine.as_str()
    ))
}

fn facts(desired: &Desired, user_arn: Option<String>, endpoint: Option<Endpoint>) -> SecretFacts {
    let secret = &desired.secret;
    SecretFacts {
        engine: secret.engine,
        username: secret.username.clone(),
        replication_group_id: secret.cache_id.clone(),
        key_prefix: secret.key_prefix.clone(),
        user_arn,
        endpoint,
    }
}
