use std::time::Duration;

use jiff::Timestamp;
use k8s_openapi::api::coordination::v1::{Lease as LeaseObject, LeaseSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::MicroTime;
use kube::Api;
use kube::api::{ObjectMeta, PostParams};
use tokio::time::{Instant, sleep, sleep_until, timeout_at};

use crate::fence::Fence;

use super::{Cluster, failure};

/// Durations of client-go's leader election: <https://pkg.go.dev/k8s.io/client-go/tools/leaderelection>. A holder that could not renew for
/// [`RENEW_DEADLINE`] steps down before the others may take over at [`DURATION`].
const DURATION: Duration = Duration::from_secs(15);
const RENEW_DEADLINE: Duration = Duration::from_secs(10);
const RETRY: Duration = Duration::from_secs(2);
/// How often who stands by looks. More often than client-go: one that leads no more lets go, and nothing is done until the next look.
const LOOK: Duration = Duration::from_secs(1);

/// Leader election over a `coordination.k8s.io/v1` Lease, after client-go: whether a lease has expired is told by how long it has not
/// changed on the own clock, never by comparing with a time that another machine wrote. docs/decisions says why it is our own.
pub struct Lease {
    api: Api<LeaseObject>,
    name: String,
    identity: String,
    now: Box<dyn Fn() -> Timestamp + Send + Sync>,
    /// Open while the lease is held.
    fence: Fence,
    /// When it is no longer held.
    end: Instant,
    /// Version that was seen last, and since when.
    seen: Option<(Option<String>, Instant)>,
}

impl Lease {
    /// The lease `name` in `namespace`, to be held by `identity`, which must be unique. `now` gives the times for people to read. From now on
    /// `cluster` is written to, and whatever else its fence guards, only while the lease is held.
    #[must_use]
    pub fn new(
        cluster: &Cluster,
        (namespace, name): (&str, &str),
        identity: String,
        now: impl Fn() -> Timestamp + Send + Sync + 'static,
    ) -> Self {
        let now = Box::new(now);
        cluster.fence.close();
        Self {
            api: Api::namespaced(cluster.client(), namespace),
            name: name.to_owned(),
            identity,
            now,
            fence: cluster.fence.clone(),
            end: Instant::now(),
            seen: None,
        }
    }

    /// Returns once this process holds the lease.
    pub async fn acquire(&mut self) {
        let mut told = false;
        loop {
            match self.try_hold(Instant::now() + RENEW_DEADLINE).await {
                Ok(true) => return,
                Ok(false) if !told => {
                    told = true;
                    tracing::info!(lease = self.name, "another process leads; standing by");
                }
                Ok(false) => {}
                Err(error) => {
                    tracing::warn!(lease = self.name, %error, "the lease could not be read or written");
                }
            }
            sleep(LOOK).await;
        }
    }

    /// Renews the lease, and returns once it is lost. One that has run out is lost, even if nobody took it: others may have had it since.
    pub async fn hold(&mut self) {
        loop {
            sleep_until(self.end.min(Instant::now() + RETRY)).await;
            if self.fence.is_closed() {
                return;
            }
            match self.try_hold(self.end).await {
                Ok(true) => {}
                Ok(false) => return self.fence.close(),
                Err(error) => {
                    tracing::warn!(lease = self.name, %error, "the lease could not be renewed");
                }
            }
        }
    }

    /// Lets the lease go, so that another process can take over at once. Does nothing when it is not ours.
    pub async fn release(&mut self) {
        self.fence.close();
        let deadline = Instant::now() + RETRY;
        let released = timeout_at(deadline, async {
            let lease = self.api.get(&self.name).await?;
            if holder(&lease) == Some(&self.identity) {
                self.write(lease, "", Duration::from_secs(1)).await?;
            }
            Ok::<_, kube::Error>(())
        });
        if !matches!(released.await, Ok(Ok(()))) {
            tracing::warn!(
                lease = self.name,
                "the lease could not be released; it runs out by itself"
            );
        }
    }

    /// Takes or renews the lease if that is possible; says whether it is held.
    ///
    /// It is held from when it was asked for: how long the API server took to answer is not known to those who see what it wrote.
    async fn try_hold(&mut self, deadline: Instant) -> Result<bool, kube::Error> {
        let end = Instant::now() + RENEW_DEADLINE;
        let held = match timeout_at(deadline, self.try_hold_once()).await {
            Ok(Err(error)) if failure::is_conflict(&error) => Ok(false),
            Ok(answer) => answer,
            Err(_) => Err(kube::Error::Service("no answer in time".into())),
        }?;
        if held {
            self.end = end;
            self.fence.open_until(end);
        }
        Ok(held)
    }

    async fn try_hold_once(&mut self) -> Result<bool, kube::Error> {
        let Some(lease) = self.api.get_opt(&self.name).await? else {
            self.create().await?;
            return Ok(true);
        };
        if !self.may_take(&lease) {
            return Ok(false);
        }
        let identity = self.identity.clone();
        self.write(lease, &identity, DURATION).await?;
        Ok(true)
    }

    fn may_take(&mut self, lease: &LeaseObject) -> bool {
        let version = lease.metadata.resource_version.clone();
        let since = match &self.seen {
            Some((seen, since)) if *seen == version => *since,
            _ => Instant::now(),
        };
        self.seen = Some((version, since));
        match holder(lease) {
            None => true,
            Some(holder) => *holder == self.identity || since.elapsed() >= duration(lease),
        }
    }

    async fn create(&self) -> Result<LeaseObject, kube::Error> {
        let metadata = ObjectMeta {
            name: Some(self.name.clone()),
            ..ObjectMeta::default()
        };
        let lease = LeaseObject {
            metadata,
            spec: Some(self.spec(None, &self.identity, DURATION)),
        };
        self.api.create(&PostParams::default(), &lease).await
    }

    /// Replaces the lease in the version that was read: of two that try, one meets a conflict.
    async fn write(
        &self,
        lease: LeaseObject,
        holder: &str,
        lasts: Duration,
    ) -> Result<LeaseObject, kube::Error> {
        let spec = self.spec(lease.spec.as_ref(), holder, lasts);
        let lease = LeaseObject {
            spec: Some(spec),
            ..lease
        };
        self.api
            .replace(&self.name, &PostParams::default(), &lease)
            .await
    }

    fn spec(&self, before: Option<&LeaseSpec>, holder: &str, lasts: Duration) -> LeaseSpec {
        let now = MicroTime((self.now)());
        let same = before.is_some_and(|spec| spec.holder_identity.as_deref() == Some(holder));
        let acquired = before
            .and_then(|spec| spec.acquire_time.clone())
            .filter(|_| same);
        let transitions = before.and_then(|spec| spec.lease_transitions).unwrap_or(0);
        LeaseSpec {
            holder_identity: Some(holder.to_owned()),
            lease_duration_seconds: i32::try_from(lasts.as_secs()).ok(),
            acquire_time: Some(acquired.unwrap_or_else(|| now.clone())),
            renew_time: Some(now),
            lease_transitions: Some(transitions + i32::from(!same && !holder.is_empty())),
            ..LeaseSpec::default()
        }
    }
}

fn holder(lease: &LeaseObject) -> Option<&String> {
    lease
        .spec
        .as_ref()?
        .holder_identity
        .as_ref()
        .filter(|holder| !holder.is_empty())
}

fn duration(lease: &LeaseObject) -> Duration {
    let seconds = lease
        .spec
        .as_ref()
        .and_then(|spec| spec.lease_duration_seconds);
    seconds
        .and_then(|seconds| u64::try_from(seconds).ok())
        .map_or(DURATION, Duration::from_secs)
}

#[cfg(test)]
mod tests;
