"""ElastiCache as states: life cycles, refusals, pages. AWS's own model checks what is sent and parses what comes back."""

import pytest
from conftest import until

PASSWORD = "correct-horse-battery"
GROUP = {
    "ReplicationGroupId": "orders",
    "ReplicationGroupDescription": "orders",
    "Engine": "valkey",
    "CacheNodeType": "cache.t4g.small",
}
SLOW = ("--no-quotas", "--delay", "creating=600ms", "--delay", "modifying=600ms", "--delay", "deleting=600ms",
        "--delay", "snapshotting=600ms", "--delay", "user=600ms", "--delay", "user-group=600ms")


@pytest.fixture
def caches(local):
    return local.client("elasticache")


@pytest.fixture
def slow(start):
    """A local AWS whose states can be seen."""
    return start(*SLOW).client("elasticache")


def group(caches, name="orders"):
    return caches.describe_replication_groups(ReplicationGroupId=name)["ReplicationGroups"][0]


def wait(caches, status="available"):
    until(lambda: group(caches)["Status"] == status)
    return group(caches)


def with_users(caches):
    caches.create_user(UserId="app", UserName="app", Engine="valkey", AccessString="on ~* +@all", Passwords=[PASSWORD])
    caches.create_user_group(UserGroupId="users", Engine="valkey", UserIds=["app"])
    until(lambda: caches.describe_user_groups(UserGroupId="users")["UserGroups"][0]["Status"] == "active")


# Replication groups


def test_a_group_goes_from_creating_to_available_and_shows_what_was_asked_for(slow):
    slow.create_cache_subnet_group(
        CacheSubnetGroupName="nets", CacheSubnetGroupDescription="nets", SubnetIds=["subnet-0a", "subnet-0b"]
    )
    with_users(slow)
    created = slow.create_replication_group(
        **GROUP,
        EngineVersion="8.0",
        NumCacheClusters=2,
        AutomaticFailoverEnabled=True,
        MultiAZEnabled=True,
        CacheSubnetGroupName="nets",
        SecurityGroupIds=["sg-01", "sg-02"],
        TransitEncryptionEnabled=True,
        AtRestEncryptionEnabled=True,
        KmsKeyId="arn:aws:kms:eu-west-1:111122223333:key/k",
        UserGroupIds=["users"],
        SnapshotRetentionLimit=7,
        SnapshotWindow="02:00-03:00",
        Tags=[{"Key": "owner", "Value": "me"}],
    )["ReplicationGroup"]
    assert created["Status"] == "creating"
    assert "PrimaryEndpoint" not in str(created)
    made = wait(slow)
    assert made["MemberClusters"] == ["orders-001", "orders-002"]
    assert (made["AutomaticFailover"], made["MultiAZ"]) == ("enabled", "enabled")
    assert (made["TransitEncryptionEnabled"], made["TransitEncryptionMode"]) == (True, "required")
    assert (made["AtRestEncryptionEnabled"], made["StorageEncryptionType"]) == (True, "sse-kms")
    assert made["UserGroupIds"] == ["users"]
    assert (made["SnapshotRetentionLimit"], made["SnapshotWindow"]) == (7, "02:00-03:00")
    assert made["ARN"] == "arn:aws:elasticache:eu-west-1:111122223333:replicationgroup:orders"
    shard = made["NodeGroups"][0]
    assert shard["PrimaryEndpoint"]["Port"] == 6379
    assert shard["ReaderEndpoint"]["Address"].startswith("replica.orders.")
    assert [member["CurrentRole"] for member in shard["NodeGroupMembers"]] == ["primary", "replica"]
    node = slow.describe_cache_clusters(CacheClusterId="orders-002", ShowCacheNodeInfo=True)["CacheClusters"][0]
    assert (node["Engine"], node["EngineVersion"], node["ReplicationGroupId"]) == ("valkey", "8.0.1", "orders")
    assert node["CacheSubnetGroupName"] == "nets"
    assert [group["SecurityGroupId"] for group in node["SecurityGroups"]] == ["sg-01", "sg-02"]
    assert node["CacheNodes"][0]["CacheNodeStatus"] == "available"
    tags = slow.list_tags_for_resource(ResourceName=made["ARN"])["TagList"]
    assert tags == [{"Key": "owner", "Value": "me"}]


