use std::collections::{BTreeMap, BTreeSet};

use crate::plan::{BoundSecret, ClusterAction, Fact, Seen};

/// Secrets of the object's namespace.
#[derive(Clone, Default)]
pub struct Cluster {
    pub secrets: BTreeMap<String, BoundSecret>,
    /// Names that status remembers besides.
    pub remembered: BTreeSet<String>,
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

    pub fn write(&mut self, action: &ClusterAction) {
        self.writes += 1;
        match action {
            ClusterAction::RecordIntent { .. } => {}
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
