//! A breadth-first search over every state that a system can reach.

use std::collections::HashSet;
use std::fmt::{self, Debug, Display, Formatter};
use std::hash::Hash;

/// Number of states that a search takes minutes for.
const LIMIT: usize = 2_000_000;

/// A system that moves from one state to others.
pub trait System {
    type State: Clone + Debug + Eq + Hash;
    type Move: Clone + Debug;
    fn start(&self) -> Self::State;
    /// Everything that can happen next.
    fn moves(&self, state: &Self::State) -> Vec<(Self::Move, Self::State)>;
    /// What is wrong with a state; nothing is searched behind such a one.
    fn wrong(&self, state: &Self::State) -> Option<&'static str>;
}

/// Every state that was reached, or the shortest way to one that is wrong.
struct Searched<S: System> {
    states: Vec<S::State>,
    wrong: Option<Trace<S>>,
}

/// The way to a state that is wrong.
struct Trace<S: System> {
    reason: &'static str,
    moves: Vec<S::Move>,
    end: S::State,
}

impl<S: System> Display for Trace<S> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} after", self.reason)?;
        self.moves
            .iter()
            .try_for_each(|step| writeln!(f, "  {step:?}"))?;
        write!(f, "{:?}", self.end)
    }
}

fn search<S: System>(system: &S) -> Searched<S> {
    let start = system.start();
    let mut known = HashSet::from([start.clone()]);
    let mut states = vec![start];
    let mut came: Vec<Option<(usize, S::Move)>> = vec![None];
    let mut at = 0;
    while let Some(state) = states.get(at).cloned() {
        if let Some(reason) = system.wrong(&state) {
            let moves = way(&came, at);
            let end = state;
            let wrong = Some(Trace { reason, moves, end });
            return Searched { states, wrong };
        }
        for (step, next) in system.moves(&state) {
            if known.insert(next.clone()) {
                states.push(next);
                came.push(Some((at, step)));
            }
        }
        assert!(states.len() < LIMIT, "the system is too large to search");
        at += 1;
    }
    Searched {
        states,
        wrong: None,
    }
}

fn way<M: Clone>(came: &[Option<(usize, M)>], end: usize) -> Vec<M> {
    let mut moves = Vec::new();
    let mut at = end;
    while let Some((from, step)) = &came[at] {
        moves.push(step.clone());
        at = *from;
    }
    moves.reverse();
    moves
}

/// No state that can be reached is wrong, and every one of them ends well when it is left alone. There are so many states at least, lest the search be empty.
pub fn prove<S: System>(
    system: &S,
    states: usize,
    settle: impl Fn(&S::State) -> Result<(), Box<S::State>>,
) {
    let searched = search(system);
    if let Some(trace) = searched.wrong {
        panic!("{trace}");
    }
    let count = searched.states.len();
    assert!(count > states, "only {count} states");
    for state in &searched.states {
        if let Err(end) = settle(state) {
            panic!("{state:?}\ndoes not end well:\n{end:?}");
        }
    }
}

/// Without its guard a system goes wrong.
pub fn find<S: System>(system: &S, wrong: &str) {
    let trace = search(system).wrong.expect("a guard that is of no use");
    assert_eq!(trace.reason, wrong, "{trace}");
}
