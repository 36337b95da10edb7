//! The way to back ends: the one place where the gateway leaves the process.

use std::fmt::Debug;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;

/// A back end's answer, some time.
pub type Answer = Pin<Box<dyn Future<Output = Result<Response<Bytes>, BackendError>> + Send>>;

/// Why there is no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BackendError {
    /// The name does not resolve, or the URL is none.
    #[error("invalid endpoint address")]
    InvalidAddress,
    /// Nobody answers there.
    #[error("network error communicating with the endpoint")]
    Unreachable,
}

/// Sends requests to back ends.
pub trait SendRequest: Debug + Send + Sync {
    /// Sends one request with an absolute URL.
    fn send(&self, request: Request<Bytes>) -> Answer;
}

/// The back ends as the gateway sees them; the default reaches them over sockets.
#[derive(Clone, Debug)]
pub struct Backends(Arc<dyn SendRequest>);

impl Backends {
    /// Back ends that `sender` stands for: how a simulation has some without sockets.
    #[must_use]
    pub fn new(sender: impl SendRequest + 'static) -> Self {
        Self(Arc::new(sender))
    }

    pub(super) async fn send(
        &self,
        request: Request<Bytes>,
    ) -> Result<Response<Bytes>, BackendError> {
        self.0.send(request).await
    }
}

impl Default for Backends {
    fn default() -> Self {
        Self::new(Sockets(Client::builder(TokioExecutor::new()).build_http()))
    }
}

#[derive(Debug)]
struct Sockets(Client<HttpConnector, Full<Bytes>>);

impl SendRequest for Sockets {
    fn send(&self, request: Request<Bytes>) -> Answer {
        let client = self.0.clone();
        Box::pin(async move {
            let response = client
                .request(request.map(Full::new))
                .await
                .map_err(|error| reason(&error))?;
            let (parts, body) = response.into_parts();
            let body = body
                .collect()
                .await
                .map_err(|_| BackendError::Unreachable)?;
            Ok(Response::from_parts(parts, body.to_bytes()))
        })
    }
}

fn reason(error: &(dyn std::error::Error + 'static)) -> BackendError {
    let mut causes = std::iter::successors(Some(error), |error| error.source());
    let is_address = causes.any(|cause| {
        ["dns error", "invalid URL"]
            .iter()
            .any(|text| cause.to_string().contains(text))
    });
    if is_address {
        BackendError::InvalidAddress
    } else {
        BackendError::Unreachable
    }
}
