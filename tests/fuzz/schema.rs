//! The CRD's schema, walked.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use cachedapi_operator::api::custom_resource_definition;
use serde_json::Value;

/// The schema of `spec`.
pub static OF_SPEC: LazyLock<Value> = LazyLock::new(|| {
    let crd = serde_json::to_value(custom_resource_definition()).unwrap();
    crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"].clone()
});

/// Paths of all fields of the spec, items of lists (`spec.routes[].path`) and values of maps (`spec.api.stage.variables{}`) included.
pub static FIELDS: LazyLock<Vec<String>> = LazyLock::new(|| {
    let mut found = Vec::new();
    descend("spec", &OF_SPEC, &mut found);
    found
});

fn descend(path: &str, schema: &Value, found: &mut Vec<String>) {
    for (name, property) in schema["properties"].as_object().into_iter().flatten() {
        enter(format!("{path}.{name}"), property, found);
    }
    for (suffix, below) in [
        ("[]", &schema["items"]),
        ("{}", &schema["additionalProperties"]),
    ] {
        if below.is_object() {
            enter(format!("{path}{suffix}"), below, found);
        }
    }
}

fn enter(path: String, schema: &Value, found: &mut Vec<String>) {
    descend(&path, schema, found);
    found.push(path);
}

/// Names of the properties that cannot be missing.
pub fn required(schema: &Value) -> BTreeSet<&str> {
    let required = schema["required"].as_array();
    required
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect()
}

/// A bound of a number; the schema spells it as `50.0`.
pub fn bound(schema: &Value, name: &str) -> i64 {
    let text = schema[name].to_string();
    text.trim_end_matches(".0").parse().unwrap()
}
