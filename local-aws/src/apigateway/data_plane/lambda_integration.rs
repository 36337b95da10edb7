//! `AWS_PROXY`: a Lambda function gets the request as an event ("Lambda proxy integrations", format 1.0).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, Method, Request, Response};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::answer::{Refusal, remapped, respond};
use super::invocation::Invocation;
use super::mapping::set_header;
use super::{Backends, binary};
use crate::apigateway::gateway_response::Kind;
use crate::lambda::FunctionId;
use crate::world::World;

/// The function that an integration's URI names, with the stage's variables filled in.
pub(super) fn function_of(uri: &str) -> Option<FunctionId> {
    let arn = uri
        .split_once("/functions/")?
        .1
        .strip_suffix("/invocations")?;
    Some(FunctionId::parse(arn))
}

/// The URL behind the function; refused when the function's policy does not let this method in, or nobody gave it a URL.
pub(super) fn target(
    world: &World,
    function: &FunctionId,
    source_arn: &str,
) -> Result<String, Refusal> {
    let (account, region) = (function.account.as_deref(), function.region.as_deref());
    let place = account
        .zip(region)
        .and_then(|(account, region)| world.accounts.get(account)?.get(region));
    let found = place.and_then(|place| place.lambda.functions.get(&function.name));
    let is_allowed = |function_: &&crate::lambda::Function| {
        function_.may_be_invoked(function.qualifier.as_deref(), source_arn)
    };
    let allowed = found.filter(is_allowed).ok_or_else(|| {
        tracing::warn!(
            function = function.name,
            source_arn,
            "invalid permissions on the Lambda function"
        );
        Refusal::configuration()
    })?;
    allowed.url.clone().ok_or_else(failed)
}

/// The function failed, or nobody runs it.
fn failed() -> Refusal {
    Refusal::new(Kind::IntegrationFailure, "Internal server error").status(502)
}

/// Posts the event and makes the function's answer the client's.
pub(super) async fn call(
    backends: &Backends,
    invocation: &Invocation,
    url: &str,
) -> Result<Response<Bytes>, Refusal> {
    let event = event(invocation).to_string();
    let request = Request::builder()
        .method(Method::POST)
        .uri(url)
        .header(CONTENT_TYPE, "application/json");
    let request = request.body(Bytes::from(event)).map_err(|_| failed())?;
    let response = backends.send(request).await.map_err(|_| failed())?;
    if !response.status().is_success() {
        return Err(failed());
    }
    answer(invocation, response.body()).ok_or_else(failed)
}

/// The proxy event.
pub(super) fn event(invocation: &Invocation) -> Value {
    let is_binary = binary::is_binary(
        &invocation.snapshot.settings,
        invocation.header(CONTENT_TYPE.as_str()),
    );
    let body = match (invocation.body.is_empty(), is_binary) {
        (true, _) => Value::Null,
        (false, true) => json!(STANDARD.encode(&invocation.body)),
        (false, false) => json!(String::from_utf8_lossy(&invocation.body)),
    };
    json!({
        "resource": invocation.resource_path,
        "path": invocation.path,
        "httpMethod": invocation.http_method.as_str(),
        "headers": or_null(headers(invocation, |values| json!(values.last()))),
        "multiValueHeaders": or_null(headers(invocation, |values| json!(values))),
        "queryStringParameters": or_null(query(invocation, |values| json!(values.last()))),
        "multiValueQueryStringParameters": or_null(query(invocation, |values| json!(values))),
        "pathParameters": or_null(map(&invocation.path_parameters)),
        "stageVariables": or_null(map(&invocation.stage_variables)),
        "requestContext": invocation.context,
        "body": body,
        "isBase64Encoded": is_binary && !invocation.body.is_empty(),
    })
}

fn map(values: &std::collections::BTreeMap<String, String>) -> Map<String, Value> {
    values
        .iter()
        .map(|(name, value)| (name.clone(), json!(value)))
        .collect()
}

fn or_null(values: Map<String, Value>) -> Value {
    if values.is_empty() {
        Value::Null
    } else {
        Value::Object(values)
    }
}

fn headers(invocation: &Invocation, shape: impl Fn(Vec<&str>) -> Value) -> Map<String, Value> {
    let names = invocation.headers.keys();
    names
        .map(|name| {
            (
                name.to_string(),
                shape(invocation.header_all(name.as_str())),
            )
        })
        .collect()
}

fn query(invocation: &Invocation, shape: impl Fn(Vec<&str>) -> Value) -> Map<String, Value> {
    let names = invocation.query.iter().map(|(name, _)| name);
    names
        .map(|name| (name.clone(), shape(invocation.query_all(name))))
        .collect()
}

/// What a function may answer; anything else is malformed.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct FunctionAnswer {
    status_code: Option<Value>,
    #[serde(default)]
    headers: Option<Map<String, Value>>,
    #[serde(default)]
    multi_value_headers: Option<Map<String, Value>>,
    #[serde(default)]
    body: Option<String>,
    #[serde(default)]
    is_base64_encoded: bool,
}

fn answer(invocation: &Invocation, payload: &[u8]) -> Option<Response<Bytes>> {
    let answer: FunctionAnswer = serde_json::from_slice(payload).ok()?;
    let status = match answer.status_code {
        None => 200,
        Some(Value::String(status)) => status.parse().ok()?,
        Some(status) => u16::try_from(status.as_u64()?)
            .ok()
            .filter(|status| (100..=999).contains(status))?,
    };
    let mut headers = HeaderMap::new();
    set_header(&mut headers, CONTENT_TYPE.as_str(), "application/json");
    for (name, value) in answer.headers.into_iter().flatten() {
        set_header(&mut headers, &name, &scalar(&value)?);
    }
    for (name, values) in answer.multi_value_headers.into_iter().flatten() {
        set_all(&mut headers, &name, values.as_array()?)?;
    }
    let text = answer.body.unwrap_or_default();
    let is_binary = binary::is_binary(&invocation.snapshot.settings, invocation.header("accept"));
    let body = if answer.is_base64_encoded && is_binary {
        Bytes::from(STANDARD.decode(&text).ok()?)
    } else {
        Bytes::from(text)
    };
    let mut response = respond(status, body);
    *response.headers_mut() = remapped(&headers);
    Some(response)
}

fn set_all(headers: &mut HeaderMap, name: &str, values: &[Value]) -> Option<()> {
    let name = http::HeaderName::try_from(name).ok()?;
    headers.remove(&name);
    for value in values {
        headers.append(&name, scalar(value)?.parse().ok()?);
    }
    Some(())
}

fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Bool(_) | Value::Number(_) => Some(value.to_string()),
        _ => None,
    }
}
