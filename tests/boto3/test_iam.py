"""IAM: the inline policies of roles that are there."""

import json

import pytest

from conftest import ACCOUNT, REGION

CONNECT = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "elasticache:Connect", "Resource": "arn:aws:elasticache:*:*:user:app"}],
}


@pytest.fixture
def iam(local):
    assert local.admin("PUT", "iam/orders", {"account": ACCOUNT}) == {"arn": f"arn:aws:iam::{ACCOUNT}:role/orders"}
    return local.client("iam")


def put(iam, name="cache", document=CONNECT, role="orders"):
    return iam.put_role_policy(RoleName=role, PolicyName=name, PolicyDocument=json.dumps(document))


def get(iam, name="cache", role="orders"):
    return iam.get_role_policy(RoleName=role, PolicyName=name)


def test_a_policy_is_put_read_replaced_and_deleted(local, iam, refused):
    put(iam)
    assert get(iam)["PolicyDocument"] == CONNECT
    more = {**CONNECT, "Statement": CONNECT["Statement"] * 2}
    put(iam, document=more)
    assert get(local.client("iam", region="us-east-1"))["PolicyDocument"] == more, "IAM is global"
    iam.delete_role_policy(RoleName="orders", PolicyName="cache")
    assert refused(get, iam=iam).code == "NoSuchEntity"


def test_what_is_not_there_is_no_entity(iam, refused):
    for operation, parameters in [
        (iam.get_role_policy, {}),
        (iam.delete_role_policy, {}),
        (iam.put_role_policy, {"PolicyDocument": json.dumps(CONNECT)}),
    ]:
        refusal = refused(operation, RoleName="gone", PolicyName="cache", **parameters)
        assert (refusal.code, refusal.status) == ("NoSuchEntity", 404)
        assert "role with name gone" in refusal.message
    assert refused(iam.delete_role_policy, RoleName="orders", PolicyName="gone").code == "NoSuchEntity"


def test_a_function_has_its_role(local):
    role = f"arn:aws:iam::{ACCOUNT}:role/service-role/handler"
    local.admin("PUT", "lambda/handler", {"account": ACCOUNT, "region": REGION, "configuration": {"Role": role}})
    iam = local.client("iam")
    put(iam, role="handler")
    assert get(iam, role="handler")["PolicyDocument"] == CONNECT


def test_the_inline_policies_of_a_role_have_at_most_10240_characters_without_white_space(iam, refused):
    def large(characters):
        return {**CONNECT, "Id": "x" * characters + " " * 20_000}

    put(iam, "one", large(5_000))
    refusal = refused(put, iam=iam, name="two", document=large(5_000))
    assert (refusal.code, refusal.status) == ("LimitExceeded", 409)
    assert refused(get, iam=iam, name="two").code == "NoSuchEntity"
    put(iam, "one", large(9_000))


@pytest.mark.parametrize("document", ["nothing", "{}", "[]"])
def test_what_is_no_policy_is_refused(iam, refused, document):
    refusal = refused(iam.put_role_policy, RoleName="orders", PolicyName="cache", PolicyDocument=document)
    assert (refusal.code, refusal.status) == ("MalformedPolicyDocument", 400)


def test_a_denied_call_names_action_and_role(local, iam, refused):
    local.admin("POST", "faults", [{"operation": "iam:PutRolePolicy", "effect": "denyAccess"}])
    refusal = refused(put, iam=iam)
    assert (refusal.code, refusal.status) == ("AccessDenied", 403)
    assert f"iam:PutRolePolicy on resource: arn:aws:iam::{ACCOUNT}:role/orders" in refusal.message
    put(iam)


def test_a_role_is_assumed_by_the_account_that_it_trusts_with_the_external_id_that_it_asks_for(local, refused):
    other = "222233334444"
    arn = f"arn:aws:iam::{other}:role/orders"
    trust = {"account": ACCOUNT, "externalId": "shop"}
    assert local.admin("PUT", "iam/orders", {"account": other, "trust": trust}) == {"arn": arn}
    sts = local.client("sts")
    reply = sts.assume_role(RoleArn=arn, RoleSessionName="test", ExternalId="shop")
    credentials = reply["Credentials"]
    assert credentials["AccessKeyId"].startswith("ASIA") and len(credentials["AccessKeyId"]) == 20
    assert reply["AssumedRoleUser"]["Arn"] == f"arn:aws:sts::{other}:assumed-role/orders/test"
    assert local.client("sts", account=credentials["AccessKeyId"]).get_caller_identity()["Account"] == other

    for parameters in [
        {"RoleArn": arn},
        {"RoleArn": arn, "ExternalId": "other"},
        {"RoleArn": f"arn:aws:iam::{other}:role/gone", "ExternalId": "shop"},
    ]:
        refusal = refused(sts.assume_role, RoleSessionName="test", **parameters)
        assert (refusal.code, refusal.status) == ("AccessDenied", 403)
        assert "sts:AssumeRole on resource" in refusal.message
    stranger = local.client("sts", account="555566667777")
    assert refused(stranger.assume_role, RoleArn=arn, RoleSessionName="test", ExternalId="shop").code == "AccessDenied"
