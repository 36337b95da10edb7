"""OpenAPI documents for tests, and the calls that make an API of them."""

import json


def proxy(url, method="GET", **more):
    """An http_proxy integration."""
    return {"type": "http_proxy", "httpMethod": method, "uri": url, **more}


def mock(body='{"mocked": true}'):
    """A mock integration that answers 200."""
    responses = {"default": {"statusCode": "200", "responseTemplates": {"application/json": body}}}
    return {"type": "mock", "requestTemplates": {"application/json": '{"statusCode": 200}'}, "responses": responses}


def operation(integration, **more):
    """An operation with an integration."""
    return {"responses": {"200": {"description": "ok"}}, "x-amazon-apigateway-integration": integration, **more}


def path_parameter(name):
    return {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}


SCHEMES = {
    "key": {"type": "apiKey", "name": "x-api-key", "in": "header"},
    "iam": {
        "type": "apiKey",
        "name": "Authorization",
        "in": "header",
        "x-amazon-apigateway-authtype": "awsSigv4",
    },
}


def document(paths, title="orders", version="1", **more):
    """A document with these paths and the usual security schemes."""
    return {
        "openapi": "3.0.1",
        "info": {"title": title, "version": version},
        "paths": paths,
        "components": {"securitySchemes": SCHEMES},
        **more,
    }


def put(gateway, api, paths, **more):
    """Overwrites an API with a document; warnings fail."""
    return put_document(gateway, api, document(paths, **more))


def put_document(gateway, api, body, mode="overwrite", fail=True):
    return gateway.put_rest_api(restApiId=api, mode=mode, failOnWarnings=fail, body=json.dumps(body).encode())


def deploy(gateway, api, stage="prod"):
    """Deploys an API to a stage; gives the deployment's id."""
    return gateway.create_deployment(restApiId=api, stageName=stage)["id"]


def create(gateway, name="orders", **more):
    """Creates a regional API; gives its id."""
    return gateway.create_rest_api(name=name, endpointConfiguration={"types": ["REGIONAL"]}, **more)["id"]


def serve(gateway, paths, **more):
    """A deployed API with these paths; gives its id."""
    api = create(gateway)
    put(gateway, api, paths, **more)
    deploy(gateway, api)
    return api
