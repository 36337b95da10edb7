//! Secrets Manager, `ElastiCache` with two nodes, two controllers, the slowest client and everybody who interferes.

use super::super::versions::{ATTEMPTS, FOREIGN, Labels, Set, Version};
use super::setup::{Guards, Proof};
use crate::plan::rotation::{Accepted, Current, Pending, Standing, Step};

/// A request that was decided on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Call {
    Put(Version),
    /// `ModifyUser` with a whole list, and the labels that it was decided on.
    List(Set, Labels),
    /// `AWSCURRENT` goes to a version, from where it was seen.
    Move(Version, Labels),
    DropPending(Version),
}

/// A copy of a `ModifyUser` that is still on its way, for as long as its signature lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Late {
    list: Set,
    /// The pending version was made after it was signed.
    before_pending: bool,
    /// `AWSCURRENT` was moved after it was signed.
    before_current: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::struct_excessive_bools, reason = "they are as many things")]
pub struct World {
    pub labels: Labels,
    /// The labels before the last change.
    pub lagging: Labels,
    /// Versions without a password.
    pub empty: Set,
    /// Age of the pending version: longer than a signature lives.
    pub aged: bool,
    /// The user's passwords.
    pub list: Set,
    /// The operator wrote that list.
    pub ours: bool,
    pub active: bool,
    pub nodes: [Set; 2],
    /// A node cannot be asked.
    pub dark: bool,
    /// What the slowest client holds.
    pub client: Version,
    pub grace_over: bool,
    /// Number of triggers.
    pub epoch: u8,
    /// Trigger that somebody else's version answers.
    pub fresh: u8,
    pub calls: [Option<Call>; 2],
    pub late: Option<Late>,
    /// Pending version that a process without logins takes for accepted.
    pub assumed: Option<Version>,
    pub faults: u8,
    pub wrong: Option<&'static str>,
}

fn trigger(version: Version) -> u8 {
    version / ATTEMPTS
}

impl World {
    pub fn new(faults: u8) -> Self {
        let (first, second) = (0, ATTEMPTS);
        let labels = Labels {
            current: Some(second),
            previous: Some(first),
            pending: None,
            made: Set::of([first, second]),
        };
        let list = Set::of([second]);
        Self {
            labels,
            lagging: labels,
            empty: Set::default(),
            aged: false,
            list,
            ours: true,
            active: true,
            nodes: [list; 2],
            dark: false,
            client: second,
            grace_over: true,
            epoch: 1,
            fresh: 0,
            calls: [None; 2],
            late: None,
            assumed: None,
            faults,
            wrong: None,
        }
    }

    pub fn password(&self, version: Option<Version>) -> Option<Version> {
        version.filter(|version| !self.empty.has(*version))
    }

    pub fn accepted(&self, version: Version) -> Accepted {
        match self.nodes.map(|node| node.has(version)) {
            _ if self.dark => Accepted::Unknown,
            [true, true] => Accepted::All,
            [false, false] => Accepted::None,
            _ => Accepted::Some,
        }
    }

    /// What the number of passwords tells.
    fn counted(&self, passwords: u32) -> Accepted {
        if self.list.len() < passwords {
            Accepted::None
        } else {
            Accepted::All
        }
    }

    pub fn due(&self, labels: Labels) -> bool {
        labels.current.is_some_and(|version| {
            let answers = match version {
                FOREIGN.. => self.fresh,
                _ => trigger(version),
            };
            answers < self.epoch
        })
    }

    pub fn pending(&self, labels: Labels, guards: Guards) -> Pending {
        match labels.pending {
            None => Pending::None,
            Some(_) if labels.pending == labels.current => Pending::Promoted,
            Some(FOREIGN..) => Pending::Foreign,
            Some(version) if self.empty.has(version) => Pending::Lost,
            Some(version) => Pending::Ours(match guards.proof {
                Proof::Sent if self.assumed == Some(version) => Accepted::All,
                Proof::Number => self.counted(2),
                _ => self.accepted(version),
            }),
        }
    }

    /// What a controller finds out that is told these labels.
    pub fn observe(&self, labels: Labels, guards: Guards) -> Standing {
        let at_rest = self.active || !guards.at_rest;
        Standing {
            current: match self.password(labels.current) {
                None => Current::Unusable,
                Some(_) if guards.proof == Proof::Number => Current::Password(self.counted(1)),
                Some(version) => Current::Password(self.accepted(version)),
            },
            pending: self.pending(labels, guards),
            previous: self
                .password(labels.previous)
                .map(|version| self.accepted(version)),
            passwords: self.list.len(),
            fenced: self.aged || !guards.wait || labels.pending != self.labels.pending,
            at_rest,
            stuck: self.active && self.nodes != [self.list; 2],
            due: self.due(labels),
            grace_over: self.grace_over || !guards.grace || labels.current != self.labels.current,
        }
    }

