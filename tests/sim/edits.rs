use tokio::time::timeout;

use crate::wire::{At, Effect, Fault};
use crate::world::{NAME, World};

use super::run::{LONGEST, Outcome, conclude, go_on, is_quiet, watch};
use super::scenario::{Before, Part, ROTATE, Scenario, request};

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

/// The same at every `step`th call.
async fn at_every_call(scenario: Scenario, interruption: Interruption, step: usize) {
    let mut runs = 0;
    for index in (0..).step_by(step) {
        let outcome = interrupt(scenario, index, interruption).await;
        let (violations, log) = (&outcome.violations, &outcome.log);
        assert!(
            violations.is_empty(),
            "{scenario:?} {interruption:?} at {index}: {violations:#?} {log:#?}"
        );
        if outcome.met == 0 {
            break;
        }
        runs += 1;
    }
    println!("{scenario:?} {interruption:?}: {runs} runs");
    assert!(runs > 3, "{scenario:?} has more calls than {runs}");
}

#[tokio::test(start_paused = true)]
async fn a_spec_that_changes_at_any_step_of_a_creation_is_what_becomes_ready() {
    for part in Part::ALL {
        at_every_call(Scenario::Create, Interruption::Edit(part), 9).await;
    }
}

#[tokio::test(start_paused = true)]
async fn an_object_that_is_deleted_at_any_step_of_its_creation_leaves_nothing() {
    at_every_call(Scenario::Create, Interruption::Delete, 2).await;
}

#[tokio::test(start_paused = true)]
async fn an_object_that_is_deleted_at_any_step_of_a_rotation_leaves_nothing() {
    at_every_call(Scenario::Rotate, Interruption::Delete, 2).await;
    at_every_call(Scenario::Revoke, Interruption::Delete, 3).await;
}

#[tokio::test(start_paused = true)]
async fn a_spec_that_changes_at_any_step_of_a_rotation_locks_nobody_out() {
    at_every_call(Scenario::Rotate, Interruption::Edit(Part::Route), 4).await;
    at_every_call(Scenario::Rotate, Interruption::Edit(Part::NodeType), 4).await;
}

#[tokio::test(start_paused = true)]
async fn a_rotation_that_is_asked_for_during_a_change_of_the_cache_locks_nobody_out() {
    at_every_call(Scenario::Update(Part::NodeType), Interruption::Rotate, 3).await;
}

#[tokio::test(start_paused = true)]
async fn a_change_during_a_change_wins() {
    at_every_call(
        Scenario::Update(Part::Route),
        Interruption::Edit(Part::Route),
        2,
    )
    .await;
}
