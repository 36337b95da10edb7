//! What AWS's error codes mean. One table per service; a code that is in none is transient and counted as `unknown_code`.

use std::error::Error;
use std::time::Duration;

use aws_credential_types::provider::error::CredentialsError;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

use crate::api::Reason;
use crate::plan::{Class, Failure};

use super::call::Refusal;
use super::operations::Operation;

/// What an error says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Not sent: its turn in our own quotas is too far away.
    Queued,
    /// Too many requests.
    Throttled,
    /// AWS failed.
    Unavailable,
    /// No answer.
    Unreachable,
    /// Refused in the state that the thing is in.
    Busy,
    /// What was asked for or referred to is not there.
    NotFound,
    /// Something that the request refers to by id is not there.
    Missing,
    /// The name is taken.
    Exists,
    /// There was nothing to change.
    Unchanged,
    /// A permission is missing.
    Denied,
    /// The credentials themselves are refused.
    Credentials,
    /// They have expired, or could not be got: others may come by themselves.
    NoCredentials,
    /// A quota of things, not of requests, is used up.
    Quota,
    /// No capacity.
    Capacity,
    /// Refused as it is.
    Rejected,
    /// A code that is in no table.
    UnknownCode,
}

impl Kind {
    /// For metrics.
    pub(super) const fn label(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Throttled => "throttled",
            Self::Unavailable => "unavailable",
            Self::Unreachable => "unreachable",
            Self::Busy => "busy",
            Self::NotFound | Self::Missing => "not_found",
            Self::Exists => "exists",
            Self::Unchanged => "unchanged",
            Self::Denied => "access_denied",
            Self::Credentials | Self::NoCredentials => "credentials",
            Self::Quota => "quota",
            Self::Capacity => "capacity",
            Self::Rejected => "rejected",
            Self::UnknownCode => "unknown_code",
        }
    }

    /// A creation needs what it refers to; for the rest, what is gone shows in the next read.
    const fn meaning(self, creates: bool) -> (Class, Reason) {
        match self {
            Self::Busy => (Class::Busy, Reason::Modifying),
            Self::NotFound if creates => (Class::Blocked, Reason::ReferenceNotFound),
            Self::Missing => (Class::Blocked, Reason::ReferenceNotFound),
            Self::Exists => (Class::Blocked, Reason::NameTaken),
            Self::Denied => (Class::Blocked, Reason::AccessDenied),
            Self::Credentials => (Class::Blocked, Reason::CredentialsRefused),
            Self::NoCredentials => (Class::Transient, Reason::CredentialsRefused),
            Self::Quota => (Class::Blocked, Reason::QuotaExceeded),
            Self::Capacity => (Class::Blocked, Reason::InsufficientCapacity),
            Self::Rejected => (Class::Blocked, Reason::Rejected),
            Self::Queued
            | Self::Throttled
            | Self::Unavailable
            | Self::Unreachable
            | Self::NotFound
            | Self::Unchanged
            | Self::UnknownCode => (Class::Transient, Reason::AwsUnavailable),
        }
    }
}

/// What `error` means. The message has `subject`, AWS's code and AWS's message, and nothing of the request.
pub(super) fn classify<E>(
    operation: &'static Operation,
    subject: &str,
    error: &SdkError<E, HttpResponse>,
) -> Refusal
where
    E: ProvideErrorMetadata + Error + 'static,
{
    let Some(response) = error.raw_response() else {
        let kind = if is_for_want_of_credentials(error) {
            Kind::NoCredentials
        } else {
            Kind::Unreachable
        };
        let message = format!("{subject}: {}", chain(error));
        return refuse(operation, kind, message, None);
    };
    let status = response.status().as_u16();
    let (code, text) = (
        error.code().unwrap_or("no code"),
        one_line(error.message().unwrap_or("no message")),
    );
    let kind = kind(operation, code, &text, status);
    let (class, reason) = kind.meaning(operation.creates);
    // What AWS's support asks for. What is tried again within moments has another one each time.
    let request = request_id(response).filter(|_| class == Class::Blocked);
    let request = request.map_or_else(String::new, |id| format!(", request {id}"));
    let message = match kind {
        Kind::Denied => format!(
            "{subject}: the operator needs {}; add it to the policies of its AWS identity ({code}{request}: {text})",
            missing_action(operation, &text)
        ),
        _ if reason == Reason::ReferenceNotFound => {
            format!(
                "{subject}: {code} (HTTP {status}{request}): {text}; create it or change the spec"
            )
        }
        _ => format!("{subject}: {code} (HTTP {status}{request}): {text}"),
    };
    refuse(operation, kind, message, retry_after(response))
}

