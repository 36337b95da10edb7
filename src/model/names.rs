/// What the object's replication group and secret are called in AWS: by the object's UID, or as what it took over was called before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Names<'a> {
    /// Id of the replication group.
    pub group: &'a str,
    /// Name of the secret, or the ARN of one that was there before.
    pub secret: &'a str,
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
