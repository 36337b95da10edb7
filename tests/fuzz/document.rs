//! What API Gateway's import needs of a document, and what a text in it may be: no more than a text.

use std::collections::{BTreeMap, BTreeSet};

use cachedapi_operator::api::{CachedApiSpec, Route};
use cachedapi_operator::model::openapi::{method_name, partition};
use serde_json::{Value, json};

/// What is wrong with `body` as the document of `spec`.
pub fn problems(spec: &CachedApiSpec, body: &str) -> Vec<String> {
    let document: Value = match serde_json::from_str(body) {
        Ok(document) => document,
        Err(error) => return vec![format!("it is no JSON: {error}")],
    };
    let mut found = Findings::default();
    found.has_keys(
        "the document",
        &document,
        &[
            "openapi",
            "info",
            "paths",
            "components",
            "x-amazon-apigateway-api-key-source",
        ],
    );
    found.is("openapi", &document["openapi"], &json!("3.0.1"));
    found.is("security schemes", &document["components"], &schemes());
    let mut routes: BTreeMap<&str, Vec<&Route>> = BTreeMap::new();
    for route in &spec.routes {
        routes.entry(&route.path).or_default().push(route);
    }
    let paths: Vec<&str> = routes.keys().copied().collect();
    found.has_keys("paths", &document["paths"], &paths);
    for (path, routes) in routes {
        let item = &document["paths"][path];
        let keys: Vec<String> = routes.iter().map(|route| operation(route)).collect();
        let names: Vec<&str> = keys.iter().map(String::as_str).collect();
        found.has_keys(path, item, &names);
        for (route, key) in routes.iter().zip(&keys) {
            found.of_operation(&spec.region, route, &item[key]);
        }
    }
    found.0.extend(injections(&document));
    found.0
}

/// Where a text in the document is more than a text.
pub fn injections(document: &Value) -> Vec<String> {
    let mut found = Findings::default();
    let items = document["paths"].as_object().into_iter().flatten();
    for (path, item) in items {
        for (_, operation) in item.as_object().into_iter().flatten() {
            found.of_texts(path, operation);
        }
    }
    found.0
}

fn schemes() -> Value {
    json!({"securitySchemes": {
        "api_key": {"type": "apiKey", "name": "x-api-key", "in": "header"},
        "sigv4": {"type": "apiKey", "name": "Authorization", "in": "header", "x-amazon-apigateway-authtype": "awsSigv4"},
    }})
}

fn operation(route: &Route) -> String {
    match method_name(route.method) {
        "ANY" => "x-amazon-apigateway-any-method".into(),
        method => method.to_lowercase(),
    }
}

/// Names in braces: `{id}` and `{rest+}`.
fn parameters(path: &str) -> BTreeSet<&str> {
    let parts = path.split('{').skip(1);
    parts
        .filter_map(|part| part.split_once('}'))
        .map(|(name, _)| name.trim_end_matches('+'))
        .collect()
}

/// What API Gateway takes for the name of a parameter.
fn is_name(text: &str) -> bool {
    !text.is_empty()
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))
}

#[derive(Default)]
struct Findings(Vec<String>);

impl Findings {
    fn say(&mut self, what: &str, problem: impl std::fmt::Display) {
        self.0.push(format!("{what}: {problem}"));
    }

    fn is(&mut self, what: &str, found: &Value, expected: &Value) {
        if found != expected {
            self.say(what, format!("{found} and not {expected}"));
        }
    }

    fn has_keys(&mut self, what: &str, object: &Value, expected: &[&str]) {
        let keys: BTreeSet<&str> = object
            .as_object()
            .into_iter()
            .flatten()
            .map(|(key, _)| key.as_str())
            .collect();
        if keys != expected.iter().copied().collect() {
            self.say(what, format!("has {keys:?} and not {expected:?}"));
        }
    }

