//! The HTTP server in front of [`LocalAws`].

use std::io;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use local_aws::{LocalAws, ReplyLost};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

/// Serves connections until the future is dropped.
pub(crate) async fn serve(listener: TcpListener, local: LocalAws) {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                let local = local.clone();
                tokio::spawn(async move {
                    let service = service_fn(move |request| answer(local.clone(), request));
                    let server = auto::Builder::new(TokioExecutor::new());
                    if let Err(error) = server.serve_connection(TokioIo::new(stream), service).await
                    {
                        tracing::debug!(error, "a connection ended");
                    }
                });
            }
            Err(error) => tracing::warn!(%error, "a connection was not accepted"),
        }
    }
}

/// An error closes the connection without an answer. A client that goes away does not stop what it has asked for.
async fn answer(
    local: LocalAws,
    request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, io::Error> {
    let (parts, body) = request.into_parts();
    let body = body.collect().await.map_err(io::Error::other)?.to_bytes();
    let work = async move { local.handle(Request::from_parts(parts, body)).await };
    let response = tokio::spawn(work).await.map_err(io::Error::other)?;
    match response.extensions().get::<ReplyLost>() {
        Some(ReplyLost) => Err(io::Error::other("a fault drops this connection")),
        None => Ok(response.map(Full::new)),
    }
}

/// Ends when the process is asked to stop.
pub(crate) async fn stop_signal() -> io::Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        _ = terminate.recv() => Ok(()),
        interrupt = tokio::signal::ctrl_c() => interrupt,
    }
}
