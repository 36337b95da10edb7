//! The CRD's schema, walked.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use cachedapi_operator::api::custom_resource_definition;
use serde_json::Value;

/// A field of the spec.
#[derive(Clone, Debug)]
pub struct Field {
    /// `spec.routes[].path`; the values of a map are `spec.api.stage.variables{}`.
    pub path: String,
    pub schema: Value,
    /// Whether its owner cannot be without it.
    pub required: bool,
}

/// The schema of `spec`.
pub static OF_SPEC: LazyLock<Value> = LazyLock::new(|| {
    let crd = serde_json::to_value(custom_resource_definition()).unwrap();
    crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"].clone()
});

/// Every field of the spec, items of lists and values of maps included.
pub static FIELDS: LazyLock<Vec<Field>> = LazyLock::new(|| {
    let mut found = Vec::new();
    descend("spec", &OF_SPEC, &mut found);
    found
});

fn descend(path: &str, schema: &Value, found: &mut Vec<Field>) {
    let required = required(schema);
    for (name, property) in schema["properties"].as_object().into_iter().flatten() {
        let path = format!("{path}.{name}");
        enter(&path, property, required.contains(name.as_str()), found);
    }
    for (suffix, below) in [
        ("[]", &schema["items"]),
        ("{}", &schema["additionalProperties"]),
    ] {
        if below.is_object() {
            enter(&format!("{path}{suffix}"), below, false, found);
        }
    }
}

fn enter(path: &str, schema: &Value, required: bool, found: &mut Vec<Field>) {
    found.push(Field {
        path: path.to_owned(),
        schema: schema.clone(),
        required,
    });
    descend(path, schema, found);
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
