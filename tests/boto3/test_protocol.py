"""What every service has in common: protocols, accounts, errors, persistence."""

import pytest
from botocore.exceptions import ClientError


def test_sts_says_whose_key_it_is(local):
    identity = local.client("sts", account="444455556666").get_caller_identity()
    assert identity["Account"] == "444455556666"
    assert identity["Arn"].startswith("arn:aws:iam::444455556666:")


def test_an_ordinary_access_key_belongs_to_the_default_account(local):
    assert local.client("sts", account="AKIAIOSFODNN7EXAMPLE").get_caller_identity()["Account"] == "000000000000"


def test_a_configured_key_belongs_to_the_account_it_was_given(start):
    local = start("--key", "AKIAEXAMPLE:sesame:777788889999")
    assert local.client("sts", account="AKIAEXAMPLE").get_caller_identity()["Account"] == "777788889999"


def test_accounts_and_regions_are_kept_apart(local):
    local.client("secretsmanager").create_secret(Name="here", SecretString="value")
    elsewhere = [
        local.client("secretsmanager", account="444455556666"),
        local.client("secretsmanager", region="us-east-1"),
    ]
    for client in elsewhere:
        assert client.list_secrets()["SecretList"] == []
        client.create_secret(Name="here", SecretString="other")
    assert local.client("secretsmanager").get_secret_value(SecretId="here")["SecretString"] == "value"


@pytest.mark.parametrize(
    "service, call",
    [
        ("secretsmanager", lambda client: client.get_resource_policy(SecretId="a")),
        ("elasticache", lambda client: client.purchase_reserved_cache_nodes_offering(ReservedCacheNodesOfferingId="a")),
        ("lambda", lambda client: client.list_layers()),
        ("apigateway", lambda client: client.get_sdk_types()),
        ("sts", lambda client: client.get_session_token()),
    ],
)
def test_an_operation_that_is_not_there_is_named(local, service, call):
    with pytest.raises(ClientError) as caught:
        call(local.client(service))
    assert caught.value.response["Error"]["Code"] == "UnknownOperationException"
    assert service in caught.value.response["Error"]["Message"]


def test_a_parameter_that_is_not_there_is_named(local, refused):
    create = local.client("secretsmanager").create_secret
    refusal = refused(create, Name="a", SecretString="b", AddReplicaRegions=[{"Region": "us-east-1"}])
    assert refusal.code == "SerializationException"
    assert "AddReplicaRegions" in refusal.message


def test_an_unsigned_request_is_refused(local):
    status, body, _ = local.http("POST", "/", {}, {"X-Amz-Target": "secretsmanager.ListSecrets"})
    assert status == 403
    assert b"MissingAuthenticationToken" in body


def test_every_reply_has_a_request_id_of_its_own(local):
    secrets = local.client("secretsmanager")
    ids = {secrets.list_secrets()["ResponseMetadata"]["RequestId"] for _ in range(3)}
    assert len(ids) == 3


def test_the_world_survives_a_restart(start, tmp_path):
    state = str(tmp_path / "state")
    first = start("--state-dir", state)
    created = first.client("secretsmanager").create_secret(Name="kept", SecretString="value", Tags=[{"Key": "a", "Value": "b"}])
    first.admin("PUT", "lambda/handler", {"account": "111122223333", "region": "eu-west-1"})
    first.stop()
    second = start("--state-dir", state)
    secret = second.client("secretsmanager").describe_secret(SecretId="kept")
    assert secret["ARN"] == created["ARN"]
    assert secret["Tags"] == [{"Key": "a", "Value": "b"}]
    assert second.client("lambda").get_function(FunctionName="handler")["Configuration"]["State"] == "Active"


def test_what_was_answered_survives_a_kill(start, tmp_path):
    state = str(tmp_path / "state")
    first = start("--state-dir", state)
    first.client("secretsmanager").create_secret(Name="kept", SecretString="value")
    first.process.kill()
    first.process.wait()
    second = start("--state-dir", state)
    assert second.client("secretsmanager").get_secret_value(SecretId="kept")["SecretString"] == "value"


def test_a_state_that_cannot_be_read_stops_the_start(start, tmp_path):
    (tmp_path / "state.json").write_text("{")
    local = start("--state-dir", str(tmp_path))
    assert local.process.wait(timeout=20) != 0


def test_reset_forgets_everything(local):
    secrets = local.client("secretsmanager")
    secrets.create_secret(Name="a", SecretString="b")
    local.admin("POST", "faults", [{"operation": "*", "effect": "denyAccess", "count": 0}])
    local.admin("POST", "reset")
    assert secrets.list_secrets()["SecretList"] == []
    assert local.admin("GET", "faults") == []


def test_the_admin_api_names_what_it_does_not_have(local):
    status, body, _ = local.http("GET", "/_local/nothing")
    assert status == 404
    assert b"/_local/nothing" in body


def test_health_is_ok(local):
    assert local.admin("GET", "health") == {"status": "ok"}
