//! Methods and integrations one by one: how someone changes an API by hand.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use super::errors::{api, bad_request, integration, method, not_found, resource, writable_api};
use super::patch::{Patch, patches, unescape};
use super::{Outcome, wire};
use crate::apigateway::import::mapping_refusal;
use crate::apigateway::model::{Integration, IntegrationType, Method, Strings};
use crate::world::Regional;
use crate::{AwsError, Call, Reply};

const METHOD_PATHS: &str = "/authorizationType, /authorizerId, /apiKeyRequired, /operationName, /requestValidatorId, \
                            /requestParameters/{name}, /requestModels/{contentType}";
const INTEGRATION_PATHS: &str = "/httpMethod, /uri, /connectionType, /connectionId, /credentials, /passthroughBehavior, \
                                 /contentHandling, /timeoutInMillis, /requestParameters/{name}, /requestTemplates/{contentType}";

pub(super) fn get_method(call: &Call, place: &mut Regional) -> Outcome {
    Ok(Reply::ok(wire(method(call, api(call, place)?)?)?))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct PutMethod {
    authorization_type: String,
    authorizer_id: Option<String>,
    #[serde(default)]
    api_key_required: bool,
    operation_name: Option<String>,
    #[serde(default)]
    request_parameters: BTreeMap<String, bool>,
    #[serde(default)]
    request_models: Strings,
    request_validator_id: Option<String>,
    #[serde(default)]
    authorization_scopes: Vec<String>,
}

pub(super) fn put_method(call: &Call, place: &mut Regional) -> Outcome {
    let input: PutMethod = call.input()?;
    let resource = resource(call, writable_api(call, place)?)?;
    let name = call.params.path("method").to_owned();
    if resource.resource_methods.contains_key(&name) {
        return Err(super::errors::conflict(
            "Method already exists for this resource",
        ));
    }
    let method = Method {
        http_method: name.clone(),
        authorization_type: input.authorization_type,
        authorizer_id: input.authorizer_id,
        api_key_required: input.api_key_required,
        request_validator_id: input.request_validator_id,
        operation_name: input.operation_name,
        request_parameters: input.request_parameters,
        request_models: input.request_models,
        method_responses: BTreeMap::new(),
        method_integration: None,
        authorization_scopes: input.authorization_scopes,
    };
    let body = wire(&method)?;
    resource.resource_methods.insert(name, method);
    Ok(Reply::with_status(201, body))
}

pub(super) fn update_method(call: &Call, place: &mut Regional) -> Outcome {
    let patches = patches(call)?;
    let mut changed = method(call, writable_api(call, place)?)?.clone();
    patches
        .iter()
        .try_for_each(|patch| patch_method(&mut changed, patch))?;
    let body = wire(&changed)?;
    *method(call, api(call, place)?)? = changed;
    Ok(Reply::ok(body))
}

fn patch_method(method: &mut Method, patch: &Patch) -> Result<(), AwsError> {
    let segments = patch.segments();
    match (patch.op.as_str(), segments.as_slice()) {
        ("replace", ["authorizationType"]) => method.authorization_type = patch.text(),
        ("replace", ["authorizerId"]) => method.authorizer_id = patch.optional(),
        ("replace", ["apiKeyRequired"]) => method.api_key_required = patch.flag()?,
        ("replace" | "remove", ["operationName"]) => method.operation_name = patch.optional(),
        ("replace" | "remove", ["requestValidatorId"]) => {
            method.request_validator_id = patch.optional();
        }
        ("add" | "replace", ["requestParameters", name]) => {
            method
                .request_parameters
                .insert(unescape(name), patch.flag()?);
        }
        ("remove", ["requestParameters", name]) => {
            let gone = method.request_parameters.remove(&unescape(name));
            gone.ok_or_else(|| not_found("Invalid parameter name specified"))?;
        }
        ("add" | "replace", ["requestModels", kind]) => {
            drop(method.request_models.insert(unescape(kind), patch.text()));
        }
        ("remove", ["requestModels", kind]) => drop(method.request_models.remove(&unescape(kind))),
        _ => return Err(patch.refusal(METHOD_PATHS)),
    }
    Ok(())
}

pub(super) fn delete_method(call: &Call, place: &mut Regional) -> Outcome {
    let resource = resource(call, writable_api(call, place)?)?;
    let gone = resource.resource_methods.remove(call.params.path("method"));
    gone.ok_or_else(|| not_found("Invalid Method identifier specified"))?;
    Ok(Reply::with_status(204, Value::Null))
}

pub(super) fn get_integration(call: &Call, place: &mut Regional) -> Outcome {
    Ok(Reply::ok(wire(integration(call, api(call, place)?)?)?))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct PutIntegration {
    r#type: String,
    http_method: Option<String>,
    uri: Option<String>,
    connection_type: Option<String>,
    connection_id: Option<String>,
    credentials: Option<String>,
    #[serde(default)]
    request_parameters: Strings,
    #[serde(default)]
    request_templates: Strings,
    passthrough_behavior: Option<String>,
    content_handling: Option<String>,
    timeout_in_millis: Option<u32>,
    cache_namespace: Option<String>,
    #[serde(default)]
    cache_key_parameters: Vec<String>,
}

pub(super) fn put_integration(call: &Call, place: &mut Regional) -> Outcome {
    let input: PutIntegration = call.input()?;
    let method = method(call, writable_api(call, place)?)?;
    let kind = IntegrationType::parse(&input.r#type)
        .ok_or_else(|| bad_request("Invalid integration type specified"))?;
    let integration = Integration {
        r#type: kind,
        http_method: input.http_method,
        uri: input.uri,
        connection_type: input
            .connection_type
            .or_else(|| kind.is_http().then(|| "INTERNET".to_owned())),
        connection_id: input.connection_id,
        credentials: input.credentials,
        request_parameters: input.request_parameters,
        request_templates: input.request_templates,
        passthrough_behavior: input
            .passthrough_behavior
            .unwrap_or_else(|| "WHEN_NO_MATCH".to_owned()),
        content_handling: input.content_handling,
        timeout_in_millis: input.timeout_in_millis.unwrap_or(29_000),
        cache_namespace: input
            .cache_namespace
            .unwrap_or_else(|| call.params.path("resource").to_owned()),
        cache_key_parameters: input.cache_key_parameters,
        integration_responses: BTreeMap::new(),
        tls_config: None,
        response_transfer_mode: None,
        integration_target: None,
    };
    check_mapping(&integration, method)?;
    let body = wire(&integration)?;
    method.method_integration = Some(integration);
    Ok(Reply::with_status(201, body))
}

pub(super) fn update_integration(call: &Call, place: &mut Regional) -> Outcome {
    let patches = patches(call)?;
    let api = writable_api(call, place)?;
    let mut changed = integration(call, api)?.clone();
    patches
        .iter()
        .try_for_each(|patch| patch_integration(&mut changed, patch))?;
    check_mapping(&changed, method(call, api)?)?;
    let body = wire(&changed)?;
    *integration(call, api)? = changed;
    Ok(Reply::ok(body))
}

fn patch_integration(integration: &mut Integration, patch: &Patch) -> Result<(), AwsError> {
    let segments = patch.segments();
    match (patch.op.as_str(), segments.as_slice()) {
        ("replace", ["httpMethod"]) => integration.http_method = patch.optional(),
        ("replace", ["uri"]) => integration.uri = patch.optional(),
        ("replace", ["connectionType"]) => integration.connection_type = patch.optional(),
        ("replace", ["connectionId"]) => integration.connection_id = patch.optional(),
        ("replace", ["credentials"]) => integration.credentials = patch.optional(),
        ("replace", ["passthroughBehavior"]) => integration.passthrough_behavior = patch.text(),
        ("replace", ["contentHandling"]) => integration.content_handling = patch.optional(),
        ("replace", ["timeoutInMillis"]) => integration.timeout_in_millis = patch.number()?,
        ("add" | "replace", ["requestParameters", name]) => {
            integration
                .request_parameters
                .insert(unescape(name), patch.text());
        }
        ("remove", ["requestParameters", name]) => {
            let gone = integration.request_parameters.remove(&unescape(name));
            gone.ok_or_else(|| not_found("Invalid parameter name specified"))?;
        }
        ("add" | "replace", ["requestTemplates", kind]) => {
            integration
                .request_templates
                .insert(unescape(kind), patch.text());
        }
        ("remove", ["requestTemplates", kind]) => {
            drop(integration.request_templates.remove(&unescape(kind)));
        }
        _ => return Err(patch.refusal(INTEGRATION_PATHS)),
    }
    Ok(())
}

fn check_mapping(integration: &Integration, method: &Method) -> Result<(), AwsError> {
    let declared = &method.request_parameters;
    let refusal = integration
        .request_parameters
        .iter()
        .find_map(|(to, from)| mapping_refusal(to, from, declared));
    refusal.map_or(Ok(()), |refusal| Err(bad_request(refusal)))
}

pub(super) fn delete_integration(call: &Call, place: &mut Regional) -> Outcome {
    let method = method(call, writable_api(call, place)?)?;
    method
        .method_integration
        .take()
        .ok_or_else(|| not_found("Invalid Integration identifier specified"))?;
    Ok(Reply::with_status(204, Value::Null))
}
