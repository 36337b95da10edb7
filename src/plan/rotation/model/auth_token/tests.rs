use super::super::search::{find, prove};
use super::moves::Setup;
use super::{Guards, World};
use crate::plan::rotation::auth_token::{TokenStep, next_auth_token_step};

const ALL: Guards = Guards {
    newest: true,
    grace: true,
    fence: true,
    reread: true,
    repeat_ignored: true,
};

const SETUP: Setup = Setup {
    controllers: 2,
    epochs: 3,
    faults: 1,
    guards: ALL,
};

/// Lets one controller go on that was just started, until nothing is left to do.
fn settle(world: &World) -> Result<(), Box<World>> {
    let mut world = *world;
    (world.calls, world.given) = ([None; 2], None);
    for _ in 0..40 {
        world.active = true;
        let step = next_auth_token_step(world.observe(0, ALL));
        match world.call(step) {
            Some(call) => world.apply(0, call, ALL),
            None if !world.grace_over => world.end_grace(ALL),
            None if world.labels.pending.is_some() && !world.aged => world.age(ALL),
            None if step == TokenStep::Rest && !world.due() => return Ok(()),
            None => break,
        }
        if world.wrong.is_some() {
            break;
        }
    }
    Err(Box::new(world))
}

#[test]
fn no_order_of_events_locks_anybody_out() {
    prove(&SETUP, 40_000, settle);
    let deeper = Setup {
        epochs: 2,
        faults: 2,
        ..SETUP
    };
    prove(&deeper, 10_000, settle);
}

#[test]
fn two_processes_are_safe_with_a_server_that_counts_repeats_unless_the_network_repeats() {
    let guards = Guards {
        repeat_ignored: false,
        ..ALL
    };
    let setup = Setup {
        faults: 0,
        guards,
        ..SETUP
    };
    prove(&setup, 5_000, settle);
    find(&Setup { faults: 1, ..setup }, "AWSCURRENT is refused");
}

#[test]
fn without_knowing_which_token_is_the_newest_the_current_one_is_pushed_out() {
    let guards = Guards {
        newest: false,
        ..ALL
    };
    let setup = Setup {
        controllers: 1,
        epochs: 2,
        guards,
        ..SETUP
    };
    find(&setup, "AWSCURRENT is refused");
}

#[test]
fn without_the_grace_gate_a_client_is_locked_out() {
    let guards = Guards {
        grace: false,
        ..ALL
    };
    let setup = Setup {
        controllers: 1,
        epochs: 2,
        faults: 0,
        guards,
    };
    find(&setup, "a client is locked out");
}

#[test]
fn without_the_fence_a_late_copy_pushes_the_current_token_out() {
    let guards = Guards {
        fence: false,
        ..ALL
    };
    let setup = Setup {
        controllers: 1,
        faults: 2,
        guards,
        ..SETUP
    };
    find(&setup, "AWSCURRENT is refused");
}

#[test]
fn without_another_look_two_processes_push_the_current_token_out() {
    let guards = Guards {
        reread: false,
        repeat_ignored: false,
        ..ALL
    };
    let setup = Setup {
        epochs: 2,
        faults: 0,
        guards,
        ..SETUP
    };
    find(&setup, "AWSCURRENT is refused");
}
