"""Faults on request, and the log of calls."""

import time

import pytest
from botocore.exceptions import BotoCoreError, ClientError, ConnectionClosedError, HTTPClientError, ReadTimeoutError

from conftest import until


def fault(local, operation, effect, **more):
    local.admin("POST", "faults", [{"operation": operation, "effect": effect, **more}])


@pytest.fixture
def secrets(local):
    return local.client("secretsmanager")


def test_a_call_fails_with_the_code_asked_for_and_is_not_applied(local, secrets, refused):
    fault(local, "secretsmanager:CreateSecret", {"fail": {"code": "InternalServiceError", "status": 500, "message": "no"}})
    refusal = refused(secrets.create_secret, Name="a", SecretString="b")
    assert (refusal.code, refusal.status, refusal.message) == ("InternalServiceError", 500, "no")
    assert secrets.list_secrets()["SecretList"] == []
    secrets.create_secret(Name="a", SecretString="b")


def test_only_the_nth_call_is_hit_and_only_so_often(local, secrets):
    fault(local, "secretsmanager:ListSecrets", {"fail": {"code": "InternalServiceError"}}, nth=2, count=2)
    outcomes = []
    for _ in range(5):
        try:
            secrets.list_secrets()
            outcomes.append("ok")
        except ClientError as error:
            outcomes.append(error.response["Error"]["Code"])
    assert outcomes == ["ok", "InternalServiceError", "InternalServiceError", "ok", "ok"]


def test_a_fault_without_end_lasts_until_it_is_deleted(local, secrets, refused):
    fault(local, "secretsmanager:*", {"throttle": {}}, count=0)
    for _ in range(3):
        assert refused(secrets.list_secrets).code == "ThrottlingException"
    local.admin("DELETE", "faults")
    secrets.list_secrets()


def test_a_fault_hits_only_its_resource_account_and_region(local, secrets, refused):
    fault(local, "*", "denyAccess", resource="mine", count=0, account="111122223333", region="eu-west-1")
    secrets.create_secret(Name="other", SecretString="b")
    local.client("secretsmanager", region="us-east-1").create_secret(Name="mine", SecretString="b")
    local.client("secretsmanager", account="444455556666").create_secret(Name="mine", SecretString="b")
    assert refused(secrets.create_secret, Name="mine", SecretString="b").code == "AccessDeniedException"


@pytest.mark.parametrize(
    "service, call, code, status, action",
    [
        ("secretsmanager", lambda c: c.describe_secret(SecretId="a"), "AccessDeniedException", 400, "secretsmanager:DescribeSecret"),
        ("lambda", lambda c: c.get_policy(FunctionName="a"), "AccessDeniedException", 403, "lambda:GetPolicy"),
        ("sts", lambda c: c.get_caller_identity(), "AccessDenied", 403, "sts:GetCallerIdentity"),
    ],
)
def test_a_denied_action_is_named_as_iam_names_it(local, service, call, code, status, action):
    fault(local, f"{service}:*", "denyAccess")
    with pytest.raises(ClientError) as caught:
        call(local.client(service))
    response = caught.value.response
    assert response["Error"]["Code"] == code
    assert response["ResponseMetadata"]["HTTPStatusCode"] == status
    assert f"is not authorized to perform: {action} on resource" in response["Error"]["Message"]


def test_a_throttle_says_when_to_come_back_where_the_service_does(local, refused):
    fault(local, "lambda:GetPolicy", {"throttle": {"retryAfter": 7}})
    refusal = refused(local.client("lambda").get_policy, FunctionName="a")
    assert (refusal.code, refusal.status) == ("TooManyRequestsException", 429)
    assert refusal.headers["retry-after"] == "7"


def test_a_lost_reply_was_applied(local, secrets):
    fault(local, "secretsmanager:CreateSecret", "loseReply")
    with pytest.raises((ConnectionClosedError, HTTPClientError, BotoCoreError)):
        secrets.create_secret(Name="a", SecretString="b")
    assert secrets.get_secret_value(SecretId="a")["SecretString"] == "b"
    assert local.admin("GET", "calls")["log"][0]["lost"] is True


def test_a_lost_request_was_not_applied(local, secrets):
    fault(local, "secretsmanager:CreateSecret", "loseRequest")
    with pytest.raises((ConnectionClosedError, HTTPClientError, BotoCoreError)):
        secrets.create_secret(Name="a", SecretString="b")
    assert secrets.list_secrets()["SecretList"] == []


def test_a_delayed_call_takes_that_long_and_then_works(local, secrets):
    fault(local, "secretsmanager:ListSecrets", {"delay": {"ms": 300}})
    before = time.monotonic()
    secrets.list_secrets()
    assert time.monotonic() - before >= 0.3


def test_a_fault_with_a_mistake_is_refused(local):
    status, body, _ = local.http("POST", "/_local/faults", [{"operation": "*", "effect": "explode"}])
    assert status == 400
    assert b"explode" in body


def test_calls_are_logged_and_counted(local, secrets, refused):
    secrets.create_secret(Name="a", SecretString="b")
    refused(secrets.describe_secret, SecretId="nothing")
    secrets.describe_secret(SecretId="a")
    calls = local.admin("GET", "calls")
    assert calls["counts"]["secretsmanager:CreateSecret"] == {"calls": 1, "errors": {}}
    assert calls["counts"]["secretsmanager:DescribeSecret"] == {"calls": 2, "errors": {"ResourceNotFoundException": 1}}
    entry = calls["log"][1]
    missing = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:nothing-??????"
    assert (entry["action"], entry["resource"], entry["status"]) == ("secretsmanager:DescribeSecret", missing, 400)
    assert (entry["account"], entry["region"], entry["error"]) == ("111122223333", "eu-west-1", "ResourceNotFoundException")
    local.admin("DELETE", "calls")
    assert local.admin("GET", "calls") == {"counts": {}, "log": []}


def test_the_log_has_what_iam_conditions_ask_for(local, secrets):
    owner = {"Key": "cachedapi.dev/owner-uid", "Value": "uid-1"}
    created = secrets.create_secret(Name="a", SecretString="b", Tags=[owner])
    secrets.put_secret_value(SecretId="a", SecretString="c")
    create, put = local.admin("GET", "calls")["log"]
    assert create["requestTags"] == {"cachedapi.dev/owner-uid": "uid-1"}
    assert "resourceTags" not in create
    assert put["resource"] == created["ARN"]
    assert put["resourceTags"] == {"cachedapi.dev/owner-uid": "uid-1"}


def test_a_client_that_gives_up_does_not_stop_what_it_asked_for(local, secrets):
    fault(local, "secretsmanager:CreateSecret", {"delay": {"ms": 600}})
    impatient = local.client("secretsmanager", read_timeout=0.2)
    with pytest.raises(ReadTimeoutError):
        impatient.create_secret(Name="a", SecretString="b")
    until(lambda: [secret["Name"] for secret in secrets.list_secrets()["SecretList"]] == ["a"])
