//! Decides on the next step of a rotation of a replication group's AUTH token, for caches that cannot have users.
//!
//! The server has up to two tokens. `ROTATE` adds one, and where there are two already, the older of them goes; `SET` leaves the newest alone
//! (<https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/auth.html>). Nothing lists them: a login tells whether a token is there, and nothing tells
//! which one is the newest. A `ROTATE` that is repeated may take the place of both, which is not documented either way. So a token is added only where a
//! login with it fails, and only where the current one is known to be the newest, which a `ROTATE` of the current one brings about.

#[cfg(test)]
mod tests;

use super::{Accepted, Awaited, Current, Pending, Trouble};

/// What is known of the tokens that the server has besides what logins tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Known {
    /// Nothing: another process, or a person, may have given the last one.
    Unsure,
    /// This process gave the current one by `ROTATE`, and `AuthTokenLastModifiedDate` did not move since: it is the newest, and there may be another.
    Newest,
    /// This process gave the current one by `SET` or with the group, and the date did not move since: there is no other.
    Alone,
}

/// Everything that the next step depends on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(clippy::struct_excessive_bools, reason = "each is a guard of its own")]
pub struct TokenStanding {
    /// `AWSCURRENT`.
    pub current: Current,
    /// `AWSPENDING`.
    pub pending: Pending,
    /// What the nodes say to `AWSPREVIOUS`; none without such a version, or when it has no token or the current one.
    pub previous: Option<Accepted>,
    /// What this process knows of the server's tokens.
    pub known: Known,
    /// The pending version was made longer ago than a signature lives, clocks that differ included. True without such a version.
    pub fenced: bool,
    /// The replication group is available and no token is pending in it, seen twice in a row.
    pub at_rest: bool,
    /// What is under way has not moved for longer than it takes.
    pub stuck: bool,
    /// The schedule, or a person, asks for another token than the current one.
    pub due: bool,
    /// The grace of the last promotion is over and no consumer needs the previous token any more.
    pub grace_over: bool,
}

/// What to do next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TokenStep {
    /// Nothing, until the grace is over or the next rotation is due.
    Rest,
    /// Make a version with a new token, labelled `AWSPENDING`.
    Put,
    /// `ROTATE` to the current token, sent once: it becomes the newest.
    RotateCurrent,
    /// `ROTATE` to the pending token, sent once: the server accepts it and the current one.
    RotatePending,
    /// `SET` the current token: the server accepts no other.
    Set,
    /// Move `AWSCURRENT` to the pending version.
    Promote,
    /// Move `AWSCURRENT` back to the previous version, which works while the current one cannot.
    Restore,
    /// Take `AWSPENDING` off the version that was promoted.
    DropPending,
    /// Wait.
    Wait(Awaited),
    /// Tell people: nothing that is right can be done.
    Report(Trouble),
}

/// The next step.
#[must_use]
pub fn next_auth_token_step(standing: TokenStanding) -> TokenStep {
    match (standing.pending, standing.current) {
        (Pending::Foreign, _) => TokenStep::Report(Trouble::ForeignRotation),
        // Consumers are locked out, and this lets them in.
        (Pending::Ours(Accepted::All), Current::Password(Accepted::None)) => TokenStep::Promote,
        (_, Current::Unusable) => without_current(standing),
        (Pending::Promoted, _) => TokenStep::DropPending,
        (pending, Current::Password(current)) => match go_on(standing, pending, current) {
            step @ (TokenStep::Rest | TokenStep::Wait(_)) => step,
            step if standing.at_rest => step,
            _ => TokenStep::Wait(Awaited::Rest),
        },
    }
}

/// The current version has a token.
fn go_on(standing: TokenStanding, pending: Pending, current: Accepted) -> TokenStep {
    match (current, pending) {
        (Accepted::Unknown, _) => TokenStep::Wait(Awaited::Nodes),
        (Accepted::Some, _) if !standing.stuck => TokenStep::Wait(Awaited::Spread),
        (Accepted::None | Accepted::Some, _) => TokenStep::RotateCurrent,
        (Accepted::All, _) if !standing.grace_over => TokenStep::Rest,
        (Accepted::All, Pending::Ours(pending)) => bring_in(standing, pending),
        (Accepted::All, Pending::Lost) => TokenStep::Put,
        (Accepted::All, _) => keep(standing),
    }
}

/// The current version is of no use: the one that opens the cache becomes current.
fn without_current(standing: TokenStanding) -> TokenStep {
    match (standing.pending, standing.previous) {
        // Consumers have the previous one: it is what the server must keep.
        (_, Some(Accepted::All)) => TokenStep::Restore,
        (Pending::Ours(Accepted::All), _) => TokenStep::Promote,
        // It does not spread any more. Once it is current, it is brought to every node.
        (_, Some(Accepted::Some)) if standing.stuck => TokenStep::Restore,
        (Pending::Ours(Accepted::Some), _) if standing.stuck => TokenStep::Promote,
        (Pending::Ours(Accepted::Unknown), _) | (_, Some(Accepted::Unknown)) => {
            TokenStep::Wait(Awaited::Nodes)
        }
        (Pending::Ours(Accepted::Some), _) | (_, Some(Accepted::Some)) => {
            TokenStep::Wait(Awaited::Spread)
        }
        _ => TokenStep::Report(Trouble::NoPassword),
    }
}

/// A version of ours is pending, and every node accepts the current one.
fn bring_in(standing: TokenStanding, pending: Accepted) -> TokenStep {
    match pending {
        Accepted::Unknown => TokenStep::Wait(Awaited::Nodes),
        Accepted::Some if !standing.stuck => TokenStep::Wait(Awaited::Spread),
        // A token from before that arrives between the two pushes one of them out.
        _ if !standing.fenced => TokenStep::Wait(Awaited::Fence),
        Accepted::All => TokenStep::Promote,
        _ if standing.known == Known::Unsure => TokenStep::RotateCurrent,
        _ => TokenStep::RotatePending,
    }
}

/// Nothing is pending, every node accepts the current one, and the grace is over.
fn keep(standing: TokenStanding) -> TokenStep {
    match (standing.known, standing.previous) {
        // What is besides it may be a token that no version has: somebody gave it by hand, or its version was lost.
        (Known::Newest, _) => TokenStep::Set,
        (Known::Unsure, Some(Accepted::Unknown)) => TokenStep::Wait(Awaited::Nodes),
        (Known::Unsure, Some(Accepted::All | Accepted::Some)) => TokenStep::RotateCurrent,
        (Known::Alone, _) | (Known::Unsure, Some(Accepted::None) | None) if standing.due => {
            TokenStep::Put
        }
        (Known::Alone, _) | (Known::Unsure, Some(Accepted::None) | None) => TokenStep::Rest,
    }
}
