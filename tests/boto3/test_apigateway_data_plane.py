"""API Gateway's data plane: what a client of a deployed API sees."""

import base64
import json
import socket
import urllib.parse

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from backend import Backend, Function
from conftest import ACCOUNT, REGION
from openapi import create, deploy, mock, operation, path_parameter, proxy, put, serve

KEY_ID, SECRET = "AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMIK7MDENGbPxRfiCYEXAMPLEKEY"
PATH_ID = {"integration.request.path.id": "method.request.path.id"}


@pytest.fixture
def gateway(local):
    return local.client("apigateway")


@pytest.fixture
def backend():
    made = Backend()
    yield made
    made.stop()


@pytest.fixture
def call(local):
    """Calls an API by the path form; gives status, body as JSON, headers."""

    def call(api, path="/", method="GET", stage="prod", body=None, headers=None, of=local):
        status, answer, answered = of.http(method, f"/_aws/execute-api/{api}/{stage}{path}", body, headers)
        return status, json.loads(answer or b"null"), answered

    return call


def refusal(answer):
    status, body, headers = answer
    return status, body["message"], headers["x-amzn-ErrorType"]


MISSING = (403, "Missing Authentication Token", "MissingAuthenticationTokenException")


def test_the_path_form_and_the_host_form_reach_the_same_api(local, gateway, call):
    api = serve(gateway, {"/a": {"get": operation(mock())}})
    assert call(api, "/a")[:2] == (200, {"mocked": True})
    host = {"Host": f"{api}.execute-api.{REGION}.amazonaws.com"}
    assert local.http("GET", "/prod/a", headers=host)[0] == 200
    elsewhere = {"Host": f"{api}.execute-api.us-east-1.amazonaws.com"}
    assert local.http("GET", "/prod/a", headers=elsewhere)[0] == 403


def test_an_unknown_route_method_stage_or_api_is_forbidden(gateway, call):
    api = serve(gateway, {"/a": {"get": operation(mock())}})
    assert refusal(call(api, "/b")) == MISSING
    assert refusal(call(api, "/a", method="POST")) == MISSING
    forbidden = (403, "Forbidden", "ForbiddenException")
    assert refusal(call(api, "/a", stage="none")) == forbidden
    assert refusal(call("absent", "/a")) == forbidden


def test_every_answer_has_a_request_id(gateway, call):
    api = serve(gateway, {"/a": {"get": operation(mock())}})
    ids = [call(api, path)[2]["x-amzn-RequestId"] for path in ("/a", "/a", "/b")]
    assert len(set(ids)) == 3 and all(ids)


def test_a_stage_serves_what_was_deployed_not_what_is_edited(gateway, call):
    api = serve(gateway, {"/a": {"get": operation(mock('{"version": 1}'))}})
    first = gateway.get_stage(restApiId=api, stageName="prod")["deploymentId"]
    put(gateway, api, {"/a": {"get": operation(mock('{"version": 2}'))}, "/b": {"get": operation(mock())}})
    assert call(api, "/a")[1] == {"version": 1}
    assert refusal(call(api, "/b")) == MISSING
    second = gateway.create_deployment(restApiId=api)["id"]
    assert call(api, "/a")[1] == {"version": 1}, "a deployment alone changes no stage"

    def point(deployment):
        patch = [{"op": "replace", "path": "/deploymentId", "value": deployment}]
        gateway.update_stage(restApiId=api, stageName="prod", patchOperations=patch)

    point(second)
    assert (call(api, "/a")[1], call(api, "/b")[0]) == ({"version": 2}, 200)
    point(first)
    assert call(api, "/a")[1] == {"version": 1}


def test_a_deployed_api_outlives_a_restart(start, call, tmp_path):
    arguments = ("--state-dir", str(tmp_path), "--delays", "zero", "--no-quotas")
    first = start(*arguments)
    gateway = first.client("apigateway")
    api = serve(gateway, {"/a": {"get": operation(mock())}})
    put(gateway, api, {"/b": {"get": operation(mock())}})
    first.stop()
    second = start(*arguments)
    assert call(api, "/a", of=second)[0] == 200
    assert refusal(call(api, "/b", of=second)) == MISSING
    deploy(second.client("apigateway"), api)
    assert call(api, "/b", of=second)[0] == 200


