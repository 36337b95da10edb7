//! Subnet groups, snapshots, tags and pages.

use serde_json::{Value, json};

use super::{Bench, MODIFYING, SNAPSHOTTING};

fn subnets(name: &str, ids: Value) -> Value {
    json!({"CacheSubnetGroupName": name, "CacheSubnetGroupDescription": "orders", "SubnetIds": ids})
}

#[test]
fn a_subnet_group_lives_until_no_cache_uses_it() {
    let mut bench = Bench::new();
    let created = bench.ok(
        "CreateCacheSubnetGroup",
        subnets("S1", json!(["subnet-1", "subnet-2"])),
    );
    assert_eq!(created["CacheSubnetGroup"]["CacheSubnetGroupName"], "s1");
    assert_eq!(
        bench.refused("CreateCacheSubnetGroup", subnets("s1", json!(["subnet-1"]))),
        "CacheSubnetGroupAlreadyExists"
    );
    bench.with_group("g1", json!({"CacheSubnetGroupName": "s1"}));
    assert_eq!(
        bench.refused(
            "DeleteCacheSubnetGroup",
            json!({"CacheSubnetGroupName": "s1"})
        ),
        "CacheSubnetGroupInUse"
    );
    let fewer = json!({"CacheSubnetGroupName": "s1", "SubnetIds": ["subnet-1"]});
    assert_eq!(
        bench.refused("ModifyCacheSubnetGroup", fewer),
        "SubnetInUse"
    );
    let more =
        json!({"CacheSubnetGroupName": "s1", "SubnetIds": ["subnet-1", "subnet-2", "subnet-3"]});
    bench.ok("ModifyCacheSubnetGroup", more.clone());
    assert_eq!(
        bench.refused("ModifyCacheSubnetGroup", more),
        "InvalidParameterCombination",
        "nothing to modify"
    );
    bench.ok(
        "DeleteReplicationGroup",
        json!({"ReplicationGroupId": "g1"}),
    );
    bench.pass(MODIFYING);
    bench.ok(
        "DeleteCacheSubnetGroup",
        json!({"CacheSubnetGroupName": "s1"}),
    );
    assert_eq!(
        bench.refused(
            "DescribeCacheSubnetGroups",
            json!({"CacheSubnetGroupName": "s1"})
        ),
        "CacheSubnetGroupNotFoundFault"
    );
}

#[test]
fn subnets_must_look_like_subnets() {
    let mut bench = Bench::new();
    assert_eq!(
        bench.refused("CreateCacheSubnetGroup", subnets("s1", json!(["vpc-1"]))),
        "InvalidSubnet"
    );
    assert_eq!(
        bench.refused("CreateCacheSubnetGroup", subnets("s1", json!([]))),
        "InvalidParameterValue"
    );
    let many: Vec<_> = (0..21).map(|number| format!("subnet-{number}")).collect();
    assert_eq!(
        bench.refused("CreateCacheSubnetGroup", subnets("s1", json!(many))),
        "CacheSubnetQuotaExceededFault"
    );
}

#[test]
fn a_snapshot_keeps_its_group_busy_while_it_is_taken() {
    let mut bench = Bench::new();
    bench.with_group("g1", json!({}));
    let create = json!({"ReplicationGroupId": "g1", "SnapshotName": "S1"});
    assert_eq!(
        bench.ok("CreateSnapshot", create.clone())["Snapshot"]["SnapshotStatus"],
        "creating"
    );
    assert_eq!(bench.group("g1")["Status"], "snapshotting");
    assert_eq!(
        bench.refused("DeleteSnapshot", json!({"SnapshotName": "s1"})),
        "InvalidSnapshotState"
    );
    bench.pass(SNAPSHOTTING);
    assert_eq!(bench.group("g1")["Status"], "available");
    assert_eq!(
        bench.refused("CreateSnapshot", create),
        "SnapshotAlreadyExistsFault"
    );
    assert_eq!(
        bench.group("g1")["Status"],
        "available",
        "a refused snapshot leaves the group alone"
    );
    bench.ok("DeleteSnapshot", json!({"SnapshotName": "s1"}));
    bench.pass(SNAPSHOTTING);
    assert_eq!(
        bench.refused("DescribeSnapshots", json!({"SnapshotName": "s1"})),
        "SnapshotNotFoundFault"
    );
}

