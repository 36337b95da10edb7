use crate::model::Tags;
use crate::plan::orphans::Kind;

use super::World;

impl World {
    /// Adds tags, as each service does.
    pub(super) fn tag(&mut self, arn: &str, tags: &Tags) {
        let bearer = match Kind::of(arn).unwrap() {
            Kind::RestApi => &mut self.gateway.api.as_mut().unwrap().tags,
            Kind::Secret => &mut self.secrets.secret.as_mut().unwrap().tags,
            Kind::ReplicationGroup => self.cache.tags.get_mut(arn).unwrap(),
            kind => panic!("a {} is marked", kind.name()),
        };
        bearer.extend(tags.clone());
    }
}
