"""Secrets Manager: life cycle, versions and labels, deletion, listing."""

import string
from datetime import datetime, timedelta, timezone
from uuid import uuid4

import pytest


@pytest.fixture
def secrets(local):
    return local.client("secretsmanager")


@pytest.fixture
def secret(secrets):
    """A secret with one version, and that version's id."""
    return secrets.create_secret(Name="orders", SecretString="one", Tags=[{"Key": "owner", "Value": "me"}])


def put(secrets, value, *labels):
    more = {"VersionStages": list(labels)} if labels else {}
    return secrets.put_secret_value(SecretId="orders", SecretString=value, **more)["VersionId"]


def labels(secrets):
    stages = secrets.describe_secret(SecretId="orders")["VersionIdsToStages"]
    return {label: version for version, labels in stages.items() for label in labels}


def value(secrets, **which):
    return secrets.get_secret_value(SecretId="orders", **which)["SecretString"]


def move(secrets, label, **versions):
    return secrets.update_secret_version_stage(SecretId="orders", VersionStage=label, **versions)


# Creating


def test_a_created_secret_can_be_read(secrets, secret):
    read = secrets.get_secret_value(SecretId="orders")
    assert (read["SecretString"], read["VersionStages"]) == ("one", ["AWSCURRENT"])
    assert read["VersionId"] == secret["VersionId"]
    described = secrets.describe_secret(SecretId="orders")
    assert described["ARN"] == secret["ARN"]
    assert described["Tags"] == [{"Key": "owner", "Value": "me"}]
    assert abs(described["CreatedDate"] - datetime.now(timezone.utc)) < timedelta(minutes=1)
    assert "DeletedDate" not in described


def test_a_secret_is_found_by_name_arn_and_partial_arn(secrets, secret):
    for id in ("orders", secret["ARN"], secret["ARN"][:-7]):
        assert secrets.describe_secret(SecretId=id)["Name"] == "orders"


def test_the_arn_ends_in_six_random_characters(secret):
    name, suffix = secret["ARN"].rsplit("-", 1)
    assert name.endswith(":secret:orders")
    assert len(suffix) == 6


def test_a_binary_secret_is_read_as_it_was_written(secrets):
    secrets.create_secret(Name="binary", SecretBinary=b"\x00\xff")
    assert secrets.get_secret_value(SecretId="binary")["SecretBinary"] == b"\x00\xff"


def test_a_secret_without_a_value_has_no_version(secrets, refused):
    assert "VersionId" not in secrets.create_secret(Name="empty")
    assert refused(secrets.get_secret_value, SecretId="empty").code == "ResourceNotFoundException"
    secrets.put_secret_value(SecretId="empty", SecretString="late", VersionStages=["AWSPENDING"])
    assert secrets.get_secret_value(SecretId="empty")["SecretString"] == "late"


def test_the_same_token_and_value_create_once(secrets):
    token = str(uuid4())
    first, second = (secrets.create_secret(Name="a", SecretString="b", ClientRequestToken=token) for _ in range(2))
    assert first["ARN"] == second["ARN"]
    assert first["VersionId"] == second["VersionId"] == token


@pytest.mark.parametrize("token, value", [("same", "other"), ("other", "b")])
def test_a_taken_name_is_refused(secrets, refused, token, value):
    tokens = {"same": str(uuid4()), "other": str(uuid4())}
    secrets.create_secret(Name="a", SecretString="b", ClientRequestToken=tokens["same"])
    refusal = refused(secrets.create_secret, Name="a", SecretString=value, ClientRequestToken=tokens[token])
    assert (refusal.code, refusal.status) == ("ResourceExistsException", 400)


