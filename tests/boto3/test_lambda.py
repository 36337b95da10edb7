"""Lambda: configuration and permission."""

import json

import pytest

from conftest import ACCOUNT, REGION, until

ARN = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:handler"
GATEWAY = dict(Action="lambda:InvokeFunction", Principal="apigateway.amazonaws.com")


def seed(local, **more):
    return local.admin("PUT", "lambda/handler", {"account": ACCOUNT, "region": REGION, **more})


@pytest.fixture
def functions(local):
    seed(local, qualifiers=["live"], tags={"team": "orders"}, configuration={"Runtime": "python3.13", "Timeout": 9})
    return local.client("lambda")


def statement(id="gateway", api="abc123", **more):
    source = f"arn:aws:execute-api:{REGION}:{ACCOUNT}:{api}/*/*"
    return dict(FunctionName="handler", StatementId=id, SourceArn=source, **GATEWAY, **more)


def test_seeding_gives_the_arn(local):
    assert seed(local) == {"arn": ARN}


def test_a_seeded_function_is_shown(functions):
    answer = functions.get_function(FunctionName="handler")
    configuration = answer["Configuration"]
    assert configuration["FunctionArn"] == ARN
    assert (configuration["State"], configuration["LastUpdateStatus"]) == ("Active", "Successful")
    assert (configuration["Runtime"], configuration["Timeout"]) == ("python3.13", 9)
    assert answer["Tags"] == {"team": "orders"}


@pytest.mark.parametrize("name", ["handler", ARN, f"{ACCOUNT}:function:handler"])
def test_a_function_has_several_names(functions, name):
    assert functions.get_function_configuration(FunctionName=name)["FunctionArn"] == ARN


def test_a_qualifier_is_part_of_the_name_or_a_parameter(functions, refused):
    assert functions.get_function_configuration(FunctionName=f"{ARN}:live")["FunctionArn"] == f"{ARN}:live"
    assert functions.get_function_configuration(FunctionName="handler", Qualifier="live")["Version"] == "1"
    assert refused(functions.get_function, FunctionName="handler", Qualifier="gone").code == "ResourceNotFoundException"


def test_a_missing_function_is_not_found(functions, refused):
    refusal = refused(functions.get_function, FunctionName="nothing")
    assert (refusal.code, refusal.status) == ("ResourceNotFoundException", 404)
    assert "function:nothing" in refusal.message


def test_a_function_of_another_region_or_account_is_not_found(functions, refused):
    for arn in (ARN.replace(REGION, "us-east-1"), ARN.replace(ACCOUNT, "444455556666")):
        assert refused(functions.get_function, FunctionName=arn).code == "ResourceNotFoundException"


def test_tags_are_listed(functions, refused):
    assert functions.list_tags(Resource=ARN)["Tags"] == {"team": "orders"}
    assert refused(functions.list_tags, Resource=ARN + "x").code == "ResourceNotFoundException"


def test_a_permission_is_added_shown_and_removed(functions, refused):
    assert refused(functions.get_policy, FunctionName="handler").code == "ResourceNotFoundException"
    added = json.loads(functions.add_permission(**statement(SourceAccount=ACCOUNT))["Statement"])
    shown = functions.get_policy(FunctionName="handler")
    policy = json.loads(shown["Policy"])
    assert policy["Statement"] == [added]
    assert added == {
        "Sid": "gateway",
        "Effect": "Allow",
        "Principal": {"Service": "apigateway.amazonaws.com"},
        "Action": "lambda:InvokeFunction",
        "Resource": ARN,
        "Condition": {
            "StringEquals": {"AWS:SourceAccount": ACCOUNT},
            "ArnLike": {"AWS:SourceArn": f"arn:aws:execute-api:{REGION}:{ACCOUNT}:abc123/*/*"},
        },
    }
    functions.remove_permission(FunctionName="handler", StatementId="gateway", RevisionId=shown["RevisionId"])
    assert refused(functions.get_policy, FunctionName="handler").code == "ResourceNotFoundException"
    refusal = refused(functions.remove_permission, FunctionName="handler", StatementId="gateway")
    assert refusal.code == "ResourceNotFoundException"


def test_a_statement_id_is_used_once(functions, refused):
    functions.add_permission(**statement())
    refusal = refused(functions.add_permission, **statement())
    assert (refusal.code, refusal.status) == ("ResourceConflictException", 409)
    assert "already exists" in refusal.message


def test_a_stale_revision_id_is_refused(functions, refused):
    functions.add_permission(**statement("one"))
    stale = functions.get_policy(FunctionName="handler")["RevisionId"]
    functions.add_permission(**statement("two", RevisionId=stale))
    for refusal in (
        refused(functions.add_permission, **statement("three", RevisionId=stale)),
        refused(functions.remove_permission, FunctionName="handler", StatementId="one", RevisionId=stale),
    ):
        assert (refusal.code, refusal.status) == ("PreconditionFailedException", 412)


def test_a_qualified_policy_is_a_policy_of_its_own(functions):
    functions.add_permission(**statement(Qualifier="live"))
    functions.add_permission(**statement())
    policy = json.loads(functions.get_policy(FunctionName="handler", Qualifier="live")["Policy"])
    assert policy["Statement"][0]["Resource"] == f"{ARN}:live"


