//! Decides on the next step of a rotation of the cache user's password, from what is observed and from nothing else.
//!
//! The user has up to two passwords, and the secret's staging labels say which version is what: `AWSCURRENT` is what consumers read, `AWSPENDING`
//! the one that is being brought in, `AWSPREVIOUS` the one before. Publish last, retire late:
//!
//! 1. put a version labelled `AWSPENDING`;
//! 2. have the user accept both passwords;
//! 3. log in with both on every node;
//! 4. move `AWSCURRENT`, a compare-and-swap on the old holder;
//! 5. drop `AWSPENDING`;
//! 6. after the grace, and when every consumer has it, have the user accept the new one alone.
//!
//! A new rotation does not touch the cache before the grace of the last one is over, and does not promote while an older list may still arrive.
//!
//! Every state between two of them, and every state that somebody else made, is a row of [`next_step`]: a process that knows nothing goes on where
//! another one stopped.

pub mod auth_token;
#[cfg(test)]
mod model;
pub mod revoke;
#[cfg(test)]
mod tests;

/// What the nodes say to a login.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Accepted {
    /// Every node accepts it.
    All,
    /// Some nodes do and some do not: a change is spreading.
    Some,
    /// No node does.
    None,
    /// A node could not be asked.
    Unknown,
}

/// The version that consumers read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Current {
    /// No version is labelled, or the one that is has no password of the cache's user.
    Unusable,
    /// A password, and what the nodes say to it.
    Password(Accepted),
}

/// The version that is being brought in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Pending {
    /// No version is labelled.
    None,
    /// The label is on the current version: it was promoted.
    Promoted,
    /// A version of ours, and what the nodes say to its password.
    Ours(Accepted),
    /// A version of ours without a password.
    Lost,
    /// A version that another rotation made.
    Foreign,
}

/// Everything that the next step depends on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(clippy::struct_excessive_bools, reason = "each is a guard of its own")]
pub struct Standing {
    /// `AWSCURRENT`.
    pub current: Current,
    /// `AWSPENDING`.
    pub pending: Pending,
    /// What the nodes say to `AWSPREVIOUS`; none without such a version, or when it has no password.
    pub previous: Option<Accepted>,
    /// Number of passwords that the user has.
    pub passwords: u32,
    /// The pending version was made longer ago than a signature lives, clocks that differ included: a list of passwords that was decided before it cannot
    /// arrive any more, however long the network kept it. True without such a version.
    pub fenced: bool,
    /// User, user group and replication group are at rest, seen twice in a row.
    pub at_rest: bool,
    /// What is under way has not moved for longer than it takes.
    pub stuck: bool,
    /// The schedule, or a person, asks for another password than the current one.
    pub due: bool,
    /// The grace of the last promotion is over and no consumer needs the previous password any more.
    pub grace_over: bool,
}

/// What to do next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Step {
    /// Nothing, until the grace is over or the next rotation is due.
    Rest,
    /// Make a version with a new password, labelled `AWSPENDING`.
    Put,
    /// Have the user accept the pending password and the current one.
    AcceptPending,
    /// Have the user accept the current password, and the previous one if there is one: somebody changed the user.
    Heal,
    /// Have the user accept the current password alone.
    Retire,
    /// Move `AWSCURRENT` to the pending version.
    Promote,
    /// Move `AWSCURRENT` back to the previous version, which works while the current one cannot.
    Restore,
    /// Take `AWSPENDING` off: the version was promoted, or people changed the user or the secret under it.
    DropPending,
    /// Wait.
    Wait(Awaited),
    /// Tell people: nothing that is right can be done.
    Report(Trouble),
}

/// What a rotation waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Awaited {
    /// `ElastiCache` works on the user, its group or the replication group.
    Rest,
    /// A password reaches one node after the other.
    Spread,
    /// A list of passwords that was decided before the pending version was made may still arrive, and would take it away again.
    Fence,
    /// A node cannot be asked; without its word nothing is promoted.
    Nodes,
}

