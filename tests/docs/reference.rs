//! The pages of every field of the resources, from the CRDs' schemas.

use serde_json::{Map, Value};

/// The head of the page of `CachedApi`.
pub const CACHED_API: &str = "\
# CachedApi, field by field

<!-- Generated from src/api by `make docs`. Do not edit. -->

`cachedapi.dev/v1alpha1`, kind `CachedApi`, short name `capi`, namespaced; the object's name has at most 63 characters. `kubectl explain cachedapi.spec` shows the same texts. A field marked `*` is required.
[The user guide](../user-guide.md) says what the fields are good for.
";

/// The head of the page of `AwsAccount`.
pub const AWS_ACCOUNT: &str = "\
# AwsAccount, field by field

<!-- Generated from src/api by `make docs`. Do not edit. -->

`cachedapi.dev/v1alpha1`, kind `AwsAccount`, cluster-scoped. `kubectl explain awsaccount.spec` shows the same texts. A field marked `*` is required.
[Other accounts](../installation.md#other-accounts) says what it is good for.
";

pub fn page(head: &str, parts: &[&str], crd: &Value) -> String {
    let schema = &crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"];
    let mut lines = vec![head.to_owned()];
    for part in parts {
        add_object(&mut lines, part, &schema["properties"][part]);
    }
    lines.join("\n")
}

/// A section for the object at `path`, followed by those of the objects in it.
fn add_object(lines: &mut Vec<String>, path: &str, schema: &Value) {
    lines.push(format!("## `{path}`\n\n{}\n", text(&schema["description"])));
    let empty = Map::new();
    let properties = schema["properties"].as_object().unwrap_or(&empty);
    if !properties.is_empty() {
        lines.push("| field | type | default | meaning |\n|---|---|---|---|".to_owned());
        lines.extend(
            properties
                .iter()
                .map(|(name, property)| row(name, property, is_required(schema, name))),
        );
        lines.push(String::new());
    }
    lines.extend(rules(schema).map(|rule| format!("{rule}.\n")));
    for (name, property) in properties {
        if let Some((suffix, inner)) = inner_object(property) {
            add_object(lines, &format!("{path}.{name}{suffix}"), inner);
        }
    }
}

fn row(name: &str, schema: &Value, required: bool) -> String {
    let star = if required { " *" } else { "" };
    // An object of its own has a section, which says the rest.
    let in_section = schema["properties"].is_object();
    let default = if schema["default"].is_null() || in_section {
        String::new()
    } else {
        format!("`{}`", schema["default"])
    };
    let refusals = rules(schema).filter(|_| !in_section).collect::<Vec<_>>();
    let notes: Vec<String> = limits(schema)
        .iter()
        .chain(&refusals)
        .map(|note| format!(" {note}."))
        .collect();
    let meaning = format!("{}{}", text(&schema["description"]), notes.concat());
    format!(
        "| `{name}`{star} | {} | {} | {} |",
        kind(schema),
        cell(&default),
        cell(&meaning)
    )
}

fn kind(schema: &Value) -> String {
    match schema["type"].as_str().unwrap_or("object") {
        "array" => format!("list of {}", kind(&schema["items"])),
        "object" if schema["additionalProperties"].is_object() => {
            format!("map to {}", kind(&schema["additionalProperties"]))
        }
        "string" if schema["format"] == "date-time" => "time".to_owned(),
        other => other.to_owned(),
    }
}

/// What a value must keep to, as phrases.
fn limits(schema: &Value) -> Vec<String> {
    let values = if schema["type"] == "array" {
        &schema["items"]
    } else {
        schema
    };
    let one_of = values["enum"].as_array().map(|values| {
        format!(
            "one of {}",
            values
                .iter()
                .map(|value| format!("`{}`", text(value)))
                .collect::<Vec<_>>()
                .join(", ")
        )
    });
    let pattern = values["pattern"]
        .as_str()
        .map(|pattern| format!("Matches `{pattern}`"));
    [
        one_of,
        range(schema, "minItems", "maxItems", " entries"),
        range(schema, "minProperties", "maxProperties", " entries"),
        range(values, "minLength", "maxLength", " characters"),
        range(values, "minimum", "maximum", ""),
        pattern,
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn range(schema: &Value, least: &str, most: &str, unit: &str) -> Option<String> {
    let number = |key: &str| schema[key].as_f64();
    match (number(least), number(most)) {
        (None, None) => None,
        (None | Some(0.0), Some(most)) => Some(format!("At most {most}{unit}")),
        (Some(least), None) => (least > 0.0).then(|| format!("At least {least}{unit}")),
        (Some(least), Some(most)) => Some(format!("{least} to {most}{unit}")),
    }
}

/// The API server's refusals, each as a sentence without its full stop.
fn rules(schema: &Value) -> impl Iterator<Item = String> {
    let rules = schema["x-kubernetes-validations"]
        .as_array()
        .into_iter()
        .flatten();
    rules.map(|rule| format!("Refused with \"{}\"", text(&rule["message"])))
}

/// The object that a field holds, and how it is told from the field itself.
fn inner_object(schema: &Value) -> Option<(&'static str, &Value)> {
    [
        ("", schema),
        ("[]", &schema["items"]),
        (".*", &schema["additionalProperties"]),
    ]
    .into_iter()
    .find(|(_, inner)| inner["properties"].is_object())
}

fn is_required(schema: &Value, name: &str) -> bool {
    schema["required"]
        .as_array()
        .is_some_and(|names| names.iter().any(|required| required == name))
}

fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('\n', " ")
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}
