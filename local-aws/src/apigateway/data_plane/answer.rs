//! What goes back to the client.

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderValue, Response, StatusCode};
use serde_json::{Value, json};

use super::invocation::Invocation;
use super::{mapping, template};
use crate::apigateway::gateway_response::Kind;

/// The gateway's refusal of a request, or its failure to get an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) kind: Kind,
    pub(super) message: String,
    /// When it differs from that of the kind.
    pub(super) status: Option<u16>,
    /// When it differs from that of the kind.
    pub(super) error_type: Option<&'static str>,
}

impl Refusal {
    pub(super) fn new(kind: Kind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
            status: None,
            error_type: None,
        }
    }

    /// The API cannot work as it is configured.
    pub(super) fn configuration() -> Self {
        Self::new(Kind::ApiConfigurationError, "Internal server error")
    }

    /// With another status than the kind's.
    pub(super) fn status(self, status: u16) -> Self {
        Self {
            status: Some(status),
            ..self
        }
    }

    /// With another `x-amzn-ErrorType` than the kind's.
    pub(super) fn error_type(self, error_type: &'static str) -> Self {
        Self {
            error_type: Some(error_type),
            ..self
        }
    }

    /// The answer before there is an API whose gateway responses could apply.
    pub(super) fn plain(&self) -> Response<Bytes> {
        let body = json!({ "message": self.message }).to_string();
        let status = self.status.or(self.kind.status()).unwrap_or(500);
        self.response(status, "application/json", body)
    }

    /// The answer as the API customises it.
    pub(super) fn customised(&self, invocation: &Invocation) -> Response<Bytes> {
        let found = self
            .kind
            .customised(&invocation.snapshot.definition.gateway_responses);
        let with_error = self.in_context(invocation);
        let (content_type, text) = found
            .response_templates
            .iter()
            .next()
            .map_or(("application/json", ""), |(kind, text)| (kind, text));
        let body = template::render(&with_error, text)
            .unwrap_or_else(|_| json!({ "message": self.message }).to_string());
        let own = invocation
            .snapshot
            .definition
            .gateway_responses
            .contains_key(self.kind.name());
        let status = if own { None } else { self.status };
        let status = status
            .or_else(|| found.status_code?.parse().ok())
            .or(self.kind.status())
            .unwrap_or(500);
        let mut response = self.response(status, content_type, body);
        for (name, source) in &found.response_parameters {
            let value = mapping::single(&with_error, source);
            if let (Some(name), Some(value)) = (name.strip_prefix("gatewayresponse.header."), value)
            {
                mapping::set_header(response.headers_mut(), name, &value);
            }
        }
        response
    }

    fn in_context(&self, invocation: &Invocation) -> Invocation {
        let mut with_error = invocation.clone();
        with_error.context["error"] = json!({
            "message": self.message,
            "messageString": Value::from(self.message.as_str()).to_string(),
            "responseType": self.kind.name(),
        });
        with_error
    }

    fn response(&self, status: u16, content_type: &str, body: String) -> Response<Bytes> {
        let mut response = respond(status, body.into());
        mapping::set_header(response.headers_mut(), CONTENT_TYPE.as_str(), content_type);
        let error_type = self.error_type.unwrap_or(self.kind.error_type());
        response
            .headers_mut()
            .insert("x-amzn-errortype", HeaderValue::from_static(error_type));
        response
    }
}

/// A response with no headers yet.
pub(super) fn respond(status: u16, body: Bytes) -> Response<Bytes> {
    let mut response = Response::new(body);
    *response.status_mut() =
        StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    response
}

/// Headers of a back end that the gateway gives back under another name ("important notes", and recorded).
const REMAPPED: [&str; 17] = [
    "connection",
    "content-length",
    "content-md5",
    "date",
    "expect",
    "host",
    "max-forwards",
    "proxy-authenticate",
    "server",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "user-agent",
    "warn",
    "www-authenticate",
    "x-amzn-requestid",
];

/// Renames what a back end may not set.
pub(super) fn remapped(headers: &HeaderMap) -> HeaderMap {
    let mut passed = HeaderMap::new();
    for (name, value) in headers {
        if REMAPPED.contains(&name.as_str()) {
            let renamed = format!("x-amzn-remapped-{name}");
            passed.extend(
                http::HeaderName::try_from(renamed)
                    .ok()
                    .map(|name| (Some(name), value.clone())),
            );
        } else {
            passed.append(name.clone(), value.clone());
        }
    }
    passed
}
