//! Tags of APIs, stages, keys and plans, by ARN.

use serde::Deserialize;
use serde_json::{Value, json};

use super::Outcome;
use super::errors::{bad_request, limit_exceeded, not_found};
use crate::apigateway::model::Strings;
use crate::world::Regional;
use crate::{AwsError, Call, Reply};

/// Tags per resource ("Tagging API Gateway resources").
const MAX_TAGS: usize = 50;

fn arn(call: &Call, path: &str) -> String {
    format!("arn:aws:apigateway:{}::{path}", call.region())
}

/// The tags of the resource at `path`, e.g. `/restapis/abc`.
pub(super) fn of(call: &Call, place: &Regional, path: &str) -> Strings {
    place.tags.of(&arn(call, path))
}

/// Tags what is being created.
pub(super) fn tag_new(
    call: &Call,
    place: &mut Regional,
    path: &str,
    tags: Strings,
) -> Result<(), AwsError> {
    check(&tags)?;
    place.tags.add(&arn(call, path), tags);
    Ok(())
}

/// Drops the tags of what is gone.
pub(super) fn forget(call: &Call, place: &mut Regional, path: &str) {
    place.tags.forget(&arn(call, path));
}

pub(super) fn get_tags(call: &Call, place: &mut Regional) -> Outcome {
    let arn = existing(call, place)?;
    Ok(Reply::ok(json!({ "tags": place.tags.of(&arn) })))
}

#[derive(Deserialize)]
struct TagResource {
    tags: Strings,
}

pub(super) fn tag_resource(call: &Call, place: &mut Regional) -> Outcome {
    let TagResource { tags } = call.input()?;
    let arn = existing(call, place)?;
    let mut all = place.tags.of(&arn);
    all.extend(tags.clone());
    check(&all)?;
    place.tags.add(&arn, tags);
    Ok(Reply::with_status(204, Value::Null))
}

pub(super) fn untag_resource(call: &Call, place: &mut Regional) -> Outcome {
    let arn = existing(call, place)?;
    let keys = call
        .params
        .query
        .iter()
        .filter(|(name, _)| name == "tagKeys")
        .map(|(_, key)| key.as_str());
    place.tags.remove(&arn, keys);
    Ok(Reply::with_status(204, Value::Null))
}

/// The ARN that the call's path names, if there is such a resource.
fn existing(call: &Call, place: &Regional) -> Result<String, AwsError> {
    let given = call.params.path("arn");
    let path = given
        .strip_prefix(&arn(call, ""))
        .ok_or_else(|| bad_request("Invalid ARN specified in the request"))?;
    let here = &place.apigateway;
    let segments: Vec<&str> = path.trim_start_matches('/').split('/').collect();
    let exists = match segments.as_slice() {
        ["restapis", id] => here.apis.contains_key(*id),
        ["restapis", id, "stages", stage] => here
            .apis
            .get(*id)
            .is_some_and(|api| api.stages.contains_key(*stage)),
        ["apikeys", id] => here.keys.contains_key(*id),
        ["usageplans", id] => here.plans.contains_key(*id),
        _ => return Err(bad_request("Invalid ARN specified in the request")),
    };
    if exists {
        Ok(given.to_owned())
    } else {
        Err(not_found("Invalid resource identifier specified"))
    }
}

fn check(tags: &Strings) -> Result<(), AwsError> {
    if tags.len() > MAX_TAGS {
        return Err(limit_exceeded(
            "The number of tags exceeds the limit of 50 tags for the resource",
        ));
    }
    let is_bad = |key: &str, value: &str| {
        key.is_empty() || key.len() > 128 || value.len() > 256 || key.starts_with("aws:")
    };
    match tags.iter().find(|(key, value)| is_bad(key, value)) {
        Some((key, _)) => Err(bad_request(format!(
            "Invalid tag key or value for tag '{key}'"
        ))),
        None => Ok(()),
    }
}
