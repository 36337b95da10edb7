//! `x-amazon-apigateway-integration`.

use std::collections::BTreeMap;

use serde_json::Value;

use super::document::{list, object, strings, text};
use super::mapping_expression::{self, refusal_of};
use crate::apigateway::model::{
    Integration, IntegrationResponse, IntegrationType, Method, TlsConfig,
};

const EXTENSION: &str = "x-amazon-apigateway-integration";
const PASSTHROUGH: [&str; 3] = ["WHEN_NO_MATCH", "WHEN_NO_TEMPLATES", "NEVER"];
const TIMEOUT: std::ops::RangeInclusive<u64> = 50..=29_000;

/// Whether the operation has an integration that is none: no object, or a member that must be text and is not.
pub(super) fn is_malformed(operation: &Value) -> bool {
    let is_text = |extension: &Value, name: &str| extension.get(name).is_none_or(Value::is_string);
    operation.get(EXTENSION).is_some_and(|extension| {
        let texts = ["type", "uri", "httpMethod", "credentials"];
        !extension.is_object() || !texts.iter().all(|name| is_text(extension, name))
    })
}

/// Reads the integration of one method.
pub(super) struct IntegrationImport<'a> {
    pub(super) path: &'a str,
    pub(super) resource_id: &'a str,
    /// The method so far: its parameters and responses are what an integration may refer to.
    pub(super) method: &'a Method,
}

impl IntegrationImport<'_> {
    /// The integration; none when the operation has none. Refuses with the whole line of the service's error list.
    pub(super) fn read(&self, operation: &Value) -> Result<Option<Integration>, String> {
        let Some(extension) = operation.get(EXTENSION) else {
            return Ok(None);
        };
        let integration = self
            .integration(extension)
            .map_err(|text| self.line("integration", &text))?;
        let responses = self
            .responses(extension)
            .map_err(|text| self.line("integration response", &text))?;
        Ok(Some(Integration {
            integration_responses: responses,
            ..integration
        }))
    }

    fn line(&self, what: &str, text: &str) -> String {
        format!(
            "Unable to put {what} on '{}' for resource at path '{}': {text}",
            self.method.http_method, self.path
        )
    }

    fn integration(&self, extension: &Value) -> Result<Integration, String> {
        let member = |name: &str| extension.get(name).map(text);
        let kind = member("type").unwrap_or_default();
        let kind = IntegrationType::parse(&kind)
            .ok_or_else(|| format!("Invalid integration type specified: '{kind}'"))?;
        let uri = member("uri");
        check_uri(kind, uri.as_deref())?;
        let connection_type = member("connectionType").map(|kind| kind.to_ascii_uppercase());
        check_connection(
            connection_type.as_deref(),
            member("connectionId").as_deref(),
        )?;
        Ok(Integration {
            r#type: kind,
            http_method: http_method(kind, member("httpMethod"))?,
            uri,
            connection_type: connection_type
                .or_else(|| kind.is_http().then(|| "INTERNET".to_owned())),
            connection_id: member("connectionId"),
            credentials: member("credentials"),
            request_parameters: self.request_parameters(extension)?,
            request_templates: strings(extension.get("requestTemplates")),
            passthrough_behavior: passthrough(member("passthroughBehavior"))?,
            content_handling: member("contentHandling"),
            timeout_in_millis: timeout(extension.get("timeoutInMillis"))?,
            cache_namespace: member("cacheNamespace")
                .unwrap_or_else(|| self.resource_id.to_owned()),
            cache_key_parameters: list(extension.get("cacheKeyParameters")),
            integration_responses: BTreeMap::new(),
            tls_config: extension.get("tlsConfig").map(|tls| TlsConfig {
                insecure_skip_verification: tls
                    .get("insecureSkipVerification")
                    .and_then(Value::as_bool)
                    .unwrap_or(false),
            }),
            response_transfer_mode: member("responseTransferMode")
                .map(|mode| mode.to_ascii_uppercase()),
            integration_target: member("integrationTarget"),
        })
    }

    fn request_parameters(
        &self,
        extension: &Value,
    ) -> Result<crate::apigateway::model::Strings, String> {
        let parameters = strings(extension.get("requestParameters"));
        let declared = &self.method.request_parameters;
        match parameters
            .iter()
            .find_map(|(destination, source)| refusal_of(destination, source, declared))
        {
            Some(refusal) => Err(refusal),
            None => Ok(parameters),
        }
    }

    fn responses(
        &self,
        extension: &Value,
    ) -> Result<BTreeMap<String, IntegrationResponse>, String> {
        let mut responses = BTreeMap::new();
        for (pattern, response) in object(extension.get("responses")) {
            let status = response.get("statusCode").map(text).unwrap_or_default();
            if !self.method.method_responses.contains_key(&status) {
                return Err(mapping_expression::refusal(
                    "No method response exists for method.",
                ));
            }
            let imported = IntegrationResponse {
                status_code: status.clone(),
                selection_pattern: (pattern != "default").then(|| pattern.clone()),
                response_parameters: strings(response.get("responseParameters")),
                response_templates: strings(response.get("responseTemplates")),
                content_handling: response.get("contentHandling").map(text),
            };
            responses.insert(status, imported);
        }
        Ok(responses)
    }
}

