//! AWS JSON 1.1.

use bytes::Bytes;
use http::Request;
use serde_json::Value;

use crate::AwsError;
use crate::call::Params;

pub(super) fn parse(request: &Request<Bytes>) -> Result<(String, Params), AwsError> {
    let operation = request
        .headers()
        .get("x-amz-target")
        .and_then(|target| target.to_str().ok()?.rsplit_once('.'))
        .map(|(_, operation)| operation.to_owned())
        .ok_or_else(|| {
            AwsError::bad_request(
                "MissingAction",
                "the header X-Amz-Target names no operation",
            )
        })?;
    let raw = request.body().clone();
    let body = serde_json::from_slice(&raw).map_err(|e| {
        AwsError::bad_request(
            "SerializationException",
            format!("the body is not JSON: {e}"),
        )
    })?;
    Ok((
        operation,
        Params {
            body,
            raw,
            ..Params::default()
        },
    ))
}

/// A JSON body; none for `null`.
pub(super) fn body(value: &Value) -> Bytes {
    if value.is_null() {
        Bytes::new()
    } else {
        value.to_string().into()
    }
}