#[test]
fn tags_given_at_create_are_there_and_changing_them_keeps_the_group_busy() {
    let mut bench = Bench::new();
    bench.with_group("g1", json!({"Tags": [{"Key": "owner", "Value": "us"}]}));
    let arn = bench.group("g1")["ARN"].clone();
    let added = bench.ok(
        "AddTagsToResource",
        json!({"ResourceName": arn, "Tags": [{"Key": "more"}]}),
    );
    assert_eq!(
        added["TagList"]["Tag"],
        json!([{"Key": "more", "Value": ""}, {"Key": "owner", "Value": "us"}])
    );
    assert_eq!(bench.group("g1")["Status"], "modifying");
    bench.pass(MODIFYING);
    let left = bench.ok(
        "RemoveTagsFromResource",
        json!({"ResourceName": arn, "TagKeys": ["more", "never"]}),
    );
    assert_eq!(
        left["TagList"]["Tag"],
        json!([{"Key": "owner", "Value": "us"}])
    );
}

#[test]
fn tags_that_break_a_rule_or_belong_to_nothing_are_refused() {
    let mut bench = Bench::new();
    bench.with_user("u1", "orders", "valkey");
    let arn = |resource: &str| format!("arn:aws:elasticache:eu-west-1:123456789012:{resource}");
    let many: Vec<_> = (0..51)
        .map(|number| json!({"Key": format!("k{number}"), "Value": "v"}))
        .collect();
    let too_many = json!({"UserGroupId": "g1", "Engine": "valkey", "Tags": many});
    assert_eq!(
        bench.refused("CreateUserGroup", too_many),
        "TagQuotaPerResourceExceeded"
    );
    let cases = [
        (
            "user:u1",
            json!(many),
            "TagQuotaPerResourceExceeded",
            "51 tags",
        ),
        (
            "user:u1",
            json!([{"Key": "aws:x", "Value": "v"}]),
            "InvalidParameterValue",
            "a reserved key",
        ),
        ("user:nobody", json!([]), "UserNotFound", "no such user"),
        (
            "usergroup:nobody",
            json!([]),
            "UserGroupNotFound",
            "no such group",
        ),
        (
            "replicationgroup:nobody",
            json!([]),
            "ReplicationGroupNotFoundFault",
            "no such cache",
        ),
        ("nothing", json!([]), "InvalidARN", "no such kind"),
    ];
    for (resource, tags, code, reason) in cases {
        assert_eq!(
            bench.refused(
                "AddTagsToResource",
                json!({"ResourceName": arn(resource), "Tags": tags})
            ),
            code,
            "{reason}"
        );
    }
}

#[test]
fn every_list_comes_in_pages() {
    let mut bench = Bench::new();
    for number in 0..25 {
        let name = format!("s{number:02}");
        bench.ok(
            "CreateCacheSubnetGroup",
            subnets(&name, json!(["subnet-1"])),
        );
        bench.ok(
            "CreateUserGroup",
            json!({"UserGroupId": name, "Engine": "valkey"}),
        );
        bench.ok("CreateReplicationGroup", super::group(&name, json!({})));
        bench.with_user(&name, &name, "valkey");
        bench.pass(super::CREATING);
        bench.ok(
            "CreateSnapshot",
            json!({"ReplicationGroupId": name, "SnapshotName": name}),
        );
    }
    let lists = [
        (
            "DescribeCacheSubnetGroups",
            "/CacheSubnetGroups/CacheSubnetGroup",
            25,
        ),
        ("DescribeUserGroups", "/UserGroups/member", 25),
        (
            "DescribeReplicationGroups",
            "/ReplicationGroups/ReplicationGroup",
            25,
        ),
        ("DescribeCacheClusters", "/CacheClusters/CacheCluster", 25),
        ("DescribeUsers", "/Users/member", 26),
        ("DescribeSnapshots", "/Snapshots/Snapshot", 25),
    ];
    for (operation, path, count) in lists {
        let first = bench.ok(operation, json!({"MaxRecords": "20"}));
        let rest = bench.ok(
            operation,
            json!({"MaxRecords": "20", "Marker": first["Marker"]}),
        );
        let length = |page: &Value| page.pointer(path).and_then(Value::as_array).unwrap().len();
        assert_eq!(
            (length(&first), length(&rest)),
            (20, count - 20),
            "{operation}"
        );
        assert_eq!(rest["Marker"], Value::Null, "{operation}");
        assert_eq!(
            bench.refused(operation, json!({"MaxRecords": 101})),
            "InvalidParameterValue",
            "{operation}"
        );
    }
}