/// What somebody else has to put right.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Trouble {
    /// Another rotation is under way.
    ForeignRotation,
    /// The current version has no password of the cache's user, and there is none to go back to.
    NoPassword,
}

/// The next step.
///
/// Before the promotion everything can be undone, and the current password works throughout; after it everything goes forward.
#[must_use]
pub fn next_step(standing: Standing) -> Step {
    match (standing.pending, standing.current) {
        (Pending::Foreign, _) => Step::Report(Trouble::ForeignRotation),
        (_, Current::Unusable) => without_current(standing),
        // Consumers are locked out, and this lets them in.
        (Pending::Ours(Accepted::All), Current::Password(Accepted::None)) => Step::Promote,
        (Pending::Promoted, _) => Step::DropPending,
        (Pending::Ours(pending), Current::Password(current)) if standing.grace_over => {
            when_at_rest(standing, bring_in(standing, current, pending))
        }
        // The user has no room for a third password while a consumer may hold the previous one.
        (Pending::Ours(_), Current::Password(current)) => {
            match when_at_rest(standing, keep(standing, current)) {
                // A list without the pending password must not be on its way when that is promoted, so it is given up.
                Step::Heal => Step::DropPending,
                step => step,
            }
        }
        (Pending::Lost, Current::Password(Accepted::All)) if standing.passwords <= 1 => {
            when_at_rest(standing, Step::Put)
        }
        (Pending::None | Pending::Lost, Current::Password(current)) => {
            when_at_rest(standing, keep(standing, current))
        }
    }
}

/// What changes something waits until `ElastiCache` is at rest.
const fn when_at_rest(standing: Standing, step: Step) -> Step {
    match step {
        Step::Rest | Step::Wait(_) | Step::Report(_) => step,
        _ if standing.at_rest => step,
        _ => Step::Wait(Awaited::Rest),
    }
}

/// The current version is of no use: the one that opens the cache becomes current.
fn without_current(standing: Standing) -> Step {
    match (standing.pending, standing.previous) {
        // Consumers have the previous one: it is what the user must keep.
        (_, Some(Accepted::All)) => Step::Restore,
        (Pending::Ours(Accepted::All), _) => Step::Promote,
        // It does not spread any more. Once it is current, it is brought to every node.
        (_, Some(Accepted::Some)) if standing.stuck => Step::Restore,
        (Pending::Ours(Accepted::Some), _) if standing.stuck => Step::Promote,
        (Pending::Ours(Accepted::Unknown), _) | (_, Some(Accepted::Unknown)) => {
            Step::Wait(Awaited::Nodes)
        }
        (Pending::Ours(Accepted::Some), _) | (_, Some(Accepted::Some)) => {
            Step::Wait(Awaited::Spread)
        }
        _ => Step::Report(Trouble::NoPassword),
    }
}

/// A version of ours is pending.
fn bring_in(standing: Standing, current: Accepted, pending: Accepted) -> Step {
    match (current, pending) {
        (Accepted::All, Accepted::All) if !standing.fenced => Step::Wait(Awaited::Fence),
        (Accepted::All, Accepted::All) => Step::Promote,
        (_, Accepted::Unknown) | (Accepted::Unknown, _) => Step::Wait(Awaited::Nodes),
        (Accepted::All, Accepted::None) | (Accepted::None, _) => Step::AcceptPending,
        (Accepted::All | Accepted::Some, _) if standing.stuck => Step::AcceptPending,
        (Accepted::All | Accepted::Some, _) => Step::Wait(Awaited::Spread),
    }
}

/// Nothing is pending.
fn keep(standing: Standing, current: Accepted) -> Step {
    match current {
        Accepted::Unknown => Step::Wait(Awaited::Nodes),
        Accepted::None => Step::Heal,
        Accepted::Some if standing.stuck => Step::Heal,
        Accepted::Some => Step::Wait(Awaited::Spread),
        Accepted::All if standing.passwords > 1 && standing.grace_over => Step::Retire,
        Accepted::All if standing.due && standing.grace_over => Step::Put,
        Accepted::All => Step::Rest,
    }
}
