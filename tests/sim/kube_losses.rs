//! What gets lost in the cluster while something is under way: an object, its finalizer, its namespace, its kind, what a restored store does not know.

use kube::api::{DeleteParams, Patch, PatchParams};
use serde_json::{Value, json};

use crate::world::{NAME, World};

use super::course::{Course, MINUTE, fast};
use super::run::is_quiet;
use super::scenario::{Part, Scenario, object};

/// K12.
#[tokio::test(start_paused = true)]
async fn an_object_that_is_deleted_while_it_gets_its_finalizer_leaves_nothing() {
    for index in 0..10 {
        let mut course = Course::of(Scenario::Create).await;
        assert!(course.begin_up_to(index).await);
        course.world.delete().await;
        course.world.wire.go_on();
        course
            .end_when(&format!("deleted at {index}"), World::is_gone, &[])
            .await;
    }
}

/// Numbers of what belongs to no object, on the metrics page.
fn orphans(course: &Course) -> usize {
    let page = course.operator.metrics.encode();
    let lines = page
        .lines()
        .filter(|line| line.starts_with("cachedapi_orphans{"));
    let numbers = lines.filter_map(|line| line.rsplit(' ').next()?.parse::<usize>().ok());
    numbers.sum()
}

/// What carries the tags of the object with this UID, without stages, which go with their APIs, and secrets that wait for their deletion.
fn left_of(world: &World, uid: &Value) -> Vec<String> {
    let place = world.place();
    let secrets = place["secretsmanager"]["secrets"].as_object().unwrap();
    let waits = |arn: &str| {
        let mut secrets = secrets.values();
        secrets.any(|secret| secret["arn"] == arn && !secret["deletion"].is_null())
    };
    let tags = place["tags"].as_object().unwrap().iter();
    let of_it = tags.filter(|(arn, tags)| {
        tags["cachedapi.dev/owner-uid"] == *uid && !arn.contains("/stages/") && !waits(arn)
    });
    of_it.map(|(arn, _)| arn.clone()).collect()
}

/// K13.
#[tokio::test(start_paused = true)]
async fn what_is_left_of_an_object_whose_finalizer_is_taken_off_at_any_step_is_told_within_a_sweep()
{
    let mut left_in_all = 0;
    for (scenario, step) in [
        (Scenario::Create, 30),
        (Scenario::Rotate, 12),
        (Scenario::Delete, 9),
    ] {
        for index in (0..).step_by(step) {
            let mut world = World::new(fast()).await;
            world.settings.orphans.interval = MINUTE * 60;
            let mut course = Course::in_world(scenario, world).await;
            let world = course.world.clone();
            if !course.begin_up_to(index).await {
                break;
            }
            let uid = world.object()["metadata"]["uid"].clone();
            let api = world.cached_apis();
            let strip = json!({"metadata": {"finalizers": null}});
            let (parameters, patch) = (PatchParams::default(), Patch::Merge(&strip));
            api.patch(NAME, &parameters, &patch).await.unwrap();
            api.delete(NAME, &DeleteParams::default()).await.ok();
            assert!(world.is_gone());
            world.wire.go_on();
            // Without an object nothing is judged.
            world.create(&object("items")).await;
            course.pass(MINUTE * 130).await;
            assert!(is_quiet(&world));
            let left = left_of(&world, &uid);
            assert_eq!(
                orphans(&course),
                left.len(),
                "{scenario:?} at {index}: {left:#?}"
            );
            left_in_all += left.len();
            course.assert_clean(&format!("stripped at {index}"));
        }
    }
    println!("{left_in_all} things were left");
    assert!(left_in_all > 20, "{left_in_all}");
}

