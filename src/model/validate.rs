use std::collections::{BTreeMap, BTreeSet};

use crate::api::{CachedApiSpec, ContextVariable, Engine, Route};

use super::openapi::{lambda_cache_policy, partition, path_parameters, ttl_seconds};
use super::{CacheVersion, CredentialMode, Violation, oldest_with_iam, url};

/// Resources that one API may have; each path segment counts.
/// <https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-execution-service-limits-table.html>
const MOST_RESOURCES: usize = 300;
/// Characters of a stage variable's value.
const LONGEST_VARIABLE: usize = 512;
/// Stage variables of a stage.
const MOST_VARIABLES: usize = 100;
/// Headers that the gateway or the connection owns: a mapping to one of them is refused or breaks the request.
const RESERVED_HEADERS: [&str; 12] = [
    "authorization",
    "connection",
    "content-length",
    "content-md5",
    "date",
    "expect",
    "host",
    "max-forwards",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// Everything that is wrong with the spec, in the order of its fields.
pub(super) fn violations(spec: &CachedApiSpec) -> Vec<Violation> {
    let mut found = Vec::new();
    for (index, route) in spec.routes.iter().enumerate() {
        check_route(&format!("spec.routes[{index}]"), spec, route, &mut found);
    }
    check_resources(spec, &mut found);
    check_variables(spec, &mut found);
    check_cache(spec, &mut found);
    check_iam(spec, &mut found);
    check_bindings(spec, &mut found);
    found
}

fn check_route(at: &str, spec: &CachedApiSpec, route: &Route, found: &mut Vec<Violation>) {
    let mut say =
        |field: &str, problem: String| found.push(Violation::new(format!("{at}.{field}"), problem));
    let names = path_parameters(&route.path);
    let unique: BTreeSet<&str> = names.iter().copied().collect();
    if unique.len() < names.len() {
        say(
            "path",
            format!("{} names the same parameter twice", route.path),
        );
    }
    if ttl_seconds(route.cache.as_ref()).is_none_or(|seconds| seconds > 3600) {
        say("cache.ttl", "must be between 0s and 3600s".into());
    }
    if let Some(http) = &route.backend.http {
        for name in path_parameters(&http.url)
            .into_iter()
            .filter(|name| !unique.contains(name))
        {
            say(
                "backend.http.url",
                format!(
                    "uses {{{name}}}, which the route's path {} does not have",
                    route.path
                ),
            );
        }
        if !is_plain(&http.url) {
            say("backend.http.url", FORBIDDEN.into());
        } else if let Some(problem) = url::problem(&http.url) {
            say("backend.http.url", format!("{} {problem}", http.url));
        }
    }
    if let Some(problem) = (route.backend.lambda.as_ref())
        .and_then(|lambda| elsewhere(&lambda.function_arn, &spec.region))
    {
        say("backend.lambda.functionArn", problem);
    }
    if let Some(lambda) = &route.backend.lambda
        && !is_plain(&lambda.function_arn)
    {
        say("backend.lambda.functionArn", FORBIDDEN.into());
    }
    if !is_plain(&route.path) {
        say("path", FORBIDDEN.into());
    } else if let Some(name) = names.iter().find(|name| !is_name(name)) {
        say("path", format!("the parameter name {name:?} {NO_NAME}"));
    }
    check_names(at, route, found);
    check_parameters(at, route, &unique, found);
}

/// What is wrong with the ARN of a function that is not in the Region, or in a partition that the Region is not in.
fn elsewhere(arn: &str, region: &str) -> Option<String> {
    let here = format!("arn:{}:lambda:{region}:", partition(region));
    (!arn.starts_with(&here))
        .then(|| format!("{arn} is not in the Region {region}: its ARN would start with {here}"))
}

/// Names become part of mapping expressions and lists as they are.
fn check_names(at: &str, route: &Route, found: &mut Vec<Violation>) {
    let name = ("name".to_owned(), Some(&route.name));
    let parameters = route.parameters.iter().enumerate().flat_map(|(i, p)| {
        let at = |field: &str| format!("parameters[{i}].{field}");
        [
            (at("header"), p.header.as_ref()),
            (at("query"), p.query.as_ref()),
            (at("from.header"), p.from.header.as_ref()),
            (at("from.query"), p.from.query.as_ref()),
        ]
    });
    let key = route.cache.as_ref().map(|cache| &cache.key);
    let keys = key.into_iter().flat_map(|key| {
        let query = key.query.iter().map(|name| ("cache.key.query", name));
        query.chain(key.headers.iter().map(|name| ("cache.key.headers", name)))
    });
    let keys = keys.map(|(field, name)| (field.to_owned(), Some(name)));
    let all = std::iter::once(name).chain(parameters).chain(keys);
    let wrong = all.filter(|(_, name)| name.is_some_and(|name| !is_name(name)));
    found.extend(wrong.map(|(field, _)| Violation::new(format!("{at}.{field}"), NO_NAME)));
}

/// What a name that becomes part of a mapping expression is made of.
const NO_NAME: &str = "must be made of letters, digits, hyphens, underscores and dots";

fn is_name(text: &str) -> bool {
    let is_part = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    !text.is_empty() && text.bytes().all(is_part)
}

/// What user text may not hold where it becomes part of a mapping expression.
const FORBIDDEN: &str = "must not contain quotes, $, line breaks or other control characters";

/// Whether a text cannot end a literal, start an expression or split a header.
fn is_plain(text: &str) -> bool {
    !text.contains(|c: char| c.is_control() || matches!(c, '\'' | '"' | '$' | '\\'))
}

fn check_parameters(at: &str, route: &Route, path: &BTreeSet<&str>, found: &mut Vec<Violation>) {
    let mut targets = BTreeSet::new();
    for (index, parameter) in route.parameters.iter().enumerate() {
        let mut say = |field: &str, problem: String| {
            found.push(Violation::new(
                format!("{at}.parameters[{index}].{field}"),
                problem,
            ));
        };
        let header = parameter
            .header
            .as_ref()
            .map(|name| name.to_ascii_lowercase());
        if let Some(header) = &header
            && (RESERVED_HEADERS.contains(&header.as_str()) || header.starts_with("x-cachedapi-"))
        {
            say(
                "header",
                format!("{header} cannot be set: it belongs to the gateway"),
            );
        }
        if !targets.insert((header, parameter.query.clone())) {
            say(
                if parameter.header.is_some() {
                    "header"
                } else {
                    "query"
                },
                "is set twice".into(),
            );
        }
        if let Some(name) = parameter
            .from
            .path
            .as_deref()
            .filter(|name| !path.contains(name))
        {
            say(
                "from.path",
                format!("the route's path {} has no parameter {name}", route.path),
            );
        }
        if parameter
            .from
            .value
            .as_deref()
            .is_some_and(|value| !is_plain(value))
        {
            say("from.value", FORBIDDEN.into());
        }
        if !is_known(parameter.from.context, route) {
            say(
                "from.context",
                "is not known on a route with this auth".into(),
            );
        }
    }
}

/// Whether a request to the route has the variable: some come from how the caller was identified.
const fn is_known(variable: Option<ContextVariable>, route: &Route) -> bool {
    match variable {
        Some(ContextVariable::CallerArn | ContextVariable::CallerAccount) => {
            route.auth.iam.is_some()
        }
        Some(ContextVariable::ApiKeyId) => route.auth.api_key.is_some(),
        _ => true,
    }
}

/// API Gateway makes a resource of each path segment and allows one parameter name per place.
fn check_resources(spec: &CachedApiSpec, found: &mut Vec<Violation>) {
    let mut resources = BTreeSet::new();
    let mut parameters: BTreeMap<&str, &str> = BTreeMap::new();
    for (index, route) in spec.routes.iter().enumerate() {
        let mut start = 1;
        for segment in route
            .path
            .split('/')
            .skip(1)
            .filter(|segment| !segment.is_empty())
        {
            let (parent, end) = (&route.path[..start - 1], start + segment.len());
            resources.insert(&route.path[..end]);
            if segment.starts_with('{') && *parameters.entry(parent).or_insert(segment) != segment {
                let other = parameters[parent];
                let problem = format!(
                    "{segment} stands where another route has {other}; API Gateway allows one parameter name per place"
                );
                found.push(Violation::new(
                    format!("spec.routes[{index}].path"),
                    problem,
                ));
            }
            start = end + 1;
        }
    }
    if resources.len() > MOST_RESOURCES {
        let problem = format!(
            "the paths make {} resources (each path segment counts); API Gateway allows {MOST_RESOURCES}: use parameters such as {{id}} or {{rest+}}, or another object",
            resources.len()
        );
        found.push(Violation::new("spec.routes", problem));
    }
}

fn check_variables(spec: &CachedApiSpec, found: &mut Vec<Violation>) {
    let policies: Vec<_> = spec
        .routes
        .iter()
        .enumerate()
        .filter_map(|(i, route)| Some((i, lambda_cache_policy(route)?.1)))
        .collect();
    for (index, policy) in policies
        .iter()
        .filter(|(_, policy)| policy.len() > LONGEST_VARIABLE)
    {
        let problem = format!(
            "its names make a stage variable of {} characters; API Gateway allows {LONGEST_VARIABLE}",
            policy.len()
        );
        found.push(Violation::new(
            format!("spec.routes[{index}].cache.key"),
            problem,
        ));
    }
    let count = policies.len() + spec.api.stage.variables.len();
    if count > MOST_VARIABLES {
        let problem = format!(
            "{count} stage variables are needed (one per cached Lambda route, and those of api.stage.variables); API Gateway allows {MOST_VARIABLES}"
        );
        found.push(Violation::new("spec.routes", problem));
    }
    for (name, value) in &spec.api.stage.variables {
        let problem = match value.as_str() {
            "" => "the value must not be empty: API Gateway refuses such a variable".into(),
            value if is_plain(value) => continue,
            value => format!("the value {value:?} {FORBIDDEN}"),
        };
        let field = format!("spec.api.stage.variables[{name}]");
        found.push(Violation::new(field, problem));
    }
}

/// User groups need Redis 6.0 or Valkey 7.2, AUTH tokens Redis 5.0; TLS needs no more.
/// <https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/Clusters.RBAC.html>
/// <https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/auth.html>
fn check_cache(spec: &CachedApiSpec, found: &mut Vec<Violation>) {
    let group = &spec.cache.replication_group;
    let token = CredentialMode::of(&spec.credentials).has_token();
    let (major, minor, need) = match group.engine {
        Engine::Valkey => (7, 2, "users and AUTH tokens need Valkey 7.2 or newer"),
        Engine::Redis if token => (5, 0, "AUTH tokens need Redis 5.0 or newer"),
        Engine::Redis => (
            6,
            0,
            "users need Redis 6.0 or newer; from Redis 5.0 on there is credentials.authToken in their place",
        ),
    };
    let version = group.engine_version.parse::<CacheVersion>();
    if version.is_ok_and(|version| version < CacheVersion { major, minor }) {
        let problem = format!("{} is too old: {need}", group.engine_version);
        found.push(Violation::new(
            "spec.cache.replicationGroup.engineVersion",
            problem,
        ));
    }
}

fn check_iam(spec: &CachedApiSpec, found: &mut Vec<Violation>) {
    let group = &spec.cache.replication_group;
    let oldest = oldest_with_iam(group.engine);
    let version = group.engine_version.parse::<CacheVersion>();
    if spec.credentials.iam.is_some() && version.is_ok_and(|version| version < oldest) {
        let problem = format!(
            "needs {} {}.{} or newer, and engineVersion is {}",
            group.engine.as_str(),
            oldest.major,
            oldest.minor,
            group.engine_version
        );
        found.push(Violation::new("spec.credentials.iam", problem));
    }
}

fn check_bindings(spec: &CachedApiSpec, found: &mut Vec<Violation>) {
    for (index, binding) in spec.bindings.iter().enumerate() {
        if let Some(problem) = (binding.lambda.as_ref())
            .and_then(|lambda| elsewhere(&lambda.function_arn, &spec.region))
        {
            found.push(Violation::new(
                format!("spec.bindings[{index}].lambda.functionArn"),
                problem,
            ));
        }
    }
}
