//! Answers of AWS that are not what they should be, at random calls of a creation, changes, a rotation, a revocation and a deletion. The invariants of
//! the simulation hold all the while, and it comes about once the answers are good again.
//!
//! An answer that is well formed and wrong may not be told from the truth: a list from which something is missing, a state, a time. It may delay; it
//! must neither duplicate, nor delete what is not ours, nor lock out. That something of somebody else's carries our tags is no answer that is tried:
//! ownership is what tags say.

use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http::Response;
use tokio::time::timeout;

use crate::alter::alter;
use crate::objects::cases;
use crate::random::Random;
use crate::run::{LONGEST, Outcome, conclude, go_on, watch};
use crate::scenario::{Before, Part, Scenario};
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

/// Runs `scenario`, in which up to four answers are altered as `seed` has it.
async fn run(scenario: Scenario, seed: u64) -> (Outcome, Vec<String>) {
    let (world, operator) = scenario.prepare(0).await;
    let monitor = watch(&world, &[]);
    let before = Before::of(&world);
    world.wire.plan(Vec::new());
    let altered = Altered::default();
    let (mut random, mut number) = (Random::new(seed), 0);
    let spread = if scenario == Scenario::Create {
        ANSWERS
    } else {
        ANSWERS / 3
    };
    let chosen: Vec<u64> = (0..=random.below(4))
        .map(|_| random.below(spread))
        .collect();
    let (state, told) = (
        Mutex::new(move |answer: Response<Bytes>| {
            number += 1;
            if !chosen.contains(&(number - 1)) {
                return (answer, None);
            }
            let (answer, what) = alter(answer, &mut random);
            (answer, Some(what))
        }),
        altered.clone(),
    );
    world.wire.alter(move |call, answer| {
        let mut alter = state.lock().unwrap();
        let (answer, what) = alter(answer);
        told.lock()
            .unwrap()
            .extend(what.map(|what| format!("{} {}: {what}", call.operation, call.object)));
        answer
    });
    let mut operator = operator.unwrap_or_else(|| world.operator());
    scenario.begin(&world).await;
    let done = |world: &World| scenario.is_done(world, &before);
    let came = timeout(LONGEST, go_on(&world, &mut operator, done)).await;
    let outcome = conclude(&world, &monitor, operator, came.is_ok()).await;
    let altered = altered.lock().unwrap().clone();
    (outcome, altered)
}

#[tokio::test(start_paused = true)]
async fn answers_with_something_wrong_in_them_delay_and_do_no_harm() {
    let (mut altered, mut problems) = (0, Vec::new());
    let seeds = cases(70);
    for seed in 0..seeds {
        let scenario = SCENARIOS[usize::try_from(seed).unwrap() % SCENARIOS.len()];
        let (outcome, what) = run(scenario, seed).await;
        altered += what.len();
        if !outcome.violations.is_empty() {
            problems.push(format!(
                "seed {seed} {scenario:?} {what:?}: {:#?}",
                outcome.violations
            ));
        }
    }
    println!("{seeds} runs, {altered} answers altered");
    assert!(problems.is_empty(), "{}", problems.join("\n"));
    assert!(altered > 0);
}
