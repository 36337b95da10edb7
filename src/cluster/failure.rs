use std::error::Error as _;
use std::time::Duration;

use crate::api::Reason;
use crate::plan::{Class, Failure};

/// What an error of the API server means for the object. The text is the server's own message, which names no value that was sent.
pub(super) fn from_kube(operation: &'static str, error: &kube::Error) -> Failure {
    let kube::Error::Api(status) = error else {
        return Failure {
            message: chain(error),
            ..transient(operation)
        };
    };
    let asked = status
        .details
        .as_ref()
        .map_or(0, |details| details.retry_after_seconds);
    let (class, reason) = match status.code {
        // An API server that has just started refuses everybody until it has read its roles: that may pass by itself.
        403 => (Class::Transient, Reason::AccessDenied),
        400 | 404 | 405 | 413 | 415 | 422 => (Class::Blocked, Reason::Rejected),
        _ => (Class::Transient, Reason::ApiServerUnavailable),
    };
    let retry_after = (asked > 0).then(|| Duration::from_secs(asked.into()));
    Failure {
        class,
        reason,
        message: status.message.clone(),
        retry_after,
        operation,
    }
}

/// The object changed after it was read.
pub(super) fn changed_meanwhile(operation: &'static str, message: String) -> Failure {
    Failure {
        message,
        ..transient(operation)
    }
}

const fn transient(operation: &'static str) -> Failure {
    Failure {
        operation,
        class: Class::Transient,
        reason: Reason::ApiServerUnavailable,
        message: String::new(),
        retry_after: None,
    }
}

/// The error with its causes, once.
fn chain(error: &kube::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        if !text.contains(&cause_text) {
            text = format!("{text}: {cause_text}");
        }
        source = cause.source();
    }
    text
}

/// Whether the API server refused a write because of the version that it was checked against, or because the thing is there already.
pub(super) fn is_conflict(error: &kube::Error) -> bool {
    matches!(error, kube::Error::Api(status) if status.code == 409)
}

/// Whether the API server said that the thing is not there.
pub(super) fn is_not_found(error: &kube::Error) -> bool {
    matches!(error, kube::Error::Api(status) if status.code == 404)
}

/// Whether the API server refused it for want of a right, and not because the namespace is going.
pub(super) fn lacks_a_right(error: &kube::Error) -> bool {
    let kube::Error::Api(status) = error else {
        return false;
    };
    let causes = status.details.iter().flat_map(|details| &details.causes);
    let is_terminating = causes
        .into_iter()
        .any(|cause| cause.reason == "NamespaceTerminating");
    status.code == 403 && !is_terminating
}

#[cfg(test)]
mod tests {
    use kube::core::Status;
    use kube::core::response::{StatusCause, StatusDetails};

    use super::*;

    fn failure(code: u16) -> Failure {
        let status = Status {
            code,
            message: "no".into(),
            ..Status::default()
        };
        from_kube(
            "kubernetes:PatchSecret",
            &kube::Error::Api(Box::new(status)),
        )
    }

    #[test]
    fn classes_follow_from_the_code() {
        for (code, class, reason) in [
            (403, Class::Transient, Reason::AccessDenied),
            (422, Class::Blocked, Reason::Rejected),
            (409, Class::Transient, Reason::ApiServerUnavailable),
            (429, Class::Transient, Reason::ApiServerUnavailable),
            (500, Class::Transient, Reason::ApiServerUnavailable),
        ] {
            let failure = failure(code);
            assert_eq!((failure.class, failure.reason), (class, reason), "{code}");
        }
    }

    #[test]
    fn a_namespace_that_is_going_is_no_missing_right() {
        let refused = |reasons: &[&str]| {
            let causes = reasons.iter().map(|reason| StatusCause {
                reason: (*reason).into(),
                message: String::new(),
                field: String::new(),
            });
            let details = StatusDetails {
                name: String::new(),
                group: String::new(),
                kind: String::new(),
                uid: String::new(),
                causes: causes.collect(),
                retry_after_seconds: 0,
            };
            let status = Status {
                code: 403,
                details: Some(details),
                ..Status::default()
            };
            kube::Error::Api(Box::new(status))
        };
        assert!(lacks_a_right(&refused(&[])));
        assert!(!lacks_a_right(&refused(&["NamespaceTerminating"])));
    }

    #[test]
    fn the_message_is_the_servers_own() {
        assert_eq!(failure(403).to_string(), "kubernetes:PatchSecret: no");
    }
}
