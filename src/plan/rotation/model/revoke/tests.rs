use super::super::search::{find, prove};
use super::moves::Setup;
use super::{Guards, World};
use crate::plan::rotation::revoke::{RevokeStep, next_revoke_step};

const ALL: Guards = Guards {
    grace: true,
    login: true,
    reread: true,
    names: true,
};

const SETUP: Setup = Setup {
    controllers: 2,
    epochs: 3,
    faults: 1,
    guards: ALL,
};

/// Lets one controller go on, with nodes and time behind it, until nothing is left to do: no user is left but the one that consumers read.
fn settle(world: &World) -> Result<(), Box<World>> {
    let mut world = *world;
    world.calls = [None; 2];
    for _ in 0..40 {
        world.spread(0);
        world.spread(1);
        world.active = true;
        let standing = world.observe(ALL);
        let step = next_revoke_step(standing);
        match world.call(step) {
            Some(call) => world.apply(call, ALL),
            None if !world.grace_over => world.end_grace(),
            None if step == RevokeStep::Rest && !standing.asked && !standing.outgoing => {
                return Ok(());
            }
            None => break,
        }
        if world.wrong.is_some() {
            break;
        }
    }
    Err(Box::new(world))
}

#[test]
fn no_order_of_events_locks_anybody_out_and_the_old_user_is_gone_in_the_end() {
    let longer = Setup {
        controllers: 1,
        ..SETUP
    };
    prove(&longer, 1_000, settle);
    let deeper = Setup {
        epochs: 2,
        faults: 2,
        ..SETUP
    };
    prove(&deeper, 14_000, settle);
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
fn without_logins_a_user_whose_password_is_another_becomes_current() {
    let guards = Guards {
        login: false,
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
fn without_another_look_at_the_labels_a_stale_decision_locks_out() {
    let guards = Guards {
        reread: false,
        ..ALL
    };
    let setup = Setup { guards, ..SETUP };
    find(&setup, "AWSCURRENT is refused");
}

#[test]
fn users_that_share_names_meet_requests_about_each_other() {
    let guards = Guards {
        names: false,
        ..ALL
    };
    let setup = Setup {
        controllers: 1,
        epochs: 3,
        guards,
        ..SETUP
    };
    find(&setup, "AWSCURRENT is refused");
}
