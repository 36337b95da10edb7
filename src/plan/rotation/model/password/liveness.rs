//! Where a world ends that nobody disturbs any more.

use super::setup::ALL;
use super::world::{Call, World};
use crate::plan::rotation::{Accepted, Current, Pending, Step, Trouble, next_step};

/// Calls that one rotation, with everything that can have gone wrong before it, may take.
const CALLS: usize = 12;

/// Lets one controller go on, with nodes and time behind it, until nothing is left to do. Otherwise the world in which it stays.
pub fn settle(world: &World) -> Result<(), Box<World>> {
    let mut world = *world;
    world.calls = [None; 2];
    world = answer(world)?;
    for _ in 0..CALLS {
        match go_on(&mut world) {
            Some(call) => world.apply(call, ALL),
            None => {
                return if at_rest(&world) {
                    Ok(())
                } else {
                    Err(Box::new(world))
                };
            }
        }
        if world.wrong.is_some() {
            break;
        }
    }
    Err(Box::new(world))
}

/// The next call, after everything that happens by itself.
fn go_on(world: &mut World) -> Option<Call> {
    let mut seen = None;
    while seen != Some(*world) {
        seen = Some(*world);
        world.nodes_follow();
        if world.labels.pending.is_some() {
            world.age(ALL);
        }
        let step = next_step(world.observe(world.labels, ALL));
        if let Some(call) = world.call(step, world.labels, ALL) {
            return Some(call);
        }
        if world.can_refresh() {
            world.end_grace(ALL);
        }
    }
    None
}

fn at_rest(world: &World) -> bool {
    let standing = world.observe(world.labels, ALL);
    let rest = standing.current == Current::Password(Accepted::All)
        && standing.pending == Pending::None
        && standing.passwords == 1
        && !standing.due;
    match next_step(standing) {
        Step::Rest => rest,
        Step::Report(Trouble::NoPassword) => standing.current == Current::Unusable,
        _ => false,
    }
}

/// What others have to do: a node answers again, a foreign rotator gives up. Until then the user keeps its passwords.
fn answer(mut world: World) -> Result<World, Box<World>> {
    if world.foreign() {
        let step = next_step(world.observe(world.labels, ALL));
        if step != Step::Report(Trouble::ForeignRotation) {
            return Err(Box::new(world));
        }
        world.give_up();
    }
    if world.dark {
        while let Some(call) = go_on(&mut world) {
            match call {
                Call::DropPending(_) => world.apply(call, ALL),
                Call::Put(_) | Call::List(..) | Call::Move(..) => return Err(Box::new(world)),
            }
        }
        world.dark = false;
    }
    Ok(world)
}
