use crate::api::CredentialsSpec;

/// How clients get into the cache.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CredentialMode {
    /// As a user with a password.
    Password,
    /// With an AUTH token, without users.
    AuthToken,
}

impl CredentialMode {
    pub(super) const fn of(spec: &CredentialsSpec) -> Self {
        match spec.auth_token {
            Some(_) => Self::AuthToken,
            None => Self::Password,
        }
    }

    /// Whether there is an AUTH token, and no users.
    #[must_use]
    pub const fn has_token(self) -> bool {
        matches!(self, Self::AuthToken)
    }

    /// Where it is asked for.
    pub(super) const fn path(self) -> &'static str {
        match self {
            Self::Password => "spec.credentials.password",
            Self::AuthToken => "spec.credentials.authToken",
        }
    }
}
