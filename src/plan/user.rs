//! The users that back ends log in as.

use crate::api::Engine;
use crate::model::{Desired, DesiredUser, password_user_access};

use super::Observed;

/// The user that consumers log in as: the one that the current version of the secret names. While none is known, the first one.
#[must_use]
pub fn current_user(desired: &Desired, observed: &Observed) -> DesiredUser {
    let value = observed.secret.current_value().present();
    let mut user = value
        .and_then(|value| desired.user_named(&value.username))
        .unwrap_or_else(|| desired.cache.user.clone());
    // A group keeps its shards whatever is asked for, and its clients the rights that go with them.
    let group = observed.cache.group.present();
    if let Some(group) = group.filter(|group| group.shards > 0) {
        user.access_string = password_user_access(&desired.identity, group.shards > 1);
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