def test_a_group_in_cluster_mode_has_a_configuration_endpoint(caches):
    caches.create_replication_group(
        **GROUP, NumNodeGroups=2, ReplicasPerNodeGroup=1, AutomaticFailoverEnabled=True, TransitEncryptionEnabled=True
    )
    made = wait(caches)
    assert made["ClusterEnabled"] and made["ClusterMode"] == "enabled"
    assert made["ConfigurationEndpoint"]["Address"].startswith("clustercfg.orders.")
    assert [shard["Slots"] for shard in made["NodeGroups"]] == ["0-8191", "8192-16383"]
    caches.modify_replication_group_shard_configuration(
        ReplicationGroupId="orders", NodeGroupCount=3, ApplyImmediately=True
    )
    until(lambda: len(wait(caches)["NodeGroups"]) == 3)


def test_a_busy_group_refuses_changes_deletion_and_tagging(slow, refused):
    arn = slow.create_replication_group(**GROUP)["ReplicationGroup"]["ARN"]
    calls = [
        (slow.modify_replication_group, {"ReplicationGroupId": "orders", "SnapshotRetentionLimit": 1}),
        (slow.delete_replication_group, {"ReplicationGroupId": "orders"}),
        (slow.list_tags_for_resource, {"ResourceName": arn}),
    ]
    for call, parameters in calls:
        refusal = refused(call, **parameters)
        assert (refusal.code, refusal.status) == ("InvalidReplicationGroupState", 400)


def test_changes_at_once_are_seen_when_the_group_is_available_again(slow):
    slow.create_replication_group(**GROUP)
    wait(slow)
    changed = slow.modify_replication_group(
        ReplicationGroupId="orders", CacheNodeType="cache.m7g.large", EngineVersion="8.2", ApplyImmediately=True
    )["ReplicationGroup"]
    assert (changed["Status"], changed["CacheNodeType"]) == ("modifying", "cache.t4g.small")
    assert wait(slow)["CacheNodeType"] == "cache.m7g.large"
    assert slow.describe_cache_clusters()["CacheClusters"][0]["EngineVersion"] == "8.2.0"


def test_changes_for_later_are_pending_and_not_there(caches):
    caches.create_replication_group(**GROUP, NumCacheClusters=2)
    wait(caches)
    caches.modify_replication_group(
        ReplicationGroupId="orders", AutomaticFailoverEnabled=True, CacheNodeType="cache.m7g.large"
    )
    waiting = group(caches)
    assert (waiting["Status"], waiting["AutomaticFailover"]) == ("available", "disabled")
    assert waiting["PendingModifiedValues"]["AutomaticFailoverStatus"] == "enabled"
    node = caches.describe_cache_clusters()["CacheClusters"][0]
    assert node["PendingModifiedValues"]["CacheNodeType"] == "cache.m7g.large"


def test_replicas_are_added_and_removed(caches, refused):
    caches.create_replication_group(**GROUP)
    wait(caches)
    caches.increase_replica_count(ReplicationGroupId="orders", NewReplicaCount=2, ApplyImmediately=True)
    assert wait(caches)["MemberClusters"] == ["orders-001", "orders-002", "orders-003"]
    caches.decrease_replica_count(ReplicationGroupId="orders", NewReplicaCount=1, ApplyImmediately=True)
    assert wait(caches)["MemberClusters"] == ["orders-001", "orders-002"]
    again = refused(caches.decrease_replica_count, ReplicationGroupId="orders", NewReplicaCount=1, ApplyImmediately=True)
    assert again.code == "NoOperationFault"


def test_nothing_to_modify_is_an_error_of_its_own(caches, refused):
    caches.create_replication_group(**GROUP, SnapshotRetentionLimit=2)
    wait(caches)
    refusal = refused(caches.modify_replication_group, ReplicationGroupId="orders", SnapshotRetentionLimit=2)
    assert refusal.code == "InvalidParameterCombination"
    assert "No modifications were requested" in refusal.message


