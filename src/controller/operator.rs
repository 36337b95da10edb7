use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use futures::future::join_all;
use kube::runtime::controller::{self, Controller};
use kube::runtime::reflector::Store;
use kube::runtime::watcher;
use tokio::sync::{Semaphore, watch as channel};
use tokio::time::{Instant, timeout};

use crate::aws::Accounts;
use crate::cluster::{Cluster, Lease};
use crate::login::Port;
use crate::model;
use crate::telemetry::{Health, Metrics};

use super::census::Census;
use super::clock::Clock;
use super::context::Context;
use super::memory::{self, Memories};
use super::orphans::{Orphans, sweep_on};
use super::reconcile::reconcile;
use super::watch::{Guarded, watch};

/// How long reconciles that are under way may take to finish when the process is to end: less than the chart's grace period of 60 s.
const FAREWELL: Duration = Duration::from_secs(45);

/// What can be set.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Namespaces to watch; all, if it is empty.
    pub namespaces: Vec<String>,
    /// How often an object that is as desired is looked at.
    pub poll: Duration,
    /// How long a request to AWS may be on its way and still be carried out.
    pub request_lifetime: Duration,
    /// Whether policies may be written on the roles of bound functions.
    pub consumer_policies: bool,
    /// How many objects are worked on at a time.
    pub concurrency: u16,
    /// The cluster's id and the operator's version.
    pub identity: model::Cluster,
    /// What is done about orphans.
    pub orphans: Orphans,
    /// The lease to hold while working; none to work without.
    pub election: Option<Election>,
}

/// The lease to hold while working.
#[derive(Clone, Debug)]
pub struct Election {
    /// Namespace of the Lease.
    pub namespace: String,
    /// Name of the Lease.
    pub name: String,
    /// Name of this process, unique among those that want the lease.
    pub identity: String,
}

/// The operator.
pub struct Operator {
    /// The API server.
    pub cluster: Cluster,
    /// AWS.
    pub accounts: Accounts,
    /// The cache's nodes.
    pub login: Arc<dyn Port>,
    /// The time.
    pub clock: Clock,
    /// Counters.
    pub metrics: Metrics,
    /// Health.
    pub health: Health,
    /// What can be set.
    pub settings: Settings,
}

/// Works until `stop` becomes true: then what was begun is finished, within limits, and the lease is let go. A process that loses the lease
/// drops its work at once and stands by.
pub async fn run(operator: &Operator, mut stop: channel::Receiver<bool>) {
    let Some(election) = &operator.settings.election else {
        operator.metrics.leads(true);
        return work(operator, stop).await;
    };
    let clock = operator.clock.clone();
    let mut lease = Lease::new(
        &operator.cluster,
        (&election.namespace, &election.name),
        election.identity.clone(),
        move || clock.now(),
    );
    loop {
        operator.health.set_ready(true);
        tokio::select! {
            () = lease.acquire() => {}
            () = stopped(&mut stop) => return,
        }
        tracing::info!(
            lease = election.name,
            identity = election.identity,
            "this process leads"
        );
        operator.metrics.leads(true);
        tokio::select! {
            biased;
            () = lease.hold() => tracing::error!(lease = election.name, "the lease is lost; work is dropped"),
            () = work(operator, stop.clone()) => return lease.release().await,
        }
        operator.metrics.leads(false);
    }
}

async fn stopped(stop: &mut channel::Receiver<bool>) {
    // A sender that is gone can no longer say so: stop as well.
    let _ = stop.wait_for(|stop| *stop).await;
}

/// Reconciles until `stop` becomes true and what was begun is finished.
async fn work(operator: &Operator, mut stop: channel::Receiver<bool>) {
    operator.health.set_ready(false);
    let context = Arc::new(context(operator, stop.clone()));
    let namespaces: Vec<Option<&str>> = match operator.settings.namespaces.as_slice() {
        [] => vec![None],
        some => some
            .iter()
            .map(|namespace| Some(namespace.as_str()))
            .collect(),
    };
    let (controllers, stores): (Vec<_>, Vec<_>) = namespaces
        .into_iter()
        .map(|namespace| control(&context, namespace))
        .unzip();
    let mut controllers = join_all(controllers);
    tokio::select! {
        _ = &mut controllers => return,
        never = sweep_on(&context, &operator.settings) => match never {},
        () = ready_until_stopped(operator, stores, &mut stop) => tracing::info!("stopping; what was begun is finished first"),
    }
    if timeout(FAREWELL, controllers).await.is_err() {
        tracing::warn!(
            "some reconciles did not finish in time and are dropped; the next process takes them up"
        );
    }
}

async fn ready_until_stopped(
    operator: &Operator,
    stores: Vec<Store<Guarded>>,
    stop: &mut channel::Receiver<bool>,
) {
    tokio::select! {
        initialised = join_all(stores.iter().map(Store::wait_until_ready)) => {
            if initialised.iter().all(Result::is_ok) {
                tracing::info!("the watches are initialised");
                operator.health.set_ready(true);
            }
        }
        () = stopped(stop) => return,
    }
    stopped(stop).await;
}

fn context(operator: &Operator, stop: channel::Receiver<bool>) -> Context {
    Context {
        cluster: operator.cluster.clone(),
        accounts: operator.accounts.clone(),
        login: operator.login.clone(),
        identity: operator.settings.identity.clone(),
        poll: operator.settings.poll,
        started: Instant::now(),
        request_lifetime: operator.settings.request_lifetime,
        consumer_policies: operator.settings.consumer_policies,
        clock: operator.clock.clone(),
        memories: Memories::default(),
        census: Census::new(operator.metrics.clone()),
        metrics: operator.metrics.clone(),
        permits: Semaphore::new(operator.settings.concurrency.into()),
        stop,
    }
}

/// Watches one namespace, or all. Ends when the context says so and the reconciles under way are finished; dropping it ends them at once.
fn control(
    context: &Arc<Context>,
    namespace: Option<&str>,
) -> (impl Future<Output = ()> + use<>, Store<Guarded>) {
    let gone = context.clone();
    let (objects, store) = watch(&context.cluster.client(), namespace, move |object| {
        forget(&gone, object);
    });
    let mut stop = context.stop.clone();
    let concurrency = u16::try_from(context.permits.available_permits()).unwrap_or(u16::MAX);
    let results = Controller::for_stream(objects, store.clone())
        .with_config(controller::Config::default().concurrency(concurrency))
        .graceful_shutdown_on(async move { stopped(&mut stop).await })
        .run(
            reconcile,
            |_, never: &Infallible, _| match *never {},
            context.clone(),
        );
    (
        results.for_each(async |result| explain(result.err().as_ref())),
        store,
    )
}

fn forget(context: &Context, object: &Guarded) {
    let key = memory::key(object);
    context.memories.forget(&key);
    context.census.forget(&key);
}

/// Logs what keeps the watch from working.
fn explain(error: Option<&controller::Error<Infallible, watcher::Error>>) {
    match error {
        None => {}
        Some(controller::Error::ObjectNotFound(object)) => {
            tracing::debug!(%object, "gone before its turn came");
        }
        Some(error) => {
            let causes: Vec<String> =
                std::iter::successors(std::error::Error::source(error), |error| error.source())
                    .map(ToString::to_string)
                    .collect();
            tracing::warn!(%error, ?causes, "the watch is interrupted and will be taken up again");
        }
    }
}
