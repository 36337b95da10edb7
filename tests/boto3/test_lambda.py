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
    assert functions.get_function_configuration(FunctionName="handler", Qualifier="live")["Version"] == "live"
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
