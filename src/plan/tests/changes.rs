//! Changes of the spec that are made in place.

use serde_json::{Value, json};

use super::settled;
use crate::fixtures::{desired, route, spec_json};
use crate::plan::{Action, CacheAction, GroupChange};

type Change = fn(&mut Value);

fn group(json: &mut Value) -> &mut Value {
    &mut json["cache"]["replicationGroup"]
}

const CHANGES: [(&str, Change); 14] = [
    ("node type", |json| {
        group(json)["nodeType"] = json!("cache.r7g.large");
    }),
    ("engine version", |json| {
        group(json)["engineVersion"] = json!("9.0");
    }),
    ("snapshots off", |json| {
        group(json)["snapshots"] = json!({"retentionDays": 0});
    }),
    ("more replicas", |json| {
        group(json)["replicasPerShard"] = json!(3);
    }),
    ("no replicas: failover goes off first", |json| {
        group(json)["replicasPerShard"] = json!(0);
    }),
    ("other subnets", |json| {
        group(json)["network"]["subnetIds"] = json!(["subnet-2", "subnet-3"]);
    }),
    ("other security groups", |json| {
        group(json)["network"]["securityGroupIds"] = json!(["sg-2"]);
    }),
    ("everything of the group at once", |json| {
        *group(json) = json!({
            "engineVersion": "8.2", "nodeType": "cache.r7g.large", "replicasPerShard": 0, "snapshots": {"retentionDays": 1},
            "network": {"subnetIds": ["subnet-9"], "securityGroupIds": ["sg-8", "sg-9"]},
        });
    }),
    ("another route", |json| {
        json["routes"]
            .as_array_mut()
            .unwrap()
            .push(route("list", "/orders"));
    }),
    ("another name of the bound Secret", |json| {
        json["bindings"] = json!([{"secret": {"name": "renamed"}}]);
    }),
    ("no bound Secret", |json| json["bindings"] = json!([])),
    ("one more bound Secret", |json| {
        json["bindings"] =
            json!([{"secret": {"name": "orders-cache"}}, {"secret": {"name": "second"}}]);
    }),
    (
        "API keys",
        |json| json["api"] = json!({"apiKeys": [{"name": "shop", "secret": {"name": "shop-key"}}]}),
    ),
    ("an API key in place of the binding", |json| {
        json["bindings"] = json!([]);
        json["api"] = json!({"apiKeys": [{"name": "shop", "secret": {"name": "orders-cache"}}]});
    }),
];

#[test]
fn every_change_of_the_spec_ends_where_a_new_object_would() {
    for (reason, change) in CHANGES {
        let mut json = spec_json();
        let (mut world, _) = settled(&json);
        change(&mut json);
        let (fresh, changed) = settled(&json);
        let plan = world.settle(&changed);
        assert!(plan.is_settled(), "{reason}: {plan:#?}");
        assert_eq!(world.truth(), fresh.truth(), "{reason}");
        world.actions.clear();
        assert!(
            world.settle(&changed).is_settled() && world.actions.is_empty(),
            "{reason}: planning again changes nothing"
        );
    }
}

#[test]
fn every_change_can_be_taken_back() {
    for (reason, change) in CHANGES
        .into_iter()
        .filter(|(reason, _)| !reason.contains("version") && !reason.contains("everything"))
    {
        let (fresh, original) = settled(&spec_json());
        let mut json = spec_json();
        change(&mut json);
        let (mut world, _) = settled(&json);
        let plan = world.settle(&original);
        assert!(plan.is_settled(), "{reason}: {plan:#?}");
        assert_eq!(world.truth(), fresh.truth(), "{reason}");
    }
}

#[test]
fn cluster_mode_without_replicas_keeps_failover() {
    let mut json = spec_json();
    group(&mut json)["shards"] = json!(3);
    let (mut world, _) = settled(&json);
    group(&mut json)["replicasPerShard"] = json!(0);
    assert!(world.settle(&desired(json)).is_settled());
    let group = world.cache.groups.values().next().unwrap();
    assert_eq!(
        (group.failover, group.multi_az, group.replicas_per_shard),
        (true, false, 0)
    );
}

#[test]
fn redis_becomes_valkey_in_place_and_tells_the_back_ends() {
    let mut json = spec_json();
    group(&mut json)["engine"] = json!("redis");
    group(&mut json)["engineVersion"] = json!("7.1");
    let (mut world, _) = settled(&json);
    group(&mut json)["engine"] = json!("valkey");
    group(&mut json)["engineVersion"] = json!("8.0");
    assert!(world.settle(&desired(json)).is_settled());
    let changes: Vec<_> = world
        .actions
        .iter()
        .filter(|action| matches!(action, Action::Cache(_)))
        .collect();
    let [
        Action::Cache(CacheAction::ModifyReplicationGroup {
            change: GroupChange::Engine { .. },
            ..
        }),
    ] = changes[..]
    else {
        panic!("{changes:?}");
    };
    assert_eq!(
        world.secrets.current().unwrap().engine.as_deref(),
        Some("valkey")
    );
    assert_eq!(
        world.cluster.secrets["orders-cache"].data["type"].reveal(),
        "valkey"
    );
}
