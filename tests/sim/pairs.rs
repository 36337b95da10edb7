use std::time::Duration;

use crate::wire::{At, Effect, Fault, Side};

use super::run::run;
use super::scenario::{Part, Scenario};

/// What a network, or a machine, does to calls.
const EFFECTS: [Effect; 3] = [
    Effect::Crash(Side::Applied),
    Effect::LoseReply,
    Effect::Duplicate(Duration::from_mins(5)),
];

/// The numbers of all writes of `scenario` when nothing goes wrong.
async fn writes(scenario: Scenario) -> usize {
    let reference = run(scenario, 0, &[]).await;
    assert_eq!(reference.violations, Vec::<String>::new());
    reference.writes
}

/// Runs `scenario` with each ordered pair of effects at each ordered pair of writes, every `step`th of them.
async fn every_pair(scenario: Scenario, step: usize) {
    let writes = writes(scenario).await;
    let mut runs = 0;
    let pairs = (0..writes).flat_map(|one| (one + 1..writes + 2).map(move |other| (one, other)));
    let effects = EFFECTS
        .into_iter()
        .flat_map(|one| EFFECTS.map(|other| (one, other)));
    let all = pairs.flat_map(|at| effects.clone().map(move |effects| (at, effects)));
    for (at, effects) in all.step_by(step) {
        let fault = |index, effect| Fault {
            at: At::Write(index),
            effect,
        };
        // A crash ends a process, not the wire: writes are counted on.
        let faults = [fault(at.0, effects.0), fault(at.1, effects.1)];
        let outcome = run(scenario, 0, &faults).await;
        let (violations, log) = (&outcome.violations, &outcome.log);
        assert!(
            violations.is_empty(),
            "{scenario:?} {faults:?}: {violations:#?} {log:#?}"
        );
        runs += 1;
    }
    println!("{scenario:?}: {runs} pairs");
}

#[tokio::test(start_paused = true)]
async fn two_faults_in_a_creation_leave_one_of_each_thing() {
    every_pair(Scenario::Create, 101).await;
}

#[tokio::test(start_paused = true)]
async fn two_faults_in_a_rotation_lock_nobody_out() {
    every_pair(Scenario::Rotate, 17).await;
}

#[tokio::test(start_paused = true)]
async fn two_faults_in_a_revocation_lock_nobody_out() {
    every_pair(Scenario::Revoke, 43).await;
}

#[tokio::test(start_paused = true)]
async fn two_faults_in_a_change_leave_what_the_spec_says() {
    every_pair(Scenario::Update(Part::Route), 13).await;
    every_pair(Scenario::Update(Part::NodeType), 13).await;
}

#[tokio::test(start_paused = true)]
async fn two_faults_in_a_deletion_leave_nothing() {
    every_pair(Scenario::Delete, 41).await;
}