def test_redis_becomes_valkey_in_place_and_never_goes_back(caches, refused):
    caches.create_replication_group(**{**GROUP, "Engine": "redis"}, EngineVersion="7.1")
    wait(caches)
    caches.modify_replication_group(
        ReplicationGroupId="orders",
        Engine="valkey",
        EngineVersion="8.1",
        CacheParameterGroupName="default.valkey8",
        ApplyImmediately=True,
    )
    assert wait(caches)["Engine"] == "valkey"
    back = refused(caches.modify_replication_group, ReplicationGroupId="orders", Engine="redis", EngineVersion="7.1")
    assert back.code == "InvalidParameterCombination"


def test_a_group_that_does_not_exist_is_not_found(caches, refused):
    refusal = refused(caches.describe_replication_groups, ReplicationGroupId="orders")
    assert (refusal.code, refusal.status) == ("ReplicationGroupNotFoundFault", 404)
    with pytest.raises(caches.exceptions.ReplicationGroupNotFoundFault):
        caches.delete_replication_group(ReplicationGroupId="orders")


def test_a_group_is_deleted_with_a_last_snapshot_and_then_gone(slow, refused):
    slow.create_replication_group(**GROUP)
    wait(slow)
    gone = slow.delete_replication_group(ReplicationGroupId="orders", FinalSnapshotIdentifier="last")
    assert gone["ReplicationGroup"]["Status"] == "deleting"
    until(lambda: slow.describe_replication_groups()["ReplicationGroups"] == [])
    snapshot = slow.describe_snapshots(SnapshotName="last")["Snapshots"][0]
    assert (snapshot["SnapshotStatus"], snapshot["ReplicationGroupId"]) == ("available", "orders")
    slow.delete_snapshot(SnapshotName="last")
    until(lambda: slow.describe_snapshots()["Snapshots"] == [])
    assert refused(slow.describe_snapshots, SnapshotName="last").code == "SnapshotNotFoundFault"


def test_a_snapshot_makes_its_group_snapshotting(slow, refused):
    slow.create_replication_group(**GROUP)
    wait(slow)
    slow.create_snapshot(ReplicationGroupId="orders", SnapshotName="one", Tags=[{"Key": "k", "Value": "v"}])
    assert group(slow)["Status"] == "snapshotting"
    assert refused(slow.delete_replication_group, ReplicationGroupId="orders").code == "InvalidReplicationGroupState"
    wait(slow)
    arn = slow.describe_snapshots(ReplicationGroupId="orders")["Snapshots"][0]["ARN"]
    assert slow.list_tags_for_resource(ResourceName=arn)["TagList"] == [{"Key": "k", "Value": "v"}]


# Users and groups


def test_a_user_has_states_up_to_two_passwords_and_no_secret_in_any_answer(slow, refused):
    user = {"UserId": "App-1", "UserName": "app", "Engine": "redis", "AccessString": "on ~app:* +@read"}
    created = slow.create_user(**user, Passwords=[PASSWORD])
    assert (created["Status"], created["UserId"]) == ("creating", "app-1")
    active = lambda: slow.describe_users(UserId="app-1")["Users"][0]["Status"] == "active"  # noqa: E731
    until(active)
    changed = slow.modify_user(UserId="app-1", Passwords=["another-password-1", PASSWORD])
    assert (changed["Status"], changed["Authentication"]) == ("modifying", {"Type": "password", "PasswordCount": 2})
    assert refused(slow.modify_user, UserId="app-1", AccessString="off").code == "InvalidUserState"
    until(active)
    slow.modify_user(UserId="app-1", AuthenticationMode={"Type": "password", "Passwords": ["another-password-1"]})
    until(active)
    assert PASSWORD not in str(slow.describe_users())
    slow.delete_user(UserId="app-1")
    until(lambda: [user["UserId"] for user in slow.describe_users()["Users"]] == ["default"])
    gone = refused(slow.describe_users, UserId="app-1")
    assert (gone.code, gone.status) == ("UserNotFound", 404)


def test_passwords_and_access_strings_are_checked(caches, refused):
    user = {"UserId": "app", "UserName": "app", "Engine": "valkey"}
    cases = [
        ({"AccessString": "on ~* +@all", "Passwords": ["short"]}, "InvalidParameterValue"),
        ({"AccessString": "on ~* +@all", "Passwords": [PASSWORD] * 3}, "InvalidParameterValue"),
        ({"AccessString": "on >pw ~* +@all", "Passwords": [PASSWORD]}, "InvalidParameterValue"),
        ({"AccessString": "on ~* +@all"}, "InvalidParameterCombination"),
    ]
    for parameters, code in cases:
        assert refused(caches.create_user, **user, **parameters).code == code, parameters


