//! Logging in to a simulated node: what a client over TLS would be told.

use super::State;
use super::nodes::Plan;
use super::replication_group::{ReplicationGroup, Transit};
use crate::LocalAws;

/// What came of a login.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LoginOutcome {
    /// The user is logged in.
    Accepted,
    /// `WRONGPASS`: no such user, a wrong password, or the user is off.
    WrongPassword,
    /// Nothing listens there, or not with TLS.
    Unreachable,
}

/// Logs in over TLS at an endpoint's address, as Describe calls show it, of a node that is states only. A connection that
/// does not authenticate is user `default` with an empty password.
#[must_use]
pub fn login(local: &LocalAws, address: &str, user: &str, password: &str) -> LoginOutcome {
    local.with_world(|world, _| {
        let places = world.accounts.values().flatten();
        let mut found = places.filter_map(|(region, place)| {
            let state = &place.elasticache;
            state
                .reached_by(address, region)
                .map(|group| state.log_in(group, user, password))
        });
        found.next().unwrap_or(LoginOutcome::Unreachable)
    })
}

impl State {
    fn reached_by(&self, address: &str, region: &str) -> Option<&ReplicationGroup> {
        self.replication_groups
            .values()
            .find(|group| group.is_reached_by(address, region))
    }

    fn log_in(&self, group: &ReplicationGroup, user: &str, password: &str) -> LoginOutcome {
        match Plan::of(self, group) {
            Some(plan) if plan.transit == Transit::Off => LoginOutcome::Unreachable,
            Some(plan) if plan.acl.admits(user, password) => LoginOutcome::Accepted,
            Some(_) => LoginOutcome::WrongPassword,
            None => LoginOutcome::Unreachable,
        }
    }
}
