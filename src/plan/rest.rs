//! What need not be looked at again while something else is awaited.

use std::collections::BTreeMap;

use crate::model::Tags;

use super::{
    ACTIVE, Aspect, CacheUser, Observed, ObservedGateway, Plan, ReplicationGroup, Seen,
    SubnetGroup, UserGroup,
};

/// What was seen to be there and at rest: the gateway, and what a replication group is built on while that is being created. It takes
/// many looks until the group is available, and the rest does not change meanwhile.
///
/// What was seen to be absent is never in it, and neither is the back ends' user: its passwords are decided on by what it is now.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct AtRest {
    gateway: Option<ObservedGateway>,
    subnet_group: Seen<SubnetGroup>,
    default_user: Seen<CacheUser>,
    user_group: Seen<UserGroup>,
    cache_tags: BTreeMap<String, Seen<Tags>>,
}

impl Observed {
    /// What is at rest after rounds that ended with `plan`. Of an aspect that `failed`, nothing is: a write may have been carried out all the same.
    #[must_use]
    pub fn at_rest(&self, plan: &Plan, failed: impl Fn(Aspect) -> bool) -> AtRest {
        let mut rest = AtRest::default();
        if plan.api.is_settled() && !failed(Aspect::Api) {
            rest.gateway = Some(self.gateway.clone());
        }
        let cache = &self.cache;
        if failed(Aspect::Cache) || !is_being_created(&cache.group) {
            return rest;
        }
        rest.subnet_group = present(&cache.subnet_group, |_| true);
        rest.default_user = present(&cache.default_user, |user| user.status == ACTIVE);
        rest.user_group = present(&cache.user_group, |group| group.status == ACTIVE);
        let tags = cache.tags.iter();
        rest.cache_tags = tags
            .filter(|(_, tags)| tags.present().is_some())
            .map(|(arn, tags)| (arn.clone(), tags.clone()))
            .collect();
        rest
    }

    /// Takes what is at rest as seen.
    pub fn rely_on(&mut self, rest: AtRest) {
        if let Some(gateway) = rest.gateway {
            self.gateway = gateway;
        }
        let cache = &mut self.cache;
        cache.subnet_group = rest.subnet_group;
        (cache.default_user, cache.user_group) = (rest.default_user, rest.user_group);
        cache.tags.extend(rest.cache_tags);
    }
}

/// Once a group runs, users change with it.
fn is_being_created(group: &Seen<ReplicationGroup>) -> bool {
    match group {
        Seen::Absent => true,
        Seen::Present(group) => group.status == "creating",
        Seen::Unread | Seen::Unknown(_) => false,
    }
}

fn present<T: Clone>(seen: &Seen<T>, at_rest: impl Fn(&T) -> bool) -> Seen<T> {
    let thing = seen.present().filter(|thing| at_rest(thing));
    thing.map_or(Seen::Unread, |thing| Seen::Present(thing.clone()))
}

#[cfg(test)]
mod tests;
