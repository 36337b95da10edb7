//! A method and its integration.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Strings;

/// `Method` of the API model.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(clippy::struct_field_names, reason = "spelled as in the API model")]
pub struct Method {
    /// `GET`, ... or `ANY`.
    pub http_method: String,
    /// `NONE`, `AWS_IAM`, `CUSTOM`, `COGNITO_USER_POOLS` or `JWT`.
    pub authorization_type: String,
    /// Set for the types that name an authorizer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authorizer_id: Option<String>,
    /// Whether a call needs an API key of a usage plan.
    #[serde(default)]
    pub api_key_required: bool,
    /// The validator that checks requests, if any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_validator_id: Option<String>,
    /// The operation's id in the imported document.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operation_name: Option<String>,
    /// `method.request.{path,querystring,header}.NAME` to whether it is required.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub request_parameters: BTreeMap<String, bool>,
    /// Content type to model name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub request_models: Strings,
    /// By status code.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub method_responses: BTreeMap<String, MethodResponse>,
    /// What answers the method.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub method_integration: Option<Integration>,
    /// Scopes of which a token must hold one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub authorization_scopes: Vec<String>,
}

/// `MethodResponse` of the API model.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MethodResponse {
    /// Three digits.
    pub status_code: String,
    /// `method.response.header.NAME` to whether it is required.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub response_parameters: BTreeMap<String, bool>,
    /// Content type to model name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub response_models: Strings,
}

/// `IntegrationType` of the API model.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum IntegrationType {
    /// A request built from the mapping alone.
    Http,
    /// The request as it came, with the mapping on top.
    HttpProxy,
    /// An AWS action.
    Aws,
    /// A Lambda function that gets the whole request as an event.
    AwsProxy,
    /// No back end.
    Mock,
}

impl IntegrationType {
    /// Reads the name in either case: documents write `http_proxy`, the API says `HTTP_PROXY`.
    pub fn parse(name: &str) -> Option<Self> {
        Some(match name.to_ascii_uppercase().as_str() {
            "HTTP" => Self::Http,
            "HTTP_PROXY" => Self::HttpProxy,
            "AWS" => Self::Aws,
            "AWS_PROXY" => Self::AwsProxy,
            "MOCK" => Self::Mock,
            _ => return None,
        })
    }

    /// Whether the back end is named by a plain URL.
    pub fn is_http(self) -> bool {
        matches!(self, Self::Http | Self::HttpProxy)
    }

    /// Whether requests and answers pass without templates.
    pub fn is_proxy(self) -> bool {
        matches!(self, Self::HttpProxy | Self::AwsProxy)
    }
}

/// `Integration` of the API model.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(clippy::struct_field_names, reason = "spelled as in the API model")]
pub struct Integration {
    /// How the back end is called.
    pub r#type: IntegrationType,
    /// Method towards the back end; `ANY` repeats the client's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub http_method: Option<String>,
    /// URL or ARN of the back end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uri: Option<String>,
    /// `INTERNET` or `VPC_LINK`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connection_type: Option<String>,
    /// The VPC link.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connection_id: Option<String>,
    /// Role to assume for the call.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub credentials: Option<String>,
    /// `integration.request.{path,querystring,header}.NAME` to its source.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub request_parameters: Strings,
    /// Content type to template.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub request_templates: Strings,
    /// `WHEN_NO_MATCH`, `WHEN_NO_TEMPLATES` or `NEVER`.
    pub passthrough_behavior: String,
    /// `CONVERT_TO_BINARY` or `CONVERT_TO_TEXT`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content_handling: Option<String>,
    /// How long the back end may take.
    pub timeout_in_millis: u32,
    /// Defaults to the resource's id.
    pub cache_namespace: String,
    /// Parameters that are part of the stage cache's key.
    #[serde(default)]
    pub cache_key_parameters: Vec<String>,
    /// By status code.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub integration_responses: BTreeMap<String, IntegrationResponse>,
    /// TLS towards the back end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tls_config: Option<TlsConfig>,
    /// `BUFFERED` or `STREAM`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub response_transfer_mode: Option<String>,
    /// Load balancer behind a VPC link.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub integration_target: Option<String>,
}

/// `TlsConfig` of the API model.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TlsConfig {
    /// Accept any certificate.
    #[serde(default)]
    pub insecure_skip_verification: bool,
}

/// `IntegrationResponse` of the API model.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct IntegrationResponse {
    /// Status that the client gets.
    pub status_code: String,
    /// Pattern over the back end's status; none is the default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub selection_pattern: Option<String>,
    /// `method.response.header.NAME` to its source.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub response_parameters: Strings,
    /// Content type to template.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub response_templates: Strings,
    /// `CONVERT_TO_BINARY` or `CONVERT_TO_TEXT`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content_handling: Option<String>,
}
