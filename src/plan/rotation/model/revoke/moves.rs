//! Everything that can happen.

use super::super::search::System;
use super::{Call, Guards, World};
use crate::plan::rotation::revoke::{RevokeStep, next_revoke_step};

#[derive(Clone, Copy, Debug)]
pub(super) struct Setup {
    pub controllers: usize,
    pub epochs: u8,
    pub faults: u8,
    pub guards: Guards,
}

#[derive(Clone, Copy, Debug)]
#[expect(dead_code, reason = "what is in a move is printed and nothing else")]
pub(super) enum Move {
    Ask,
    Decide(RevokeStep),
    Crash(Call),
    Send(Call),
    SendWithLateCopy(Call),
    LateCopyArrives,
    Spread(usize),
    Active,
    GraceElapses,
    PendingByHand,
    UserByHand,
}

type Moves = Vec<(Move, World)>;

fn after(world: &World, change: impl FnOnce(&mut World)) -> World {
    let mut next = *world;
    change(&mut next);
    next
}

impl System for Setup {
    type State = World;
    type Move = Move;

    fn start(&self) -> World {
        World::new(self.faults)
    }

    fn moves(&self, world: &World) -> Moves {
        let mut moves = Vec::new();
        // The calls are sorted: controllers without one come first.
        for controller in 2 - self.controllers..2 {
            self.controller_moves(world, controller, &mut moves);
        }
        self.time_passes(world, &mut moves);
        if world.faults > 0 {
            people_move(world, &mut moves);
        }
        for (_, world) in &mut moves {
            world.nodes.sort();
            world.calls.sort();
        }
        moves
    }

    fn wrong(&self, world: &World) -> Option<&'static str> {
        world.wrong
    }
}

impl Setup {
    fn controller_moves(&self, world: &World, controller: usize, moves: &mut Moves) {
        let Some(call) = world.calls[controller] else {
            let step = next_revoke_step(world.observe(self.guards));
            if let Some(call) = world.call(step) {
                let decided = after(world, |w| w.calls[controller] = Some(call));
                moves.push((Move::Decide(step), decided));
            }
            return;
        };
        let idle = after(world, |w| w.calls[controller] = None);
        moves.push((Move::Crash(call), idle));
        if !world.holds(call, self.guards) {
            return;
        }
        let sent = after(&idle, |w| w.apply(call, self.guards));
        moves.push((Move::Send(call), sent));
        if world.faults > 0 && world.late.is_none() {
            let copied = after(&sent, |w| {
                w.faults -= 1;
                w.late = Some(call);
            });
            moves.push((Move::SendWithLateCopy(call), copied));
        }
    }

    fn time_passes(&self, world: &World, moves: &mut Moves) {
        for node in 0..2 {
            if !world.active && world.nodes[node] != world.group {
                moves.push((Move::Spread(node), after(world, |w| w.spread(node))));
            }
        }
        if !world.active && world.nodes == [world.group; 2] {
            moves.push((Move::Active, after(world, |w| w.active = true)));
        }
        if world.epoch < self.epochs {
            moves.push((Move::Ask, after(world, |w| w.epoch += 1)));
        }
        if let Some(call) = world.late {
            let arrived = after(world, |w| {
                w.late = None;
                w.apply(call, self.guards);
            });
            moves.push((Move::LateCopyArrives, arrived));
        }
        if !world.grace_over {
            moves.push((Move::GraceElapses, after(world, World::end_grace)));
        }
    }
}

fn people_move(world: &World, moves: &mut Moves) {
    let Some(pending) = world.labels.pending else {
        return;
    };
    let dropped = after(world, |w| {
        w.faults -= 1;
        w.labels.pending = None;
    });
    moves.push((Move::PendingByHand, dropped));
    // Between its login and the promotion nothing would notice.
    if world.users.has(pending) && !world.group.has(pending) {
        let strange = after(world, |w| {
            w.faults -= 1;
            w.strange.add(pending);
        });
        moves.push((Move::UserByHand, strange));
    }
}
