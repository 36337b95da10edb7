//! Decides on the next step of a revocation: the cache's user is replaced by another, and what it had opened is closed.
//!
//! A rotation leaves open connections alone, so a credential that leaked keeps what it has opened. A user that leaves the user group loses its
//! connections (<https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/Clusters.RBAC.html>), and one that is deleted leaves it
//! (<https://docs.aws.amazon.com/AmazonElastiCache/latest/APIReference/API_DeleteUser.html>). So a second user with the same rights joins the group, is
//! proven by a login, becomes what consumers read, and after a grace that is short the first one is deleted. It is never in between, where only the process
//! that took it out would know of it.
//!
//! Each version that a revocation makes has a user of its own, whose name follows from the version: a request that arrives late is about a user that
//! nobody needs any more.

#[cfg(test)]
mod tests;

use super::{Accepted, Awaited, Current, Pending, Trouble};

/// Where a user is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Place {
    /// There is none.
    Absent,
    /// It exists, and opens nothing.
    Outside,
    /// It is in the user group.
    Member,
}

/// Everything that the next step depends on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(clippy::struct_excessive_bools, reason = "each is a guard of its own")]
pub struct RevokeStanding {
    /// `AWSCURRENT`, user and password.
    pub current: Current,
    /// `AWSPENDING`, user and password.
    pub pending: Pending,
    /// The user of the pending version.
    pub incoming: Place,
    /// There are users of ours that are neither the current version's nor the pending one's.
    pub outgoing: bool,
    /// Users, user group and replication group are at rest, seen twice in a row.
    pub at_rest: bool,
    /// What is under way has not moved for longer than it takes.
    pub stuck: bool,
    /// A person asks for another user than the current version's.
    pub asked: bool,
    /// The short grace of the last promotion is over.
    pub grace_over: bool,
}

/// What to do next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RevokeStep {
    /// Nothing, until the grace is over or a person asks.
    Rest,
    /// Make a version with a new user name and a new password, labelled `AWSPENDING`.
    Put,
    /// Create the pending version's user, with its password and the rights of the current one.
    CreateUser,
    /// Have the pending version's user join the user group.
    AddUser,
    /// Move `AWSCURRENT` to the pending version.
    Promote,
    /// Take `AWSPENDING` off: the version was promoted, or its user cannot log in.
    DropPending,
    /// Delete an outgoing user, which takes it out of the user group and ends its sessions.
    DeleteUser,
    /// Wait.
    Wait(Awaited),
    /// Tell people: nothing that is right can be done.
    Report(Trouble),
}

/// The next step.
///
/// Until the promotion nothing that a consumer uses is touched; no user leaves while the one that consumers read does not open every node.
#[must_use]
pub fn next_revoke_step(standing: RevokeStanding) -> RevokeStep {
    match (standing.pending, standing.current) {
        (Pending::Foreign, _) => RevokeStep::Report(Trouble::ForeignRotation),
        (Pending::Promoted, Current::Password(_)) => RevokeStep::DropPending,
        // Consumers are locked out, and this lets them in.
        (Pending::Ours(Accepted::All), Current::Unusable | Current::Password(Accepted::None)) => {
            RevokeStep::Promote
        }
        _ if !standing.at_rest => RevokeStep::Wait(Awaited::Rest),
        (Pending::Ours(pending), _) => bring_in(standing, pending),
        (Pending::Lost, Current::Password(_)) if standing.asked => RevokeStep::Put,
        // A rotation's. The users that go come first.
        (Pending::Lost, Current::Password(_)) => RevokeStep::DropPending,
        (Pending::None, Current::Password(current)) => keep(standing, current),
        (Pending::None | Pending::Lost | Pending::Promoted, Current::Unusable) => {
            RevokeStep::Report(Trouble::NoPassword)
        }
    }
}

/// A version of ours is pending.
fn bring_in(standing: RevokeStanding, pending: Accepted) -> RevokeStep {
    match (standing.incoming, pending) {
        (Place::Absent, _) => RevokeStep::CreateUser,
        (Place::Outside, _) => RevokeStep::AddUser,
        (Place::Member, Accepted::All) => RevokeStep::Promote,
        (Place::Member, Accepted::Unknown) => RevokeStep::Wait(Awaited::Nodes),
        (Place::Member, _) if standing.stuck => RevokeStep::DropPending,
        (Place::Member, _) => RevokeStep::Wait(Awaited::Spread),
    }
}

/// Nothing is pending.
fn keep(standing: RevokeStanding, current: Accepted) -> RevokeStep {
    match (current, standing.outgoing) {
        (Accepted::Unknown, _) => RevokeStep::Wait(Awaited::Nodes),
        (Accepted::Some, _) if !standing.stuck => RevokeStep::Wait(Awaited::Spread),
        // Consumers are locked out: another user lets them in.
        (Accepted::None | Accepted::Some, _) => RevokeStep::Put,
        (Accepted::All, _) if !standing.grace_over => RevokeStep::Rest,
        (Accepted::All, true) => RevokeStep::DeleteUser,
        (Accepted::All, false) if standing.asked => RevokeStep::Put,
        (Accepted::All, false) => RevokeStep::Rest,
    }
}
