//! REST APIs.

use serde::Deserialize;
use serde_json::{Value, json};

use super::errors::{api, bad_request, limit_exceeded, seen_api, writable_api};
use super::{Outcome, api_fields, pages, patch, tagging};
use crate::apigateway::model::{Definition, EndpointConfiguration, RestApi, Settings, Strings};
use crate::config::Delay;
use crate::world::Regional;
use crate::{AwsError, Call, Reply};

/// APIs per Region by endpoint type ("Quotas for configuring and running a REST API").
const LIMITS: [(&str, usize); 3] = [("REGIONAL", 600), ("PRIVATE", 600), ("EDGE", 120)];

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct CreateRestApi {
    #[serde(default)]
    name: String,
    description: Option<String>,
    version: Option<String>,
    #[serde(default)]
    binary_media_types: Vec<String>,
    minimum_compression_size: Option<i64>,
    api_key_source: Option<String>,
    endpoint_configuration: Option<Endpoint>,
    policy: Option<String>,
    #[serde(default)]
    tags: Strings,
    #[serde(default)]
    disable_execute_api_endpoint: bool,
    security_policy: Option<String>,
    endpoint_access_mode: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Endpoint {
    #[serde(default)]
    types: Vec<String>,
    ip_address_type: Option<String>,
    #[serde(default)]
    vpc_endpoint_ids: Vec<String>,
}

pub(super) fn create_rest_api(call: &Call, place: &mut Regional) -> Outcome {
    if call.params.query("mode") == Some("import") {
        return Err(bad_request(
            "local-aws has no ImportRestApi: create the API, then put the document",
        ));
    }
    let input: CreateRestApi = call.input()?;
    if input.name.trim().is_empty() {
        return Err(bad_request("API name cannot be empty"));
    }
    if input.description.as_deref() == Some("") {
        return Err(bad_request("Description cannot be an empty string"));
    }
    let endpoint = input.endpoint_configuration.unwrap_or_default();
    let endpoint_type = endpoint_type(&endpoint.types)?;
    check_limit(call, place, &endpoint_type)?;
    let id = place.ids.alphanumeric(10);
    let api = RestApi {
        name: input.name,
        description: input.description,
        version: input.version,
        created: call.now.as_second(),
        settings: Settings {
            binary_media_types: input.binary_media_types,
            minimum_compression_size: input
                .minimum_compression_size
                .map(api_fields::compression_size)
                .transpose()?,
            api_key_source: api_fields::key_source(
                input.api_key_source.as_deref().unwrap_or("HEADER"),
            )?,
            policy: input
                .policy
                .map(|policy| api_fields::stored_policy(call, &id, &policy))
                .transpose()?,
            vpc_endpoint_ids: endpoint.vpc_endpoint_ids,
            disable_execute_api_endpoint: input.disable_execute_api_endpoint,
            security_policy: input.security_policy,
            endpoint_access_mode: input.endpoint_access_mode,
        },
        endpoint: EndpointConfiguration {
            r#type: endpoint_type,
            ip_address_type: endpoint
                .ip_address_type
                .unwrap_or_else(|| "ipv4".to_owned()),
        },
        updating_until: None,
        definition: Definition::empty(place.ids.alphanumeric(10)),
        deployments: std::collections::BTreeMap::new(),
        stages: std::collections::BTreeMap::new(),
        id: id.clone(),
    };
    tagging::tag_new(call, place, &format!("/restapis/{id}"), input.tags)?;
    let reply = render(call, place, &api);
    place.apigateway.apis.insert(id, api);
    Ok(Reply::with_status(201, reply))
}

fn endpoint_type(types: &[String]) -> Result<String, AwsError> {
    match types {
        [] => Ok("EDGE".to_owned()),
        [one] if LIMITS.iter().any(|(name, _)| name == one) => Ok(one.clone()),
        [other] => Err(bad_request(format!(
            "Invalid endpoint type specified: {other}"
        ))),
        _ => Err(bad_request("Only one endpoint type can be specified")),
    }
}

fn check_limit(call: &Call, place: &Regional, endpoint_type: &str) -> Result<(), AwsError> {
    let count = place
        .apigateway
        .apis
        .values()
        .filter(|api| api.endpoint.r#type == endpoint_type)
        .count();
    let limit = LIMITS
        .iter()
        .find(|(name, _)| *name == endpoint_type)
        .map_or(usize::MAX, |(_, limit)| *limit);
    if call.config.quotas && count >= limit {
        let text = "Maximum number of APIs has been reached. Please contact AWS if you need additional APIs.";
        return Err(limit_exceeded(text));
    }
    Ok(())
}

pub(super) fn get_rest_apis(call: &Call, place: &mut Regional) -> Outcome {
    let items = place
        .apigateway
        .apis
        .values()
        .map(|api| (api.id.clone(), render(call, place, api)))
        .collect();
    pages::page(call, items)
}

pub(super) fn get_rest_api(call: &Call, place: &mut Regional) -> Outcome {
    reply(call, place)
}

pub(super) fn update_rest_api(call: &Call, place: &mut Regional) -> Outcome {
    let patches = patch::patches(call)?;
    let mut changed = writable_api(call, place)?.clone();
    for patch in &patches {
        api_fields::apply(call, &mut changed, patch)?;
    }
    start_update(call, &mut changed);
    *api(call, place)? = changed;
    reply(call, place)
}

pub(super) fn delete_rest_api(call: &Call, place: &mut Regional) -> Outcome {
    let id = api(call, place)?.id.clone();
    let gone = place.apigateway.apis.remove(&id);
    for plan in place.apigateway.plans.values_mut() {
        plan.api_stages.retain(|stage| stage.api_id != id);
    }
    for stage in gone.iter().flat_map(|api| api.stages.keys()) {
        tagging::forget(call, place, &format!("/restapis/{id}/stages/{stage}"));
    }
    tagging::forget(call, place, &format!("/restapis/{id}"));
    Ok(Reply::with_status(202, Value::Null))
}

/// Marks the API as updating for as long as the settings say.
pub(super) fn start_update(call: &Call, api: &mut RestApi) {
    let until = call.after(Delay::ApiUpdating);
    api.updating_until = (until > call.now).then_some(until);
}

/// `GetRestApi`'s answer, which every write of an API repeats.
pub(super) fn reply(call: &Call, place: &mut Regional) -> Outcome {
    Ok(Reply::ok(render(call, place, seen_api(call, place)?)))
}

/// `RestApi` of the API model.
pub(super) fn render(call: &Call, place: &Regional, api: &RestApi) -> Value {
    let settings = &api.settings;
    let mut body = json!({
        "id": api.id,
        "name": api.name,
        "createdDate": api.created,
        "apiKeySource": settings.api_key_source,
        "endpointConfiguration": { "types": [api.endpoint.r#type], "ipAddressType": api.endpoint.ip_address_type },
        "disableExecuteApiEndpoint": settings.disable_execute_api_endpoint,
        "rootResourceId": api.definition.root_id(),
        "apiStatus": if api.updating_until.is_some() { "UPDATING" } else { "AVAILABLE" },
    });
    let tags = tagging::of(call, place, &format!("/restapis/{}", api.id));
    let optional = [
        (
            "description",
            api.description.as_ref().map(|text| json!(text)),
        ),
        ("version", api.version.as_ref().map(|text| json!(text))),
        (
            "binaryMediaTypes",
            (!settings.binary_media_types.is_empty()).then(|| json!(settings.binary_media_types)),
        ),
        (
            "minimumCompressionSize",
            settings.minimum_compression_size.map(|size| json!(size)),
        ),
        (
            "policy",
            settings
                .policy
                .as_ref()
                .map(|policy| json!(api_fields::shown_policy(policy))),
        ),
        (
            "securityPolicy",
            settings.security_policy.as_ref().map(|text| json!(text)),
        ),
        (
            "endpointAccessMode",
            settings
                .endpoint_access_mode
                .as_ref()
                .map(|text| json!(text)),
        ),
        ("tags", (!tags.is_empty()).then(|| json!(tags))),
    ];
    for (name, value) in optional
        .into_iter()
        .filter_map(|(name, value)| Some((name, value?)))
    {
        body[name] = value;
    }
    if !settings.vpc_endpoint_ids.is_empty() {
        body["endpointConfiguration"]["vpcEndpointIds"] = json!(settings.vpc_endpoint_ids);
    }
    body
}
