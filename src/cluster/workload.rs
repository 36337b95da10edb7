use std::fmt::Debug;

use k8s_openapi::api::apps::v1::{Deployment, StatefulSet};
use k8s_openapi::api::core::v1::PodTemplateSpec;
use kube::api::{Patch, PatchParams};
use kube::{Api, Resource, ResourceExt};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::api::{ANNOTATION_ROLLED_PREFIX, CachedApi, MANAGER};
use crate::model::{Workload, WorkloadKind};
use crate::plan::{Failure, ObservedWorkload, Seen};

use super::{Cluster, call};

impl Cluster {
    /// The workload next to `owner`. A read that fails is an unknown, not an error.
    pub async fn read_workload(
        &self,
        owner: &CachedApi,
        workload: &Workload,
    ) -> Seen<ObservedWorkload> {
        let answer = match workload.kind {
            WorkloadKind::Deployment => self.find::<Deployment>(owner, workload).await,
            WorkloadKind::StatefulSet => self.find::<StatefulSet>(owner, workload).await,
        };
        match answer {
            Ok(Some(observed)) => Seen::Present(observed),
            Ok(None) => Seen::Absent,
            Err(failure) => Seen::Unknown(failure),
        }
    }

    /// Rolls the workload with this UID, by an annotation on its pod template that says `version`; gives what it is then. One that is gone is not made.
    pub async fn roll_workload(
        &self,
        owner: &CachedApi,
        (workload, uid): (&Workload, &str),
        version: &str,
    ) -> Result<ObservedWorkload, Failure> {
        match workload.kind {
            WorkloadKind::Deployment => {
                self.roll::<Deployment>(owner, (workload, uid), version)
                    .await
            }
            WorkloadKind::StatefulSet => {
                self.roll::<StatefulSet>(owner, (workload, uid), version)
                    .await
            }
        }
    }

    async fn find<K: Rolled>(
        &self,
        owner: &CachedApi,
        workload: &Workload,
    ) -> Result<Option<ObservedWorkload>, Failure> {
        let found = call(K::GET, self.rolled::<K>(owner).get_opt(&workload.name)).await?;
        Ok(found.map(|found| observe(owner, &found)))
    }

    /// A server-side apply of this one field. The UID keeps it from making a workload that was deleted meanwhile.
    async fn roll<K: Rolled>(
        &self,
        owner: &CachedApi,
        (workload, uid): (&Workload, &str),
        version: &str,
    ) -> Result<ObservedWorkload, Failure> {
        let body = json!({
            "apiVersion": K::api_version(&()),
            "kind": K::kind(&()),
            "metadata": {"name": workload.name, "uid": uid},
            "spec": {"template": {"metadata": {"annotations": {annotation(owner): version}}}},
        });
        let parameters = PatchParams::apply(&manager(owner)).force();
        let patch: Patch<Value> = Patch::Apply(body);
        let api = self.rolled::<K>(owner);
        let rolled = call(K::PATCH, api.patch(&workload.name, &parameters, &patch)).await?;
        Ok(observe(owner, &rolled))
    }

    fn rolled<K: Rolled>(&self, owner: &CachedApi) -> Api<K> {
        Api::namespaced(self.client.clone(), &owner.namespace().unwrap_or_default())
    }
}

fn annotation(owner: &CachedApi) -> String {
    format!("{ANNOTATION_ROLLED_PREFIX}{}", owner.name_any())
}

/// Field manager of what `owner` applies to workloads. Two objects that bind one workload are two managers, or each would take the other's annotation away.
fn manager(owner: &CachedApi) -> String {
    format!("{MANAGER}/{}", owner.name_any())
}

fn observe<K: Rolled>(owner: &CachedApi, workload: &K) -> ObservedWorkload {
    let template = workload
        .template()
        .and_then(|template| template.metadata.as_ref());
    let annotations = template.and_then(|metadata| metadata.annotations.as_ref());
    let seen = workload.meta().generation.unwrap_or_default() <= workload.observed_generation();
    ObservedWorkload {
        uid: workload.uid().unwrap_or_default(),
        version: annotations.and_then(|all| all.get(&annotation(owner)).cloned()),
        unfinished: if seen {
            workload.pods().unfinished()
        } else {
            Some("its controller has not seen the change yet".into())
        },
        held: workload.held(),
    }
}

/// What is told of the pods of a workload.
#[derive(Clone, Copy, Debug, Default)]
struct Pods {
    wanted: i32,
    all: i32,
    updated: i32,
    available: i32,
}

impl Pods {
    /// What the rollout still waits for, as `kubectl rollout status` has it.
    fn unfinished(self) -> Option<String> {
        let Self {
            wanted,
            all,
            updated,
            available,
        } = self;
        if updated < wanted {
            Some(format!("{updated} of {wanted} pods are new"))
        } else if all > updated {
            Some(format!("{} old pods are not gone", all - updated))
        } else if available < updated {
            Some(format!("{available} of {updated} new pods are available"))
        } else {
            None
        }
    }
}

