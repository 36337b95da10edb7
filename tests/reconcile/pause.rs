use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::sleep;

use crate::tripwire::Side;
use crate::world::World;

async fn set_paused(world: &World, paused: Value) {
    world
        .patch(json!({"metadata": {"annotations": {"cachedapi.dev/paused": paused}}}))
        .await;
}

#[tokio::test(start_paused = true)]
async fn a_paused_object_is_left_alone_until_it_is_no_longer_paused() {
    let world = World::with_example().await;
    set_paused(&world, "true".into()).await;
    let _operator = world.operator();
    sleep(Duration::from_hours(2)).await;
    let writes = world.wire.writes();
    assert!(
        writes
            .iter()
            .all(|write| write.starts_with("cachedapis/status:")),
        "{writes:?}"
    );
    assert_eq!(world.condition("Synced")["reason"], "Paused");
    set_paused(&world, Value::Null).await;
    world.until(World::is_ready).await;
}

#[tokio::test(start_paused = true)]
async fn a_pause_in_the_middle_stops_at_the_next_boundary() {
    let world = World::with_example().await;
    let _operator = world.operator();
    world
        .until(|world| world.inventory()["/elasticache/replication_groups"] == 1)
        .await;
    set_paused(&world, "true".into()).await;
    sleep(Duration::from_mins(1)).await;
    world.wire.set(usize::MAX, Side::NotSent);
    sleep(Duration::from_hours(2)).await;
    assert_eq!(world.wire.writes(), Vec::<String>::new());
    set_paused(&world, "false".into()).await;
    world.until(World::is_ready).await;
}