def test_a_proxy_passes_the_request_and_the_mapping_goes_on_top(gateway, call, backend):
    mapping = {
        **PATH_ID,
        "integration.request.header.X-CachedApi-Ttl": "'60'",
        "integration.request.header.X-Client": "method.request.header.X-Name",
        "integration.request.header.X-Stage": "context.stage",
        "integration.request.header.X-Variable": "stageVariables.colour",
        "integration.request.header.X-Absent": "method.request.header.X-Other",
        "integration.request.querystring.page": "'1'",
    }
    parameters = [path_parameter("id")] + [
        {"name": name, "in": "header", "schema": {"type": "string"}} for name in ("X-Name", "X-Other")
    ]
    integration = proxy(backend.url + "/v1/{id}?fixed=1", "ANY", requestParameters=mapping)
    api = serve(gateway, {"/orders/{id}": {"post": operation(integration, parameters=parameters)}})
    patch = [{"op": "replace", "path": "/variables/colour", "value": "red"}]
    gateway.update_stage(restApiId=api, stageName="prod", patchOperations=patch)
    headers = {"X-Name": "me", "X-Own": "kept", "Content-Type": "text/plain", "X-CachedApi-Ttl": "9999"}
    assert call(api, "/orders/a%2Fb?q=x%20y&page=7&q=z", "POST", body={"k": 1}, headers=headers)[0] == 200
    seen = backend.seen
    path, _, query = seen["path"].partition("?")
    assert (seen["method"], path, seen["body"]) == ("POST", "/v1/a%2Fb", b'{"k": 1}')
    assert urllib.parse.parse_qsl(query) == [("fixed", "1"), ("q", "x y"), ("q", "z"), ("page", "1")]
    got = seen["headers"]
    assert (got["x-cachedapi-ttl"], got["x-client"], got["x-stage"], got["x-variable"]) == ("60", "me", "prod", "red")
    assert (got["x-own"], got["content-type"], got["x-amzn-apigateway-api-id"]) == ("kept", "text/plain", api)
    assert "x-absent" not in got
    assert got["host"] == backend.url.removeprefix("http://")
    assert (got["x-forwarded-for"], got["x-forwarded-proto"]) == ("127.0.0.1", "http")


def test_hop_by_hop_headers_end_at_the_gateway(gateway, call, backend):
    api = serve(gateway, {"/a": {"get": operation(proxy(backend.url + "/"))}})
    assert call(api, "/a", headers={"TE": "trailers", "Max-Forwards": "3", "Expect": "x"})[0] == 200
    assert not {"te", "max-forwards", "expect", "upgrade"} & set(backend.seen["headers"])


def test_the_answer_of_a_back_end_passes_but_some_headers_are_renamed(gateway, call, backend):
    backend.answer(418, b'{"tea": true}', (("X-Own", "1"), ("Server", "mine"), ("x-amzn-RequestId", "theirs")))
    api = serve(gateway, {"/a": {"get": operation(proxy(backend.url + "/"))}})
    status, body, headers = call(api, "/a")
    assert (status, body, headers["X-Own"]) == (418, {"tea": True}, "1")
    assert headers["x-amzn-Remapped-Server"].endswith("mine")
    assert headers["x-amzn-Remapped-x-amzn-RequestId"] == "theirs"
    assert headers["x-amzn-RequestId"] not in (None, "theirs")


def test_a_greedy_path_goes_to_the_back_end_as_it_came(gateway, call, backend):
    mapping = {"integration.request.path.proxy": "method.request.path.proxy"}
    integration = proxy(backend.url + "/base/{proxy}", "ANY", requestParameters=mapping)
    paths = {"/{proxy+}": {"x-amazon-apigateway-any-method": operation(integration, parameters=[path_parameter("proxy")])}}
    api = serve(gateway, paths)
    assert call(api, "/x/y%20z", "DELETE")[0] == 200
    assert (backend.seen["method"], backend.seen["path"]) == ("DELETE", "/base/x/y%20z")
    assert refusal(call(api, "/")) == MISSING, "a greedy variable needs at least one segment"


