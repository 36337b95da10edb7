//! Layer 3: the API server. Besides the watches of `controller`, every call to it is here.
//!
//! Writes are checked against the version that the decision was made on: a conflict is a [`Failure`] of class transient, after which
//! the object is read and decided on anew.

mod account;
mod events;
mod failure;
mod fenced;
mod lease;
mod object;
mod roster;
mod secret;
mod unreadable;
mod workload;

pub use events::Note;
pub use lease::Lease;
pub use object::{Subject, has_our_finalizer};
pub use secret::Content;
pub use unreadable::Unreadable;

use std::future::Future;
use std::time::Duration;

use k8s_openapi::api::core::v1::{Namespace, Secret};
use kube::{Api, Client};

use crate::api::CachedApi;
use crate::fence::Fence;
use crate::plan::Failure;

use events::Recorders;

/// An answer that takes longer will not come.
const DEADLINE: Duration = Duration::from_secs(20);

/// The API server. Cheap to clone.
#[derive(Clone)]
pub struct Cluster {
    client: Client,
    fence: Fence,
    recorders: Recorders,
}

impl Cluster {
    /// The API server that `client` talks to. `instance` is the process that events name as their origin. Nothing is written when `fence` is closed,
    /// but the Lease that opens it.
    #[must_use]
    pub fn new(client: Client, instance: String, fence: Fence) -> Self {
        let client = fenced::fenced(client, fence.clone());
        Self {
            recorders: Recorders::new(client.clone(), instance),
            client,
            fence,
        }
    }

    /// The connection, for watches.
    #[must_use]
    pub fn client(&self) -> Client {
        self.client.clone()
    }

    /// UID of the namespace `kube-system`: the cluster's identity by custom, and as long-lived as the cluster.
    pub async fn id(&self) -> Result<String, Failure> {
        let namespaces: Api<Namespace> = Api::all(self.client.clone());
        let system = call("kubernetes:GetNamespace", namespaces.get("kube-system")).await?;
        Ok(system.metadata.uid.unwrap_or_default())
    }

    fn objects(&self, namespace: &str) -> Api<CachedApi> {
        Api::namespaced(self.client.clone(), namespace)
    }

    fn secrets(&self, namespace: &str) -> Api<Secret> {
        Api::namespaced(self.client.clone(), namespace)
    }
}

/// Awaits the answer to `operation`, for a limited time.
async fn call<T>(
    operation: &'static str,
    answer: impl Future<Output = kube::Result<T>>,
) -> Result<T, Failure> {
    within_deadline(answer)
        .await
        .map_err(|error| failure::from_kube(operation, &error))
}

async fn within_deadline<T>(answer: impl Future<Output = kube::Result<T>>) -> kube::Result<T> {
    let late = |_| {
        Err(kube::Error::Service(
            "the API server did not answer in time".into(),
        ))
    };
    tokio::time::timeout(DEADLINE, answer)
        .await
        .unwrap_or_else(late)
}
