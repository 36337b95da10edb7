use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use aws_config::SdkConfig;
use bytes::Bytes;
use cachedapi_operator::aws::{Aws, Call, CallObserver, QuotaShare};
use cachedapi_operator::fence::Fence;
use cachedapi_operator::model::Tags;
use cachedapi_operator::plan::{
    Action, CacheAction, Fact, Failure, FunctionAction, GatewayAction, PermissionAction, Read,
    RoleAction, SecretAction,
};
use local_aws::{Config, LocalAws};
use serde_json::Value;

use crate::in_process;

pub const REGION: &str = "eu-west-1";
pub const ACCOUNT: &str = "111122223333";
pub const CLUSTER: &str = "test";

/// A local AWS and the operator's way to it.
pub struct World {
    pub local: LocalAws,
    pub aws: Aws,
    pub calls: Arc<Calls>,
    /// The account that the credentials belong to.
    pub account: Arc<Mutex<String>>,
}

/// Operation and result of every call.
#[derive(Debug, Default)]
pub struct Calls(Mutex<Vec<(&'static str, &'static str)>>);

impl CallObserver for Calls {
    fn called(&self, call: &Call<'_>) {
        self.0.lock().unwrap().push((call.operation, call.result));
    }
}

impl Calls {
    pub fn results(&self, operation: &str) -> Vec<&'static str> {
        let calls = self.0.lock().unwrap();
        let of_it = calls.iter().filter(|(name, _)| *name == operation);
        of_it.map(|(_, result)| *result).collect()
    }
}

impl World {
    pub fn new() -> Self {
        Self::with(Config::default())
    }

    /// One with these settings.
    pub fn with(config: Config) -> Self {
        Self::signing(config, |_, sdk| sdk)
    }

    /// One with these settings, where `change` makes the SDK sign in another way.
    pub fn signing(config: Config, change: impl FnOnce(&LocalAws, SdkConfig) -> SdkConfig) -> Self {
        let local = LocalAws::new(config).unwrap();
        let answering = local.clone();
        let account = Arc::new(Mutex::new(ACCOUNT.to_owned()));
        let config = in_process::sdk_config(account.clone(), local.clone(), move |request| {
            let local = answering.clone();
            async move { local.handle(request).await }
        });
        let config = change(&local, config);
        let calls = Arc::new(Calls::default());
        let aws = Aws::new(
            &config,
            QuotaShare::new(1.0).unwrap(),
            calls.clone(),
            Fence::open(),
        );
        Self {
            local,
            aws,
            calls,
            account,
        }
    }

    pub async fn read(&self, read: Read) -> Fact {
        self.aws.read(REGION, &read).await
    }

    /// Executes what must succeed.
    pub async fn act(&self, action: impl Into<Write>) -> Option<Fact> {
        self.attempt(action)
            .await
            .unwrap_or_else(|failure| panic!("{failure}"))
    }

    pub async fn attempt(&self, action: impl Into<Write>) -> Result<Option<Fact>, Failure> {
        self.aws.execute(REGION, &action.into().0).await
    }

    /// An admin request to the local AWS.
    pub async fn admin(&self, method: &str, path: &str, body: Value) -> Value {
        let body = if body.is_null() {
            Bytes::new()
        } else {
            body.to_string().into()
        };
        let request = http::Request::builder()
            .method(method)
            .uri(path)
            .body(body)
            .unwrap();
        let response = self.local.handle(request).await;
        assert!(
            response.status().is_success(),
            "{method} {path}: {response:?}"
        );
        serde_json::from_slice(response.body()).unwrap_or_default()
    }
}

/// Any service's action.
pub struct Write(Action);

impl From<Action> for Write {
    fn from(action: Action) -> Self {
        Self(action)
    }
}

impl From<GatewayAction> for Write {
    fn from(action: GatewayAction) -> Self {
        Self(Action::Gateway(action))
    }
}

impl From<CacheAction> for Write {
    fn from(action: CacheAction) -> Self {
        Self(Action::Cache(action))
    }
}

impl From<SecretAction> for Write {
    fn from(action: SecretAction) -> Self {
        Self(Action::Secret(action))
    }
}

impl From<FunctionAction> for Write {
    fn from(action: FunctionAction) -> Self {
        Self(Action::Function(action))
    }
}

impl From<RoleAction> for Write {
    fn from(action: RoleAction) -> Self {
        Self(Action::Role(action))
    }
}

impl From<PermissionAction> for Write {
    fn from(action: PermissionAction) -> Self {
        Self(Action::Permission(action))
    }
}

pub fn tags() -> Tags {
    let tags = [
        ("cachedapi.dev/cluster-id", CLUSTER),
        ("cachedapi.dev/owner-uid", "u-1"),
    ];
    BTreeMap::from(tags.map(|(key, value)| (key.to_owned(), value.to_owned())))
}

pub fn set<const N: usize>(items: [&str; N]) -> BTreeSet<String> {
    items.map(str::to_owned).into()
}
