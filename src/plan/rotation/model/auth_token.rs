//! A replication group with two AUTH tokens.

mod moves;
mod tests;

use super::versions::{ATTEMPTS, Labels, Set, Version};
use crate::plan::rotation::auth_token::{Known, TokenStanding, TokenStep};
use crate::plan::rotation::{Accepted, Current, Pending};

/// A request that was decided on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Call {
    Put(Version),
    Rotate(Version, Basis),
    Set(Version, Basis),
    Move(Version, Basis),
    DropPending(Version),
}

/// What a request was decided on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Basis {
    labels: Labels,
    /// `AuthTokenLastModifiedDate` moved since.
    modified: bool,
}

/// The last token that was given, as long as the controller that gave it lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Given {
    by: usize,
    token: Version,
    /// By `SET`.
    alone: bool,
}

/// A copy of a `ROTATE` that is still on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Late {
    token: Version,
    before_pending: bool,
    before_current: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct World {
    labels: Labels,
    /// The older token and the newest.
    tokens: [Option<Version>; 2],
    active: bool,
    given: Option<Given>,
    aged: bool,
    client: Version,
    grace_over: bool,
    epoch: u8,
    calls: [Option<Call>; 2],
    late: Option<Late>,
    faults: u8,
    wrong: Option<&'static str>,
}

/// What keeps a rotation safe, and how the server is.
#[derive(Clone, Copy, Debug)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is left away on its own"
)]
struct Guards {
    /// It is known whether the current token is the newest.
    newest: bool,
    grace: bool,
    /// A copy of a request dies with its signature.
    fence: bool,
    /// Labels and the last modification are read again before a request that depends on them.
    reread: bool,
    /// The server ignores a `ROTATE` to the newest token.
    repeat_ignored: bool,
}

impl World {
    fn new(faults: u8) -> Self {
        let (first, second) = (0, ATTEMPTS);
        Self {
            labels: Labels {
                current: Some(second),
                previous: Some(first),
                pending: None,
                made: Set::of([first, second]),
            },
            tokens: [None, Some(second)],
            active: true,
            given: None,
            aged: false,
            client: second,
            grace_over: true,
            epoch: 1,
            calls: [None; 2],
            late: None,
            faults,
            wrong: None,
        }
    }

    fn accepts(&self, token: Version) -> bool {
        self.tokens.contains(&Some(token))
    }

    fn accepted(&self, token: Version) -> Accepted {
        if self.accepts(token) {
            Accepted::All
        } else {
            Accepted::None
        }
    }

    fn due(&self) -> bool {
        self.labels
            .current
            .is_some_and(|version| version / ATTEMPTS < self.epoch)
    }

    fn observe(&self, controller: usize, guards: Guards) -> TokenStanding {
        let current = self.labels.current;
        let given = self
            .given
            .filter(|given| given.by == controller && Some(given.token) == current);
        TokenStanding {
            current: current.map_or(Current::Unusable, |version| {
                Current::Password(self.accepted(version))
            }),
            pending: match self.labels.pending {
                None => Pending::None,
                pending if pending == current => Pending::Promoted,
                Some(version) => Pending::Ours(self.accepted(version)),
            },
            previous: self.labels.previous.map(|version| self.accepted(version)),
            known: match given {
                Some(Given { alone: true, .. }) => Known::Alone,
                Some(_) => Known::Newest,
                None if guards.newest => Known::Unsure,
                None => Known::Alone,
            },
            fenced: self.aged,
            at_rest: self.active,
            stuck: false,
            due: self.due(),
            grace_over: self.grace_over || !guards.grace,
        }
    }

    fn call(&self, step: TokenStep) -> Option<Call> {
        let basis = Basis {
            labels: self.labels,
            modified: false,
        };
        let Labels {
            current,
            previous,
            pending,
            made,
        } = self.labels;
        let first = self.epoch * ATTEMPTS;
        match step {
            TokenStep::Rest | TokenStep::Wait(_) | TokenStep::Report(_) => None,
            TokenStep::Put => (first..first + ATTEMPTS)
                .find(|version| !made.has(*version))
                .map(Call::Put),
            TokenStep::RotateCurrent => current.map(|token| Call::Rotate(token, basis)),
            TokenStep::RotatePending => pending.map(|token| Call::Rotate(token, basis)),
            TokenStep::Set => current.map(|token| Call::Set(token, basis)),
            TokenStep::Promote => pending.map(|token| Call::Move(token, basis)),
            TokenStep::Restore => previous.map(|token| Call::Move(token, basis)),
            TokenStep::DropPending => pending.map(Call::DropPending),
        }
    }

    /// Whether a request is still to be sent, after what it was decided on was read again.
    fn holds(&self, call: Call, guards: Guards) -> bool {
        match call {
            Call::Put(_) | Call::DropPending(_) => true,
            Call::Rotate(_, basis) | Call::Set(_, basis) | Call::Move(_, basis) => {
                let same = basis.labels == self.labels && !basis.modified;
                same || !guards.reread
            }
        }
    }

    fn apply(&mut self, controller: usize, call: Call, guards: Guards) {
        match call {
            Call::Put(version) => self.put(version),
            Call::Rotate(token, _) => {
                self.rotate(token, guards);
                self.give(controller, token, false);
            }
            Call::Set(token, _) if self.tokens[1] == Some(token) => {
                self.hold([None, Some(token)]);
                self.give(controller, token, true);
            }
            Call::Move(to, seen) if self.labels.current == seen.labels.current => {
                let from = self.labels.current;
                if !self.accepts(to) && from.is_some_and(|from| self.accepts(from)) {
                    self.wrong = Some("AWSCURRENT is refused");
                }
                self.promote(to);
            }
            Call::DropPending(version) if self.labels.pending == Some(version) => {
                self.labels.pending = None;
            }
            Call::Set(..) | Call::Move(..) | Call::DropPending(_) => {}
        }
    }

    fn put(&mut self, version: Version) {
        if !self.labels.made.has(version) {
            self.labels.made.add(version);
            self.labels.pending = Some(version);
            self.aged = false;
            if let Some(late) = &mut self.late {
                late.before_pending = true;
            }
        }
    }

    fn promote(&mut self, to: Version) {
        self.labels.previous = self.labels.current;
        self.labels.current = Some(to);
        self.grace_over = false;
        if let Some(late) = &mut self.late {
            late.before_current = true;
        }
    }

    fn give(&mut self, by: usize, token: Version, alone: bool) {
        self.given = Some(Given { by, token, alone });
    }

    fn rotate(&mut self, token: Version, guards: Guards) {
        let newest = self.tokens[1];
        if newest != Some(token) || !guards.repeat_ignored {
            self.hold([newest, Some(token)]);
        }
        self.modified();
    }

    fn modified(&mut self) {
        self.active = false;
        self.given = None;
        for call in self.calls.iter_mut().flatten() {
            if let Call::Rotate(_, basis) | Call::Set(_, basis) | Call::Move(_, basis) = call {
                basis.modified = true;
            }
        }
    }

    fn hold(&mut self, tokens: [Option<Version>; 2]) {
        let before = *self;
        self.tokens = tokens;
        self.modified();
        let loses = |token| before.accepts(token) && !self.accepts(token);
        if self.labels.current.is_some_and(loses) {
            self.wrong = Some("AWSCURRENT is refused");
        } else if loses(self.client) {
            self.wrong = Some("a client is locked out");
        }
    }
}
