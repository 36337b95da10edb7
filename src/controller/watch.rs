use std::hash::{DefaultHasher, Hash, Hasher};

use futures::{Stream, TryStreamExt};
use kube::core::DeserializeGuard;
use kube::runtime::reflector::Store;
use kube::runtime::{PredicateConfig, WatchStreamExt, reflector, watcher};
use kube::{Api, Client, Resource, ResourceExt};

use crate::api::{
    ANNOTATION_PAUSED, ANNOTATION_RECONCILE, ANNOTATION_REVOKE, ANNOTATION_ROTATE, CachedApi,
};

/// An object as the API server has it. One that has not the shape of a `CachedApi` is carried along, so that it does not stop the watch.
pub type Guarded = DeserializeGuard<CachedApi>;

/// The objects of `namespace`, or of all namespaces, each time that something changed that we act on. `gone` hears of those that were deleted.
pub fn watch(
    client: &Client,
    namespace: Option<&str>,
    gone: impl Fn(&Guarded) + Send + 'static,
) -> (
    impl Stream<Item = watcher::Result<Guarded>> + Send + 'static,
    Store<Guarded>,
) {
    let api: Api<Guarded> = namespace.map_or_else(
        || Api::all(client.clone()),
        |namespace| Api::namespaced(client.clone(), namespace),
    );
    let (reader, writer) = reflector::store();
    let objects = watcher(api, watcher::Config::default())
        .default_backoff()
        .inspect_ok(move |event| {
            if let watcher::Event::Delete(object) = event {
                gone(object);
            }
        })
        .modify(|object| object.managed_fields_mut().clear())
        .reflect(writer)
        .applied_objects()
        .predicate_filter(what_we_act_on, PredicateConfig::default());
    (objects, reader)
}

/// Tells apart what we act on: everything but the status, which we write ourselves, and metadata that means nothing to us.
#[allow(clippy::unnecessary_wraps)] // The form of a predicate.
fn what_we_act_on(object: &Guarded) -> Option<u64> {
    let metadata = object.meta();
    let annotation = |name| object.annotations().get(name);
    let mut hasher = DefaultHasher::new();
    let facts = (
        metadata.generation,
        metadata.deletion_timestamp.is_some(),
        annotation(ANNOTATION_PAUSED),
        annotation(ANNOTATION_RECONCILE),
        annotation(ANNOTATION_ROTATE),
        annotation(ANNOTATION_REVOKE),
    );
    facts.hash(&mut hasher);
    Some(hasher.finish())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn told_apart(change: Value) -> bool {
        let object = json!({"apiVersion": "cachedapi.dev/v1alpha1", "kind": "CachedApi", "metadata": {"name": "orders", "generation": 1}});
        let mut changed = object.clone();
        json_merge(&mut changed, change);
        let [before, after] = [object, changed]
            .map(|object| what_we_act_on(&serde_json::from_value(object).unwrap()));
        before != after
    }

    fn json_merge(into: &mut Value, from: Value) {
        match (into, from) {
            (Value::Object(into), Value::Object(from)) => {
                from.into_iter().for_each(|(key, value)| {
                    json_merge(into.entry(key).or_insert(Value::Null), value);
                });
            }
            (into, from) => *into = from,
        }
    }

    #[test]
    fn what_people_change_is_seen_and_what_we_write_is_not() {
        for (reason, change, seen) in [
            ("the spec", json!({"metadata": {"generation": 2}}), true),
            (
                "pause",
                json!({"metadata": {"annotations": {ANNOTATION_PAUSED: "true"}}}),
                true,
            ),
            (
                "a request",
                json!({"metadata": {"annotations": {ANNOTATION_RECONCILE: "now"}}}),
                true,
            ),
            (
                "a request to rotate",
                json!({"metadata": {"annotations": {ANNOTATION_ROTATE: "2026-11-25T12:00:00Z"}}}),
                true,
            ),
            (
                "a request to revoke",
                json!({"metadata": {"annotations": {ANNOTATION_REVOKE: "2026-11-25T12:00:00Z"}}}),
                true,
            ),
            (
                "deletion",
                json!({"metadata": {"deletionTimestamp": "2026-01-01T00:00:00Z"}}),
                true,
            ),
            (
                "our finalizer",
                json!({"metadata": {"finalizers": ["cachedapi.dev/cleanup"]}}),
                false,
            ),
            (
                "our status",
                json!({"metadata": {"resourceVersion": "7"}, "status": {"observedGeneration": 1}}),
                false,
            ),
            (
                "another's annotation",
                json!({"metadata": {"annotations": {"argocd.argoproj.io/sync-wave": "1"}}}),
                false,
            ),
        ] {
            assert_eq!(told_apart(change), seen, "{reason}");
        }
    }
}
