use serde_json::{Value, json};

use super::{Bench, MODIFYING, merged};

fn on_g1(parameters: Value) -> Value {
    merged(
        json!({"ReplicationGroupId": "g1", "ApplyImmediately": true}),
        parameters,
    )
}

#[test]
fn replicas_come_and_go_one_call_at_a_time() {
    let mut bench = Bench::new();
    bench.with_group("g1", json!({}));
    let answer = bench.ok("IncreaseReplicaCount", on_g1(json!({"NewReplicaCount": 2})));
    assert_eq!(answer["ReplicationGroup"]["Status"], "modifying");
    assert_eq!(
        bench.refused("DecreaseReplicaCount", on_g1(json!({"NewReplicaCount": 0}))),
        "InvalidReplicationGroupState"
    );
    bench.pass(MODIFYING);
    assert_eq!(
        bench.group("g1")["MemberClusters"]["ClusterId"],
        json!(["g1-001", "g1-002", "g1-003"])
    );
    bench.ok(
        "DecreaseReplicaCount",
        on_g1(json!({"NewReplicaCount": 1, "ReplicasToRemove": ["g1-002"]})),
    );
    bench.pass(MODIFYING);
    assert_eq!(
        bench.group("g1")["MemberClusters"]["ClusterId"],
        json!(["g1-001", "g1-003"])
    );
}

#[test]
fn replica_counts_that_make_no_sense_are_refused() {
    let mut bench = Bench::new();
    bench.with_group(
        "g1",
        json!({"NumCacheClusters": 2, "AutomaticFailoverEnabled": true, "MultiAZEnabled": true}),
    );
    let cases = [
        (
            "IncreaseReplicaCount",
            json!({"NewReplicaCount": 1}),
            "NoOperationFault",
            "as many as there are",
        ),
        (
            "DecreaseReplicaCount",
            json!({"NewReplicaCount": 1}),
            "NoOperationFault",
            "as many as there are",
        ),
        (
            "IncreaseReplicaCount",
            json!({"NewReplicaCount": 6}),
            "InvalidParameterValue",
            "more than five",
        ),
        (
            "IncreaseReplicaCount",
            json!({}),
            "InvalidParameterCombination",
            "no number",
        ),
        (
            "IncreaseReplicaCount",
            json!({"NewReplicaCount": 2, "ApplyImmediately": false}),
            "InvalidParameterValue",
            "later",
        ),
        (
            "DecreaseReplicaCount",
            json!({"NewReplicaCount": 0}),
            "InvalidParameterCombination",
            "the last replica of a failover",
        ),
    ];
    for (operation, parameters, code, reason) in cases {
        assert_eq!(
            bench.refused(operation, on_g1(parameters)),
            code,
            "{reason}"
        );
    }
    bench.modified(
        "g1",
        json!({"MultiAZEnabled": false, "AutomaticFailoverEnabled": false}),
    );
    bench.ok("DecreaseReplicaCount", on_g1(json!({"NewReplicaCount": 0})));
}

#[test]
fn shards_are_added_and_removed_in_cluster_mode_only() {
    let mut bench = Bench::new();
    bench.with_group("single", json!({}));
    let single =
        json!({"ReplicationGroupId": "single", "NodeGroupCount": 2, "ApplyImmediately": true});
    assert_eq!(
        bench.refused("ModifyReplicationGroupShardConfiguration", single),
        "InvalidParameterCombination"
    );
    bench.with_group(
        "g1",
        json!({"NumNodeGroups": 2, "AutomaticFailoverEnabled": true}),
    );
    let answer = bench.ok(
        "ModifyReplicationGroupShardConfiguration",
        on_g1(json!({"NodeGroupCount": 3})),
    );
    assert!(answer["ReplicationGroup"]["PendingModifiedValues"]["Resharding"].is_object());
    bench.pass(MODIFYING);
    assert_eq!(
        bench.group("g1")["NodeGroups"]["NodeGroup"][2]["NodeGroupId"],
        "0003"
    );
    assert_eq!(
        bench.refused(
            "ModifyReplicationGroupShardConfiguration",
            on_g1(json!({"NodeGroupCount": 1}))
        ),
        "InvalidParameterCombination"
    );
    bench.ok(
        "ModifyReplicationGroupShardConfiguration",
        on_g1(json!({"NodeGroupCount": 1, "NodeGroupsToRetain": ["0002"]})),
    );
    bench.pass(MODIFYING);
    let group = bench.group("g1");
    assert_eq!(
        group["NodeGroups"]["NodeGroup"].as_array().unwrap().len(),
        1
    );
    assert_eq!(group["NodeGroups"]["NodeGroup"][0]["Slots"], "0-16383");
    assert_eq!(group["MemberClusters"]["ClusterId"], json!(["g1-0002-001"]));
}

#[test]
fn a_failover_makes_the_replica_the_primary() {
    let mut bench = Bench::new();
    bench.with_group("g1", json!({"NumCacheClusters": 2}));
    let failover = json!({"ReplicationGroupId": "g1", "NodeGroupId": "0001"});
    assert_eq!(
        bench.refused("TestFailover", failover.clone()),
        "TestFailoverNotAvailableFault"
    );
    bench.modified("g1", json!({"AutomaticFailoverEnabled": true}));
    bench.ok("TestFailover", failover);
    bench.pass(MODIFYING);
    let members =
        &bench.group("g1")["NodeGroups"]["NodeGroup"][0]["NodeGroupMembers"]["NodeGroupMember"];
    assert_eq!(
        (&members[0]["CurrentRole"], &members[1]["CurrentRole"]),
        (&json!("replica"), &json!("primary"))
    );
}

#[test]
fn nodes_beyond_the_quota_of_the_account_are_refused() {
    let mut bench = Bench::new();
    for number in 0..3 {
        bench.with_group(
            &format!("big{number}"),
            json!({"NumNodeGroups": 90, "AutomaticFailoverEnabled": true}),
        );
    }
    let thirty_one = json!({"NumNodeGroups": 31, "AutomaticFailoverEnabled": true});
    assert_eq!(
        bench.refused("CreateReplicationGroup", super::group("g1", thirty_one)),
        "NodeQuotaForCustomerExceeded"
    );
    bench.with_group(
        "g1",
        json!({"NumNodeGroups": 30, "AutomaticFailoverEnabled": true}),
    );
    assert_eq!(
        bench.refused("IncreaseReplicaCount", on_g1(json!({"NewReplicaCount": 1}))),
        "NodeQuotaForCustomerExceeded"
    );
}
