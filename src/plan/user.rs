//! The users that back ends log in as.

use std::collections::BTreeSet;

use crate::api::Engine;
use crate::model::{Desired, DesiredUser, Identity, backend_access};

use super::{ACTIVE, AspectPlan, Context, Observed, Read, SecretValue, Seen, looked};

/// The user that consumers log in as with a password: the one that the current version of the secret names. While none is known, the first one.
#[must_use]
pub fn current_user(desired: &Desired, observed: &Observed) -> DesiredUser {
    let value = observed.secret.current_value().present();
    let user = value
        .and_then(|value| desired.user_named(&value.username))
        .unwrap_or_else(|| desired.cache.user.clone());
    with_rights(user, desired, observed)
}

/// The user that shows signed tokens.
pub(super) fn iam_user(desired: &Desired, observed: &Observed) -> DesiredUser {
    with_rights(desired.cache.iam_user.clone(), desired, observed)
}

/// A group keeps its shards whatever is asked for, and its clients the rights that go with them.
fn with_rights(mut user: DesiredUser, desired: &Desired, observed: &Observed) -> DesiredUser {
    let group = observed.cache.group.present();
    if let Some(group) = group.filter(|group| group.shards > 0) {
        user.access_string = backend_access(&desired.identity, group.shards > 1);
    }
    user
}

/// The engine of a user that is to be created: a group for Redis OSS takes no user for Valkey, and keeps its engine when the cache goes to Valkey.
pub(super) fn engine_of_users(desired: &Desired, observed: &Observed) -> Engine {
    let group = observed.cache.user_group.present();
    if group.is_some_and(|group| group.engine == Engine::Redis.as_str()) {
        Engine::Redis
    } else {
        desired.cache.engine
    }
}

/// Ids of the users with passwords that may be there: the first one, those that this process knows, members of the user group as far as that was looked at,
/// and those that a version of the secret names.
pub(super) fn password_users(
    identity: &Identity,
    secret: &str,
    observed: &Observed,
) -> Result<BTreeSet<String>, AspectPlan> {
    let cache = &observed.cache;
    let group = cache.user_group.present();
    let members = group.into_iter().flat_map(|group| &group.user_ids);
    let known = cache.known_users.keys().chain(members);
    let known = known.filter(|id| identity.is_user_id(id)).cloned();
    let mut users: BTreeSet<String> = known.chain([identity.cache_id()]).collect();
    let mut reads = Vec::new();
    let name = secret.to_owned();
    let secret = looked(&observed.secret.secret, Read::Secret { name }, &mut reads)?;
    let secret = secret.filter(|secret| secret.deleted.is_none() && identity.owns(&secret.tags));
    for (secret, version) in secret
        .iter()
        .flat_map(|secret| secret.versions.keys().map(move |version| (secret, version)))
    {
        let read = Read::SecretValue {
            arn: secret.arn.clone(),
            version: version.clone(),
        };
        let value = looked(observed.secret.value(version), read, &mut reads)?;
        users.extend(value.and_then(|value| identity.user_id(&value.username)));
        users.extend(
            value
                .map(|value| given_up(identity, value))
                .unwrap_or_default(),
        );
    }
    if reads.is_empty() {
        Ok(users)
    } else {
        Err(AspectPlan::read_all(reads))
    }
}

/// Ids of the users that were made for the same request as the one of `value`, and given up for it: a version that gets lost, or a user that cannot log in, is followed
/// by another, and no version tells of them any more.
pub(super) fn given_up(identity: &Identity, value: &SecretValue) -> Vec<String> {
    let since = value.user_since.into_iter();
    let tokens = since.flat_map(|since| identity.revocation_tokens(since));
    let mut users: Vec<String> = tokens.map(|token| identity.successor(token)).collect();
    let made = users.iter().position(|user| *user == value.username);
    users.truncate(made.unwrap_or_default());
    users
}

/// Whether the user that shows signed tokens opens the cache, or what to read to get to know it. A look that is not full takes what it does not read to be as
/// desired.
pub(super) fn iam_opens(
    desired: &Desired,
    observed: &Observed,
    context: Context,
) -> Result<bool, AspectPlan> {
    let (id, cache) = (&desired.cache.iam_user.id, &observed.cache);
    let mut reads = Vec::new();
    looked(cache.user(id), Read::User { id: id.clone() }, &mut reads)?;
    let group = Read::UserGroup {
        id: desired.cache.id.clone(),
    };
    looked(&cache.user_group, group, &mut reads)?;
    if context.depth.is_full() && !reads.is_empty() {
        return Err(AspectPlan::read_all(reads));
    }
    Ok(is_iam_open(desired, observed))
}

/// Whether the user that shows signed tokens is asked for and, as far as was looked, opens the cache.
pub(super) fn is_iam_open(desired: &Desired, observed: &Observed) -> bool {
    let (id, cache) = (&desired.cache.iam_user.id, &observed.cache);
    let works = match cache.user(id) {
        Seen::Present(user) => user.iam && [ACTIVE, "modifying"].contains(&&*user.status),
        Seen::Absent => false,
        Seen::Unread | Seen::Unknown(_) => true,
    };
    let member = match &cache.user_group {
        Seen::Present(group) => group.user_ids.contains(id),
        Seen::Absent => false,
        Seen::Unread | Seen::Unknown(_) => true,
    };
    desired.mode.has_iam() && works && member
}
