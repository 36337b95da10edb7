//! Everything that can happen.

use super::super::search::System;
use super::super::versions::STRANGE;
use super::{Call, Guards, Late, World};
use crate::plan::rotation::auth_token::{TokenStep, next_auth_token_step};

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
    Fire,
    Decide(TokenStep),
    Crash,
    Send(Call),
    SendWithLateCopy(Call),
    LateCopyArrives,
    Available,
    PendingAges,
    GraceElapses,
    PendingByHand,
    ServerByHand,
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
        for controller in 0..self.controllers {
            self.controller_moves(world, controller, &mut moves);
        }
        self.time_passes(world, &mut moves);
        if world.faults > 0 {
            others_move(world, &mut moves);
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
            let step = next_auth_token_step(world.observe(controller, self.guards));
            if let Some(call) = world.call(step) {
                let decided = after(world, |w| w.calls[controller] = Some(call));
                moves.push((Move::Decide(step), decided));
            }
            return;
        };
        let idle = after(world, |w| w.calls[controller] = None);
        let crashed = after(&idle, |w| w.forget(controller));
        moves.push((Move::Crash, crashed));
        if !world.holds(call, self.guards) {
            moves.push((Move::Crash, idle));
            return;
        }
        let sent = after(&idle, |w| w.apply(controller, call, self.guards));
        moves.push((Move::Send(call), sent));
        moves.push((Move::Send(call), after(&sent, |w| w.forget(controller))));
        if let Call::Rotate(token, _) = call
            && world.faults > 0
            && world.late.is_none()
        {
            let copied = after(&sent, |w| {
                w.faults -= 1;
                w.late = Some(Late {
                    token,
                    before_pending: false,
                    before_current: false,
                });
            });
            moves.push((Move::SendWithLateCopy(call), copied));
        }
    }

    fn time_passes(&self, world: &World, moves: &mut Moves) {
        if !world.active {
            moves.push((Move::Available, after(world, |w| w.active = true)));
        }
        if world.epoch < self.epochs {
            moves.push((Move::Fire, after(world, |w| w.epoch += 1)));
        }
        if let Some(late) = world.late {
            let arrived = after(world, |w| {
                w.late = None;
                w.rotate(late.token, self.guards);
            });
            moves.push((Move::LateCopyArrives, arrived));
        }
        if world.labels.pending.is_some() && !world.aged {
            moves.push((Move::PendingAges, after(world, |w| w.age(self.guards))));
        }
        if !world.grace_over {
            let over = after(world, |w| w.end_grace(self.guards));
            moves.push((Move::GraceElapses, over));
        }
    }
}

fn others_move(world: &World, moves: &mut Moves) {
    if world.labels.pending.is_some() {
        let lost = after(world, |w| {
            w.faults -= 1;
            w.labels.pending = None;
        });
        moves.push((Move::PendingByHand, lost));
    }
    if world.late.is_none() {
        let set = after(world, |w| {
            w.faults -= 1;
            w.tokens = [None, Some(STRANGE)];
            w.modified();
        });
        moves.push((Move::ServerByHand, set));
    }
}

impl World {
    fn forget(&mut self, controller: usize) {
        self.given = self.given.filter(|given| given.by != controller);
    }

    pub(super) fn age(&mut self, guards: Guards) {
        self.aged = true;
        self.late = self
            .late
            .filter(|late| !(late.before_pending && guards.fence));
    }

    pub(super) fn end_grace(&mut self, guards: Guards) {
        self.grace_over = true;
        self.client = self.labels.current.unwrap_or(self.client);
        self.late = self
            .late
            .filter(|late| !(late.before_current && guards.fence));
    }
}
