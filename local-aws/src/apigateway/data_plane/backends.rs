//! The way to back ends: the one place where the gateway leaves the process.

use std::fmt::Debug;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use http::uri::Scheme;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use rustls::crypto::ring;

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
        Self::new(Sockets::default())
    }
}

type Plain = Client<HttpConnector, Full<Bytes>>;
type Tls = Client<HttpsConnector<HttpConnector>, Full<Bytes>>;

/// Connections over TCP.
#[derive(Debug)]
struct Sockets {
    plain: Plain,
    /// Made when the first `https` back end is called; none when there are no certificates to trust.
    tls: OnceLock<Option<Tls>>,
}

impl Default for Sockets {
    fn default() -> Self {
        Self {
            plain: Client::builder(TokioExecutor::new()).build_http(),
            tls: OnceLock::new(),
        }
    }
}

impl SendRequest for Sockets {
    fn send(&self, request: Request<Bytes>) -> Answer {
        let request = request.map(Full::new);
        let response = if request.uri().scheme() == Some(&Scheme::HTTPS) {
            self.tls
                .get_or_init(tls)
                .as_ref()
                .map(|client| client.request(request))
        } else {
            Some(self.plain.request(request))
        };
        Box::pin(async move {
            let response = response
                .ok_or(BackendError::Unreachable)?
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

/// Trusts the system's certificates, or those that `SSL_CERT_FILE` names.
fn tls() -> Option<Tls> {
    let trusting =
        HttpsConnectorBuilder::new().with_provider_and_native_roots(ring::default_provider());
    match trusting {
        Ok(connector) => {
            let connector = connector.https_only().enable_http1().build();
            Some(Client::builder(TokioExecutor::new()).build(connector))
        }
        Err(error) => {
            tracing::warn!(%error, "no certificates to trust: https back ends cannot be reached");
            None
        }
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
