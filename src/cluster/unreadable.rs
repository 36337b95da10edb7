use kube::api::{ApiResource, DynamicObject, Patch, PatchParams};
use kube::{Api, ResourceExt};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::api::{CachedApi, CachedApiStatus, Condition, MANAGER};
use crate::model::Violation;
use crate::plan::Failure;

use super::{Cluster, call};

/// An object that has not the shape of a `CachedApi`: an older CRD, or none of its rules, let it in.
pub struct Unreadable {
    api: Api<DynamicObject>,
    object: DynamicObject,
}

impl Cluster {
    /// Reads an object as it is stored, whatever its shape.
    pub async fn read_as_stored(&self, namespace: &str, name: &str) -> Result<Unreadable, Failure> {
        let kind = ApiResource::erase::<CachedApi>(&());
        let api: Api<DynamicObject> = Api::namespaced_with(self.client.clone(), namespace, &kind);
        let object = call("kubernetes:GetCachedApi", api.get(name)).await?;
        Ok(Unreadable { api, object })
    }
}

impl Unreadable {
    /// `metadata.generation`.
    #[must_use]
    pub fn generation(&self) -> i64 {
        self.object.metadata.generation.unwrap_or_default()
    }

    /// Whether its deletion was asked for.
    #[must_use]
    pub const fn is_deleting(&self) -> bool {
        self.object.metadata.deletion_timestamp.is_some()
    }

    /// The conditions of its status, as far as they can be read.
    #[must_use]
    pub fn conditions(&self) -> Vec<Condition> {
        let stored = self.object.data["status"]["conditions"].as_array();
        let readable = stored.into_iter().flatten().map(Condition::deserialize);
        readable.flatten().collect()
    }

    /// The first field that cannot be read, and what to do. `None` when the object can be read after all.
    #[must_use]
    pub fn mistake(&self) -> Option<Violation> {
        let stored = serde_json::to_value(&self.object).unwrap_or_default();
        mistake(stored)
    }

    /// Puts conditions and generation of `status` in place of the stored ones and leaves the rest alone. A merge patch: server-side apply would
    /// need the rest to have the shape that it has not.
    pub async fn patch_conditions(&self, status: &CachedApiStatus) -> Result<(), Failure> {
        let patch = json!({
            "metadata": {"resourceVersion": self.object.resource_version()},
            "status": {"observedGeneration": status.observed_generation, "conditions": status.conditions},
        });
        let parameters = PatchParams {
            field_manager: Some(MANAGER.into()),
            ..PatchParams::default()
        };
        let (name, patch) = (self.object.name_any(), Patch::Merge(patch));
        let answer = self.api.patch_status(&name, &parameters, &patch);
        call("kubernetes:PatchStatus", answer).await.map(drop)
    }
}

fn mistake(stored: Value) -> Option<Violation> {
    let error = serde_path_to_error::deserialize::<_, CachedApi>(stored).err()?;
    let problem = format!(
        "{}; the operator cannot read the object and leaves it and what it has in AWS alone, also when it is deleted: put the field right as `kubectl explain` describes it",
        error.inner()
    );
    Some(Violation::new(error.path().to_string(), problem))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stored(change: fn(&mut Value)) -> Value {
        let mut spec = crate::fixtures::spec_json();
        change(&mut spec);
        json!({"apiVersion": "cachedapi.dev/v1alpha1", "kind": "CachedApi", "metadata": {"name": "orders"}, "spec": spec})
    }

    type Case = (&'static str, fn(&mut Value));

    #[test]
    fn the_field_that_cannot_be_read_is_named_with_what_it_should_be() {
        let cases: [Case; 3] = [
            (
                "spec.routes[0].backend.timeoutMillis: invalid type: string \"soon\", expected u32; ",
                |spec| {
                    spec["routes"][0]["backend"]["timeoutMillis"] = json!("soon");
                },
            ),
            ("spec.routes[0]: missing field `auth`; ", |spec| {
                drop(spec["routes"][0].as_object_mut().unwrap().remove("auth"));
            }),
            (
                "spec.routes[0].method: unknown variant `FETCH`, expected one of ",
                |spec| {
                    spec["routes"][0]["method"] = json!("FETCH");
                },
            ),
        ];
        for (expected, change) in cases {
            let found = mistake(stored(change)).unwrap().to_string();
            assert!(found.starts_with(expected), "{found}");
        }
        assert_eq!(mistake(stored(|_| {})), None);
    }
}
