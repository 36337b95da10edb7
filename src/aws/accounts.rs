use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use aws_config::identity::IdentityCache;
use aws_config::sts::AssumeRoleProvider;
use aws_config::{Region, SdkConfig};
use aws_credential_types::provider::SharedCredentialsProvider;
use tokio::sync::Mutex;

use crate::fence::Fence;
use crate::plan::AssumedRole;

use super::{Aws, CallObserver, QuotaShare};

/// Name of the sessions of assumed roles, which `CloudTrail` shows.
const SESSION: &str = "cachedapi-operator";

/// AWS as the operator's own identity sees it, and as each role does that it assumes. Cheap to clone.
#[derive(Clone)]
pub struct Accounts(Arc<Inner>);

struct Inner {
    own: Aws,
    config: SdkConfig,
    share: QuotaShare,
    observer: Arc<dyn CallObserver>,
    fence: Fence,
    assumed: Mutex<HashMap<AssumedRole, Aws>>,
}

impl fmt::Debug for Accounts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Accounts").field(&self.0.own).finish()
    }
}

impl Accounts {
    /// AWS through `config`, as [`Aws::new`] has it. Request quotas are each account's own.
    #[must_use]
    pub fn new(
        config: &SdkConfig,
        share: QuotaShare,
        observer: Arc<dyn CallObserver>,
        fence: Fence,
    ) -> Self {
        Self(Arc::new(Inner {
            own: Aws::new(config, share, observer.clone(), fence.clone()),
            config: config.clone(),
            share,
            observer,
            fence,
            assumed: Mutex::default(),
        }))
    }

    /// AWS as the operator's own identity sees it.
    #[must_use]
    pub fn own(&self) -> &Aws {
        &self.0.own
    }

    /// AWS as `role` sees it. The SDK assumes it when it is needed (`sts:AssumeRole`, asked in the operator's own Region, or else in `region`), and anew before
    /// its credentials expire.
    pub async fn assume(&self, role: &AssumedRole, region: &str) -> Aws {
        let mut assumed = self.0.assumed.lock().await;
        if let Some(aws) = assumed.get(role) {
            return aws.clone();
        }
        let own = self.0.config.region().cloned();
        let mut provider = AssumeRoleProvider::builder(&role.arn)
            .session_name(SESSION)
            .configure(&self.0.config)
            .region(own.unwrap_or_else(|| Region::new(region.to_owned())));
        if let Some(external_id) = &role.external_id {
            provider = provider.external_id(external_id);
        }
        let provider = SharedCredentialsProvider::new(provider.build().await);
        let config = self.0.config.to_builder();
        let config = config
            .credentials_provider(provider)
            .identity_cache(IdentityCache::lazy().build())
            .build();
        let (observer, fence) = (self.0.observer.clone(), self.0.fence.clone());
        let aws = Aws::new(&config, self.0.share, observer, fence);
        assumed.insert(role.clone(), aws.clone());
        aws
    }
}
