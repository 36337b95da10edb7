//! The API server itself.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use jiff::Timestamp;
use serde_json::Value;
use tokio::sync::watch;

use crate::call::{Call, Verb};
use crate::cluster::Cluster;
use crate::fault::{self, Effect, Fault};
use crate::service::{self, Body, ConnectionClosed};
use crate::store::Objects;
use crate::watch::Watch;
use crate::{Refusal, Resource, read, write};

/// A Kubernetes API server; clones share one cluster. It is a `tower::Service`, for `kube::Client::new`.
#[derive(Clone)]
pub struct LocalKube(Arc<Inner>);

struct Inner {
    now: Box<dyn Fn() -> Timestamp + Send + Sync>,
    cluster: Mutex<Cluster>,
    faults: Mutex<Vec<Fault>>,
    called: Mutex<Vec<Called>>,
    changes: watch::Sender<u64>,
}

/// A call that was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Called {
    /// When it was answered.
    pub time: Timestamp,
    /// `resource:verb`, as in faults.
    pub operation: String,
    /// `namespace/name`; empty for lists and watches.
    pub object: String,
    /// HTTP status of the answer.
    pub code: u16,
    /// Whether the caller got no answer.
    pub lost: bool,
}

/// All objects as they were at a moment.
#[derive(Clone, Debug)]
pub struct Backup {
    version: u64,
    objects: Objects,
}

/// An answer before it is sent.
enum Reply {
    Now((u16, Value)),
    Stream(Box<Watch>),
}

impl fmt::Debug for LocalKube {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LocalKube")
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl LocalKube {
    /// A cluster with the namespaces `default` and `kube-system`. `now` is its clock; `seed` decides all UIDs.
    #[must_use]
    pub fn new(seed: u64, now: impl Fn() -> Timestamp + Send + Sync + 'static) -> Self {
        let cluster = Cluster::new(seed, &spell(now()));
        Self::of(cluster, now)
    }

    /// Another cluster, in which everything is as it is in this one now, with the same history. From then on each goes its own way, by its own clock.
    #[must_use]
    pub fn copy(&self, now: impl Fn() -> Timestamp + Send + Sync + 'static) -> Self {
        Self::of(self.with_cluster(|cluster| cluster.clone()), now)
    }

    fn of(cluster: Cluster, now: impl Fn() -> Timestamp + Send + Sync + 'static) -> Self {
        Self(Arc::new(Inner {
            now: Box::new(now),
            changes: watch::Sender::new(cluster.store.version()),
            cluster: Mutex::new(cluster),
            faults: Mutex::default(),
            called: Mutex::default(),
        }))
    }

    /// Serves one more kind of objects.
    pub fn serve(&self, resource: Resource) {
        self.with_cluster(|cluster| cluster.resources.push(resource));
    }

    /// Answers one request.
    pub async fn handle(
        &self,
        request: Request<Bytes>,
    ) -> Result<Response<Body>, ConnectionClosed> {
        match self.with_cluster(|cluster| Call::parse(&request, &cluster.resources)) {
            Ok(call) => {
                let carried = request.extensions().get::<Effect>().cloned();
                self.perform(call, carried).await
            }
            Err(refusal) => Ok(service::respond(refusal.code, &refusal.to_status())),
        }
    }

    /// What `request` is about, if that is served: `resource:verb` and `namespace/name`, as faults spell them. Nothing is done.
    #[must_use]
    pub fn address(&self, request: &Request<Bytes>) -> Option<(String, String)> {
        let call = self.with_cluster(|cluster| Call::parse(request, &cluster.resources));
        call.ok().map(|call| (call.operation(), call.object()))
    }

    /// Adds a fault.
    pub fn fault(&self, fault: Fault) {
        lock(&self.0.faults).push(fault);
    }

    /// The faults, with how many calls each has seen.
    #[must_use]
    pub fn faults(&self) -> Vec<Fault> {
        lock(&self.0.faults).clone()
    }

    /// Drops all faults.
    pub fn drop_faults(&self) {
        lock(&self.0.faults).clear();
    }

    /// Every call so far.
    #[must_use]
    pub fn called(&self) -> Vec<Called> {
        lock(&self.0.called).clone()
    }

    /// All objects of the resource `plural` as they are, without a call.
    #[must_use]
    pub fn objects(&self, plural: &str) -> Vec<Value> {
        self.with_cluster(|cluster| {
            let name = |resource: &str| resource.split('.').next() == Some(plural);
            let objects = cluster.store.objects().iter();
            objects
                .filter(|(key, _)| name(&key.resource))
                .map(|(_, object)| object.clone())
                .collect()
        })
    }

    /// A receiver that is notified after every change.
    #[must_use]
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.0.changes.subscribe()
    }

