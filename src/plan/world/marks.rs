use std::collections::BTreeSet;

use crate::model::Tags;
use crate::plan::orphans::Kind;

use super::World;

impl World {
    /// Adds tags, as each service does.
    pub(super) fn tag(&mut self, arn: &str, tags: &Tags) {
        self.tags_of(arn).extend(tags.clone());
    }

    /// Takes tags off, as each service does.
    pub(super) fn untag(&mut self, arn: &str, keys: &BTreeSet<String>) {
        self.tags_of(arn).retain(|key, _| !keys.contains(key));
    }

    fn tags_of(&mut self, arn: &str) -> &mut Tags {
        match Kind::of(arn).unwrap() {
            Kind::RestApi => &mut self.gateway.api.as_mut().unwrap().tags,
            Kind::Secret => &mut self.secrets.secret.as_mut().unwrap().tags,
            Kind::ReplicationGroup | Kind::UserGroup => self.cache.tags.get_mut(arn).unwrap(),
            kind => panic!("a {} is marked", kind.name()),
        }
    }
}
