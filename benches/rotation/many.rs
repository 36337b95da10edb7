//! Many objects whose passwords are due in the same hour, or all at once, in one Region.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use cachedapi_operator::aws::QuotaShare;
use jiff::Timestamp;
use local_aws::{Config, Delays};
use serde_json::{Value, json};
use tokio::time::sleep;

use crate::rates::{Calls, QUOTAS, Quota};
use crate::world::{World, example};

/// What the operator takes of the account's quotas.
const SHARE: f64 = 0.6;
/// Longer than a rotation takes to be promoted when all rotate at once.
const WINDOW: Duration = Duration::from_hours(1);
const ROTATE: &str = "cachedapi.dev/rotate-requested-at";

pub async fn measure(objects: usize) -> Value {
    let calls = Arc::new(Calls::default());
    let mut world = World::new(Config {
        delays: Delays::aws(),
        // Nobody has so many nodes without asking AWS. The rates are looked at here.
        quotas: false,
        ..Config::default()
    })
    .await;
    world.observer = calls.clone();
    world.share = QuotaShare::new(SHARE).unwrap();
    world.settings.concurrency = 8;
    for number in 0..objects {
        world.create(&object(number)).await;
    }
    let _operator = world.operator();
    while due(&world).len() < objects {
        sleep(Duration::from_mins(10)).await;
    }
    // The rotations of new objects are bunched.
    sleep(WINDOW).await;
    let in_the_same_hour = follow(&world, &calls, due(&world)).await;
    let rarely = json!({"spec": {"credentials": {"password": {"rotateEvery": "365d"}}}});
    patch_all(&world, &rarely).await;
    sleep(2 * WINDOW).await;
    let now = world.aws.now();
    let request = json!({"metadata": {"annotations": {ROTATE: now.to_string()}}});
    patch_all(&world, &request).await;
    let due = due(&world).into_keys().map(|name| (name, now)).collect();
    let at_once = follow(&world, &calls, due).await;
    json!({"objects": objects, "inTheSameHour": in_the_same_hour, "atOnce": at_once})
}

/// One that rotates every hour at a moment of its own, with clients that keep nothing.
fn object(number: usize) -> Value {
    let mut object = example();
    let name = format!("orders-{number}");
    object["spec"]["api"]["apiKeys"] = json!([]);
    object["spec"]["bindings"] = json!([{"secret": {"name": format!("{name}-cache")}}]);
    let password = json!({"rotateEvery": "1h", "clientCacheTtl": "0s"});
    object["spec"]["credentials"] = json!({"password": password});
    object["metadata"]["name"] = name.into();
    object
}

async fn patch_all(world: &World, patch: &Value) {
    for name in due(world).into_keys() {
        world.patch_named(&name, patch).await;
    }
}

/// When each object's password is due next.
fn due(world: &World) -> BTreeMap<String, Timestamp> {
    moments(world, "nextRotationAt")
}

fn moments(world: &World, field: &str) -> BTreeMap<String, Timestamp> {
    let moment = |object: &Value| {
        let name = object["metadata"]["name"].as_str()?.to_owned();
        let moment = object["status"]["credentials"][field].as_str()?;
        Some((name, moment.parse().ok()?))
    };
    let objects = world.kube.objects("cachedapis");
    objects.iter().filter_map(moment).collect()
}

/// Looks on while every password that is `due` is rotated.
async fn follow(world: &World, calls: &Calls, due: BTreeMap<String, Timestamp>) -> Value {
    calls.clear();
    let mut took: BTreeMap<String, Duration> = BTreeMap::new();
    let end = due
        .values()
        .max()
        .map_or(world.aws.now(), |last| *last + WINDOW);
    while took.len() < due.len() && world.aws.now() < end {
        sleep(Duration::from_secs(10)).await;
        for (name, at) in moments(world, "rotatedAt") {
            if at >= due[&name] {
                let late = at.duration_since(due[&name]).unsigned_abs();
                took.entry(name).or_insert(late);
            }
        }
    }
    let within = took.values().filter(|took| **took < WINDOW).count();
    let mut minutes: Vec<f64> = took
        .values()
        .map(|took| took.as_secs_f64() / 60.0)
        .collect();
    minutes.sort_by(f64::total_cmp);
    json!({
        "promotedWithinAnHour": within,
        "minutesFromDueToPromoted": {"median": minutes.get(minutes.len() / 2), "longest": minutes.last()},
        "throttled": calls.that_ended("throttled"),
        "sentAwayByTheGovernor": calls.that_ended("queued"),
        "rates": QUOTAS.map(|quota| rate(calls, quota)),
    })
}

/// The most calls in a second, and how many there were beyond the operator's share of a quota.
fn rate(calls: &Calls, quota: Quota) -> Value {
    let times = calls.times(quota);
    let (mut most, mut first) = (0, 0);
    for (last, at) in times.iter().enumerate() {
        while at.duration_since(times[first]) >= Duration::from_secs(1) {
            first += 1;
        }
        most = most.max(last - first + 1);
    }
    json!({
        "operations": quota.operations,
        "calls": times.len(),
        "mostInASecond": most,
        "beyondTheOperatorsShare": calls.beyond(quota, SHARE),
    })
}
