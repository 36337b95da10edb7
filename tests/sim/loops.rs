//! Operators that do not live long.

use std::sync::Mutex;

use crate::wire::{At, Effect, Fault, Side};

use super::figures::Tally;
use super::run::{reference, run};
use super::scenario::Scenario;
use super::threads::{alone, each};

/// Every operator ends at its `life`th write, for ever: before or after that is done. How many reads it makes is of no account: one that may not look before
/// it acts can do nothing.
#[derive(Clone, Copy, Debug)]
struct Loop {
    scenario: Scenario,
    life: usize,
    side: Side,
}

/// What AWS names takes two writes, one that announces it and one that makes it: an operator that never does its second one makes no REST API.
fn loops() -> impl Iterator<Item = Loop> + Send {
    let scenarios = [Scenario::Create, Scenario::Rotate, Scenario::Delete];
    let sides = [(Side::NotSent, 3), (Side::Applied, 2)];
    scenarios.into_iter().flat_map(move |scenario| {
        sides.into_iter().flat_map(move |(side, shortest)| {
            (shortest..=10).map(move |life| Loop {
                scenario,
                life,
                side,
            })
        })
    })
}

#[test]
fn an_operator_that_ends_at_every_so_many_writes_comes_to_its_goal_a_step_further_each_time() {
    let tally = Mutex::new(Tally::of("crash loop", "crash loops".to_owned()));
    each(loops(), |one| {
        let Loop {
            scenario,
            life,
            side,
        } = one;
        let fault = [Fault {
            at: At::EveryWrite(life),
            effect: Effect::Crash(side),
        }];
        let mut outcome = alone(0, || run(scenario, 0, &fault));
        let (crashes, writes) = (outcome.met, reference(scenario).writes);
        println!("{one:?}: {crashes} crashes, {writes} writes");
        if crashes > writes {
            let text = format!("I7: {crashes} operators for what takes {writes} writes");
            outcome.violations.push(text);
        }
        tally.lock().unwrap().add(&format!("{one:?}"), &outcome);
    });
    tally.into_inner().unwrap().end();
}
