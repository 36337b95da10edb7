//! Answers other than objects.

use serde_json::{Value, json};

/// A call that was refused, as a `Status` says it.
/// <https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/status/>
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{reason}: {message}")]
pub struct Refusal {
    /// HTTP status.
    pub code: u16,
    /// Reason, as a constant.
    pub reason: String,
    /// Why, in a sentence.
    pub message: String,
    /// Seconds after which the call may be made again.
    pub retry_after: Option<u64>,
}

impl Refusal {
    /// A refusal with HTTP status `code`.
    pub fn new(code: u16, reason: &str, message: impl Into<String>) -> Self {
        Self {
            code,
            reason: reason.to_owned(),
            message: message.into(),
            retry_after: None,
        }
    }

    pub(crate) fn bad_request(message: impl Into<String>) -> Self {
        Self::new(400, "BadRequest", message)
    }

    pub(crate) fn forbidden(message: impl Into<String>) -> Self {
        Self::new(403, "Forbidden", message)
    }

    pub(crate) fn not_found(what: &str) -> Self {
        Self::new(404, "NotFound", format!("{what} not found"))
    }

    pub(crate) fn conflict(what: &str, why: &str) -> Self {
        let message = format!("Operation cannot be fulfilled on {what}: {why}");
        Self::new(409, "Conflict", message)
    }

    pub(crate) fn modified(what: &str) -> Self {
        Self::conflict(
            what,
            "the object has been modified; please apply your changes to the latest version and try again",
        )
    }

    pub(crate) fn invalid(what: &str, why: &str) -> Self {
        Self::new(422, "Invalid", format!("{what} is invalid: {why}"))
    }

    pub(crate) fn expired(message: impl Into<String>) -> Self {
        Self::new(410, "Expired", message)
    }

    /// As the body of the answer.
    pub(crate) fn to_status(&self) -> Value {
        let mut status = json!({
            "apiVersion": "v1", "kind": "Status", "metadata": {}, "status": "Failure",
            "code": self.code, "reason": self.reason, "message": self.message,
        });
        if let Some(seconds) = self.retry_after {
            status["details"] = json!({ "retryAfterSeconds": seconds });
        }
        status
    }
}

/// What a deletion that is complete is answered with.
pub(crate) fn deleted(object: &Value) -> Value {
    let metadata = &object["metadata"];
    json!({
        "apiVersion": "v1", "kind": "Status", "metadata": {}, "status": "Success",
        "details": {"name": metadata["name"], "uid": metadata["uid"]},
    })
}
