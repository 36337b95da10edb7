"""API Gateway's control plane: life cycles and refusals."""

import json

import pytest

from conftest import ACCOUNT, REGION, until
from openapi import create, deploy, document, mock, operation, path_parameter, proxy, put, put_document

ORDERS = {
    "/orders": {"get": operation(mock())},
    "/orders/{id}": {
        "get": operation(
            proxy(
                "http://backend.local/orders/{id}",
                requestParameters={
                    "integration.request.path.id": "method.request.path.id",
                    "integration.request.header.X-Ttl": "'60'",
                },
            ),
            operationId="get-order",
            parameters=[path_parameter("id")],
            security=[{"iam": []}],
        )
    },
}
OTHER = {"/other": {"get": operation(mock())}}


@pytest.fixture
def gateway(local):
    return local.client("apigateway")


@pytest.fixture
def api(gateway):
    return create(gateway)


def resources(gateway, api):
    return {item["path"]: item for item in gateway.get_resources(restApiId=api, embed=["methods"])["items"]}


def test_an_api_is_created_read_changed_and_deleted(gateway, refused):
    made = gateway.create_rest_api(
        name="orders",
        description="d",
        tags={"owner": "me"},
        endpointConfiguration={"types": ["REGIONAL"]},
        binaryMediaTypes=["image/png"],
    )
    shown = gateway.get_rest_api(restApiId=made["id"])
    assert {k: shown[k] for k in made if k != "ResponseMetadata"} == {k: made[k] for k in made if k != "ResponseMetadata"}
    assert (shown["tags"], shown["apiStatus"], shown["apiKeySource"]) == ({"owner": "me"}, "AVAILABLE", "HEADER")
    assert shown["endpointConfiguration"] == {"types": ["REGIONAL"], "ipAddressType": "ipv4"}
    patch = [
        {"op": "replace", "path": "/name", "value": "renamed"},
        {"op": "remove", "path": "/description"},
        {"op": "add", "path": "/binaryMediaTypes/image~1jpeg"},
        {"op": "remove", "path": "/binaryMediaTypes/image~1png"},
    ]
    changed = gateway.update_rest_api(restApiId=made["id"], patchOperations=patch)
    assert (changed["name"], "description" in changed, changed["binaryMediaTypes"]) == ("renamed", False, ["image/jpeg"])
    gateway.delete_rest_api(restApiId=made["id"])
    refusal = refused(gateway.get_rest_api, restApiId=made["id"])
    assert (refusal.code, refusal.status) == ("NotFoundException", 404)
    assert refusal.message == f"Invalid API identifier specified {ACCOUNT}:{made['id']}"


def test_two_creates_make_two_apis(gateway):
    assert create(gateway) != create(gateway)
    assert len(gateway.get_rest_apis()["items"]) == 2


def test_accounts_and_regions_do_not_see_each_other(local, gateway, api):
    assert local.client("apigateway", account="999900001111").get_rest_apis()["items"] == []
    assert local.client("apigateway", region="us-east-1").get_rest_apis()["items"] == []


def test_apis_come_in_pages_of_25(gateway):
    made = {create(gateway, name=f"api-{number}") for number in range(30)}
    first = gateway.get_rest_apis()
    second = gateway.get_rest_apis(position=first["position"])
    assert (len(first["items"]), len(second["items"]), "position" in second) == (25, 5, False)
    assert {item["id"] for page in gateway.get_paginator("get_rest_apis").paginate() for item in page["items"]} == made
    assert len(gateway.get_rest_apis(limit=500)["items"]) == 30


def test_a_put_makes_resources_methods_and_integrations(gateway, api):
    shown = put(gateway, api, ORDERS, title="shop", version="v7")
    assert (shown["name"], shown["version"], "warnings" in shown) == ("shop", "v7", False)
    found = resources(gateway, api)
    assert list(found) == ["/", "/orders", "/orders/{id}"]
    method = found["/orders/{id}"]["resourceMethods"]["GET"]
    assert (method["authorizationType"], method["apiKeyRequired"], method["operationName"]) == ("AWS_IAM", False, "get-order")
    assert method["requestParameters"] == {"method.request.path.id": True}
    integration = method["methodIntegration"]
    assert (integration["type"], integration["httpMethod"], integration["connectionType"]) == ("HTTP_PROXY", "GET", "INTERNET")
    assert integration["requestParameters"]["integration.request.header.X-Ttl"] == "'60'"
    assert (integration["timeoutInMillis"], integration["passthroughBehavior"]) == (29000, "WHEN_NO_MATCH")
    names = dict(restApiId=api, resourceId=found["/orders/{id}"]["id"], httpMethod="GET")
    assert {**gateway.get_integration(**names), "ResponseMetadata": None} == {**integration, "ResponseMetadata": None}
    plain = gateway.get_resources(restApiId=api)["items"]
    assert plain[1]["resourceMethods"] == {"GET": {}}, "methods are shown only when they are asked for"