@pytest.mark.parametrize(
    "parameters, code, reason",
    [
        (dict(Name="in valid", SecretString="a"), "ValidationException", "a space in the name"),
        (dict(Name="n" * 513, SecretString="a"), "ValidationException", "a name that is too long"),
        (dict(Name="a", SecretString="v" * 65537), "ValidationException", "a value that is too long"),
        (dict(Name="a", SecretString="a", SecretBinary=b"b"), "InvalidParameterException", "two values"),
        (dict(Name="a", Tags=[{"Key": "aws:x", "Value": ""}]), "InvalidParameterException", "a reserved tag"),
        (dict(Name="a", Tags=[{"Key": "x", "Value": "a;b"}]), "InvalidParameterException", "a character in a tag"),
        (
            dict(Name="a", Tags=[{"Key": f"k{n}", "Value": ""} for n in range(51)]),
            "InvalidParameterException",
            "too many tags",
        ),
    ],
    ids=lambda p: p if isinstance(p, str) and " " in p else "",
)
def test_a_bad_secret_is_refused(secrets, refused, parameters, code, reason):
    assert refused(secrets.create_secret, **parameters).code == code, reason
    assert secrets.list_secrets()["SecretList"] == []


# Versions and labels


def test_putting_a_value_moves_current_and_previous(secrets, secret):
    second = put(secrets, "two")
    assert labels(secrets) == {"AWSCURRENT": second, "AWSPREVIOUS": secret["VersionId"]}
    third = put(secrets, "three")
    assert labels(secrets) == {"AWSCURRENT": third, "AWSPREVIOUS": second}
    assert value(secrets) == "three"
    assert value(secrets, VersionStage="AWSPREVIOUS") == "two"
    assert value(secrets, VersionId=secret["VersionId"]) == "one"


def test_a_pending_value_leaves_current_alone_and_takes_the_label_from_another(secrets, secret):
    put(secrets, "two", "AWSPENDING")
    third = put(secrets, "three", "AWSPENDING")
    assert labels(secrets) == {"AWSCURRENT": secret["VersionId"], "AWSPENDING": third}
    assert value(secrets) == "one"


def test_the_same_token_and_value_put_once(secrets, secret):
    token = str(uuid4())
    for _ in range(2):
        answer = secrets.put_secret_value(SecretId="orders", SecretString="two", ClientRequestToken=token)
        assert (answer["VersionId"], answer["VersionStages"]) == (token, ["AWSCURRENT"])
    assert labels(secrets) == {"AWSCURRENT": token, "AWSPREVIOUS": secret["VersionId"]}


def test_the_same_token_with_another_value_is_refused(secrets, secret, refused):
    refusal = refused(
        secrets.put_secret_value, SecretId="orders", SecretString="two", ClientRequestToken=secret["VersionId"]
    )
    assert refusal.code == "ResourceExistsException"
    assert value(secrets) == "one"


def test_a_put_needs_a_value(secrets, secret, refused):
    assert refused(secrets.put_secret_value, SecretId="orders").code == "InvalidRequestException"


def test_promotion_is_a_compare_and_set(secrets, secret, refused):
    first, second = secret["VersionId"], put(secrets, "two", "AWSPENDING")
    promote = dict(MoveToVersionId=second, RemoveFromVersionId=first)
    move(secrets, "AWSCURRENT", **promote)
    assert labels(secrets) == {"AWSCURRENT": second, "AWSPENDING": second, "AWSPREVIOUS": first}
    refusal = refused(move, secrets=secrets, label="AWSCURRENT", **promote)
    assert refusal.code == "InvalidParameterException"


def test_moving_current_without_naming_its_holder_is_refused(secrets, secret, refused):
    second = put(secrets, "two", "AWSPENDING")
    refusal = refused(move, secrets=secrets, label="AWSCURRENT", MoveToVersionId=second)
    assert refusal.code == "InvalidParameterException"
    assert secret["VersionId"] in refusal.message


def test_current_cannot_be_taken_away(secrets, secret, refused):
    refusal = refused(move, secrets=secrets, label="AWSCURRENT", RemoveFromVersionId=secret["VersionId"])
    assert refusal.code == "InvalidParameterException"


def test_a_rollback_swaps_current_and_previous(secrets, secret):
    first, second = secret["VersionId"], put(secrets, "two")
    move(secrets, "AWSCURRENT", MoveToVersionId=first, RemoveFromVersionId=second)
    assert labels(secrets) == {"AWSCURRENT": first, "AWSPREVIOUS": second}


