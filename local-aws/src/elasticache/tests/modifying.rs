use serde_json::{Value, json};

use super::{Bench, CREATING, MODIFYING, group, merged};

fn modify(parameters: Value) -> Value {
    merged(
        json!({"ReplicationGroupId": "g1", "ApplyImmediately": true}),
        parameters,
    )
}

#[test]
fn a_change_at_once_is_modifying_first_and_then_there() {
    let mut bench = Bench::new();
    bench.with_group("g1", json!({}));
    let answer = bench.ok(
        "ModifyReplicationGroup",
        modify(json!({"CacheNodeType": "cache.m7g.large", "SnapshotRetentionLimit": 7})),
    );
    assert_eq!(answer["ReplicationGroup"]["Status"], "modifying");
    assert_eq!(answer["ReplicationGroup"]["SnapshotRetentionLimit"], 7);
    assert_eq!(bench.group("g1")["CacheNodeType"], "cache.t4g.small");
    bench.pass(MODIFYING);
    let group = bench.group("g1");
    assert_eq!(
        (&group["Status"], &group["CacheNodeType"]),
        (&json!("available"), &json!("cache.m7g.large"))
    );
}

#[test]
fn a_change_for_later_is_pending_until_the_maintenance_window() {
    let mut bench = Bench::new();
    bench.with_group(
        "g1",
        json!({"NumCacheClusters": 2, "PreferredMaintenanceWindow": "wed:12:00-wed:13:00"}),
    );
    let later = json!({"ReplicationGroupId": "g1", "AutomaticFailoverEnabled": true, "CacheNodeType": "cache.m7g.large"});
    let answer = bench.ok("ModifyReplicationGroup", later);
    assert_eq!(answer["ReplicationGroup"]["Status"], "available");
    assert_eq!(
        answer["ReplicationGroup"]["PendingModifiedValues"]["AutomaticFailoverStatus"],
        "enabled"
    );
    assert_eq!(
        bench.cluster("g1-001")["PendingModifiedValues"]["CacheNodeType"],
        "cache.m7g.large"
    );
    bench.pass(23 * 3600);
    assert_eq!(bench.group("g1")["AutomaticFailover"], "disabled");
    bench.pass(3600 - CREATING);
    assert_eq!(bench.group("g1")["AutomaticFailover"], "enabling");
    bench.pass(MODIFYING);
    let group = bench.group("g1");
    assert_eq!(
        (&group["AutomaticFailover"], &group["Status"]),
        (&json!("enabled"), &json!("available"))
    );
    assert_eq!(
        group["PendingModifiedValues"]["AutomaticFailoverStatus"],
        Value::Null
    );
}

#[test]
fn a_change_at_once_brings_what_was_pending_with_it() {
    let mut bench = Bench::new();
    bench.with_group("g1", json!({}));
    bench.ok(
        "ModifyReplicationGroup",
        json!({"ReplicationGroupId": "g1", "CacheNodeType": "cache.m7g.large"}),
    );
    bench.modified("g1", json!({"EngineVersion": "8.2"}));
    assert_eq!(bench.group("g1")["CacheNodeType"], "cache.m7g.large");
    assert_eq!(bench.cluster("g1-001")["EngineVersion"], "8.2.0");
}

#[test]
fn a_modification_that_changes_nothing_is_refused() {
    let mut bench = Bench::new();
    bench.with_group(
        "g1",
        json!({"SecurityGroupIds": ["sg-1"], "SnapshotRetentionLimit": 3}),
    );
    for parameters in [
        json!({}),
        json!({"SecurityGroupIds": ["sg-1"], "SnapshotRetentionLimit": 3, "CacheNodeType": "cache.t4g.small"}),
    ] {
        assert_eq!(
            bench.refused("ModifyReplicationGroup", modify(parameters)),
            "InvalidParameterCombination"
        );
    }
    let answer = bench.ok(
        "ModifyReplicationGroup",
        modify(json!({"ReplicationGroupDescription": "other"})),
    );
    assert_eq!(
        answer["ReplicationGroup"]["Status"], "available",
        "a description needs no node"
    );
}

#[test]
fn engines_only_move_up_and_redis_becomes_valkey_in_place() {
    let mut bench = Bench::new();
    bench.with_group("g1", json!({"Engine": "redis", "EngineVersion": "7.0"}));
    let cases = [
        (json!({"EngineVersion": "6.2"}), "a downgrade"),
        (json!({"Engine": "valkey"}), "an engine without a version"),
        (
            json!({"Engine": "valkey", "EngineVersion": "8.1", "CacheParameterGroupName": "default.redis7"}),
            "a parameter group that stays behind",
        ),
    ];
    for (parameters, reason) in cases {
        assert_eq!(
            bench.refused("ModifyReplicationGroup", modify(parameters)),
            "InvalidParameterCombination",
            "{reason}"
        );
    }
    bench.modified("g1", json!({"Engine": "valkey", "EngineVersion": "8.1"}));
    assert_eq!(bench.group("g1")["Engine"], "valkey");
    assert_eq!(
        bench.cluster("g1-001")["CacheParameterGroup"]["CacheParameterGroupName"],
        "default.valkey8"
    );
    assert_eq!(
        bench.refused(
            "ModifyReplicationGroup",
            modify(json!({"Engine": "redis", "EngineVersion": "7.1"}))
        ),
        "InvalidParameterCombination"
    );
}

