use std::collections::{BTreeMap, BTreeSet};

use crate::model::Workload;
use crate::plan::{BoundSecret, ClusterAction, Fact, ObservedWorkload, Seen};

/// Secrets of the object's namespace.
#[derive(Clone, Default)]
pub struct Cluster {
    pub secrets: BTreeMap<String, BoundSecret>,
    /// Names that status remembers besides.
    pub remembered: BTreeSet<String>,
    pub workloads: BTreeMap<Workload, ObservedWorkload>,
    /// Workloads whose rollout does not get on.
    pub stuck: BTreeSet<Workload>,
    writes: u32,
}

impl Cluster {
    /// Names of the Secrets that the object is known to have or to have had.
    pub fn names(&self) -> BTreeSet<String> {
        let owned = self
            .secrets
            .iter()
            .filter(|(_, secret)| secret.owned)
            .map(|(name, _)| name);
        owned.chain(&self.remembered).cloned().collect()
    }

    pub fn read(&self, name: &str) -> Fact {
        let secret = self
            .secrets
            .get(name)
            .cloned()
            .map_or(Seen::Absent, Seen::Present);
        Fact::BoundSecret {
            name: name.to_owned(),
            secret,
        }
    }

    pub fn read_workload(&self, workload: &Workload) -> Fact {
        let observed = self.workloads.get(workload).cloned();
        Fact::Workload {
            workload: workload.clone(),
            observed: observed.map_or(Seen::Absent, Seen::Present),
        }
    }

    /// Somebody makes a workload.
    pub fn deploy(&mut self, workload: &Workload) {
        let fresh = ObservedWorkload {
            uid: "w-1".into(),
            version: None,
            unfinished: None,
            held: None,
        };
        self.workloads.insert(workload.clone(), fresh);
    }

    /// Rollouts get done, unless they are stuck.
    pub fn tick(&mut self) {
        for (workload, observed) in &mut self.workloads {
            if !self.stuck.contains(workload) && observed.held.is_none() {
                observed.unfinished = None;
            }
        }
    }

    pub fn write(&mut self, action: &ClusterAction) {
        self.writes += 1;
        match action {
            ClusterAction::RecordIntent { .. } => {}
            ClusterAction::RollWorkload {
                workload,
                uid,
                version,
            } => {
                let observed = self.workloads.get_mut(workload).expect("it is there");
                assert_eq!(observed.uid, *uid);
                observed.version = Some(version.clone());
                observed.unfinished = Some("its pods start".into());
            }
            ClusterAction::ApplySecret {
                name,
                data,
                version,
            } => {
                let foreign = self.secrets.get(name).is_some_and(|secret| !secret.owned);
                assert!(!foreign, "a Secret of somebody else is overwritten: {name}");
                let (data, version, resource_version) =
                    (data.clone(), version.clone(), self.writes.to_string());
                self.secrets.insert(
                    name.clone(),
                    BoundSecret {
                        owned: true,
                        resource_version,
                        data,
                        version,
                    },
                );
            }
            ClusterAction::DeleteSecret {
                name,
                resource_version,
            } => {
                let deleted = self.secrets.remove(name).expect("the Secret is there");
                assert!(
                    deleted.owned && deleted.resource_version == *resource_version,
                    "{name}"
                );
            }
        }
    }
}