fn refuse(
    operation: &'static Operation,
    kind: Kind,
    message: String,
    retry_after: Option<Duration>,
) -> Refusal {
    let (class, reason) = kind.meaning(operation.creates);
    Refusal {
        kind,
        failure: Failure {
            operation: operation.name,
            class,
            reason,
            message,
            retry_after,
        },
    }
}

fn kind(operation: &Operation, code: &str, text: &str, status: u16) -> Kind {
    let service = operation
        .name
        .split_once(':')
        .map_or("", |(service, _)| service);
    let own = match service {
        "apigateway" => api_gateway(code, text),
        "elasticache" => elasticache(code, text),
        "secretsmanager" => secrets_manager(code, text),
        "lambda" => lambda(code, text),
        "iam" => iam(code),
        "tag" => tagging(code),
        _ => None,
    };
    own.or_else(|| common(code)).unwrap_or(match status {
        429 => Kind::Throttled,
        500.. => Kind::Unavailable,
        _ => Kind::UnknownCode,
    })
}

/// "Common Errors" of each service's API reference.
fn common(code: &str) -> Option<Kind> {
    Some(match code {
        "Throttling"
        | "ThrottlingException"
        | "ThrottledException"
        | "TooManyRequestsException"
        | "RequestLimitExceeded"
        | "RequestThrottled"
        | "RequestThrottledException" => Kind::Throttled,
        "AccessDenied"
        | "AccessDeniedException"
        | "UnauthorizedException"
        | "UnauthorizedOperation"
        | "NotAuthorized" => Kind::Denied,
        "InvalidClientTokenId"
        | "UnrecognizedClientException"
        | "SignatureDoesNotMatch"
        | "InvalidSignatureException"
        | "IncompleteSignature"
        | "IncompleteSignatureException"
        | "MissingAuthenticationToken"
        | "MissingAuthenticationTokenException"
        | "InvalidAccessKeyId"
        | "AuthFailure"
        | "OptInRequired"
        | "NotAuthorizedException" => Kind::Credentials,
        // New ones are fetched before the next round.
        "ExpiredToken" | "ExpiredTokenException" => Kind::NoCredentials,
        // A clock that is off, until it is set.
        "RequestExpired"
        | "InternalFailure"
        | "InternalError"
        | "InternalServerError"
        | "InternalServiceError"
        | "ServiceUnavailable"
        | "ServiceUnavailableException" => Kind::Unavailable,
        "ValidationError"
        | "ValidationException"
        | "InvalidParameterValue"
        | "InvalidParameterCombination"
        | "MissingParameter" => Kind::Rejected,
        _ => return None,
    })
}

/// `TooManyRequestsException` and `LimitExceededException` are both HTTP 429 with Retry-After; only the first is a throttle.
fn api_gateway(code: &str, text: &str) -> Option<Kind> {
    let says = |part| text.contains(part);
    Some(match code {
        "NotFoundException" => Kind::NotFound,
        "LimitExceededException" => Kind::Quota,
        "ConflictException" if says("already exists") => Kind::Exists,
        "ConflictException" => Kind::Busy,
        // A write while apiStatus is UPDATING, and the deletion of a deployment that a stage has only just left.
        "BadRequestException"
            if says("update in progress") || says("Active stages pointing to this deployment") =>
        {
            Kind::Busy
        }
        "BadRequestException" => Kind::Rejected,
        _ => return None,
    })
}

/// The codes of the API model end in `Fault` or not; they mean the same.
fn elasticache(code: &str, text: &str) -> Option<Kind> {
    let name = code.trim_end_matches("Fault");
    let says = |part| text.contains(part);
    Some(match name {
        "InvalidParameterCombination" if says("No modifications were requested") => Kind::Unchanged,
        "InvalidParameterValue" if says("not exist") || says("not found") => Kind::Missing,
        "InvalidSubnet" | "ServiceLinkedRoleNotFound" => Kind::Missing,
        "InvalidVPCNetworkState"
        | "InvalidKMSKey"
        | "SubnetNotAllowed"
        | "SnapshotFeatureNotSupported"
        | "DefaultUserRequired"
        | "DuplicateUserName" => Kind::Rejected,
        "DefaultUserAssociatedToUserGroup" | "CacheSubnetGroupInUse" | "SubnetInUse" => Kind::Busy,
        "InsufficientCacheClusterCapacity" => Kind::Capacity,
        _ if name.contains("Quota") => Kind::Quota,
        _ if name.ends_with("NotFound") => Kind::NotFound,
        _ if name.ends_with("AlreadyExists") => Kind::Exists,
        _ if name.starts_with("Invalid") && name.ends_with("State") => Kind::Busy,
        _ => return None,
    })
}

