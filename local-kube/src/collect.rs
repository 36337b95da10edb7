//! What follows from a write: garbage collection, and the end of namespaces.
//!
//! Both happen in the same step as the write that they follow from, where a real cluster takes a moment.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::cluster::{Cluster, namespace_key};
use crate::store::Key;

/// Deletes what has lost its owners and what is in namespaces that are being deleted, until there is nothing more to delete.
pub(crate) fn collect(cluster: &mut Cluster, now: &str) {
    loop {
        let doomed = doomed(cluster);
        let ended = ended(cluster);
        if doomed.is_empty() && ended.is_empty() {
            return;
        }
        for key in doomed {
            delete(cluster, &key, now);
        }
        for (key, last) in ended {
            cluster.store.remove(&key, last);
        }
    }
}

/// Marks an object for deletion, or deletes it if nobody holds it. Returns what it was last.
pub(crate) fn delete(cluster: &mut Cluster, key: &Key, now: &str) -> Option<Value> {
    let object = cluster.store.objects().get(key)?.clone();
    if is_deleting(&object) {
        return Some(object);
    }
    if finalizers(&object).is_empty() && key.resource != "namespaces" {
        return Some(cluster.store.remove(key, object));
    }
    let mut marked = object;
    marked["metadata"]["deletionTimestamp"] = now.into();
    marked["metadata"]["deletionGracePeriodSeconds"] = 0.into();
    // As registry.BeforeDelete does for what has generations.
    if let Some(generation) = marked["metadata"]["generation"].as_i64() {
        marked["metadata"]["generation"] = (generation + 1).into();
    }
    if key.resource == "namespaces" {
        marked["status"] = json!({"phase": "Terminating"});
    }
    Some(cluster.store.put(key.clone(), marked))
}

/// Whether a write that leaves `object` can have ended anything: nobody may hold it any more, or its owners may be gone. Whatever else is written, nothing
/// follows from it, and most writes are such.
pub(crate) fn ends_something(object: &Value) -> bool {
    is_deleting(object) || object["metadata"]["ownerReferences"].is_array()
}

/// Whether the object is marked for deletion.
pub(crate) fn is_deleting(object: &Value) -> bool {
    object["metadata"]["deletionTimestamp"].is_string()
}

/// The object's finalizers.
pub(crate) fn finalizers(object: &Value) -> BTreeSet<&str> {
    let finalizers = object["metadata"]["finalizers"].as_array();
    finalizers
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect()
}

/// Objects that are to be deleted and are not yet marked.
fn doomed(cluster: &Cluster) -> Vec<Key> {
    let objects = cluster.store.objects();
    let uids: BTreeSet<&str> = objects
        .values()
        .filter_map(|object| object["metadata"]["uid"].as_str())
        .collect();
    let orphaned = |object: &Value| {
        let owners = object["metadata"]["ownerReferences"].as_array();
        let mut owners = owners
            .into_iter()
            .flatten()
            .filter_map(|owner| owner["uid"].as_str())
            .peekable();
        owners.peek().is_some() && !owners.any(|owner| uids.contains(owner))
    };
    let leaving = |key: &Key| {
        !key.namespace.is_empty()
            && objects
                .get(&namespace_key(&key.namespace))
                .is_none_or(is_deleting)
    };
    objects
        .iter()
        .filter(|(key, object)| !is_deleting(object) && (orphaned(object) || leaving(key)))
        .map(|(key, _)| key.clone())
        .collect()
}

/// Namespaces that are being deleted and are empty.
fn ended(cluster: &Cluster) -> Vec<(Key, Value)> {
    let objects = cluster.store.objects();
    let empty = |name: &str| objects.keys().all(|key| key.namespace != name);
    objects
        .iter()
        .filter(|(key, object)| {
            key.resource == "namespaces" && is_deleting(object) && empty(&key.name)
        })
        .map(|(key, object)| (key.clone(), object.clone()))
        .collect()
}
