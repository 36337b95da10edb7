use serde_json::{Value, json};

use crate::places::{put, take};
use crate::shop;

use super::Expect::{self, Mistaken, Refused};
use super::{Plan, plan};

fn group(changes: &Value) -> Value {
    let mut group = shop::spec()["cache"]["replicationGroup"].clone();
    for (name, value) in changes.as_object().unwrap() {
        group[name] = value.clone();
    }
    group
}

pub fn cache() -> Vec<Plan> {
    let medium = group(&json!({"nodeType": "cache.t4g.medium"}));
    let redis = |spec: &mut Value| {
        put(
            spec,
            "spec.cache.replicationGroup",
            group(&json!({"engine": "redis", "engineVersion": "7.1"})),
        );
    };
    vec![
        plan("spec.cache").done(json!({"replicationGroup": medium.clone()})),
        plan("spec.cache.replicationGroup").done(medium),
        plan("spec.cache.replicationGroup.engine")
            .on(redis)
            .by(
                |spec| put(spec, "spec.cache.replicationGroup", group(&json!({}))),
                // Both are what AWS and Kubernetes allow: Redis's users open a Valkey cache, and a Secret keeps its type.
                Expect::DoneBut("redis\" and not \""),
            )
            .then(
                json!("redis"),
                Refused("cannot go from valkey back to redis"),
            )
            .gone(Expect::DoneBut("redis\" and not \""))
            .one_way(),
        plan("spec.cache.replicationGroup.engineVersion")
            .done(json!("8.1"))
            .then(json!("8.0"), Mistaken("cannot go back to an older version"))
            .then(json!("7.1"), Mistaken("7.1 is too old"))
            .done(json!("8.1"))
            .one_way(),
        plan("spec.cache.replicationGroup.nodeType")
            .done(json!("cache.t4g.medium"))
            .done(json!("cache.r7g.large")),
        plan("spec.cache.replicationGroup.replicasPerShard")
            .done(json!(2))
            .done(json!(0))
            .done(json!(5)),
        plan("spec.cache.replicationGroup.shards").then(
            json!(2),
            Refused("cache.replicationGroup.shards cannot be changed"),
        ),
        plan("spec.cache.replicationGroup.snapshots")
            .done(json!({"retentionDays": 3}))
            .done(json!({})),
        plan("spec.cache.replicationGroup.snapshots.retentionDays")
            .done(json!(0))
            .done(json!(35)),
    ]
}

pub fn network() -> Vec<Plan> {
    let (less, more) = (
        ["subnet-0a", "subnet-0b"],
        ["subnet-0a", "subnet-0b", "subnet-0c"],
    );
    let in_use = Mistaken("is currently in use");
    vec![
        plan("spec.cache.replicationGroup.network")
            .done(json!({"subnetIds": more, "securityGroupIds": ["sg-0b"]}))
            .then(
                json!({"subnetIds": less, "securityGroupIds": ["sg-0b"]}),
                in_use,
            )
            .done(json!({"subnetIds": more, "securityGroupIds": ["sg-0a"]}))
            .one_way(),
        plan("spec.cache.replicationGroup.network.securityGroupIds")
            .done(json!(["sg-0a", "sg-0b"]))
            .done(json!(["sg-0b"])),
        plan("spec.cache.replicationGroup.network.securityGroupIds[]")
            .done(json!("sg-0c"))
            .gone(Refused(
                "spec.cache.replicationGroup.network.securityGroupIds",
            )),
        plan("spec.cache.replicationGroup.network.subnetIds")
            .done(json!(more))
            .then(json!(less), in_use)
            .done(json!(more))
            .one_way(),
        plan("spec.cache.replicationGroup.network.subnetIds[]")
            .at("spec.cache.replicationGroup.network.subnetIds[2]")
            .done(json!("subnet-0d"))
            .gone(in_use)
            .one_way(),
    ]
}

pub fn credentials() -> Vec<Plan> {
    let token = |spec: &mut Value| {
        put(
            spec,
            "spec.credentials",
            json!({"authToken": {"grace": "2h"}}),
        );
    };
    let both = |spec: &mut Value| put(spec, "spec.credentials.iam", json!({}));
    vec![
        plan("spec.credentials")
            .done(json!({"password": {"rotateEvery": "90d"}, "recoveryWindowDays": 7}))
            .done(json!({})),
        plan("spec.credentials.authToken")
            .then(json!({}), Refused("credentials.authToken stands alone"))
            .by(
                |spec| put(spec, "spec.credentials", json!({"authToken": {}})),
                Refused("credentials.authToken cannot be given to an object"),
            )
            .by(|_| {}, Expect::Done)
            .gone(Expect::Done),
        plan("spec.credentials.authToken.clientCacheTtl").on(token).done(json!("15m")).then(json!("2h"), Refused("grace must be at least twice")),
        plan("spec.credentials.authToken.grace").on(token).done(json!("3h")),
        plan("spec.credentials.authToken.rotateEvery").on(token).done(json!("90d")),
        plan("spec.credentials.iam")
            .by(both, Expect::Done)
            .by(|spec| take(spec, "spec.credentials.password"), Expect::Done)
            .by(
                |spec| put(spec, "spec.credentials", json!({"password": {}})),
                Refused("cannot go from iam to password in one edit"),
            )
            .by(
                |spec| put(spec, "spec.credentials", json!({"password": {"rotateEvery": "30d", "clientCacheTtl": "15m", "grace": "1h"}, "iam": {}})),
                Expect::Done,
            ),
        plan("spec.credentials.password")
            .done(json!({"rotateEvery": "90d", "clientCacheTtl": "0s"}))
            .done(json!({})),
        plan("spec.credentials.password.clientCacheTtl").done(json!("0s")).then(json!("45m"), Refused("grace must be at least twice"))
            .gone(Refused("grace must be at least twice")),
        plan("spec.credentials.password.grace").done(json!("30m")).done(json!("168h")),
        plan("spec.credentials.password.rotateEvery").done(json!("90d")).then(json!("1h"), Refused("at least 30m longer than the grace")),
        plan("spec.credentials.probe").done(json!("Skip")),
        plan("spec.credentials.recoveryWindowDays").done(json!(7)).deletes(),
    ]
}
