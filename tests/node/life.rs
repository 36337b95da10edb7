//! The main job, by a pod.

use cachedapi_hack::demo;

use crate::world::World;

#[test]
fn the_operator_in_a_pod_makes_an_api_that_answers_and_takes_it_away() {
    let world = World::take();
    demo::run(world.environment, &[]).unwrap();
}
