//! The OpenAPI 3 document that API Gateway imports, and the cache policy that it passes to back ends.
//!
//! One document describes the whole API: `PutRestApi` with it is one call whatever the number of routes. Everything that overwriting
//! resets is stated. Extensions: <https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-swagger-extensions.html>
//!
//! User text reaches mapping expressions only as names and quoted literals whose alphabets exclude quotes, `$` and control
//! characters (see [`validate`](super::validate())), so that no text can become an expression.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use crate::api::{
    Auth, CachePolicy, CachedApiSpec, ContextVariable, HttpBackend, LambdaBackend, Method,
    Parameter, ParameterSource, Route, Scope,
};

use super::Identity;

/// Header that names the route to the back end.
pub const HEADER_ROUTE: &str = "X-CachedApi-Route";
/// Header with the time to live in seconds; 0 means: do not cache.
pub const HEADER_TTL: &str = "X-CachedApi-Ttl";
/// Header with `shared` or `caller`.
pub const HEADER_SCOPE: &str = "X-CachedApi-Scope";
/// Header with the verified caller, [`NONE`] on a public route.
pub const HEADER_CALLER: &str = "X-CachedApi-Caller";
/// Header with the query parameters that are part of the key, separated by commas, or [`NONE`].
pub const HEADER_KEY_QUERY: &str = "X-CachedApi-Key-Query";
/// Header with the request headers that are part of the key, separated by commas, or [`NONE`].
pub const HEADER_KEY_HEADERS: &str = "X-CachedApi-Key-Headers";
/// Stands for an empty value. Every header is set on every route, so that a caller's own header of that name never gets through.
pub const NONE: &str = "-";

/// The document of a valid spec, with an empty `info.version`.
pub(super) fn render(identity: &Identity, spec: &CachedApiSpec) -> Value {
    let mut paths: Map<String, Value> = Map::new();
    for route in &spec.routes {
        let path = paths.entry(route.path.clone()).or_insert_with(|| json!({}));
        path[operation_key(route.method)] = render_operation(&spec.region, route);
    }
    json!({
        "openapi": "3.0.1",
        "info": {
            "title": identity.display_name(),
            "description": format!("CachedApi {}/{}", identity.namespace, identity.name),
            "version": "",
        },
        "paths": paths,
        "components": {"securitySchemes": {
            "api_key": {"type": "apiKey", "name": "x-api-key", "in": "header"},
            "sigv4": {"type": "apiKey", "name": "Authorization", "in": "header", "x-amazon-apigateway-authtype": "awsSigv4"},
        }},
        "x-amazon-apigateway-api-key-source": "HEADER",
    })
}

/// The method as API Gateway names it.
#[must_use]
pub const fn method_name(method: Method) -> &'static str {
    match method {
        Method::Get => "GET",
        Method::Head => "HEAD",
        Method::Post => "POST",
        Method::Put => "PUT",
        Method::Patch => "PATCH",
        Method::Delete => "DELETE",
        Method::Options => "OPTIONS",
        Method::Any => "ANY",
    }
}

/// The names of the parameters in a path or URL: `{id}` and `{rest+}` give `id` and `rest`.
pub(super) fn path_parameters(path: &str) -> Vec<&str> {
    path.split('{')
        .skip(1)
        .filter_map(|rest| rest.split_once('}'))
        .map(|(name, _)| name.trim_end_matches('+'))
        .collect()
}

/// Time to live in seconds; 0 without a policy. `None` when the text is not a duration.
pub(super) fn ttl_seconds(policy: Option<&CachePolicy>) -> Option<u64> {
    let Some(text) = policy.map(|policy| policy.ttl.as_str()) else {
        return Some(0);
    };
    super::duration::parse(text).map(|ttl| ttl.as_secs())
}

/// Who may be served a cached answer: as the route says, else the caller where there is one.
fn scope(route: &Route) -> &'static str {
    match route.cache.as_ref().and_then(|policy| policy.scope) {
        Some(Scope::Shared) => "shared",
        None if route.auth.public.is_some() => "shared",
        Some(Scope::Caller) | None => "caller",
    }
}

/// The stage variable that tells a Lambda back end the cache policy of its route, if it has one: API Gateway passes a function the
/// whole request and ignores parameter mappings, but stage variables reach it in the event.
pub(super) fn lambda_cache_policy(route: &Route) -> Option<(String, String)> {
    let (Some(policy), Some(_)) = (&route.cache, &route.backend.lambda) else {
        return None;
    };
    let ttl = ttl_seconds(Some(policy)).filter(|seconds| *seconds > 0)?;
    let (query, headers) = (policy.key.query.join(","), policy.key.headers.join(","));
    let value = format!(
        "ttl={ttl}&scope={}&query={query}&headers={headers}",
        scope(route)
    );
    Some((format!("cache_{}", route.name.replace('-', "_")), value))
}

fn operation_key(method: Method) -> String {
    match method {
        Method::Any => "x-amazon-apigateway-any-method".into(),
        other => method_name(other).to_ascii_lowercase(),
    }
}

fn render_operation(region: &str, route: &Route) -> Value {
    let integration = match (&route.backend.http, &route.backend.lambda) {
        (Some(http), _) => http_integration(route, http),
        (None, Some(lambda)) => lambda_integration(region, route, lambda),
        (None, None) => json!({}),
    };
    json!({
        "operationId": route.name,
        "parameters": declared_parameters(route),
        "security": security(route.auth),
        // A proxy answers as it likes; API Gateway exports proxies like this.
        "responses": {},
        "x-amazon-apigateway-integration": integration,
    })
}

