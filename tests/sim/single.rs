use std::time::Duration;

use crate::wire::{Effect, Fault, Side};

use super::run::run;
use super::scenario::{Part, Scenario};

/// Runs `scenario` with `effect` at each of the calls that it makes when nothing goes wrong, `step` calls apart.
async fn at_every_call(scenario: Scenario, effect: Effect, step: usize) {
    let reference = run(scenario, 0, &[]).await;
    assert_eq!(reference.violations, Vec::<String>::new(), "{scenario:?}");
    assert!(reference.calls.len() > 3, "{scenario:?} takes more calls");
    let calls = reference.calls.into_iter().step_by(step);
    let mut runs = 0;
    for at in calls {
        let fault = Fault { at, effect };
        let outcome = run(scenario, 0, std::slice::from_ref(&fault)).await;
        let (violations, log) = (&outcome.violations, &outcome.log);
        assert!(
            violations.is_empty(),
            "{scenario:?} {fault:?}: {violations:#?} {log:#?}"
        );
        assert_eq!(outcome.met, 1, "{scenario:?} {fault:?} is met");
        runs += 1;
    }
    println!("{scenario:?} {effect:?}: {runs} runs");
}

macro_rules! at_every_call {
    ($($name:ident: $scenario:expr;)+) => {
        $(mod $name {
            use super::*;

            #[tokio::test(start_paused = true)]
            async fn may_never_arrive() {
                at_every_call($scenario, Effect::LoseRequest, 1).await;
            }

            #[tokio::test(start_paused = true)]
            async fn may_be_applied_and_its_answer_get_lost() {
                at_every_call($scenario, Effect::LoseReply, 1).await;
            }

            #[tokio::test(start_paused = true)]
            async fn may_be_the_last_of_an_operator() {
                at_every_call($scenario, Effect::Crash(Side::Applied), 1).await;
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

#[tokio::test(start_paused = true)]
async fn any_answer_of_a_creation_may_be_spoiled() {
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
        at_every_call(Scenario::Create, effect, 7).await;
    }
}
