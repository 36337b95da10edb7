//! A secret, its versions and their labels.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::refusal;
use super::rotate::Rotation;
use crate::AwsError;

pub(super) const CURRENT: &str = "AWSCURRENT";
pub(super) const PENDING: &str = "AWSPENDING";
const PREVIOUS: &str = "AWSPREVIOUS";

/// About how many versions a secret keeps ("AWS Secrets Manager quotas").
const VERSIONS_KEPT: usize = 100;
/// A version is not removed before it is this old.
const VERSION_IS_SAFE: SignedDuration = SignedDuration::from_hours(24);
/// Labels of all versions together.
const LABELS: usize = 20;

/// A secret.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Secret {
    /// ARN, with its random suffix.
    pub arn: String,
    /// Name.
    pub name: String,
    /// Description, if it has one.
    pub description: Option<String>,
    /// KMS key, unless it is the service's own.
    pub kms_key_id: Option<String>,
    /// When it was created.
    pub created: Timestamp,
    /// When anything of it was changed.
    pub last_changed: Timestamp,
    /// Day of the last read.
    pub last_accessed: Option<Timestamp>,
    /// Set while it waits for its deletion.
    pub(super) deletion: Option<Deletion>,
    /// By version id.
    pub versions: BTreeMap<String, Version>,
    /// The labelled versions as they were before labels last changed: what a read that lags behind still sees.
    #[serde(default)]
    pub(super) labels_before: Labels,
    /// Native rotation, once it was configured.
    #[serde(default)]
    pub(super) rotation: Option<Rotation>,
}

/// Version id -> its labels.
pub(super) type Labels = BTreeMap<String, BTreeSet<String>>;

/// A deletion that has been asked for.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Deletion {
    /// When the secret is gone.
    pub(super) at: Timestamp,
    /// Without recovery: the secret cannot be seen any more, but still holds its name.
    pub(super) forced: bool,
}

/// A version of a secret.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Version {
    /// What it holds; nothing while a rotation has made no more than the version.
    pub value: Option<Value>,
    /// Staging labels.
    pub labels: BTreeSet<String>,
    /// When it was created.
    pub created: Timestamp,
    /// Day of the last read.
    pub last_accessed: Option<Timestamp>,
}

/// A secret value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Value {
    /// `SecretString`.
    #[serde(rename = "string")]
    String(String),
    /// `SecretBinary`, in base64 as it came.
    #[serde(rename = "binary")]
    Binary(String),
}

impl Secret {
    pub(super) fn is_forced(&self) -> bool {
        self.deletion
            .as_ref()
            .is_some_and(|deletion| deletion.forced)
    }

    /// Whether `arn` means this secret: in full, or without the suffix. An ARN that ends like a suffix is taken as full.
    pub(super) fn has_arn(&self, arn: &str) -> bool {
        let suffix_like = arn.len() > 7
            && arn.as_bytes()[arn.len() - 7] == b'-'
            && arn.bytes().rev().take(6).all(|b| b.is_ascii_alphanumeric());
        let without_suffix = self.arn.get(..self.arn.len() - 7);
        self.arn == arn || (!suffix_like && without_suffix == Some(arn))
    }

    /// The version that holds a label.
    #[must_use]
    pub fn holder(&self, label: &str) -> Option<&str> {
        self.versions
            .iter()
            .find(|(_, version)| version.labels.contains(label))
            .map(|(id, _)| id.as_str())
    }

    /// The labels of the versions that have some: the others are deprecated.
    pub(super) fn labels(&self) -> Labels {
        let labelled = self
            .versions
            .iter()
            .filter(|(_, version)| !version.labels.is_empty());
        labelled
            .map(|(id, version)| (id.clone(), version.labels.clone()))
            .collect()
    }

    /// Adds a version, or the value of one that has none, with labels that are taken from the versions that have them. The
    /// first version with a value is always current.
    pub(super) fn add_version(
        &mut self,
        id: &str,
        value: Option<Value>,
        labels: &BTreeSet<String>,
        now: Timestamp,
    ) -> Result<(), AwsError> {
        self.make_room(now)?;
        self.labels_before = self.labels();
        let first = value.is_some() && self.versions.values().all(|other| other.value.is_none());
        let version = self.versions.entry(id.to_owned()).or_insert(Version {
            value: None,
            labels: BTreeSet::new(),
            created: now,
            last_accessed: None,
        });
        version.value = value;
        for label in labels {
            self.move_label(label, Some(id));
        }
        if first {
            self.move_label(CURRENT, Some(id));
        }
        self.last_changed = now;
        self.check_labels()
    }

    /// Moves a label to a version, or takes it away. Who loses `AWSCURRENT` becomes `AWSPREVIOUS`.
    pub(super) fn move_label(&mut self, label: &str, to: Option<&str>) {
        let from = self.holder(label).map(str::to_owned);
        if from.as_deref() == to {
            return;
        }
        self.set_label(label, to);
        if label == CURRENT && from.is_some() {
            self.set_label(PREVIOUS, from.as_deref());
        }
    }

    fn set_label(&mut self, label: &str, to: Option<&str>) {
        for (id, version) in &mut self.versions {
            if Some(id.as_str()) == to {
                version.labels.insert(label.to_owned());
            } else {
                version.labels.remove(label);
            }
        }
    }

    pub(super) fn check_labels(&self) -> Result<(), AwsError> {
        let labels: usize = self
            .versions
            .values()
            .map(|version| version.labels.len())
            .sum();
        if labels > LABELS {
            Err(refusal::limit(
                "A secret can have at most 20 staging labels.",
            ))
        } else {
            Ok(())
        }
    }

    /// Old versions without labels make room for a new one.
    fn make_room(&mut self, now: Timestamp) -> Result<(), AwsError> {
        while self.versions.len() >= VERSIONS_KEPT {
            let oldest = self
                .versions
                .iter()
                .filter(|(_, version)| {
                    version.labels.is_empty()
                        && now.duration_since(version.created) > VERSION_IS_SAFE
                })
                .min_by_key(|(_, version)| version.created)
                .map(|(id, _)| id.clone());
            let oldest =
                oldest.ok_or_else(|| refusal::limit("The secret has too many versions."))?;
            self.versions.remove(&oldest);
        }
        Ok(())
    }
}

/// A moment as the service writes it: seconds with milliseconds.
#[expect(clippy::cast_precision_loss, reason = "milliseconds since 1970 fit")]
pub(super) fn seconds(moment: Timestamp) -> f64 {
    moment.as_millisecond() as f64 / 1000.0
}