def test_a_uri_with_a_variable_that_nothing_fills_is_an_internal_error(gateway, call, backend):
    paths = {"/o/{id}": {"get": operation(proxy(backend.url + "/{id}"), parameters=[path_parameter("id")])}}
    api = serve(gateway, paths)
    assert refusal(call(api, "/o/1")) == (500, "Internal server error", "InternalServerErrorException")
    assert backend.requests == []


def test_a_back_end_that_is_too_slow_or_not_there_is_a_504(gateway, call, backend):
    backend.hold = True
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        nobody = f"http://127.0.0.1:{unused.getsockname()[1]}/"
        paths = {
            "/slow": {"get": operation(proxy(backend.url + "/", timeoutInMillis=50))},
            "/gone": {"get": operation(proxy(nobody))},
        }
        api = serve(gateway, paths)
        assert refusal(call(api, "/slow"))[:2] == (504, "Endpoint request timed out")
        assert refusal(call(api, "/gone"))[:2] == (504, "Network error communicating with endpoint")


def test_more_than_10_mb_are_too_large(local, gateway, backend):
    api = serve(gateway, {"/a": {"post": operation(proxy(backend.url + "/", "POST"))}})
    path = f"/_aws/execute-api/{api}/prod/a"
    status, body, headers = local.http("POST", path, "x" * (10 * 1024 * 1024))
    assert (status, headers["x-amzn-ErrorType"]) == (413, "RequestTooLargeException")
    assert backend.requests == []


def test_a_custom_integration_sends_only_what_is_mapped_and_chooses_its_response(gateway, call, backend):
    backend.answer(404, b'{"gone": 1}', (("X-Reason", "old"),))
    integration = {
        **proxy(backend.url + "/"),
        "type": "http",
        "requestParameters": {"integration.request.querystring.to": "method.request.querystring.from"},
        "responses": {
            "default": {"statusCode": "200"},
            "4\\d\\d": {
                "statusCode": "410",
                "responseParameters": {"method.response.header.Why": "integration.response.header.X-Reason"},
            },
        },
    }
    body = operation(integration, parameters=[{"name": "from", "in": "query", "schema": {"type": "string"}}])
    body["responses"]["410"] = {"description": "gone", "headers": {"Why": {"schema": {"type": "string"}}}}
    api = serve(gateway, {"/a": {"get": body}})
    status, answer, headers = call(api, "/a?from=x&other=y", headers={"X-Own": "1"})
    assert (status, answer, headers["Why"]) == (410, {"gone": 1}, "old")
    assert backend.seen["path"] == "/?to=x"
    assert "x-own" not in backend.seen["headers"]


def test_gateway_responses_can_be_customised(gateway, call):
    responses = {
        "MISSING_AUTHENTICATION_TOKEN": {
            "statusCode": 404,
            "responseParameters": {"gatewayresponse.header.X-Stage": "context.stage"},
            "responseTemplates": {"application/json": '{"error": $context.error.messageString, "at": "$context.path"}'},
        }
    }
    api = serve(gateway, {"/a": {"get": operation(mock())}}, **{"x-amazon-apigateway-gateway-responses": responses})
    status, body, headers = call(api, "/b")
    assert (status, body) == (404, {"error": "Missing Authentication Token", "at": "/prod/b"})
    assert headers["X-Stage"] == "prod"


def test_required_parameters_are_checked_when_a_validator_says_so(gateway, call):
    parameters = [{"name": "q", "in": "query", "required": True, "schema": {"type": "string"}}]
    validators = {"params": {"validateRequestBody": False, "validateRequestParameters": True}}
    extensions = {
        "x-amazon-apigateway-request-validators": validators,
        "x-amazon-apigateway-request-validator": "params",
    }
    api = serve(gateway, {"/a": {"get": operation(mock(), parameters=parameters)}}, **extensions)
    assert refusal(call(api, "/a")) == (400, "Missing required request parameters: [q]", "BadRequestException")
    assert call(api, "/a?q=1")[0] == 200