    fn of_operation(&mut self, region: &str, route: &Route, operation: &Value) {
        let integration = &operation["x-amazon-apigateway-integration"];
        self.has_keys(
            &route.name,
            operation,
            &[
                "operationId",
                "parameters",
                "security",
                "responses",
                "x-amazon-apigateway-integration",
            ],
        );
        self.is(&route.name, &operation["operationId"], &json!(route.name));
        let security = match (route.auth.iam, route.auth.api_key) {
            (Some(_), _) => json!([{"sigv4": []}]),
            (_, Some(_)) => json!([{"api_key": []}]),
            _ => json!([]),
        };
        self.is(&route.name, &operation["security"], &security);
        let declared = self.declared(route, &operation["parameters"]);
        self.is(
            &route.name,
            &integration["timeoutInMillis"],
            &json!(route.backend.timeout_millis),
        );
        if let Some(http) = &route.backend.http {
            self.has_keys(
                &route.name,
                integration,
                &[
                    "type",
                    "httpMethod",
                    "uri",
                    "connectionType",
                    "passthroughBehavior",
                    "timeoutInMillis",
                    "requestParameters",
                ],
            );
            self.is(&route.name, &integration["type"], &json!("http_proxy"));
            self.is(&route.name, &integration["uri"], &json!(http.url));
            self.of_url(route, &http.url);
            self.of_mappings(
                route,
                &http.url,
                &declared,
                &integration["requestParameters"],
            );
        } else if let Some(lambda) = &route.backend.lambda {
            self.has_keys(
                &route.name,
                integration,
                &[
                    "type",
                    "httpMethod",
                    "uri",
                    "passthroughBehavior",
                    "timeoutInMillis",
                ],
            );
            self.is(&route.name, &integration["type"], &json!("aws_proxy"));
            self.of_function(region, route, &lambda.function_arn, &integration["uri"]);
        }
    }

    /// The parameters that the method declares, as mappings name them.
    fn declared(&mut self, route: &Route, parameters: &Value) -> BTreeSet<String> {
        let mut declared = BTreeSet::new();
        for parameter in parameters.as_array().into_iter().flatten() {
            let text = |field: &str| parameter[field].as_str().unwrap_or_default();
            let place = match text("in") {
                "query" => "querystring",
                place => place,
            };
            declared.insert(format!("method.request.{place}.{}", text("name")));
        }
        for name in self::parameters(&route.path) {
            if !declared.contains(&format!("method.request.path.{name}")) {
                self.say(&route.name, format!("{{{name}}} is not declared"));
            }
        }
        declared
    }

    /// A URL as the service takes one: a host made of labels, a port that there is, whole escapes, and whole parameters.
    fn of_url(&mut self, route: &Route, url: &str) {
        let plain = parameters(url)
            .into_iter()
            .fold(url.to_owned(), |url, name| {
                url.replace(&format!("{{{name}+}}"), "x")
                    .replace(&format!("{{{name}}}"), "x")
            });
        let uri = match plain.parse::<http::Uri>() {
            Ok(uri) if !plain.contains(['{', '}']) => uri,
            _ => return self.say(&route.name, format!("{url} is no URL")),
        };
        let is_label = |label: &str| {
            !label.is_empty()
                && label.len() <= 63
                && !label.starts_with('-')
                && !label.ends_with('-')
        };
        let host = uri.host().unwrap_or_default();
        if !host.split('.').all(is_label) || host.len() > 253 {
            self.say(&route.name, format!("{url} has no host"));
        }
        let has_port = uri
            .authority()
            .is_some_and(|authority| authority.as_str().contains(':'));
        if has_port && uri.port_u16().is_none_or(|port| port == 0) {
            self.say(&route.name, format!("{url} has no port"));
        }
        let mut escapes = plain.split('%').skip(1);
        let is_escape = |text: &str| {
            text.len() >= 2 && text.bytes().take(2).all(|byte| byte.is_ascii_hexdigit())
        };
        if !escapes.all(is_escape) {
            self.say(&route.name, format!("{url} has a broken escape"));
        }
    }

