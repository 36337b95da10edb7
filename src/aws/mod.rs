//! Layer 3: AWS. The only module that imports `aws-sdk-*`.
//!
//! [`Aws::read`] answers a [`Read`] with a [`Fact`], [`Aws::execute`] carries out an [`Action`]. Neither decides anything: names, tags,
//! tokens and payloads stand in what they are given. Every call goes through the governor, which keeps the account's request quotas,
//! is made once (SDK retries are off: the reconcile is the retry, and it never repeats an unsafe call), and is told to a [`CallObserver`].

mod accounts;
mod apigateway;
mod call;
mod config;
mod credentials;
mod elasticache;
mod errors;
mod function;
mod governor;
mod iam;
mod lambda;
mod observer;
mod operations;
mod password;
mod role;
mod secretsmanager;
mod services;
mod tagging;
mod whole;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use aws_config::SdkConfig;

use crate::api::Reason;
use crate::fence::Fence;
use crate::plan::orphans::{Bearing, Tagged};
use crate::plan::{Action, Class, Fact, Failure, Read, Seen};

use call::Caller;
use credentials::Refreshes;
use governor::Governor;
use services::Services;

pub use accounts::Accounts;
pub use config::{QuotaShare, sdk_config};
pub use iam::{PolicyScope, adoption_policy, policy};
pub use observer::{Call, CallObserver};

/// AWS as one identity sees it. Cheap to clone; clones share clients, request quotas and the account's number.
///
/// The SDK's futures are large; they are boxed here, so that nobody above has to carry them.
#[derive(Clone, Debug)]
pub struct Aws(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    config: SdkConfig,
    governor: Arc<Governor>,
    observer: Arc<dyn CallObserver>,
    regions: Mutex<HashMap<String, Arc<Services>>>,
    refreshes: Refreshes,
    caller: tokio::sync::Mutex<Option<CallerIdentity>>,
}

/// Whom AWS takes us for.
#[derive(Clone, Debug)]
pub struct CallerIdentity {
    /// Number of the account.
    pub account: String,
    /// Which credentials said so.
    refreshes: u64,
}

impl Aws {
    /// AWS through `config`, which brings credentials, endpoint, HTTP client and time source; a simulation puts its own in there. Retries,
    /// time-outs and the application's name are set here. `share` of the account's request quotas is used at most, and nothing is sent when
    /// `fence` is closed.
    #[must_use]
    pub fn new(
        config: &SdkConfig,
        share: QuotaShare,
        observer: Arc<dyn CallObserver>,
        fence: Fence,
    ) -> Self {
        let refreshes = Refreshes::default();
        let config = config::adjust(config, fence, &refreshes);
        Self::through(config, refreshes, Governor::new(share), observer)
    }

    fn through(
        config: SdkConfig,
        refreshes: Refreshes,
        governor: Governor,
        observer: Arc<dyn CallObserver>,
    ) -> Self {
        Self(Arc::new(Inner {
            config,
            refreshes,
            governor: Arc::new(governor),
            observer,
            regions: Mutex::default(),
            caller: tokio::sync::Mutex::default(),
        }))
    }

    /// Whom AWS takes us for (`sts:GetCallerIdentity` in `region`, asked once for all that use the same credentials).
    pub async fn caller_identity(&self, region: &str) -> Result<CallerIdentity, Failure> {
        let mut known = self.0.caller.lock().await;
        if let Some(caller) = known.as_ref().filter(|caller| self.is_still(caller)) {
            return Ok(caller.clone());
        }
        let caller = self.ask_identity(region).await?;
        Ok(known.insert(caller).clone())
    }

    /// The same, asked now.
    pub async fn ask_identity(&self, region: &str) -> Result<CallerIdentity, Failure> {
        let account = self.services(region).account().await?;
        Ok(CallerIdentity {
            account,
            refreshes: self.0.refreshes.count(),
        })
    }

    /// Has AWS asked again next time: where nothing is sent, no refresh shows that the credentials are others by now.
    pub async fn doubt(&self, caller: &CallerIdentity) {
        let mut known = self.0.caller.lock().await;
        known.take_if(|known| known.refreshes == caller.refreshes);
    }

    /// Whether the credentials are still those that `caller` had.
    #[must_use]
    pub fn is_still(&self, caller: &CallerIdentity) -> bool {
        caller.refreshes == self.0.refreshes.count()
    }

    /// Region of the identity, if the environment names one.
    #[must_use]
    pub fn own_region(&self) -> Option<&str> {
        self.0.config.region().map(AsRef::as_ref)
    }

    /// Everything in `region` that carries the id of `cluster`, as the index of tags has it.
    pub async fn list_tagged(&self, region: &str, cluster: &str) -> Result<Vec<Tagged>, Failure> {
        Box::pin(self.services(region).tagging.list(cluster)).await
    }

    /// What the thing `arn` in `region` says of itself.
    pub async fn look(&self, region: &str, arn: &str) -> Seen<Bearing> {
        Box::pin(self.services(region).look(arn)).await
    }

    /// What AWS says to `read`. What is not there is `Absent`; what could not be read is `Unknown`. A list is complete.
    /// A [`Read::BoundSecret`] or [`Read::Workload`] is not AWS's to answer and comes back as unknown.
    pub async fn read(&self, region: &str, read: &Read) -> Fact {
        match read {
            Read::BoundSecret { name } => Fact::BoundSecret {
                name: name.clone(),
                secret: Seen::Unknown(not_ours("a Kubernetes Secret was asked for")),
            },

            _ => Box::pin(self.services(region).read(read)).await,
        }
    }

    /// Carries out `action`, once. The fact is what the reply says of the thing, when it says all.
    ///
    /// What is already there is no failure of a creation, and what is already gone none of a deletion: the next read tells what is
    /// there and whose it is. An [`Action::Cluster`] is not AWS's to carry out and is refused.
    pub async fn execute(&self, region: &str, action: &Action) -> Result<Option<Fact>, Failure> {
        let services = self.services(region);
        match action {
            Action::Gateway(action) => {
                Box::pin(apigateway::execute(&services.gateway, action)).await
            }
            Action::Permission(action) => Box::pin(services.lambda.execute(action)).await,
            Action::Function(action) => Box::pin(services.lambda.execute_function(action)).await,
            Action::Role(action) => Box::pin(services.roles.execute(action)).await,
            Action::Cache(action) => Box::pin(elasticache::execute(&services.cache, action)).await,
            Action::Secret(action) => Box::pin(services.secrets.execute(action)).await,
            Action::Adopt(mark) | Action::Mark(mark) => Box::pin(services.mark(mark)).await,
            Action::Release(release) => Box::pin(services.release(release)).await,
            Action::Cluster(_) => Err(not_ours("a write to the API server was asked for")),
        }
    }

    fn services(&self, region: &str) -> Arc<Services> {
        let mut regions = self
            .0
            .regions
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(services) = regions.get(region) {
            return services.clone();
        }
        let caller = Caller {
            region: region.to_owned(),
            governor: self.0.governor.clone(),
            observer: self.0.observer.clone(),
        };
        let services = Arc::new(Services::new(&self.0.config, &caller));
        regions.insert(region.to_owned(), services.clone());
        services
    }
}

fn not_ours(message: &str) -> Failure {
    Failure {
        operation: "aws",
        class: Class::Transient,
        reason: Reason::InternalError,
        message: message.to_owned(),
        retry_after: None,
    }
}
