//! What a test looks at when the planners have done their work.

use std::collections::{BTreeMap, BTreeSet};

use super::{ElastiCache, World};
use crate::fixtures;
use crate::model::Desired;
use crate::plan::{MethodSettings, Read, SecretValue, Seen, Sensitive, bound_version, consumers};

impl World {
    /// Status of the consumers, as a fresh report of a settled world would have it: not up to date.
    pub fn behind(&self, desired: &Desired) -> Vec<String> {
        let mut observed = self.remembered();
        observed.secret.secret = self
            .secrets
            .secret
            .clone()
            .map_or(Seen::Absent, Seen::Present);
        for consumer in consumers(desired, &observed) {
            observed.record(match &consumer.read {
                Read::BoundSecret { name } => self.cluster.read(name),
                Read::Workload(workload) => self.cluster.read_workload(workload),
                read => self.functions.read(read),
            });
        }
        for read in [
            Read::ReplicationGroup {
                id: desired.cache.group_id.clone(),
            },
            Read::CacheTags {
                arn: self.cache.groups[&desired.cache.group_id].arn.clone(),
            },
        ] {
            observed.record(self.cache.read(&read));
        }
        let version = bound_version(desired, &observed);
        consumers(desired, &observed)
            .into_iter()
            .filter(|consumer| !consumer.is_up_to_date(version.as_deref()))
            .map(|consumer| consumer.name)
            .collect()
    }

    /// Whether everything of the object is there, so that somebody can meddle with it.
    pub fn is_whole(&self) -> bool {
        let (cache, identity) = (&self.cache, fixtures::identity());
        let current = self
            .secrets
            .current()
            .filter(|_| !self.secrets.is_to_be_deleted());
        let user = current.and_then(|value| identity.user_id(&value.username));
        let users = cache.users.keys().filter(|id| identity.is_user_id(id));
        !cache.subnet_groups.is_empty()
            && user.is_some()
            && users.eq(user.iter())
            && cache.users.contains_key(&identity.default_user_id())
            // ElastiCache changes active users only.
            && cache.users.values().all(|user| user.status == "active")
            && !cache.user_groups.is_empty()
            && !cache.groups.is_empty()
            && self.cluster.secrets.contains_key("orders-cache")
    }

    /// What matters of the world: everything but the ids and versions that depend on how it came about.
    pub fn truth(&self) -> Truth {
        Truth {
            cache: self.cache.clone(),
            secret: self
                .secrets
                .current()
                .filter(|_| !self.secrets.is_to_be_deleted())
                .map(|value| SecretValue {
                    version_id: String::new(),
                    password_since: None,
                    created: None,
                    ..value
                }),
            bound: self
                .cluster
                .secrets
                .iter()
                .map(|(name, secret)| (name.clone(), secret.data.clone()))
                .collect(),
            stage: self
                .gateway
                .stage
                .clone()
                .map(|stage| (stage.variables, stage.method_settings)),
            methods: self.gateway.methods.clone(),
            keys: (self.gateway.keys.iter())
                .map(|key| key.name.clone())
                .collect(),
            permissions: self.gateway.permissions.keys().cloned().collect(),
        }
    }
}

impl Truth {
    /// Without what is still under way by itself.
    pub fn at_rest(mut self) -> Self {
        self.cache.busy.clear();
        self.cache.before.clear();
        self
    }
}

/// See [`World::truth`].
#[derive(Clone, Debug, PartialEq)]
pub struct Truth {
    pub cache: ElastiCache,
    pub secret: Option<SecretValue>,
    pub bound: BTreeMap<String, BTreeMap<String, Sensitive>>,
    pub stage: Option<(BTreeMap<String, String>, BTreeMap<String, MethodSettings>)>,
    pub methods: BTreeMap<String, BTreeSet<String>>,
    pub keys: BTreeSet<String>,
    pub permissions: BTreeSet<String>,
}
