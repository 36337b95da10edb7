//! The one error of every service.

use crate::Call;

/// An error as AWS answers it; each protocol has its own form for it on the wire.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{code} ({status}): {message}")]
pub struct AwsError {
    /// The wire code, e.g. `NotFoundException` or `ReplicationGroupNotFoundFault`.
    pub code: String,
    /// The HTTP status.
    pub status: u16,
    /// The text for people.
    pub message: String,
    /// Seconds for the `Retry-After` header.
    pub retry_after: Option<u64>,
}

impl AwsError {
    /// An error with HTTP status `status`.
    pub fn new(status: u16, code: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            code: code.into(),
            status,
            message: message.into(),
            retry_after: None,
        }
    }

    /// An error with HTTP status 400, what most refusals are.
    pub fn bad_request(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self::new(400, code, message)
    }

    /// The same error with a `Retry-After` header.
    #[must_use]
    pub fn retry_after(self, seconds: u64) -> Self {
        Self {
            retry_after: Some(seconds),
            ..self
        }
    }

    /// The answer of a service to an operation this crate does not have: it names the operation.
    #[must_use]
    pub fn unknown_operation(call: &Call) -> Self {
        Self::new(
            404,
            "UnknownOperationException",
            format!("local-aws has no {}:{}", call.service, call.operation),
        )
    }
}
