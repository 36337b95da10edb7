use std::collections::BTreeSet;
use std::time::Duration;

use crate::api::Reason;

use super::{Action, Class, Failure, Read, Seen};

/// A part of the object that is decided on independently of the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Aspect {
    /// REST API, stage, keys, permissions.
    Api,
    /// Replication group, users, subnet group.
    Cache,
    /// Secret.
    Credentials,
    /// Kubernetes Secrets.
    Bindings,
}

impl Aspect {
    /// Every aspect.
    pub const ALL: [Self; 4] = [Self::Api, Self::Cache, Self::Credentials, Self::Bindings];

    /// As it stands in status.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Api => "Api",
            Self::Cache => "Cache",
            Self::Credentials => "Credentials",
            Self::Bindings => "Bindings",
        }
    }
}

/// Progress belongs to someone else; look again after `again`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wait {
    /// Reason for the condition.
    pub reason: Reason,
    /// What is awaited, with its id, in a sentence.
    pub message: String,
    /// When to look again.
    pub again: Duration,
}

/// Somebody has to act, or the spec has to change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block {
    /// Reason for the condition.
    pub reason: Reason,
    /// What is in the way and what to do, in a sentence.
    pub message: String,
}

impl From<&Failure> for Block {
    fn from(failure: &Failure) -> Self {
        Self {
            reason: failure.reason,
            message: failure.to_string(),
        }
    }
}

/// What is decided for one aspect. The order of the lists is the order of execution.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct AspectPlan {
    /// What must be read before more can be decided. While it is not empty, nothing of this aspect is executed.
    pub reads: Vec<Read>,
    /// Writes, in order. What comes after one that failed is left for later, unless it is another consumer's; see [`Scope`](super::Scope).
    pub actions: Vec<Action>,
    /// What is awaited.
    pub waits: Vec<Wait>,
    /// What needs somebody else.
    pub blocks: Vec<Block>,
    /// What is live stays as it is and works while this is carried out or awaited; the sentence says what goes on.
    pub quietly: Option<String>,
    /// When something is to be done of itself; nothing is awaited until then.
    pub scheduled: Option<Duration>,
}

impl AspectPlan {
    /// A plan that only asks for `read`.
    #[must_use]
    pub fn read(read: Read) -> Self {
        Self {
            reads: vec![read],
            ..Self::default()
        }
    }

    /// A plan that only asks for `reads`.
    #[must_use]
    pub fn read_all(reads: Vec<Read>) -> Self {
        Self {
            reads,
            ..Self::default()
        }
    }

    /// A plan of one action.
    #[must_use]
    pub fn act(action: Action) -> Self {
        Self {
            actions: vec![action],
            ..Self::default()
        }
    }

    /// A plan that only waits.
    #[must_use]
    pub fn wait(reason: Reason, message: impl Into<String>, again: Duration) -> Self {
        Self {
            waits: vec![Wait {
                reason,
                message: message.into(),
                again,
            }],
            ..Self::default()
        }
    }

    /// A plan that stops until somebody else acts.
    #[must_use]
    pub fn block(reason: Reason, message: impl Into<String>) -> Self {
        Self {
            blocks: vec![Block {
                reason,
                message: message.into(),
            }],
            ..Self::default()
        }
    }

    /// What a failed read leaves: a stop when somebody else has to act, else another look after `again`. Never a create or delete.
    #[must_use]
    pub fn unknown(failure: &Failure, again: Duration) -> Self {
        match failure.class {
            Class::Blocked => Self {
                blocks: vec![failure.into()],
                ..Self::default()
            },
            Class::Transient | Class::Busy => Self::wait(
                failure.reason,
                failure.to_string(),
                failure.retry_after.unwrap_or(again),
            ),
        }
    }

    /// Something goes on, and what is live stays as it is and works.
    #[must_use]
    pub fn is_quiet(&self) -> bool {
        self.quietly.is_some() && self.blocks.is_empty() && !self.is_settled()
    }

    /// The same, carried out while what is live works.
    #[must_use]
    pub fn quietly(self, what: impl Into<String>) -> Self {
        Self {
            quietly: Some(what.into()),
            ..self
        }
    }

    /// Nothing to read, write, wait for or be blocked by: this aspect is as desired.
    #[must_use]
    pub fn is_settled(&self) -> bool {
        self.reads.is_empty()
            && self.actions.is_empty()
            && self.waits.is_empty()
            && self.blocks.is_empty()
    }

