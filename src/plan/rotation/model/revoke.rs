//! Users that take each other's place in a user group.

mod moves;
mod tests;

use super::versions::{ATTEMPTS, Labels, Set, Version};
use crate::plan::rotation::revoke::{Place, RevokeStanding, RevokeStep};
use crate::plan::rotation::{Accepted, Current, Pending};

/// A request that was decided on. A user's credential stands for the user.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Call {
    Put(Version),
    Create(Version),
    Add(Version),
    Delete(Set, Labels),
    Move(Version, Labels),
    DropPending(Version),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct World {
    labels: Labels,
    users: Set,
    group: Set,
    /// Users that somebody gave another password.
    strange: Set,
    /// Users that the nodes let in.
    nodes: [Set; 2],
    active: bool,
    client: Version,
    grace_over: bool,
    epoch: u8,
    calls: [Option<Call>; 2],
    /// A request that may arrive once more, at any time.
    late: Option<Call>,
    faults: u8,
    wrong: Option<&'static str>,
}

/// What keeps a revocation safe.
#[derive(Clone, Copy, Debug)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is left away on its own"
)]
struct Guards {
    grace: bool,
    /// A credential is accepted when a login says so, and not when its user is a member.
    login: bool,
    /// The labels are read again before a request that depends on them.
    reread: bool,
    /// No two versions have users of the same name.
    names: bool,
}

impl Guards {
    fn name(self, version: Version) -> Version {
        if self.names {
            version
        } else {
            version / ATTEMPTS % 2
        }
    }

    /// Those whose names are among the others' names.
    fn named(self, users: Set, others: Set) -> Set {
        let known = |user: &Version| others.iter().any(|o| self.name(o) == self.name(*user));
        Set::of(users.iter().filter(known))
    }
}

impl World {
    fn new(faults: u8) -> Self {
        let (first, second) = (0, ATTEMPTS);
        let users = Set::of([second]);
        Self {
            labels: Labels {
                current: Some(second),
                previous: Some(first),
                pending: None,
                made: Set::of([first, second]),
            },
            users,
            group: users,
            strange: Set::default(),
            nodes: [users; 2],
            active: true,
            client: second,
            grace_over: true,
            epoch: 1,
            calls: [None; 2],
            late: None,
            faults,
            wrong: None,
        }
    }

    fn opens(&self, node: usize, version: Version) -> bool {
        self.nodes[node].has(version) && !self.strange.has(version)
    }

    fn accepted(&self, version: Version) -> Accepted {
        match [0, 1].map(|node| self.opens(node, version)) {
            [true, true] => Accepted::All,
            [false, false] => Accepted::None,
            _ => Accepted::Some,
        }
    }

    fn asked(&self) -> bool {
        self.labels
            .current
            .is_some_and(|version| version / ATTEMPTS < self.epoch)
    }

    fn place(&self, users: Set) -> Place {
        match (self.users.and(users), self.group.and(users)) {
            (none, _) if none == Set::default() => Place::Absent,
            (_, none) if none == Set::default() => Place::Outside,
            _ => Place::Member,
        }
    }

    fn outgoing(&self) -> Set {
        let labels = [self.labels.current, self.labels.pending];
        self.users.without(Set::of(labels.into_iter().flatten()))
    }

    fn observe(&self, guards: Guards) -> RevokeStanding {
        let current = self.labels.current;
        let incoming = self.place(Set::of(self.labels.pending));
        let pending = |version| match incoming {
            Place::Member if !guards.login => Accepted::All,
            _ => self.accepted(version),
        };
        RevokeStanding {
            current: current.map_or(Current::Unusable, |version| {
                Current::Password(self.accepted(version))
            }),
            pending: match self.labels.pending {
                None => Pending::None,
                pending if pending == current => Pending::Promoted,
                Some(version) => Pending::Ours(pending(version)),
            },
            incoming,
            outgoing: self.outgoing().len() > 0,
            at_rest: self.active,
            stuck: self.active,
            asked: self.asked(),
            grace_over: self.grace_over || !guards.grace,
        }
    }

    fn call(&self, step: RevokeStep) -> Option<Call> {
        let labels = self.labels;
        let first = self.epoch * ATTEMPTS;
        match step {
            RevokeStep::Rest | RevokeStep::Wait(_) | RevokeStep::Report(_) => None,
            RevokeStep::Put => (first..first + ATTEMPTS)
                .find(|version| !labels.made.has(*version))
                .map(Call::Put),
            RevokeStep::CreateUser => labels.pending.map(Call::Create),
            RevokeStep::AddUser => labels.pending.map(Call::Add),
            RevokeStep::Promote => labels.pending.map(|to| Call::Move(to, labels)),
            RevokeStep::DropPending => labels.pending.map(Call::DropPending),
            RevokeStep::DeleteUser => {
                let one = Set::of(self.outgoing().iter().take(1));
                Some(Call::Delete(one, labels))
            }
        }
    }

    /// Whether a request is still to be sent, after the labels were read again.
    fn holds(&self, call: Call, guards: Guards) -> bool {
        match call {
            Call::Delete(_, labels) | Call::Move(_, labels) => {
                labels == self.labels || !guards.reread
            }
            Call::Put(_) | Call::Create(_) | Call::Add(_) | Call::DropPending(_) => true,
        }
    }

    fn apply(&mut self, call: Call, guards: Guards) {
        match call {
            Call::Put(version) if !self.labels.made.has(version) => {
                self.labels.made.add(version);
                self.labels.pending = Some(version);
            }
            Call::Create(user) if guards.named(self.users, Set::of([user])).len() == 0 => {
                self.users.add(user);
            }
            Call::Add(user) => {
                self.group
                    .extend(guards.named(self.users, Set::of([user])).iter());
                self.active = false;
            }
            Call::Delete(users, _) => {
                let gone = guards.named(self.users, users);
                self.users = self.users.without(gone);
                self.group = self.group.without(gone);
                self.active = false;
            }
            Call::Move(to, seen) if self.labels.current == seen.current => self.promote(to),
            Call::DropPending(version) if self.labels.pending == Some(version) => {
                self.labels.pending = None;
            }
            Call::Put(_) | Call::Create(_) | Call::Move(..) | Call::DropPending(_) => {}
        }
    }

    fn promote(&mut self, to: Version) {
        let from = self.labels.current;
        let worse = |node| !self.opens(node, to) && from.is_some_and(|v| self.opens(node, v));
        if [0, 1].into_iter().any(worse) {
            self.wrong = Some("AWSCURRENT is refused");
        }
        self.labels.previous = from;
        self.labels.current = Some(to);
        self.grace_over = false;
    }

    fn spread(&mut self, node: usize) {
        let before = self.nodes[node];
        let loses = |user| before.has(user) && !self.group.has(user);
        if self.labels.current.is_some_and(loses) {
            self.wrong = Some("AWSCURRENT is refused");
        } else if loses(self.client) {
            self.wrong = Some("a client is locked out");
        }
        self.nodes[node] = self.group;
    }

    fn end_grace(&mut self) {
        self.grace_over = true;
        self.client = self.labels.current.unwrap_or(self.client);
    }
}
