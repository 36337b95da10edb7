//! What API Gateway makes of a document, and what a text of the user's in it may be: no more than a text.

use std::collections::{BTreeMap, BTreeSet};

use cachedapi_operator::api::{CachedApiSpec, Parameter, Route};
use cachedapi_operator::model::openapi::{method_name, partition};
use http::uri::Authority;
use serde_json::{Value, json};

/// Headers of the operator's own.
const OWN: [&str; 6] = [
    "Route",
    "Ttl",
    "Scope",
    "Caller",
    "Key-Query",
    "Key-Headers",
];

/// What of a request the gateway knows itself.
const CONTEXT: [&str; 7] = [
    "requestId",
    "identity.sourceIp",
    "stage",
    "domainName",
    "identity.userArn",
    "identity.accountId",
    "identity.apiKeyId",
];

/// In what an API's `definition`, imported from the document of `spec`, is something else than that.
pub fn differences(spec: &CachedApiSpec, definition: &Value) -> Vec<String> {
    let methods = methods(definition);
    let key = |route: &Route| format!("{} {}", method_name(route.method), route.path);
    let routes: BTreeMap<String, &Route> = spec
        .routes
        .iter()
        .map(|route| (key(route), route))
        .collect();
    if methods.keys().ne(routes.keys()) {
        let (methods, routes) = (methods.keys(), routes.keys());
        return vec![format!("it has {methods:?} and not {routes:?}")];
    }
    let pairs = routes.into_iter().zip(methods.into_values());
    pairs
        .filter_map(|((key, route), method)| {
            let (found, expected) = (shown(route, method), expected(spec, route));
            (found != expected).then(|| format!("{key} is {found} and not {expected}"))
        })
        .collect()
}

/// Where a text in `document` is more than a text.
pub fn injections(document: &Value) -> Vec<String> {
    let mut found = Vec::new();
    for (path, item) in members(&document["paths"]) {
        for (_, operation) in members(item) {
            of_operation(path, operation, &mut found);
        }
    }
    found
}

/// Whether API Gateway can call the back ends of `spec`: URLs with a host, a port that there is and whole escapes; functions in the Region.
pub fn unreachable(spec: &CachedApiSpec) -> Vec<String> {
    let partition = partition(&spec.region);
    let here = format!("arn:{partition}:lambda:{}:", spec.region);
    let back_ends = spec.routes.iter().map(|route| &route.backend);
    let back_ends = back_ends.filter_map(|backend| match (&backend.http, &backend.lambda) {
        (Some(http), _) => problem_of_url(&http.url).map(|what| format!("{} {what}", http.url)),
        (_, Some(lambda)) => {
            let function = lambda.function_arn.strip_prefix(&here);
            let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b":_-".contains(&byte);
            let good = function.is_some_and(|name| name.bytes().all(is_plain));
            (!good).then(|| lambda.function_arn.clone())
        }
        _ => Some("a route without a back end".into()),
    });
    back_ends.collect()
}

fn members(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flatten()
}

/// Methods of an API by name and path.
fn methods(definition: &Value) -> BTreeMap<String, &Value> {
    let resources = members(&definition["resources"]);
    let methods = resources.flat_map(|(_, resource)| {
        let path = resource["path"].as_str().unwrap();
        members(&resource["resourceMethods"])
            .map(move |(name, method)| (format!("{name} {path}"), method))
    });
    methods.collect()
}

/// What of a method `route` decides on.
fn shown(route: &Route, method: &Value) -> Value {
    let integration = &method["methodIntegration"];
    let mappings = &integration["requestParameters"];
    let literals = literals(route);
    let literals = literals
        .keys()
        .map(|target| (target.clone(), mappings[target].clone()));
    json!({
        "name": method["operationName"],
        "authorization": method["authorizationType"],
        "key": method["apiKeyRequired"],
        "type": integration["type"],
        "uri": integration["uri"],
        "timeout": integration["timeoutInMillis"],
        "targets": members(mappings).map(|(target, _)| target).collect::<BTreeSet<_>>(),
        "literals": literals.collect::<BTreeMap<_, _>>(),
    })
}

/// The same as `route` has it.
fn expected(spec: &CachedApiSpec, route: &Route) -> Value {
    let (kind, uri) = match (&route.backend.http, &route.backend.lambda) {
        (Some(http), _) => ("HTTP_PROXY", http.url.clone()),
        (_, lambda) => {
            let arn = lambda.as_ref().map_or("", |lambda| &lambda.function_arn);
            let (region, partition) = (&spec.region, partition(&spec.region));
            let path = format!("lambda:path/2015-03-31/functions/{arn}/invocations");
            (
                "AWS_PROXY",
                format!("arn:{partition}:apigateway:{region}:{path}"),
            )
        }
    };
    json!({
        "name": route.name,
        "authorization": if route.auth.iam.is_some() { "AWS_IAM" } else { "NONE" },
        "key": route.auth.api_key.is_some(),
        "type": kind,
        "uri": uri,
        "timeout": route.backend.timeout_millis,
        "targets": targets(route),
        "literals": literals(route),
    })
}

