//! Reads.

use std::ops::Bound;

use serde_json::{Value, json};

use crate::Refusal;
use crate::call::Call;
use crate::cluster::{Cluster, key_of};
use crate::store::Key;
use crate::write::Answer;

/// One object, as it was before the last `behind` writes of it.
pub(crate) fn get(cluster: &Cluster, call: &Call, behind: usize) -> Result<Answer, Refusal> {
    if behind == 0 {
        return Ok((200, cluster.find(call)?.clone()));
    }
    let key = key_of(call);
    let version = cluster.store.behind(behind, |other| *other == key);
    let object = cluster.store.as_of(version).remove(&key);
    object
        .map(|object| (200, object))
        .ok_or_else(|| Refusal::not_found(&call.what()))
}

/// A page of the objects that `call` picks, as they were before the last `behind` writes of any of them.
///
/// A list that is continued goes on in the version in which it began.
pub(crate) fn list(cluster: &Cluster, call: &Call, behind: usize) -> Result<Answer, Refusal> {
    if call.parameter("resourceVersionMatch") == Some("Exact") {
        return Err(Refusal::bad_request(
            "local-kube does not list exact versions",
        ));
    }
    let (version, start) = match call.parameter("continue") {
        Some(token) => resume(cluster, call, token)?,
        None => (
            cluster.store.behind(behind, |key| concerns(call, key)),
            Bound::Unbounded,
        ),
    };
    let limit = call.parameter("limit").unwrap_or("0");
    let limit: usize = limit
        .parse()
        .map_err(|_| Refusal::bad_request("limit is no number"))?;
    let objects = cluster.store.as_of(version);
    let mut rest = objects
        .range((start, Bound::Unbounded))
        .filter(|(key, _)| concerns(call, key))
        .peekable();
    let mut items = Vec::new();
    let mut last = None;
    while let Some((key, object)) = rest.next_if(|_| limit == 0 || items.len() < limit) {
        items.push(object);
        last = Some(key);
    }
    let mut metadata = json!({ "resourceVersion": version.to_string() });
    if let (Some(last), Some(_)) = (last, rest.peek()) {
        metadata["continue"] = format!("{version}/{}/{}", last.namespace, last.name).into();
    }
    Ok((200, list_of(call, &metadata, &items)))
}

fn list_of(call: &Call, metadata: &Value, items: &[&Value]) -> Value {
    json!({
        "apiVersion": call.resource.api_version(), "kind": format!("{}List", call.resource.kind),
        "metadata": metadata, "items": items,
    })
}

/// Whether `call` is about what is at `key`, among others.
pub(crate) fn concerns(call: &Call, key: &Key) -> bool {
    key.resource == call.resource.qualified()
        && (call.namespace.is_empty() || call.namespace == key.namespace)
}

fn resume(cluster: &Cluster, call: &Call, token: &str) -> Result<(u64, Bound<Key>), Refusal> {
    let parts: Vec<&str> = token.splitn(3, '/').collect();
    let [version, namespace, name] = *parts else {
        return Err(Refusal::bad_request("continue key is not valid"));
    };
    let version = version
        .parse()
        .map_err(|_| Refusal::bad_request("continue key is not valid"))?;
    if version < cluster.store.oldest() {
        return Err(Refusal::expired(
            "The provided continue parameter is too old to display a consistent list result.",
        ));
    }
    let last = Key {
        resource: call.resource.qualified(),
        namespace: namespace.to_owned(),
        name: name.to_owned(),
    };
    Ok((version, Bound::Excluded(last)))
}