def test_resources_come_in_pages(gateway, api):
    put(gateway, api, {f"/r{number:02}": {"get": operation(mock())} for number in range(30)})
    first = gateway.get_resources(restApiId=api)
    assert len(first["items"]) == 25
    assert len(gateway.get_resources(restApiId=api, position=first["position"])["items"]) == 6


def test_an_overwrite_leaves_nothing_that_the_document_lacks(gateway):
    tags = {"owner": "me"}
    made = create(gateway, description="d", tags=tags, binaryMediaTypes=["image/png"], minimumCompressionSize=10)
    put(gateway, made, ORDERS)
    shown = put(gateway, made, OTHER)
    assert list(resources(gateway, made)) == ["/", "/other"]
    assert not {"description", "binaryMediaTypes", "minimumCompressionSize", "policy"} & set(shown)
    assert (shown["tags"], shown["endpointConfiguration"]["types"]) == (tags, ["REGIONAL"])


def test_a_merge_keeps_what_the_document_lacks(gateway, api):
    put(gateway, api, ORDERS, **{"x-amazon-apigateway-binary-media-types": ["image/png"]})
    body = document(OTHER, **{"x-amazon-apigateway-binary-media-types": ["image/jpeg"]})
    shown = put_document(gateway, api, body, mode="merge")
    assert list(resources(gateway, api)) == ["/", "/orders", "/orders/{id}", "/other"]
    assert shown["binaryMediaTypes"] == ["image/png", "image/jpeg"]


def test_warnings_are_shown_or_fail_the_put_and_leave_everything(gateway, api, refused):
    put(gateway, api, ORDERS)
    body = document(OTHER, components={"securitySchemes": {"basic": {"type": "http", "scheme": "basic"}}})
    warning = "Unsupported security definition type 'http' for 'basic'. Ignoring."
    refusal = refused(put_document, gateway=gateway, api=api, body=body)
    assert (refusal.code, refusal.message) == ("BadRequestException", f"Warnings found during import:\n\t{warning}")
    assert "/orders" in resources(gateway, api)
    assert put_document(gateway, api, body, fail=False)["warnings"] == [warning]
    assert "/orders" not in resources(gateway, api)


@pytest.mark.parametrize("body", [b"no json", b"[]", b'{"swagger": "2.0", "info": {"title": "t"}}', b'{"openapi": "3.0.1"}'])
def test_what_is_no_openapi_document_is_refused(gateway, api, refused, body):
    refusal = refused(gateway.put_rest_api, restApiId=api, body=body)
    assert (refusal.code, refusal.message) == ("BadRequestException", "Invalid OpenAPI input.")


def test_an_unknown_gateway_response_type_is_refused(gateway, api, refused):
    responses = {"NO_SUCH_TYPE": {"statusCode": 401}}
    refusal = refused(lambda **_: put(gateway, api, OTHER, **{"x-amazon-apigateway-gateway-responses": responses}))
    assert "Invalid gateway response type specified: NO_SUCH_TYPE" in refusal.message


def test_a_refused_put_changes_nothing(gateway, api, refused):
    put(gateway, api, ORDERS)
    bad = {"/bad": {"get": operation(proxy("ftp://backend"))}}
    refusal = refused(put, gateway=gateway, api=api, paths=bad)
    line = "Unable to put integration on 'GET' for resource at path '/bad': Invalid HTTP endpoint specified for URI"
    assert refusal.message == f"Errors found during import:\n\t{line}"
    assert "/orders" in resources(gateway, api)