# API keys, throttles, quotas

TOO_MANY = (429, "Too Many Requests", "TooManyRequestsException")


@pytest.fixture
def keyed(gateway, call):
    """An API whose route needs a key, and what makes plans for it."""
    paths = {"/a": {"get": operation(mock(), security=[{"key": []}])}, "/b": {"get": operation(mock(), security=[{"key": []}])}}
    api = serve(gateway, paths)

    class Keyed:
        id = api

        def key(self, **plan):
            key = gateway.create_api_key(name="k", enabled=True)
            plan = gateway.create_usage_plan(name="p", apiStages=[{"apiId": api, "stage": "prod", **plan.pop("stage", {})}], **plan)
            gateway.create_usage_plan_key(usagePlanId=plan["id"], keyId=key["id"], keyType="API_KEY")
            return key

        def call(self, key=None, path="/a"):
            return call(api, path, headers={"x-api-key": key["value"]} if key else None)

    return Keyed()


def test_a_route_with_a_key_opens_to_an_enabled_key_of_a_plan_of_the_stage(gateway, keyed):
    forbidden = (403, "Forbidden", "ForbiddenException")
    assert refusal(keyed.call()) == forbidden, "no key"
    assert refusal(keyed.call(gateway.create_api_key(name="loose", enabled=True))) == forbidden, "a key of no plan"
    key = keyed.key()
    assert keyed.call(key)[0] == 200
    patch = [{"op": "replace", "path": "/enabled", "value": "false"}]
    gateway.update_api_key(apiKey=key["id"], patchOperations=patch)
    assert refusal(keyed.call(key)) == forbidden, "a disabled key"


def test_the_back_end_can_be_told_which_key_was_used(gateway, keyed, backend):
    mapping = {"integration.request.header.X-Caller": "context.identity.apiKeyId"}
    body = operation(proxy(backend.url + "/", requestParameters=mapping), security=[{"key": []}])
    put(gateway, keyed.id, {"/a": {"get": body}})
    deploy(gateway, keyed.id)
    key = keyed.key()
    assert keyed.call(key)[0] == 200
    assert backend.seen["headers"]["x-caller"] == key["id"]


def test_a_plans_throttle_holds_per_key(keyed):
    throttle = {"rateLimit": 0.001, "burstLimit": 2}
    one, other = keyed.key(throttle=throttle), keyed.key(throttle=throttle)
    assert [keyed.call(one)[0] for _ in range(3)] == [200, 200, 429]
    assert refusal(keyed.call(one, "/b")) == TOO_MANY, "the plan's throttle is for all methods together"
    assert keyed.call(other)[0] == 200


def test_a_methods_throttle_in_a_plan_wins_over_the_plans(keyed):
    throttle = {"/a/GET": {"rateLimit": 0.001, "burstLimit": 1}}
    key = keyed.key(throttle={"rateLimit": 100.0, "burstLimit": 100}, stage={"throttle": throttle})
    assert [keyed.call(key)[0] for _ in range(2)] == [200, 429]
    assert keyed.call(key, "/b")[0] == 200


def test_a_quota_ends_with_limit_exceeded(keyed):
    key = keyed.key(quota={"limit": 2, "period": "MONTH"})
    assert [keyed.call(key)[0] for _ in range(3)] == [200, 200, 429]
    assert refusal(keyed.call(key)) == (429, "Limit Exceeded", "LimitExceededException")


def test_a_stages_throttle_holds_for_a_method_or_for_all_others(gateway, call):
    api = serve(gateway, {path: {"get": operation(mock())} for path in ("/a", "/b", "/c/d")})
    limits = [("/*/*", 2), ("/~1c~1d/GET", 1)]
    patch = [
        {"op": "replace", "path": f"{path}/throttling/{name}", "value": value}
        for path, burst in limits
        for name, value in (("burstLimit", str(burst)), ("rateLimit", "0.001"))
    ]
    gateway.update_stage(restApiId=api, stageName="prod", patchOperations=patch)
    assert [call(api, path)[0] for path in ("/a", "/b", "/a")] == [200, 200, 429]
    assert [call(api, "/c/d")[0] for _ in range(2)] == [200, 429]
    assert refusal(call(api, "/c/d")) == TOO_MANY


