//! Writes.

use serde_json::{Map, Value, json};

use crate::call::{Call, Verb};
use crate::cluster::{Cluster, key_of, namespace_key};
use crate::collect::{collect, delete, ends_something, finalizers, is_deleting};
use crate::merge::merge;
use crate::{Refusal, answer, apply};

/// HTTP status and body of an answer.
pub(crate) type Answer = (u16, Value);

/// Metadata that a client cannot set.
const SERVERS_OWN: [&str; 7] = [
    "uid",
    "creationTimestamp",
    "deletionTimestamp",
    "deletionGracePeriodSeconds",
    "generation",
    "managedFields",
    "resourceVersion",
];

/// Carries out a write, with what follows from it. `now` is the time as metadata spells it.
pub(crate) fn write(cluster: &mut Cluster, call: &Call, now: &str) -> Result<Answer, Refusal> {
    let answer = match call.verb {
        Verb::Create => create(cluster, call, call.body.clone(), now),
        Verb::Update => update(cluster, call),
        Verb::Delete => remove(cluster, call, now),
        _ => patch(cluster, call, now),
    };
    if let Ok((_, object)) = &answer
        && (call.verb == Verb::Delete || ends_something(object))
    {
        collect(cluster, now);
    }
    answer
}

fn create(
    cluster: &mut Cluster,
    call: &Call,
    mut object: Value,
    now: &str,
) -> Result<Answer, Refusal> {
    admit(cluster, call, &object)?;
    let managed = object["metadata"]["managedFields"].take();
    if let Some(metadata) = object["metadata"].as_object_mut() {
        metadata.retain(|field, _| !SERVERS_OWN.contains(&field.as_str()));
    }
    let uid = cluster.draw_uid();
    merge(
        &mut object,
        &json!({"metadata": {"uid": uid, "creationTimestamp": now}}),
    );
    if call.resource.namespaced {
        object["metadata"]["namespace"] = call.namespace.clone().into();
    }
    if call.resource.status {
        object["metadata"]["generation"] = 1.into();
        set(&mut object, "status", &Value::Null);
    }
    if call.resource.plural == "namespaces" {
        merge(
            &mut object,
            &json!({"spec": {"finalizers": ["kubernetes"]}, "status": {"phase": "Active"}}),
        );
    }
    set(&mut object["metadata"], "managedFields", &managed);
    Ok((201, cluster.store.put(key_of(call), object)))
}

fn admit(cluster: &Cluster, call: &Call, object: &Value) -> Result<(), Refusal> {
    let objects = cluster.store.objects();
    if call.name.is_empty() {
        return Err(Refusal::invalid(
            &call.what(),
            "metadata.name: Required value",
        ));
    }
    if call.resource.namespaced {
        let namespace = &call.namespace;
        let named = &object["metadata"]["namespace"];
        if !named.is_null() && named.as_str() != Some(namespace) {
            return Err(Refusal::bad_request(
                "the namespace of the provided object does not match the namespace sent on the request",
            ));
        }
        let found = objects.get(&namespace_key(namespace));
        let found =
            found.ok_or_else(|| Refusal::not_found(&format!("namespaces {namespace:?}")))?;
        if is_deleting(found) {
            return Err(Refusal::forbidden(format!(
                "{} is forbidden: unable to create new content in namespace {namespace} because it is being terminated",
                call.what()
            )));
        }
    }
    if objects.contains_key(&key_of(call)) {
        let message = format!("{} already exists", call.what());
        return Err(Refusal::new(409, "AlreadyExists", message));
    }
    Ok(())
}

fn update(cluster: &mut Cluster, call: &Call) -> Result<Answer, Refusal> {
    let old = cluster.find(call)?.clone();
    // The core group allows updates without a version; custom resources, leases and most others do not.
    if call.body["metadata"]["resourceVersion"].is_null() && !call.resource.group.is_empty() {
        return Err(Refusal::invalid(
            &call.what(),
            "metadata.resourceVersion: must be specified for an update",
        ));
    }
    let new = revise(call, &old, call.body.clone())?;
    Ok((200, cluster.persist(key_of(call), &old, new)))
}

