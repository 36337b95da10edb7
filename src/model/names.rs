use crate::api::CachedApiSpec;

use super::Identity;

/// What the object's replication group and secret are called in AWS: by the object's UID, or as what it took over was called before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Names<'a> {
    /// Id of the replication group.
    pub group: &'a str,
    /// Name of the secret, or the ARN of one that was there before.
    pub secret: &'a str,
}

/// What they are called by `spec`.
pub(super) fn names_of(identity: &Identity, spec: &CachedApiSpec) -> (String, String) {
    let adopt = spec.adopt.as_ref();
    let group = adopt.and_then(|adopt| adopt.replication_group_id.clone());
    let secret = adopt.and_then(|adopt| adopt.secret_arn.clone());
    (
        group.unwrap_or_else(|| identity.cache_id()),
        secret.unwrap_or_else(|| identity.secret_name()),
    )
}

impl Names<'_> {
    /// Whether the secret is the one whose ARN ends in `:secret:` and this: its name and Secrets Manager's suffix.
    #[must_use]
    pub fn is_secret(self, name: &str) -> bool {
        if let Some((_, own)) = self.secret.split_once(":secret:") {
            return own == name;
        }
        name.strip_prefix(self.secret)
            .is_some_and(|suffix| suffix.starts_with('-'))
    }
}