def test_a_policy_has_at_most_20_kilobytes(functions, refused):
    def fill(**_):
        for number in range(100):
            functions.add_permission(**statement(f"statement-{number}"))

    refusal = refused(fill)
    assert (refusal.code, refusal.status) == ("PolicyLengthExceededException", 400)
    assert len(functions.get_policy(FunctionName="handler")["Policy"]) <= 20480


def test_an_update_is_seen_in_progress_and_excludes_another(start, refused):
    local = start("--no-quotas", "--delay", "lambda-updating=700ms")
    seed(local)
    functions = local.client("lambda")
    updated = functions.update_function_configuration(
        FunctionName="handler", Environment={"Variables": {"SECRET_ARN": "arn"}}
    )
    assert updated["LastUpdateStatus"] == "InProgress"
    refusal = refused(functions.update_function_configuration, FunctionName="handler", Timeout=3)
    assert (refusal.code, refusal.status) == ("ResourceConflictException", 409)

    def read():
        return functions.get_function_configuration(FunctionName="handler")

    until(lambda: read()["LastUpdateStatus"] == "Successful")
    assert read()["Environment"]["Variables"] == {"SECRET_ARN": "arn"}


def test_the_environment_has_at_most_4_kilobytes(functions, refused):
    variables = {"Variables": {"LONG": "x" * 4097}}
    refusal = refused(functions.update_function_configuration, FunctionName="handler", Environment=variables)
    assert refusal.code == "InvalidParameterValueException"


# Versions and aliases


def set_variable(functions, value, **more):
    return functions.update_function_configuration(
        FunctionName="handler", Environment={"Variables": {"SECRET_VERSION": value}}, **more
    )


def variable(functions, **which):
    configuration = functions.get_function_configuration(FunctionName="handler", **which)
    return configuration.get("Environment", {}).get("Variables", {}).get("SECRET_VERSION")


def test_an_update_can_name_the_revision_it_is_for(functions, refused):
    revision = functions.get_function_configuration(FunctionName="handler")["RevisionId"]
    assert set_variable(functions, "one", RevisionId=revision)["RevisionId"] != revision
    refusal = refused(set_variable, functions=functions, value="two", RevisionId=revision)
    assert (refusal.code, refusal.status) == ("PreconditionFailedException", 412)
    assert variable(functions) == "one"


def test_a_version_is_a_copy_that_never_changes_and_an_alias_leads_to_one(functions):
    set_variable(functions, "one")
    published = functions.publish_version(FunctionName="handler", Description="first")
    assert (published["Version"], published["FunctionArn"]) == ("2", f"{ARN}:2")
    set_variable(functions, "two")
    assert [variable(functions, Qualifier=which) for which in ("1", "2", "$LATEST", "live")] == [None, "one", "two", None]
    alias = functions.get_alias(FunctionName="handler", Name="live")
    assert (alias["AliasArn"], alias["FunctionVersion"]) == (f"{ARN}:live", "1")
    moved = functions.update_alias(FunctionName="handler", Name="live", FunctionVersion="2", RevisionId=alias["RevisionId"])
    assert moved["FunctionVersion"] == "2" and moved["RevisionId"] != alias["RevisionId"]
    shown = functions.get_function(FunctionName=f"{ARN}:live")["Configuration"]
    assert (shown["FunctionArn"], shown["Version"], shown["Description"]) == (f"{ARN}:live", "2", "first")
    assert variable(functions, Qualifier="live") == "one"


def test_what_has_not_changed_is_not_published_again(functions):
    assert functions.publish_version(FunctionName="handler")["Version"] == "1"
    set_variable(functions, "one")
    versions = [functions.publish_version(FunctionName="handler")["Version"] for _ in range(2)]
    assert versions == ["2", "2"]


def test_a_wrong_revision_publishes_and_moves_nothing(functions, refused):
    set_variable(functions, "one")
    for operation, parameters in [
        (functions.publish_version, {}),
        (functions.update_alias, {"Name": "live", "FunctionVersion": "$LATEST"}),
    ]:
        refusal = refused(operation, FunctionName="handler", RevisionId="stale", **parameters)
        assert (refusal.code, refusal.status) == ("PreconditionFailedException", 412)
    assert functions.get_alias(FunctionName="handler", Name="live")["FunctionVersion"] == "1"
    assert refused(functions.get_function, FunctionName="handler", Qualifier="2").code == "ResourceNotFoundException"


def test_an_alias_and_its_version_must_be_there(functions, refused):
    for operation, parameters in [
        (functions.get_alias, {"Name": "gone"}),
        (functions.update_alias, {"Name": "gone", "FunctionVersion": "1"}),
        (functions.update_alias, {"Name": "live", "FunctionVersion": "7"}),
    ]:
        assert refused(operation, FunctionName="handler", **parameters).code == "ResourceNotFoundException"


def test_nothing_is_published_while_an_update_is_under_way(start, refused):
    local = start("--no-quotas", "--delay", "lambda-updating=1h")
    seed(local)
    functions = local.client("lambda")
    set_variable(functions, "one")
    refusal = refused(functions.publish_version, FunctionName="handler")
    assert (refusal.code, refusal.status) == ("ResourceConflictException", 409)
