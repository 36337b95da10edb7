//! A port that leads to nodes, with TLS in front as the group's transit setting says.

use std::io;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use rustls::ServerConfig;
use tokio::io::{AsyncRead, AsyncWrite, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::AbortHandle;
use tokio_rustls::TlsAcceptor;

use super::error::NodeError;
use super::front::{self, LoginRules};
use crate::elasticache::replication_group::Transit;

/// The first byte of a TLS handshake; no command starts with it.
const HANDSHAKE: u8 = 0x16;

/// Where connections go.
#[derive(Debug, Clone)]
pub(super) struct Route {
    /// Plain ports of the nodes behind it; connections take turns.
    pub(super) nodes: Vec<u16>,
    pub(super) transit: Transit,
    /// Logins that the nodes do not know themselves, if there are any.
    pub(super) rules: Option<Arc<LoginRules>>,
}

/// A listening endpoint. Stops listening with this value; connections that are there stay until their node ends.
#[derive(Debug)]
pub(super) struct Endpoint {
    pub(super) port: u16,
    route: watch::Sender<Route>,
    listening: AbortHandle,
}

impl Drop for Endpoint {
    fn drop(&mut self) {
        self.listening.abort();
    }
}

impl Endpoint {
    /// Listens on the port `wanted` of `address` if it is free, else on any. Connections are accepted once there is a route.
    pub(super) async fn listen(
        address: Ipv4Addr,
        wanted: Option<u16>,
        tls: Arc<ServerConfig>,
    ) -> Result<Self, NodeError> {
        let listener = bind(address, wanted)
            .await
            .map_err(NodeError::io("listen for a cache's clients"))?;
        let port = listener
            .local_addr()
            .map_err(NodeError::io("listen for a cache's clients"))?
            .port();
        let route = watch::Sender::new(Route {
            nodes: Vec::new(),
            transit: Transit::Required,
            rules: None,
        });
        let listening = tokio::spawn(accept(listener, route.subscribe(), TlsAcceptor::from(tls)))
            .abort_handle();
        Ok(Self {
            port,
            route,
            listening,
        })
    }

    /// Where connections go from now on.
    pub(super) fn lead_to(&self, route: Route) {
        self.route.send_replace(route);
    }
}

async fn bind(address: Ipv4Addr, wanted: Option<u16>) -> io::Result<TcpListener> {
    if let Some(port) = wanted
        && let Ok(listener) = TcpListener::bind((address, port)).await
    {
        return Ok(listener);
    }
    TcpListener::bind((address, 0)).await
}

async fn accept(listener: TcpListener, mut route: watch::Receiver<Route>, tls: TlsAcceptor) {
    let turn = AtomicUsize::new(0);
    while route
        .wait_for(|route| !route.nodes.is_empty())
        .await
        .is_ok()
    {
        let Ok((client, _)) = listener.accept().await else {
            continue;
        };
        let route = route.borrow().clone();
        let node = route.nodes[turn.fetch_add(1, Ordering::Relaxed) % route.nodes.len()];
        let tls = tls.clone();
        tokio::spawn(async move {
            if let Err(error) = serve(client, node, &route, tls).await {
                tracing::debug!(%error, "a client of a cache left");
            }
        });
    }
}

async fn serve(client: TcpStream, node: u16, route: &Route, tls: TlsAcceptor) -> io::Result<()> {
    // As the engine does: else an answer waits for the client to say that it has what came before.
    client.set_nodelay(true)?;
    let encrypted = match route.transit {
        Transit::Off => false,
        Transit::Required => true,
        Transit::Preferred => starts_with_handshake(&client).await?,
    };
    let rules = route.rules.as_deref();
    if encrypted {
        relay(tls.accept(client).await?, node, rules).await
    } else {
        relay(client, node, rules).await
    }
}

async fn starts_with_handshake(client: &TcpStream) -> io::Result<bool> {
    let mut first = [0];
    client.peek(&mut first).await?;
    Ok(first[0] == HANDSHAKE)
}

async fn relay(
    mut client: impl AsyncRead + AsyncWrite + Unpin,
    node: u16,
    rules: Option<&LoginRules>,
) -> io::Result<()> {
    let mut node = TcpStream::connect(("127.0.0.1", node)).await?;
    node.set_nodelay(true)?;
    if let Some(rules) = rules {
        return front::relay(client, node, rules).await;
    }
    copy_bidirectional(&mut client, &mut node).await.map(|_| ())
}