def test_more_than_300_resources_are_over_the_limit(start, refused):
    gateway = start("--delays", "zero").client("apigateway")
    api = create(gateway)
    paths = {f"/r{number}": {"get": operation(mock())} for number in range(301)}
    refusal = refused(put, gateway=gateway, api=api, paths=paths)
    assert (refusal.code, refusal.status) == ("LimitExceededException", 429)
    assert "retry-after" in refusal.headers


def test_an_api_that_is_updating_takes_no_second_write(start, refused):
    local = start("--delay", "api-updating=1s", "--no-quotas")
    gateway = local.client("apigateway")
    api = create(gateway)
    assert put(gateway, api, ORDERS)["apiStatus"] == "UPDATING"
    for write in (lambda **_: put(gateway, api, ORDERS), lambda **_: gateway.create_deployment(restApiId=api)):
        refusal = refused(write)
        assert refusal.code == "BadRequestException"
        assert refusal.message.startswith("There is already an update in progress")
    until(lambda: gateway.get_rest_api(restApiId=api)["apiStatus"] == "AVAILABLE")
    assert gateway.create_deployment(restApiId=api)["id"]


def test_a_deployment_needs_methods_with_integrations(gateway, api, refused):
    assert refused(gateway.create_deployment, restApiId=api).message == "The REST API doesn't contain any methods"
    put(gateway, api, {"/x": {"get": {"responses": {"200": {"description": "ok"}}}}})
    assert refused(gateway.create_deployment, restApiId=api).message == "No integration defined for method"


def test_a_deployment_lives_until_no_stage_uses_it(gateway, api, refused):
    put(gateway, api, ORDERS)
    made = gateway.create_deployment(restApiId=api, description="first")
    names = dict(restApiId=api, deploymentId=made["id"])
    shown = gateway.get_deployment(**names, embed=["apisummary"])
    assert shown["description"] == "first"
    assert shown["apiSummary"]["/orders/{id}"]["GET"] == {"authorizationType": "AWS_IAM", "apiKeyRequired": False}
    gateway.create_stage(restApiId=api, stageName="prod", deploymentId=made["id"])
    refusal = refused(gateway.delete_deployment, **names)
    assert refusal.message == "Active stages pointing to this deployment must be moved or deleted"
    second = deploy(gateway, api)
    assert {item["id"] for item in gateway.get_deployments(restApiId=api)["items"]} == {made["id"], second}
    gateway.delete_deployment(**names)
    assert refused(gateway.get_deployment, **names).status == 404


@pytest.fixture
def stage(gateway, api):
    put(gateway, api, ORDERS)
    deployment = gateway.create_deployment(restApiId=api)["id"]
    gateway.create_stage(restApiId=api, stageName="prod", deploymentId=deployment, tags={"a": "b"}, variables={"v": "1"})

    def update(*operations):
        patch = [dict(zip(("op", "path", "value"), operation)) for operation in operations]
        return gateway.update_stage(restApiId=api, stageName="prod", patchOperations=patch)

    return update


def test_a_stage_is_shown_as_it_was_made(gateway, api, stage, refused):
    shown = gateway.get_stage(restApiId=api, stageName="prod")
    assert (shown["tags"], shown["variables"], shown["methodSettings"]) == ({"a": "b"}, {"v": "1"}, {})
    assert (shown["cacheClusterEnabled"], shown["cacheClusterStatus"]) == (False, "NOT_AVAILABLE")
    again = dict(restApiId=api, stageName="prod", deploymentId=shown["deploymentId"])
    assert refused(gateway.create_stage, **again).code == "ConflictException"
    assert refused(gateway.create_stage, **{**again, "stageName": "b", "deploymentId": "none"}).code == "BadRequestException"
    assert [item["stageName"] for item in gateway.get_stages(restApiId=api)["item"]] == ["prod"]
    gateway.delete_stage(restApiId=api, stageName="prod")
    assert refused(gateway.get_stage, restApiId=api, stageName="prod").message == "Invalid stage identifier specified"


def test_the_first_setting_of_a_method_brings_all_defaults(stage):
    settings = stage(("replace", "/~1orders~1{id}/GET/throttling/rateLimit", "50"))["methodSettings"]
    assert settings == {
        "~1orders~1{id}/GET": {
            "metricsEnabled": False,
            "dataTraceEnabled": False,
            "throttlingBurstLimit": 5000,
            "throttlingRateLimit": 50.0,
            "cachingEnabled": False,
            "cacheTtlInSeconds": 300,
            "cacheDataEncrypted": False,
            "requireAuthorizationForCacheControl": True,
            "unauthorizedCacheControlHeaderStrategy": "SUCCEED_WITH_RESPONSE_HEADER",
        }
    }


