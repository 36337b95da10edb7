//! What goes wrong beside the rotations: the cache fails over, AWS throttles.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::sleep;

use crate::random::Random;
use crate::world::World;

/// Goes on until this is dropped, and counts the failovers.
pub async fn rage(world: Arc<World>, mut random: Random, failovers: Arc<AtomicU64>) {
    loop {
        sleep(Duration::from_secs(random.below(20 * 60))).await;
        match random.below(3) {
            0 if fail_over(&world).await => {
                failovers.fetch_add(1, Ordering::Relaxed);
            }
            0 => {}
            1 => throttle(&world, "secretsmanager:*", &mut random).await,
            _ => throttle(&world, "elasticache:*", &mut random).await,
        }
    }
}

/// The next calls are refused.
async fn throttle(world: &World, operations: &str, random: &mut Random) {
    world.admin("DELETE", "/_local/faults", &Value::Null).await;
    let count = 1 + random.below(20);
    let fault = json!({"operation": operations, "count": count, "effect": {"throttle": {}}});
    world.aws_fault(fault).await;
}

/// Ends the primary and what is connected to it, unless `ElastiCache` is at work on the cache and refuses.
async fn fail_over(world: &World) -> bool {
    let group = world.object()["status"]["cache"]["id"].clone();
    let group = group.as_str().unwrap();
    let parameters = format!("ReplicationGroupId={group}&NodeGroupId=0001");
    world.elasticache("TestFailover", &parameters).await
}