fn targets(route: &Route) -> BTreeSet<String> {
    let Some(http) = &route.backend.http else {
        return BTreeSet::new();
    };
    let own = OWN.map(|name| format!("integration.request.header.X-CachedApi-{name}"));
    let path = parameters(&http.url).map(|name| format!("integration.request.path.{name}"));
    let users = route.parameters.iter().map(target);
    own.into_iter().chain(path).chain(users).collect()
}

/// What the user says word for word.
fn literals(route: &Route) -> BTreeMap<String, String> {
    let parameters = route.parameters.iter().filter_map(|parameter| {
        let value = parameter.from.value.as_ref()?;
        Some((target(parameter), format!("'{value}'")))
    });
    parameters.collect()
}

fn target(parameter: &Parameter) -> String {
    match (&parameter.header, &parameter.query) {
        (Some(name), _) => format!("integration.request.header.{name}"),
        (_, name) => format!(
            "integration.request.querystring.{}",
            name.as_deref().unwrap_or("")
        ),
    }
}

/// Names in braces: `{id}` and `{rest+}`.
fn parameters(path: &str) -> impl Iterator<Item = &str> {
    let parts = path.split('{').skip(1);
    let names = parts.filter_map(|part| part.split_once('}'));
    names.map(|(name, _)| name.trim_end_matches('+'))
}

fn problem_of_url(url: &str) -> Option<&'static str> {
    let mut plain = url.to_owned();
    for name in parameters(url) {
        plain = plain.replace(&format!("{{{name}}}"), "x");
    }
    let Some(uri) = plain
        .parse::<http::Uri>()
        .ok()
        .filter(|_| !plain.contains(['{', '}']))
    else {
        return Some("is no URL");
    };
    let is_label = |label: &str| {
        (1..=63).contains(&label.len()) && !label.starts_with('-') && !label.ends_with('-')
    };
    let host = uri.host().unwrap_or_default();
    if host.len() > 253 || !host.split('.').all(is_label) {
        return Some("has no host");
    }
    let authority = uri.authority().map_or("", Authority::as_str);
    if authority.contains(':') && uri.port_u16().is_none_or(|port| port == 0) {
        return Some("has no port");
    }
    let is_escape = |text: &str| {
        let hex = text.bytes().take_while(u8::is_ascii_hexdigit);
        hex.count() >= 2
    };
    (!plain.split('%').skip(1).all(is_escape)).then_some("has a broken escape")
}

fn of_operation(path: &str, operation: &Value, found: &mut Vec<String>) {
    for parameter in operation["parameters"].as_array().into_iter().flatten() {
        if !parameter["name"].as_str().is_some_and(is_name) {
            found.push(format!("{path}: {parameter} has no name"));
        }
    }
    let integration = &operation["x-amazon-apigateway-integration"];
    for text in [path, integration["uri"].as_str().unwrap_or_default()] {
        if !is_plain(text) {
            found.push(format!("{path}: {text:?} is more than a text"));
        }
    }
    for (target, source) in members(&integration["requestParameters"]) {
        let name = target
            .strip_prefix("integration.request.")
            .and_then(|rest| rest.split_once('.'));
        let source = source.as_str().unwrap_or_default();
        if !name.is_some_and(|(_, name)| is_name(name)) || !is_source(source) {
            found.push(format!("{path}: {target} <- {source}"));
        }
    }
}

/// What API Gateway takes for the name of a parameter, without its `$`.
fn is_name(text: &str) -> bool {
    let is_part = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    !text.is_empty() && text.bytes().all(is_part)
}

/// Neither ends a literal nor starts an expression nor ends a line.
fn is_plain(text: &str) -> bool {
    !text.contains(|c: char| c.is_control() || "'\"$\\".contains(c))
}

/// A literal, a parameter of the method, or something that the gateway knows.
fn is_source(source: &str) -> bool {
    if let Some(name) = source.strip_prefix("context.") {
        return CONTEXT.contains(&name);
    }
    if let Some(parameter) = source.strip_prefix("method.request.") {
        return parameter
            .split_once('.')
            .is_some_and(|(_, name)| is_name(name));
    }
    let literal = source
        .strip_prefix('\'')
        .and_then(|rest| rest.strip_suffix('\''));
    literal.is_some_and(is_plain)
}
