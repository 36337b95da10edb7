//! Tags of secrets.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value as Json;

use super::refusal;
use crate::world::Regional;
use crate::{AwsError, Call, tags};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct Tag {
    key: String,
    #[serde(default)]
    value: String,
}

/// The new tags as pairs, if a resource that has `existing` may have them too.
pub(super) fn check_tags(
    existing: &BTreeMap<String, String>,
    new: Vec<Tag>,
) -> Result<BTreeMap<String, String>, AwsError> {
    let new: BTreeMap<String, String> = new.into_iter().map(|tag| (tag.key, tag.value)).collect();
    tags::check(existing, &new).map_err(refusal::invalid_parameter)?;
    Ok(new)
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct TagResource {
    secret_id: String,
    tags: Vec<Tag>,
}

pub(super) fn tag_resource(call: &Call, place: &mut Regional) -> Result<Json, AwsError> {
    let input: TagResource = call.input()?;
    let secret = place.secretsmanager.live_mut(&input.secret_id)?;
    let new = check_tags(&place.tags.of(&secret.arn), input.tags)?;
    secret.last_changed = call.now;
    place.tags.add(&secret.arn, new);
    Ok(Json::Null)
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct UntagResource {
    secret_id: String,
    tag_keys: Vec<String>,
}

pub(super) fn untag_resource(call: &Call, place: &mut Regional) -> Result<Json, AwsError> {
    let input: UntagResource = call.input()?;
    let secret = place.secretsmanager.live_mut(&input.secret_id)?;
    secret.last_changed = call.now;
    place
        .tags
        .remove(&secret.arn, input.tag_keys.iter().map(String::as_str));
    Ok(Json::Null)
}