# IAM routes


@pytest.fixture
def signed(start, backend):
    """A route for signed requests on a local AWS that knows one key's secret."""
    local = start("--delays", "zero", "--no-quotas", "--key", f"{KEY_ID}:{SECRET}:{ACCOUNT}", "--key", "AKIAOTHER:s:999900001111")
    mapping = {"integration.request.header.X-Caller": "context.identity.userArn"}
    paths = {"/a": {"get": operation(proxy(backend.url + "/", requestParameters=mapping), security=[{"iam": []}])}}
    api = serve(local.client("apigateway"), paths)

    def send(key=KEY_ID, secret=SECRET, service="execute-api", region=REGION, change=lambda request: None):
        url = f"{local.url}/_aws/execute-api/{api}/prod/a?b=2&a=1%202"
        request = AWSRequest("GET", url, headers={"X-Own": "1"})
        if key:
            SigV4Auth(Credentials(key, secret), service, region).add_auth(request)
        change(request)
        path = url.removeprefix(local.url)
        status, body, headers = local.http("GET", path, headers=dict(request.headers))
        return status, json.loads(body), headers

    return send


def test_a_request_signed_with_a_known_key_gets_in_and_names_its_caller(signed, backend):
    assert signed()[0] == 200
    assert backend.seen["headers"]["x-caller"] == f"arn:aws:iam::{ACCOUNT}:user/{KEY_ID}"
    assert "authorization" not in backend.seen["headers"], "the signature ends at the gateway"


def test_what_is_not_rightly_signed_is_refused(signed, backend):
    def old(request):
        date = request.headers["X-Amz-Date"]
        del request.headers["X-Amz-Date"]
        request.headers["X-Amz-Date"] = date.replace("20", "19", 1)

    def own_header(request):
        request.headers.replace_header("Authorization", "Bearer token")

    cases = [
        (dict(key=None), "Missing Authentication Token", "MissingAuthenticationTokenException"),
        (dict(key="AKIAUNKNOWN"), "The security token included in the request is invalid.", "UnrecognizedClientException"),
        (dict(secret="wrong"), "The request signature we calculated does not match", "InvalidSignatureException"),
        (dict(change=old), "The request signature we calculated does not match", "InvalidSignatureException"),
        (dict(service="apigateway"), "Credential should be scoped to correct service", "InvalidSignatureException"),
        (dict(region="us-east-1"), "Credential should be scoped to a valid region", "InvalidSignatureException"),
        (dict(change=own_header), "Authorization header requires 'Credential' parameter", "IncompleteSignatureException"),
        (dict(key="AKIAOTHER", secret="s"), "User: arn:aws:iam::999900001111:user/AKIAOTHER is not", "AccessDeniedException"),
    ]
    for arguments, text, error in cases:
        status, message, error_type = refusal(signed(**arguments))
        assert (status, message[: len(text)], error_type) == (403, text, error), arguments
    assert backend.requests == []


# Lambda

ARN = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:handler"


@pytest.fixture
def function():
    made = Function()
    made.returns({"statusCode": 200, "body": "{}"})
    yield made
    made.stop()


@pytest.fixture
def lambda_api(local, gateway, function):
    """An API with a Lambda route that the function's policy lets in."""
    seed = {"account": ACCOUNT, "region": REGION, "url": function.url}
    local.admin("PUT", "lambda/handler", seed)
    uri = f"arn:aws:apigateway:{REGION}:lambda:path/2015-03-31/functions/{ARN}/invocations"
    integration = {"type": "aws_proxy", "httpMethod": "POST", "uri": uri}
    body = operation(integration, operationId="get-order", parameters=[path_parameter("id")])
    media_types = {"x-amazon-apigateway-binary-media-types": ["image/png"]}
    return serve(gateway, {"/orders/{id}": {"post": body}}, **media_types)


