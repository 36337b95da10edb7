use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode, header};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::TcpListener;

use super::Metrics;

/// Media type of the Prometheus text format, as `OpenMetrics` 1.0 names it.
const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Whether the process should get traffic and stay alive. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Health {
    ready: Arc<AtomicBool>,
}

impl Health {
    /// Says whether the process does its job: watches are initialised, or another process leads.
    pub fn set_ready(&self, ready: bool) {
        self.ready.store(ready, Ordering::Relaxed);
    }

    fn is_ready(&self) -> bool {
        self.ready.load(Ordering::Relaxed)
    }
}

/// What an address answers.
#[derive(Clone, Debug)]
pub enum Endpoints {
    /// `/healthz`: the process answers. `/readyz`: 200 once it does its job, else 503.
    Health(Health),
    /// `/metrics`.
    Metrics(Metrics),
}

impl Endpoints {
    fn answer(&self, path: &str) -> Response<String> {
        match (self, path) {
            (Self::Health(_), "/healthz") => text(StatusCode::OK, "ok\n"),
            (Self::Health(health), "/readyz") if health.is_ready() => text(StatusCode::OK, "ok\n"),
            (Self::Health(_), "/readyz") => text(
                StatusCode::SERVICE_UNAVAILABLE,
                "the watches are not initialised\n",
            ),
            (Self::Metrics(metrics), "/metrics") => page(metrics),
            _ => text(StatusCode::NOT_FOUND, "not found\n"),
        }
    }
}

fn text(status: StatusCode, body: &str) -> Response<String> {
    let mut response = Response::new(body.to_owned());
    *response.status_mut() = status;
    response
}

fn page(metrics: &Metrics) -> Response<String> {
    let mut response = Response::new(metrics.encode());
    response.headers_mut().insert(
        header::CONTENT_TYPE,
        header::HeaderValue::from_static(OPEN_METRICS),
    );
    response
}

/// Answers requests at `listener` for as long as it is polled.
pub async fn serve(listener: TcpListener, endpoints: Endpoints) {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => drop(tokio::spawn(answer(
                TokioIo::new(stream),
                endpoints.clone(),
            ))),
            // Out of file descriptors, mostly: let some go before trying again.
            Err(error) => {
                tracing::warn!(%error, "a connection to an endpoint could not be accepted");
                tokio::time::sleep(std::time::Duration::from_millis(100)).await;
            }
        }
    }
}

async fn answer(stream: TokioIo<tokio::net::TcpStream>, endpoints: Endpoints) {
    let service = service_fn(|request: Request<Incoming>| {
        let response = endpoints.answer(request.uri().path());
        async move { Ok::<_, Infallible>(response) }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .serve_connection(stream, service)
        .await;
    if let Err(error) = connection {
        tracing::debug!(%error, "a connection to an endpoint broke");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ready_is_said_only_after_it_is_so() {
        let health = Health::default();
        let endpoints = Endpoints::Health(health.clone());
        assert_eq!(endpoints.answer("/healthz").status(), StatusCode::OK);
        assert_eq!(
            endpoints.answer("/readyz").status(),
            StatusCode::SERVICE_UNAVAILABLE
        );
        health.set_ready(true);
        assert_eq!(endpoints.answer("/readyz").status(), StatusCode::OK);
        assert_eq!(
            endpoints.answer("/metrics").status(),
            StatusCode::NOT_FOUND,
            "metrics have an address of their own"
        );
    }
}
