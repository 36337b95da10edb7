//! What one rotation costs: reconciles and calls to AWS, where AWS takes no time.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use cachedapi_operator::aws::{Call, CallObserver};
use jiff::Timestamp;
use local_aws::{Config, Delays};
use serde_json::{Value, json};
use tokio::time::sleep;

use crate::world::{Process, World, example};

/// Hours that are measured, with a rotation each and without.
const HOURS: u32 = 24;

/// Every operation with its calls.
type Counts = BTreeMap<&'static str, u64>;

/// Measures both, and what a rotation adds.
pub async fn measure() -> Value {
    let quiet = Ledger::of_hours("365d").await;
    let busy = Ledger::of_hours("1h").await;
    let added: BTreeMap<_, _> = busy
        .calls
        .iter()
        .map(|(operation, calls)| {
            (
                operation,
                per_hour(*calls) - per_hour(quiet.calls.get(operation).copied().unwrap_or(0)),
            )
        })
        .filter(|(_, calls)| calls.abs() > 0.01)
        .collect();
    json!({
        "rotations": busy.reconciles.len(),
        "reconcilesFromDueToPromoted": busy.reconciles,
        "callsFromDueToPromotedWithPolls": busy.until_promoted,
        "callsAnHour": per_hour(busy.calls.values().sum()),
        "callsAnHourWithoutRotation": per_hour(quiet.calls.values().sum()),
        "callsAdded": added,
        "callsPerRotation": added.values().sum::<f64>(),
    })
}

fn per_hour(calls: u64) -> f64 {
    f64::from(u32::try_from(calls).unwrap()) / f64::from(HOURS)
}

/// What was counted.
#[derive(Default)]
struct Ledger {
    calls: Counts,
    reconciles: Vec<u64>,
    until_promoted: Vec<u64>,
}

impl Ledger {
    async fn of_hours(rotate_every: &str) -> Self {
        let calls = Arc::new(Calls::default());
        let mut world = World::new(Config {
            delays: Delays::zero(),
            ..Config::default()
        })
        .await;
        world.observer = calls.clone();
        world.create(&example()).await;
        let operator = world.operator();
        world.until(World::is_ready).await;
        let password = json!({"rotateEvery": rotate_every, "clientCacheTtl": "0s"});
        let spec = json!({"spec": {"credentials": {"password": password}}});
        world.patch(spec).await;
        sleep(Duration::from_hours(3)).await;
        let mut ledger = Self::default();
        until(&world, before_due(&world)).await;
        calls.0.lock().unwrap().clear();
        let end = world.aws.now() + Duration::from_hours(HOURS.into());
        while rotate_every == "1h" && world.aws.now() < end {
            ledger.follow(&world, &operator, &calls).await;
        }
        until(&world, end).await;
        ledger.calls = calls.0.lock().unwrap().clone();
        ledger
    }

    /// From just before a rotation is due to just before the next one is.
    async fn follow(&mut self, world: &World, operator: &Process, calls: &Calls) {
        let (before_it, made) = (reconciles(operator), calls.sum());
        let before = world.bound();
        world.until(|world| world.bound() != before).await;
        // The one that binds the new password has not ended yet.
        self.reconciles.push(reconciles(operator) + 1 - before_it);
        self.until_promoted.push(calls.sum() - made);
        sleep(Duration::from_mins(20)).await;
        until(world, before_due(world)).await;
    }
}

/// A second before the next rotation is due.
fn before_due(world: &World) -> Timestamp {
    let due = world.object()["status"]["credentials"]["nextRotationAt"].clone();
    let due: Timestamp = due.as_str().unwrap().parse().unwrap();
    due.min(world.aws.now() + Duration::from_hours(1)) - Duration::from_secs(1)
}

async fn until(world: &World, moment: Timestamp) {
    let left = moment.duration_since(world.aws.now());
    sleep(Duration::try_from(left).unwrap_or_default()).await;
}

/// Reconciles that have ended.
fn reconciles(operator: &Process) -> u64 {
    let page = operator.metrics.encode();
    let samples = page
        .lines()
        .filter(|line| line.starts_with("cachedapi_reconciles_total"));
    let counts = samples.filter_map(|line| line.rsplit(' ').next()?.parse::<u64>().ok());
    counts.sum()
}

#[derive(Debug, Default)]
struct Calls(Mutex<Counts>);

impl Calls {
    fn sum(&self) -> u64 {
        self.0.lock().unwrap().values().sum()
    }
}

impl CallObserver for Calls {
    fn called(&self, call: &Call<'_>) {
        *self.0.lock().unwrap().entry(call.operation).or_default() += 1;
    }
}