def test_a_redis_group_needs_a_default_user_and_keeps_it(caches, refused):
    for name in ("default", "app"):
        caches.create_user(
            UserId=f"{name}-1", UserName=name, Engine="redis", AccessString="off ~* -@all", Passwords=[PASSWORD]
        )
    without = refused(caches.create_user_group, UserGroupId="users", Engine="redis", UserIds=["app-1"])
    assert without.code == "DefaultUserRequired"
    caches.create_user_group(UserGroupId="users", Engine="redis", UserIds=["default-1"])
    caches.modify_user_group(UserGroupId="users", UserIdsToAdd=["app-1"])
    until(lambda: caches.describe_user_groups()["UserGroups"][0]["UserIds"] == ["app-1", "default-1"])
    assert caches.describe_users(UserId="app-1")["Users"][0]["UserGroupIds"] == ["users"]
    deleted = refused(caches.delete_user, UserId="default-1")
    assert deleted.code == "DefaultUserAssociatedToUserGroup"


def test_what_is_in_use_cannot_be_deleted(caches, refused):
    caches.create_cache_subnet_group(
        CacheSubnetGroupName="nets", CacheSubnetGroupDescription="nets", SubnetIds=["subnet-0a"]
    )
    with_users(caches)
    caches.create_replication_group(
        **GROUP, TransitEncryptionEnabled=True, UserGroupIds=["users"], CacheSubnetGroupName="nets"
    )
    wait(caches)
    assert refused(caches.delete_cache_subnet_group, CacheSubnetGroupName="nets").code == "CacheSubnetGroupInUse"
    assert refused(caches.delete_user_group, UserGroupId="users").code == "InvalidUserGroupState"
    caches.delete_replication_group(ReplicationGroupId="orders")
    until(lambda: caches.describe_replication_groups()["ReplicationGroups"] == [])
    caches.delete_user_group(UserGroupId="users")
    caches.delete_cache_subnet_group(CacheSubnetGroupName="nets")


def test_a_second_create_of_one_name_is_refused(caches, refused):
    with_users(caches)
    subnets = {"CacheSubnetGroupName": "nets", "CacheSubnetGroupDescription": "nets", "SubnetIds": ["subnet-0a"]}
    caches.create_cache_subnet_group(**subnets)
    caches.create_replication_group(**GROUP)
    user = {"UserId": "app", "UserName": "x", "Engine": "valkey", "AccessString": "on", "Passwords": [PASSWORD]}
    assert refused(caches.create_user, **user).code == "UserAlreadyExists"
    assert refused(caches.create_user_group, UserGroupId="USERS", Engine="valkey").code == "UserGroupAlreadyExists"
    assert refused(caches.create_cache_subnet_group, **subnets).code == "CacheSubnetGroupAlreadyExists"
    assert refused(caches.create_replication_group, **GROUP).code == "ReplicationGroupAlreadyExists"


# Across all


def test_paginators_see_every_record_once(caches):
    for number in range(23):
        caches.create_user_group(UserGroupId=f"group-{number:02}", Engine="valkey")
    pages = list(caches.get_paginator("describe_user_groups").paginate(PaginationConfig={"PageSize": 20}))
    ids = [group["UserGroupId"] for page in pages for group in page["UserGroups"]]
    assert len(pages) == 2
    assert ids == [f"group-{number:02}" for number in range(23)]


def test_tags_are_added_and_removed(caches):
    arn = caches.create_user_group(UserGroupId="users", Engine="valkey", Tags=[{"Key": "a", "Value": "1"}])["ARN"]
    caches.add_tags_to_resource(ResourceName=arn, Tags=[{"Key": "b", "Value": "2"}])
    caches.remove_tags_from_resource(ResourceName=arn, TagKeys=["a"])
    assert caches.list_tags_for_resource(ResourceName=arn)["TagList"] == [{"Key": "b", "Value": "2"}]


def test_accounts_and_regions_are_kept_apart(local, caches):
    caches.create_user_group(UserGroupId="users", Engine="valkey")
    for other in (local.client("elasticache", account="444455556666"), local.client("elasticache", region="us-east-1")):
        assert other.describe_user_groups()["UserGroups"] == []
