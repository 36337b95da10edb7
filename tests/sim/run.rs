use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::{sleep, timeout};

use crate::look::is_ready;
use crate::wire::{At, Effect, Fault};
use crate::world::{POLL, Process, World};

use super::invariants::Monitor;
use super::looks::Looks;
use super::scenario::{Before, Scenario};
use super::threads::alone;

/// Longest that anything takes after its last fault: what AWS takes, a backoff, a poll, a grace.
pub const LONGEST: Duration = Duration::from_hours(4);

/// How a run went.
#[derive(Debug)]
pub struct Outcome {
    /// How many of its faults met their call.
    pub met: usize,
    /// The calls of the operators until it was done.
    pub calls: Vec<At>,
    /// The number of writes among them.
    pub writes: usize,
    /// How soon it came about, where that is counted.
    pub convergence: Option<Convergence>,
    pub violations: Vec<String>,
    /// Every call.
    pub log: Vec<String>,
}

/// How soon what was asked for came about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Convergence {
    /// Reconciles after the last fault, as [`Looks`] counts them.
    pub reconciles: usize,
    /// How many it may take (I7).
    pub allowed: usize,
}

impl Convergence {
    /// `scenario` came about after so many `reconciles`, after so many `faults`. As many are allowed as it takes when nothing goes wrong, but no more than
    /// it has steps by its design, and two for each fault, and two.
    fn after(scenario: Scenario, reconciles: usize, faults: usize) -> Self {
        let undisturbed = reference(scenario).convergence;
        let measured = undisturbed.map_or(usize::MAX, |undisturbed| undisturbed.reconciles);
        let steps = measured.min(scenario.steps());
        Self {
            reconciles,
            allowed: steps + 2 * faults + 2,
        }
    }
}

/// Runs `scenario` in a world of its own, with `faults`, and watches the invariants. An operator that crashes is followed by another one.
pub async fn run(scenario: Scenario, seed: u64, faults: &[Fault]) -> Outcome {
    let Attempt {
        reconciles,
        faults,
        mut outcome,
    } = attempt(scenario, seed, faults).await;
    let convergence = Convergence::after(scenario, reconciles, faults);
    if convergence.reconciles > convergence.allowed {
        let text = format!("I7: it takes too long after {faults} faults: {convergence:?}");
        outcome.violations.push(text);
    }
    outcome.convergence = Some(convergence);
    outcome
}

/// The run of `scenario` in which nothing goes wrong.
pub fn reference(scenario: Scenario) -> Arc<Outcome> {
    static KNOWN: Mutex<BTreeMap<Scenario, Arc<Outcome>>> = Mutex::new(BTreeMap::new());
    let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    let outcome = known.entry(scenario).or_insert_with(|| {
        let Attempt {
            reconciles,
            mut outcome,
            ..
        } = alone(0, || attempt(scenario, 0, &[]));
        let (violations, log) = (&outcome.violations, &outcome.log);
        assert!(
            violations.is_empty(),
            "{scenario:?}: {violations:#?} {log:#?}"
        );
        outcome.convergence = Some(Convergence {
            reconciles,
            allowed: scenario.steps(),
        });
        Arc::new(outcome)
    });
    outcome.clone()
}

struct Attempt {
    /// Reconciles after the last fault.
    reconciles: usize,
    /// Faults that happened before it came about.
    faults: usize,
    outcome: Outcome,
}

async fn attempt(scenario: Scenario, seed: u64, faults: &[Fault]) -> Attempt {
    let (world, operator) = scenario.prepare(seed).await;
    let monitor = watch(&world, faults);
    let before = Before::of(&world);
    world.wire.plan(faults.to_vec());
    let (looks, _counts) = Looks::over(&world.wire);
    let mut operator = operator.unwrap_or_else(|| world.operator());
    scenario.begin(&world).await;
    let done = |world: &World| scenario.is_done(world, &before);
    let came = timeout(LONGEST, go_on(&world, &mut operator, done)).await;
    Attempt {
        reconciles: looks.since_the_last_fault(),
        faults: world.wire.met(),
        outcome: conclude(&world, &monitor, operator, came.is_ok()).await,
    }
}

/// Watches `world`, in which `faults` happen.
pub fn watch(world: &Arc<World>, faults: &[Fault]) -> Arc<Monitor> {
    // A request that arrives twice makes two of what has no name of ours, for a while.
    let twice = |fault: &Fault| matches!(fault.effect, Effect::Duplicate(_));
    Monitor::of(world, !faults.iter().any(twice))
}

/// Until `done`; whenever an operator crashes, the next one starts.
pub async fn go_on(world: &Arc<World>, operator: &mut Process, done: impl Fn(&World) -> bool) {
    loop {
        tokio::select! {
            biased;
            () = world.wire.tripped() => *operator = world.operator(),
            () = world.reaches(&done) => return,
        }
    }
}

/// Late copies have arrived and every poll has had its turn; from then on nothing is written (I7), and nothing is left over. `came`: what was to come
/// about did.
pub async fn conclude(
    world: &Arc<World>,
    monitor: &Monitor,
    mut operator: Process,
    came: bool,
) -> Outcome {
    let (met, calls) = (world.wire.met(), world.wire.addresses());
    let writes = world.wire.writes().len();
    let rests = came
        && timeout(
            LONGEST * 2,
            rest(world, &mut operator, !monitor.is_strict()),
        )
        .await
        .is_ok();
    if rests {
        world.wire.plan(Vec::new());
        sleep(POLL * 3).await;
        let late = world.wire.writes();
        if !late.is_empty() {
            monitor.violation(format!("I7: it does not rest: {late:?}"));
        }
        monitor.at_rest();
    } else {
        let objects = world.kube.objects("cachedapis");
        monitor.violation(format!("I7: it does not come about: {objects:#?}"));
    }
    monitor.at_the_end_of(&operator);
    Outcome {
        met,
        calls,
        writes,
        convergence: None,
        violations: monitor.violations(),
        log: world.wire.log(),
    }
}

/// Time in which what is late comes to light, and what follows from it: an hour, or until every poll has had its turn where a request may arrive twice.
/// For an operator that starts, they begin anew.
async fn rest(world: &Arc<World>, operator: &mut Process, twice: bool) {
    loop {
        let met = world.wire.met();
        let later = sleep(if twice { POLL * 13 } else { POLL * 6 });
        tokio::select! {
            () = later => {}
            () = go_on(world, operator, |_| false) => {}
        }
        if !twice || world.wire.met() == met {
            break;
        }
    }
    go_on(world, operator, is_quiet).await;
}

/// Whether every object is Ready with nothing under way; one that is to go is gone.
pub fn is_quiet(world: &World) -> bool {
    world.kube.objects("cachedapis").iter().all(|object| {
        let rotation = &object["status"]["credentials"]["rotation"];
        let stays = object["metadata"]["deletionTimestamp"].is_null();
        is_ready(object) && rotation.is_null() && stays
    })
}
