//! `MOCK`: the request template's `statusCode` chooses an integration response.

use bytes::Bytes;
use http::Response;
use serde_json::Value;

use super::answer::{Refusal, respond};
use super::http_integration::{render, request_template};
use super::invocation::Invocation;
use super::responses;
use crate::apigateway::model::Integration;

/// Answers without a back end.
pub(super) fn answer(
    invocation: &Invocation,
    integration: &Integration,
) -> Result<Response<Bytes>, Refusal> {
    let text = match request_template(invocation, integration)? {
        Some(template) => render(invocation, template)?,
        None => String::from_utf8_lossy(&invocation.body).into_owned(),
    };
    let status = status_of(&text).ok_or_else(Refusal::configuration)?;
    responses::select(invocation, integration, &respond(status, Bytes::new()))
}

fn status_of(text: &str) -> Option<u16> {
    let request: Value = serde_json::from_str(text).ok()?;
    u16::try_from(request.get("statusCode")?.as_u64()?).ok()
}