def test_a_pending_label_can_be_dropped(secrets, secret):
    second = put(secrets, "two", "AWSPENDING")
    move(secrets, "AWSPENDING", RemoveFromVersionId=second)
    assert labels(secrets) == {"AWSCURRENT": secret["VersionId"]}


def test_a_label_cannot_move_to_a_version_that_is_not_there(secrets, secret, refused):
    refusal = refused(move, secrets=secrets, label="EXTRA", MoveToVersionId=str(uuid4()))
    assert refusal.code == "InvalidParameterException"


def test_a_version_and_a_label_must_belong_together(secrets, secret, refused):
    put(secrets, "two")
    refusal = refused(value, secrets=secrets, VersionId=secret["VersionId"], VersionStage="AWSCURRENT")
    assert refusal.code == "InvalidRequestException"


def test_versions_are_listed_in_pages_and_without_the_deprecated(secrets, secret):
    for number in range(4):
        put(secrets, f"value {number}")

    def listed(**more):
        page = secrets.list_secret_version_ids(SecretId="orders", MaxResults=2, **more)
        versions = page["Versions"]
        while "NextToken" in page:
            page = secrets.list_secret_version_ids(SecretId="orders", MaxResults=2, NextToken=page["NextToken"], **more)
            versions += page["Versions"]
        return [version["VersionId"] for version in versions]

    assert sorted(listed()) == sorted(labels(secrets).values())
    assert len(set(listed(IncludeDeprecated=True))) == 5


def test_update_changes_description_and_value(secrets, secret):
    answer = secrets.update_secret(SecretId="orders", Description="about orders", SecretString="two")
    assert answer["VersionId"] == labels(secrets)["AWSCURRENT"]
    described = secrets.describe_secret(SecretId="orders")
    assert described["Description"] == "about orders"
    assert "VersionId" not in secrets.update_secret(SecretId="orders", Description="more")
    assert value(secrets) == "two"


def test_twenty_labels_are_enough(secrets, secret, refused):
    put(secrets, "two", *[f"LABEL{number}" for number in range(19)])
    refusal = refused(
        secrets.put_secret_value, SecretId="orders", SecretString="three", VersionStages=["ONE", "MORE"]
    )
    assert refusal.code == "LimitExceededException"
    assert "MORE" not in labels(secrets)


def test_a_hundred_young_versions_are_enough(secrets, secret, refused):
    def fill(**_):
        for number in range(100):
            put(secrets, f"value {number}")

    assert refused(fill).code == "LimitExceededException"
    assert value(secrets) == "value 98"


def test_a_version_says_when_it_was_created_by_id_and_by_stage(secrets, secret):
    second = put(secrets, "two", "AWSPENDING")
    for which in (dict(VersionId=second), dict(VersionStage="AWSPENDING")):
        read = secrets.get_secret_value(SecretId="orders", **which)
        assert (read["VersionId"], read["VersionStages"]) == (second, ["AWSPENDING"])
        assert abs(read["CreatedDate"] - datetime.now(timezone.utc)) < timedelta(minutes=1)


def test_labels_can_lag_behind_in_a_description(local, secrets, secret):
    second = put(secrets, "two")
    local.admin("POST", "faults", [{"operation": "secretsmanager:DescribeSecret", "effect": "stale"}])
    assert labels(secrets) == {"AWSCURRENT": secret["VersionId"]}
    assert labels(secrets) == {"AWSCURRENT": second, "AWSPREVIOUS": secret["VersionId"]}


# Native rotation

FUNCTION = "arn:aws:lambda:eu-west-1:111122223333:function:rotate"


def switch_on(secrets, **more):
    parameters = dict(SecretId="orders", RotationLambdaARN=FUNCTION, RotationRules={"AutomaticallyAfterDays": 30})
    return secrets.rotate_secret(**{**parameters, **more})


