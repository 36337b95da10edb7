//! What a service is given and what it gives back.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::config::{Config, Delay};
use crate::protocol::text;
use crate::{AwsError, sigv4::Caller};

/// One control call: who calls, where, when, and with which parameters.
#[derive(Debug, Clone)]
pub struct Call {
    /// Name of the service in the credential scope, e.g. `secretsmanager`.
    pub service: &'static str,
    /// Operation as the API model spells it, e.g. `CreateSecret`.
    pub operation: String,
    /// Who signed it; also says account and Region.
    pub caller: Caller,
    /// When it happens. Services have no other clock.
    pub now: Timestamp,
    /// Id of this request, also in the reply's headers.
    pub request_id: String,
    /// The parameters.
    pub params: Params,
    /// The settings of this world.
    pub config: Arc<Config>,
    /// Whether a read shall lag behind, as a fault wants it: `DescribeSecret` then shows the staging labels as they were
    /// before they last changed. Other operations know nothing older than the present.
    pub stale: bool,
}

/// Parameters of a call.
///
/// * JSON 1.1: all in `body`.
/// * Query: all in `body` as nested objects; leaves are strings; lists are arrays, with the `member` (or location name)
///   level taken away: `SubnetIds.SubnetIdentifier.1=a` is `{"SubnetIds": ["a"]}`.
/// * REST-JSON: `path` by the names of the route template, decoded; `query` decoded, in order; `body` the JSON body
///   (`null` without one or when it is not JSON) and `raw` the body as sent.
#[derive(Debug, Clone, Default)]
pub struct Params {
    /// Path parameters, decoded.
    pub path: BTreeMap<String, String>,
    /// Query parameters, decoded, in order.
    pub query: Vec<(String, String)>,
    /// Structured parameters.
    pub body: Value,
    /// The body as it was sent.
    pub raw: Bytes,
}

impl Params {
    /// The first query parameter of that name.
    #[must_use]
    pub fn query(&self, name: &str) -> Option<&str> {
        self.query
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }

    /// The path parameter of that name; empty when the route has none of that name.
    #[must_use]
    pub fn path(&self, name: &str) -> &str {
        self.path.get(name).map_or("", String::as_str)
    }
}

impl Call {
    /// Account of the caller.
    #[must_use]
    pub fn account(&self) -> &str {
        &self.caller.account
    }

    /// Region of the call.
    #[must_use]
    pub fn region(&self) -> &str {
        &self.caller.region
    }

    /// The structured parameters as `T`. Numbers and booleans may be strings (as Query sends them); unknown fields are the
    /// type's business (`deny_unknown_fields` names a parameter that is not implemented).
    pub fn input<T: DeserializeOwned>(&self) -> Result<T, AwsError> {
        let body = if self.params.body.is_null() {
            Value::Object(serde_json::Map::new())
        } else {
            self.params.body.clone()
        };
        T::deserialize(text::Text(body))
            .map_err(|e| AwsError::bad_request("SerializationException", e.to_string()))
    }

    /// The moment at which something that starts now and takes `delay` is done.
    #[must_use]
    pub fn after(&self, delay: Delay) -> Timestamp {
        self.now
            .saturating_add(self.config.delays.of(delay))
            .unwrap_or(Timestamp::MAX)
    }

    /// An ARN in the caller's account and Region.
    #[must_use]
    pub fn arn(&self, service: &str, resource: &str) -> String {
        format!(
            "arn:aws:{service}:{}:{}:{resource}",
            self.region(),
            self.account()
        )
    }
}

/// An answer without an error.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// HTTP status.
    pub status: u16,
    /// Additional headers; a `content-type` here replaces the protocol's.
    pub headers: Vec<(String, String)>,
    /// The result.
    pub body: Body,
}

/// The body of a [`Reply`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Body {
    /// Written by the protocol. For Query, an array is a repeated element of its key's name, so a list is
    /// `{"Users": {"member": [..]}}`, and `null` is left out.
    Structured(Value),
    /// Sent as it is (an export).
    Raw(Bytes),
}

impl Reply {
    /// 200 with a structured body.
    #[must_use]
    pub fn ok(body: Value) -> Self {
        Self::with_status(200, body)
    }

    /// A structured body with another status.
    #[must_use]
    pub fn with_status(status: u16, body: Value) -> Self {
        Self {
            status,
            headers: Vec::new(),
            body: Body::Structured(body),
        }
    }

    /// A body that is sent as it is.
    #[must_use]
    pub fn raw(content_type: &str, body: Bytes) -> Self {
        Self {
            status: 200,
            headers: vec![("content-type".to_owned(), content_type.to_owned())],
            body: Body::Raw(body),
        }
    }
}
