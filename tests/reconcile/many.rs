use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use cachedapi_operator::aws::QuotaShare;
use local_aws::{Config, Delays};
use serde_json::{Value, json};
use tokio::time::timeout;

use crate::rates::{Calls, QUOTAS};
use crate::world::{World, example};

/// So small that a few objects want more than that.
const SHARE: f64 = 0.05;
const OBJECTS: usize = 8;

fn object(number: usize) -> Value {
    let mut object = example();
    let name = format!("orders-{number}");
    object["spec"]["api"]["apiKeys"] = json!([]);
    object["spec"]["bindings"] = json!([{"secret": {"name": format!("{name}-cache")}}]);
    object["metadata"]["name"] = name.into();
    object
}

/// The current version of each object that is Ready.
fn versions(world: &World) -> BTreeMap<String, String> {
    let ready = |condition: &Value| condition["type"] == "Ready" && condition["status"] == "True";
    let version = |object: &Value| {
        let status = &object["status"];
        status["conditions"]
            .as_array()?
            .iter()
            .find(|condition| ready(condition))?;
        let version = status["credentials"]["versionId"].as_str()?;
        Some((
            object["metadata"]["name"].as_str()?.to_owned(),
            version.to_owned(),
        ))
    };
    let objects = world.kube.objects("cachedapis");
    objects.iter().filter_map(version).collect()
}

#[tokio::test(start_paused = true)]
async fn objects_that_are_due_at_once_are_rotated_within_the_operators_share_of_the_quotas() {
    let calls = Arc::new(Calls::default());
    let mut world = World::new(Config {
        delays: Delays::fast(),
        ..Config::default()
    })
    .await;
    world.observer = calls.clone();
    world.share = QuotaShare::new(SHARE).unwrap();
    for number in 0..OBJECTS {
        world.create(&object(number)).await;
    }
    let _operator = world.operator();
    world.until(|world| versions(world).len() == OBJECTS).await;
    let before = versions(&world);
    calls.clear();
    let now = world.aws.now().to_string();
    let request = json!({"metadata": {"annotations": {"cachedapi.dev/rotate-requested-at": now}}});
    for name in before.keys() {
        world.patch_named(name, &request).await;
    }
    let rotated = |world: &World| {
        let now = versions(world);
        before
            .iter()
            .all(|(name, version)| now.get(name).is_some_and(|now| now != version))
    };
    let within = timeout(Duration::from_hours(1), world.until(rotated)).await;
    assert!(within.is_ok(), "{before:?} {:?}", versions(&world));
    for quota in QUOTAS {
        assert_eq!(calls.beyond(quota, SHARE), 0, "{quota:?}");
    }
    assert_eq!(calls.that_ended("throttled"), 0);
}
