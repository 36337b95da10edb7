//! The SDK's way to a local AWS in the same process.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::time::SystemTime;

use aws_config::SdkConfig;
use aws_config::identity::IdentityCache;
use aws_credential_types::Credentials;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider, future};
use aws_smithy_async::time::TimeSource;
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient,
    SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use bytes::Bytes;
use http::{Request, Response};
use local_aws::{LocalAws, ReplyLost};

/// The SDK's configuration for calls as `account`, whoever that is at the time, that `answer` answers, by the time of `aws`.
pub fn sdk_config<F>(
    account: Arc<Mutex<String>>,
    aws: LocalAws,
    answer: impl Fn(Request<Bytes>) -> F + Send + Sync + 'static,
) -> SdkConfig
where
    F: Future<Output = Response<Bytes>> + Send + 'static,
{
    let service = InProcess(Arc::new(move |request| Box::pin(answer(request))));
    SdkConfig::builder()
        .behavior_version(aws_config::BehaviorVersion::latest())
        .credentials_provider(SharedCredentialsProvider::new(Account(account)))
        .identity_cache(IdentityCache::no_cache())
        .time_source(Time(aws))
        .endpoint_url("http://aws.test")
        .http_client(SharedHttpClient::new(service))
        .build()
}

#[derive(Debug)]
struct Time(LocalAws);

impl TimeSource for Time {
    fn now(&self) -> SystemTime {
        self.0.now().into()
    }
}

/// Credentials of an account: an access key of twelve digits is one.
#[derive(Debug)]
struct Account(Arc<Mutex<String>>);

impl ProvideCredentials for Account {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        let account = self.0.lock().unwrap().clone();
        future::ProvideCredentials::ready(Ok(Credentials::new(account, "x", None, None, "test")))
    }
}

type Answer = Pin<Box<dyn Future<Output = Response<Bytes>> + Send>>;

/// The SDK's HTTP client, without a network.
#[derive(Clone)]
struct InProcess(Arc<dyn Fn(Request<Bytes>) -> Answer + Send + Sync>);

impl fmt::Debug for InProcess {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("InProcess")
    }
}

impl HttpClient for InProcess {
    fn http_connector(
        &self,
        _settings: &HttpConnectorSettings,
        _components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

impl HttpConnector for InProcess {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let answer = (self.0)(to_http(&request));
        HttpConnectorFuture::new(async move {
            let response = answer.await;
            if response.extensions().get::<ReplyLost>().is_some() {
                return Err(ConnectorError::io("connection closed".into()));
            }
            Ok(from_http(response))
        })
    }
}

fn to_http(request: &HttpRequest) -> Request<Bytes> {
    let mut builder = Request::builder()
        .method(request.method())
        .uri(request.uri());
    for (name, value) in request.headers() {
        builder = builder.header(name, value);
    }
    let body = request.body().bytes().unwrap_or_default();
    builder.body(Bytes::copy_from_slice(body)).unwrap()
}

fn from_http(response: Response<Bytes>) -> HttpResponse {
    let (parts, body) = response.into_parts();
    let status = parts.status.as_u16().try_into().unwrap();
    let mut response = HttpResponse::new(status, SdkBody::from(body.to_vec()));
    for (name, value) in &parts.headers {
        let value = value.to_str().unwrap().to_owned();
        response
            .headers_mut()
            .insert(name.as_str().to_owned(), value);
    }
    response
}
