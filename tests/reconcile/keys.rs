use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::sleep;

use crate::world::World;

#[tokio::test(start_paused = true)]
async fn a_key_that_is_named_no_more_and_cannot_be_deleted_is_not_forgotten_and_goes_when_it_can() {
    let (world, _operator) = World::with_ready_example().await;
    let fault = json!({"operation": "apigateway:DeleteApiKey", "count": 0, "effect": "denyAccess"});
    world.aws_fault(fault).await;
    world.patch(json!({"spec": {"api": {"apiKeys": []}}})).await;
    sleep(Duration::from_hours(2)).await;
    let ready = world.condition("Ready");
    assert_eq!(ready["status"], "False", "{ready}");
    let message = ready["message"].as_str().unwrap();
    assert!(message.contains("apigateway:DELETE"), "{message}");

    world.admin("DELETE", "/_local/faults", &Value::Null).await;
    world.until(World::is_ready).await;
    for kind in ["/apigateway/keys", "/apigateway/plans"] {
        assert_eq!(world.inventory()[kind], 0, "{kind}");
    }
}
