use crate::fixtures::{identity, spec, spec_json};
use crate::model::Estate;
use crate::plan::world::World;
use crate::plan::{Action, CacheAction};

use super::{settled, teardown};

#[test]
fn an_object_is_built_from_nothing_and_then_left_alone() {
    let (mut world, desired) = settled(&spec_json());
    let before = world.truth();
    assert!(world.settle(&desired).is_settled());
    assert_eq!(world.actions, [], "planning again changes nothing");
    assert_eq!(world.truth(), before);
}

#[test]
fn rights_that_elasticache_spells_in_other_words_are_given_once_more_by_a_new_process_and_then_known()
 {
    let (mut world, desired) = settled(&spec_json());
    let before = world.truth();
    world.restart();
    assert!(world.settle(&desired).is_settled());
    let id = identity().cache_id();
    let [Action::Cache(CacheAction::ModifyUserAccess { id: changed, .. })] =
        world.actions.as_slice()
    else {
        panic!("{:?}", world.actions);
    };
    assert_eq!(
        *changed, id,
        "the default user is off, and that is all there is to say of it"
    );
    assert_eq!(world.truth(), before);
    world.actions.clear();
    assert!(world.settle(&desired).is_settled() && world.actions.is_empty());
    world
        .cache
        .users
        .get_mut(&id)
        .unwrap()
        .access_string
        .push_str(" +flushall");
    assert!(world.settle(&desired).is_settled());
    assert_eq!(
        world.truth(),
        before,
        "what somebody adds to them is taken away"
    );
}

#[test]
fn processes_that_die_after_every_write_get_there_as_well_and_make_nothing_twice() {
    let (mut steady, desired) = settled(&teardown::everything());
    let estate = Estate::new(identity(), &spec(teardown::everything()), [], []);
    let mut world = World::default();
    world.mortal = true;
    for _ in 0..80 {
        world.round(&desired);
    }
    world.mortal = false;
    let plan = world.settle(&desired);
    assert!(plan.is_settled(), "{plan:#?}");
    assert_eq!(world.truth(), steady.truth());
    world.mortal = true;
    assert!(world.tear_down(&estate).is_settled() && steady.tear_down(&estate).is_settled());
    assert_eq!(world.truth(), steady.truth());
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
