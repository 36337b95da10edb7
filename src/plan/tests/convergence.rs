use crate::fixtures::spec_json;

use super::settled;

#[test]
fn an_object_is_built_from_nothing_and_then_left_alone() {
    let (mut world, desired) = settled(&spec_json());
    let before = world.truth();
    assert!(world.settle(&desired).is_settled());
    assert_eq!(world.actions, [], "planning again changes nothing");
    assert_eq!(world.truth(), before);
}

#[test]
fn a_poll_of_a_settled_object_costs_six_aws_calls_at_most() {
    let (mut world, desired) = settled(&spec_json());
    for n in 0..20 {
        let plan = world.poll(&desired, n);
        assert!(plan.is_settled(), "poll {n}: {plan:#?}");
        assert!(
            (5..=6).contains(&world.aws_reads),
            "poll {n}: {} calls",
            world.aws_reads
        );
    }
}