def test_method_settings_are_copies_and_can_be_reset(stage, refused):
    stage(("replace", "/*/*/throttling/burstLimit", "7"), ("replace", "/test/GET/caching/enabled", "true"))
    settings = stage(("replace", "/*/*/throttling/burstLimit", "9"))["methodSettings"]
    assert settings["*/*"]["throttlingBurstLimit"] == 9
    assert settings["test/GET"]["throttlingBurstLimit"] == 5000, "the form without the leading slash is kept as it is"
    assert "*/*" not in stage(("remove", "/*/*"))["methodSettings"]
    refusal = refused(lambda **_: stage(("remove", "/*/*")))
    assert refusal.message.startswith("Cannot remove method setting */*")


def test_variables_and_logs_of_a_stage_change_one_by_one(stage, refused):
    shown = stage(("replace", "/variables/w", "ttl=60&scope=caller"), ("remove", "/variables/v"))
    assert shown["variables"] == {"w": "ttl=60&scope=caller"}
    assert refused(lambda **_: stage(("replace", "/variables/w", "${x}"))).code == "BadRequestException"
    shown = stage(("replace", "/accessLogSettings/format", "f"), ("replace", "/accessLogSettings/destinationArn", "arn:x"))
    assert shown["accessLogSettings"] == {"format": "f", "destinationArn": "arn:x"}
    assert "accessLogSettings" not in stage(("remove", "/accessLogSettings"))


@pytest.mark.parametrize("path", ["/tags/x", "/documentation_version", "/canary"])
def test_an_unknown_path_of_a_stage_is_refused_with_the_list(stage, refused, path):
    refusal = refused(lambda **_: stage(("replace", path, "x")))
    start = f"Invalid method setting path: {path}. Must be one of: [/deploymentId, /description, "
    assert refusal.message.startswith(start) and refusal.message.endswith("/variables/{variable_name}, /tracingEnabled]")


def test_a_patch_of_a_stage_is_applied_whole_or_not_at_all(gateway, api, stage, refused):
    refused(lambda **_: stage(("replace", "/description", "new"), ("replace", "/deploymentId", "none")))
    assert "description" not in gateway.get_stage(restApiId=api, stageName="prod")


def test_execution_logs_need_the_accounts_role(gateway, stage, refused):
    log = ("replace", "/*/*/logging/loglevel", "ERROR")
    assert refused(lambda **_: stage(log)).message.startswith("CloudWatch Logs role ARN must be set")
    role = "arn:aws:iam::111122223333:role/logs"
    gateway.update_account(patchOperations=[{"op": "replace", "path": "/cloudwatchRoleArn", "value": role}])
    assert gateway.get_account()["cloudwatchRoleArn"] == role
    assert stage(log)["methodSettings"]["*/*"]["loggingLevel"] == "ERROR"


def test_an_api_has_at_most_ten_stages(start, refused):
    gateway = start("--delays", "zero").client("apigateway")
    api = create(gateway)
    put(gateway, api, OTHER)
    deployment = gateway.create_deployment(restApiId=api)["id"]
    for number in range(10):
        gateway.create_stage(restApiId=api, stageName=f"s{number}", deploymentId=deployment)
    refusal = refused(gateway.create_stage, restApiId=api, stageName="s10", deploymentId=deployment)
    assert (refusal.code, refusal.status) == ("LimitExceededException", 429)


def test_keys_show_their_value_only_when_asked(gateway, refused):
    made = gateway.create_api_key(name="mobile", enabled=True, tags={"a": "b"})
    assert len(made["value"]) >= 20
    assert "value" not in gateway.get_api_key(apiKey=made["id"])
    assert gateway.get_api_key(apiKey=made["id"], includeValue=True)["value"] == made["value"]
    gateway.create_api_key(name="other")
    found = gateway.get_api_keys(nameQuery="mob", includeValues=True)["items"]
    assert [(key["value"], key["tags"]) for key in found] == [(made["value"], {"a": "b"})]
    patch = [{"op": "replace", "path": "/enabled", "value": "false"}]
    assert gateway.update_api_key(apiKey=made["id"], patchOperations=patch)["enabled"] is False
    assert refused(gateway.create_api_key, value=made["value"]).code == "ConflictException"
    gateway.delete_api_key(apiKey=made["id"])
    assert refused(gateway.get_api_key, apiKey=made["id"]).message == "Invalid API Key identifier specified"