fn patch(cluster: &mut Cluster, call: &Call, now: &str) -> Result<Answer, Refusal> {
    match call.content_type.as_str() {
        "application/merge-patch+json" => {
            let old = cluster.find(call)?.clone();
            let mut new = old.clone();
            merge(&mut new, &call.body);
            let new = revise(call, &old, new)?;
            Ok((200, cluster.persist(key_of(call), &old, new)))
        }
        "application/apply-patch+yaml" => patch_by_apply(cluster, call, now),
        other => Err(Refusal::new(
            415,
            "UnsupportedMediaType",
            format!("local-kube does not know patches of type {other:?}"),
        )),
    }
}

fn patch_by_apply(cluster: &mut Cluster, call: &Call, now: &str) -> Result<Answer, Refusal> {
    let Ok(old) = cluster.find(call).cloned() else {
        if call.status || call.body["metadata"]["resourceVersion"].is_string() {
            return Err(Refusal::not_found(&call.what()));
        }
        if let Some(uid) = call.body["metadata"]["uid"].as_str() {
            return Err(Refusal::conflict(
                &call.what(),
                &format!(
                    "uid mismatch: the provided object specified uid {uid}, and no existing object was found"
                ),
            ));
        }
        let blank = json!({"apiVersion": call.resource.api_version(), "kind": call.resource.kind, "metadata": {"name": call.name}});
        let new = apply::apply(call, &blank, now)?;
        return create(cluster, call, new, now);
    };
    check_version(call, &old, &call.body)?;
    let applied = apply::apply(call, &old, now)?;
    let managed = applied["metadata"]["managedFields"].clone();
    let mut new = revise(call, &old, applied)?;
    set(&mut new["metadata"], "managedFields", &managed);
    Ok((200, cluster.persist(key_of(call), &old, new)))
}

fn remove(cluster: &mut Cluster, call: &Call, now: &str) -> Result<Answer, Refusal> {
    let old = cluster.find(call)?.clone();
    let policy = call.body["propagationPolicy"].as_str();
    if !matches!(policy, None | Some("Background")) {
        return Err(Refusal::bad_request(
            "local-kube deletes in the background only",
        ));
    }
    let expected = json!({ "metadata": call.body["preconditions"] });
    check_version(call, &old, &expected)?;
    let last = delete(cluster, &key_of(call), now).unwrap_or(old);
    let answer = if is_deleting(&last) {
        last
    } else {
        answer::deleted(&last)
    };
    Ok((200, answer))
}

/// What `old` becomes when a client wants `new`: its status only, or all but its status and what is the server's own.
fn revise(call: &Call, old: &Value, new: Value) -> Result<Value, Refusal> {
    check_version(call, old, &new)?;
    if call.status {
        let mut revised = old.clone();
        set(&mut revised, "status", &new["status"]);
        return Ok(revised);
    }
    let mut revised = new;
    for field in SERVERS_OWN.into_iter().chain(["name", "namespace"]) {
        set(&mut revised["metadata"], field, &old["metadata"][field]);
    }
    if is_deleting(old) && !finalizers(&revised).is_subset(&finalizers(old)) {
        return Err(Refusal::invalid(
            &call.what(),
            "metadata.finalizers: Forbidden: no new finalizers can be added if the object is being deleted",
        ));
    }
    if call.resource.status {
        set(&mut revised, "status", &old["status"]);
        if content(&revised) != content(old) {
            let generation = old["metadata"]["generation"].as_i64().unwrap_or(0);
            revised["metadata"]["generation"] = (generation + 1).into();
        }
    }
    Ok(revised)
}

/// Refuses when `expected` names a version or a UID that `old` does not have.
fn check_version(call: &Call, old: &Value, expected: &Value) -> Result<(), Refusal> {
    let differs = |field: &str| {
        let expected = expected["metadata"][field].as_str().unwrap_or_default();
        !expected.is_empty() && Some(expected) != old["metadata"][field].as_str()
    };
    if differs("uid") {
        return Err(Refusal::conflict(
            &call.what(),
            "Precondition failed: UID in precondition does not match the UID in object meta",
        ));
    }
    if differs("resourceVersion") {
        return Err(Refusal::modified(&call.what()));
    }
    Ok(())
}

/// What counts as a generation: all but metadata and status.
fn content(object: &Value) -> Map<String, Value> {
    let mut content = object.as_object().cloned().unwrap_or_default();
    content.remove("metadata");
    content.remove("status");
    content
}

/// Sets a field, or removes it when `value` is `null`.
fn set(object: &mut Value, field: &str, value: &Value) {
    let Some(fields) = object.as_object_mut() else {
        return;
    };
    if value.is_null() {
        fields.remove(field);
    } else {
        fields.insert(field.to_owned(), value.clone());
    }
}
