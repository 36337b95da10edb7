//! From mapping expressions to values ("request and response data mapping reference").

use http::{HeaderMap, HeaderName, HeaderValue};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::invocation::Invocation;
use crate::apigateway::model::Strings;

/// What a URL keeps as it is (RFC 3986, unreserved).
pub(super) const URL: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// The integration's request parameters, evaluated; one whose source is missing is left out.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Mapped {
    /// Percent-encoded.
    pub(super) path: Strings,
    /// Decoded; several values for a multi-value source.
    pub(super) query: Vec<(String, Vec<String>)>,
    pub(super) headers: Vec<(String, String)>,
}

/// Evaluates `integration.request.…` from its sources.
pub(super) fn map_request(invocation: &Invocation, parameters: &Strings) -> Mapped {
    let mut mapped = Mapped::default();
    for (destination, source) in parameters {
        let target = destination
            .strip_prefix("integration.request.")
            .and_then(|rest| rest.split_once('.'));
        let (Some((location, name)), Some(values)) = (target, values_of(invocation, source)) else {
            continue;
        };
        match location {
            "path" => drop(
                mapped
                    .path
                    .insert(name.to_owned(), path_value(source, &values)),
            ),
            "querystring" => mapped.query.push((name.to_owned(), values)),
            _ => mapped.headers.push((name.to_owned(), values.join(","))),
        }
    }
    mapped
}

/// A path parameter is passed as it came; everything else is encoded.
fn path_value(source: &str, values: &[String]) -> String {
    let value = values.join(",");
    if source.starts_with("method.request.path.") {
        value
    } else {
        utf8_percent_encode(&value, URL).to_string()
    }
}

/// The values of a source; none when there is nothing.
fn values_of(invocation: &Invocation, source: &str) -> Option<Vec<String>> {
    let owned = |values: Vec<&str>| values.into_iter().map(str::to_owned).collect::<Vec<_>>();
    let Some(parameter) = source.strip_prefix("method.request.") else {
        return common(invocation, source).map(|value| vec![value]);
    };
    let (location, name) = parameter.split_once('.').unwrap_or((parameter, ""));
    let values = match location {
        "path" => invocation
            .path_parameters
            .get(name)
            .cloned()
            .into_iter()
            .collect(),
        "querystring" => owned(invocation.query(name).into_iter().collect()),
        "multivaluequerystring" => owned(invocation.query_all(name)),
        "header" => owned(invocation.header(name).into_iter().collect()),
        "multivalueheader" => owned(invocation.header_all(name)),
        "body" => body(invocation, name).into_iter().collect(),
        _ => Vec::new(),
    };
    (!values.is_empty()).then_some(values)
}

/// Sources that requests and answers share: literals, context, stage variables.
pub(super) fn common(invocation: &Invocation, source: &str) -> Option<String> {
    if let Some(literal) = source
        .strip_prefix('\'')
        .and_then(|rest| rest.strip_suffix('\''))
    {
        return Some(literal.to_owned());
    }
    if let Some(path) = source.strip_prefix("context.") {
        return invocation.context(path);
    }
    source
        .strip_prefix("stageVariables.")
        .and_then(|name| invocation.stage_variables.get(name).cloned())
}

/// A header of the gateway's answer: `method.request.…` and the common sources.
pub(super) fn single(invocation: &Invocation, source: &str) -> Option<String> {
    values_of(invocation, source).map(|values| values.join(","))
}

fn body(invocation: &Invocation, path: &str) -> Option<String> {
    let text = std::str::from_utf8(&invocation.body).ok()?;
    if path.is_empty() {
        return Some(text.to_owned());
    }
    let value: serde_json::Value = serde_json::from_str(text).ok()?;
    let found = path
        .split('.')
        .try_fold(&value, |value, name| value.get(name))?;
    Some(
        found
            .as_str()
            .map_or_else(|| found.to_string(), str::to_owned),
    )
}

/// Sets a header; a value that is none is left out.
pub(super) fn set_header(headers: &mut HeaderMap, name: &str, value: &str) {
    if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
        headers.insert(name, value);
    }
}
