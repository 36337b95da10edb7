//! What the API server does over a stretch of time: it lags, meets conflicts, forgets, and is slow.

use std::time::Duration;

use kube::api::{Patch, PatchParams};
use local_kube::{Effect as Kube, Fault as KubeFault};
use serde_json::json;
use tokio::time::sleep;

use crate::world::{NAME, World};

use super::course::{Course, MINUTE, fail, kube_does, operations};
use super::scenario::{Part, Scenario, object};

/// K1.
#[tokio::test(start_paused = true)]
async fn reads_that_do_not_know_the_last_writes_lead_to_nothing_twice() {
    for scenario in [
        Scenario::Create,
        Scenario::Update(Part::Route),
        Scenario::Rotate,
        Scenario::Delete,
    ] {
        for behind in [1, 4] {
            let mut course = Course::of(scenario).await;
            for read in ["cachedapis:get", "cachedapis:list", "secrets:get"] {
                kube_does(&course.world, read, Kube::ReadStale { behind });
            }
            course.begin().await;
            course.pass(MINUTE).await;
            course.restart();
            course.pass(MINUTE * 10).await;
            course.world.kube.drop_faults();
            course.end(&format!("{behind} behind"), &[]).await;
        }
    }
}

/// K2, K4.
#[tokio::test(start_paused = true)]
async fn an_object_that_is_made_again_is_another_one_also_for_who_reads_the_old_one() {
    for behind in [0, 1, 2, 4] {
        for restarted in [false, true] {
            let mut course = Course::of(Scenario::Delete).await;
            let world = course.world.clone();
            let uid = world.object()["metadata"]["uid"].clone();
            course.begin().await;
            world.until(World::is_gone).await;
            world.create(&object(NAME)).await;
            assert_ne!(world.object()["metadata"]["uid"], uid);
            if behind > 0 {
                for read in ["cachedapis:get", "cachedapis:list"] {
                    kube_does(&world, read, Kube::ReadStale { behind });
                }
            }
            if restarted {
                course.restart();
            }
            course.pass(MINUTE * 5).await;
            world.kube.drop_faults();
            let what = format!("{behind} behind, restarted: {restarted}");
            course.end_when(&what, World::is_ready, &[]).await;
        }
    }
}

/// K5.
#[tokio::test(start_paused = true)]
async fn a_write_that_meets_conflict_after_conflict_is_made_in_the_end() {
    let mut runs = 0;
    for scenario in [
        Scenario::Create,
        Scenario::Update(Part::Binding),
        Scenario::Rotate,
        Scenario::Delete,
    ] {
        for operation in operations(scenario, false) {
            if operation.ends_with(":get") || operation.ends_with(":list") {
                continue;
            }
            let mut course = Course::of(scenario).await;
            course
                .world
                .kube
                .fault(KubeFault::new(&operation, Kube::Conflict).count(8));
            course.begin().await;
            course.pass(MINUTE * 10).await;
            course.end(&operation, &[]).await;
            runs += 1;
        }
    }
    println!("{runs} runs");
    assert!(runs >= 8, "{runs}");
}

/// K5.
#[tokio::test(start_paused = true)]
async fn a_manager_that_writes_all_the_time_keeps_nothing_from_being_done() {
    for scenario in [
        Scenario::Create,
        Scenario::Update(Part::Route),
        Scenario::Rotate,
        Scenario::Delete,
    ] {
        let mut course = Course::of(scenario).await;
        course.begin().await;
        let world = course.world.clone();
        let writing = async {
            for edit in 0..500 {
                let note =
                    json!({"metadata": {"annotations": {"example.com/edit": edit.to_string()}}});
                let (parameters, patch) = (PatchParams::default(), Patch::Merge(&note));
                // It is gone at the end of a deletion.
                world
                    .cached_apis()
                    .patch(NAME, &parameters, &patch)
                    .await
                    .ok();
                sleep(Duration::from_millis(100)).await;
            }
        };
        tokio::select! {
            () = writing => {}
            () = course.pass(MINUTE * 60) => {}
        }
        course.end("another manager", &[]).await;
    }
}

/// K6, K3.
#[tokio::test(start_paused = true)]
async fn a_history_that_is_forgotten_and_watches_that_are_closed_cost_nothing() {
    let mut runs = 0;
    for (scenario, step) in [
        (Scenario::Create, 25),
        (Scenario::Update(Part::NodeType), 15),
        (Scenario::Delete, 15),
    ] {
        for index in (0..).step_by(step) {
            let mut course = Course::of(scenario).await;
            if !course.begin_up_to(index).await {
                break;
            }
            let world = &course.world;
            world.kube.compact();
            world.kube.close_watches();
            let expired = fail(410, "Expired");
            world
                .kube
                .fault(KubeFault::new("cachedapis:watch", expired).count(3));
            world.wire.go_on();
            course.end(&format!("at {index}"), &[]).await;
            runs += 1;
        }
    }
    println!("{runs} runs");
    assert!(runs > 6, "{runs}");
}

/// K9.
#[tokio::test(start_paused = true)]
async fn an_api_server_that_is_in_trouble_for_twenty_minutes_is_not_stormed_and_nothing_is_lost() {
    for scenario in [Scenario::Create, Scenario::Rotate, Scenario::Delete] {
        for effect in [
            Kube::Throttle {
                retry_after: Some(7),
            },
            fail(500, "InternalError"),
            fail(401, "Unauthorized"),
            Kube::LoseRequest,
            Kube::LoseReply,
            Kube::Delay { ms: 60_000 },
        ] {
            let mut course = Course::of(scenario).await;
            course.begin().await;
            kube_does(&course.world, "*", effect.clone());
            let before = course.world.kube.called().len();
            course.pass(MINUTE * 20).await;
            let asked = course.world.kube.called().len() - before;
            assert!(asked < 20 * 60, "{scenario:?} {effect:?}: {asked} calls");
            course.world.kube.drop_faults();
            course.end(&format!("{effect:?}"), &[]).await;
        }
    }
}
