//! Answers of integrations that are no proxies: integration responses choose and change them.

use bytes::Bytes;
use http::Response;
use http::header::CONTENT_TYPE;
use regex::Regex;

use super::answer::{Refusal, respond};
use super::http_integration::render;
use super::invocation::Invocation;
use super::mapping::{self, set_header};
use crate::apigateway::model::{Integration, IntegrationResponse};

/// The integration response whose pattern fits the back end's status, else the default; with its headers and body.
pub(super) fn select(
    invocation: &Invocation,
    integration: &Integration,
    from: &Response<Bytes>,
) -> Result<Response<Bytes>, Refusal> {
    let chosen = choose(integration, from.status().as_str()).ok_or_else(Refusal::configuration)?;
    let status = chosen
        .status_code
        .parse()
        .map_err(|_| Refusal::configuration())?;
    let template = chosen
        .response_templates
        .iter()
        .next()
        .filter(|(_, text)| !text.is_empty());
    let (content_type, body) = match template {
        Some((content_type, text)) => (
            content_type.as_str(),
            Bytes::from(render(&answered(invocation, from), text)?),
        ),
        None => ("application/json", from.body().clone()),
    };
    let mut answer = respond(status, body);
    set_header(answer.headers_mut(), CONTENT_TYPE.as_str(), content_type);
    for (name, source) in &chosen.response_parameters {
        let value = match source.strip_prefix("integration.response.header.") {
            Some(header) => from
                .headers()
                .get(header)
                .and_then(|value| value.to_str().ok())
                .map(str::to_owned),
            None => mapping::common(invocation, source),
        };
        if let (Some(name), Some(value)) = (name.strip_prefix("method.response.header."), value) {
            set_header(answer.headers_mut(), name, &value);
        }
    }
    Ok(answer)
}

fn choose<'a>(integration: &'a Integration, status: &str) -> Option<&'a IntegrationResponse> {
    let responses = || integration.integration_responses.values();
    let fits = |pattern: &str| {
        Regex::new(&format!("^(?:{pattern})$")).is_ok_and(|pattern| pattern.is_match(status))
    };
    let pattern = |response: &IntegrationResponse| {
        response
            .selection_pattern
            .clone()
            .filter(|pattern| !pattern.is_empty())
    };
    let by_pattern =
        responses().find(|response| pattern(response).is_some_and(|pattern| fits(&pattern)));
    by_pattern.or_else(|| responses().find(|response| pattern(response).is_none()))
}

/// In a response template `$input` is the back end's body.
fn answered(invocation: &Invocation, from: &Response<Bytes>) -> Invocation {
    Invocation {
        body: from.body().clone(),
        ..invocation.clone()
    }
}
