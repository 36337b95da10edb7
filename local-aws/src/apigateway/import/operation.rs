//! Operations to methods.

use std::collections::BTreeMap;

use serde_json::Value;

use super::document::{Document, object, text};
use super::errors::Findings;
use super::integration::{self, IntegrationImport};
use super::mapping_expression;
use super::security::{Schemes, Security};
use crate::apigateway::model::{Definition, Method};

const ANY_METHOD: &str = "x-amazon-apigateway-any-method";
const VALIDATOR: &str = "x-amazon-apigateway-request-validator";
const AUTH: &str = "x-amazon-apigateway-auth";

/// Makes the methods of one path after the other.
pub(super) struct OperationImport<'a> {
    pub(super) document: &'a Document,
    /// Models and validators, already imported.
    pub(super) definition: &'a Definition,
    pub(super) schemes: &'a Schemes,
    pub(super) findings: &'a mut Findings,
}

/// Where an operation stands.
pub(super) struct Place<'a> {
    pub(super) path: &'a str,
    item: &'a Value,
    pub(super) method: &'a str,
    resource_id: &'a str,
}

impl OperationImport<'_> {
    /// The methods of a path item. What cannot be is noted and left out.
    pub(super) fn methods_of(
        &mut self,
        path: &str,
        item: &Value,
        resource_id: &str,
    ) -> BTreeMap<String, Method> {
        let mut methods = BTreeMap::new();
        for (key, operation) in object(Some(item)) {
            let Some(method) = method_name(key) else {
                continue;
            };
            if integration::is_malformed(operation) {
                self.findings.malformed(format!(
                    "Unable to parse API definition because of a malformed integration at path {path}."
                ));
                continue;
            }
            let place = Place {
                path,
                item,
                method: &method,
                resource_id,
            };
            match self.method(&place, operation) {
                Ok(imported) => _ = methods.insert(method, imported),
                Err(text) => self.findings.error(text),
            }
        }
        methods
    }

    fn method(&mut self, place: &Place<'_>, operation: &Value) -> Result<Method, String> {
        let (name, path) = (place.method, place.path);
        let refuse = |text: String| {
            format!("Unable to put method '{name}' on resource at path '{path}': {text}")
        };
        let security = self.security(operation).map_err(refuse)?;
        let mut method = Method {
            http_method: name.to_owned(),
            authorization_type: security
                .authorization_type
                .unwrap_or_else(|| "NONE".to_owned()),
            authorizer_id: security.authorizer_id,
            api_key_required: security.api_key_required,
            request_validator_id: self.validator(operation).map_err(refuse)?,
            operation_name: operation.get("operationId").map(text),
            request_parameters: self.parameters(place, operation).map_err(refuse)?,
            request_models: self.request_models(operation),
            method_responses: self.responses(place, operation),
            method_integration: None,
            authorization_scopes: security.scopes,
        };
        method.method_integration = IntegrationImport {
            path,
            resource_id: place.resource_id,
            method: &method,
        }
        .read(operation)?;
        Ok(method)
    }

    /// The operation's own requirements, else the document's; `x-amazon-apigateway-auth` has the last word on the type.
    fn security(&self, operation: &Value) -> Result<Security, String> {
        let requirements = operation
            .get("security")
            .or_else(|| self.document.member("security"));
        let mut security = requirements.map_or_else(
            || Ok(Security::default()),
            |value| self.schemes.resolve(value),
        )?;
        if let Some(auth) = operation
            .get(AUTH)
            .and_then(|auth| auth.get("type"))
            .map(text)
        {
            if !["NONE", "AWS_IAM"].contains(&auth.as_str()) {
                return Err(format!("Invalid authorization type specified: {auth}"));
            }
            security.authorization_type = Some(auth);
        }
        Ok(security)
    }

    fn validator(&self, operation: &Value) -> Result<Option<String>, String> {
        let Some(name) = operation
            .get(VALIDATOR)
            .or_else(|| self.document.member(VALIDATOR))
            .map(text)
        else {
            return Ok(None);
        };
        let found = self
            .definition
            .validators
            .values()
            .find(|validator| validator.name == name);
        found
            .map(|validator| Some(validator.id.clone()))
            .ok_or_else(|| "Invalid Request Validator identifier specified".to_owned())
    }

    fn parameters(
        &mut self,
        place: &Place<'_>,
        operation: &Value,
    ) -> Result<BTreeMap<String, bool>, String> {
        let mut parameters = BTreeMap::new();
        let both = [place.item.get("parameters"), operation.get("parameters")];
        for parameter in both
            .into_iter()
            .flatten()
            .filter_map(Value::as_array)
            .flatten()
        {
            let Some(parameter) = self.document.resolve(parameter) else {
                continue;
            };
            let member = |name: &str| parameter.get(name).map(text).unwrap_or_default();
            let (name, required) = (
                member("name"),
                parameter
                    .get("required")
                    .and_then(Value::as_bool)
                    .unwrap_or(false),
            );
            let Some(location) = location(&member("in")) else {
                let text = format!(
                    "Ignoring unsupported parameter '{name}' in '{}' of method '{} {}'",
                    member("in"),
                    place.method,
                    place.path
                );
                self.findings.warning(text);
                continue;
            };
            if let Some(refusal) = mapping_expression::name_refusal(&name) {
                return Err(refusal);
            }
            parameters.insert(
                format!("method.request.{location}.{name}"),
                required || location == "path",
            );
        }
        self.warn_of_undeclared(place, &parameters);
        Ok(parameters)
    }

    fn warn_of_undeclared(&mut self, place: &Place<'_>, parameters: &BTreeMap<String, bool>) {
        let variables = place
            .path
            .split('/')
            .filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
        for name in variables.map(|name| name.strip_suffix('+').unwrap_or(name)) {
            if !parameters.contains_key(&format!("method.request.path.{name}")) {
                let text = format!(
                    "Parse issue: paths.'{}'. Declared path parameter {name} needs to be defined as a path parameter in path or operation level",
                    place.path
                );
                self.findings.warning(text);
            }
        }
    }
}

fn method_name(key: &str) -> Option<String> {
    const METHODS: [&str; 7] = ["delete", "get", "head", "options", "patch", "post", "put"];
    if key == ANY_METHOD {
        return Some("ANY".to_owned());
    }
    METHODS.contains(&key).then(|| key.to_ascii_uppercase())
}

fn location(place: &str) -> Option<&'static str> {
    match place {
        "path" => Some("path"),
        "query" => Some("querystring"),
        "header" => Some("header"),
        _ => None,
    }
}
