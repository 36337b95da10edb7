//! AUTH tokens: the password of a group without users ("Authenticating with the Valkey and Redis OSS AUTH command").

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{ReplicationGroup, Transit};
use crate::AwsError;
use crate::elasticache::acl::{Acl, PasswordHash};
use crate::elasticache::refusal::{combination, ensure, value};

/// The tokens that a group takes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuthTokens {
    /// One or two, the newest last. Nothing stands for "no token at all": after a first ROTATE clients without one still come in.
    slots: Vec<Option<PasswordHash>>,
    /// When they were last changed.
    pub(super) modified: Timestamp,
}

/// `AuthTokenUpdateStrategy`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Strategy {
    /// Adds a token and keeps the newest one before it.
    Rotate,
    /// Keeps the newest only.
    Set,
    /// None any more: user groups take over.
    Delete,
}

/// A change of the tokens on its way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenChange {
    strategy: Strategy,
    token: Option<PasswordHash>,
    at: Timestamp,
}

/// The parameters of a modification that are about tokens.
pub(super) struct Asked<'a> {
    pub(super) token: Option<&'a str>,
    pub(super) strategy: Option<Strategy>,
    /// Whether a user group is to be attached, and whether all are to be detached.
    pub(super) attaches: bool,
    pub(super) detaches: bool,
    pub(super) at: Timestamp,
}

impl AuthTokens {
    /// One token.
    pub(super) fn only(token: PasswordHash, modified: Timestamp) -> Self {
        let slots = vec![Some(token)];
        Self { slots, modified }
    }

    /// What a node is told.
    pub(in crate::elasticache) fn acl(&self) -> Acl {
        let required = self.slots.iter().all(Option::is_some);
        Acl::of_tokens(self.slots.iter().flatten().cloned().collect(), required)
    }

    fn newest(&self) -> Option<&PasswordHash> {
        self.slots.last()?.as_ref()
    }
}

impl TokenChange {
    /// The `AuthTokenStatus` while it is under way.
    pub(super) fn status(&self) -> Option<&'static str> {
        match self.strategy {
            Strategy::Rotate => Some("ROTATING"),
            Strategy::Set => Some("SETTING"),
            Strategy::Delete => None,
        }
    }

    /// The tokens afterwards. ROTATE of a token that is there already shifts as well: what AWS does then is not documented,
    /// and this is the reading that loses the older one.
    pub(super) fn apply(self, group: &mut ReplicationGroup) {
        let had_users = !group.user_groups.is_empty();
        let (token, modified) = (self.token, self.at);
        group.auth = match self.strategy {
            Strategy::Delete => None,
            Strategy::Rotate if !had_users => {
                let newest = group
                    .auth
                    .take()
                    .and_then(|auth| auth.slots.last().cloned().flatten());
                let slots = vec![newest, token];
                Some(AuthTokens { slots, modified })
            }
            Strategy::Rotate | Strategy::Set => {
                token.map(|token| AuthTokens::only(token, modified))
            }
        };
    }
}

/// A token as the service takes it: 16 to 128 printable characters, of the special ones only some.
pub(super) fn check_token(token: &str) -> Result<PasswordHash, AwsError> {
    ensure((16..=128).contains(&token.len()), || {
        value("The AUTH token must have 16 to 128 characters.")
    })?;
    let allowed = |c: char| c.is_ascii_alphanumeric() || "!&#$^<>-".contains(c);
    ensure(token.chars().all(allowed), || {
        value("The AUTH token may have letters, digits and !, &, #, $, ^, <, > and - only.")
    })?;
    Ok(PasswordHash::of(token))
}

/// What is asked for, if it fits the group as it is.
pub(super) fn change(
    asked: &Asked<'_>,
    group: &ReplicationGroup,
) -> Result<Option<TokenChange>, AwsError> {
    let protected = group.auth.is_some();
    let Some(strategy) = asked.strategy else {
        ensure(asked.token.is_none(), || {
            combination("AuthToken needs AuthTokenUpdateStrategy.")
        })?;
        ensure(!asked.attaches || !protected, || {
            combination(
                "User groups can't be associated while an AUTH token is enabled. Use AuthTokenUpdateStrategy DELETE.",
            )
        })?;
        return Ok(None);
    };
    let token = asked.token.map(check_token).transpose()?;
    if strategy == Strategy::Delete {
        ensure(asked.attaches && protected && token.is_none(), || {
            value("Auth token update strategy delete is not supported currently")
        })?;
        return Ok(Some(TokenChange {
            strategy,
            token,
            at: asked.at,
        }));
    }
    let token = token.ok_or_else(|| combination("AuthTokenUpdateStrategy needs AuthToken."))?;
    ensure(group.transit != Transit::Off, || {
        combination("An AUTH token needs encryption in transit.")
    })?;
    ensure(
        (group.user_groups.is_empty() || asked.detaches) && !asked.attaches,
        || {
            combination(
                "Auth tokens can't be enabled with a user group already associated. Pass RemoveUserGroups to proceed.",
            )
        },
    )?;
    let newest = group.auth.as_ref().and_then(AuthTokens::newest);
    ensure(strategy != Strategy::Set || newest == Some(&token), || {
        value("Strategy SET needs the AUTH token of the last ROTATE.")
    })?;
    Ok(Some(TokenChange {
        strategy,
        token: Some(token),
        at: asked.at,
    }))
}
