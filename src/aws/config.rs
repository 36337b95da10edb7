use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_config::stalled_stream_protection::StalledStreamProtectionConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{AppName, BehaviorVersion, SdkConfig};
use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};
use aws_smithy_http_client::{Builder, Connector};
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, SharedHttpClient, SharedHttpConnector,
    http_client_fn,
};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;

use crate::fence::Fence;

use super::credentials::Refreshes;
use super::whole::whole;

/// Part of the account's request quotas that the operator may use, above 0 and at most 1. The rest is for people and other tools:
/// API Gateway's quotas are per account and Region, and cannot be raised.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
pub struct QuotaShare(f64);

impl QuotaShare {
    /// `share`, if it is above 0 and at most 1.
    #[must_use]
    pub fn new(share: f64) -> Option<Self> {
        (share > 0.0 && share <= 1.0).then_some(Self(share))
    }

    /// As a factor.
    #[must_use]
    pub const fn get(self) -> f64 {
        self.0
    }
}

/// The SDK's own configuration: credentials, Region and endpoint from environment, web identity or Pod Identity, as its documentation says.
/// Whoever gives credentials is asked through the proxy as well, if the environment names one.
pub async fn sdk_config() -> SdkConfig {
    aws_config::defaults(BehaviorVersion::latest())
        .http_client(http_client(ProxyConfig::from_env()))
        .load()
        .await
}

/// `config` with what every client of ours needs. Nothing is sent when `fence` is closed; `refreshes` counts when credentials become others.
///
/// Clients share one HTTP client. The SDK's default is one for each service and Region, with a pool of connections and a parsed copy of the
/// system's root certificates of its own.
///
/// Stalled-stream protection is off: replies are small, the operation's time-out bounds them, and the protection takes a slow answer for
/// a stalled one. A `PutRestApi` of 6 MB takes API Gateway some ten seconds, hence the minute.
pub(super) fn adjust(config: &SdkConfig, fence: Fence, refreshes: &Refreshes) -> SdkConfig {
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(Duration::from_secs(5))
        .operation_timeout(Duration::from_mins(1))
        .build();
    let client = config
        .http_client()
        .unwrap_or_else(|| http_client(ProxyConfig::from_env()));
    let provider = config.credentials_provider();
    let mut builder = config.to_builder();
    builder.set_credentials_provider(provider.map(|provider| refreshes.of(provider)));
    let builder = builder
        .http_client(fenced(client, fence))
        .retry_config(RetryConfig::disabled())
        .timeout_config(timeouts)
        .stalled_stream_protection(StalledStreamProtectionConfig::disabled());
    match AppName::new("cachedapi-operator") {
        Ok(name) => builder.app_name(name).build(),
        Err(_) => builder.build(),
    }
}

/// Made as the SDK's default is, which takes no proxy from the environment (`HTTPS_PROXY`, `HTTP_PROXY`, `NO_PROXY`).
fn http_client(proxy: ProxyConfig) -> SharedHttpClient {
    Builder::new().build_with_connector_fn(move |settings, components| {
        let mut connector = Connector::builder()
            .tls_provider(Provider::Rustls(CryptoMode::Ring))
            .proxy_config(proxy.clone());
        connector
            .set_connector_settings(settings.cloned())
            .set_sleep_impl(components.and_then(RuntimeComponents::sleep_impl));
        connector.build()
    })
}

/// `client` within `fence`. A connector gets requests that are signed, and is the last that the SDK asks: reads go the same way, which does no harm.
fn fenced(client: SharedHttpClient, fence: Fence) -> SharedHttpClient {
    http_client_fn(move |settings, components| {
        SharedHttpConnector::new(Fenced {
            connector: client.http_connector(settings, components),
            fence: fence.clone(),
        })
    })
}

#[derive(Debug)]
struct Fenced {
    connector: SharedHttpConnector,
    fence: Fence,
}

impl HttpConnector for Fenced {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let (connector, fence) = (self.connector.clone(), self.fence.clone());
        HttpConnectorFuture::new(async move {
            // Within the fence from the start: some connectors send as soon as they are called.
            let answer = fence.within(async { whole(connector.call(request).await?).await });
            answer
                .await
                .unwrap_or_else(|over| Err(ConnectorError::other(over.into(), None)))
        })
    }
}

#[cfg(test)]
mod tests {
    use aws_config::Region;
    use aws_credential_types::Credentials;
    use aws_credential_types::provider::SharedCredentialsProvider;
    use tokio::io::AsyncReadExt;
    use tokio::net::TcpListener;

    use super::*;

    #[test]
    fn the_clients_of_all_services_and_regions_share_one_http_client() {
        let config = SdkConfig::builder().build();
        assert!(config.http_client().is_none());
        assert!(
            adjust(&config, Fence::open(), &Refreshes::default())
                .http_client()
                .is_some()
        );
    }

    #[tokio::test]
    async fn calls_go_through_the_proxy_where_one_is_named() {
        let proxy = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", proxy.local_addr().unwrap());
        let credentials = Credentials::new("AKIDEXAMPLE", "x", None, None, "test");
        let config = SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("eu-west-1"))
            .credentials_provider(SharedCredentialsProvider::new(credentials))
            .http_client(http_client(ProxyConfig::all(address).unwrap()))
            .build();
        let client =
            aws_sdk_sts::Client::new(&adjust(&config, Fence::open(), &Refreshes::default()));
        let call = tokio::spawn(client.get_caller_identity().send());
        let (mut connection, _) = proxy.accept().await.unwrap();
        let mut asked = [0; 47];
        connection.read_exact(&mut asked).await.unwrap();
        assert_eq!(
            asked.as_slice(),
            b"CONNECT sts.eu-west-1.amazonaws.com:443 HTTP/1."
        );
        call.abort();
    }
}