fn security(auth: Auth) -> Value {
    match (auth.iam, auth.api_key) {
        (Some(_), _) => json!([{"sigv4": []}]),
        (_, Some(_)) => json!([{"api_key": []}]),
        _ => json!([]),
    }
}

/// A mapping can only use what the method declares.
fn declared_parameters(route: &Route) -> Value {
    let sources = route.parameters.iter().flat_map(|p| {
        let query = p.from.query.iter().map(|name| ("query", name.as_str()));
        query.chain(p.from.header.iter().map(|name| ("header", name.as_str())))
    });
    let path = path_parameters(&route.path)
        .into_iter()
        .map(|name| ("path", name));
    let all: BTreeSet<(&str, &str)> = path.chain(sources).collect();
    let declare = |(place, name): (&str, &str)| json!({"name": name, "in": place, "required": place == "path", "schema": {"type": "string"}});
    all.into_iter().map(declare).collect()
}

fn http_integration(route: &Route, http: &HttpBackend) -> Value {
    let mut mappings: Map<String, Value> = Map::new();
    for name in path_parameters(&http.url) {
        mappings.insert(
            format!("integration.request.path.{name}"),
            format!("method.request.path.{name}").into(),
        );
    }
    for (header, expression) in cache_headers(route) {
        mappings.insert(
            format!("integration.request.header.{header}"),
            expression.into(),
        );
    }
    mappings.extend(route.parameters.iter().filter_map(mapping));
    json!({
        "type": "http_proxy",
        "httpMethod": method_name(route.method),
        "uri": http.url,
        "connectionType": "INTERNET",
        "passthroughBehavior": "when_no_match",
        "timeoutInMillis": route.backend.timeout_millis,
        "requestParameters": mappings,
    })
}

fn lambda_integration(region: &str, route: &Route, lambda: &LambdaBackend) -> Value {
    let partition = partition(region);
    json!({
        "type": "aws_proxy",
        "httpMethod": "POST",
        "uri": format!("arn:{partition}:apigateway:{region}:lambda:path/2015-03-31/functions/{}/invocations", lambda.function_arn),
        "passthroughBehavior": "when_no_match",
        "timeoutInMillis": route.backend.timeout_millis,
    })
}

/// The partition that a Region belongs to.
#[must_use]
pub fn partition(region: &str) -> &'static str {
    match region.split('-').next() {
        Some("cn") => "aws-cn",
        Some("us") if region.starts_with("us-gov-") => "aws-us-gov",
        _ => "aws",
    }
}

fn cache_headers(route: &Route) -> [(&'static str, String); 6] {
    let literal = |text: &str| format!("'{text}'");
    let list = |names: Option<&Vec<String>>| {
        names
            .filter(|names| !names.is_empty())
            .map_or_else(|| literal(NONE), |names| literal(&names.join(",")))
    };
    let key = route.cache.as_ref().map(|policy| &policy.key);
    let caller = match (route.auth.iam, route.auth.api_key) {
        (Some(_), _) => "context.identity.userArn".into(),
        (_, Some(_)) => "context.identity.apiKeyId".into(),
        _ => literal(NONE),
    };
    [
        (HEADER_ROUTE, literal(&route.name)),
        (
            HEADER_TTL,
            literal(&ttl_seconds(route.cache.as_ref()).unwrap_or(0).to_string()),
        ),
        (HEADER_SCOPE, literal(scope(route))),
        (HEADER_CALLER, caller),
        (HEADER_KEY_QUERY, list(key.map(|key| &key.query))),
        (HEADER_KEY_HEADERS, list(key.map(|key| &key.headers))),
    ]
}

fn mapping(parameter: &Parameter) -> Option<(String, Value)> {
    let target = match (&parameter.header, &parameter.query) {
        (Some(name), _) => format!("integration.request.header.{name}"),
        (None, Some(name)) => format!("integration.request.querystring.{name}"),
        (None, None) => return None,
    };
    Some((target, source_expression(&parameter.from)?.into()))
}

fn source_expression(source: &ParameterSource) -> Option<String> {
    let path = source
        .path
        .as_ref()
        .map(|name| format!("method.request.path.{name}"));
    let query = || {
        source
            .query
            .as_ref()
            .map(|name| format!("method.request.querystring.{name}"))
    };
    let header = || {
        source
            .header
            .as_ref()
            .map(|name| format!("method.request.header.{name}"))
    };
    let value = || source.value.as_ref().map(|text| format!("'{text}'"));
    let context = || {
        source
            .context
            .map(|variable| format!("context.{}", context_name(variable)))
    };
    path.or_else(query)
        .or_else(header)
        .or_else(value)
        .or_else(context)
}

const fn context_name(variable: ContextVariable) -> &'static str {
    match variable {
        ContextVariable::RequestId => "requestId",
        ContextVariable::SourceIp => "identity.sourceIp",
        ContextVariable::Stage => "stage",
        ContextVariable::DomainName => "domainName",
        ContextVariable::CallerArn => "identity.userArn",
        ContextVariable::CallerAccount => "identity.accountId",
        ContextVariable::ApiKeyId => "identity.apiKeyId",
    }
}
