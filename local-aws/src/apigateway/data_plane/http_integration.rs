//! `HTTP_PROXY` and `HTTP`: back ends behind a URL.

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HOST, USER_AGENT};
use http::{HeaderMap, Method, Request, Response};
use percent_encoding::utf8_percent_encode;

use super::answer::{Refusal, remapped, respond};
use super::invocation::Invocation;
use super::mapping::{self, Mapped, URL, set_header};
use super::{BackendError, Backends, responses, template};
use crate::apigateway::gateway_response::Kind;
use crate::apigateway::model::{Integration, IntegrationType};

/// Payload limit ("Quotas for configuring and running a REST API").
pub(super) const MAX_PAYLOAD: usize = 10 * 1024 * 1024;

/// Calls the back end and makes its answer the client's.
pub(super) async fn call(
    backends: &Backends,
    invocation: &Invocation,
    integration: &Integration,
) -> Result<Response<Bytes>, Refusal> {
    let request = request(invocation, integration)?;
    let response = backends.send(request).await.map_err(unreachable)?;
    if response.body().len() > MAX_PAYLOAD {
        return Err(Refusal::configuration());
    }
    if integration.r#type == IntegrationType::Http {
        return responses::select(invocation, integration, &response);
    }
    let (parts, body) = response.into_parts();
    let mut answer = respond(parts.status.as_u16(), body);
    *answer.headers_mut() = remapped(&parts.headers);
    Ok(answer)
}

fn unreachable(error: BackendError) -> Refusal {
    match error {
        BackendError::InvalidAddress => Refusal::configuration(),
        BackendError::Unreachable => Refusal::new(
            Kind::IntegrationFailure,
            "Network error communicating with endpoint",
        ),
    }
}

/// The request to the back end.
pub(super) fn request(
    invocation: &Invocation,
    integration: &Integration,
) -> Result<Request<Bytes>, Refusal> {
    let mapped = mapping::map_request(invocation, &integration.request_parameters);
    let url = url(invocation, integration, &mapped)?;
    let method = match integration.http_method.as_deref() {
        None | Some("ANY") => invocation.http_method.clone(),
        Some(method) => Method::try_from(method).map_err(|_| Refusal::configuration())?,
    };
    let body = if method == Method::GET || method == Method::HEAD {
        Bytes::new()
    } else {
        body(invocation, integration)?
    };
    let mut request = Request::builder()
        .method(method)
        .uri(url)
        .body(body)
        .map_err(|_| Refusal::configuration())?;
    *request.headers_mut() = headers(invocation, integration, &mapped);
    Ok(request)
}

fn url(
    invocation: &Invocation,
    integration: &Integration,
    mapped: &Mapped,
) -> Result<String, Refusal> {
    let mut url = invocation.with_stage_variables(integration.uri.as_deref().unwrap_or_default());
    for (name, value) in &mapped.path {
        url = url
            .replace(&format!("{{{name}}}"), value)
            .replace(&format!("{{{name}+}}"), value);
    }
    if url.contains(['{', '}']) {
        tracing::warn!(url, "a variable of the integration's URI has no value");
        return Err(Refusal::configuration());
    }
    let query = query(invocation, integration, mapped);
    if query.is_empty() {
        return Ok(url);
    }
    let separator = if url.contains('?') { '&' } else { '?' };
    Ok(format!("{url}{separator}{query}"))
}

/// A proxy passes the client's parameters, and mapped ones replace those of the same name; otherwise only mapped ones go.
fn query(invocation: &Invocation, integration: &Integration, mapped: &Mapped) -> String {
    let is_mapped = |name: &str| mapped.query.iter().any(|(mapped, _)| mapped == name);
    let passed = invocation
        .query
        .iter()
        .filter(|(name, _)| integration.r#type.is_proxy() && !is_mapped(name));
    let passed = passed.map(|(name, value)| (name, value));
    let mapped = mapped
        .query
        .iter()
        .flat_map(|(name, values)| values.iter().map(move |value| (name, value)));
    let encode = |text: &str| utf8_percent_encode(text, URL).to_string();
    passed
        .chain(mapped)
        .map(|(name, value)| format!("{}={}", encode(name), encode(value)))
        .collect::<Vec<_>>()
        .join("&")
}

fn headers(invocation: &Invocation, integration: &Integration, mapped: &Mapped) -> HeaderMap {
    let mut headers = if integration.r#type.is_proxy() {
        invocation.headers.clone()
    } else {
        HeaderMap::new()
    };
    // The back end's own host goes there; a mapping may set another.
    headers.remove(HOST);
    let api = invocation.context("apiId").unwrap_or_default();
    if !headers.contains_key(USER_AGENT) {
        set_header(
            &mut headers,
            USER_AGENT.as_str(),
            &format!("AmazonAPIGateway_{api}"),
        );
    }
    if !integration.r#type.is_proxy() {
        set_header(&mut headers, "accept", "application/json");
        let content_type = invocation
            .header(CONTENT_TYPE.as_str())
            .unwrap_or("application/json");
        set_header(&mut headers, CONTENT_TYPE.as_str(), content_type);
    }
    set_header(&mut headers, "x-amzn-apigateway-api-id", &api);
    for name in [
        "x-forwarded-for",
        "x-forwarded-port",
        "x-forwarded-proto",
        "x-amzn-trace-id",
    ] {
        if let Some(value) = invocation.header(name) {
            set_header(&mut headers, name, value);
        }
    }
    for (name, value) in &mapped.headers {
        set_header(&mut headers, name, value);
    }
    headers
}

/// A proxy passes the body. Otherwise a template makes it, and without one `passthroughBehavior` decides.
fn body(invocation: &Invocation, integration: &Integration) -> Result<Bytes, Refusal> {
    if integration.r#type.is_proxy() {
        return Ok(invocation.body.clone());
    }
    match request_template(invocation, integration)? {
        None => Ok(invocation.body.clone()),
        Some(text) => render(invocation, text).map(Bytes::from),
    }
}

/// The template for the request's content type; none when the body passes as it is.
pub(super) fn request_template<'a>(
    invocation: &Invocation,
    integration: &'a Integration,
) -> Result<Option<&'a str>, Refusal> {
    let content_type = invocation
        .header(CONTENT_TYPE.as_str())
        .unwrap_or("application/json");
    let media_type = content_type.split(';').next().unwrap_or_default().trim();
    let templates = &integration.request_templates;
    match (
        templates.get(media_type),
        integration.passthrough_behavior.as_str(),
    ) {
        (Some(text), _) => Ok(Some(text)),
        (None, "WHEN_NO_MATCH") => Ok(None),
        (None, "WHEN_NO_TEMPLATES") if templates.is_empty() => Ok(None),
        _ => Err(Refusal::new(
            Kind::UnsupportedMediaType,
            "Unsupported Media Type",
        )),
    }
}

/// A template that cannot be rendered is a fault of the API's configuration.
pub(super) fn render(invocation: &Invocation, text: &str) -> Result<String, Refusal> {
    template::render(invocation, text).map_err(|error| {
        tracing::warn!(
            error = &error as &dyn std::error::Error,
            "a template was not rendered"
        );
        Refusal::configuration()
    })
}