    /// Every mapping is one that we know, and those of the user say what the user wrote.
    fn of_mappings(
        &mut self,
        route: &Route,
        url: &str,
        declared: &BTreeSet<String>,
        mappings: &Value,
    ) {
        let mut expected: BTreeSet<String> = [
            "Route",
            "Ttl",
            "Scope",
            "Caller",
            "Key-Query",
            "Key-Headers",
        ]
        .map(|name| format!("integration.request.header.X-CachedApi-{name}"))
        .into();
        expected.extend(
            parameters(url)
                .iter()
                .map(|name| format!("integration.request.path.{name}")),
        );
        for parameter in &route.parameters {
            let header = parameter
                .header
                .iter()
                .map(|name| format!("integration.request.header.{name}"));
            let query = parameter
                .query
                .iter()
                .map(|name| format!("integration.request.querystring.{name}"));
            let destination = header.chain(query).next().unwrap_or_default();
            if let Some(value) = &parameter.from.value {
                self.is(
                    &destination,
                    &mappings[&destination],
                    &json!(format!("'{value}'")),
                );
            }
            expected.insert(destination);
        }
        let names: Vec<&str> = expected.iter().map(String::as_str).collect();
        self.has_keys(&route.name, mappings, &names);
        for (_, source) in mappings.as_object().into_iter().flatten() {
            let source = source.as_str().unwrap_or_default();
            if source.starts_with("method.") && !declared.contains(source) {
                self.say(&route.name, format!("{source} is not declared"));
            }
        }
    }

    fn of_texts(&mut self, path: &str, operation: &Value) {
        for parameter in operation["parameters"].as_array().into_iter().flatten() {
            if !parameter["name"].as_str().is_some_and(is_name) {
                self.say(path, format!("{parameter} has no name"));
            }
        }
        let integration = &operation["x-amazon-apigateway-integration"];
        for text in [path, integration["uri"].as_str().unwrap_or_default()] {
            if !is_plain(text) {
                self.say(path, format!("{text:?} is more than a text"));
            }
        }
        let mappings = integration["requestParameters"].as_object();
        for (destination, source) in mappings.into_iter().flatten() {
            let target = destination
                .strip_prefix("integration.request.")
                .and_then(|rest| rest.split_once('.'));
            let source = source.as_str().unwrap_or_default();
            if !target.is_some_and(|(_, name)| is_name(name)) || !is_source(source) {
                self.say(path, format!("{destination} <- {source}"));
            }
        }
    }

    fn of_function(&mut self, region: &str, route: &Route, arn: &str, uri: &Value) {
        let partition = partition(region);
        let own = format!("arn:{partition}:lambda:{region}:");
        let account_and_name = arn.strip_prefix(&own).unwrap_or_default();
        let plain = account_and_name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b":_-".contains(&byte));
        if account_and_name.is_empty() || !plain {
            self.say(&route.name, format!("{arn} is no function in {region}"));
        }
        let expected = format!(
            "arn:{partition}:apigateway:{region}:lambda:path/2015-03-31/functions/{arn}/invocations"
        );
        self.is(&route.name, uri, &json!(expected));
    }
}

/// Neither ends a literal nor starts an expression nor ends a line.
fn is_plain(text: &str) -> bool {
    !text.contains(|c: char| c.is_control() || "'\"$\\".contains(c))
}

/// A literal, a parameter of the method, or something that the gateway knows.
fn is_source(source: &str) -> bool {
    let known = [
        "requestId",
        "identity.sourceIp",
        "stage",
        "domainName",
        "identity.userArn",
        "identity.accountId",
        "identity.apiKeyId",
    ];
    if let Some(name) = source.strip_prefix("context.") {
        return known.contains(&name);
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
