//! Models of requests and answers.

use std::collections::BTreeMap;

use serde_json::Value;

use super::document::{self, object};
use super::operation::{OperationImport, Place};
use crate::apigateway::model::{MethodResponse, Strings};

impl OperationImport<'_> {
    /// Content type to model of the request.
    pub(super) fn request_models(&mut self, operation: &Value) -> Strings {
        let body = operation
            .get("requestBody")
            .and_then(|body| self.document.resolve(body));
        self.models(body.and_then(|body| body.get("content")))
    }

    /// The method's responses by status.
    pub(super) fn responses(
        &mut self,
        place: &Place<'_>,
        operation: &Value,
    ) -> BTreeMap<String, MethodResponse> {
        if operation.get("responses").is_none() {
            let (path, method) = (place.path, place.method.to_ascii_lowercase());
            self.findings.warning(format!(
                "Parse issue: attribute paths.'{path}'({method}).responses is missing"
            ));
        }
        let mut responses = BTreeMap::new();
        for (status, response) in object(operation.get("responses")) {
            let Some(response) = self.document.resolve(response) else {
                continue;
            };
            let imported = MethodResponse {
                status_code: status.clone(),
                response_parameters: object(response.get("headers"))
                    .map(declared_header)
                    .collect(),
                response_models: self.models(response.get("content")),
            };
            responses.insert(status.clone(), imported);
        }
        responses
    }

    fn models(&mut self, content: Option<&Value>) -> Strings {
        let mut models = Strings::new();
        for (content_type, media) in object(content) {
            let Some(name) = media.get("schema").and_then(document::model_name) else {
                continue;
            };
            if self.definition.models.contains_key(name) {
                models.insert(content_type.clone(), name.to_owned());
            } else {
                self.findings
                    .warning(format!("Reference to model '{name}' not found. Ignoring."));
            }
        }
        models
    }
}

fn declared_header((name, header): (&String, &Value)) -> (String, bool) {
    let required = header
        .get("required")
        .and_then(Value::as_bool)
        .unwrap_or(false);
    (format!("method.response.header.{name}"), required)
}