@pytest.fixture
def allowed(local, lambda_api):
    functions = local.client("lambda")
    source = f"arn:aws:execute-api:{REGION}:{ACCOUNT}:{lambda_api}/*/*"
    functions.add_permission(
        FunctionName="handler", StatementId="s", Action="lambda:InvokeFunction", Principal="apigateway.amazonaws.com", SourceArn=source
    )
    return lambda_api


def test_a_function_gets_the_request_as_an_event(gateway, call, allowed, function):
    patch = [{"op": "replace", "path": "/variables/cache_get_order", "value": "ttl=60&scope=caller"}]
    gateway.update_stage(restApiId=allowed, stageName="prod", patchOperations=patch)
    headers = {"X-Name": "me", "Content-Type": "application/json"}
    assert call(allowed, "/orders/a%2Fb/?q=1&q=x%20y", "POST", body={"k": 1}, headers=headers)[0] == 200
    event = function.event
    assert (event["resource"], event["path"], event["httpMethod"]) == ("/orders/{id}", "/orders/a%2Fb/", "POST")
    assert event["pathParameters"] == {"id": "a%2Fb"}
    assert event["queryStringParameters"] == {"q": "x y"}
    assert event["multiValueQueryStringParameters"] == {"q": ["1", "x y"]}
    assert (event["headers"]["x-name"], event["multiValueHeaders"]["x-name"]) == ("me", ["me"])
    assert event["stageVariables"] == {"cache_get_order": "ttl=60&scope=caller"}
    assert (event["body"], event["isBase64Encoded"]) == ('{"k": 1}', False)
    context = event["requestContext"]
    assert (context["stage"], context["resourcePath"], context["operationName"]) == ("prod", "/orders/{id}", "get-order")
    assert (context["apiId"], context["accountId"], context["httpMethod"]) == (allowed, ACCOUNT, "POST")
    assert context["path"] == "/prod/orders/a%2Fb/"
    assert context["identity"]["sourceIp"] == "127.0.0.1"


def test_binary_bodies_go_and_come_in_base64(local, allowed, function):
    image = b"\x89PNG\xff"
    function.returns({"statusCode": 200, "isBase64Encoded": True, "body": base64.b64encode(image).decode()})
    path = f"/_aws/execute-api/{allowed}/prod/orders/1"
    headers = {"Content-Type": "image/png", "Accept": "image/png"}
    answer = local.http("POST", path, {"k": 1}, headers)
    assert answer[1] == image
    assert (function.event["isBase64Encoded"], base64.b64decode(function.event["body"])) == (True, b'{"k": 1}')


def test_the_answer_of_a_function_becomes_the_clients(call, allowed, function):
    function.returns(
        {"statusCode": "201", "headers": {"X-One": True}, "multiValueHeaders": {"X-Two": ["a", "b"]}, "body": '{"made": 1}'}
    )
    status, body, headers = call(allowed, "/orders/1", "POST")
    assert (status, body, headers["X-One"]) == (201, {"made": 1}, "true")
    assert headers.get_all("X-Two") == ["a", "b"]
    assert headers["Content-Type"] == "application/json"


@pytest.mark.parametrize("value", ["text", {"statusCode": 200, "extra": 1}, {"statusCode": "x"}, {"errorMessage": "boom"}])
def test_a_malformed_answer_of_a_function_is_a_502(call, allowed, function, value):
    function.returns(value)
    assert refusal(call(allowed, "/orders/1", "POST"))[:2] == (502, "Internal server error")


def test_a_function_that_does_not_let_the_method_in_is_not_called(local, call, lambda_api, function):
    assert refusal(call(lambda_api, "/orders/1", "POST"))[:2] == (500, "Internal server error")
    source = f"arn:aws:execute-api:{REGION}:{ACCOUNT}:another/*/*"
    local.client("lambda").add_permission(
        FunctionName="handler", StatementId="s", Action="lambda:InvokeFunction", Principal="apigateway.amazonaws.com", SourceArn=source
    )
    assert refusal(call(lambda_api, "/orders/1", "POST"))[:2] == (500, "Internal server error")
    assert function.requests == []
