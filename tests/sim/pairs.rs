use std::sync::Mutex;
use std::time::Duration;

use crate::wire::{At, Effect, Fault, Side};

use super::figures::Tally;
use super::run::{reference, run};
use super::scenario::Scenario;
use super::threads::{alone, each, range};

/// What a network, or a machine, does to calls.
const EFFECTS: [Effect; 3] = [
    Effect::Crash(Side::Applied),
    Effect::LoseReply,
    Effect::Duplicate(Duration::from_mins(5)),
];
/// Of all pairs, so many apart are run unless somebody asks for others. It shares no factor with the number of effects, so that each comes.
const STEP: usize = 151;

/// Pairs that once left something behind: the second fault came when a poll had found a second REST API.
const FOUND: [usize; 2] = [2067, 2068];

/// Two writes of a scenario and what becomes of them.
type Pair = (Scenario, [Fault; 2]);

/// Each ordered pair of effects at each ordered pair of writes. A fault makes writes more, hence the second one may come after the last.
fn pairs_of(scenario: Scenario) -> impl Iterator<Item = Pair> {
    let writes = reference(scenario).writes;
    let places = (0..writes).flat_map(move |one| (one + 1..writes + 2).map(move |two| [one, two]));
    let effects = || {
        EFFECTS
            .into_iter()
            .flat_map(|one| EFFECTS.map(|two| [one, two]))
    };
    places.flat_map(move |[one, two]| {
        let fault = |index, effect| Fault {
            at: At::Write(index),
            effect,
        };
        // A crash ends a process, not the wire: writes are counted on.
        effects().map(move |effects| {
            let faults = [fault(one, effects[0]), fault(two, effects[1])];
            (scenario, faults)
        })
    })
}

/// The number of each pair, as `PAIRS` names it, with the pair.
fn chosen() -> Vec<(usize, Pair)> {
    let all: Vec<_> = Scenario::all().flat_map(pairs_of).enumerate().collect();
    let count = all.len();
    let chosen = std::env::var("PAIRS").ok();
    println!("{count} pairs; PAIRS={chosen:?}");
    match chosen.as_deref() {
        None => {
            let is_chosen =
                |(number, _): &(usize, Pair)| number % STEP == 0 || FOUND.contains(number);
            all.into_iter().filter(is_chosen).collect()
        }
        Some("all") => all,
        Some(some) => {
            let some = range(some);
            let is_chosen = |(number, _): &(usize, Pair)| some.contains(&(*number as u64));
            all.into_iter().filter(is_chosen).collect()
        }
    }
}

#[test]
fn two_faults_one_after_the_other_leave_what_was_asked_for() {
    let tally = Mutex::new(Tally::of("pair of faults", "pairs".to_owned()));
    each(chosen().into_iter(), |(number, (scenario, faults))| {
        let outcome = alone(0, || run(scenario, 0, &faults));
        let run = format!("PAIRS={number} {scenario:?} {faults:?}");
        tally.lock().unwrap().add(&run, &outcome);
    });
    tally.into_inner().unwrap().end();
}
