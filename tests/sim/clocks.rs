//! Clocks that differ, and one that jumps. A17.

use std::sync::atomic::Ordering;

use crate::world::World;

use super::course::{Course, fast};
use super::scenario::Scenario;

#[tokio::test(start_paused = true)]
async fn clocks_that_differ_by_ten_minutes_lock_nobody_out() {
    for scenario in [
        Scenario::Create,
        Scenario::Rotate,
        Scenario::Revoke,
        Scenario::Delete,
    ] {
        for (operator, kube) in [(600, 0), (-600, 0), (600, -600), (-600, 600)] {
            let world = World::new(fast()).await;
            world.skew.operator.store(operator, Ordering::Relaxed);
            world.skew.kube.store(kube, Ordering::Relaxed);
            let course = Course::in_world(scenario, world).await;
            course.begin().await;
            course
                .end(
                    &format!("the operator {operator} s ahead, the API server {kube} s"),
                    &[],
                )
                .await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_clock_that_jumps_back_at_any_step_of_a_rotation_locks_nobody_out() {
    let mut runs = 0;
    for (scenario, step) in [
        (Scenario::Rotate, 5),
        (Scenario::Revoke, 11),
        (Scenario::Create, 50),
    ] {
        for (before, after) in [(0, -600), (600, 0)] {
            for index in (0..).step_by(step) {
                let world = World::new(fast()).await;
                world.skew.operator.store(before, Ordering::Relaxed);
                let mut course = Course::in_world(scenario, world).await;
                if !course.begin_up_to(index).await {
                    break;
                }
                course.world.skew.operator.store(after, Ordering::Relaxed);
                course.world.wire.go_on();
                course
                    .end(&format!("from {before} to {after} at {index}"), &[])
                    .await;
                runs += 1;
            }
        }
    }
    println!("{runs} runs");
    assert!(runs > 8, "{runs}");
}
