//! A function and the forms in which it is named.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::policy::Policy;
use crate::Ids;

/// A function.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Function {
    /// Name.
    pub name: String,
    /// ARN without a qualifier.
    pub arn: String,
    /// What the data plane posts proxy events to.
    pub url: Option<String>,
    /// Published versions, by number.
    pub versions: BTreeMap<u64, Version>,
    /// Aliases, by name.
    pub aliases: BTreeMap<String, Alias>,
    /// Configuration as the API shows it: what it was seeded with and what updates have changed.
    pub configuration: Map<String, Value>,
    /// Changes with the configuration.
    pub revision: String,
    /// When the last update is through.
    pub updated: Option<Timestamp>,
    /// Resource policies, by qualifier; the unqualified function's under the empty one.
    pub policies: BTreeMap<String, Policy>,
}

/// What the function was when the version was published; it never changes.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Version {
    /// Configuration as the API shows it.
    pub configuration: Map<String, Value>,
    /// Of this version only.
    pub revision: String,
}

/// A name for a version.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Alias {
    /// A number or `$LATEST`.
    pub version: String,
    /// Description, if it has one.
    pub description: Option<String>,
    /// Changes with the alias.
    pub revision: String,
}

impl Function {
    /// Publishes the versions and sets the aliases that are named: what is no number is an alias of the newest version.
    pub(super) fn qualify(&mut self, qualifiers: &BTreeSet<String>, ids: &mut Ids) {
        let mut numbers: BTreeSet<u64> = qualifiers
            .iter()
            .filter_map(|name| name.parse().ok())
            .collect();
        if numbers.is_empty() && !qualifiers.is_empty() {
            numbers.insert(1);
        }
        for number in &numbers {
            let configuration = self.configuration.clone();
            self.versions.insert(
                *number,
                Version {
                    configuration,
                    revision: ids.uuid(),
                },
            );
        }
        let newest = numbers.last().map(u64::to_string).unwrap_or_default();
        for name in qualifiers
            .iter()
            .filter(|name| name.parse::<u64>().is_err())
        {
            let (version, revision) = (newest.clone(), ids.uuid());
            self.aliases.insert(
                name.clone(),
                Alias {
                    version,
                    description: None,
                    revision,
                },
            );
        }
    }

    /// Whether `qualifier` is `$LATEST`, a version or an alias of it.
    #[must_use]
    pub fn has_qualifier(&self, qualifier: &str) -> bool {
        self.aliases.contains_key(qualifier) || self.has_version(qualifier)
    }

    pub(super) fn has_version(&self, version: &str) -> bool {
        version == "$LATEST" || self.version(version).is_some()
    }

    /// A published version.
    pub(super) fn version(&self, number: &str) -> Option<&Version> {
        self.versions.get(&number.parse().ok()?)
    }

    /// Whether API Gateway may invoke it (unqualified, or by that qualifier) for a method with this ARN
    /// (`arn:aws:execute-api:REGION:ACCOUNT:API/STAGE/METHOD/PATH`).
    #[must_use]
    pub fn may_be_invoked(&self, qualifier: Option<&str>, source_arn: &str) -> bool {
        let policy = self.policies.get(qualifier.unwrap_or_default());
        policy.is_some_and(|policy| policy.allows("apigateway.amazonaws.com", source_arn))
    }

    pub(super) fn is_updating(&self, now: Timestamp) -> bool {
        self.updated.is_some_and(|until| until > now)
    }

    /// `FunctionConfiguration` as the API shows it.
    pub(super) fn describe(&self, qualifier: Option<&str>, now: Timestamp) -> Value {
        let arn = qualifier.map_or_else(
            || self.arn.clone(),
            |qualifier| format!("{}:{qualifier}", self.arn),
        );
        let named = qualifier.unwrap_or("$LATEST");
        let number = self
            .aliases
            .get(named)
            .map_or(named, |alias| &alias.version);
        let version = self.version(number);
        let (configuration, revision) = match version {
            Some(version) => (&version.configuration, &version.revision),
            None => (&self.configuration, &self.revision),
        };
        let status = if version.is_none() && self.is_updating(now) {
            "InProgress"
        } else {
            "Successful"
        };
        let mut shown = json!({
            "FunctionName": self.name,
            "FunctionArn": arn,
            "Version": number,
            "State": "Active",
            "LastUpdateStatus": status,
            "RevisionId": revision,
            "PackageType": "Zip",
        });
        if let Some(fields) = shown.as_object_mut() {
            fields.extend(configuration.clone());
        }
        shown
    }
}

/// A function as a client names it: `name`, `name:qualifier`, `ACCOUNT:function:name`, or an ARN with or without a qualifier.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FunctionId {
    /// Region, if the name says it.
    pub region: Option<String>,
    /// Account, if the name says it.
    pub account: Option<String>,
    /// The plain name.
    pub name: String,
    /// Version or alias, if the name says it.
    pub qualifier: Option<String>,
}

impl FunctionId {
    /// Reads any of the forms; what is none of them is taken as a plain name.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        let parts: Vec<&str> = text.split(':').collect();
        let (region, account, rest) = match parts.as_slice() {
            ["arn", _, "lambda", region, account, "function", rest @ ..] => {
                (Some(*region), Some(*account), rest)
            }
            [account, "function", rest @ ..] => (None, Some(*account), rest),
            rest => (None, None, rest),
        };
        Self {
            region: region.map(str::to_owned),
            account: account.map(str::to_owned),
            name: rest
                .first()
                .map_or_else(String::new, |name| (*name).to_owned()),
            qualifier: rest.get(1).map(|qualifier| (*qualifier).to_owned()),
        }
    }
}
