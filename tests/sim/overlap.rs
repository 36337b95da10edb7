//! Two operators at once, neither with a lease: one is held up right before a write that it has decided on, and the other one works meanwhile.

use std::sync::Mutex;
use std::time::Duration;

use tokio::time::{sleep, timeout};

use crate::wire::{At, Effect, Fault};
use crate::world::{POLL, World};

use super::figures::Tally;
use super::invariants::Monitor;
use super::run::{LONGEST, Outcome, conclude, is_quiet, reference};
use super::scenario::{Before, Scenario};
use super::threads::{alone, each};

/// What the other one does before the first one's write is sent.
#[derive(Clone, Copy, Debug)]
enum Other {
    /// Everything that there is to do.
    Finishes,
    /// A write.
    Writes,
    /// Nothing, but it has decided on a write as well, which is sent when the first one is done.
    Decides,
}

/// How long one waits for a write that may never come.
const PATIENCE: Duration = Duration::from_hours(1);

/// Two operators work on `scenario`. The first one is held up right before its write number `index`.
async fn overlap(scenario: Scenario, index: usize, other: Other) -> Outcome {
    let (world, first) = scenario.prepare(0).await;
    // What has no name of ours may be there twice until that is noticed.
    let monitor = Monitor::of(&world, false);
    let before = Before::of(&world);
    let done = |world: &World| scenario.is_done(world, &before);
    let first = first.unwrap_or_else(|| world.operator());
    world.wire.plan(hold(index));
    scenario.begin(&world).await;
    world.wire.paused().await;
    first.freeze(true);
    let beside = World::between(world.aws.clone(), world.kube.clone());
    let looks = monitor.clone();
    beside.wire.show(move |call| looks.look(call));
    let first_goes_on = || {
        first.freeze(false);
        world.wire.go_on();
    };
    let came = timeout(LONGEST, async {
        match other {
            Other::Finishes => {
                let _second = beside.operator();
                beside.reaches(done).await;
                first_goes_on();
            }
            Other::Writes => {
                beside.wire.plan(hold(1));
                let _second = beside.operator();
                let _ = timeout(PATIENCE, beside.wire.paused()).await;
                first_goes_on();
                beside.wire.go_on();
                world.reaches(done).await;
            }
            Other::Decides => {
                beside.wire.plan(hold(0));
                let second = beside.operator();
                let decided = timeout(PATIENCE, beside.wire.paused()).await.is_ok();
                second.freeze(decided);
                first_goes_on();
                world.reaches(done).await;
                second.freeze(false);
                beside.wire.go_on();
                sleep(POLL).await;
            }
        }
        world.reaches(is_quiet).await;
    });
    let came = came.await.is_ok();
    conclude(&world, &monitor, first, came).await
}

/// An operator is held up right before its write number `index`.
fn hold(index: usize) -> Vec<Fault> {
    vec![Fault {
        at: At::Write(index),
        effect: Effect::Pause,
    }]
}

fn at_every_write(scenario: Scenario) {
    let what = format!("{scenario:?}, two operators");
    let tally = Mutex::new(Tally::of("two operators", what));
    let others = [Other::Finishes, Other::Writes, Other::Decides];
    let writes = 0..reference(scenario).writes;
    let places = writes.flat_map(|index| others.map(|other| (index, other)));
    each(places, |(index, other)| {
        let outcome = alone(0, || overlap(scenario, index, other));
        let run = format!("{scenario:?}, held up at write {index}: the other one {other:?}");
        tally.lock().unwrap().add_point(&run, &outcome);
    });
    tally.into_inner().unwrap().end();
}

#[test]
fn two_operators_that_create_at_once_leave_one_of_each_thing() {
    at_every_write(Scenario::Create);
}

#[test]
fn two_operators_that_rotate_at_once_lock_nobody_out() {
    at_every_write(Scenario::Rotate);
}

#[test]
fn two_operators_that_delete_at_once_leave_nothing() {
    at_every_write(Scenario::Delete);
}
