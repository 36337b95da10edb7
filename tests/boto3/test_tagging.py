"""Resource Groups Tagging API: what carries which tags, in pages."""

import pytest

from conftest import REGION

CLUSTER = [{"Key": "cluster", "Values": ["one"]}]


def tags(**values):
    return [{"Key": key, "Value": value} for key, value in values.items()]


@pytest.fixture
def tagging(local):
    return local.client("resourcegroupstaggingapi")


def arns(tagging, **parameters):
    pages = tagging.get_paginator("get_resources").paginate(**parameters)
    return [mapping["ResourceARN"] for page in pages for mapping in page["ResourceTagMappingList"]]


def test_what_carries_the_tag_is_found_in_every_service(local, tagging):
    gateway, cache, secrets = (local.client(name) for name in ("apigateway", "elasticache", "secretsmanager"))
    api = gateway.create_rest_api(name="orders", tags={"cluster": "one"})["id"]
    key = gateway.create_api_key(name="partner", tags={"cluster": "one"})["id"]
    gateway.create_rest_api(name="other", tags={"cluster": "two"})
    gateway.create_rest_api(name="none")
    user = cache.create_user(
        UserId="orders", UserName="orders", Engine="valkey", AccessString="on ~* +@all",
        AuthenticationMode={"Type": "no-password-required"}, Tags=tags(cluster="one"),
    )["ARN"]
    secret = secrets.create_secret(Name="orders", SecretString="x", Tags=tags(cluster="one"))["ARN"]
    gateway_arn = f"arn:aws:apigateway:{REGION}::"
    expected = {f"{gateway_arn}/restapis/{api}", f"{gateway_arn}/apikeys/{key}", user, secret}
    assert set(arns(tagging, TagFilters=CLUSTER)) == expected
    assert set(arns(tagging, TagFilters=CLUSTER, ResourceTypeFilters=["apigateway:restapis", "elasticache"])) == {
        f"{gateway_arn}/restapis/{api}", user,
    }
    assert arns(local.client("resourcegroupstaggingapi", region="us-east-1"), TagFilters=CLUSTER) == []
    assert arns(local.client("resourcegroupstaggingapi", account="222233334444"), TagFilters=CLUSTER) == []


def test_all_filters_must_hold_and_any_value_of_one(local, tagging):
    secrets = local.client("secretsmanager")
    for name, team in [("a", "red"), ("b", "blue"), ("c", "green")]:
        secrets.create_secret(Name=name, SecretString="x", Tags=tags(cluster="one", team=team))

    def names(*filters):
        return [arn.split(":secret:")[1][0] for arn in arns(tagging, TagFilters=list(filters))]

    assert names({"Key": "team", "Values": ["red", "blue"]}, *CLUSTER) == ["a", "b"]
    assert names({"Key": "team"}) == ["a", "b", "c"]
    assert names({"Key": "team", "Values": ["red"]}, {"Key": "cluster", "Values": ["two"]}) == []


def test_pages_show_everything_once(local, tagging):
    secrets = local.client("secretsmanager")
    for number in range(7):
        secrets.create_secret(Name=f"s{number}", SecretString="x", Tags=tags(cluster="one"))
    found, token, pages = [], "", 0
    while pages == 0 or token:
        page = tagging.get_resources(TagFilters=CLUSTER, ResourcesPerPage=3, PaginationToken=token)
        found += [mapping["ResourceARN"] for mapping in page["ResourceTagMappingList"]]
        token, pages = page["PaginationToken"], pages + 1
    assert (len(set(found)), len(found), pages) == (7, 7, 3)
    assert page["ResourceTagMappingList"][0]["Tags"] == tags(cluster="one")


def test_nodes_and_a_final_snapshot_have_the_tags_of_their_group(local, tagging):
    cache = local.client("elasticache")
    cache.create_replication_group(
        ReplicationGroupId="orders", ReplicationGroupDescription="x", Engine="valkey", EngineVersion="8.1",
        CacheNodeType="cache.t4g.small", NumCacheClusters=2, AutomaticFailoverEnabled=True, TransitEncryptionEnabled=True,
        Tags=tags(cluster="one"),
    )
    kinds = [arn.split(":")[5] for arn in arns(tagging, TagFilters=CLUSTER)]
    assert kinds == ["cluster", "cluster", "replicationgroup"]
    cache.delete_replication_group(ReplicationGroupId="orders", FinalSnapshotIdentifier="orders-final")
    assert [arn.split(":")[5] for arn in arns(tagging, TagFilters=CLUSTER)] == ["snapshot"]


def test_a_secret_that_waits_for_its_deletion_is_still_there(local, tagging):
    secrets = local.client("secretsmanager")
    arn = secrets.create_secret(Name="orders", SecretString="x", Tags=tags(cluster="one"))["ARN"]
    secrets.delete_secret(SecretId=arn)
    assert arns(tagging, TagFilters=CLUSTER) == [arn]


def test_what_cannot_be_meant_is_refused(tagging, refused):
    for parameters in [
        {"PaginationToken": "nonsense"},
        {"TagFilters": [{"Key": "a"}, {"Key": "a"}]},
        {"ResourcesPerPage": 101},
        {"ResourceTypeFilters": [":x"]},
    ]:
        refusal = refused(tagging.get_resources, **parameters)
        assert (refusal.code, refusal.status) == ("InvalidParameterException", 400), parameters


def test_a_denied_call_names_the_action(local, tagging, refused):
    local.admin("POST", "faults", [{"operation": "tagging:GetResources", "effect": "denyAccess"}])
    refusal = refused(tagging.get_resources)
    assert refusal.code == "AccessDeniedException"
    assert "perform: tag:GetResources" in refusal.message
