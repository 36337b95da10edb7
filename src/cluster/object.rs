use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use kube::api::{Patch, PatchParams};
use kube::{Api, Resource, ResourceExt};
use serde_json::{Value, json};

use crate::api::{CachedApi, CachedApiStatus, FINALIZER, Intent, MANAGER};
use crate::plan::Failure;

use super::{Cluster, call, failure, within_deadline};

/// How many conflicts in a row a write outlives: another manager may write to the object all the time, and each of its writes is a conflict to ours.
const MOST_CONFLICTS: usize = 5;

/// The object of a reconcile: as it was last read or written, and the version that the next write is checked against.
pub struct Subject {
    api: Api<CachedApi>,
    object: CachedApi,
    generation: i64,
    /// Whether the API server has answered for the object in this reconcile.
    answered: bool,
}

impl Subject {
    /// The subject that `object`, as read, is.
    #[must_use]
    pub fn new(cluster: &Cluster, object: CachedApi) -> Self {
        Self {
            api: cluster.objects(&object.namespace().unwrap_or_default()),
            generation: object.metadata.generation.unwrap_or_default(),
            object,
            answered: false,
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

    /// Whether the object is there to stay, by the API server's own word: it is the same object, our finalizer is on it, and nobody has deleted it. What a
    /// watch has told may be long gone, and what is made for an object that is gone stays for ever.
    pub async fn stays(&mut self) -> Result<bool, Failure> {
        if self.answered {
            return Ok(is_kept(&self.object));
        }
        let name = self.object.name_any();
        let found = call("kubernetes:GetCachedApi", self.api.get_opt(&name)).await?;
        self.answered = true;
        Ok(found.is_some_and(|found| found.uid() == self.object.uid() && is_kept(&found)))
    }

    fn answer(&mut self, object: CachedApi) {
        (self.object, self.answered) = (object, true);
    }

    /// Puts our finalizer on the object, if it is not there.
    pub async fn add_finalizer(&mut self) -> Result<(), Failure> {
        if has_our_finalizer(&self.object) {
            return Ok(());
        }
        let with_ours = |finalizers: &[String]| [finalizers, &[FINALIZER.into()]].concat();
        self.patch_finalizers("kubernetes:AddFinalizer", with_ours)
            .await
    }

    /// Takes our finalizer off the object, which then goes.
    pub async fn remove_finalizer(&mut self) -> Result<(), Failure> {
        let without_ours = |finalizers: &[String]| {
            let others = finalizers
                .iter()
                .filter(|finalizer| *finalizer != FINALIZER);
            others.cloned().collect()
        };
        self.patch_finalizers("kubernetes:RemoveFinalizer", without_ours)
            .await
    }

    /// A merge patch that carries the version: lists are replaced as a whole, so another's finalizer must not have come in between.
    async fn patch_finalizers(
        &mut self,
        operation: &'static str,
        change: impl Fn(&[String]) -> Vec<String>,
    ) -> Result<(), Failure> {
        let parameters = PatchParams {
            field_manager: Some(MANAGER.into()),
            ..PatchParams::default()
        };
        let name = self.object.name_any();
        let mut conflicts = 0;
        loop {
            let (version, finalizers) = (
                self.object.resource_version(),
                change(self.object.finalizers()),
            );
            let patch = json!({"metadata": {"resourceVersion": version, "finalizers": finalizers}});
            let patch = Patch::Merge(patch);
            let answer = self.api.patch(&name, &parameters, &patch);
            match within_deadline(answer).await {
                Err(error) if failure::is_conflict(&error) && conflicts < MOST_CONFLICTS => {
                    conflicts += 1;
                    self.object = self.latest(operation, stands_alike).await?;
                }
                answer => {
                    let failed = |error| failure::from_kube(operation, &error);
                    self.answer(answer.map_err(failed)?);
                    return Ok(());
                }
            }
        }
    }

    /// Announces what is to come in the status. Fails when the status changed since it was read, because another operator may have announced the same, and
    /// when the object has begun to go or has lost our finalizer.
    pub async fn record_intent(&mut self, kind: &str, now: Timestamp) -> Result<(), Failure> {
        let mut status = self.object.status.clone().unwrap_or_default();
        status.intents.retain(|intent| intent.kind != kind);
        status.intents.push(Intent {
            kind: kind.to_owned(),
            at: Time(now),
        });
        self.write_status("kubernetes:RecordIntent", &status, stands_alike)
            .await
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
        self.write_status(OPERATION, status, says_alike).await?;
        Ok(true)
    }

    async fn write_status(
        &mut self,
        operation: &'static str,
        status: &CachedApiStatus,
        alike: Alike,
    ) -> Result<(), Failure> {
        let mut version = self.object.resource_version();
        let mut conflicts = 0;
        loop {
            let answer = within_deadline(self.send_status(status, version.as_deref()));
            match answer.await {
                Err(error) if failure::is_conflict(&error) && conflicts < MOST_CONFLICTS => {
                    conflicts += 1;
                    version = self.latest(operation, alike).await?.resource_version();
                }
                answer => {
                    let failed = |error| failure::from_kube(operation, &error);
                    self.answer(answer.map_err(failed)?);
                    return Ok(());
                }
            }
        }
    }

    /// The object as it is now, if there is no more to it than another version.
    async fn latest(&self, operation: &'static str, alike: Alike) -> Result<CachedApi, Failure> {
        let latest = call(operation, self.api.get(&self.object.name_any())).await?;
        if alike(&latest, &self.object) {
            return Ok(latest);
        }
        Err(failure::changed_meanwhile(
            operation,
            "the object changed meanwhile".into(),
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

/// Whether two versions of the object are alike for what is to be written.
type Alike = fn(&CachedApi, &CachedApi) -> bool;

fn says_alike(one: &CachedApi, other: &CachedApi) -> bool {
    one.uid() == other.uid() && one.status == other.status
}

fn stands_alike(one: &CachedApi, other: &CachedApi) -> bool {
    let standing = |object: &CachedApi| {
        let goes = object.metadata.deletion_timestamp.is_some();
        (goes, has_our_finalizer(object))
    };
    says_alike(one, other) && standing(one) == standing(other)
}

fn is_kept(object: &CachedApi) -> bool {
    has_our_finalizer(object) && object.metadata.deletion_timestamp.is_none()
}

/// Whether our finalizer is on `object`.
#[must_use]
pub fn has_our_finalizer(object: &CachedApi) -> bool {
    object.finalizers().iter().any(|name| name == FINALIZER)
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
