//! The document as a tree of JSON values.

use serde_json::{Map, Value};

use crate::AwsError;
use crate::apigateway::model::Strings;

/// An OpenAPI 3.0 document.
#[derive(Debug)]
pub(super) struct Document {
    root: Value,
}

/// The words of the service for a body that is no OpenAPI document (recorded).
const INVALID: &str = "Invalid OpenAPI input.";

impl Document {
    /// Reads the body; what is not an OpenAPI 3 document in JSON is refused.
    pub(super) fn parse(body: &[u8]) -> Result<Self, AwsError> {
        let root: Value = serde_json::from_slice(body).map_err(|_| refusal())?;
        let is_openapi = root
            .get("openapi")
            .and_then(Value::as_str)
            .is_some_and(|version| version.starts_with("3."));
        if is_openapi {
            Ok(Self { root })
        } else {
            Err(refusal())
        }
    }

    /// `info.title`, which an API cannot be without.
    pub(super) fn title(&self) -> Result<String, AwsError> {
        self.info("title")
            .filter(|title| !title.is_empty())
            .ok_or_else(refusal)
    }

    /// A member of `info` as text.
    pub(super) fn info(&self, name: &str) -> Option<String> {
        self.root.get("info")?.get(name).map(text)
    }

    /// A member of the root.
    pub(super) fn member(&self, name: &str) -> Option<&Value> {
        self.root.get(name)
    }

    /// The paths with their items, in the order of their names, so that parents come first.
    pub(super) fn paths(&self) -> impl Iterator<Item = (&String, &Value)> {
        self.entries("/paths")
            .filter(|(path, _)| path.starts_with('/'))
    }

    /// The members of the object at a JSON pointer; none when there is no object.
    pub(super) fn entries(&self, pointer: &str) -> impl Iterator<Item = (&String, &Value)> {
        self.root
            .pointer(pointer)
            .and_then(Value::as_object)
            .into_iter()
            .flatten()
    }

    /// The value that a `$ref` inside the document stands for, or the value itself.
    pub(super) fn resolve<'a>(&'a self, value: &'a Value) -> Option<&'a Value> {
        match value.get("$ref").and_then(Value::as_str) {
            None => Some(value),
            Some(reference) => self.root.pointer(reference.strip_prefix('#')?),
        }
    }
}

fn refusal() -> AwsError {
    AwsError::bad_request("BadRequestException", INVALID)
}

/// A scalar as text: documents write `statusCode: 200` as well as `"200"`.
pub(super) fn text(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}

/// An object of scalars as strings.
pub(super) fn strings(value: Option<&Value>) -> Strings {
    object(value)
        .map(|(name, value)| (name.clone(), text(value)))
        .collect()
}

/// A list of scalars as strings.
pub(super) fn list(value: Option<&Value>) -> Vec<String> {
    value
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .map(text)
        .collect()
}

/// The members of an object that may be missing.
pub(super) fn object(value: Option<&Value>) -> impl Iterator<Item = (&String, &Value)> {
    value.and_then(Value::as_object).into_iter().flatten()
}

/// The name of the model that a schema refers to.
pub(super) fn model_name(schema: &Value) -> Option<&str> {
    schema
        .get("$ref")?
        .as_str()?
        .strip_prefix("#/components/schemas/")
}

/// A schema whose references name models of the API instead of places in the document (recorded).
pub(super) fn with_model_references(schema: &Value, api_id: &str) -> Value {
    match schema {
        Value::Object(members) => {
            let members: Map<String, Value> = members
                .iter()
                .map(|(name, value)| (name.clone(), with_model_references(value, api_id)))
                .collect();
            match model_name(schema) {
                Some(name) => {
                    serde_json::json!({ "$ref": format!("https://apigateway.amazonaws.com/restapis/{api_id}/models/{name}") })
                }
                None => Value::Object(members),
            }
        }
        Value::Array(items) => items
            .iter()
            .map(|item| with_model_references(item, api_id))
            .collect(),
        scalar => scalar.clone(),
    }
}
