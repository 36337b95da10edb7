use serde_json::{Value, json};

use super::{Bench, CREATING, DELETING, SNAPSHOTTING, group};

#[test]
fn a_group_is_created_and_then_has_nodes_and_endpoints() {
    let mut bench = Bench::new();
    let parameters = json!({"NumCacheClusters": 2, "AutomaticFailoverEnabled": true, "TransitEncryptionEnabled": true, "EngineVersion": "8.0"});
    let created = bench.ok("CreateReplicationGroup", group("G1", parameters));
    assert_eq!(created["ReplicationGroup"]["Status"], "creating");
    assert_eq!(
        created["ReplicationGroup"]["NodeGroups"]["NodeGroup"],
        json!([])
    );
    bench.pass(CREATING);
    let group = bench.group("g1");
    assert_eq!(group["Status"], "available");
    assert_eq!(
        group["MemberClusters"]["ClusterId"],
        json!(["g1-001", "g1-002"])
    );
    let shard = &group["NodeGroups"]["NodeGroup"][0];
    let address = shard["PrimaryEndpoint"]["Address"].as_str().unwrap();
    assert!(
        address.starts_with("master.g1.") && address.ends_with(".euw1.cache.amazonaws.com"),
        "{address}"
    );
    assert_eq!(
        shard["NodeGroupMembers"]["NodeGroupMember"][1]["CurrentRole"],
        "replica"
    );
    assert_eq!(group["TransitEncryptionMode"], "required");
    assert_eq!(
        group["AtRestEncryptionEnabled"], true,
        "the default for valkey"
    );
    let cluster = bench.cluster("g1-002");
    assert_eq!(
        (&cluster["EngineVersion"], &cluster["ReplicationGroupId"]),
        (&json!("8.0.1"), &json!("g1"))
    );
}

