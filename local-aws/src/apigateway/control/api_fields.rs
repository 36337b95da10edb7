//! The fields of a REST API: what they may hold, and the paths by which `UpdateRestApi` changes them.

use super::errors::bad_request;
use super::patch::{Patch, unescape};
use crate::apigateway::model::RestApi;
use crate::{AwsError, Call};

const PATHS: &str = "/name, /description, /policy, /apiKeySource, /minimumCompressionSize, /disableExecuteApiEndpoint, \
                     /binaryMediaTypes/{mediaType}, /endpointConfiguration/types/{type}, \
                     /endpointConfiguration/ipAddressType, /endpointConfiguration/vpcEndpointIds, /securityPolicy, /endpointAccessMode";

/// The limit of a resource policy ("Quotas for configuring and running a REST API").
const MAX_POLICY: usize = 8192;

/// Applies one operation of a patch.
pub(super) fn apply(call: &Call, api: &mut RestApi, patch: &Patch) -> Result<(), AwsError> {
    let segments = patch.segments();
    match (patch.op.as_str(), segments.as_slice()) {
        ("replace", ["name"]) => api.name = patch.text(),
        ("replace" | "remove", ["description"]) => api.description = patch.optional(),
        ("replace" | "remove", ["minimumCompressionSize"]) => {
            let size = patch
                .optional()
                .map(|size| size.parse::<i64>().unwrap_or(-1));
            api.settings.minimum_compression_size = size.map(compression_size).transpose()?;
        }
        (_, ["minimumCompressionSize"]) => {
            return Err(bad_request(
                "Invalid patch operation specified. Must be one of: [replace]",
            ));
        }
        ("replace" | "remove", ["policy"]) => {
            let id = api.id.clone();
            api.settings.policy = patch
                .optional()
                .map(|policy| stored_policy(call, &id, &policy))
                .transpose()?;
        }
        ("replace", ["apiKeySource"]) => api.settings.api_key_source = key_source(&patch.text())?,
        ("replace", ["disableExecuteApiEndpoint"]) => {
            api.settings.disable_execute_api_endpoint = patch.flag()?;
        }
        ("replace", ["securityPolicy"]) => api.settings.security_policy = patch.optional(),
        ("replace", ["endpointAccessMode"]) => api.settings.endpoint_access_mode = patch.optional(),
        (_, ["binaryMediaTypes"]) => {
            return Err(bad_request(format!("Invalid patch path {}", patch.path)));
        }
        (op, ["binaryMediaTypes", media_type]) => {
            change_media_type(api, op, &unescape(media_type), patch);
        }
        ("replace", ["endpointConfiguration", "types", _]) => api.endpoint.r#type = patch.text(),
        ("replace", ["endpointConfiguration", "ipAddressType"]) => {
            api.endpoint.ip_address_type = patch.text();
        }
        ("add", ["endpointConfiguration", "vpcEndpointIds"]) => {
            api.settings.vpc_endpoint_ids.push(patch.text());
        }
        ("remove", ["endpointConfiguration", "vpcEndpointIds"]) => {
            api.settings
                .vpc_endpoint_ids
                .retain(|id| *id != patch.text());
        }
        _ => return Err(patch.refusal(PATHS)),
    }
    Ok(())
}

fn change_media_type(api: &mut RestApi, op: &str, media_type: &str, patch: &Patch) {
    let types = &mut api.settings.binary_media_types;
    types.retain(|known| known != media_type);
    match op {
        "add" => types.push(media_type.to_owned()),
        "replace" => types.push(patch.text()),
        _ => {}
    }
}

/// A size within the documented bounds.
pub(super) fn compression_size(size: i64) -> Result<u32, AwsError> {
    let good = u32::try_from(size).ok().filter(|size| *size <= 10_485_760);
    good.ok_or_else(|| {
        bad_request("Invalid minimum compression size, must be between 0 and 10485760")
    })
}

/// `HEADER` or `AUTHORIZER`.
pub(super) fn key_source(source: &str) -> Result<String, AwsError> {
    match source {
        "HEADER" | "AUTHORIZER" => Ok(source.to_owned()),
        _ => Err(bad_request(format!(
            "Invalid API key source specified: {source}"
        ))),
    }
}

/// A policy as it is kept: `execute-api:/...` becomes the API's ARN.
pub(super) fn stored_policy(call: &Call, api_id: &str, policy: &str) -> Result<String, AwsError> {
    let is_object =
        serde_json::from_str::<serde_json::Value>(policy).is_ok_and(|policy| policy.is_object());
    if !is_object || policy.len() > MAX_POLICY {
        return Err(bad_request(
            "Invalid policy document. Please check the policy syntax and ensure that Principals are valid.",
        ));
    }
    let arn = format!("\"{}/", call.arn("execute-api", api_id));
    Ok(policy.replace("\"execute-api:/", &arn))
}

/// A policy as the service shows it: with its quotation marks escaped once more (clients have to undo it).
pub(super) fn shown_policy(policy: &str) -> String {
    policy.replace('\\', "\\\\").replace('"', "\\\"")
}
