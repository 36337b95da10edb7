//! Templates without directives: the variables of "mapping template and access logging variable reference" that a mock, a
//! gateway response or a simple request template needs. `#set`, `#if` and the rest of the template language are not there, and say so.

use serde_json::Value;

use super::invocation::Invocation;

/// A template that uses what is not there.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("templates with {0} are not supported")]
pub(super) struct Unsupported(String);

/// The template with its variables filled in; an unknown variable is empty.
pub(super) fn render(invocation: &Invocation, template: &str) -> Result<String, Unsupported> {
    let directive = [
        "#set", "#if", "#else", "#end", "#foreach", "#macro", "#define",
    ]
    .into_iter()
    .find(|word| template.contains(word));
    if let Some(word) = directive {
        return Err(Unsupported(word.to_owned()));
    }
    let (mut text, mut left) = (String::new(), template);
    while let Some((before, after)) = left.split_once('$') {
        let (reference, rest) = reference(after);
        let value =
            value(invocation, reference).ok_or_else(|| Unsupported(format!("${reference}")))?;
        text.push_str(before);
        text.push_str(&value.unwrap_or_default());
        left = rest;
    }
    text.push_str(left);
    Ok(text)
}

/// The reference that follows a `$`, and what comes after it.
fn reference(text: &str) -> (&str, &str) {
    match text.strip_prefix('{').and_then(|text| text.split_once('}')) {
        Some(braced) => braced,
        None => text.split_at(reference_length(text)),
    }
}

/// How much of the text belongs to a reference: names, dots and one argument list.
fn reference_length(text: &str) -> usize {
    let names = text
        .find(|c: char| !(c.is_ascii_alphanumeric() || "._-".contains(c)))
        .unwrap_or(text.len());
    let names = text[..names].trim_end_matches('.').len();
    match text[names..]
        .strip_prefix('(')
        .and_then(|arguments| arguments.find(')'))
    {
        Some(end) => names + end + 2,
        None => names,
    }
}

/// The value of a reference: outer `None` when there is no such thing in the language, inner when it has no value.
#[expect(
    clippy::option_option,
    reason = "unknown and empty are different answers"
)]
fn value(invocation: &Invocation, reference: &str) -> Option<Option<String>> {
    if let Some(path) = reference.strip_prefix("context.") {
        return Some(invocation.context(path));
    }
    if let Some(name) = reference.strip_prefix("stageVariables.") {
        return Some(invocation.stage_variables.get(name).cloned());
    }
    let body = || Some(String::from_utf8_lossy(&invocation.body).into_owned());
    match reference.split_once('(') {
        None if reference == "input.body" => Some(body()),
        Some(("input.params", argument)) => Some(parameter(invocation, unquoted(argument))),
        Some(("input.json", argument)) => Some(json(invocation, unquoted(argument))),
        _ => None,
    }
}

fn unquoted(argument: &str) -> &str {
    argument.trim_end_matches(')').trim_matches(['\'', '"'])
}

/// Path, query string, header: in that order.
fn parameter(invocation: &Invocation, name: &str) -> Option<String> {
    let path = invocation.path_parameters.get(name).map(String::as_str);
    path.or_else(|| invocation.query(name))
        .or_else(|| invocation.header(name))
        .map(str::to_owned)
}

fn json(invocation: &Invocation, path: &str) -> Option<String> {
    let body: Value = serde_json::from_slice(&invocation.body).ok()?;
    let names = path
        .trim_start_matches('$')
        .split('.')
        .filter(|name| !name.is_empty());
    Some(
        names
            .into_iter()
            .try_fold(&body, |value, name| value.get(name))?
            .to_string(),
    )
}