fn http_method(kind: IntegrationType, method: Option<String>) -> Result<Option<String>, String> {
    if kind == IntegrationType::Mock {
        return Ok(None);
    }
    let method = method.map(|method| method.to_ascii_uppercase());
    method
        .map(Some)
        .ok_or_else(|| "Enumeration value for HttpMethod must be non-empty".to_owned())
}

fn check_uri(kind: IntegrationType, uri: Option<&str>) -> Result<(), String> {
    let uri = uri.unwrap_or_default();
    let is_url = ["http://", "https://"].iter().any(|scheme| {
        uri.strip_prefix(scheme)
            .is_some_and(|rest| !rest.is_empty())
    });
    let is_variable = uri.starts_with("${stageVariables.");
    let is_service = uri.starts_with("arn:aws") && uri.contains(":apigateway:");
    match kind {
        IntegrationType::Http | IntegrationType::HttpProxy
            if !(is_url || is_variable) || uri.contains(char::is_whitespace) =>
        {
            Err("Invalid HTTP endpoint specified for URI".to_owned())
        }
        IntegrationType::Aws | IntegrationType::AwsProxy if !is_service => {
            Err("Invalid ARN specified in the request".to_owned())
        }
        _ => Ok(()),
    }
}

fn check_connection(kind: Option<&str>, id: Option<&str>) -> Result<(), String> {
    match (kind, id) {
        (None | Some("INTERNET"), _) | (Some("VPC_LINK"), Some(_)) => Ok(()),
        (Some("VPC_LINK"), None) => {
            Err("Connection ID must be specified for connection type VPC_LINK".to_owned())
        }
        (Some(other), _) => Err(format!("Invalid connection type specified: {other}")),
    }
}

fn passthrough(behavior: Option<String>) -> Result<String, String> {
    let behavior = behavior.map_or_else(
        || PASSTHROUGH[0].to_owned(),
        |behavior| behavior.to_ascii_uppercase(),
    );
    if PASSTHROUGH.contains(&behavior.as_str()) {
        Ok(behavior)
    } else {
        Err("Invalid passthrough behavior specified".to_owned())
    }
}

fn timeout(value: Option<&Value>) -> Result<u32, String> {
    let Some(value) = value else {
        return Ok(29_000);
    };
    let millis = value
        .as_u64()
        .filter(|millis| TIMEOUT.contains(millis))
        .and_then(|millis| u32::try_from(millis).ok());
    millis.ok_or_else(|| "Timeout should be between 50 ms and 29000 ms".to_owned())
}