def test_a_key_is_disabled_unless_it_is_enabled(gateway):
    assert gateway.create_api_key(name="k")["enabled"] is False


@pytest.fixture
def plan(gateway, api, stage):
    return gateway.create_usage_plan(
        name="gold",
        apiStages=[{"apiId": api, "stage": "prod"}],
        throttle={"rateLimit": 2.0, "burstLimit": 1},
        quota={"limit": 10, "period": "DAY"},
        tags={"a": "b"},
    )


def change(gateway, plan, *operations):
    patch = [dict(zip(("op", "path", "value"), operation)) for operation in operations]
    return gateway.update_usage_plan(usagePlanId=plan["id"], patchOperations=patch)


def test_a_usage_plan_changes_by_patches(gateway, api, plan):
    assert (plan["throttle"], plan["quota"]) == ({"rateLimit": 2.0, "burstLimit": 1}, {"limit": 10, "offset": 0, "period": "DAY"})
    changed = change(gateway, plan, ("replace", "/throttle/rateLimit", "5"), ("replace", "/quota/limit", "20"))
    assert (changed["throttle"]["rateLimit"], changed["quota"]["limit"], changed["tags"]) == (5.0, 20, {"a": "b"})
    of_method = f"/apiStages/{api}:prod/throttle/~1orders~1{{id}}/GET"
    changed = change(gateway, plan, ("replace", f"{of_method}/rateLimit", "1"), ("replace", f"{of_method}/burstLimit", "3"))
    assert changed["apiStages"][0]["throttle"] == {"/orders/{id}/GET": {"rateLimit": 1.0, "burstLimit": 3}}
    changed = change(gateway, plan, ("remove", of_method), ("remove", "/throttle"), ("remove", "/quota"))
    assert not {"throttle", "quota"} & set(changed) and "throttle" not in changed["apiStages"][0]


def test_a_usage_plan_with_stages_is_not_deleted(gateway, api, plan, refused):
    refusal = refused(gateway.delete_usage_plan, usagePlanId=plan["id"])
    assert refusal.message == (
        f"Cannot delete Usage Plan {plan['id']} because there are API Stages associated with it, including {api}:prod"
    )
    assert change(gateway, plan, ("remove", "/apiStages", f"{api}:prod"))["apiStages"] == []
    gateway.delete_usage_plan(usagePlanId=plan["id"])
    assert gateway.get_usage_plans()["items"] == []


def test_a_usage_plan_takes_only_stages_that_exist(gateway, api, plan, refused):
    absent = [{"apiId": api, "stage": "none"}]
    refusal = refused(gateway.create_usage_plan, name="p", apiStages=absent)
    assert (refusal.code, refusal.message) == ("NotFoundException", f"API Stage not found: {api}:none")
    refusal = refused(lambda **_: change(gateway, plan, ("add", "/apiStages", f"{api}:none")))
    assert refusal.code == "NotFoundException"


def test_a_deleted_stage_leaves_its_usage_plans(gateway, api, plan):
    gateway.delete_stage(restApiId=api, stageName="prod")
    assert gateway.get_usage_plan(usagePlanId=plan["id"])["apiStages"] == []


def test_keys_join_and_leave_a_plan(gateway, plan, refused):
    key = gateway.create_api_key(name="mobile", enabled=True)
    names = dict(usagePlanId=plan["id"], keyId=key["id"])
    joined = gateway.create_usage_plan_key(**names, keyType="API_KEY")
    assert (joined["id"], joined["name"], joined["value"]) == (key["id"], "mobile", key["value"])
    assert refused(gateway.create_usage_plan_key, **names, keyType="API_KEY").code == "ConflictException"
    assert [item["id"] for item in gateway.get_usage_plan_keys(usagePlanId=plan["id"])["items"]] == [key["id"]]
    assert [item["id"] for item in gateway.get_usage_plans(keyId=key["id"])["items"]] == [plan["id"]]
    gateway.delete_usage_plan_key(**names)
    assert gateway.get_usage_plan_keys(usagePlanId=plan["id"])["items"] == []
    gateway.create_usage_plan_key(**names, keyType="API_KEY")
    gateway.delete_api_key(apiKey=key["id"])
    assert gateway.get_usage_plan_keys(usagePlanId=plan["id"])["items"] == [], "a deleted key is in no plan"


