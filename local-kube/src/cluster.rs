//! All there is, under one lock.

use serde_json::{Value, json};
use uuid::Uuid;

use crate::call::Call;
use crate::resource::{self, Resource};
use crate::store::{Key, Store};
use crate::{Refusal, collect};

/// Kinds and objects.
#[derive(Clone, Debug)]
pub(crate) struct Cluster {
    pub(crate) resources: Vec<Resource>,
    pub(crate) store: Store,
    /// How often all watches were closed.
    pub(crate) closed: u64,
    seed: u64,
    drawn: u64,
}

impl Cluster {
    /// A new cluster with its first namespaces.
    pub(crate) fn new(seed: u64, created: &str) -> Self {
        let mut cluster = Self {
            resources: resource::built_in(),
            store: Store::default(),
            closed: 0,
            seed,
            drawn: 0,
        };
        for name in ["default", "kube-system"] {
            let uid = cluster.draw_uid();
            let namespace = json!({
                "apiVersion": "v1", "kind": "Namespace",
                "metadata": {"name": name, "uid": uid, "creationTimestamp": created},
                "spec": {"finalizers": ["kubernetes"]}, "status": {"phase": "Active"},
            });
            cluster.store.put(namespace_key(name), namespace);
        }
        cluster
    }

    /// The next UID; the same seed gives the same ones.
    pub(crate) fn draw_uid(&mut self) -> String {
        self.drawn += 1;
        let name = format!("local-kube/{}/{}", self.seed, self.drawn);
        Uuid::new_v5(&Uuid::NAMESPACE_OID, name.as_bytes()).to_string()
    }

    /// The object that `call` is about.
    pub(crate) fn find(&self, call: &Call) -> Result<&Value, Refusal> {
        let found = self.store.objects().get(&key_of(call));
        found.ok_or_else(|| Refusal::not_found(&call.what()))
    }

    /// Replaces `old` by `new`, unless they say the same. What was marked for deletion goes with its last finalizer.
    pub(crate) fn persist(&mut self, key: Key, old: &Value, new: Value) -> Value {
        if says_the_same(old, &new) {
            return old.clone();
        }
        if collect::is_deleting(&new) && collect::finalizers(&new).is_empty() {
            return self.store.remove(&key, new);
        }
        self.store.put(key, new)
    }
}

/// Where the object of `call` is.
pub(crate) fn key_of(call: &Call) -> Key {
    Key {
        resource: call.resource.qualified(),
        namespace: call.namespace.clone(),
        name: call.name.clone(),
    }
}

/// Where the namespace `name` is.
pub(crate) fn namespace_key(name: &str) -> Key {
    Key {
        resource: "namespaces".to_owned(),
        namespace: String::new(),
        name: name.to_owned(),
    }
}

/// Whether a write changes nothing: an API server then keeps the version. When a field was applied is no change.
fn says_the_same(old: &Value, new: &Value) -> bool {
    let bare = |object: &Value| {
        let mut object = object.clone();
        if let Some(metadata) = object["metadata"].as_object_mut() {
            metadata.remove("resourceVersion");
        }
        let entries = object["metadata"]["managedFields"].as_array_mut();
        for entry in entries.into_iter().flatten() {
            entry["time"] = Value::Null;
        }
        object
    };
    bare(old) == bare(new)
}
