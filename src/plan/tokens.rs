//! What this process knows of the AUTH tokens that a replication group has. ElastiCache tells neither which they are nor how many.

use jiff::Timestamp;

use crate::model::CredentialMode;

use super::rotation::auth_token::Known;
use super::{
    AWSPREVIOUS, Admission, CacheAction, Observed, ReplicationGroup, SecretValue, Sensitive,
};

/// What is known of a group's AUTH tokens. Kept by the controller; without it, a token is given once more before another one comes in.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct KnownTokens {
    /// The last one that this process gave.
    pub given: Option<GivenToken>,
    /// A version whose token every node refused, and `AuthTokenLastModifiedDate` as of then: a login that fails again and again looks like an attack.
    pub refused: Option<(String, Option<Timestamp>)>,
}

/// A token that this process gave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GivenToken {
    /// The token.
    pub token: Sensitive,
    /// Whether it was given by `SET`, or with the group: there is no other.
    pub alone: bool,
    /// `AuthTokenLastModifiedDate` before.
    pub before: Option<Timestamp>,
    /// The same once it was in place.
    pub after: Option<Timestamp>,
}

impl KnownTokens {
    /// Takes in that `action` was carried out; the tokens were last modified at `before` when it was decided.
    pub(super) fn give(&mut self, action: &CacheAction, before: Option<Timestamp>) {
        let (token, alone) = match action {
            CacheAction::RotateAuthToken { token, .. } => (token, false),
            CacheAction::SetAuthToken { token, .. } => (token, true),
            CacheAction::CreateReplicationGroup(new) => match &new.admits {
                Admission::AuthToken(token) => (token, true),
                Admission::UserGroup(_) => return,
            },
            _ => return,
        };
        self.given = Some(GivenToken {
            token: token.value.clone(),
            alone,
            before,
            after: None,
        });
    }

    /// Takes in how the group is now: at rest, a date that moved once is that of our own change, and one that moves again is somebody else's.
    pub(super) fn see(&mut self, group: &ReplicationGroup) {
        let date = group.auth_token_modified;
        if group.status != "available" || group.auth_token_changing {
            return;
        }
        self.given = self.given.take().and_then(|given| match given.after {
            Some(after) => (date == Some(after)).then_some(given),
            None => Some(GivenToken {
                after: date.filter(|_| date != given.before),
                ..given
            }),
        });
    }

    /// Whether the last change of ours is to be seen in the group.
    pub(super) fn is_seen(&self) -> bool {
        let given = self.given.as_ref();
        given.is_none_or(|given| given.after.is_some())
    }

    /// What is known when this is the current value.
    pub(super) fn known(&self, current: Option<&SecretValue>) -> Known {
        let given = self.given.as_ref();
        match given.filter(|given| current.is_some_and(|value| value.password == given.token)) {
            None => Known::Unsure,
            Some(GivenToken { alone: false, .. }) => Known::Newest,
            Some(GivenToken { alone: true, .. }) => Known::Alone,
        }
    }

    /// Whether every node refused the token of `version`, and none was given since.
    pub(super) fn is_refused(&self, version: &str, group: &ReplicationGroup) -> bool {
        let refused = self.refused.as_ref();
        refused
            .is_some_and(|(refused, date)| refused == version && *date == group.auth_token_modified)
    }
}

impl Observed {
    /// Whether the cache accepts the password before the current one as well, as far as is known.
    #[must_use]
    pub fn accepts_previous(&self, mode: CredentialMode) -> bool {
        if mode.has_token() {
            self.accepts_previous_token() == Some(true)
        } else {
            self.passwords().is_some_and(|count| count > 1)
        }
    }

    fn accepts_previous_token(&self) -> Option<bool> {
        let Self { secret, cache, .. } = self;
        let previous = secret.secret.present()?.labelled(AWSPREVIOUS)?;
        let before = secret.value(previous).present()?;
        let current = secret.current_value().present()?;
        let group = cache.group.present()?;
        let alone = secret.tokens.known(Some(current)) == Known::Alone;
        let gone = alone || secret.tokens.is_refused(previous, group);
        Some(!gone && before.password != current.password && !before.password.reveal().is_empty())
    }
}