def test_tags_are_set_and_taken_by_arn(gateway, api, stage, plan, refused):
    key = gateway.create_api_key(name="k")["id"]
    paths = [f"restapis/{api}", f"restapis/{api}/stages/prod", f"apikeys/{key}", f"usageplans/{plan['id']}"]
    for path in paths:
        arn = f"arn:aws:apigateway:{REGION}::/{path}"
        gateway.tag_resource(resourceArn=arn, tags={"x": "1", "y": "2"})
        gateway.untag_resource(resourceArn=arn, tagKeys=["y", "gone"])
        tags = gateway.get_tags(resourceArn=arn)["tags"]
        assert tags["x"] == "1" and "y" not in tags, path
    assert gateway.get_rest_api(restApiId=api)["tags"] == {"x": "1"}
    absent = f"arn:aws:apigateway:{REGION}::/restapis/absent"
    assert refused(gateway.get_tags, resourceArn=absent).code == "NotFoundException"


def test_an_api_can_be_changed_by_hand(gateway, api, refused):
    put(gateway, api, ORDERS)
    found = resources(gateway, api)
    names = dict(restApiId=api, resourceId=found["/orders/{id}"]["id"], httpMethod="GET")
    open_up = [{"op": "replace", "path": "/authorizationType", "value": "NONE"}]
    assert gateway.update_method(**names, patchOperations=open_up)["authorizationType"] == "NONE"
    header = "/requestParameters/integration.request.header.X-Ttl"
    patch = [{"op": "replace", "path": header, "value": "'0'"}, {"op": "replace", "path": "/uri", "value": "http://elsewhere/"}]
    changed = gateway.update_integration(**names, patchOperations=patch)
    assert (changed["requestParameters"]["integration.request.header.X-Ttl"], changed["uri"]) == ("'0'", "http://elsewhere/")
    gateway.delete_method(**names)
    assert refused(gateway.get_method, **names).message == "Invalid Method identifier specified"
    gateway.delete_resource(restApiId=api, resourceId=found["/orders"]["id"])
    assert list(resources(gateway, api)) == ["/"], "what is below goes, too"
    child = gateway.create_resource(restApiId=api, parentId=found["/"]["id"], pathPart="{proxy+}")
    gateway.put_method(restApiId=api, resourceId=child["id"], httpMethod="ANY", authorizationType="NONE")
    gateway.put_integration(restApiId=api, resourceId=child["id"], httpMethod="ANY", type="MOCK")
    assert gateway.create_deployment(restApiId=api)["id"]


def test_a_policy_comes_back_expanded_and_escaped(gateway, api):
    policy = {"Statement": [{"Effect": "Allow", "Principal": "*", "Action": "execute-api:Invoke", "Resource": "execute-api:/*"}]}
    put(gateway, api, OTHER, **{"x-amazon-apigateway-policy": policy})
    shown = gateway.get_rest_api(restApiId=api)["policy"]
    plain = json.loads(json.loads(f'"{shown}"'))
    assert plain["Statement"][0]["Resource"] == f"arn:aws:execute-api:{REGION}:{ACCOUNT}:{api}/*"


def test_gateway_responses_have_defaults_until_they_are_customised(gateway, api):
    responses = {"INVALID_API_KEY": {"statusCode": 401}}
    put(gateway, api, OTHER, **{"x-amazon-apigateway-gateway-responses": responses})
    found = {item["responseType"]: item for item in gateway.get_gateway_responses(restApiId=api)["items"]}
    assert len(found) == 21
    assert (found["INVALID_API_KEY"]["statusCode"], found["INVALID_API_KEY"]["defaultResponse"]) == ("401", False)
    assert (found["THROTTLED"]["statusCode"], found["THROTTLED"]["defaultResponse"]) == ("429", True)
    assert gateway.get_authorizers(restApiId=api)["items"] == []
