use crate::model::{Desired, DesiredUser};

use super::Observed;

/// The user that consumers log in as: the one that the current version of the secret names. While none is known, the first one.
#[must_use]
pub fn current_user(desired: &Desired, observed: &Observed) -> DesiredUser {
    let value = observed.secret.current_value().present();
    value
        .and_then(|value| desired.user_named(&value.username))
        .unwrap_or_else(|| desired.cache.user.clone())
}