/// A kind of workload that is rolled.
trait Rolled:
    Resource<DynamicType = (), Scope = k8s_openapi::NamespaceResourceScope>
    + Clone
    + DeserializeOwned
    + Debug
{
    const GET: &'static str;
    const PATCH: &'static str;
    fn template(&self) -> Option<&PodTemplateSpec>;
    fn observed_generation(&self) -> i64;
    fn pods(&self) -> Pods;
    /// Why its controller does not replace all pods, and what to do.
    fn held(&self) -> Option<String>;
}

impl Rolled for Deployment {
    const GET: &'static str = "kubernetes:GetDeployment";
    const PATCH: &'static str = "kubernetes:PatchDeployment";

    fn template(&self) -> Option<&PodTemplateSpec> {
        self.spec.as_ref().map(|spec| &spec.template)
    }

    fn observed_generation(&self) -> i64 {
        let status = self.status.as_ref();
        status
            .and_then(|status| status.observed_generation)
            .unwrap_or_default()
    }

    fn pods(&self) -> Pods {
        let status = self.status.clone().unwrap_or_default();
        Pods {
            wanted: self
                .spec
                .as_ref()
                .and_then(|spec| spec.replicas)
                .unwrap_or(1),
            all: status.replicas.unwrap_or_default(),
            updated: status.updated_replicas.unwrap_or_default(),
            available: status.available_replicas.unwrap_or_default(),
        }
    }
    fn held(&self) -> Option<String> {
        let paused = self.spec.as_ref().and_then(|spec| spec.paused);
        (paused == Some(true)).then(|| "it is paused; resume it".into())
    }
}

impl Rolled for StatefulSet {
    const GET: &'static str = "kubernetes:GetStatefulSet";
    const PATCH: &'static str = "kubernetes:PatchStatefulSet";

    fn template(&self) -> Option<&PodTemplateSpec> {
        self.spec.as_ref().map(|spec| &spec.template)
    }

    fn observed_generation(&self) -> i64 {
        let status = self.status.as_ref();
        status
            .and_then(|status| status.observed_generation)
            .unwrap_or_default()
    }

    fn pods(&self) -> Pods {
        let status = self.status.clone().unwrap_or_default();
        Pods {
            wanted: self
                .spec
                .as_ref()
                .and_then(|spec| spec.replicas)
                .unwrap_or(1),
            all: status.replicas,
            updated: status.updated_replicas.unwrap_or_default(),
            available: status.available_replicas.unwrap_or_default(),
        }
    }
    /// <https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/#update-strategies>
    fn held(&self) -> Option<String> {
        let strategy = self.spec.as_ref()?.update_strategy.as_ref()?;
        if strategy.type_.as_deref() == Some("OnDelete") {
            return Some("its updateStrategy is OnDelete; delete the pods that are old".into());
        }
        let partition = strategy.rolling_update.as_ref()?.partition?;
        (partition > 0).then(|| {
            format!("its updateStrategy has the partition {partition}, below which pods stay as they are; lower it")
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rollout_is_done_when_every_pod_is_new_and_available() {
        for (reason, (wanted, all, updated, available), unfinished) in [
            ("done", (2, 2, 2, 2), None),
            ("no pods are wanted", (0, 0, 0, 0), None),
            ("begun", (2, 3, 1, 2), Some("1 of 2 pods are new")),
            (
                "old pods serve",
                (2, 3, 2, 3),
                Some("1 old pods are not gone"),
            ),
            (
                "new pods start",
                (2, 2, 2, 1),
                Some("1 of 2 new pods are available"),
            ),
        ] {
            let pods = Pods {
                wanted,
                all,
                updated,
                available,
            };
            assert_eq!(pods.unfinished().as_deref(), unfinished, "{reason}");
        }
    }
    fn stateful_set(spec: &Value) -> StatefulSet {
        let mut set = json!({
            "metadata": {"name": "queue", "uid": "u", "generation": 2},
            "spec": {"replicas": 3, "serviceName": "queue", "selector": {}, "template": {}},
            "status": {"observedGeneration": 2, "replicas": 3, "updatedReplicas": 1, "availableReplicas": 3},
        });
        set["spec"]["updateStrategy"] = spec.clone();
        serde_json::from_value(set).unwrap()
    }

    #[test]
    fn a_stateful_set_that_does_not_replace_its_pods_by_itself_says_why() {
        for (strategy, held) in [
            (json!(null), None),
            (json!({"type": "RollingUpdate"}), None),
            (
                json!({"type": "RollingUpdate", "rollingUpdate": {"partition": 0}}),
                None,
            ),
            (
                json!({"type": "RollingUpdate", "rollingUpdate": {"partition": 2}}),
                Some("partition 2"),
            ),
            (json!({"type": "OnDelete"}), Some("delete the pods")),
        ] {
            let why = stateful_set(&strategy).held();
            let said = match (&why, held) {
                (Some(why), Some(held)) => why.contains(held),
                (why, held) => why.is_none() && held.is_none(),
            };
            assert!(said, "{strategy}: {why:?}");
        }
    }

    #[test]
    fn a_deployment_that_is_paused_says_so() {
        for (paused, held) in [
            (json!(null), false),
            (json!(false), false),
            (json!(true), true),
        ] {
            let spec = json!({"paused": paused, "selector": {}, "template": {}});
            let deployment: Deployment = serde_json::from_value(json!({"spec": spec})).unwrap();
            assert_eq!(deployment.held().is_some(), held, "{paused}");
        }
    }
}
