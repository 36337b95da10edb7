//! The SDK refreshes credentials while a process runs, and they may then be another account's: of a Pod Identity association that changed, of another token file.

use std::sync::{Arc, Mutex, PoisonError};

use aws_credential_types::provider::future::ProvideCredentials as Provided;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider};

/// How often the credentials have become others.
#[derive(Clone, Debug, Default)]
pub(super) struct Refreshes(Arc<Mutex<Noted>>);

#[derive(Debug, Default)]
struct Noted {
    count: u64,
    access_key_id: Option<String>,
}

impl Refreshes {
    /// How often, the first ones included.
    pub(super) fn count(&self) -> u64 {
        self.with(|noted| noted.count)
    }

    /// What `provider` gives, counted.
    pub(super) fn of(&self, provider: SharedCredentialsProvider) -> SharedCredentialsProvider {
        SharedCredentialsProvider::new(Counted {
            provider,
            refreshes: self.clone(),
        })
    }

    fn note(&self, access_key_id: &str) {
        self.with(|noted| {
            if noted.access_key_id.as_deref() != Some(access_key_id) {
                noted.count += 1;
                noted.access_key_id = Some(access_key_id.to_owned());
            }
        });
    }

    fn with<T>(&self, work: impl FnOnce(&mut Noted) -> T) -> T {
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[derive(Debug)]
struct Counted {
    provider: SharedCredentialsProvider,
    refreshes: Refreshes,
}

impl ProvideCredentials for Counted {
    fn provide_credentials<'a>(&'a self) -> Provided<'a>
    where
        Self: 'a,
    {
        Provided::new(async {
            let credentials = self.provider.provide_credentials().await?;
            self.refreshes.note(credentials.access_key_id());
            Ok(credentials)
        })
    }
}
