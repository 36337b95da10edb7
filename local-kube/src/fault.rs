//! Faults that a test has asked for, by operation, occurrence and object.

use serde::{Deserialize, Serialize};

use crate::Refusal;
use crate::call::Call;

/// One fault: which calls it hits and what it does to them. The form is that of local-aws's faults.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Fault {
    /// `resource:verb` (`secrets:create`, `cachedapis/status:patch`), `resource:*` or `*`.
    pub operation: String,
    /// `namespace/name`: only calls about this object.
    #[serde(default)]
    pub object: Option<String>,
    /// The first matching call that is hit, counted from when the fault was added; 1 is the next one.
    #[serde(default = "one")]
    pub nth: u64,
    /// How many matching calls are hit from there; 0: all until the faults are dropped.
    #[serde(default = "one")]
    pub count: u64,
    /// What happens.
    pub effect: Effect,
    /// Matching calls so far.
    #[serde(default)]
    pub seen: u64,
}

/// What happens to a call. A request may carry its own as an extension.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(
    rename_all = "camelCase",
    rename_all_fields = "camelCase",
    deny_unknown_fields
)]
pub enum Effect {
    /// Answered with this `Status`, not applied.
    Fail {
        /// HTTP status.
        code: u16,
        /// Its reason.
        reason: String,
        /// Its message.
        #[serde(default)]
        message: String,
    },
    /// Answered as too many requests, not applied.
    Throttle {
        /// Seconds after which to ask again.
        #[serde(default)]
        retry_after: Option<u64>,
    },
    /// Answered as RBAC answers, naming verb and resource; not applied.
    DenyAccess,
    /// Answered as a write of an outdated version, not applied.
    Conflict,
    /// Happens this much later.
    Delay {
        /// Milliseconds.
        ms: u64,
    },
    /// Never arrives: the connection is closed, not applied.
    LoseRequest,
    /// Applied, then the connection is closed without an answer.
    LoseReply,
    /// A read that does not know the last writes of what it reads; other calls are not changed by it.
    ReadStale {
        /// How many writes it does not know.
        behind: usize,
    },
}

fn one() -> u64 {
    1
}

impl Fault {
    /// The next call of `operation` has `effect`.
    #[must_use]
    pub fn new(operation: &str, effect: Effect) -> Self {
        Self {
            operation: operation.to_owned(),
            object: None,
            nth: 1,
            count: 1,
            effect,
            seen: 0,
        }
    }

    /// The same for the `nth` call on.
    #[must_use]
    pub fn nth(self, nth: u64) -> Self {
        Self { nth, ..self }
    }

    /// The same for `count` calls; 0: for all until the faults are dropped.
    #[must_use]
    pub fn count(self, count: u64) -> Self {
        Self { count, ..self }
    }

    /// The same for calls about `object` only.
    #[must_use]
    pub fn object(self, object: &str) -> Self {
        let object = Some(object.to_owned());
        Self { object, ..self }
    }

    fn matches(&self, operation: &str, object: &str) -> bool {
        let same = match self.operation.split_once(':') {
            Some((resource, "*")) => operation
                .split_once(':')
                .is_some_and(|(of, _)| of == resource),
            Some(_) => self.operation == operation,
            None => self.operation == "*",
        };
        same && self.object.as_deref().is_none_or(|wanted| wanted == object)
    }

    fn hits(&mut self) -> bool {
        self.seen += 1;
        self.seen >= self.nth
            && (self.count == 0 || self.seen < self.nth.saturating_add(self.count))
    }
}

/// The effects of all faults that hit this call; every matching fault counts it.
pub(crate) fn strike(faults: &mut [Fault], operation: &str, object: &str) -> Vec<Effect> {
    faults
        .iter_mut()
        .filter(|fault| fault.matches(operation, object))
        .filter_map(|fault| fault.hits().then(|| fault.effect.clone()))
        .collect()
}

impl Effect {
    /// The refusal that stops `call` before it is applied, if this is of that kind.
    pub(crate) fn refusal(&self, call: &Call) -> Option<Refusal> {
        match self {
            Self::Fail {
                code,
                reason,
                message,
            } => Some(Refusal::new(*code, reason, message.clone())),
            Self::Throttle { retry_after } => Some(Refusal {
                retry_after: *retry_after,
                ..Refusal::new(429, "TooManyRequests", "too many requests")
            }),
            Self::DenyAccess => Some(Refusal::forbidden(format!(
                "{} is forbidden: cannot {} resource \"{}{}\" in API group {:?}",
                call.what(),
                call.verb.as_str(),
                call.resource.plural,
                if call.status { "/status" } else { "" },
                call.resource.group
            ))),
            Self::Conflict => Some(Refusal::modified(&call.what())),
            Self::LoseRequest => Some(Refusal::new(
                503,
                "ServiceUnavailable",
                "the request never arrived",
            )),
            Self::Delay { .. } | Self::LoseReply | Self::ReadStale { .. } => None,
        }
    }
}
