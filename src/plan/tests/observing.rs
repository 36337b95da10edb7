//! An object that is only observed is looked at, and nothing is written for it.

use serde_json::{Value, json};

use super::drift::DRIFTS;
use super::{settled, teardown};
use crate::api::{ManagementPolicy, Reason};
use crate::fixtures::{desired, identity, spec};
use crate::model::{Desired, Estate};
use crate::plan::Plan;
use crate::plan::world::World;

/// What is desired of an object that is only observed.
fn observed(mut json: Value) -> Desired {
    json["managementPolicy"] = json!("ObserveOnly");
    desired(json)
}

fn reasons(plan: &Plan) -> Vec<Reason> {
    let blocks = plan.aspects().flat_map(|(_, decided)| &decided.blocks);
    blocks.map(|block| block.reason).collect()
}

#[test]
fn nothing_is_written_whenever_it_begins() {
    let (managed, observed) = (
        desired(teardown::everything()),
        observed(teardown::everything()),
    );
    let mut world = World::default();
    for round in 0..60 {
        let mut watched = world.clone();
        watched.actions.clear();
        watched.stall(&observed);
        assert!(watched.actions.is_empty(), "after {round} rounds");
        assert!(
            watched.settle(&managed).is_settled(),
            "after {round} rounds it is taken up again"
        );
        world.round(&managed);
    }
}

#[test]
fn what_is_as_desired_is_settled_and_what_is_not_is_told() {
    let (mut world, _) = settled(&teardown::everything());
    let observed = observed(teardown::everything());
    assert!(world.settle(&observed).is_settled());
    for n in 0..10 {
        assert!(world.poll(&observed, n).is_settled());
    }
    world.gateway.stage = None;
    let plan = world.stall(&observed);
    assert_eq!(reasons(&plan), [Reason::ObserveOnly]);
    assert!(
        plan.api.blocks[0]
            .message
            .ends_with("this is not done: CreateStage api1, UpdateStage api1"),
        "{plan:#?}"
    );
}

#[test]
fn drift_of_any_kind_stays() {
    for (what, drift) in DRIFTS {
        let (mut world, _) = settled(&teardown::everything());
        drift(&mut world);
        let before = world.truth().at_rest();
        let plan = world.stall(&observed(teardown::everything()));
        assert_eq!(world.truth().at_rest(), before, "{what}");
        assert!(world.actions.is_empty(), "{what}");
        let told = reasons(&plan);
        assert!(
            plan.is_settled() || told.contains(&Reason::ObserveOnly),
            "{what}: {plan:#?}"
        );
    }
}

#[test]
fn of_many_writes_the_first_are_told() {
    let mut json = teardown::everything();
    let routes = (0..12).map(|n| {
        let mut route = crate::fixtures::route(&format!("r{n}"), &format!("/r{n}"));
        let function = format!("arn:aws:lambda:eu-west-1:123456789012:function:f{n}");
        route["backend"] = json!({"lambda": {"functionArn": function}});
        route
    });
    json["routes"] = routes.collect();
    let (mut world, _) = settled(&json);
    world.gateway.permissions.clear();
    let plan = world.stall(&observed(json));
    let message = &plan.api.blocks[0].message;
    assert_eq!(message.matches("AddPermission").count(), 10, "{message}");
    assert!(message.ends_with(" and 2 more"), "{message}");
}

#[test]
fn the_deletion_of_an_object_that_is_only_observed_takes_nothing() {
    let (mut world, _) = settled(&teardown::everything());
    let before = world.truth();
    let mut json = teardown::everything();
    json["managementPolicy"] = json!("ObserveOnly");
    let estate = Estate::new(identity(), &spec(json), [], []);
    assert_eq!(estate.management, ManagementPolicy::ObserveOnly);
    assert!(world.tear_down(&estate).is_settled());
    assert_eq!(world.truth(), before);
    assert!(world.actions.is_empty());
}
