use tokio::time::timeout;

use crate::wire::{At, Effect, Fault};
use crate::world::{NAME, World};

use super::figures::Tally;
use super::run::{LONGEST, Outcome, conclude, go_on, is_quiet, reference, watch};
use super::scenario::{Before, Part, ROTATE, Scenario, request};
use super::threads::alone;

/// Something that a user does while something else is under way.
#[derive(Clone, Copy, Debug)]
enum Interruption {
    Edit(Part),
    Rotate,
    Delete,
}

/// Runs `scenario`, and a user does something else right before its call number `index`.
async fn interrupt(scenario: Scenario, index: usize, interruption: Interruption) -> Outcome {
    let (world, operator) = scenario.prepare(0).await;
    let monitor = watch(&world, &[]);
    let before = Before::of(&world);
    world.wire.plan(vec![Fault {
        at: At::Call(index),
        effect: Effect::Pause,
    }]);
    let mut operator = operator.unwrap_or_else(|| world.operator());
    scenario.begin(&world).await;
    let done = |world: &World| scenario.is_done(world, &before);
    let gone = scenario == Scenario::Delete || matches!(interruption, Interruption::Delete);
    let both = async {
        tokio::select! {
            biased;
            () = world.wire.paused() => {
                if !world.is_gone() {
                    act(&world, interruption).await;
                }
                world.wire.go_on();
            }
            () = go_on(&world, &mut operator, done) => return,
        }
        let done = |world: &World| {
            if gone {
                world.is_gone()
            } else {
                is_quiet(world)
            }
        };
        go_on(&world, &mut operator, done).await;
    };
    let came = timeout(LONGEST, both).await.is_ok();
    conclude(&world, &monitor, operator, came).await
}

async fn act(world: &World, interruption: Interruption) {
    match interruption {
        Interruption::Edit(part) => world.patch(part.patch(&world.object(), 3)).await,
        Interruption::Rotate => world.patch(request(world, ROTATE)).await,
        Interruption::Delete => world.delete_named(NAME).await,
    }
}

/// The same at every `step`th of the calls that `scenario` makes when nobody interrupts it.
fn at_every_call(scenario: Scenario, interruption: Interruption, step: usize) {
    let what = format!("{scenario:?} {interruption:?}");
    let mut tally = Tally::of("user in between", what.clone());
    for index in (0..reference(scenario).calls.len()).step_by(step) {
        let outcome = alone(0, || interrupt(scenario, index, interruption));
        tally.add_point(&format!("{what} at {index}"), &outcome);
    }
    tally.end();
}

#[test]
fn a_spec_that_changes_at_any_step_of_a_creation_is_what_becomes_ready() {
    for part in Part::WALKED {
        at_every_call(Scenario::Create, Interruption::Edit(part), 9);
    }
}

#[test]
fn an_object_that_is_deleted_at_any_step_of_its_creation_leaves_nothing() {
    at_every_call(Scenario::Create, Interruption::Delete, 2);
}

#[test]
fn an_object_that_is_deleted_at_any_step_of_a_rotation_leaves_nothing() {
    at_every_call(Scenario::Rotate, Interruption::Delete, 2);
    at_every_call(Scenario::Revoke, Interruption::Delete, 3);
}

#[test]
fn a_spec_that_changes_at_any_step_of_a_rotation_locks_nobody_out() {
    at_every_call(Scenario::Rotate, Interruption::Edit(Part::Route), 4);
    at_every_call(Scenario::Rotate, Interruption::Edit(Part::NodeType), 4);
}

#[test]
fn a_rotation_that_is_asked_for_during_a_change_of_the_cache_locks_nobody_out() {
    at_every_call(Scenario::Update(Part::NodeType), Interruption::Rotate, 3);
}

#[test]
fn a_change_during_a_change_wins() {
    let route = Part::Route;
    at_every_call(Scenario::Update(route), Interruption::Edit(route), 2);
}
