use std::collections::BTreeMap;

use uuid::Uuid;

use crate::api::{
    TAG_ADOPTABLE_BY, TAG_ADOPTED, TAG_CLUSTER, TAG_OWNER, TAG_OWNER_UID, TAG_VERSION,
};

/// Tags as AWS keeps them.
pub type Tags = BTreeMap<String, String>;

/// The cluster that the operator serves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cluster {
    /// Id of the cluster, unique among those that share an AWS account.
    pub id: String,
    /// Version of the operator.
    pub operator_version: String,
}

/// Who the object is. Every name that we may choose in AWS derives from its UID, so that creating twice meets the first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// `metadata.namespace`.
    pub namespace: String,
    /// `metadata.name`.
    pub name: String,
    /// `metadata.uid`.
    pub uid: Uuid,
    /// The cluster it lives in.
    pub cluster: Cluster,
}

impl Identity {
    /// The first eight hexadecimal digits of the UID: enough to tell namesakes apart in a name that starts with namespace and name.
    #[must_use]
    pub fn short_uid(&self) -> String {
        self.uid.simple().to_string()[..8].to_owned()
    }

    /// `namespace-name`, for names that people read and that need not be unique.
    #[must_use]
    pub fn display_name(&self) -> String {
        format!("{}-{}", self.namespace, self.name)
    }

    /// Id of the replication group, unless it was there before the object, and of what is made around it: its subnet group, its user group and its user. 37
    /// characters of the 40 that ElastiCache allows.
    #[must_use]
    pub fn cache_id(&self) -> String {
        format!("capi-{}", self.uid.simple())
    }

    /// Id of the user named `default` in the object's user group.
    #[must_use]
    pub fn default_user_id(&self) -> String {
        format!("{}-d", self.cache_id())
    }

    /// Id, and name, of the user that shows signed tokens: ElastiCache asks for one text. 39 characters of 40.
    #[must_use]
    pub fn iam_user_id(&self) -> String {
        format!("{}-i", self.cache_id())
    }

    /// `namespace-name-uid8`: name of the usage plan, and prefix of the names of API keys.
    #[must_use]
    pub fn unique_name(&self) -> String {
        format!("{}-{}", self.display_name(), self.short_uid())
    }

    /// Name of the secret. It does not end in a hyphen and six characters, which Secrets Manager's own suffix would be mistaken for.
    #[must_use]
    pub fn secret_name(&self) -> String {
        format!(
            "cachedapi/{}/{}-{}",
            self.namespace,
            self.name,
            self.short_uid()
        )
    }

    /// Id of the statement that lets the API invoke a function.
    #[must_use]
    pub fn permission_statement(&self) -> String {
        format!("cachedapi-{}", self.uid.simple())
    }

    /// Name of the inline policy on the roles of bound functions.
    #[must_use]
    pub fn consumer_policy_name(&self) -> String {
        format!("cachedapi-{}", self.uid.simple())
    }

    /// Id of the statement in it, which has letters and digits only.
    #[must_use]
    pub fn consumer_policy_sid(&self) -> String {
        format!("CachedApi{}", self.uid.simple())
    }

    /// Prefix of every key of the object in its cache.
    #[must_use]
    pub fn key_prefix(&self) -> String {
        format!("capi:{}:", self.uid.simple())
    }

    /// Name that back ends log in to the cache with.
    #[must_use]
    pub fn cache_username(&self) -> String {
        format!("capi-{}", self.short_uid())
    }

    /// Name, and id, of the user that a revocation makes with the version `token`. ElastiCache allows 40 characters.
    #[must_use]
    pub fn successor(&self, token: Uuid) -> String {
        let token = token.simple().to_string();
        format!("{}-{}", self.cache_username(), &token[..8])
    }

    /// Id of the back ends' user of this name; none when no user of the object's is called so.
    #[must_use]
    pub fn user_id(&self, name: &str) -> Option<String> {
        let first = self.cache_username();
        let suffix = name.strip_prefix(&first)?;
        if suffix.is_empty() {
            return Some(self.cache_id());
        }
        let suffix = suffix.strip_prefix('-')?;
        let ours = suffix.len() == 8
            && suffix
                .bytes()
                .all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte));
        ours.then(|| name.to_owned())
    }

    /// Whether the back ends' user of this id is the object's, going by the id.
    #[must_use]
    pub fn is_user_id(&self, id: &str) -> bool {
        id == self.cache_id() || self.user_id(id).is_some_and(|own| own == id)
    }

    /// A Secrets Manager request token for `purpose`: the same object and purpose give the same token in every process.
    #[must_use]
    pub fn token(&self, purpose: &str) -> Uuid {
        Uuid::new_v5(&self.uid, purpose.as_bytes())
    }

    /// The tags that everything of the object carries.
    #[must_use]
    pub fn tags(&self) -> Tags {
        [
            (TAG_OWNER_UID, self.uid.to_string()),
            (TAG_OWNER, format!("{}/{}", self.namespace, self.name)),
            (TAG_CLUSTER, self.cluster.id.clone()),
            (TAG_VERSION, self.cluster.operator_version.clone()),
        ]
        .map(|(key, value)| (key.to_owned(), value))
        .into()
    }

    /// The tags that tell ownership: owner UID and cluster id.
    #[must_use]
    pub fn ownership_tags(&self) -> Tags {
        [
            (TAG_OWNER_UID.to_owned(), self.uid.to_string()),
            (TAG_CLUSTER.to_owned(), self.cluster.id.clone()),
        ]
        .into()
    }

    /// The tags of something that was there before the object.
    #[must_use]
    pub fn adoption_tags(&self) -> Tags {
        let mut tags = self.tags();
        tags.insert(TAG_ADOPTED.to_owned(), "true".to_owned());
        tags
    }

    /// The values of the tag `cachedapi.dev/adoptable-by` that let the object take their bearer over: for every object of the cluster, and for this one.
    #[must_use]
    pub fn consents(&self) -> [String; 2] {
        let cluster = &self.cluster.id;
        let object = format!("{cluster}/{}/{}", self.namespace, self.name);
        [cluster.clone(), object]
    }

    /// Whether `tags` let the object take their bearer over.
    #[must_use]
    pub fn may_adopt(&self, tags: &Tags) -> bool {
        let consent = tags.get(TAG_ADOPTABLE_BY);
        consent.is_some_and(|consent| self.consents().contains(consent))
    }

    /// Whether `tags` say that their bearer is another object's, or another cluster's.
    #[must_use]
    pub fn is_claimed_by_another(&self, tags: &Tags) -> bool {
        self.ownership_tags()
            .iter()
            .any(|(key, value)| tags.get(key).is_some_and(|claimed| claimed != value))
    }

    /// Whether `tags` say that their bearer is this object's own: owner UID and cluster id agree. The cluster counts because an
    /// etcd that was restored elsewhere has the same UIDs.
    #[must_use]
    pub fn owns(&self, tags: &Tags) -> bool {
        self.ownership_tags()
            .iter()
            .all(|(key, value)| tags.get(key) == Some(value))
    }
}