#[test]
fn a_group_in_cluster_mode_has_one_configuration_endpoint_and_slots() {
    let mut bench = Bench::new();
    let parameters =
        json!({"NumNodeGroups": 2, "ReplicasPerNodeGroup": 1, "AutomaticFailoverEnabled": true});
    let created = bench.ok("CreateReplicationGroup", group("g1", parameters));
    assert_eq!(
        created["ReplicationGroup"]["ConfigurationEndpoint"],
        Value::Null,
        "nothing to connect to yet"
    );
    bench.pass(CREATING);
    let group = bench.group("g1");
    assert_eq!(group["ClusterEnabled"], true);
    assert!(
        group["ConfigurationEndpoint"]["Address"]
            .as_str()
            .unwrap()
            .starts_with("clustercfg.g1.")
    );
    assert_eq!(group["NodeGroups"]["NodeGroup"][1]["Slots"], "8192-16383");
    assert_eq!(
        group["NodeGroups"]["NodeGroup"][1]["PrimaryEndpoint"],
        Value::Null
    );
    assert_eq!(group["MemberClusters"]["ClusterId"][3], "g1-0002-002");
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table")]
fn groups_that_break_a_rule_are_refused_and_nothing_is_left_behind() {
    let failover = json!({"AutomaticFailoverEnabled": true});
    let cases = [
        (
            failover,
            "InvalidParameterCombination",
            "failover with one node",
        ),
        (
            json!({"MultiAZEnabled": true, "NumCacheClusters": 2}),
            "InvalidParameterCombination",
            "Multi-AZ without failover",
        ),
        (
            json!({"NumNodeGroups": 2}),
            "InvalidParameterCombination",
            "cluster mode without failover",
        ),
        (
            json!({"NumCacheClusters": 7}),
            "InvalidParameterValue",
            "six replicas",
        ),
        (
            json!({"NumCacheClusters": 2, "ReplicasPerNodeGroup": 1}),
            "InvalidParameterCombination",
            "both ways to say it",
        ),
        (
            json!({"NumNodeGroups": 91, "AutomaticFailoverEnabled": true}),
            "NodeGroupsPerReplicationGroupQuotaExceeded",
            "91 shards",
        ),
        (
            json!({"NumNodeGroups": 90, "ReplicasPerNodeGroup": 1, "AutomaticFailoverEnabled": true}),
            "NodeQuotaForClusterExceeded",
            "180 nodes",
        ),
        (
            json!({"EngineVersion": "6.2"}),
            "InvalidParameterCombination",
            "a version of another engine",
        ),
        (
            json!({"CacheNodeType": "cache.huge"}),
            "InvalidParameterValue",
            "no node type",
        ),
        (
            json!({"UserGroupIds": ["nobody"]}),
            "UserGroupNotFound",
            "no user group",
        ),
        (
            json!({"CacheSubnetGroupName": "nobody"}),
            "CacheSubnetGroupNotFoundFault",
            "no subnet group",
        ),
        (
            json!({"CacheParameterGroupName": "mine"}),
            "CacheParameterGroupNotFound",
            "no parameter group",
        ),
        (
            json!({"CacheParameterGroupName": "default.redis7"}),
            "InvalidParameterCombination",
            "of another family",
        ),
        (
            json!({"KmsKeyId": "k", "AtRestEncryptionEnabled": false}),
            "InvalidParameterCombination",
            "a key for nothing",
        ),
        (
            json!({"TransitEncryptionMode": "required"}),
            "InvalidParameterCombination",
            "a mode without TLS",
        ),
        (
            json!({"SnapshotRetentionLimit": 36}),
            "InvalidParameterValue",
            "more than 35 days",
        ),
        (
            json!({"SecurityGroupIds": ["subnet-1"]}),
            "InvalidParameterValue",
            "no security group",
        ),
        (
            json!({"Durability": "sync"}),
            "SerializationException",
            "a parameter that is not simulated",
        ),
    ];
    for (parameters, code, reason) in cases {
        let mut bench = Bench::new();
        assert_eq!(
            bench.refused("CreateReplicationGroup", group("g1", parameters)),
            code,
            "{reason}"
        );
        assert!(
            bench.place.elasticache.replication_groups.is_empty(),
            "{reason}"
        );
    }
}

#[test]
fn a_group_that_is_not_available_refuses_every_change() {
    let mut bench = Bench::new();
    bench.ok(
        "CreateReplicationGroup",
        group("g1", json!({"NumCacheClusters": 2})),
    );
    assert_eq!(
        bench.refused("CreateReplicationGroup", group("g1", json!({}))),
        "ReplicationGroupAlreadyExists"
    );
    let arn = bench.group("g1")["ARN"].clone();
    let cases = [
        (
            "ModifyReplicationGroup",
            json!({"ReplicationGroupId": "g1", "SnapshotRetentionLimit": 1}),
        ),
        (
            "DeleteReplicationGroup",
            json!({"ReplicationGroupId": "g1"}),
        ),
        (
            "IncreaseReplicaCount",
            json!({"ReplicationGroupId": "g1", "ApplyImmediately": true, "NewReplicaCount": 2}),
        ),
        (
            "CreateSnapshot",
            json!({"ReplicationGroupId": "g1", "SnapshotName": "s1"}),
        ),
        ("ListTagsForResource", json!({"ResourceName": arn})),
        (
            "AddTagsToResource",
            json!({"ResourceName": arn, "Tags": [{"Key": "k", "Value": "v"}]}),
        ),
    ];
    for (operation, parameters) in cases {
        assert_eq!(
            bench.refused(operation, parameters),
            "InvalidReplicationGroupState",
            "{operation}"
        );
    }
}

#[test]
fn a_group_is_deleted_with_a_last_snapshot_if_asked() {
    let mut bench = Bench::new();
    bench.with_group("g1", json!({"Tags": [{"Key": "k", "Value": "v"}]}));
    let arn = bench.group("g1")["ARN"].as_str().unwrap().to_owned();
    let deleted = bench.ok(
        "DeleteReplicationGroup",
        json!({"ReplicationGroupId": "g1", "FinalSnapshotIdentifier": "last"}),
    );
    assert_eq!(deleted["ReplicationGroup"]["Status"], "deleting");
    assert_eq!(
        bench.refused(
            "DeleteReplicationGroup",
            json!({"ReplicationGroupId": "g1"})
        ),
        "InvalidReplicationGroupState"
    );
    bench.pass(SNAPSHOTTING);
    let snapshots = bench.ok("DescribeSnapshots", json!({"ReplicationGroupId": "g1"}));
    assert_eq!(
        snapshots["Snapshots"]["Snapshot"][0]["SnapshotStatus"],
        "available"
    );
    assert_eq!(bench.group("g1")["Status"], "deleting");
    bench.pass(DELETING);
    assert_eq!(
        bench.refused(
            "DescribeReplicationGroups",
            json!({"ReplicationGroupId": "g1"})
        ),
        "ReplicationGroupNotFoundFault"
    );
    assert!(bench.place.tags.of(&arn).is_empty());
    bench.with_group("g1", json!({"SnapshotName": "last"}));
}
