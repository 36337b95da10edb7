//! Server-side apply: <https://kubernetes.io/docs/reference/using-api/server-side-apply/>.
//!
//! Fields are owned one by one through objects; a list is one field, also where a schema gives it keys. Only appliers own: what was
//! written by update or merge patch belongs to nobody and is no conflict.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use crate::Refusal;
use crate::call::Call;
use crate::merge::merge;

/// Names from the object down to a field.
type Path = Vec<String>;

/// What `old` becomes when `call` applies its body, with who owns what from then on in `metadata.managedFields`.
pub(crate) fn apply(call: &Call, old: &Value, now: &str) -> Result<Value, Refusal> {
    if call.parameter("fieldManager").is_none_or(str::is_empty) {
        return Err(Refusal::bad_request(
            "PatchOptions.meta.k8s.io is invalid: fieldManager: Required value: is required for apply patch",
        ));
    }
    let applied = fields_applied(call);
    let mut owners = Owners::of(old, call);
    let wanted = leaves(&applied);
    let contested = owners.contested(old, &applied, &wanted);
    if !contested.is_empty() && call.parameter("force") != Some("true") {
        return Err(conflict(&contested));
    }
    let given_up: Vec<Path> = owners.own.difference(&wanted).cloned().collect();
    let mut new = old.clone();
    for path in given_up.iter().filter(|path| !owners.is_others(path)) {
        remove(&mut new, path);
    }
    merge(&mut new, &applied);
    owners.own = wanted;
    new["metadata"]["managedFields"] = owners.into_managed_fields(&contested, now);
    Ok(new)
}

/// The part of the body that is applied.
fn fields_applied(call: &Call) -> Value {
    let mut body = call.body.clone();
    if call.status {
        return json!({ "status": body["status"] });
    }
    if let Some(fields) = body.as_object_mut() {
        fields.remove("apiVersion");
        fields.remove("kind");
        if call.resource.status {
            fields.remove("status");
        }
    }
    if let Some(metadata) = body["metadata"].as_object_mut() {
        for field in [
            "name",
            "namespace",
            "uid",
            "resourceVersion",
            "managedFields",
        ] {
            metadata.remove(field);
        }
        if metadata.is_empty() {
            body.as_object_mut().map(|fields| fields.remove("metadata"));
        }
    }
    body
}

fn conflict(contested: &BTreeSet<(String, Path)>) -> Refusal {
    let fields: Vec<String> = contested
        .iter()
        .map(|(manager, path)| format!("conflict with {manager:?}: .{}", path.join(".")))
        .collect();
    let message = format!(
        "Apply failed with {} conflict(s): {}",
        fields.len(),
        fields.join("; ")
    );
    Refusal::new(409, "Conflict", message)
}

/// Who owns which fields.
struct Owners {
    /// The applier's entry, without its fields.
    entry: Value,
    own: BTreeSet<Path>,
    others: Vec<(Value, BTreeSet<Path>)>,
}

impl Owners {
    fn of(object: &Value, call: &Call) -> Self {
        let mut entry = json!({
            "manager": call.manager(), "operation": "Apply", "apiVersion": call.resource.api_version(), "fieldsType": "FieldsV1",
        });
        if call.status {
            entry["subresource"] = "status".into();
        }
        let is_own = |other: &Value| {
            ["manager", "subresource"]
                .iter()
                .all(|field| other[field] == entry[field])
        };
        let entries = object["metadata"]["managedFields"].as_array();
        let entries = entries
            .into_iter()
            .flatten()
            .map(|entry| (entry.clone(), owned(&entry["fieldsV1"])));
        let (own, others): (Vec<_>, Vec<_>) = entries.partition(|(entry, _)| is_own(entry));
        Self {
            own: own.into_iter().flat_map(|(_, fields)| fields).collect(),
            others,
            entry,
        }
    }

    /// Fields that others own and that would get another value.
    fn contested(
        &self,
        old: &Value,
        applied: &Value,
        wanted: &BTreeSet<Path>,
    ) -> BTreeSet<(String, Path)> {
        let changed = |path: &&Path| find(old, path) != find(applied, path);
        self.others
            .iter()
            .flat_map(|(entry, fields)| {
                let manager = entry["manager"].as_str().unwrap_or_default();
                fields
                    .intersection(wanted)
                    .filter(changed)
                    .map(|path| (manager.to_owned(), path.clone()))
            })
            .collect()
    }

    fn is_others(&self, path: &Path) -> bool {
        self.others.iter().any(|(_, fields)| fields.contains(path))
    }

    /// The entries, without the fields that were taken from others.
    fn into_managed_fields(self, taken: &BTreeSet<(String, Path)>, now: &str) -> Value {
        let mut own = self.entry;
        own["time"] = now.into();
        own["fieldsV1"] = tree(&self.own);
        let others = self.others.into_iter().map(|(mut entry, mut fields)| {
            let manager = entry["manager"].as_str().unwrap_or_default().to_owned();
            fields.retain(|path| !taken.contains(&(manager.clone(), path.clone())));
            entry["fieldsV1"] = tree(&fields);
            entry
        });
        let entries = others.chain([own]);
        entries
            .filter(|entry| entry["fieldsV1"].as_object().is_some_and(|f| !f.is_empty()))
            .collect()
    }
}

/// The fields of `value` that are not objects, or are empty ones.
fn leaves(value: &Value) -> BTreeSet<Path> {
    let mut found = BTreeSet::new();
    descend(value, &mut Vec::new(), &mut found, &|name| name.to_owned());
    found
}

/// The fields that stand in `fieldsV1`.
fn owned(fields: &Value) -> BTreeSet<Path> {
    let mut found = BTreeSet::new();
    let bare = |name: &str| name.trim_start_matches("f:").to_owned();
    descend(fields, &mut Vec::new(), &mut found, &bare);
    found
}

fn descend(
    value: &Value,
    path: &mut Path,
    found: &mut BTreeSet<Path>,
    name: &impl Fn(&str) -> String,
) {
    match value.as_object().filter(|fields| !fields.is_empty()) {
        Some(fields) => {
            for (field, value) in fields {
                path.push(name(field));
                descend(value, path, found, name);
                path.pop();
            }
        }
        None if !path.is_empty() => {
            found.insert(path.clone());
        }
        None => {}
    }
}

/// `fieldsV1` of these fields.
fn tree(fields: &BTreeSet<Path>) -> Value {
    let mut tree = Value::Object(Map::new());
    for path in fields {
        let branch = path.iter().rev().fold(json!({}), |inner, field| {
            let mut fields = Map::new();
            fields.insert(format!("f:{field}"), inner);
            Value::Object(fields)
        });
        merge(&mut tree, &branch);
    }
    tree
}

fn find<'a>(value: &'a Value, path: &Path) -> Option<&'a Value> {
    path.iter().try_fold(value, |value, field| value.get(field))
}

/// Removes a field, and the objects that it leaves empty.
fn remove(value: &mut Value, path: &[String]) {
    let (Some(fields), [field, rest @ ..]) = (value.as_object_mut(), path) else {
        return;
    };
    if let (Some(inner), false) = (fields.get_mut(field), rest.is_empty()) {
        remove(inner, rest);
        if inner.as_object().is_none_or(|left| !left.is_empty()) {
            return;
        }
    }
    fields.remove(field);
}
