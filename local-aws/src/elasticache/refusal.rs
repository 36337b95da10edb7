//! How ElastiCache says no. The codes and their HTTP status come from the service's API model: 404 for the not-found
//! family, otherwise 400; a shape's `Fault` or `Exception` is part of the code only where the model says so.

use std::fmt::Display;

use crate::AwsError;

/// One parameter has a value that can never be right.
pub(super) fn value(message: impl Into<String>) -> AwsError {
    AwsError::bad_request("InvalidParameterValue", message)
}

/// Parameters that do not go together, or do not fit the resource as it is.
pub(super) fn combination(message: impl Into<String>) -> AwsError {
    AwsError::bad_request("InvalidParameterCombination", message)
}

/// A modify call that would change nothing.
pub(super) fn no_modification() -> AwsError {
    combination("No modifications were requested.")
}

/// A resource that does not exist, answered with 404.
pub(super) fn not_found(code: &str, what: &str, id: impl Display) -> AwsError {
    AwsError::new(404, code, format!("{what} {id} not found."))
}

/// Fails with `refusal` unless `condition` holds.
pub(super) fn ensure(condition: bool, refusal: impl FnOnce() -> AwsError) -> Result<(), AwsError> {
    if condition { Ok(()) } else { Err(refusal()) }
}
