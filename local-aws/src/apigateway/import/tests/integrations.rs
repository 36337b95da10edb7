use serde_json::json;

use super::{document, integration, method, refusal, run};
use crate::apigateway::model::IntegrationType;

/// An operation whose integration has this mapping and whose parameters are `q` alone.
fn mapped(to: &str, from: &str) -> serde_json::Value {
    let mut mapped = integration(json!({ "requestParameters": { to: from } }));
    mapped["parameters"] = json!([{ "name": "q", "in": "query" }]);
    mapped
}

#[test]
fn mapping_expressions_may_be_literals_context_variables_and_declared_parameters() {
    let good = [
        ("integration.request.header.X-Ttl", "'60'", "a literal"),
        (
            "integration.request.header.X-Caller",
            "context.identity.userArn",
            "the context",
        ),
        (
            "integration.request.querystring.v",
            "stageVariables.v",
            "a stage variable",
        ),
        (
            "integration.request.path.q",
            "method.request.querystring.q",
            "a declared parameter",
        ),
        (
            "integration.request.header.q",
            "method.request.multivaluequerystring.q",
            "all values of a declared parameter",
        ),
        (
            "integration.request.header.b",
            "method.request.body.a.b",
            "part of the body",
        ),
    ];
    for (to, from, reason) in good {
        assert!(
            run(&document(json!({ "/x": { "get": mapped(to, from) } }))).is_ok(),
            "{reason}"
        );
    }
}

#[test]
fn other_mapping_expressions_are_refused() {
    let bad = [
        (
            "integration.request.header.X",
            "method.request.header.X",
            "errors : [Invalid mapping expression parameter specified: method.request.header.X]",
        ),
        (
            "integration.request.body.x",
            "'1'",
            "errors : [Invalid mapping expression parameter specified: integration.request.body.x]",
        ),
        (
            "integration.request.header.X",
            "60",
            "errors : [Invalid mapping expression specified: 60]",
        ),
        (
            "integration.request.header.X",
            "'a\r\nB: c'",
            "errors : [Invalid mapping expression specified: 'a\r\nB: c']",
        ),
        (
            "integration.request.header.X",
            "'a'b'",
            "errors : [Invalid mapping expression specified: 'a'b']",
        ),
        (
            "integration.request.header.X Y",
            "'1'",
            "parameter specified: integration.request.header.X Y]",
        ),
        (
            "integration.request.header.X",
            "$context.stage",
            "errors : [Invalid mapping expression specified: $context.stage]",
        ),
    ];
    for (to, from, expected) in bad {
        let refusal = refusal(mapped(to, from));
        assert!(refusal.contains("Unable to put integration on 'GET' for resource at path '/x': Invalid mapping expression"), "{refusal}");
        assert!(refusal.contains(expected), "{refusal}");
    }
}

#[test]
fn integrations_that_cannot_work_are_refused() {
    let cases = [
        (
            json!({ "uri": "ftp://b" }),
            "Invalid HTTP endpoint specified for URI",
            "not http",
        ),
        (
            json!({ "uri": "http://" }),
            "Invalid HTTP endpoint specified for URI",
            "no host",
        ),
        (
            json!({ "uri": "http://b/ x" }),
            "Invalid HTTP endpoint specified for URI",
            "a space",
        ),
        (
            json!({ "type": "aws_proxy" }),
            "Invalid ARN specified in the request",
            "a URL for Lambda",
        ),
        (
            json!({ "type": "lambda" }),
            "Invalid integration type specified",
            "no such type",
        ),
        (
            json!({ "timeoutInMillis": 49 }),
            "Timeout should be between 50 ms and 29000 ms",
            "too short",
        ),
        (
            json!({ "timeoutInMillis": 29001 }),
            "Timeout should be between 50 ms and 29000 ms",
            "too long",
        ),
        (
            json!({ "passthroughBehavior": "always" }),
            "Invalid passthrough behavior specified",
            "no such behaviour",
        ),
        (
            json!({ "connectionType": "VPC_LINK" }),
            "Connection ID must be specified",
            "no link",
        ),
        (
            json!({ "responses": { "default": { "statusCode": "500" } } }),
            "No method response exists for method.",
            "undeclared response",
        ),
    ];
    for (more, expected, reason) in cases {
        let refusal = refusal(integration(more));
        assert!(refusal.contains(expected), "{reason}: {refusal}");
    }
}

#[test]
fn an_integration_is_read_whole() {
    let read = method(integration(json!({
        "type": "HTTP", "httpMethod": "post", "timeoutInMillis": 5000, "passthroughBehavior": "never",
        "connectionType": "VPC_LINK", "connectionId": "link", "integrationTarget": "arn:lb",
        "requestTemplates": { "application/json": "{}" }, "tlsConfig": { "insecureSkipVerification": true },
        "cacheKeyParameters": ["method.request.querystring.q"],
        "responses": { "4\\d\\d": { "statusCode": 200 } },
    })));
    let integration = read.method_integration.unwrap();
    assert_eq!(
        (integration.r#type, integration.http_method.as_deref()),
        (IntegrationType::Http, Some("POST"))
    );
    assert_eq!(
        (
            integration.timeout_in_millis,
            integration.passthrough_behavior.as_str()
        ),
        (5000, "NEVER")
    );
    assert_eq!(
        (
            integration.connection_id.as_deref(),
            integration.integration_target.as_deref()
        ),
        (Some("link"), Some("arn:lb"))
    );
    assert_eq!(
        integration.integration_responses["200"]
            .selection_pattern
            .as_deref(),
        Some("4\\d\\d")
    );
    assert!(integration.tls_config.unwrap().insecure_skip_verification);
    assert_eq!(
        integration.cache_key_parameters,
        ["method.request.querystring.q"]
    );
}

#[test]
fn a_malformed_integration_is_all_that_the_refusal_speaks_of() {
    let bad =
        json!({ "x-amazon-apigateway-integration": { "type": "mock", "uri": { "Fn::Sub": "x" } } });
    let other = integration(json!({ "uri": "ftp://b" }));
    let refusal = run(&document(
        json!({ "/a": { "get": other }, "/b": { "get": bad } }),
    ))
    .unwrap_err();
    assert_eq!(
        refusal,
        "Unable to parse API definition because of a malformed integration at path /b."
    );
}