/// K14.
#[tokio::test(start_paused = true)]
async fn a_namespace_that_is_deleted_at_any_step_leaves_nothing() {
    let mut runs = 0;
    for (scenario, step) in [
        (Scenario::Create, 20),
        (Scenario::Rotate, 11),
        (Scenario::Update(Part::Binding), 9),
        (Scenario::Delete, 20),
    ] {
        for index in (0..).step_by(step) {
            let mut course = Course::of(scenario).await;
            if !course.begin_up_to(index).await {
                break;
            }
            course.world.delete_namespace().await;
            course.world.wire.go_on();
            course
                .end_when(
                    &format!("namespace deleted at {index}"),
                    World::is_gone,
                    &[],
                )
                .await;
            runs += 1;
        }
    }
    println!("{runs} runs");
    assert!(runs > 5, "{runs}");
}

/// K15.
#[tokio::test(start_paused = true)]
async fn a_kind_that_is_gone_for_an_hour_costs_nothing() {
    let mut runs = 0;
    for (scenario, step) in [
        (Scenario::Create, 45),
        (Scenario::Rotate, 15),
        (Scenario::Delete, 15),
    ] {
        for index in (0..).step_by(step) {
            let mut course = Course::of(scenario).await;
            if !course.begin_up_to(index).await {
                break;
            }
            let world = course.world.clone();
            world.kube.withdraw("cachedapis");
            world.wire.go_on();
            course.pass(MINUTE).await;
            let before = world.inventory();
            course.pass(MINUTE * 30).await;
            course.restart();
            course.pass(MINUTE * 30).await;
            assert_eq!(world.inventory(), before, "{scenario:?} at {index}");
            assert!(!course.operator.has_ended());
            world.define();
            course.end(&format!("kind gone at {index}"), &[]).await;
            runs += 1;
        }
    }
    println!("{runs} runs");
    assert!(runs > 5, "{runs}");
}

/// K16, K17: a store that is brought back to an older state. `bump`: whether versions go on.
#[tokio::test(start_paused = true)]
async fn a_store_that_is_restored_to_any_step_makes_nothing_twice_and_deletes_nothing_wrongly() {
    let mut runs = 0;
    for (scenario, step) in [
        (Scenario::Create, 30),
        (Scenario::Update(Part::Binding), 11),
        (Scenario::Rotate, 13),
        (Scenario::Delete, 17),
    ] {
        for bump in [true, false] {
            for index in (0..).step_by(step) {
                let mut course = Course::of(scenario).await;
                if !course.begin_up_to(index).await {
                    break;
                }
                let world = course.world.clone();
                let backup = world.kube.back_up();
                world.wire.go_on();
                course.pass(MINUTE * 10).await;
                world.kube.restore(&backup, bump);
                course.pass(MINUTE * 25).await;
                // Who restores a store restarts what watches it.
                course.restart();
                course
                    .end(&format!("restored to {index}, bump: {bump}"), &[])
                    .await;
                runs += 1;
            }
        }
    }
    println!("{runs} runs");
    assert!(runs > 12, "{runs}");
}

/// What a store from before an object knows nothing of.
#[tokio::test(start_paused = true)]
async fn what_a_restored_store_does_not_know_stays_and_is_told() {
    for bump in [true, false] {
        let mut world = World::new(fast()).await;
        world.settings.orphans.interval = MINUTE * 60;
        world.create(&object("items")).await;
        let backup = world.kube.back_up();
        let mut course = Course::in_world(Scenario::Update(Part::Route), world).await;
        let world = course.world.clone();
        world.until(is_quiet).await;
        let before = world.inventory();
        world.kube.restore(&backup, bump);
        course.pass(MINUTE * 30).await;
        course.restart();
        course.pass(MINUTE * 180).await;
        let left = world.kube.objects("cachedapis");
        assert_eq!(left.len(), 1, "{left:#?}");
        assert!(is_quiet(&world));
        assert_eq!(world.inventory(), before, "bump: {bump}");
        let told = world.kube.objects("events");
        let told = told.iter().filter(|event| event["reason"] == "Orphaned");
        let about = told.filter(|event| event["note"].as_str().unwrap().contains(NAME));
        assert!(about.count() > 5, "bump: {bump}");
    }
}
