use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use kube::api::{Patch, PatchParams};
use kube::{Api, Resource, ResourceExt};
use serde_json::{Value, json};

use crate::api::{CachedApi, CachedApiStatus, FINALIZER, Intent, MANAGER};
use crate::plan::Failure;

use super::{Cluster, call, failure, within_deadline};

/// The object of a reconcile: as it was last read or written, and the version that the next write is checked against.
pub struct Subject {
    api: Api<CachedApi>,
    object: CachedApi,
    generation: i64,
}

impl Subject {
    /// The subject that `object`, as read, is.
    #[must_use]
    pub fn new(cluster: &Cluster, object: CachedApi) -> Self {
        Self {
            api: cluster.objects(&object.namespace().unwrap_or_default()),
            generation: object.metadata.generation.unwrap_or_default(),
            object,
        }
    }

    /// The object.
    #[must_use]
    pub const fn object(&self) -> &CachedApi {
        &self.object
    }

    /// The generation that the reconcile is for. The object may be of a later one by now: the answer to each write shows it as it is, with
    /// edits that came in between, of which nobody here knows anything yet.
    #[must_use]
    pub const fn generation(&self) -> i64 {
        self.generation
    }

    /// What the object's status said last.
    #[must_use]
    pub const fn status(&self) -> Option<&CachedApiStatus> {
        self.object.status.as_ref()
    }

    /// Puts our finalizer on the object, if it is not there.
    pub async fn add_finalizer(&mut self) -> Result<(), Failure> {
        if self
            .object
            .finalizers()
            .iter()
            .any(|finalizer| finalizer == FINALIZER)
        {
            return Ok(());
        }
        let mut finalizers = self.object.finalizers().to_vec();
        finalizers.push(FINALIZER.into());
        self.patch_finalizers("kubernetes:AddFinalizer", &finalizers)
            .await
    }

    /// Takes our finalizer off the object, which then goes.
    pub async fn remove_finalizer(&mut self) -> Result<(), Failure> {
        let kept: Vec<String> = self
            .object
            .finalizers()
            .iter()
            .filter(|finalizer| *finalizer != FINALIZER)
            .cloned()
            .collect();
        self.patch_finalizers("kubernetes:RemoveFinalizer", &kept)
            .await
    }

    /// A merge patch that carries the version: lists are replaced as a whole, so another's finalizer must not have come in between.
    async fn patch_finalizers(
        &mut self,
        operation: &'static str,
        finalizers: &[String],
    ) -> Result<(), Failure> {
        let patch = json!({"metadata": {"resourceVersion": self.object.resource_version(), "finalizers": finalizers}});
        let parameters = PatchParams {
            field_manager: Some(MANAGER.into()),
            ..PatchParams::default()
        };
        self.object = call(
            operation,
            self.api
                .patch(&self.object.name_any(), &parameters, &Patch::Merge(patch)),
        )
        .await?;
        Ok(())
    }

    /// Announces what is to come in the status. Fails when anything changed the object since it was read: another operator may have
    /// announced the same.
    pub async fn record_intent(&mut self, kind: &str, now: Timestamp) -> Result<(), Failure> {
        let mut status = self.object.status.clone().unwrap_or_default();
        status.intents.retain(|intent| intent.kind != kind);
        status.intents.push(Intent {
            kind: kind.to_owned(),
            at: Time(now),
        });
        let answer = self.send_status(&status, self.object.meta().resource_version.as_deref());
        self.object = call("kubernetes:RecordIntent", answer).await?;
        Ok(())
    }

    /// Makes `status` the object's, unless it is so already; says whether it wrote.
    ///
    /// The write is checked against the version that was read, because it carries the announced creations: one that another operator
    /// announced must not be lost. When only the rest of the object changed meanwhile, it is written all the same.
    pub async fn apply_status(&mut self, status: &CachedApiStatus) -> Result<bool, Failure> {
        const OPERATION: &str = "kubernetes:ApplyStatus";
        if self
            .status()
            .is_some_and(|before| are_written_alike(before, status))
        {
            return Ok(false);
        }
        let answer = within_deadline(
            self.send_status(status, self.object.meta().resource_version.as_deref()),
        )
        .await;
        self.object = match answer {
            Err(error) if failure::is_conflict(&error) => {
                let version = self.version_with_same_status(OPERATION).await?;
                call(OPERATION, self.send_status(status, version.as_deref())).await?
            }
            answer => answer.map_err(|error| failure::from_kube(OPERATION, &error))?,
        };
        Ok(true)
    }

    async fn version_with_same_status(
        &self,
        operation: &'static str,
    ) -> Result<Option<String>, Failure> {
        let latest = call(operation, self.api.get(&self.object.name_any())).await?;
        if latest.uid() == self.object.uid() && latest.status == self.object.status {
            return Ok(latest.resource_version());
        }
        Err(failure::changed_meanwhile(
            operation,
            "the object's status changed meanwhile".into(),
        ))
    }

    async fn send_status(
        &self,
        status: &CachedApiStatus,
        version: Option<&str>,
    ) -> kube::Result<CachedApi> {
        let parameters = PatchParams::apply(MANAGER).force();
        self.api
            .patch_status(
                &self.object.name_any(),
                &parameters,
                &Patch::Apply(self.status_body(status, version)),
            )
            .await
    }

    fn status_body(&self, status: &CachedApiStatus, version: Option<&str>) -> Value {
        json!({
            "apiVersion": CachedApi::api_version(&()),
            "kind": CachedApi::kind(&()),
            "metadata": {"name": self.object.name_any(), "resourceVersion": version},
            "status": status,
        })
    }
}

/// Compared as text: AWS's times have fractions of a second, a Kubernetes `Time` is written without.
fn are_written_alike(one: &CachedApiStatus, other: &CachedApiStatus) -> bool {
    one == other
        || matches!((serde_json::to_vec(one), serde_json::to_vec(other)), (Ok(one), Ok(other)) if one == other)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_that_differs_in_what_is_written_is_another() {
        let status = |at: &str| CachedApiStatus {
            intents: vec![Intent {
                kind: "RestApi".into(),
                at: Time(at.parse().unwrap()),
            }],
            ..CachedApiStatus::default()
        };
        let one = status("2026-11-25T12:00:00Z");
        for (at, alike) in [
            ("2026-11-25T12:00:00Z", true),
            ("2026-11-25T12:00:00.25Z", true),
            ("2026-11-25T12:00:01Z", false),
        ] {
            assert_eq!(are_written_alike(&one, &status(at)), alike, "{at}");
        }
    }
}