    /// Only the reads, if there are any: what they tell may change everything else.
    #[must_use]
    pub fn reads_first(self) -> Self {
        if self.reads.is_empty() {
            self
        } else {
            Self {
                reads: self.reads,
                ..Self::default()
            }
        }
    }

    /// The same without its actions: what they would do is a block.
    #[must_use]
    fn without_actions(mut self) -> Self {
        if self.actions.is_empty() {
            return self;
        }
        let told = self.actions.iter().take(TOLD);
        let told: Vec<String> = told
            .map(|action| format!("{} {}", action.operation(), action.target()))
            .collect();
        let more = match self.actions.len().saturating_sub(TOLD) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        self.blocks.push(Block {
            reason: Reason::ObserveOnly,
            message: format!(
                "managementPolicy is ObserveOnly, so this is not done: {}{more}",
                told.join(", ")
            ),
        });
        self.actions.clear();
        self
    }

    /// Adds `other` behind this plan. The two together are quiet when each of them is, or has nothing to do.
    pub fn extend(&mut self, other: Self) {
        if self.is_settled() {
            self.quietly = other.quietly;
        } else if !other.is_settled() && other.quietly.is_none() {
            self.quietly = None;
        }
        self.reads.extend(other.reads);
        self.actions.extend(other.actions);
        self.waits.extend(other.waits);
        self.blocks.extend(other.blocks);
        self.scheduled = [self.scheduled, other.scheduled]
            .into_iter()
            .flatten()
            .min();
    }
}

/// Actions that a block names in place of carrying them out.
const TOLD: usize = 10;

/// When to look again after a read failed.
pub(super) const RETRY: Duration = Duration::from_secs(10);

/// What is known of a thing; an unread one is added to `reads`.
pub(super) fn looked<'a, T>(
    seen: &'a Seen<T>,
    read: Read,
    reads: &mut Vec<Read>,
) -> Result<Option<&'a T>, AspectPlan> {
    match seen {
        Seen::Unread => reads.push(read),
        Seen::Unknown(failure) => return Err(AspectPlan::unknown(failure, RETRY)),
        Seen::Absent => {}
        Seen::Present(thing) => return Ok(Some(thing)),
    }
    Ok(None)
}

/// What is decided for the object in one round.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Plan {
    /// REST API, stage, keys, permissions.
    pub api: AspectPlan,
    /// Replication group, users, subnet group.
    pub cache: AspectPlan,
    /// Secret.
    pub credentials: AspectPlan,
    /// Kubernetes Secrets.
    pub bindings: AspectPlan,
}

impl Plan {
    /// The aspects with what is decided for them, in a fixed order.
    pub fn aspects(&self) -> impl Iterator<Item = (Aspect, &AspectPlan)> {
        [
            (Aspect::Api, &self.api),
            (Aspect::Cache, &self.cache),
            (Aspect::Credentials, &self.credentials),
            (Aspect::Bindings, &self.bindings),
        ]
        .into_iter()
    }

    /// The same without actions: what they would do is said by blocks.
    #[must_use]
    pub(super) fn without_actions(self) -> Self {
        Self {
            api: self.api.without_actions(),
            cache: self.cache.without_actions(),
            credentials: self.credentials.without_actions(),
            bindings: self.bindings.without_actions(),
        }
    }

    /// Every aspect is settled.
    #[must_use]
    pub fn is_settled(&self) -> bool {
        self.aspects().all(|(_, aspect)| aspect.is_settled())
    }

    /// Every aspect is settled, or busy with something that leaves what is live as it is.
    #[must_use]
    pub fn is_quiet(&self) -> bool {
        self.aspects()
            .all(|(_, aspect)| aspect.is_settled() || aspect.is_quiet())
    }

    /// What must be read before more can be decided, once each: several aspects may want the same.
    #[must_use]
    pub fn reads(&self) -> BTreeSet<&Read> {
        self.aspects()
            .flat_map(|(_, aspect)| &aspect.reads)
            .collect()
    }

    /// Whether there is anything to write.
    #[must_use]
    pub fn acts(&self) -> bool {
        self.aspects().any(|(_, aspect)| !aspect.actions.is_empty())
    }

    /// When something is to be done of itself: the soonest of what is scheduled.
    #[must_use]
    pub fn scheduled(&self) -> Option<Duration> {
        self.aspects()
            .filter_map(|(_, aspect)| aspect.scheduled)
            .min()
    }

    /// When to look again because of what is awaited: the soonest of the waits.
    #[must_use]
    pub fn wake_up(&self) -> Option<Duration> {
        self.aspects()
            .flat_map(|(_, aspect)| &aspect.waits)
            .map(|wait| wait.again)
            .min()
    }
}
