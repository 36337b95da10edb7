//! How timed states move on.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::nodes::Plan;
use super::replication_group::{self, ReplicationGroup};
use super::{State, UserGroup, user};
use crate::Tags;
use crate::world::Regional;

/// Brings everything to where it is at `now`. What has taken effect becomes usable when the nodes confirm it.
pub(crate) fn settle(place: &mut Regional, now: Timestamp) {
    let state = &mut place.elasticache;
    let tags = &mut place.tags;
    for user in state
        .users
        .extract_if(.., |_, user| !user.settle(now))
        .map(|(_, user)| user)
    {
        tags.forget(&user.arn);
        state
            .user_groups
            .values_mut()
            .for_each(|group| group.forget(&user.id));
    }
    forget_all(
        tags,
        state
            .user_groups
            .extract_if(.., |_, group| !group.settle(now))
            .map(|(_, group)| group.arn),
    );
    forget_all(
        tags,
        state
            .snapshots
            .extract_if(.., |_, snapshot| !snapshot.settle(now))
            .map(|(_, snapshot)| snapshot.arn),
    );
    let groups = state
        .replication_groups
        .extract_if(.., |_, group| !group.settle(now));
    forget_all(tags, groups.map(|(_, group)| group.arn));
    state.end_spreading();
    state.activate();
}

fn forget_all(tags: &mut Tags, arns: impl Iterator<Item = String>) {
    arns.for_each(|arn| tags.forget(&arn));
}

impl State {
    /// When the next state takes effect, for those who wait.
    pub(super) fn next_due(&self) -> Option<Timestamp> {
        let users = self.users.values().filter_map(user::User::due);
        let groups = self.user_groups.values().filter_map(UserGroup::due);
        users
            .chain(groups)
            .chain(
                self.replication_groups
                    .values()
                    .filter_map(ReplicationGroup::due),
            )
            .min()
    }

    /// A user's change is done when it has reached the last node of the largest cache that knows the user.
    fn end_spreading(&mut self) {
        let Self {
            users,
            user_groups,
            replication_groups,
            ..
        } = self;
        if !users.values().any(super::User::is_spreading) {
            return;
        }
        let mut nodes: BTreeMap<&str, usize> = BTreeMap::new();
        for cache in replication_groups.values() {
            let count = cache.member_ids().count();
            let groups = cache.user_groups.iter();
            let groups = groups.filter_map(|id| user_groups.get(id));
            for user in groups.flat_map(UserGroup::known) {
                let most = nodes.entry(user).or_default();
                *most = count.max(*most);
            }
        }
        for user in users.values_mut().filter(|user| user.is_spreading()) {
            user.has_reached(nodes.get(user.id.as_str()).copied().unwrap_or(0));
        }
    }

    /// What has taken effect and is known to all nodes concerned becomes active or available.
    fn activate(&mut self) {
        let users = self.users.values().filter(|user| user.awaits_nodes());
        let users = users.filter(|user| {
            self.groups_of_user(&user.id)
                .all(|group| self.caches_know(&group.id))
        });
        let users: Vec<_> = users.map(|user| user.id.clone()).collect();
        let groups = self
            .user_groups
            .values()
            .filter(|group| group.awaits_nodes() && self.caches_know(&group.id));
        let groups: Vec<_> = groups.map(|group| group.id.clone()).collect();
        let caches = self
            .replication_groups
            .values()
            .filter(|cache| cache.awaits_nodes() && self.is_in_step(cache));
        let caches: Vec<_> = caches.map(|cache| cache.id.clone()).collect();
        self.users
            .values_mut()
            .filter(|user| users.contains(&user.id))
            .for_each(|user| user.status = user::Status::Active);
        self.user_groups
            .values_mut()
            .filter(|group| groups.contains(&group.id))
            .for_each(|group| {
                group.status = user::Status::Active;
            });
        self.replication_groups
            .values_mut()
            .filter(|cache| caches.contains(&cache.id))
            .for_each(|cache| {
                cache.status = replication_group::Status::Available;
            });
    }

    /// Whether the nodes of every cache with this user group are in step.
    fn caches_know(&self, user_group: &str) -> bool {
        let mut caches = self
            .replication_groups
            .values()
            .filter(|cache| cache.user_groups.iter().any(|id| id == user_group));
        caches.all(|cache| self.is_in_step(cache))
    }

    /// Whether the real nodes, if there are any, are what the state wants them to be.
    fn is_in_step(&self, cache: &ReplicationGroup) -> bool {
        let Some(hosting) = &cache.hosting else {
            return true;
        };
        Plan::of(self, cache)
            .is_none_or(|plan| hosting.in_step.as_ref() == Some(&plan.fingerprint()))
    }
}
