use std::time::Duration;

use jiff::SignedDuration;
use local_aws::elasticache::{LoginOutcome, login, members};
use local_aws::{Config, Delay, Delays};
use serde_json::json;
use tokio::time::sleep;

use crate::world::{World, example};

/// What each node says to the bound password.
fn answers(world: &World) -> Vec<LoginOutcome> {
    let bound = world.bound();
    let nodes = members(&world.aws, &bound["host"]);
    let ask =
        |(host, _): (String, u16)| login(&world.aws, &host, &bound["username"], &bound["password"]);
    nodes.into_iter().map(ask).collect()
}

#[tokio::test(start_paused = true)]
async fn in_cluster_mode_a_password_is_bound_when_every_node_takes_it() {
    let spread = SignedDuration::from_mins(10);
    let world = World::new(Config {
        delays: Delays::fast().with(Delay::PasswordSpread, spread),
        ..Config::default()
    })
    .await;
    let mut object = example();
    object["spec"]["cache"]["replicationGroup"]["shards"] = 2.into();
    object["spec"]["credentials"]["password"] =
        json!({"rotateEvery": "12h", "clientCacheTtl": "0s"});
    world.create(&object).await;
    let _operator = world.operator();
    world.until(World::is_ready).await;
    let first = world.bound()["password"].clone();
    for _ in 0..24 * 60 {
        assert_eq!(answers(&world), [LoginOutcome::Accepted; 4]);
        if world.bound()["password"] != first {
            return;
        }
        sleep(Duration::from_mins(1)).await;
    }
    panic!("it is not rotated: {:#}", world.object()["status"]);
}
