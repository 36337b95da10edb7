//! One request on its way through the gateway.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, Method};
use serde_json::Value;

use crate::apigateway::model::{self, Integration, Snapshot, Strings};

/// A request that was routed, with everything that mappings and templates may refer to.
#[derive(Clone, Debug)]
pub(super) struct Invocation {
    /// The frozen API.
    pub(super) snapshot: Arc<Snapshot>,
    /// The method that answers.
    pub(super) method: model::Method,
    /// Path of the method's resource.
    pub(super) resource_path: String,
    /// The client's method.
    pub(super) http_method: Method,
    /// Path below the stage, as it was sent.
    pub(super) path: String,
    /// Percent-encoded, as they were sent.
    pub(super) path_parameters: BTreeMap<String, String>,
    /// Decoded, in order.
    pub(super) query: Vec<(String, String)>,
    /// Without what ends at the gateway.
    pub(super) headers: HeaderMap,
    /// The body.
    pub(super) body: Bytes,
    /// `$context`.
    pub(super) context: Value,
    /// The stage's variables.
    pub(super) stage_variables: Strings,
}

/// Headers that never pass the gateway ("Amazon API Gateway important notes", and recorded).
const DROPPED: [&str; 12] = [
    "connection",
    "content-length",
    "content-md5",
    "expect",
    "max-forwards",
    "proxy-authenticate",
    "server",
    "te",
    "transfer-encoding",
    "trailer",
    "upgrade",
    "www-authenticate",
];

impl Invocation {
    /// Whether the API has a method for the request.
    pub(super) fn is_routed(&self) -> bool {
        !self.resource_path.is_empty()
    }

    /// The method's integration; a frozen API has one for every method.
    pub(super) fn integration(&self) -> Option<&Integration> {
        self.method.method_integration.as_ref()
    }

    /// The last value of a query parameter (recorded).
    pub(super) fn query(&self, name: &str) -> Option<&str> {
        self.query
            .iter()
            .rev()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }

    /// All values of a query parameter.
    pub(super) fn query_all(&self, name: &str) -> Vec<&str> {
        self.query
            .iter()
            .filter(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
            .collect()
    }

    /// The last value of a header.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .get_all(name)
            .iter()
            .next_back()
            .and_then(|value| value.to_str().ok())
    }

    /// All values of a header.
    pub(super) fn header_all(&self, name: &str) -> Vec<&str> {
        self.headers
            .get_all(name)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .collect()
    }

    /// The value of `$context.PATH` as text.
    pub(super) fn context(&self, path: &str) -> Option<String> {
        let value = path
            .split('.')
            .try_fold(&self.context, |value, name| value.get(name))?;
        match value {
            Value::Null => None,
            Value::String(text) => Some(text.clone()),
            other => Some(other.to_string()),
        }
    }

    /// Text with `${stageVariables.NAME}` filled in; a variable that does not exist is empty.
    pub(super) fn with_stage_variables(&self, text: &str) -> String {
        let mut parts = text.split("${stageVariables.");
        let mut filled = parts.next().unwrap_or_default().to_owned();
        for part in parts {
            let (name, rest) = part.split_once('}').unwrap_or((part, ""));
            filled.push_str(self.stage_variables.get(name).map_or("", String::as_str));
            filled.push_str(rest);
        }
        filled
    }
}

/// The headers that reach mappings and back ends.
pub(super) fn passing(mut headers: HeaderMap) -> HeaderMap {
    for name in DROPPED {
        headers.remove(name);
    }
    headers
}
