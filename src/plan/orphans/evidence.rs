use std::collections::{BTreeMap, BTreeSet};

use uuid::Uuid;

use crate::api::{TAG_CLUSTER, TAG_OWNER, TAG_OWNER_UID, TAG_RETAINED};
use crate::model::Tags;
use crate::plan::{Failure, Seen};

use super::Place;

/// What a sweep has seen.
///
/// What AWS lists is listed before the objects are: so whatever is listed was made for an object that the later list has, unless that object is gone.
#[derive(Clone, Debug, PartialEq)]
pub struct Evidence {
    /// Id of the cluster.
    pub cluster: String,
    /// Number of the AWS account.
    pub account: String,
    /// How another account than that of the operator's own identity is reached.
    pub place: Option<Place>,
    /// What carries the cluster's tag, by Region. Each list is complete, or a failure.
    pub listed: BTreeMap<String, Result<Vec<Tagged>, Failure>>,
    /// The objects.
    pub roster: Roster,
    /// What a look at the thing itself showed, by ARN.
    pub looks: BTreeMap<String, Seen<Bearing>>,
}

/// A thing as the index of tags has it. The index lags: it may show what is gone, and tags that were.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Tagged {
    /// ARN.
    pub arn: String,
    /// Tags.
    pub tags: Tags,
}

/// What a thing says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bearing {
    /// Tags.
    pub tags: Tags,
    /// Whether it waits for its deletion already, as a secret does in its recovery window.
    pub leaving: bool,
}

/// Every object of the namespaces that are looked after, those that are being deleted included, as the API server has them in one version of its store.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Roster {
    /// `metadata.uid`.
    pub uids: BTreeSet<String>,
    /// AWS Regions of those that are in the operator's own account.
    pub regions: BTreeSet<String>,
    /// AWS Regions of the others, by the `AwsAccount` that they name.
    pub elsewhere: BTreeMap<String, BTreeSet<String>>,
    /// AWS accounts that the ARNs in the status of those in the operator's own account name.
    pub accounts: BTreeSet<String>,
    /// Namespaces that were listed; all, if it is empty.
    pub namespaces: BTreeSet<String>,
    /// The version of the store, if it is a number.
    pub version: Option<u64>,
}

/// Whose a thing is, by its tags.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Owner {
    /// `metadata.uid`.
    pub uid: Uuid,
    /// `metadata.namespace`.
    pub namespace: String,
    /// `metadata.name`.
    pub name: String,
}

impl Owner {
    /// Whose `tags` are those of; none when they do not tell.
    #[must_use]
    pub fn of(tags: &Tags) -> Option<Self> {
        let (namespace, name) = tags.get(TAG_OWNER)?.split_once('/')?;
        Some(Self {
            uid: Uuid::parse_str(tags.get(TAG_OWNER_UID)?).ok()?,
            namespace: namespace.to_owned(),
            name: name.to_owned(),
        })
    }
}

/// Whether `tags` carry the id of `cluster`.
pub(super) fn is_of(cluster: &str, tags: &Tags) -> bool {
    tags.get(TAG_CLUSTER).is_some_and(|id| id == cluster)
}

/// Whether `tags` say that a deletion policy keeps their bearer.
#[must_use]
pub fn is_retained(tags: &Tags) -> bool {
    tags.get(TAG_RETAINED).is_some_and(|value| value == "true")
}

impl Roster {
    /// Whether the object that `tags` name by its UID is there.
    pub(super) fn has_owner(&self, tags: &Tags) -> bool {
        tags.get(TAG_OWNER_UID)
            .is_some_and(|uid| self.uids.contains(uid))
    }

    /// Whether an object that `tags` name would be in this list. Objects do not move between namespaces. What does not tell its namespace is only for who
    /// sees all of them.
    pub(super) fn covers(&self, tags: &Tags) -> bool {
        self.namespaces.is_empty()
            || tags
                .get(TAG_OWNER)
                .and_then(|owner| owner.split_once('/'))
                .is_some_and(|(namespace, _)| self.namespaces.contains(namespace))
    }
}