def test_native_rotation_is_switched_on_and_off(secrets, secret):
    assert "RotationEnabled" not in secrets.describe_secret(SecretId="orders")
    switch_on(secrets, RotateImmediately=False)
    described = secrets.describe_secret(SecretId="orders")
    assert (described["RotationEnabled"], described["RotationLambdaARN"]) == (True, FUNCTION)
    assert described["RotationRules"] == {"AutomaticallyAfterDays": 30}
    month = datetime.now(timezone.utc) + timedelta(days=30)
    assert abs(described["NextRotationDate"] - month) < timedelta(minutes=1)
    assert labels(secrets) == {"AWSCURRENT": secret["VersionId"]}
    secrets.cancel_rotate_secret(SecretId="orders")
    described = secrets.describe_secret(SecretId="orders")
    assert described["RotationEnabled"] is False
    assert "NextRotationDate" not in described
    assert secrets.list_secrets()["SecretList"][0]["RotationEnabled"] is False


def test_a_rotation_that_was_started_leaves_a_pending_version_without_a_value(secrets, secret, refused):
    token = switch_on(secrets)["VersionId"]
    assert labels(secrets) == {"AWSCURRENT": secret["VersionId"], "AWSPENDING": token}
    for which in (dict(VersionId=token), dict(VersionStage="AWSPENDING")):
        refusal = refused(secrets.get_secret_value, SecretId="orders", **which)
        assert refusal.code == "ResourceNotFoundException"
    assert refused(switch_on, secrets=secrets).code == "InvalidRequestException"
    assert secrets.cancel_rotate_secret(SecretId="orders")["VersionId"] == token
    assert labels(secrets)["AWSPENDING"] == token
    move(secrets, "AWSPENDING", RemoveFromVersionId=token)
    switch_on(secrets)


def test_the_rotation_function_puts_its_value_into_the_pending_version(secrets, secret):
    token = switch_on(secrets)["VersionId"]
    for _ in range(2):
        secrets.put_secret_value(
            SecretId="orders", ClientRequestToken=token, SecretString="two", VersionStages=["AWSPENDING"]
        )
    assert value(secrets, VersionStage="AWSPENDING") == "two"
    assert value(secrets) == "one"


@pytest.mark.parametrize(
    "parameters, code, reason",
    [
        (dict(RotationLambdaARN=None), "InvalidRequestException", "no function"),
        (dict(RotationRules={"AutomaticallyAfterDays": 1, "ScheduleExpression": "rate(4 hours)"}), "InvalidParameterException", "two schedules"),
        (dict(RotationRules={"ScheduleExpression": "hourly"}), "InvalidParameterException", "no schedule"),
        (dict(RotationRules={"AutomaticallyAfterDays": 1, "Duration": "30h"}), "InvalidParameterException", "more than a day"),
    ],
    ids=lambda p: p if isinstance(p, str) and " " in p else "",
)
def test_a_bad_rotation_is_refused_and_changes_nothing(secrets, secret, refused, parameters, code, reason):
    def rotate():
        more = {**dict(RotationLambdaARN=FUNCTION), **parameters}
        secrets.rotate_secret(SecretId="orders", **{key: value for key, value in more.items() if value is not None})

    assert refused(rotate).code == code, reason
    assert "RotationEnabled" not in secrets.describe_secret(SecretId="orders")
    assert labels(secrets) == {"AWSCURRENT": secret["VersionId"]}


def test_rotation_that_was_never_configured_cannot_be_cancelled(secrets, secret, refused):
    assert refused(secrets.cancel_rotate_secret, SecretId="orders").code == "InvalidRequestException"


# Deleting


