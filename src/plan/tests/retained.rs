//! What a deletion policy keeps says so itself, so that nobody takes it for an orphan.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::settled;
use super::teardown::{estate, everything};
use crate::fixtures::{desired, identity};
use crate::model::Tags;
use crate::plan::orphans::{Part, is_retained};
use crate::plan::world::{Step, World};
use crate::plan::{Action, Class};

/// The parts that carry the mark.
fn marked(world: &World) -> BTreeSet<Part> {
    let group = world.cache.groups.get(&identity().cache_id());
    let bearers: [(Part, Option<&Tags>); 3] = [
        (Part::Api, world.gateway.api.as_ref().map(|api| &api.tags)),
        (
            Part::Cache,
            group.and_then(|group| world.cache.tags.get(&group.arn)),
        ),
        (
            Part::Secret,
            world.secrets.secret.as_ref().map(|secret| &secret.tags),
        ),
    ];
    let marked = bearers
        .into_iter()
        .filter(|(_, tags)| tags.is_some_and(is_retained));
    marked.map(|(part, _)| part).collect()
}

/// The parts, with policies that keep only that one.
fn policies() -> [(Part, Value); 3] {
    [
        (Part::Api, json!({"api": "Retain"})),
        (Part::Cache, json!({"cache": "Retain"})),
        (Part::Secret, json!({"secret": "Retain"})),
    ]
}

fn with_policy(policy: &Value) -> Value {
    let mut json = everything();
    json["deletionPolicy"] = policy.clone();
    json
}

#[test]
fn it_is_marked_while_the_object_lives_and_once() {
    for (part, policy) in policies() {
        let (mut world, desired) = (World::default(), desired(with_policy(&policy)));
        assert!(world.settle(&desired).is_settled());
        assert_eq!(marked(&world), [part].into());
        let marks = world
            .actions
            .iter()
            .filter(|action| matches!(action, Action::Mark(_)));
        assert_eq!(marks.count(), 1, "{part:?}");
        assert!(
            matches!(world.round(&desired), Step::Idle(_)),
            "{part:?}: planning again"
        );
    }
}

#[test]
fn it_is_marked_when_the_policy_changes_and_nothing_is_marked_without_one() {
    let (world, _) = settled(&everything());
    assert_eq!(marked(&world), BTreeSet::new());
    for (part, policy) in policies() {
        let mut world = world.clone();
        let plan = world.settle(&desired(with_policy(&policy)));
        assert!(plan.is_settled(), "{plan:#?}");
        assert_eq!(marked(&world), [part].into());
    }
}

#[test]
fn it_is_marked_at_the_latest_before_the_object_goes() {
    let (world, _) = settled(&everything());
    for (part, policy) in policies() {
        let mut world = world.clone();
        assert!(world.tear_down(&estate(&policy)).is_settled());
        assert_eq!(marked(&world), [part].into());
    }
}

#[test]
fn an_object_does_not_go_before_it_is_known_to_be_marked() {
    let kinds = [
        ("RestApiSearch", "api"),
        ("ReplicationGroup", "cache"),
        ("Secret", "secret"),
    ];
    for (kind, part) in kinds {
        let (mut world, _) = settled(&everything());
        world.unreadable.insert(kind.to_owned(), Class::Transient);
        let estate = estate(&json!({part: "Retain"}));
        for _ in 0..60 {
            if let Step::Idle(plan) = world.tear_down_once(&estate) {
                assert!(!plan.is_settled(), "{kind}");
            }
        }
        world.unreadable.clear();
        assert!(world.tear_down(&estate).is_settled(), "{kind}");
        assert_eq!(marked(&world).len(), 1, "{kind}");
    }
}

#[test]
fn a_group_that_was_never_created_takes_no_tags_and_keeps_nobody() {
    let (mut world, _) = settled(&everything());
    for group in world.cache.groups.values_mut() {
        group.status = "create-failed".into();
    }
    assert!(
        world
            .tear_down(&estate(&json!({"cache": "Retain"})))
            .is_settled()
    );
    assert_eq!(marked(&world), BTreeSet::new());
}

#[test]
fn a_mark_keeps_nothing_from_an_orderly_deletion() {
    let keep = json!({"api": "Retain", "cache": "Retain", "secret": "Retain"});
    let (mut world, _) = settled(&with_policy(&keep));
    super::teardown::take_down(&mut world);
}
