//! Answers of AWS that are not what they should be, at random calls of a creation, changes, a rotation, a revocation and a deletion. The invariants of
//! the simulation hold all the while, and it comes about once the answers are good again.
//!
//! An answer that is well formed and wrong cannot be told from the truth: a list from which something is missing, a state, a time, a tag. It may delay, and
//! for a while there may be two of what AWS gives the names of, as when a request arrives twice; it must not delete what is not ours, or lock out. That
//! something of somebody else's carries our tags is no answer that is tried: ownership is what tags say.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use tokio::time::timeout;

use crate::alter::{Wrong, alter};
use crate::invariants::Monitor;
use crate::random::Random;
use crate::run::{LONGEST, Outcome, conclude, go_on};
use crate::scenario::{Before, Part, Scenario};
use crate::seeds::each_seed;
use crate::threads::alone;
use crate::world::World;

/// About as many answers of AWS as a scenario has.
const ANSWERS: u64 = 120;

const SCENARIOS: [Scenario; 7] = [
    Scenario::Create,
    Scenario::Update(Part::Route),
    Scenario::Update(Part::NodeType),
    Scenario::Update(Part::ApiKey),
    Scenario::Rotate,
    Scenario::Revoke,
    Scenario::Delete,
];

/// What was altered.
type Altered = Arc<Mutex<Vec<String>>>;

/// Runs `scenario`, in which up to four answers are `wrong`, as `seed` has it.
async fn run(scenario: Scenario, wrong: Wrong, seed: u64) -> (Outcome, Vec<String>) {
    let (world, operator) = scenario.prepare(0).await;
    let monitor = Monitor::of(&world, wrong == Wrong::Broken);
    let before = Before::of(&world);
    world.wire.plan(Vec::new());
    let spread = if scenario == Scenario::Create {
        ANSWERS
    } else {
        ANSWERS / 3
    };
    let (altered, answers) = spoil(&world, spread, wrong, seed);
    let mut operator = operator.unwrap_or_else(|| world.operator());
    scenario.begin(&world).await;
    let done = |world: &World| scenario.is_done(world, &before);
    let came = timeout(LONGEST, go_on(&world, &mut operator, done)).await;
    // Answers of the polls that follow are spoiled as well, for as long as there are any.
    let good = |world: &World| {
        answers.load(Ordering::Relaxed) >= spread || world.kube.objects("cachedapis").is_empty()
    };
    go_on(&world, &mut operator, good).await;
    let outcome = conclude(&world, &monitor, operator, came.is_ok()).await;
    let altered = altered.lock().unwrap().clone();
    (outcome, altered)
}

/// Has up to four of the next `spread` answers be `wrong`, and tells which, and how many answers there were.
fn spoil(world: &World, spread: u64, wrong: Wrong, seed: u64) -> (Altered, Arc<AtomicU64>) {
    let mut random = Random::new(seed);
    let count = 1 + random.below(4);
    let chosen: Vec<u64> = (0..count).map(|_| random.below(spread)).collect();
    let (altered, answers) = (Altered::default(), Arc::<AtomicU64>::default());
    let (told, counted, random) = (altered.clone(), answers.clone(), Mutex::new(random));
    world.wire.alter(move |call, answer| {
        let number = counted.fetch_add(1, Ordering::Relaxed);
        if !chosen.contains(&number) {
            return answer;
        }
        let (answer, what) = alter(answer, wrong, &mut random.lock().unwrap());
        let text = format!("{} {}: {what}", call.operation, call.object);
        told.lock().unwrap().push(text);
        answer
    });
    (altered, answers)
}

/// Runs with answers that are `wrong`, each with a scenario: the first seeds, and one that found something.
fn runs(wrong: Wrong, found: u64) {
    let altered = each_seed((0..35).chain([found]), |seed| {
        let scenario = SCENARIOS[usize::try_from(seed).unwrap() % SCENARIOS.len()];
        let (outcome, altered) = alone(seed, || run(scenario, wrong, seed));
        let (violations, log) = (outcome.violations, outcome.log);
        if violations.is_empty() {
            Ok(altered.len())
        } else {
            let last = &log[log.len().saturating_sub(30)..];
            Err(format!(
                "{scenario:?} {altered:?}: {violations:#?} after {last:#?}"
            ))
        }
    });
    let (runs, answers) = (altered.len(), altered.into_iter().sum::<usize>());
    println!("{runs} runs, {answers} replies {wrong:?}");
    assert!(answers > 0);
}

#[test]
fn replies_that_cannot_be_read_delay_and_do_no_harm() {
    // A list that ended in the middle of a subnet's id was taken for whole.
    runs(Wrong::Broken, 487);
}

#[test]
fn replies_that_are_not_true_are_got_over() {
    // The answer to PutRestApi had no id, and that became the API's.
    runs(Wrong::Untrue, 406);
}
