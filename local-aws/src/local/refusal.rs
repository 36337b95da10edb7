//! What stops a call before it is applied.

use crate::faults::Effect;
use crate::target::Target;
use crate::{AwsError, Call, quotas};

/// The error that stops a call before it is applied, if the fault is of that kind.
pub(super) fn of(effect: &Effect, call: &Call, target: &Target) -> Option<AwsError> {
    match effect {
        Effect::Fail {
            code,
            status,
            message,
        } => Some(AwsError::new(*status, code, message)),
        Effect::Throttle { retry_after } => Some(quotas::throttled(call.service, *retry_after)),
        Effect::DenyAccess => Some(denied(call, &target.action, &target.resource)),
        Effect::LoseRequest => Some(AwsError::new(
            503,
            "RequestLost",
            "the request never arrived",
        )),
        Effect::Delay { .. } | Effect::LoseReply | Effect::Stale => None,
    }
}

/// IAM's words.
pub(super) fn denied(call: &Call, action: &str, resource: &str) -> AwsError {
    let code = if matches!(call.service, "elasticache" | "iam" | "sts") {
        "AccessDenied"
    } else {
        "AccessDeniedException"
    };
    let status = if call.service == "secretsmanager" {
        400
    } else {
        403
    };
    let who = call.caller.arn();
    let message = format!(
        "User: {who} is not authorized to perform: {action} on resource: {resource} because no identity-based policy allows \
         the {action} action"
    );
    AwsError::new(status, code, message)
}
