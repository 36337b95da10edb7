//! Mapping expressions: where a parameter of the integration request comes from ("Amazon API Gateway API request and
//! response data mapping reference").

use std::collections::BTreeMap;

const LOCATIONS: [&str; 3] = ["path", "querystring", "header"];
const SOURCES: [&str; 5] = [
    "path",
    "querystring",
    "header",
    "multivaluequerystring",
    "multivalueheader",
];

/// Why the mapping `destination <- source` is refused, in the service's words; `None` when it is good. `declared` are the
/// method's request parameters: a source must be among them.
pub fn refusal_of(
    destination: &str,
    source: &str,
    declared: &BTreeMap<String, bool>,
) -> Option<String> {
    let errors: Vec<String> = [
        destination_error(destination),
        source_error(source, declared),
    ]
    .into_iter()
    .flatten()
    .collect();
    (!errors.is_empty()).then(|| refusal(&errors.join(", ")))
}

/// The refusal of a method parameter whose name the service does not take.
pub(super) fn name_refusal(name: &str) -> Option<String> {
    const RULE: &str =
        "Parameter name should match the following regular expression: ^[a-zA-Z0-9._$-]+$";
    (!is_name(name)).then(|| refusal(RULE))
}

/// The frame in which the service puts every error of this kind.
pub(super) fn refusal(errors: &str) -> String {
    format!(
        "Invalid mapping expression specified: Validation Result: warnings : [], errors : [{errors}]"
    )
}

fn destination_error(destination: &str) -> Option<String> {
    let target = destination
        .strip_prefix("integration.request.")
        .and_then(|rest| rest.split_once('.'));
    let is_good =
        target.is_some_and(|(location, name)| LOCATIONS.contains(&location) && is_name(name));
    (!is_good).then(|| format!("Invalid mapping expression parameter specified: {destination}"))
}

fn source_error(source: &str, declared: &BTreeMap<String, bool>) -> Option<String> {
    if is_static(source) || is_path(source, "context.") || is_path(source, "stageVariables.") {
        return None;
    }
    let Some(parameter) = source.strip_prefix("method.request.") else {
        return Some(format!("Invalid mapping expression specified: {source}"));
    };
    if parameter == "body" || parameter.starts_with("body.") {
        return None;
    }
    let Some((location, name)) = parameter
        .split_once('.')
        .filter(|(location, _)| SOURCES.contains(location))
    else {
        return Some(format!("Invalid mapping expression specified: {source}"));
    };
    let single = location.strip_prefix("multivalue").unwrap_or(location);
    let is_declared = declared.contains_key(&format!("method.request.{single}.{name}"))
        || declared.contains_key(source);
    (!is_declared).then(|| format!("Invalid mapping expression parameter specified: {source}"))
}

/// A literal in single quotes. Line breaks would end the header or the request line.
fn is_static(source: &str) -> bool {
    let literal = source
        .strip_prefix('\'')
        .and_then(|rest| rest.strip_suffix('\''));
    literal.is_some_and(|literal| !literal.contains(['\'', '\r', '\n']))
}

fn is_path(source: &str, prefix: &str) -> bool {
    source.strip_prefix(prefix).is_some_and(is_name)
}

fn is_name(name: &str) -> bool {
    !name.is_empty()
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"._$-".contains(&byte))
}
