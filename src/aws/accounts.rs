use std::collections::HashMap;
use std::sync::Arc;

use aws_config::Region;
use aws_config::identity::IdentityCache;
use aws_config::sts::AssumeRoleProvider;
use aws_credential_types::provider::SharedCredentialsProvider;
use tokio::sync::Mutex;

use crate::plan::AssumedRole;

use super::Aws;
use super::credentials::Refreshes;

/// Name of the sessions of assumed roles, which `CloudTrail` shows.
const SESSION: &str = "cachedapi-operator";

/// AWS as the operator's own identity sees it, and as each role does that it assumes. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Accounts {
    own: Aws,
    assumed: Arc<Mutex<HashMap<AssumedRole, Aws>>>,
}

impl Accounts {
    /// Those that the identity of `own` has a way to. Request quotas are each role's own.
    #[must_use]
    pub fn new(own: Aws) -> Self {
        Self {
            own,
            assumed: Arc::default(),
        }
    }

    /// AWS as the operator's own identity sees it.
    #[must_use]
    pub const fn own(&self) -> &Aws {
        &self.own
    }

    /// AWS as `role` sees it. The SDK assumes it when it is needed (`sts:AssumeRole`, asked in the operator's own Region, or else in `region`), and anew before
    /// its credentials expire.
    pub async fn assume(&self, role: &AssumedRole, region: &str) -> Aws {
        let mut assumed = self.assumed.lock().await;
        if let Some(aws) = assumed.get(role) {
            return aws.clone();
        }
        let aws = self.own.assuming(role, region).await;
        assumed.insert(role.clone(), aws.clone());
        aws
    }
}

impl Aws {
    async fn assuming(&self, role: &AssumedRole, region: &str) -> Self {
        let config = &self.0.config;
        let own = config.region().cloned();
        let mut provider = AssumeRoleProvider::builder(&role.arn)
            .session_name(SESSION)
            .configure(config)
            .region(own.unwrap_or_else(|| Region::new(region.to_owned())));
        if let Some(external_id) = &role.external_id {
            provider = provider.external_id(external_id);
        }
        let provider = SharedCredentialsProvider::new(provider.build().await);
        let refreshes = Refreshes::default();
        let config = config
            .to_builder()
            .credentials_provider(refreshes.of(provider))
            .identity_cache(IdentityCache::lazy().build())
            .build();
        let observer = self.0.observer.clone();
        Self::through(config, refreshes, self.0.governor.another(), observer)
    }
}
