//! Pages: `limit` and `position`.

use serde_json::{Value, json};

use crate::{AwsError, Call};

use super::Outcome;
use super::errors::bad_request;
use crate::Reply;

const DEFAULT: usize = 25;
const MOST: usize = 500;

/// One page of `items`, each with the key that orders it; the position of the next page is the last key of this one.
pub(super) fn page(call: &Call, mut items: Vec<(String, Value)>) -> Outcome {
    let limit = limit(call)?;
    items.sort_by(|one, other| one.0.cmp(&other.0));
    if let Some(position) = call.params.query("position") {
        items.retain(|(key, _)| key.as_str() > position);
    }
    let has_more = items.len() > limit;
    items.truncate(limit);
    let position = has_more
        .then(|| items.last().map(|(key, _)| key.clone()))
        .flatten();
    let mut body = json!({ "item": items.into_iter().map(|(_, item)| item).collect::<Vec<_>>() });
    if let Some(position) = position {
        body["position"] = Value::from(position);
    }
    Ok(Reply::ok(body))
}

fn limit(call: &Call) -> Result<usize, AwsError> {
    match call.params.query("limit").map(str::parse::<usize>) {
        None => Ok(DEFAULT),
        Some(Ok(limit)) if limit > 0 => Ok(limit.min(MOST)),
        Some(_) => Err(bad_request(
            "Invalid limit specified: must be a positive number",
        )),
    }
}
