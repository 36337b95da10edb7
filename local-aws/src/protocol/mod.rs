//! Wire protocols: from an HTTP request to an operation with parameters, and from a result to an HTTP response.

mod json;
mod query;
mod rest;
pub(crate) mod text;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use http::{Request, Response, StatusCode};

use crate::AwsError;
use crate::call::{Params, Reply};

pub(crate) use rest::Route;

/// How a service speaks.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Protocol {
    /// Method and path name the operation; JSON bodies.
    RestJson(&'static [Route]),
    /// `X-Amz-Target` names the operation; JSON bodies.
    Json11,
    /// The form field `Action` names the operation; XML replies.
    Query {
        /// XML namespace of the replies.
        namespace: &'static str,
    },
}

impl Protocol {
    /// Operation and parameters of a request.
    pub(crate) fn parse(
        self,
        service: &str,
        request: &Request<Bytes>,
    ) -> Result<(String, Params), AwsError> {
        match self {
            Self::RestJson(routes) => rest::parse(service, routes, request),
            Self::Json11 => json::parse(request),
            Self::Query { .. } => query::parse(request),
        }
    }

    /// The response to a call.
    pub(crate) fn respond(
        self,
        operation: &str,
        request_id: &str,
        result: Result<Reply, AwsError>,
    ) -> Response<Bytes> {
        match result {
            Ok(reply) => self.success(operation, request_id, reply),
            Err(error) => self.failure(request_id, &error),
        }
    }

    fn success(self, operation: &str, request_id: &str, reply: Reply) -> Response<Bytes> {
        let body = match reply.body {
            crate::call::Body::Raw(bytes) => bytes,
            crate::call::Body::Structured(value) => match self {
                Self::Query { namespace } => {
                    query::reply(namespace, operation, request_id, &value).into()
                }
                Self::RestJson(_) | Self::Json11 => json::body(&value),
            },
        };
        let mut response = self.response(reply.status, request_id, body);
        for (name, value) in reply.headers {
            set(&mut response, &name, &value);
        }
        response
    }

    fn failure(self, request_id: &str, error: &AwsError) -> Response<Bytes> {
        let body = match self {
            Self::Query { namespace } => query::error(namespace, request_id, error).into(),
            Self::RestJson(_) => json::body(&serde_json::json!({ "message": error.message })),
            Self::Json11 => {
                json::body(&serde_json::json!({ "__type": error.code, "Message": error.message }))
            }
        };
        let mut response = self.response(error.status, request_id, body);
        if !matches!(self, Self::Query { .. }) {
            set(&mut response, "x-amzn-errortype", &error.code);
        }
        if let Some(seconds) = error.retry_after {
            set(&mut response, "retry-after", &seconds.to_string());
        }
        response
    }

    fn response(self, status: u16, request_id: &str, body: Bytes) -> Response<Bytes> {
        let mut response = Response::new(body);
        *response.status_mut() =
            StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        set(&mut response, CONTENT_TYPE.as_str(), self.content_type());
        set(&mut response, "x-amzn-requestid", request_id);
        response
    }

    fn content_type(self) -> &'static str {
        match self {
            Self::RestJson(_) => "application/json",
            Self::Json11 => "application/x-amz-json-1.1",
            Self::Query { .. } => "text/xml",
        }
    }
}

fn set(response: &mut Response<Bytes>, name: &str, value: &str) {
    if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
        response.headers_mut().insert(name, value);
    }
}