def test_a_deleted_secret_waits_holds_its_name_and_comes_back(secrets, secret, refused):
    answer = secrets.delete_secret(SecretId="orders", RecoveryWindowInDays=7)
    week = datetime.now(timezone.utc) + timedelta(days=7)
    assert abs(answer["DeletionDate"] - week) < timedelta(minutes=1)
    assert secrets.describe_secret(SecretId="orders")["DeletedDate"] == answer["DeletionDate"]
    for operation, parameters in [
        (secrets.get_secret_value, {}),
        (secrets.put_secret_value, {"SecretString": "two"}),
        (secrets.update_secret, {"Description": "d"}),
        (secrets.rotate_secret, {"RotationLambdaARN": "arn:aws:lambda:eu-west-1:111122223333:function:rotate"}),
        (secrets.cancel_rotate_secret, {}),
        (secrets.tag_resource, {"Tags": [{"Key": "a", "Value": "b"}]}),
        (secrets.untag_resource, {"TagKeys": ["a"]}),
        (secrets.delete_secret, {}),
    ]:
        assert refused(operation, SecretId="orders", **parameters).code == "InvalidRequestException"
    refusal = refused(secrets.create_secret, Name="orders", SecretString="new")
    assert refusal.code == "InvalidRequestException"
    assert "already scheduled for deletion" in refusal.message
    secrets.restore_secret(SecretId="orders")
    assert value(secrets) == "one"
    assert "DeletedDate" not in secrets.describe_secret(SecretId="orders")


def test_the_window_is_thirty_days_unless_said(secrets, secret):
    date = secrets.delete_secret(SecretId="orders")["DeletionDate"]
    assert abs(date - datetime.now(timezone.utc) - timedelta(days=30)) < timedelta(minutes=1)


@pytest.mark.parametrize("days", [6, 31])
def test_the_window_has_bounds(secrets, secret, refused, days):
    refusal = refused(secrets.delete_secret, SecretId="orders", RecoveryWindowInDays=days)
    assert refusal.code == "InvalidParameterException"


def test_force_and_window_exclude_each_other(secrets, secret, refused):
    parameters = dict(SecretId="orders", RecoveryWindowInDays=7, ForceDeleteWithoutRecovery=True)
    assert refused(secrets.delete_secret, **parameters).code == "InvalidParameterException"


def test_a_forced_deletion_is_final(secrets, secret, refused):
    secrets.delete_secret(SecretId="orders", ForceDeleteWithoutRecovery=True)
    assert refused(secrets.restore_secret, SecretId="orders").code == "ResourceNotFoundException"
    created = secrets.create_secret(Name="orders", SecretString="new")
    assert created["ARN"] != secret["ARN"]
    assert secrets.describe_secret(SecretId="orders").get("Tags", []) == []


def test_a_forced_deletion_holds_the_name_for_a_moment(start, refused):
    secrets = start("--delay", "secret-deleting=1h").client("secretsmanager")
    secrets.create_secret(Name="orders", SecretString="one")
    secrets.delete_secret(SecretId="orders", ForceDeleteWithoutRecovery=True)
    assert refused(secrets.describe_secret, SecretId="orders").code == "ResourceNotFoundException"
    assert refused(secrets.create_secret, Name="orders", SecretString="two").code == "InvalidRequestException"


def test_a_scheduled_secret_can_still_be_forced(secrets, secret, refused):
    secrets.delete_secret(SecretId="orders")
    secrets.delete_secret(SecretId="orders", ForceDeleteWithoutRecovery=True)
    assert refused(secrets.describe_secret, SecretId="orders").code == "ResourceNotFoundException"


def test_forcing_what_is_not_there_is_no_error_but_deleting_it_is(secrets, refused):
    assert secrets.delete_secret(SecretId="nothing", ForceDeleteWithoutRecovery=True)["Name"] == "nothing"
    assert refused(secrets.delete_secret, SecretId="nothing").code == "ResourceNotFoundException"


def test_restoring_a_secret_that_is_not_deleted_changes_nothing(secrets, secret):
    assert secrets.restore_secret(SecretId="orders")["ARN"] == secret["ARN"]


# Tags and listing


def test_tags_are_added_changed_and_taken_away(secrets, secret):
    secrets.tag_resource(SecretId="orders", Tags=[{"Key": "owner", "Value": "you"}, {"Key": "b", "Value": ""}])
    secrets.untag_resource(SecretId="orders", TagKeys=["b", "never there"])
    assert secrets.describe_secret(SecretId="orders")["Tags"] == [{"Key": "owner", "Value": "you"}]


