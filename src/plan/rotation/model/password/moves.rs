//! Everything that can happen.

use super::super::search::System;
use super::super::versions::{BY_HAND, FOREIGN, STRANGE, Set, WITHOUT_PASSWORD};
use super::setup::{Fault, Move, Proof, Setup};
use super::world::{Call, World};
use crate::plan::rotation::next_step;

impl System for Setup {
    type State = World;
    type Move = Move;

    fn start(&self) -> World {
        World::new(self.faults)
    }

    fn moves(&self, world: &World) -> Vec<(Move, World)> {
        let mut moves = Vec::new();
        self.controllers_move(world, &mut moves);
        nodes_move(world, &mut moves);
        self.time_passes(world, &mut moves);
        others_move(world, &mut moves);
        if world.faults > 0 {
            for fault in self.kinds {
                moves.extend(fail(world, *fault));
            }
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

type Moves = Vec<(Move, World)>;

fn after(world: &World, change: impl FnOnce(&mut World)) -> World {
    let mut next = *world;
    change(&mut next);
    next
}

impl Setup {
    fn controllers_move(&self, world: &World, moves: &mut Moves) {
        // The calls are sorted: those that wait to be decided on come first.
        for controller in 2 - self.controllers..2 {
            match world.calls[controller] {
                None => moves.extend(self.decide(world, controller)),
                Some(call) => self.act(world, controller, call, moves),
            }
        }
    }

    fn decide(&self, world: &World, controller: usize) -> Vec<(Move, World)> {
        let mut moves = Vec::new();
        let step = next_step(world.observe(world.labels, self.guards));
        if let Some(call) = world.call(step, world.labels, self.guards) {
            let next = after(world, |w| w.calls[controller] = Some(call));
            moves.push((Move::Decide(step), next));
        }
        let lagging = world.lagging;
        if self.kinds.contains(&Fault::Lag) && world.faults > 0 && lagging != world.labels {
            let step = next_step(world.observe(lagging, self.guards));
            if let Some(call) = world.call(step, lagging, self.guards) {
                let next = after(world, |w| {
                    w.calls[controller] = Some(call);
                    w.faults -= 1;
                });
                moves.push((Move::DecideLagging(step), next));
            }
        }
        moves
    }

    /// A lost reply is a request that was sent: who decides remembers nothing.
    fn act(&self, world: &World, controller: usize, call: Call, moves: &mut Moves) {
        let idle = after(world, |w| {
            w.calls[controller] = None;
            if let (Call::List(..), Proof::Sent) = (call, self.guards.proof) {
                w.assumed = w.labels.pending;
            }
        });
        moves.push((Move::Crash(call), idle));
        if !world.holds(call, self.guards) {
            return;
        }
        let sent = after(&idle, |w| w.apply(call, self.guards));
        moves.push((Move::Send(call), sent));
        if let Call::Put(version) = call
            && self.can(world, Fault::EmptyPending)
            && !world.labels.made.has(version)
        {
            let empty = after(&sent, |w| {
                w.empty.add(version);
                w.faults -= 1;
            });
            moves.push((Move::Fault(Fault::EmptyPending), empty));
        }
        if let Call::List(list, _) = call
            && self.can(world, Fault::LateCopy)
            && world.late.is_none()
        {
            let copied = after(&sent, |w| {
                w.copy(list);
                w.faults -= 1;
            });
            moves.push((Move::SendWithLateCopy(call), copied));
        }
    }

    fn can(&self, world: &World, fault: Fault) -> bool {
        world.faults > 0 && self.kinds.contains(&fault)
    }

    fn time_passes(&self, world: &World, moves: &mut Moves) {
        if world.epoch < self.epochs {
            moves.push((Move::Fire, after(world, |w| w.epoch += 1)));
        }
        if world.labels.pending.is_some() && !world.aged {
            let aged = after(world, |w| w.age(self.guards));
            moves.push((Move::PendingAges, aged));
        }
        if world.can_refresh() {
            let over = after(world, |w| w.end_grace(self.guards));
            moves.push((Move::GraceElapses, over));
        }
    }
}

fn nodes_move(world: &World, moves: &mut Moves) {
    for node in 0..2 {
        if !world.active && world.nodes[node] != world.list {
            moves.push((Move::Spread(node), after(world, |w| w.spread(node))));
        }
    }
    if !world.active && world.nodes == [world.list; 2] {
        moves.push((Move::Active, after(world, |w| w.active = true)));
    }
    if let Some(list) = world.late_list() {
        let arrived = after(world, |w| {
            w.late = None;
            w.modify(list, true);
        });
        moves.push((Move::LateCopyArrives, arrived));
    }
    if world.dark {
        moves.push((Move::NodeAnswersAgain, after(world, |w| w.dark = false)));
    }
}

/// A rotator that has put its pending version.
fn others_move(world: &World, moves: &mut Moves) {
    if !world.foreign() {
        return;
    }
    let overlapping = Set::of([FOREIGN].into_iter().chain(world.labels.current));
    let lists = [
        (Move::ForeignList, Set::of([FOREIGN])),
        (Move::ForeignOverlappingList, overlapping),
    ];
    for (step, list) in lists {
        if world.active && !world.list.has(FOREIGN) {
            moves.push((step, after(world, |w| w.modify(list, false))));
        }
    }
    if world.has_room() {
        let promoted = after(world, |w| {
            w.fresh = w.epoch;
            w.make_current(FOREIGN);
        });
        moves.push((Move::ForeignPromotes, promoted));
    }
    moves.push((Move::ForeignGivesUp, after(world, World::give_up)));
}

fn fail(world: &World, fault: Fault) -> Option<(Move, World)> {
    // A person's change within the minutes that a copy of a request lives may meet it; it is put right, and not prevented.
    let quiet = world.late.is_none();
    let labels = quiet && world.has_room();
    let possible = match fault {
        Fault::LateCopy | Fault::Lag | Fault::EmptyPending => false,
        Fault::PendingByHand => world.labels.pending.is_some(),
        Fault::ServerByHand => quiet && !world.list.has(STRANGE),
        Fault::ValueByHand => labels && !world.labels.made.has(BY_HAND),
        Fault::LabelByHand => labels && world.labels.previous < world.labels.current,
        Fault::NoValueByHand => labels && !world.labels.made.has(WITHOUT_PASSWORD),
        Fault::Foreign => quiet && !world.labels.made.has(FOREIGN),
        Fault::NodeReset => world.nodes[0] != Set::default(),
        Fault::Dark => !world.dark,
    };
    possible.then(|| {
        let next = after(world, |w| {
            w.faults -= 1;
            w.suffer(fault);
        });
        (Move::Fault(fault), next)
    })
}

impl World {
    /// Whether somebody can move `AWSCURRENT` without locking a client out: the user has two passwords, and no third for one that clients may hold from before.
    fn has_room(&self) -> bool {
        self.grace_over && self.active
    }

    fn suffer(&mut self, fault: Fault) {
        match fault {
            Fault::LateCopy | Fault::Lag | Fault::EmptyPending => {}
            Fault::PendingByHand => self.give_up(),
            Fault::ServerByHand => self.modify(Set::of([STRANGE]), false),
            Fault::ValueByHand => {
                self.fresh = self.epoch;
                self.labels.made.add(BY_HAND);
                self.make_current(BY_HAND);
            }
            Fault::LabelByHand => {
                if let Some(previous) = self.labels.previous {
                    self.make_current(previous);
                }
            }
            Fault::NoValueByHand => {
                self.labels.made.add(WITHOUT_PASSWORD);
                self.empty.add(WITHOUT_PASSWORD);
                self.make_current(WITHOUT_PASSWORD);
            }
            Fault::Foreign => self.put(FOREIGN),
            Fault::NodeReset => self.nodes[0] = Set::default(),
            Fault::Dark => self.dark = true,
        }
    }
}
