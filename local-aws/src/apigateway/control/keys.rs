//! API keys.

use serde::Deserialize;
use serde_json::{Value, json};

use super::errors::{bad_request, conflict, key, limit_exceeded};
use super::{Outcome, pages, patch, tagging};
use crate::apigateway::model::{ApiKey, Strings};
use crate::world::Regional;
use crate::{Call, Reply};

/// API keys per account and Region ("Quotas for configuring and running a REST API").
const MAX_KEYS: usize = 10_000;

const PATHS: &str = "/name, /description, /enabled, /customerId";

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct CreateApiKey {
    name: Option<String>,
    description: Option<String>,
    /// The model's default is `false`: a key that nobody enabled opens nothing.
    #[serde(default)]
    enabled: bool,
    value: Option<String>,
    customer_id: Option<String>,
    #[serde(default)]
    tags: Strings,
}

pub(super) fn create_api_key(call: &Call, place: &mut Regional) -> Outcome {
    let input: CreateApiKey = call.input()?;
    if call.config.quotas && place.apigateway.keys.len() >= MAX_KEYS {
        return Err(limit_exceeded(
            "Maximum number of API keys has been reached.",
        ));
    }
    let value = input.value.unwrap_or_else(|| place.ids.alphanumeric(40));
    if !(20..=128).contains(&value.len()) {
        return Err(bad_request(
            "API Key value should be at least 20 characters",
        ));
    }
    if place.apigateway.keys.values().any(|key| key.value == value) {
        return Err(conflict("API Key already exists"));
    }
    let key = ApiKey {
        id: place.ids.alphanumeric(10),
        value,
        name: input.name,
        description: input.description,
        customer_id: input.customer_id,
        enabled: input.enabled,
        created: call.now.as_second(),
        updated: call.now.as_second(),
    };
    tagging::tag_new(call, place, &format!("/apikeys/{}", key.id), input.tags)?;
    let body = render(call, place, &key, true);
    place.apigateway.keys.insert(key.id.clone(), key);
    Ok(Reply::with_status(201, body))
}

/// `name` is a prefix; values are shown only with `includeValues=true`.
pub(super) fn get_api_keys(call: &Call, place: &mut Regional) -> Outcome {
    let with_values = call.params.query("includeValues") == Some("true");
    let prefix = call.params.query("name").unwrap_or_default();
    let customer = call.params.query("customerId");
    let wanted = |key: &&ApiKey| {
        let is_customer =
            customer.is_none_or(|customer| key.customer_id.as_deref() == Some(customer));
        is_customer && key.name.as_deref().unwrap_or_default().starts_with(prefix)
    };
    let keys = place.apigateway.keys.values().filter(wanted);
    pages::page(
        call,
        keys.map(|key| (key.id.clone(), render(call, place, key, with_values)))
            .collect(),
    )
}

pub(super) fn get_api_key(call: &Call, place: &mut Regional) -> Outcome {
    let key = key(call.params.path("key"), &mut place.apigateway)?.clone();
    Ok(Reply::ok(render(
        call,
        place,
        &key,
        call.params.query("includeValue") == Some("true"),
    )))
}

pub(super) fn update_api_key(call: &Call, place: &mut Regional) -> Outcome {
    let patches = patch::patches(call)?;
    let id = call.params.path("key");
    let mut changed = key(id, &mut place.apigateway)?.clone();
    for patch in patches {
        match (patch.op.as_str(), patch.path.as_str()) {
            ("replace", "/name") => changed.name = patch.optional(),
            ("replace", "/description") => changed.description = patch.optional(),
            ("replace", "/customerId") => changed.customer_id = patch.optional(),
            ("replace", "/enabled") => changed.enabled = patch.flag()?,
            _ => return Err(patch.refusal(PATHS)),
        }
    }
    changed.updated = call.now.as_second();
    let body = render(call, place, &changed, false);
    *key(id, &mut place.apigateway)? = changed;
    Ok(Reply::ok(body))
}

pub(super) fn delete_api_key(call: &Call, place: &mut Regional) -> Outcome {
    let id = key(call.params.path("key"), &mut place.apigateway)?
        .id
        .clone();
    place.apigateway.keys.remove(&id);
    for plan in place.apigateway.plans.values_mut() {
        plan.keys.retain(|key| *key != id);
    }
    tagging::forget(call, place, &format!("/apikeys/{id}"));
    Ok(Reply::with_status(202, Value::Null))
}

fn render(call: &Call, place: &Regional, key: &ApiKey, with_value: bool) -> Value {
    let mut body = json!({
        "id": key.id,
        "enabled": key.enabled,
        "createdDate": key.created,
        "lastUpdatedDate": key.updated,
        "stageKeys": [],
    });
    let tags = tagging::of(call, place, &format!("/apikeys/{}", key.id));
    let optional = [
        ("name", key.name.as_ref().map(|text| json!(text))),
        (
            "description",
            key.description.as_ref().map(|text| json!(text)),
        ),
        (
            "customerId",
            key.customer_id.as_ref().map(|text| json!(text)),
        ),
        ("value", with_value.then(|| json!(key.value))),
        ("tags", (!tags.is_empty()).then(|| json!(tags))),
    ];
    for (name, value) in optional
        .into_iter()
        .filter_map(|(name, value)| Some((name, value?)))
    {
        body[name] = value;
    }
    body
}
