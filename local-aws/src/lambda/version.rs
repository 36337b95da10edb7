//! Published versions and aliases.

use serde::Deserialize;
use serde_json::{Value, json};

use super::function::{Alias, Function, Version};
use super::{called, check_not_updating, check_revision, not_found};
use crate::world::Regional;
use crate::{AwsError, Call, Reply};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct PublishVersion {
    description: Option<String>,
    revision_id: Option<String>,
}

/// A function that has not changed since its last version is not published again: the answer is that version.
pub(super) fn publish_version(call: &Call, place: &mut Regional) -> Result<Reply, AwsError> {
    let input: PublishVersion = call.input()?;
    let revision = place.ids.uuid();
    let (function, _) = called(call, place)?;
    check_not_updating(function, call)?;
    check_revision(input.revision_id.as_deref(), &function.revision)?;
    let mut configuration = function.configuration.clone();
    if let Some(description) = input.description {
        configuration.insert("Description".to_owned(), description.into());
    }
    let last = function.versions.last_key_value();
    let number = match last {
        Some((number, version)) if version.configuration == configuration => *number,
        last => last.map_or(1, |(number, _)| number + 1),
    };
    function.versions.entry(number).or_insert(Version {
        configuration,
        revision,
    });
    let shown = function.describe(Some(&number.to_string()), call.now);
    Ok(Reply::with_status(201, shown))
}

pub(super) fn get_alias(call: &Call, place: &mut Regional) -> Result<Reply, AwsError> {
    let (function, _) = called(call, place)?;
    let alias = alias(function, call)?.clone();
    Ok(Reply::ok(describe(
        function,
        call.params.path("Name"),
        &alias,
    )))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct UpdateAlias {
    function_version: Option<String>,
    description: Option<String>,
    revision_id: Option<String>,
}

pub(super) fn update_alias(call: &Call, place: &mut Regional) -> Result<Reply, AwsError> {
    let input: UpdateAlias = call.input()?;
    let revision = place.ids.uuid();
    let (function, _) = called(call, place)?;
    let unknown = input
        .function_version
        .as_deref()
        .filter(|version| !function.has_version(version));
    if let Some(version) = unknown {
        return Err(not_found(format!(
            "Function not found: {}:{version}",
            function.arn
        )));
    }
    let alias = alias(function, call)?;
    check_revision(input.revision_id.as_deref(), &alias.revision)?;
    alias.version = input
        .function_version
        .unwrap_or_else(|| alias.version.clone());
    alias.description = input.description.or(alias.description.take());
    alias.revision = revision;
    let alias = alias.clone();
    Ok(Reply::ok(describe(
        function,
        call.params.path("Name"),
        &alias,
    )))
}

fn alias<'a>(function: &'a mut Function, call: &Call) -> Result<&'a mut Alias, AwsError> {
    let name = call.params.path("Name");
    let arn = format!("{}:{name}", function.arn);
    function
        .aliases
        .get_mut(name)
        .ok_or_else(|| not_found(format!("Cannot find alias arn: {arn}")))
}

fn describe(function: &Function, name: &str, alias: &Alias) -> Value {
    json!({
        "AliasArn": format!("{}:{name}", function.arn),
        "Name": name,
        "FunctionVersion": alias.version,
        "Description": alias.description.as_deref().unwrap_or_default(),
        "RevisionId": alias.revision,
    })
}
