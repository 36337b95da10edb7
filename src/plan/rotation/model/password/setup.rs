//! What can happen in a world, and what is left away.

use super::world::Call;
use crate::plan::rotation::Step;

/// What others do, or what fails; at most [`Setup::faults`] times.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The network delivers a `ModifyUser` twice, the second time late.
    LateCopy,
    /// A describe returns the labels as they were before the last change.
    Lag,
    /// A pending version is made, and has no password.
    EmptyPending,
    /// Somebody takes `AWSPENDING` off.
    PendingByHand,
    /// Somebody gives the user another password.
    ServerByHand,
    /// Somebody makes another version current, with a password that the cache does not know.
    ValueByHand,
    /// Somebody moves `AWSCURRENT` back to the version before.
    LabelByHand,
    /// Somebody makes a version current that has no password.
    NoValueByHand,
    /// Another rotator puts a pending version, and may go on from there.
    Foreign,
    /// A node comes back without the passwords.
    NodeReset,
    /// A node cannot be asked.
    Dark,
}

/// What tells that a password is accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Proof {
    /// A login to every node.
    Login,
    /// The number of the user's passwords, when `ElastiCache` is at rest.
    Number,
    /// That it was sent.
    Sent,
}

/// What keeps a rotation safe; each can be left away.
#[derive(Clone, Copy, Debug)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is left away on its own"
)]
pub struct Guards {
    /// It is known whether the grace is over.
    pub grace: bool,
    /// A copy of a request dies with its signature.
    pub fence: bool,
    /// It is known how old the pending version is.
    pub wait: bool,
    /// How it is known that a password is accepted.
    pub proof: Proof,
    /// The labels are read again before a request that depends on them.
    pub reread: bool,
    /// It is known whether `ElastiCache` is at rest.
    pub at_rest: bool,
    /// The pending password comes beside the current one.
    pub overlap: bool,
}

pub const ALL: Guards = Guards {
    grace: true,
    fence: true,
    wait: true,
    proof: Proof::Login,
    reread: true,
    at_rest: true,
    overlap: true,
};

#[derive(Clone, Copy, Debug)]
pub struct Setup {
    pub controllers: usize,
    pub epochs: u8,
    pub faults: u8,
    pub kinds: &'static [Fault],
    pub guards: Guards,
}

#[derive(Clone, Copy, Debug)]
#[expect(dead_code, reason = "what is in a move is printed and nothing else")]
pub enum Move {
    Fire,
    Decide(Step),
    DecideLagging(Step),
    Crash(Call),
    Send(Call),
    SendWithLateCopy(Call),
    LateCopyArrives,
    Spread(usize),
    Active,
    PendingAges,
    GraceElapses,
    NodeAnswersAgain,
    Fault(Fault),
    ForeignList,
    ForeignOverlappingList,
    ForeignPromotes,
    ForeignGivesUp,
}
