use std::time::Duration;

use crate::wire::{At, Effect, Fault, Side};

use super::figures::Tally;
use super::run::{reference, run};
use super::scenario::{Part, Scenario};
use super::threads::alone;

/// Runs `scenario` with `effect` in each of its places, `step` places apart.
fn at_every_call(kind: &'static str, scenario: Scenario, effect: Effect, step: usize) {
    let places = places(scenario, effect);
    assert!(places.len() > 1, "{scenario:?} takes more calls");
    let mut tally = Tally::of(kind, format!("{scenario:?} {effect:?}"));
    for at in places.into_iter().step_by(step) {
        let fault = [Fault { at, effect }];
        let outcome = alone(0, || run(scenario, 0, &fault));
        tally.add_point(&format!("{scenario:?} {fault:?}"), &outcome);
    }
    tally.end();
}

/// The calls that `scenario` makes when nothing goes wrong; of what does not get to anybody, the writes. A read that is lost on its way does not differ from one
/// whose answer is lost, nor does an operator that ends before a read differ from one that ends after it.
fn places(scenario: Scenario, effect: Effect) -> Vec<At> {
    let reference = reference(scenario);
    match effect {
        Effect::LoseRequest | Effect::Crash(Side::NotSent) => {
            (0..reference.writes).map(At::Write).collect()
        }
        _ => reference.calls.clone(),
    }
}

macro_rules! at_every_call {
    ($($name:ident: $scenario:expr;)+) => {
        $(mod $name {
            use super::*;

            #[test]
            fn may_never_arrive_if_it_writes() {
                at_every_call("lost request", $scenario, Effect::LoseRequest, 1);
            }

            #[test]
            fn may_be_applied_and_its_answer_get_lost() {
                at_every_call("lost answer", $scenario, Effect::LoseReply, 1);
            }

            #[test]
            fn may_be_what_an_operator_was_about_to_write_when_it_ended() {
                let effect = Effect::Crash(Side::NotSent);
                at_every_call("crash before a write", $scenario, effect, 1);
            }

            #[test]
            fn may_be_the_last_of_an_operator() {
                let effect = Effect::Crash(Side::Applied);
                at_every_call("crash after a call", $scenario, effect, 1);
            }
        })+
    };
}

at_every_call! {
    any_call_of_a_creation: Scenario::Create;
    any_call_of_a_changed_route: Scenario::Update(Part::Route);
    any_call_of_a_changed_throttle: Scenario::Update(Part::Throttle);
    any_call_of_an_added_api_key: Scenario::Update(Part::ApiKey);
    any_call_of_the_end_of_all_api_keys: Scenario::Update(Part::NoApiKeys);
    any_call_of_a_changed_node_type: Scenario::Update(Part::NodeType);
    any_call_of_another_binding: Scenario::Update(Part::Binding);
    any_call_of_a_rotation: Scenario::Rotate;
    any_call_of_a_revocation: Scenario::Revoke;
    any_call_of_a_deletion: Scenario::Delete;
}

#[test]
fn any_answer_of_a_creation_may_be_spoiled() {
    for effect in [
        Effect::Throttle,
        Effect::ServerError,
        Effect::Truncate,
        Effect::Page,
        Effect::UnknownState,
        Effect::Stale,
        Effect::Delay(Duration::from_secs(90)),
        Effect::Duplicate(Duration::from_mins(5)),
    ] {
        at_every_call("spoiled answer", Scenario::Create, effect, 7);
    }
}

/// What is read of a cache to be taken over is read again and again, so not every call of it is tried.
#[test]
fn calls_of_an_adoption_may_be_lost_or_be_an_operators_last() {
    for (kind, effect, step) in [
        ("lost request", Effect::LoseRequest, 3),
        ("lost answer", Effect::LoseReply, 11),
        ("crash before a write", Effect::Crash(Side::NotSent), 3),
        ("crash after a call", Effect::Crash(Side::Applied), 11),
    ] {
        at_every_call(kind, Scenario::Adopt, effect, step);
    }
}