    pub fn call(&self, step: Step, labels: Labels, guards: Guards) -> Option<Call> {
        let list = |versions: [Option<Version>; 2]| {
            Some(Call::List(Set::of(versions.into_iter().flatten()), labels))
        };
        let move_to = |to| Some(Call::Move(to, labels));
        match step {
            Step::Rest | Step::Wait(_) | Step::Report(_) => None,
            Step::Put => Some(Call::Put(self.next_version(labels))),
            Step::AcceptPending => {
                list([labels.pending, labels.current.filter(|_| guards.overlap)])
            }
            Step::Heal => list([labels.current, self.password(labels.previous)]),
            Step::Retire => list([labels.current, None]),
            Step::Promote => move_to(labels.pending?),
            Step::Restore => move_to(labels.previous?),
            Step::DropPending => labels.pending.map(Call::DropPending),
        }
    }

    /// The next attempt at the newest trigger.
    pub fn next_version(&self, labels: Labels) -> Version {
        let first = self.epoch * ATTEMPTS;
        let free = (first..first + ATTEMPTS).find(|version| !labels.made.has(*version));
        free.expect("more attempts than faults")
    }

    pub fn relabel(&mut self, labels: Labels) {
        if labels.current != self.labels.current {
            self.grace_over = false;
            if let Some(late) = &mut self.late {
                late.before_current = true;
            }
        }
        self.lagging = self.labels;
        self.labels = labels;
    }

    pub fn make_current(&mut self, version: Version) {
        self.relabel(Labels {
            current: Some(version),
            previous: self.labels.current,
            ..self.labels
        });
    }

    pub fn put(&mut self, version: Version) {
        let mut made = self.labels.made;
        if made.has(version) {
            return;
        }
        made.add(version);
        self.aged = false;
        if let Some(late) = &mut self.late {
            late.before_pending = true;
        }
        self.relabel(Labels {
            pending: Some(version),
            made,
            ..self.labels
        });
    }

    pub fn modify(&mut self, list: Set, ours: bool) {
        self.list = list;
        self.ours = ours;
        self.active = false;
    }

    pub fn foreign(&self) -> bool {
        self.labels.pending >= Some(FOREIGN) && self.labels.pending != self.labels.current
    }

    /// Carries a request out. `AWSCURRENT` moves only from where it was seen.
    pub fn apply(&mut self, call: Call, guards: Guards) {
        match call {
            Call::Put(_) | Call::List(..) if self.foreign() => {
                self.wrong = Some("somebody else's rotation was interfered with");
            }
            Call::Put(version) => self.put(version),
            Call::List(list, _) => {
                if guards.proof == Proof::Sent {
                    self.assumed = self.labels.pending;
                }
                self.modify(list, true);
            }
            Call::Move(to, seen) if self.labels.current == seen.current => {
                let from = self.password(seen.current);
                let refused = |node: &Set| !node.has(to) && from.is_some_and(|from| node.has(from));
                if self.nodes.iter().any(refused) {
                    self.wrong = Some("AWSCURRENT is refused");
                }
                self.make_current(to);
            }
            Call::DropPending(version) if self.labels.pending == Some(version) => {
                self.relabel(Labels {
                    pending: None,
                    ..self.labels
                });
            }
            Call::Move(..) | Call::DropPending(_) => {}
        }
    }

    /// Whether a request is still to be sent, after the labels were read again.
    pub fn holds(&self, call: Call, guards: Guards) -> bool {
        match call {
            Call::List(_, labels) | Call::Move(_, labels) => {
                labels == self.labels || !guards.reread
            }
            Call::Put(_) => !self.foreign() || !guards.reread,
            Call::DropPending(_) => true,
        }
    }

    pub fn spread(&mut self, node: usize) {
        let (before, after) = (self.nodes[node], self.list);
        let loses = |version| before.has(version) && !after.has(version);
        if self.ours && self.password(self.labels.current).is_some_and(loses) {
            self.wrong = Some("AWSCURRENT is refused");
        } else if self.ours && loses(self.client) {
            self.wrong = Some("a client is locked out");
        }
        self.nodes[node] = after;
    }

    pub fn copy(&mut self, list: Set) {
        self.late = Some(Late {
            list,
            before_pending: false,
            before_current: false,
        });
    }

    pub fn late_list(&self) -> Option<Set> {
        self.late.map(|late| late.list)
    }

    /// The pending version gets older than a signature lives.
    pub fn age(&mut self, guards: Guards) {
        self.aged = true;
        self.late = self
            .late
            .filter(|late| !(late.before_pending && guards.fence));
    }

    pub fn can_refresh(&self) -> bool {
        !self.grace_over && self.password(self.labels.current).is_some()
    }

    /// The slowest client reads the secret again. The grace is longer than a signature lives.
    pub fn end_grace(&mut self, guards: Guards) {
        self.grace_over = true;
        self.client = self.labels.current.unwrap_or(self.client);
        self.late = self
            .late
            .filter(|late| !(late.before_current && guards.fence));
    }

    pub fn give_up(&mut self) {
        self.relabel(Labels {
            pending: None,
            ..self.labels
        });
    }

    /// Every node takes the list over.
    pub fn nodes_follow(&mut self) {
        if !self.active {
            self.spread(0);
            self.spread(1);
            self.active = true;
        }
    }
}
