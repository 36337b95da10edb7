//! Operators that do not live long.

use std::sync::Mutex;

use crate::wire::{At, Effect, Fault, Side};

use super::figures::Tally;
use super::run::{reference, run};
use super::scenario::Scenario;
use super::threads::{alone, each};

/// Every operator ends at its `life`th action, for ever: before or after that is done. How many reads it makes, and how often it writes a status, is of no
/// account: one that may not look, and say what it sees, before it acts can do nothing. A new process waits for half a minute before it changes a user, and
/// says so, and then that it goes on.
#[derive(Clone, Copy, Debug)]
struct Loop {
    scenario: Scenario,
    life: usize,
    side: Side,
}

fn loops() -> impl Iterator<Item = Loop> + Send {
    let scenarios = [Scenario::Create, Scenario::Rotate, Scenario::Delete];
    scenarios.into_iter().flat_map(|scenario| {
        (2..=10).flat_map(move |life| {
            [Side::NotSent, Side::Applied].map(|side| Loop {
                scenario,
                life,
                side,
            })
        })
    })
}

#[test]
fn an_operator_that_ends_at_every_so_many_actions_comes_to_its_goal_a_step_further_each_time() {
    let tally = Mutex::new(Tally::of("crash loop", "crash loops".to_owned()));
    each(loops(), |one| {
        let Loop {
            scenario,
            life,
            side,
        } = one;
        let fault = [Fault {
            at: At::EveryAction(life),
            effect: Effect::Crash(side),
        }];
        let mut outcome = alone(0, || run(scenario, 0, &fault));
        let (crashes, writes) = (outcome.met, reference(scenario).writes);
        if crashes > writes {
            let text = format!("I7: {crashes} operators for what takes {writes} writes");
            outcome.violations.push(text);
        }
        tally.lock().unwrap().add(&format!("{one:?}"), &outcome);
    });
    tally.into_inner().unwrap().end();
}