#[test]
fn tls_is_switched_on_in_two_steps_and_a_user_group_comes_third() {
    let mut bench = Bench::new();
    bench.with_user("u1", "orders", "valkey");
    bench.with_user_group("users", "valkey", &["u1"]);
    bench.with_group("g1", json!({}));
    let on = json!({"TransitEncryptionEnabled": true, "TransitEncryptionMode": "preferred"});
    let users = json!({"UserGroupIdsToAdd": ["users"]});
    let refused = [
        (
            json!({"TransitEncryptionEnabled": true}),
            "straight to required",
        ),
        (
            merged(on.clone(), users.clone()),
            "TLS and users in one call",
        ),
        (users.clone(), "users without TLS"),
    ];
    for (parameters, reason) in refused {
        assert_eq!(
            bench.refused("ModifyReplicationGroup", modify(parameters)),
            "InvalidParameterCombination",
            "{reason}"
        );
    }
    bench.modified("g1", on);
    assert_eq!(bench.group("g1")["TransitEncryptionMode"], "preferred");
    assert_eq!(
        bench.refused("ModifyReplicationGroup", modify(users.clone())),
        "InvalidParameterCombination",
        "users while TLS is optional"
    );
    bench.modified("g1", json!({"TransitEncryptionMode": "required"}));
    let answer = bench.ok("ModifyReplicationGroup", modify(users));
    let pending = &answer["ReplicationGroup"]["PendingModifiedValues"]["UserGroups"];
    assert_eq!(pending["UserGroupIdsToAdd"]["member"], json!(["users"]));
    bench.pass(MODIFYING);
    assert_eq!(
        bench.group("g1")["UserGroupIds"]["member"],
        json!(["users"])
    );
    assert_eq!(
        bench.refused(
            "ModifyReplicationGroup",
            modify(json!({"TransitEncryptionMode": "preferred"}))
        ),
        "InvalidParameterCombination"
    );
}

#[test]
fn user_groups_must_be_active_fit_the_engine_and_be_one() {
    let mut bench = Bench::new();
    bench.with_user("u1", "orders", "valkey");
    bench.with_user_group("one", "valkey", &["u1"]);
    bench.with_user_group("two", "valkey", &["u1"]);
    let with = |engine: &str, groups: Value| {
        group(
            "g1",
            json!({"Engine": engine, "TransitEncryptionEnabled": true, "UserGroupIds": groups}),
        )
    };
    assert_eq!(
        bench.refused("CreateReplicationGroup", with("redis", json!(["one"]))),
        "InvalidParameterCombination"
    );
    assert_eq!(
        bench.refused(
            "CreateReplicationGroup",
            with("valkey", json!(["one", "two"]))
        ),
        "InvalidParameterValue"
    );
    bench.ok("DeleteUserGroup", json!({"UserGroupId": "two"}));
    assert_eq!(
        bench.refused("CreateReplicationGroup", with("valkey", json!(["two"]))),
        "InvalidUserGroupState"
    );
    bench.ok("CreateReplicationGroup", with("valkey", json!(["ONE"])));
    bench.pass(CREATING);
    assert_eq!(
        bench.refused(
            "ModifyReplicationGroup",
            modify(json!({"UserGroupIdsToRemove": ["two"]}))
        ),
        "InvalidParameterValue"
    );
    bench.modified("g1", json!({"RemoveUserGroups": true}));
    assert_eq!(bench.group("g1")["UserGroupIds"]["member"], json!([]));
}

#[test]
fn what_cannot_change_is_not_a_parameter_of_modify() {
    let mut bench = Bench::new();
    bench.with_group("g1", json!({}));
    for parameter in [
        "AtRestEncryptionEnabled",
        "KmsKeyId",
        "CacheSubnetGroupName",
        "NetworkType",
        "Port",
    ] {
        assert_eq!(
            bench.refused("ModifyReplicationGroup", modify(json!({parameter: "1"}))),
            "SerializationException",
            "{parameter}"
        );
    }
}

#[test]
fn cluster_mode_changes_one_step_at_a_time() {
    let mut bench = Bench::new();
    bench.with_group(
        "g1",
        json!({"NumCacheClusters": 2, "AutomaticFailoverEnabled": true}),
    );
    assert_eq!(
        bench.refused(
            "ModifyReplicationGroup",
            modify(json!({"ClusterMode": "enabled"}))
        ),
        "InvalidParameterCombination"
    );
    bench.modified("g1", json!({"ClusterMode": "compatible"}));
    bench.modified("g1", json!({"ClusterMode": "enabled"}));
    assert_eq!(bench.group("g1")["ClusterEnabled"], true);
    assert_eq!(
        bench.refused(
            "ModifyReplicationGroup",
            modify(json!({"ClusterMode": "compatible"}))
        ),
        "InvalidParameterCombination"
    );
}
