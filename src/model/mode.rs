use crate::api::CredentialsSpec;

/// How clients get into the cache.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CredentialMode {
    /// As a user with a password.
    Password,
    /// As a user that shows a token signed with AWS credentials.
    Iam,
    /// As either, while clients move from one to the other.
    PasswordAndIam,
    /// With an AUTH token, without users.
    AuthToken,
}

impl CredentialMode {
    pub(super) const fn of(spec: &CredentialsSpec) -> Self {
        if spec.auth_token.is_some() {
            return Self::AuthToken;
        }
        match (&spec.password, &spec.iam) {
            (_, None) => Self::Password,
            (None, Some(_)) => Self::Iam,
            (Some(_), Some(_)) => Self::PasswordAndIam,
        }
    }

    /// Whether there is a secret value: a user's password, or an AUTH token.
    #[must_use]
    pub const fn has_secret(self) -> bool {
        !matches!(self, Self::Iam)
    }

    /// Whether there is an AUTH token, and no users.
    #[must_use]
    pub const fn has_token(self) -> bool {
        matches!(self, Self::AuthToken)
    }

    /// Whether there is a user that shows signed tokens.
    #[must_use]
    pub const fn has_iam(self) -> bool {
        matches!(self, Self::Iam | Self::PasswordAndIam)
    }

    /// Where it is asked for.
    pub(super) const fn path(self) -> &'static str {
        match self {
            Self::Password | Self::PasswordAndIam => "spec.credentials.password",
            Self::Iam => "spec.credentials.iam",
            Self::AuthToken => "spec.credentials.authToken",
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::fixtures::{desired, identity, spec_json};

    #[test]
    fn nothing_written_is_a_password_and_both_written_is_both() {
        let mode = |credentials: Value| {
            let mut json = spec_json();
            json["credentials"] = credentials;
            desired(json).mode
        };
        assert_eq!(mode(json!({})), CredentialMode::Password);
        assert_eq!(mode(json!({"password": {}})), CredentialMode::Password);
        assert_eq!(mode(json!({"iam": {}})), CredentialMode::Iam);
        assert_eq!(mode(json!({"authToken": {}})), CredentialMode::AuthToken);
        assert_eq!(
            mode(json!({"password": {}, "iam": {}})),
            CredentialMode::PasswordAndIam
        );
    }

    #[test]
    fn the_user_for_tokens_has_one_text_for_id_and_name_that_elasticache_takes() {
        let user = desired(spec_json()).cache.iam_user;
        assert_eq!(user.id, user.name);
        assert!(user.id.len() <= 40 && user.id == user.id.to_lowercase());
        assert!(
            !identity().is_user_id(&user.id),
            "a revocation leaves it alone"
        );
    }
}
