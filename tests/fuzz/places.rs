//! Places in JSON: pointers (`/routes/0/path`) and, in a spec, fields as people write them (`spec.routes[0].path`).

use serde_json::{Value, json};

/// JSON pointers of the value and of everything in it.
pub fn places(value: &Value) -> Vec<String> {
    let mut found = Vec::new();
    collect(String::new(), value, &mut found);
    found
}

fn collect(at: String, value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                let name = name.replace('~', "~0").replace('/', "~1");
                collect(format!("{at}/{name}"), value, found);
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                collect(format!("{at}/{index}"), item, found);
            }
        }
        _ => {}
    }
    found.push(at);
}

/// Writes a field of a spec; what it is in is made where it is missing.
pub fn put(spec: &mut Value, field: &str, value: Value) {
    let pointer = pointer(field);
    let mut at = spec;
    for part in pointer.split('/').skip(1) {
        at = match part.parse::<usize>() {
            Ok(index) => {
                let mut items = at.as_array().cloned().unwrap_or_default();
                items.resize(items.len().max(index + 1), json!({}));
                *at = items.into();
                &mut at[index]
            }
            Err(_) => &mut at[part],
        };
    }
    *at = value;
}

/// Takes a field out of a spec, if it is there.
pub fn take(spec: &mut Value, field: &str) {
    take_at(spec, &pointer(field));
}

/// Takes out what is at a pointer, if it is there.
pub fn take_at(value: &mut Value, pointer: &str) {
    let Some((owner, name)) = pointer.rsplit_once('/') else {
        return;
    };
    match (value.pointer_mut(owner), name.parse::<usize>()) {
        (Some(Value::Array(items)), Ok(index)) if index < items.len() => drop(items.remove(index)),
        (Some(Value::Object(fields)), _) => {
            drop(fields.remove(&name.replace("~1", "/").replace("~0", "~")));
        }
        _ => {}
    }
}

fn pointer(field: &str) -> String {
    let field = field.replace('[', ".").replace(']', "");
    field
        .split_once('.')
        .map_or_else(String::new, |(_, below)| {
            format!("/{}", below.replace('.', "/"))
        })
}