def names(secrets, **parameters):
    pages = secrets.get_paginator("list_secrets").paginate(PaginationConfig={"PageSize": 3}, **parameters)
    return [secret["Name"] for page in pages for secret in page["SecretList"]]


def test_secrets_are_listed_in_pages(secrets):
    wanted = [f"secret-{number:02}" for number in range(10)]
    for name in reversed(wanted):
        secrets.create_secret(Name=name, SecretString="a")
    assert names(secrets) == wanted


def test_a_secret_that_goes_between_two_pages_shifts_nothing(secrets):
    for name in "abcdef":
        secrets.create_secret(Name=name, SecretString="x")
    first = secrets.list_secrets(MaxResults=3)
    secrets.delete_secret(SecretId="b")
    second = secrets.list_secrets(MaxResults=3, NextToken=first["NextToken"])
    assert [secret["Name"] for secret in second["SecretList"]] == ["d", "e", "f"]
    assert "NextToken" not in second


def test_a_token_that_was_never_given_is_refused(secrets, refused):
    assert refused(secrets.list_secrets, NextToken="not a token").code == "InvalidNextTokenException"


def test_what_waits_for_deletion_is_listed_only_when_asked_for(secrets, secret):
    secrets.delete_secret(SecretId="orders")
    assert names(secrets) == []
    assert names(secrets, IncludePlannedDeletion=True) == ["orders"]


@pytest.mark.parametrize(
    "key, values, wanted",
    [
        ("name", ["cachedapi/"], ["cachedapi/one", "cachedapi/two"]),
        ("name", ["Cachedapi/"], []),
        ("name", ["other", "cachedapi/t"], ["cachedapi/two", "other"]),
        ("name", ["!cachedapi/"], ["other"]),
        ("tag-key", ["cachedapi.dev/owner-uid"], ["cachedapi/one", "cachedapi/two"]),
        ("tag-value", ["uid-2"], ["cachedapi/two"]),
        ("description", ["SECOND"], ["cachedapi/two"]),
        ("all", ["second"], ["cachedapi/two"]),
    ],
)
def test_secrets_are_filtered(secrets, key, values, wanted):
    tag = lambda uid: [{"Key": "cachedapi.dev/owner-uid", "Value": uid}]
    secrets.create_secret(Name="cachedapi/one", SecretString="a", Description="the first one", Tags=tag("uid-1"))
    secrets.create_secret(Name="cachedapi/two", SecretString="a", Description="the second one", Tags=tag("uid-2"))
    secrets.create_secret(Name="other", SecretString="a")
    assert names(secrets, Filters=[{"Key": key, "Values": values}]) == wanted


def test_all_filters_must_fit(secrets):
    secrets.create_secret(Name="a1", SecretString="a", Description="x")
    secrets.create_secret(Name="a2", SecretString="a", Description="y")
    filters = [{"Key": "name", "Values": ["a"]}, {"Key": "description", "Values": ["y"]}]
    assert names(secrets, Filters=filters) == ["a2"]


# Passwords


def test_a_random_password_has_every_type_and_nothing_excluded(secrets):
    excluded = "/@\"'\\"
    for _ in range(20):
        password = secrets.get_random_password(PasswordLength=8, ExcludeCharacters=excluded)["RandomPassword"]
        assert len(password) == 8
        assert not set(password) & set(excluded)
        for type in (string.ascii_lowercase, string.ascii_uppercase, string.digits, string.punctuation):
            assert set(password) & set(type)


def test_two_random_passwords_differ(secrets):
    assert len({secrets.get_random_password()["RandomPassword"] for _ in range(5)}) == 5


def test_types_can_be_excluded(secrets, refused):
    password = secrets.get_random_password(ExcludePunctuation=True, ExcludeUppercase=True)["RandomPassword"]
    assert len(password) == 32
    assert set(password) <= set(string.ascii_lowercase + string.digits)
    nothing = dict(ExcludePunctuation=True, ExcludeUppercase=True, ExcludeLowercase=True, ExcludeNumbers=True)
    assert refused(secrets.get_random_password, **nothing).code == "InvalidParameterException"
