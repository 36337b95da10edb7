use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Semaphore, watch};
use tokio::time::Instant;

use crate::aws::Accounts;
use crate::cluster::Cluster;
use crate::login::Port;
use crate::model;
use crate::telemetry::Metrics;

use super::backoff;
use super::census::Census;
use super::clock::Clock;
use super::memory::{Memories, Memory};

/// What every reconcile works with.
pub struct Context {
    /// The API server.
    pub cluster: Cluster,
    /// AWS.
    pub accounts: Accounts,
    /// The cache's nodes.
    pub login: Arc<dyn Port>,
    /// The cluster's id and the operator's version, which go into names and tags.
    pub identity: model::Cluster,
    /// How often an object that is as desired is looked at.
    pub poll: Duration,
    /// When the process took up its work.
    pub started: Instant,
    /// How long a request to AWS may be on its way and still be carried out.
    pub request_lifetime: Duration,
    /// Whether policies may be written on the roles of bound functions.
    pub consumer_policies: bool,
    /// The time.
    pub clock: Clock,
    /// What is remembered of each object from one reconcile to the next.
    pub memories: Memories,
    /// Objects by condition.
    pub census: Census,
    /// Counters.
    pub metrics: Metrics,
    /// One for each reconcile that may run at a time, over all watches.
    pub permits: Semaphore,
    /// Becomes true when the process is to end.
    pub stop: watch::Receiver<bool>,
}

impl Context {
    /// How long to wait for the next poll of the object that `memory` is of.
    #[must_use]
    pub fn next_poll(&self, memory: &Memory) -> Duration {
        let spread = memory.spread(memory.polls);
        backoff::poll(self.poll, spread, self.started.elapsed())
    }

    /// Whether the process is to end: what was begun is finished, nothing is begun.
    #[must_use]
    pub fn is_stopping(&self) -> bool {
        *self.stop.borrow()
    }
}
