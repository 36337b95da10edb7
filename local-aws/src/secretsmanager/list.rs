//! Listing secrets.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value as Json, json};

use super::read::{describe, page};
use super::refusal;
use super::secret::Secret;
use crate::world::Regional;
use crate::{AwsError, Call};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct ListSecrets {
    #[serde(default)]
    include_planned_deletion: bool,
    max_results: Option<usize>,
    next_token: Option<String>,
    #[serde(default)]
    filters: Vec<Filter>,
}

/// One condition: any of the values, each a prefix; `!` in front turns it round.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Filter {
    key: String,
    values: Vec<String>,
}

/// Sorted by name, all filters at once. Sorting otherwise is not there.
pub(super) fn list_secrets(call: &Call, place: &mut Regional) -> Result<Json, AwsError> {
    let input: ListSecrets = call.input()?;
    if let Some(filter) = input
        .filters
        .iter()
        .find(|filter| !KEYS.contains(&filter.key.as_str()))
    {
        return Err(refusal::validation(format!(
            "{} is no filter key.",
            filter.key
        )));
    }
    let tags = |secret: &Secret| place.tags.of(&secret.arn);
    let listed = place.secretsmanager.secrets.values().filter(|secret| {
        let visible =
            secret.deletion.is_none() || (input.include_planned_deletion && !secret.is_forced());
        visible
            && input
                .filters
                .iter()
                .all(|filter| filter.accepts(secret, &tags(secret)))
    });
    let (listed, next) = page(
        listed,
        |secret| &secret.name,
        input.max_results,
        input.next_token.as_deref(),
    )?;
    let entries: Vec<Json> = listed
        .into_iter()
        .map(|secret| {
            let mut entry = describe(secret, &tags(secret));
            let labels = secret.labels();
            if !labels.is_empty() {
                entry.insert("SecretVersionsToStages".to_owned(), json!(labels));
            }
            entry.into()
        })
        .collect();
    let mut reply = json!({ "SecretList": entries });
    if let Some(next) = next {
        reply["NextToken"] = next.into();
    }
    Ok(reply)
}

const KEYS: &[&str] = &[
    "name",
    "description",
    "tag-key",
    "tag-value",
    "primary-region",
    "owning-service",
    "all",
];

impl Filter {
    fn accepts(&self, secret: &Secret, tags: &BTreeMap<String, String>) -> bool {
        self.values
            .iter()
            .any(|value| match value.strip_prefix('!') {
                Some(unwanted) => !self.fits(unwanted, secret, tags),
                None => self.fits(value, secret, tags),
            })
    }

    fn fits(&self, value: &str, secret: &Secret, tags: &BTreeMap<String, String>) -> bool {
        let description = secret.description.as_deref().unwrap_or("").to_lowercase();
        match self.key.as_str() {
            "name" => secret.name.starts_with(value),
            "description" => description
                .split_whitespace()
                .any(|word| word.starts_with(&value.to_lowercase())),
            "tag-key" => tags.keys().any(|key| key.starts_with(value)),
            "tag-value" => tags.values().any(|tag| tag.starts_with(value)),
            "all" => {
                let attributes = [secret.name.to_lowercase(), description].into_iter().chain(
                    tags.iter()
                        .flat_map(|(key, tag)| [key.to_lowercase(), tag.to_lowercase()]),
                );
                let attributes: Vec<String> = attributes.collect();
                let words = value
                    .split(|c: char| !c.is_alphanumeric())
                    .filter(|word| !word.is_empty());
                words
                    .map(str::to_lowercase)
                    .all(|word| attributes.iter().any(|text| text.contains(&word)))
            }
            // No secret here is a replica or belongs to a service.
            _ => false,
        }
    }
}
