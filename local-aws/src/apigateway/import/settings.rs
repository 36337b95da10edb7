//! API-level properties in the document's extensions.

use serde_json::Value;

use super::document::{Document, list, text};
use super::errors::Findings;
use crate::apigateway::model::Settings;

const BINARY: &str = "x-amazon-apigateway-binary-media-types";
const COMPRESSION: &str = "x-amazon-apigateway-minimum-compression-size";
const KEY_SOURCE: &str = "x-amazon-apigateway-api-key-source";
const POLICY: &str = "x-amazon-apigateway-policy";
const ENDPOINT: &str = "x-amazon-apigateway-endpoint-configuration";
const SECURITY_POLICY: &str = "x-amazon-apigateway-security-policy";
const ACCESS_MODE: &str = "x-amazon-apigateway-endpoint-access-mode";

/// The properties; what the document does not say has the default.
pub(super) fn read(document: &Document, findings: &mut Findings) -> Settings {
    let endpoint = endpoint(document);
    let flag = |name: &str| endpoint.and_then(|endpoint| endpoint.get(name));
    Settings {
        binary_media_types: list(document.member(BINARY)),
        minimum_compression_size: compression(document, findings),
        api_key_source: key_source(document, findings),
        policy: document.member(POLICY).map(text),
        vpc_endpoint_ids: list(flag("vpcEndpointIds")),
        disable_execute_api_endpoint: flag("disableExecuteApiEndpoint")
            .and_then(Value::as_bool)
            .unwrap_or(false),
        security_policy: document.member(SECURITY_POLICY).map(text),
        endpoint_access_mode: document.member(ACCESS_MODE).map(text),
    }
}

/// The extensions that the document has, for a merge.
pub(super) fn said(document: &Document) -> Vec<&'static str> {
    let mut said: Vec<_> = [
        BINARY,
        COMPRESSION,
        KEY_SOURCE,
        POLICY,
        SECURITY_POLICY,
        ACCESS_MODE,
    ]
    .into_iter()
    .filter(|name| document.member(name).is_some())
    .collect();
    said.extend(endpoint(document).map(|_| ENDPOINT));
    said
}

/// Puts what a document says over what is there: a merge. Binary media types become the union (recorded).
pub fn merge(mut into: Settings, said: &[&str], new: &Settings) -> Settings {
    for name in said {
        match *name {
            BINARY => {
                let missing: Vec<_> = new
                    .binary_media_types
                    .iter()
                    .filter(|kind| !into.binary_media_types.contains(kind))
                    .cloned()
                    .collect();
                into.binary_media_types.extend(missing);
            }
            COMPRESSION => into.minimum_compression_size = new.minimum_compression_size,
            KEY_SOURCE => into.api_key_source.clone_from(&new.api_key_source),
            POLICY => into.policy.clone_from(&new.policy),
            SECURITY_POLICY => into.security_policy.clone_from(&new.security_policy),
            ACCESS_MODE => into
                .endpoint_access_mode
                .clone_from(&new.endpoint_access_mode),
            _ => {
                into.vpc_endpoint_ids.clone_from(&new.vpc_endpoint_ids);
                into.disable_execute_api_endpoint = new.disable_execute_api_endpoint;
            }
        }
    }
    into
}

/// In OpenAPI 3 the extension hangs on a server object.
fn endpoint(document: &Document) -> Option<&Value> {
    document
        .member("servers")?
        .as_array()?
        .iter()
        .find_map(|server| server.get(ENDPOINT))
}

fn compression(document: &Document, findings: &mut Findings) -> Option<u32> {
    let value = document.member(COMPRESSION)?;
    let size = value
        .as_u64()
        .and_then(|size| u32::try_from(size).ok())
        .filter(|size| *size <= 10_485_760);
    if size.is_none() {
        findings
            .error("Invalid minimum compression size, must be between 0 and 10485760".to_owned());
    }
    size
}

fn key_source(document: &Document, findings: &mut Findings) -> String {
    let source = document
        .member(KEY_SOURCE)
        .map_or_else(|| "HEADER".to_owned(), text);
    if !["HEADER", "AUTHORIZER"].contains(&source.as_str()) {
        findings.error(format!(
            "Invalid API key source '{source}': must be one of [HEADER, AUTHORIZER]"
        ));
    }
    source
}
