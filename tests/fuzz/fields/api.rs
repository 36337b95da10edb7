use serde_json::{Value, json};

use crate::places::{put, take};
use crate::world::{ACCOUNT, REGION};

use super::Expect::{self, Kept, Mistaken, Refused};
use super::{Plan, plan};

/// Nobody needs a key.
fn without_key_route(spec: &mut Value) {
    take(spec, "spec.routes[2]");
}

pub fn api() -> Vec<Plan> {
    let throttle = |rate: u32, burst: u32| json!({"rate": rate, "burst": burst});
    let key = |name: &str| json!({"name": name, "secret": {"name": format!("{name}-key")}});
    vec![
        plan("spec.api")
            .on(without_key_route)
            .done(json!({"stage": {"name": "prod", "throttle": throttle(7, 8), "variables": {}}, "apiKeys": [key("vendor")]})),
        plan("spec.api.apiKeys")
            .on(without_key_route)
            .done(json!([key("partner"), key("vendor")]))
            .done(json!([key("vendor")]))
            .then(
                json!([{"name": "a", "secret": {"name": "s"}}, {"name": "b", "secret": {"name": "s"}}]),
                Refused("two API keys name the same Secret"),
            ),
        plan("spec.api.apiKeys[]")
            .done(key("vendor"))
            .gone(Refused("api.apiKeys must name at least one key")),
        plan("spec.api.apiKeys[].name").done(json!("vendor")),
        plan("spec.api.apiKeys[].secret").done(json!({"name": "other"})),
        plan("spec.api.apiKeys[].secret.name").done(json!("other")),
        plan("spec.api.endpointType").then(json!("Edge"), Refused("api.endpointType cannot be changed")),
        plan("spec.api.stage")
            .done(json!({"name": "prod", "variables": {"size": "1"}}))
            .done(json!({})),
        plan("spec.api.stage.name").then(json!("test"), Refused("api.stage.name cannot be changed")),
        plan("spec.api.stage.throttle").done(throttle(5, 6)),
        plan("spec.api.stage.throttle.burst").done(json!(1)).done(json!(100_000)),
        plan("spec.api.stage.throttle.rate").done(json!(1)).done(json!(100_000)),
        plan("spec.api.stage.variables")
            .done(json!({"colour": "red", "size": "1"}))
            .done(json!({}))
            .then(json!({"cache_x": "1"}), Refused("does not start with cache_")),
        plan("spec.api.stage.variables{}")
            .done(json!("red"))
            .done(json!("https://a.example.com:8080/x?y=1&z=~_,-#"))
            .then(json!("a b"), Refused("1 to 512 characters out of")),
        plan("spec.api.usagePlan").done(json!({})).done(json!({"throttle": throttle(1, 2)})),
        plan("spec.api.usagePlan.quota").done(json!({"limit": 5, "period": "Week"})),
        plan("spec.api.usagePlan.quota.limit").done(json!(1)).done(json!(2_000_000_000)),
        plan("spec.api.usagePlan.quota.period").done(json!("Week")).done(json!("Month")),
        plan("spec.api.usagePlan.throttle").done(throttle(3, 4)),
        plan("spec.api.usagePlan.throttle.burst").done(json!(1)).done(json!(100_000)),
        plan("spec.api.usagePlan.throttle.rate").done(json!(1)).done(json!(100_000)),
    ]
}

/// The object has an API by then; what becomes of one that has none: tests/reconcile/adopt.rs.
pub fn adoption() -> Vec<Plan> {
    let adopt = |id: &str, mode: &str| json!({"restApiId": id, "mode": mode});
    let has_one = Mistaken("the object has a REST API already");
    let not_there = Mistaken("and none is made in its place");
    let nothing = Refused("adopt names nothing");
    let secret = |name: &str| {
        json!(format!(
            "arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:{name}"
        ))
    };
    let named = move |spec: &mut Value| put(spec, "spec.adopt", adopt("a1", "Review"));
    vec![
        plan("spec.adopt")
            .then(adopt("a1", "Review"), has_one)
            .then(adopt("a1", "TakeOver"), has_one)
            .then(
                adopt("b2", "TakeOver"),
                Refused("cannot be changed while adopt.mode is TakeOver"),
            )
            .gone(Expect::Done),
        plan("spec.adopt.mode")
            .by(named, has_one)
            .then(json!("TakeOver"), has_one)
            .then(json!("Review"), has_one)
            .gone(has_one),
        plan("spec.adopt.restApiId")
            .by(named, has_one)
            .then(json!("b2"), has_one)
            .gone(nothing),
        plan("spec.adopt.replicationGroupId")
            .then(json!("sessions"), not_there)
            .then(json!("others"), not_there)
            .gone(nothing),
        plan("spec.adopt.secretArn")
            .then(secret("mine-AbCdEf"), not_there)
            .then(secret("other-AbCdEf"), not_there)
            .gone(nothing),
    ]
}

pub fn policies() -> Vec<Plan> {
    vec![
        plan("spec.deletionPolicy")
            .done(json!({"api": "Retain"}))
            .done(json!({}))
            .deletes(),
        plan("spec.deletionPolicy.api")
            .done(json!("Retain"))
            .deletes(),
        plan("spec.deletionPolicy.cache")
            .done(json!("Snapshot"))
            .done(json!("Retain"))
            .deletes(),
        plan("spec.deletionPolicy.secret")
            .done(json!("Retain"))
            .deletes(),
        plan("spec.managementPolicy")
            .then(json!("ObserveOnly"), Kept)
            .by(
                |spec| {
                    put(spec, "spec.managementPolicy", json!("ObserveOnly"));
                    put(spec, "spec.routes[0].path", json!("/seen/{id}"));
                },
                Mistaken("so this is not done: PutRestApi"),
            ),
        plan("spec.accountRef")
            .done(json!({"name": "team"}))
            .then(json!({"name": "gone"}), Mistaken("AwsAccount gone")),
        plan("spec.accountRef.name")
            .on(|spec| put(spec, "spec.accountRef", json!({"name": "team"})))
            .done(json!("sales"))
            .then(json!("gone"), Mistaken("AwsAccount gone")),
        plan("spec.region").then(json!("us-east-1"), Refused("region cannot be changed")),
    ]
}