    /// Forgets the history, as etcd's compaction does: watches and lists from before are answered with 410.
    pub fn compact(&self) {
        self.with_cluster(|cluster| cluster.store.cut());
    }

    /// Closes every watch that is open, as an API server does that ends.
    pub fn close_watches(&self) {
        self.disrupt(|cluster| cluster.closed += 1);
    }

    /// All objects as they are.
    #[must_use]
    pub fn back_up(&self) -> Backup {
        self.with_cluster(|cluster| Backup {
            version: cluster.store.version(),
            objects: cluster.store.objects().clone(),
        })
    }

    /// Brings all objects back to what they were, closes the watches and forgets the history. With `bump` versions go on from where they are, as
    /// `etcdutl snapshot restore --bump-revision` has it; without, they go back, and a watch from a version that is yet to come hears nothing until it has come.
    pub fn restore(&self, backup: &Backup, bump: bool) {
        self.disrupt(|cluster| {
            cluster.closed += 1;
            cluster.store.restore(&backup.objects, backup.version, bump);
        });
    }

    /// Serves a kind no more, as after the end of its definition, and closes the watches. Its objects are there again when it is served again.
    pub fn withdraw(&self, plural: &str) {
        self.disrupt(|cluster| {
            cluster.closed += 1;
            cluster
                .resources
                .retain(|resource| resource.plural != plural);
        });
    }

    /// Changes the cluster beside all calls.
    fn disrupt(&self, change: impl FnOnce(&mut Cluster)) {
        self.with_cluster(change);
        self.0.changes.send_modify(|_| {});
    }

    pub(crate) fn with_cluster<T>(&self, look: impl FnOnce(&mut Cluster) -> T) -> T {
        look(&mut lock(&self.0.cluster))
    }

    async fn perform(
        &self,
        call: Call,
        carried: Option<Effect>,
    ) -> Result<Response<Body>, ConnectionClosed> {
        let (operation, object) = (call.operation(), call.object());
        let mut effects = fault::strike(&mut lock(&self.0.faults), &operation, &object);
        effects.extend(carried);
        for effect in &effects {
            if let Effect::Delay { ms } = effect {
                tokio::time::sleep(Duration::from_millis(*ms)).await;
            }
        }
        let refusal = effects.iter().find_map(|effect| effect.refusal(&call));
        let result = refusal.map_or_else(|| self.apply(call, &effects), Err);
        let lost = effects
            .iter()
            .any(|effect| matches!(effect, Effect::LoseReply | Effect::LoseRequest));
        lock(&self.0.called).push(Called {
            time: (self.0.now)(),
            operation,
            object,
            code: code(&result),
            lost,
        });
        if lost {
            return Err(ConnectionClosed);
        }
        Ok(match result {
            Ok(Reply::Now((code, body))) => service::respond(code, &body),
            Ok(Reply::Stream(watch)) => service::stream(watch.stream()),
            Err(refusal) => service::respond(refusal.code, &refusal.to_status()),
        })
    }

    /// Applies the call, without waiting for anything.
    fn apply(&self, call: Call, effects: &[Effect]) -> Result<Reply, Refusal> {
        let behind = effects.iter().find_map(|effect| match effect {
            Effect::ReadStale { behind } => Some(*behind),
            _ => None,
        });
        let behind = behind.unwrap_or(0);
        let now = spell((self.0.now)());
        let (before, after, reply) = self.with_cluster(|cluster| {
            let before = cluster.store.version();
            let reply = match call.verb {
                Verb::Get => read::get(cluster, &call, behind).map(Reply::Now),
                Verb::List => read::list(cluster, &call, behind).map(Reply::Now),
                Verb::Watch => {
                    Watch::start(self, call, cluster).map(|watch| Reply::Stream(Box::new(watch)))
                }
                _ => write::write(cluster, &call, &now).map(Reply::Now),
            };
            (before, cluster.store.version(), reply)
        });
        if after > before {
            self.0.changes.send_replace(after);
        }
        reply
    }
}

const fn code(result: &Result<Reply, Refusal>) -> u16 {
    match result {
        Ok(Reply::Now((code, _))) => *code,
        Ok(Reply::Stream(_)) => 200,
        Err(refusal) => refusal.code,
    }
}

/// A time as metadata has it.
fn spell(time: Timestamp) -> String {
    format!("{time:.0}")
}
