use std::time::Duration;

use local_aws::elasticache::LoginOutcome;
use local_kube::{Effect, Fault};
use tokio::time::sleep;

use crate::world::World;

const LEASES: &str = "leases:";

/// An operator makes the example Ready, and sleeps through its lease when it gets the answer to its call number `index`. `None`: there is no such call.
async fn create_with_a_sleep(index: usize) -> Option<World> {
    let world = World::with_example().await;
    world.wire.sleep(index, || {});
    let _operator = world.candidate("first");
    world.until(World::is_ready).await;
    world.wire.slept().then_some(world)
}

#[tokio::test(start_paused = true)]
async fn a_process_that_slept_through_its_lease_writes_nothing_before_it_has_the_lease_again() {
    let mut index = 0;
    while let Some(world) = create_with_a_sleep(index).await {
        // None, when all was done.
        if let Some(first) = world.wire.writes().first() {
            assert!(first.starts_with(LEASES), "call {index}: {first}");
        }
        assert_eq!(world.log_in(), LoginOutcome::Accepted, "call {index}");
        // Each takes half a second; a step that divides no round of calls meets calls of every kind.
        index += 5;
    }
    assert!(index > 100, "a creation has that many calls, not {index}");
}

#[tokio::test(start_paused = true)]
async fn a_process_that_slept_through_its_lease_and_cannot_have_it_again_never_writes() {
    for index in (5..60).step_by(5) {
        let world = World::with_example().await;
        let kube = world.kube.clone();
        let lost = Fault::new("leases:*", Effect::LoseRequest).count(0);
        world.wire.sleep(index, move || kube.fault(lost));
        let _operator = world.candidate("first");
        sleep(Duration::from_hours(1)).await;
        let mut writes = world.wire.writes();
        writes.retain(|write| !write.starts_with(LEASES));
        assert!(
            world.wire.slept() && writes.is_empty(),
            "call {index}: {writes:#?}"
        );
    }
}
