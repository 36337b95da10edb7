//! Tags of everything taggable, by ARN.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// The tags of one account and Region.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Tags(BTreeMap<String, BTreeMap<String, String>>);

impl Tags {
    /// The tags of a resource; empty when it has none.
    #[must_use]
    pub fn of(&self, arn: &str) -> BTreeMap<String, String> {
        self.0.get(arn).cloned().unwrap_or_default()
    }

    /// Adds tags; a key that exists gets the new value.
    pub fn add(&mut self, arn: &str, tags: impl IntoIterator<Item = (String, String)>) {
        self.0.entry(arn.to_owned()).or_default().extend(tags);
    }

    /// Takes tags away; a key that does not exist is no error.
    pub fn remove<'a>(&mut self, arn: &str, keys: impl IntoIterator<Item = &'a str>) {
        if let Some(tags) = self.0.get_mut(arn) {
            for key in keys {
                tags.remove(key);
            }
        }
    }

    /// Drops all tags of a resource that is gone.
    pub fn forget(&mut self, arn: &str) {
        self.0.remove(arn);
    }
}
