use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::sleep;

use crate::world::World;

const CREATE: &str = "elasticache:CreateCacheSubnetGroup";

/// The gaps between the calls of `operation` in an hour in which every one of them has `effect`.
async fn gaps_when(operation: &str, effect: Value) -> Vec<Duration> {
    let world = World::with_example().await;
    let fault = json!({"operation": operation, "count": 0, "effect": effect});
    world.aws_fault(fault).await;
    let _operator = world.operator();
    sleep(Duration::from_hours(1)).await;
    let gaps = world.gaps(operation).await;
    world.admin("DELETE", "/_local/faults", &Value::Null).await;
    world.until(World::is_ready).await;
    gaps
}

/// A tenth more or less, and a moment for the calls in between.
fn is_about(gap: Duration, seconds: u64) -> bool {
    let nominal = Duration::from_secs(seconds);
    (nominal.mul_f64(0.89)..nominal.mul_f64(1.12) + Duration::from_secs(1)).contains(&gap)
}

#[tokio::test(start_paused = true)]
async fn what_fails_is_tried_again_after_twice_the_time_up_to_five_minutes() {
    let gaps = gaps_when(
        CREATE,
        json!({"fail": {"code": "InternalFailure", "status": 500}}),
    )
    .await;
    for (gap, seconds) in gaps
        .iter()
        .zip([1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300])
    {
        assert!(is_about(*gap, seconds), "{seconds}: {gaps:?}");
    }
    assert!(gaps.len() >= 15, "{gaps:?}");
}

#[tokio::test(start_paused = true)]
async fn what_is_denied_is_tried_again_after_five_to_fifteen_minutes() {
    let gaps = gaps_when(CREATE, json!("denyAccess")).await;
    for (gap, minutes) in gaps.iter().zip([5, 10, 15, 15]) {
        assert!(is_about(*gap, minutes * 60), "{minutes}: {gaps:?}");
    }
    assert!(gaps.len() >= 4, "{gaps:?}");
}

#[tokio::test(start_paused = true)]
async fn what_is_throttled_waits_as_long_as_the_service_asks() {
    let effect = json!({"throttle": {"retryAfter": 90}});
    let gaps = gaps_when("apigateway:CreateRestApi", effect).await;
    assert!(gaps.len() >= 10, "{gaps:?}");
    assert!(
        gaps.iter().all(|gap| *gap >= Duration::from_secs(90)),
        "{gaps:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn while_one_part_cannot_be_made_the_others_are_looked_at_no_more_often_than_it_is_tried() {
    let world = World::with_example().await;
    let fault =
        json!({"operation": "apigateway:CreateRestApi", "count": 0, "effect": "denyAccess"});
    world.aws_fault(fault).await;
    let _operator = world.operator();
    sleep(Duration::from_hours(1)).await;
    world.admin("DELETE", "/_local/calls", &Value::Null).await;
    sleep(Duration::from_hours(12)).await;
    let calls = world.admin("GET", "/_local/calls", &Value::Null).await;
    let of = |operation: &str| calls["counts"][operation]["calls"].as_u64().unwrap();
    let (tries, looks) = (
        of("apigateway:CreateRestApi"),
        of("elasticache:DescribeReplicationGroups"),
    );
    assert!((40..=60).contains(&tries), "{tries}");
    assert!(
        looks <= 2 * tries + 72,
        "{looks}: more than with every try and every poll"
    );
}
