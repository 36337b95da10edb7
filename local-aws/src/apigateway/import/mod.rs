//! OpenAPI 3.0 to what API Gateway makes of it ("Working with API Gateway extensions to OpenAPI").
//!
//! An import either gives everything, with warnings about what it left out, or refuses with every error it found. It never
//! touches an existing API: replacing or merging is the caller's.

mod bodies;
mod document;
mod errors;
mod integration;
mod mapping_expression;
mod operation;
mod resources;
mod security;
mod settings;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use serde_json::Value;

use self::document::Document;
use self::errors::Findings;
use self::operation::OperationImport;
use self::security::Schemes;
use crate::apigateway::gateway_response::Kind;
use crate::apigateway::model::{Definition, GatewayResponse, Model, RequestValidator, Settings};
use crate::{AwsError, Ids};

pub use self::errors::warnings_refusal;
pub use self::mapping_expression::refusal_of as mapping_refusal;
pub use self::resources::{MAX_RESOURCES, ResourceTree, too_many_resources};
pub use self::settings::merge as merge_settings;

/// The limit of the request body of `PutRestApi`.
pub const MAX_BODY: usize = 6 * 1024 * 1024;

/// A document, imported.
#[derive(Clone, Debug)]
pub struct Imported {
    /// `info.title`.
    pub name: String,
    /// `info.version`.
    pub version: Option<String>,
    /// `info.description`.
    pub description: Option<String>,
    /// API-level properties; what the document does not say is the default.
    pub settings: Settings,
    /// Which of the settings the document speaks of, for a merge.
    pub said: Vec<&'static str>,
    /// Resources, models, validators, authorizers, gateway responses.
    pub definition: Definition,
    /// What was left out.
    pub warnings: Vec<String>,
}

/// Where the import happens.
pub struct Target<'a> {
    /// The API, for references between models.
    pub api_id: &'a str,
    /// The API's root resource, which keeps its id.
    pub root_id: &'a str,
    /// Whether the limit on resources holds.
    pub quotas: bool,
    /// Where new ids come from.
    pub ids: &'a mut Ids,
}

/// Imports `body`. Refuses with `BadRequestException` (malformed, or the list of all errors) or `LimitExceededException`.
pub fn import(body: &[u8], target: Target<'_>) -> Result<Imported, AwsError> {
    if body.len() > MAX_BODY {
        return Err(AwsError::new(
            413,
            "RequestEntityTooLargeException",
            "Request body exceeds 6291456 bytes",
        ));
    }
    let document = Document::parse(body)?;
    let mut findings = Findings::default();
    let settings = settings::read(&document, &mut findings);
    let definition = Import {
        document: &document,
        target,
        findings: &mut findings,
    }
    .definition()?;
    let warnings = findings.into_warnings()?;
    Ok(Imported {
        name: document.title()?,
        version: document.info("version"),
        description: document.info("description"),
        said: settings::said(&document),
        settings,
        definition,
        warnings,
    })
}

struct Import<'a, 'b> {
    document: &'a Document,
    target: Target<'a>,
    findings: &'b mut Findings,
}

impl Import<'_, '_> {
    fn definition(mut self) -> Result<Definition, AwsError> {
        let mut definition = Definition::empty(self.target.root_id.to_owned());
        definition.models = self.models();
        definition.validators = self.validators();
        definition.gateway_responses = self.gateway_responses();
        let schemes = Schemes::read(self.document, self.target.ids, self.findings);
        definition.authorizers = schemes.authorizers();
        definition.resources = self.resources(&definition, &schemes)?;
        Ok(definition)
    }

    fn resources(
        &mut self,
        so_far: &Definition,
        schemes: &Schemes,
    ) -> Result<BTreeMap<String, crate::apigateway::model::Resource>, AwsError> {
        let mut tree = ResourceTree::rooted(self.target.root_id);
        for (path, item) in self.document.paths() {
            let id = match tree.ensure(path, self.target.ids) {
                Ok(id) => id,
                Err(text) => {
                    self.findings.error(format!(
                        "Unable to create resource at path '{path}': {text}"
                    ));
                    continue;
                }
            };
            let mut operations = OperationImport {
                document: self.document,
                definition: so_far,
                schemes,
                findings: self.findings,
            };
            let methods = operations.methods_of(path, item, &id);
            tree.put_methods(&id, methods);
        }
        tree.into_resources(self.target.quotas)
    }

    fn models(&mut self) -> BTreeMap<String, Model> {
        let mut models = BTreeMap::new();
        for (name, schema) in self.document.entries("/components/schemas") {
            if !name.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
                self.findings.warning(format!(
                    "Unable to create model '{name}': Model name must be alphanumeric: {name}"
                ));
                continue;
            }
            let schema = document::with_model_references(schema, self.target.api_id).to_string();
            let model = Model {
                id: self.target.ids.alphanumeric(6),
                name: name.clone(),
                description: None,
                schema,
                content_type: "application/json".to_owned(),
            };
            models.insert(name.clone(), model);
        }
        models
    }

    fn validators(&mut self) -> BTreeMap<String, RequestValidator> {
        let flag = |settings: &Value, name: &str| {
            settings.get(name).and_then(Value::as_bool).unwrap_or(false)
        };
        self.document
            .entries("/x-amazon-apigateway-request-validators")
            .map(|(name, settings)| {
                let id = self.target.ids.alphanumeric(6);
                let validator = RequestValidator {
                    id: id.clone(),
                    name: name.clone(),
                    validate_request_body: flag(settings, "validateRequestBody"),
                    validate_request_parameters: flag(settings, "validateRequestParameters"),
                };
                (id, validator)
            })
            .collect()
    }

    fn gateway_responses(&mut self) -> BTreeMap<String, GatewayResponse> {
        let mut responses = BTreeMap::new();
        for (kind, settings) in self
            .document
            .entries("/x-amazon-apigateway-gateway-responses")
        {
            if Kind::named(kind).is_none() {
                self.findings
                    .error(format!("Invalid gateway response type specified: {kind}"));
                continue;
            }
            let response = GatewayResponse {
                status_code: settings.get("statusCode").map(document::text),
                response_parameters: document::strings(settings.get("responseParameters")),
                response_templates: document::strings(settings.get("responseTemplates")),
            };
            responses.insert(kind.clone(), response);
        }
        responses
    }
}
