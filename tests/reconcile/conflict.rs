use std::time::Duration;

use local_aws::elasticache::LoginOutcome;
use local_kube::{Effect, Fault};
use serde_json::json;
use tokio::time::sleep;

use crate::world::World;

#[tokio::test(start_paused = true)]
async fn a_status_that_meets_conflicts_is_written_in_the_end() {
    let (reference, _operator) = World::with_ready_example().await;
    let world = World::with_example().await;
    world
        .kube
        .fault(Fault::new("cachedapis/status:patch", Effect::Conflict).count(12));
    let _operator = world.operator();
    world.until(World::is_ready).await;
    assert!(world.kube.faults()[0].seen > 12, "all conflicts were met");
    assert_eq!(world.inventory(), reference.inventory());
}

#[tokio::test(start_paused = true)]
async fn a_few_conflicts_in_a_row_cost_no_time() {
    let (reference, _operator) = World::with_ready_example().await;
    let took = reference.age();
    for operation in ["cachedapis:patch", "cachedapis/status:patch"] {
        let world = World::with_example().await;
        let conflicts = Fault::new(operation, Effect::Conflict).count(5);
        world.kube.fault(conflicts);
        let _operator = world.operator();
        world.until(World::is_ready).await;
        assert!(world.kube.faults()[0].seen > 5, "all conflicts were met");
        assert_eq!(world.age(), took, "{operation}");
    }
}

#[tokio::test(start_paused = true)]
async fn edits_that_come_between_read_and_write_are_kept_and_hold_nothing_up() {
    let (reference, _operator) = World::with_ready_example().await;
    let world = World::with_example().await;
    let editor = async {
        let mut changes = world.kube.changes();
        for edit in 0.. {
            let _ = changes.changed().await;
            world
                .patch(json!({"metadata": {"annotations": {"example.com/edit": edit.to_string()}}}))
                .await;
            changes.mark_unchanged();
        }
    };
    let _operator = world.operator();
    tokio::select! {
        () = editor => {}
        () = world.until(World::is_ready) => {}
    }
    let annotations = &world.object()["metadata"]["annotations"];
    assert!(annotations["example.com/edit"].is_string(), "kept");
    assert_eq!(world.inventory(), reference.inventory());
    assert_eq!(world.log_in(), LoginOutcome::Accepted);
}

#[tokio::test(start_paused = true)]
async fn any_answer_of_the_api_server_may_get_lost_once() {
    let (reference, _operator) = World::with_ready_example().await;
    for nth in 1..=20 {
        let world = World::with_example().await;
        world
            .kube
            .fault(Fault::new("*", Effect::LoseReply).nth(nth));
        let _operator = world.operator();
        world.until(World::is_ready).await;
        assert_eq!(world.inventory(), reference.inventory(), "{nth}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_api_server_that_is_away_is_asked_again_and_what_was_missed_is_listed() {
    let (world, _operator) = World::with_ready_example().await;
    let down = Effect::Fail {
        code: 503,
        reason: "ServiceUnavailable".into(),
        message: String::new(),
    };
    world.kube.fault(Fault::new("*", down).count(0));
    sleep(Duration::from_hours(1)).await;
    let asked = world.kube.faults()[0].seen;
    assert!((1..200).contains(&asked), "not in a hot loop: {asked}");
    world.kube.drop_faults();
    world.delete().await;
    // The deletion is in no history any more when the watch is taken up again.
    world.kube.compact();
    world.until(World::is_gone).await;
}
