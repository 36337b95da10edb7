//! Credentials for which a web-identity token is exchanged, as IAM roles for service accounts have it: the SDK's own provider and cache, with a file on disk.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_config::identity::IdentityCache;
use aws_config::provider_config::ProviderConfig;
use aws_config::web_identity_token::{StaticConfiguration, WebIdentityTokenCredentialsProvider};
use aws_config::{Region, SdkConfig};
use aws_credential_types::provider::SharedCredentialsProvider;
use bytes::Bytes;
use cachedapi_operator::api::Reason;
use cachedapi_operator::plan::{Class, Fact, Failure, Read, SecretAction, Seen};
use http::{Request, Response};
use jiff::SignedDuration;
use local_aws::{Config, LocalAws};
use serde_json::Value;
use tempfile::TempDir;
use tokio::time::sleep;

use crate::in_process;
use crate::world::{ACCOUNT, REGION, World};

const SESSION: Duration = Duration::from_hours(1);

/// A world in which who shows a token is the account's for an hour.
struct Exchange {
    world: World,
    /// The tokens that were exchanged.
    tokens: Arc<Mutex<Vec<String>>>,
    folder: TempDir,
}

impl Exchange {
    fn new() -> Self {
        let folder = TempDir::new().unwrap();
        let tokens = Arc::<Mutex<Vec<String>>>::default();
        let (file, seen) = (file_in(&folder), tokens.clone());
        let world = World::signing(Config::default(), |local, sdk| {
            by_web_identity(sdk, local, file, seen)
        });
        Self {
            world,
            tokens,
            folder,
        }
    }

    /// The kubelet writes the token.
    fn write(&self, token: &str) {
        std::fs::write(file_in(&self.folder), token).unwrap();
    }

    fn remove(&self) {
        std::fs::remove_file(file_in(&self.folder)).unwrap();
    }

    fn tokens(&self) -> Vec<String> {
        self.tokens.lock().unwrap().clone()
    }

    async fn look(&self) -> Result<(), Failure> {
        let name = "cachedapi/shop/orders".to_owned();
        match self.world.read(Read::Secret { name }).await {
            Fact::Secret(Seen::Unknown(failure)) => Err(failure),
            Fact::Secret(Seen::Absent) => Ok(()),
            other => panic!("{other:?}"),
        }
    }
}

fn file_in(folder: &TempDir) -> PathBuf {
    Path::new(folder.path()).join("token")
}

/// The SDK as it is where the environment names a role and a file with a token.
fn by_web_identity(
    sdk: SdkConfig,
    local: &LocalAws,
    web_identity_token_file: PathBuf,
    tokens: Arc<Mutex<Vec<String>>>,
) -> SdkConfig {
    let clock = local.clone();
    let sts = in_process::sdk_config(Arc::default(), local.clone(), move |request| {
        let answer = exchange(&clock, &request, &tokens);
        async move { answer }
    });
    let config = ProviderConfig::without_region()
        .with_region(Some(Region::new(REGION)))
        .with_http_client(sts.http_client().unwrap())
        .with_time_source(sts.time_source().unwrap());
    let provider = WebIdentityTokenCredentialsProvider::builder()
        .configure(&config)
        .static_configuration(StaticConfiguration {
            web_identity_token_file,
            role_arn: format!("arn:aws:iam::{ACCOUNT}:role/cachedapi"),
            session_name: "operator".into(),
        });
    sdk.into_builder()
        .identity_cache(IdentityCache::lazy().build())
        .credentials_provider(SharedCredentialsProvider::new(provider.build()))
        .build()
}

/// What STS answers to `AssumeRoleWithWebIdentity`.
fn exchange(
    local: &LocalAws,
    request: &Request<Bytes>,
    tokens: &Mutex<Vec<String>>,
) -> Response<Bytes> {
    let body = String::from_utf8(request.body().to_vec()).unwrap();
    let mut fields = body.split('&');
    let token = fields.find_map(|field| field.strip_prefix("WebIdentityToken="));
    tokens.lock().unwrap().push(token.unwrap().to_owned());
    let expires = local.now() + SignedDuration::try_from(SESSION).unwrap();
    let answer = format!(
        "<AssumeRoleWithWebIdentityResponse><AssumeRoleWithWebIdentityResult><Credentials><AccessKeyId>{ACCOUNT}</AccessKeyId>\
         <SecretAccessKey>x</SecretAccessKey><SessionToken>t</SessionToken><Expiration>{expires:.0}</Expiration></Credentials>\
         </AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>"
    );
    Response::new(answer.into())
}

fn restoration() -> SecretAction {
    SecretAction::RestoreSecret {
        arn: format!(
            "arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:cachedapi/shop/orders-AbCdEf"
        ),
    }
}

#[tokio::test(start_paused = true)]
async fn a_token_that_changed_is_read_when_the_session_ends() {
    let exchange = Exchange::new();
    exchange.write("first");
    exchange.look().await.unwrap();
    exchange.write("second");
    exchange.look().await.unwrap();
    assert_eq!(exchange.tokens(), ["first"], "the session goes on");
    sleep(SESSION).await;
    exchange.look().await.unwrap();
    assert_eq!(exchange.tokens(), ["first", "second"]);
}

#[tokio::test(start_paused = true)]
async fn without_the_file_of_its_token_nothing_is_known_or_done_until_it_is_there() {
    let exchange = Exchange::new();
    for (moment, token) in [("at the start", "first"), ("later", "second")] {
        let failure = exchange.look().await.unwrap_err();
        assert_eq!(
            (failure.class, failure.reason),
            (Class::Transient, Reason::CredentialsRefused),
            "{moment}: {failure}"
        );
        exchange.world.attempt(restoration()).await.unwrap_err();
        exchange.write(token);
        exchange.look().await.unwrap();
        exchange.remove();
        exchange.look().await.unwrap();
        sleep(SESSION).await;
    }
    assert_eq!(exchange.tokens(), ["first", "second"]);
    let calls = exchange.world.admin("GET", "/_local/calls", Value::Null);
    let calls = calls.await["log"].as_array().unwrap().len();
    assert_eq!(calls, 4, "what could not be signed was not sent");
}
