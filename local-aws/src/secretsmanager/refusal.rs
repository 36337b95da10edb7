//! The refusals of Secrets Manager, worded as the service words them.

use crate::AwsError;

pub(super) fn no_secret() -> AwsError {
    not_found("Secrets Manager can't find the specified secret.")
}

pub(super) fn not_found(message: impl Into<String>) -> AwsError {
    AwsError::bad_request("ResourceNotFoundException", message)
}

pub(super) fn marked_for_deletion() -> AwsError {
    invalid_request(
        "You can't perform this operation on the secret because it was marked for deletion.",
    )
}

pub(super) fn invalid_request(message: impl Into<String>) -> AwsError {
    AwsError::bad_request("InvalidRequestException", message)
}

pub(super) fn invalid_parameter(message: impl Into<String>) -> AwsError {
    AwsError::bad_request("InvalidParameterException", message)
}

pub(super) fn validation(message: impl Into<String>) -> AwsError {
    AwsError::bad_request("ValidationException", message)
}

pub(super) fn exists(message: impl Into<String>) -> AwsError {
    AwsError::bad_request("ResourceExistsException", message)
}

pub(super) fn limit(message: impl Into<String>) -> AwsError {
    AwsError::bad_request("LimitExceededException", message)
}
