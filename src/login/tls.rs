use std::io;
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use futures::future::BoxFuture;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, RootCertStore};
use thiserror::Error;
use tokio::io::BufReader;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::plan::Endpoint;

use super::{Answer, Credential, Port, resp};

/// Time for one node.
const PATIENCE: Duration = Duration::from_secs(5);

/// There is no certificate authority.
#[derive(Debug, Error)]
#[error(
    "no certificate authority can be read, so that neither AWS nor a cache can be trusted: \
     install the system's (ca-certificates), or have SSL_CERT_FILE name a file with some in PEM"
)]
pub struct NoAuthority;

/// The certificate authorities of the system, among which are Amazon's, or those that `SSL_CERT_FILE` and `SSL_CERT_DIR` name instead. None at all is an
/// error: the AWS SDK would end the process.
pub fn authorities() -> Result<RootCertStore, NoAuthority> {
    let found = rustls_native_certs::load_native_certs();
    for error in &found.errors {
        tracing::warn!(%error, "a certificate authority of the system cannot be read");
    }
    let mut authorities = RootCertStore::empty();
    authorities.add_parsable_certificates(found.certs);
    if authorities.is_empty() {
        return Err(NoAuthority);
    }
    Ok(authorities)
}

/// Logs in over TLS.
#[derive(Clone)]
pub struct Tls {
    connector: TlsConnector,
}

impl Tls {
    /// A node's certificate is verified against these certificate authorities.
    pub fn trusting(roots: RootCertStore) -> Result<Self, rustls::Error> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Self {
            connector: TlsConnector::from(Arc::new(config)),
        })
    }

    async fn connect(&self, node: &Endpoint) -> io::Result<BufReader<TlsStream<TcpStream>>> {
        let name = ServerName::try_from(node.host.clone()).map_err(io::Error::other)?;
        let socket = TcpStream::connect((node.host.as_str(), node.port)).await?;
        // Commands are small and each waits for its answer.
        socket.set_nodelay(true)?;
        let stream = self.connector.connect(name, socket).await?;
        Ok(BufReader::new(stream))
    }

    async fn converse(&self, node: &Endpoint, credential: Credential<'_>) -> io::Result<Answer> {
        let mut connection = self.connect(node).await?;
        resp::converse(&mut connection, credential).await
    }

    async fn ask_for_nodes(
        &self,
        node: &Endpoint,
        credential: Credential<'_>,
    ) -> io::Result<Vec<Endpoint>> {
        let mut connection = self.connect(node).await?;
        resp::ask_for_nodes(&mut connection, node, credential).await
    }
}

/// The result of `conversation`, or why there is none.
async fn within_patience<T>(
    conversation: impl Future<Output = io::Result<T>>,
) -> Result<T, String> {
    match timeout(PATIENCE, conversation).await {
        Ok(result) => result.map_err(|error| error.to_string()),
        Err(_) => Err(format!("no answer within {} s", PATIENCE.as_secs())),
    }
}

impl Port for Tls {
    fn ask<'a>(&'a self, node: &'a Endpoint, credential: Credential<'a>) -> BoxFuture<'a, Answer> {
        async move {
            let answer = within_patience(self.converse(node, credential)).await;
            answer.unwrap_or_else(Answer::Unreachable)
        }
        .boxed()
    }

    fn nodes<'a>(
        &'a self,
        node: &'a Endpoint,
        credential: Credential<'a>,
    ) -> BoxFuture<'a, Result<Vec<Endpoint>, String>> {
        within_patience(self.ask_for_nodes(node, credential)).boxed()
    }
}
