"""Request quotas are on unless they are switched off."""

import pytest
from botocore.exceptions import ClientError


def outcomes(call, times):
    codes = []
    for _ in range(times):
        try:
            call()
            codes.append("ok")
        except ClientError as error:
            codes.append(error.response["Error"]["Code"])
    return codes


def test_a_quota_is_a_burst_that_refills(start):
    secrets = start().client("secretsmanager")
    seen = outcomes(lambda: secrets.restore_secret(SecretId="nothing"), 400)
    assert seen[:50] == ["ResourceNotFoundException"] * 50
    assert "ThrottlingException" in seen


def test_lambda_says_when_to_come_back(start, refused):
    functions = start().client("lambda")

    def until_throttled(**_):
        while True:
            try:
                functions.get_policy(FunctionName="a")
            except ClientError as error:
                if error.response["Error"]["Code"] != "ResourceNotFoundException":
                    raise

    refusal = refused(until_throttled)
    assert (refusal.code, refusal.status) == ("TooManyRequestsException", 429)
    assert int(refusal.headers["retry-after"]) >= 1


def test_every_account_and_region_has_its_own_quota(start):
    local = start()
    first = local.client("lambda")
    assert "TooManyRequestsException" in outcomes(lambda: first.get_policy(FunctionName="a"), 60)
    for other in (local.client("lambda", region="us-east-1"), local.client("lambda", account="444455556666")):
        assert outcomes(lambda: other.get_policy(FunctionName="a"), 1) == ["ResourceNotFoundException"]


def test_the_quota_of_an_operation_is_its_own(start):
    functions = start().client("lambda")
    assert "TooManyRequestsException" in outcomes(lambda: functions.get_policy(FunctionName="a"), 60)
    assert outcomes(lambda: functions.get_function(FunctionName="a"), 1) == ["ResourceNotFoundException"]


def test_without_quotas_nothing_is_throttled(start):
    functions = start("--no-quotas").client("lambda")
    assert set(outcomes(lambda: functions.get_policy(FunctionName="a"), 200)) == {"ResourceNotFoundException"}


@pytest.mark.parametrize("argument", ["--delays=never", "--delay=sleeping=1s", "--key=onlyhalf"])
def test_a_setting_with_a_mistake_stops_the_start(start, argument):
    with pytest.raises(AssertionError):
        start(argument)
