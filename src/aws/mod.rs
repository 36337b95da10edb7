//! Layer 3: AWS. The only module that imports `aws-sdk-*`.
//!
//! [`Aws::read`] answers a [`Read`] with a [`Fact`], [`Aws::execute`] carries out an [`Action`]. Neither decides anything: names, tags,
//! tokens and payloads stand in what they are given. Every call goes through the governor, which keeps the account's request quotas,
//! is made once (SDK retries are off: the reconcile is the retry, and it never repeats an unsafe call), and is told to a [`CallObserver`].

mod config;
mod observer;

use std::sync::Arc;

use aws_config::SdkConfig;

use crate::api::Reason;
use crate::plan::{Action, Class, Fact, Failure, Read};

pub use config::{QuotaShare, sdk_config};
pub use observer::{Call, CallObserver};

/// AWS as one identity sees it. Cheap to clone; clones share clients, request quotas and the account's number.
#[derive(Clone, Debug)]
pub struct Aws(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    config: SdkConfig,
}

impl Aws {
    /// AWS through `config`, which brings credentials, endpoint, HTTP client and time source; a simulation puts its own in there. Retries,
    /// time-outs and the application's name are set here. `share` of the account's request quotas is used at most.
    #[must_use]
    pub fn new(config: &SdkConfig, _share: QuotaShare, _observer: Arc<dyn CallObserver>) -> Self {
        Self(Arc::new(Inner {
            config: config::adjust(config),
        }))
    }

    /// Number of the account that the identity belongs to (`sts:GetCallerIdentity` in `region`, asked once).
    pub async fn account(&self, region: &str) -> Result<String, Failure> {
        Err(self.unbuilt(region))
    }

    /// What AWS says to `read`. What is not there is `Absent`; what could not be read is `Unknown`. A list is complete.
    /// A [`Read::BoundSecret`] is not AWS's to answer and comes back as unknown.
    pub async fn read(&self, region: &str, read: &Read) -> Fact {
        let _ = read;
        Fact::RestApi(crate::plan::Seen::Unknown(self.unbuilt(region)))
    }

    /// Carries out `action`, once. The fact is what the reply says of the thing, when it says all.
    ///
    /// What is already there is no failure of a creation, and what is already gone none of a deletion: the next read tells what is
    /// there and whose it is. An [`Action::Cluster`] is not AWS's to carry out and is refused.
    pub async fn execute(&self, region: &str, action: &Action) -> Result<Option<Fact>, Failure> {
        let _ = action;
        Err(self.unbuilt(region))
    }

    fn unbuilt(&self, region: &str) -> Failure {
        let message = format!("not built ({region}, {:?})", self.0.config.region());
        Failure {
            operation: "aws",
            class: Class::Transient,
            reason: Reason::InternalError,
            message,
            retry_after: None,
        }
    }
}
