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

    /// Everything that has tags, or had some, in the order of the ARNs.
    pub fn all(&self) -> impl Iterator<Item = (&str, &BTreeMap<String, String>)> {
        self.0.iter().map(|(arn, tags)| (arn.as_str(), tags))
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

/// Whether a resource that has `existing` may have the tags `new` too ("Tag naming limits and requirements"); the error
/// says which rule is broken.
pub fn check(
    existing: &BTreeMap<String, String>,
    new: &BTreeMap<String, String>,
) -> Result<(), String> {
    let allowed = |c: char| c.is_alphanumeric() || c == ' ' || "_.:/=+-@".contains(c);
    for (key, value) in new {
        if !(1..=128).contains(&key.chars().count()) || value.chars().count() > 256 {
            return Err(format!(
                "The tag {key:?} has a key or value of a length that is not allowed."
            ));
        }
        if key.starts_with("aws:") {
            return Err(format!(
                "The tag key {key:?} begins with aws:, which is reserved."
            ));
        }
        if !key.chars().chain(value.chars()).all(allowed) {
            return Err(format!(
                "The tag {key:?} has a character that is not allowed."
            ));
        }
    }
    let together = existing
        .keys()
        .chain(new.keys())
        .collect::<std::collections::BTreeSet<_>>()
        .len();
    if together > 50 {
        Err("A resource can have at most 50 tags.".to_owned())
    } else {
        Ok(())
    }
}