fn secrets_manager(code: &str, text: &str) -> Option<Kind> {
    Some(match code {
        "ResourceNotFoundException" => Kind::NotFound,
        "ResourceExistsException" => Kind::Exists,
        "LimitExceededException" => Kind::Quota,
        // The secret, or the name, of one that waits for its deletion: the next read tells.
        "InvalidRequestException" if text.contains("deletion") || text.contains("deleted") => {
            Kind::Busy
        }
        "PreconditionNotMetException" => Kind::Busy,
        "InvalidRequestException"
        | "InvalidParameterException"
        | "EncryptionFailure"
        | "DecryptionFailure" => Kind::Rejected,
        _ => return None,
    })
}

fn lambda(code: &str, text: &str) -> Option<Kind> {
    Some(match code {
        "ResourceNotFoundException" => Kind::NotFound,
        "ResourceConflictException" if text.contains("already exists") => Kind::Exists,
        "ResourceConflictException" | "PreconditionFailedException" => Kind::Busy,
        "PolicyLengthExceededException" => Kind::Quota,
        "InvalidParameterValueException" => Kind::Rejected,
        "ServiceException" => Kind::Unavailable,
        _ => return None,
    })
}

fn iam(code: &str) -> Option<Kind> {
    Some(match code {
        "NoSuchEntity" => Kind::NotFound,
        "LimitExceeded" => Kind::Quota,
        "ConcurrentModification" => Kind::Busy,
        "MalformedPolicyDocument" | "UnmodifiableEntity" => Kind::Rejected,
        "ServiceFailure" => Kind::Unavailable,
        _ => return None,
    })
}

fn tagging(code: &str) -> Option<Kind> {
    Some(match code {
        // Our token was good when the list began: the list took too long.
        "InternalServiceException" | "PaginationTokenExpiredException" => Kind::Unavailable,
        "InvalidParameterException" => Kind::Rejected,
        _ => return None,
    })
}

/// The IAM action that AWS names, else what the operation needs.
fn missing_action(operation: &Operation, text: &str) -> String {
    let named = text
        .split_once("not authorized to perform: ")
        .and_then(|(_, rest)| rest.split_whitespace().next());
    let known = || {
        operation
            .grants
            .first()
            .map_or(operation.name, |grant| grant.actions[0])
    };
    named
        .unwrap_or_else(known)
        .trim_end_matches([',', '.'])
        .to_owned()
}

/// Whether the request was never sent because the SDK has no credentials to sign it with.
fn is_for_want_of_credentials(error: &(dyn Error + 'static)) -> bool {
    let mut cause = Some(error);
    while let Some(error) = cause {
        if error.is::<CredentialsError>() {
            return true;
        }
        cause = error.source();
    }
    false
}

fn request_id(response: &HttpResponse) -> Option<&str> {
    let headers = response.headers();
    let id = headers.get("x-amzn-requestid");
    id.or_else(|| headers.get("x-amz-request-id"))
}

fn retry_after(response: &HttpResponse) -> Option<Duration> {
    response
        .headers()
        .get("retry-after")?
        .trim()
        .parse()
        .ok()
        .map(Duration::from_secs)
}

/// What went wrong before there was an answer, outermost first.
fn chain(error: &(dyn Error + 'static)) -> String {
    let mut parts = vec![error.to_string()];
    let mut cause = error.source();
    while let Some(error) = cause {
        parts.push(error.to_string());
        cause = error.source();
    }
    parts.dedup();
    one_line(&parts.join(": "))
}

/// Longest text of AWS that is passed on, in characters.
const LONGEST_TEXT: usize = 1000;

fn one_line(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    words.join(" ").chars().take(LONGEST_TEXT).collect()
}

#[cfg(test)]
mod tests;
