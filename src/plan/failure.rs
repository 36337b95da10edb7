use std::time::Duration;

use thiserror::Error;

use crate::api::Reason;

/// What kind of failure a call met; decides what happens next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Class {
    /// May work unchanged: throttled, 5xx, time-out, conflict. Tried again with back-off.
    Transient,
    /// Needs something outside us: a permission, a quota, capacity, a missing reference. Tried again slowly.
    Blocked,
    /// The thing is in a state in which AWS refuses the call; a wait, not an error.
    Busy,
}

/// A call to AWS or the API server that did not succeed.
///
/// Display holds the operation, the code and AWS's message, never a value that was sent.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{operation}: {message}")]
pub struct Failure {
    /// `service:Operation`, e.g. `apigateway:PutRestApi`.
    pub operation: &'static str,
    /// What happens next.
    pub class: Class,
    /// Reason for the condition.
    pub reason: Reason,
    /// Sentence for the condition: the thing's id, AWS's code and message; for access denied, the missing IAM action.
    pub message: String,
    /// How long AWS asked to wait.
    pub retry_after: Option<Duration>,
}
