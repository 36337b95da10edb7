//! The data plane: requests to deployed APIs.

use bytes::Bytes;
use http::{Request, Response};

use crate::LocalAws;

/// Answers a request to a deployed API.
#[expect(clippy::unused_async, reason = "no data plane yet")]
pub(crate) async fn serve(_local: &LocalAws, _request: Request<Bytes>) -> Response<Bytes> {
    let mut response = Response::new(Bytes::from_static(b"{\"message\":\"Forbidden\"}"));
    *response.status_mut() = http::StatusCode::FORBIDDEN;
    response
}
