//! Logging in to a simulated node: what a client over TLS would be told.

use super::State;
use super::iam::Gate;
use super::nodes::Plan;
use super::replication_group::{ReplicationGroup, Transit};
use crate::LocalAws;

/// What came of a login.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LoginOutcome {
    /// The user is logged in.
    Accepted,
    /// `WRONGPASS`: no such user, a wrong password or token, or the user is off.
    WrongPassword,
    /// Nothing listens there, or not with TLS.
    Unreachable,
}

/// Logs in over TLS at an endpoint's address, as Describe calls show it, of a node that is states only. A connection that
/// does not authenticate is user `default` with an empty password. The password of an IAM user is a token.
#[must_use]
pub fn login(local: &LocalAws, address: &str, user: &str, password: &str) -> LoginOutcome {
    local.with_world(|world, now| {
        for (account, regions) in &world.accounts {
            for (region, place) in regions {
                let state = &place.elasticache;
                if let Some((group, node)) = state.reached_by(address, region) {
                    let gate = Gate {
                        cache: group.id.clone(),
                        account: account.clone(),
                        region: region.clone(),
                        keys: local.config().keys.clone(),
                    };
                    let signed = || gate.admits(user, password, now);
                    return state.log_in(group, node, (user, password), signed);
                }
            }
        }
        LoginOutcome::Unreachable
    })
}

/// Every node of the group that an endpoint's address leads to, by address and port, as its nodes name each other to the clients of a cluster.
#[must_use]
pub fn members(local: &LocalAws, address: &str) -> Vec<(String, u16)> {
    local.with_world(|world, _| {
        let accounts = world.accounts.values();
        let mut places = accounts.flat_map(|regions| regions.iter());
        let found = places.find_map(|(region, place)| {
            let (group, _) = place.elasticache.reached_by(address, region)?;
            Some(group.member_addresses(region))
        });
        found.unwrap_or_default()
    })
}

impl State {
    fn reached_by(&self, address: &str, region: &str) -> Option<(&ReplicationGroup, &str)> {
        let groups = self.replication_groups.values();
        // Every address of a group has its id in it, and takes a hash to make.
        let mut groups = groups.filter(|group| address.contains(group.id.as_str()));
        groups.find_map(|group| Some((group, group.node_at(address, region)?)))
    }

    fn log_in(
        &self,
        group: &ReplicationGroup,
        node: &str,
        (user, password): (&str, &str),
        signed: impl Fn() -> bool,
    ) -> LoginOutcome {
        let plan = Plan::of(self, group).filter(|plan| plan.transit != Transit::Off);
        match plan.and_then(|plan| plan.users.get(node).cloned()) {
            Some(acl) if acl.admits(user, password, signed) => LoginOutcome::Accepted,
            Some(_) => LoginOutcome::WrongPassword,
            None => LoginOutcome::Unreachable,
        }
    }
}
