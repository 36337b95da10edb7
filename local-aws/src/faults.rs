//! Faults that a test has asked for, by operation and occurrence.

use serde::{Deserialize, Serialize};

use crate::Call;

/// One fault: which calls it hits and what it does to them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Fault {
    /// `service:Operation`, `service:*` or `*`.
    operation: String,
    #[serde(default)]
    account: Option<String>,
    #[serde(default)]
    region: Option<String>,
    /// Part of the called resource's ARN or name.
    #[serde(default)]
    resource: Option<String>,
    /// The first matching call that is hit; 1 is the next one.
    #[serde(default = "one")]
    nth: u64,
    /// How many matching calls are hit from there; 0: all until the faults are deleted.
    #[serde(default = "one")]
    count: u64,
    effect: Effect,
    /// Matching calls so far.
    #[serde(default)]
    seen: u64,
}

/// What happens to a call. A request in process may carry its own as an extension.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(
    rename_all = "camelCase",
    rename_all_fields = "camelCase",
    deny_unknown_fields
)]
pub enum Effect {
    /// Answered with this error, not applied.
    Fail {
        /// The error's code.
        code: String,
        /// HTTP status.
        #[serde(default = "internal_error")]
        status: u16,
        /// The error's message.
        #[serde(default)]
        message: String,
    },
    /// Answered as over quota, not applied.
    Throttle {
        /// Seconds after which to ask again.
        #[serde(default)]
        retry_after: Option<u64>,
    },
    /// Answered as IAM answers, naming the action; not applied.
    DenyAccess,
    /// Happens this much later.
    Delay {
        /// Milliseconds.
        ms: u64,
    },
    /// Never arrives: the connection is closed, not applied.
    LoseRequest,
    /// Applied, then the connection is closed without an answer.
    LoseReply,
    /// A read answers with what was there before the last write ([`Call::stale`]).
    Stale,
}

fn one() -> u64 {
    1
}

fn internal_error() -> u16 {
    500
}

impl Fault {
    fn matches(&self, call: &Call, resource: &str) -> bool {
        let operation = match self.operation.split_once(':') {
            Some((service, "*")) => service == call.service,
            Some((service, operation)) => service == call.service && operation == call.operation,
            None => self.operation == "*",
        };
        let is = |wanted: &Option<String>, value: &str| {
            wanted.as_deref().is_none_or(|wanted| wanted == value)
        };
        let resource_fits = self
            .resource
            .as_deref()
            .is_none_or(|part| resource.contains(part));
        operation
            && is(&self.account, call.account())
            && is(&self.region, call.region())
            && resource_fits
    }

    fn hits(&mut self) -> bool {
        self.seen += 1;
        self.seen >= self.nth
            && (self.count == 0 || self.seen < self.nth.saturating_add(self.count))
    }
}

/// The effects of all faults that hit this call; every matching fault counts it.
pub(crate) fn strike(faults: &mut [Fault], call: &Call, resource: &str) -> Vec<Effect> {
    faults
        .iter_mut()
        .filter(|fault| fault.matches(call, resource))
        .filter_map(|fault| fault.hits().then(|| fault.effect.clone()))
        .collect()
}
