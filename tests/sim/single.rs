use std::time::Duration;

use crate::wire::{Effect, Fault, Side};

use super::figures::Tally;
use super::run::{reference, run};
use super::scenario::{Part, Scenario};
use super::threads::alone;

/// Runs `scenario` with `effect` at each of the calls that it makes when nothing goes wrong, `step` calls apart.
fn at_every_call(kind: &'static str, scenario: Scenario, effect: Effect, step: usize) {
    let calls = &reference(scenario).calls;
    assert!(calls.len() > 3, "{scenario:?} takes more calls");
    let mut tally = Tally::of(kind, format!("{scenario:?} {effect:?}"));
    for at in calls.iter().step_by(step).cloned() {
        let fault = [Fault { at, effect }];
        let outcome = alone(0, || run(scenario, 0, &fault));
        tally.add_point(&format!("{scenario:?} {fault:?}"), &outcome);
    }
    tally.end();
}

macro_rules! at_every_call {
    ($($name:ident: $scenario:expr;)+) => {
        $(mod $name {
            use super::*;

            #[test]
            fn may_never_arrive() {
                at_every_call("lost request", $scenario, Effect::LoseRequest, 1);
            }

            #[test]
            fn may_be_applied_and_its_answer_get_lost() {
                at_every_call("lost answer", $scenario, Effect::LoseReply, 1);
            }

            #[test]
            fn may_be_what_an_operator_was_about_to_do_when_it_ended() {
                let effect = Effect::Crash(Side::NotSent);
                at_every_call("crash before a call", $scenario, effect, 1);
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
    for (kind, effect) in [
        ("lost request", Effect::LoseRequest),
        ("lost answer", Effect::LoseReply),
        ("crash before a call", Effect::Crash(Side::NotSent)),
        ("crash after a call", Effect::Crash(Side::Applied)),
    ] {
        at_every_call(kind, Scenario::Adopt, effect, 11);
    }
}
