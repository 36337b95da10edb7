//! The data plane's own decisions; whole requests are tested with boto3 and a back end (`tests/boto3`).

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, Method};
use serde_json::{Value, json};

use super::*;
use crate::apigateway::data_plane::mapping::Mapped;
use crate::apigateway::model::{Definition, Settings, Snapshot, Strings};

/// A request to `POST /orders/{id}` with an integration of this shape.
fn invocation(integration: &Value) -> Invocation {
    let mut whole = json!({
        "type": "HTTP_PROXY", "httpMethod": "ANY", "uri": "http://b/{id}", "passthroughBehavior": "WHEN_NO_MATCH",
        "timeoutInMillis": 50, "cacheNamespace": "n", "requestParameters": {},
    });
    for (name, value) in integration.as_object().unwrap() {
        whole[name] = value.clone();
    }
    let method =
        json!({ "httpMethod": "POST", "authorizationType": "NONE", "methodIntegration": whole });
    let mut headers = HeaderMap::new();
    headers.append("x-many", "1".parse().unwrap());
    headers.append("x-many", "2".parse().unwrap());
    headers.insert(
        "content-type",
        "application/json; charset=utf-8".parse().unwrap(),
    );
    let strings = |pairs: &[(&str, &str)]| -> Strings {
        pairs
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect()
    };
    Invocation {
        snapshot: Arc::new(Snapshot {
            definition: Definition::default(),
            settings: Settings::default(),
        }),
        method: serde_json::from_value(method).unwrap(),
        resource_path: "/orders/{id}".to_owned(),
        http_method: Method::POST,
        path: "/orders/a%20b".to_owned(),
        path_parameters: strings(&[("id", "a%20b")]),
        query: vec![
            ("q".to_owned(), "1".to_owned()),
            ("q".to_owned(), "x y".to_owned()),
        ],
        headers,
        body: Bytes::from_static(br#"{"a": {"b": "deep"}, "n": 7}"#),
        context: json!({ "stage": "prod", "apiId": "api", "identity": { "userArn": "arn:me", "user": null } }),
        stage_variables: strings(&[("host", "h.local"), ("colour", "red")]),
    }
}

fn mapped(to: &str, from: &str) -> Mapped {
    let parameters = Strings::from([(to.to_owned(), from.to_owned())]);
    mapping::map_request(&invocation(&json!({})), &parameters)
}

#[test]
fn sources_give_their_values_or_leave_the_parameter_out() {
    let cases = [
        ("'a b'", Some("a b"), "a literal"),
        ("''", Some(""), "an empty literal"),
        (
            "method.request.path.id",
            Some("a%20b"),
            "a path parameter as it was sent",
        ),
        (
            "method.request.querystring.q",
            Some("x y"),
            "the last value of a query parameter",
        ),
        (
            "method.request.multivaluequerystring.q",
            Some("1,x y"),
            "all of them",
        ),
        (
            "method.request.header.X-Many",
            Some("2"),
            "the last value of a header, whatever its case",
        ),
        (
            "method.request.multivalueheader.x-many",
            Some("1,2"),
            "all of them",
        ),
        ("method.request.body.a.b", Some("deep"), "part of the body"),
        ("method.request.body.n", Some("7"), "a number of the body"),
        ("context.identity.userArn", Some("arn:me"), "the context"),
        ("stageVariables.colour", Some("red"), "a stage variable"),
        ("context.identity.user", None, "null is nothing"),
        ("context.absent", None, "no such context"),
        ("method.request.header.absent", None, "no such header"),
        ("stageVariables.absent", None, "no such variable"),
    ];
    for (source, expected, reason) in cases {
        let found = mapped("integration.request.header.X", source).headers;
        let found = found.first().map(|(_, value)| value.as_str());
        assert_eq!(found, expected, "{reason}");
    }
}

#[test]
fn what_goes_into_a_path_is_encoded_unless_it_came_from_one() {
    let value = |source| mapped("integration.request.path.p", source).path["p"].clone();
    assert_eq!(value("method.request.path.id"), "a%20b");
    assert_eq!(value("method.request.querystring.q"), "x%20y");
    assert_eq!(value("'a/../b?c'"), "a%2F..%2Fb%3Fc");
}

#[test]
fn a_value_that_is_no_header_is_left_out() {
    let mut headers = HeaderMap::new();
    mapping::set_header(&mut headers, "x-a", "a\r\nx-b: c");
    assert!(headers.is_empty());
}

fn sent(integration: &Value) -> Result<http::Request<Bytes>, Refusal> {
    let invocation = invocation(integration);
    http_integration::request(&invocation, invocation.integration().unwrap())
}

#[test]
fn a_uri_is_filled_from_mapping_and_stage_variables() {
    let id = json!({ "integration.request.path.id": "method.request.path.id" });
    let proxy = json!({ "uri": "http://${stageVariables.host}/v1/{id}", "requestParameters": id });
    assert_eq!(
        sent(&proxy).unwrap().uri(),
        "http://h.local/v1/a%20b?q=1&q=x%20y"
    );
    let unfilled = json!({ "uri": "http://b/{other}" });
    assert_eq!(sent(&unfilled).unwrap_err(), Refusal::configuration());
}

#[test]
fn a_mapped_query_parameter_replaces_all_values_of_the_clients() {
    let mapping = json!({ "integration.request.querystring.q": "'mine'" });
    let request = sent(&json!({ "uri": "http://b/?a=1", "requestParameters": mapping })).unwrap();
    assert_eq!(request.uri().query(), Some("a=1&q=mine"));
}

#[test]
fn a_custom_integration_passes_nothing_that_is_not_mapped() {
    let request = sent(&json!({ "type": "HTTP", "uri": "http://b/" })).unwrap();
    assert_eq!(request.uri(), "http://b/");
    assert!(!request.headers().contains_key("x-many"));
    assert_eq!(request.headers()["user-agent"], "AmazonAPIGateway_api");
    assert_eq!(
        request.body().as_ref(),
        br#"{"a": {"b": "deep"}, "n": 7}"#,
        "without a template the body passes"
    );
}

#[test]
fn passthrough_decides_about_a_body_without_a_template() {
    let templates = json!({ "text/plain": "x" });
    let cases = [
        (
            json!({}),
            "WHEN_NO_TEMPLATES",
            true,
            "there are no templates",
        ),
        (templates.clone(), "WHEN_NO_MATCH", true, "none fits"),
        (
            templates,
            "WHEN_NO_TEMPLATES",
            false,
            "there are templates, but none fits",
        ),
        (json!({}), "NEVER", false, "never"),
    ];
    for (templates, behavior, passes, reason) in cases {
        let custom = json!({ "type": "HTTP", "uri": "http://b/", "requestTemplates": templates, "passthroughBehavior": behavior });
        let refused = sent(&custom).err().map(|refusal| refusal.kind);
        assert_eq!(
            refused,
            (!passes).then_some(Kind::UnsupportedMediaType),
            "{reason}"
        );
    }
}

#[test]
fn templates_know_their_variables_and_say_what_they_do_not_know() {
    let rendered = |text| template::render(&invocation(&json!({})), text);
    let cases = [
        (r#"{"stage":"$context.stage"}"#, r#"{"stage":"prod"}"#),
        ("${stageVariables.colour}s", "reds"),
        ("$input.params('id')-$input.params('q').", "a%20b-x y."),
        ("$input.json('$.a')", r#"{"b":"deep"}"#),
        ("[$context.absent]", "[]"),
        ("no variables", "no variables"),
    ];
    for (template, expected) in cases {
        assert_eq!(rendered(template).as_deref(), Ok(expected), "{template}");
    }
    for template in ["#set($a = 1)", "$util.escapeJavaScript('x')", "costs 5$"] {
        assert!(rendered(template).is_err(), "{template}");
    }
}

#[test]
fn a_source_arn_has_stars_for_variables() {
    let stage = json!({
        "deploymentId": "d", "stageName": "prod", "cacheClusterEnabled": false, "cacheClusterStatus": "NOT_AVAILABLE",
        "tracingEnabled": false, "createdDate": 0, "lastUpdatedDate": 0,
    });
    let invocation = invocation(&json!({}));
    let place = Place {
        account: "1".to_owned(),
        region: "r".to_owned(),
        api_id: "api".to_owned(),
        stage: serde_json::from_value(stage).unwrap(),
        snapshot: invocation.snapshot.clone(),
        now: Timestamp::UNIX_EPOCH,
    };
    assert_eq!(
        place.source_arn(&invocation),
        "arn:aws:execute-api:r:1:api/prod/POST/orders/*"
    );
}

#[test]
fn only_function_uris_name_a_function() {
    let uri = "arn:aws:apigateway:r:lambda:path/2015-03-31/functions/arn:aws:lambda:r:1:function:f:live/invocations";
    let function = lambda_integration::function_of(uri).unwrap();
    assert_eq!(
        (function.name.as_str(), function.qualifier.as_deref()),
        ("f", Some("live"))
    );
    assert!(lambda_integration::function_of("arn:aws:apigateway:r:s3:path/b").is_none());
}

/// A back end that answers after an hour.
#[derive(Debug)]
struct Sleeper;

impl SendRequest for Sleeper {
    fn send(&self, _: Request<Bytes>) -> Answer {
        Box::pin(async {
            tokio::time::sleep(Duration::from_hours(1)).await;
            Ok(Response::new(Bytes::new()))
        })
    }
}

/// One control call in process; gives the answer's body.
async fn control(local: &LocalAws, method: &str, path: &str, body: &Value) -> Value {
    let credential = "AWS4-HMAC-SHA256 Credential=111122223333/20260101/eu-west-1/apigateway/aws4_request, SignedHeaders=host, Signature=0";
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header("authorization", credential);
    let response = local
        .handle(request.body(Bytes::from(body.to_string())).unwrap())
        .await;
    assert!(response.status().is_success(), "{path}: {response:?}");
    serde_json::from_slice(response.body()).unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_slow_back_end_times_out_in_virtual_time_without_a_socket() {
    let config = Config {
        backends: Backends::new(Sleeper),
        ..Config::default()
    };
    let local = LocalAws::new(config).unwrap();
    let integration = json!({ "type": "http_proxy", "httpMethod": "GET", "uri": "http://b/" });
    let operation =
        json!({ "responses": { "200": {} }, "x-amazon-apigateway-integration": integration });
    let document = json!({ "openapi": "3.0.1", "info": { "title": "t" }, "paths": { "/a": { "get": operation } } });
    let api = control(&local, "POST", "/restapis", &json!({ "name": "n" })).await;
    let api = api["id"].as_str().unwrap();
    control(
        &local,
        "PUT",
        &format!("/restapis/{api}?mode=overwrite"),
        &document,
    )
    .await;
    control(
        &local,
        "POST",
        &format!("/restapis/{api}/deployments"),
        &json!({ "stageName": "prod" }),
    )
    .await;
    let started = tokio::time::Instant::now();
    let request = Request::get(format!("/_aws/execute-api/{api}/prod/a"))
        .body(Bytes::new())
        .unwrap();
    let response = local.handle(request).await;
    assert_eq!(response.status(), 504);
    assert_eq!(
        started.elapsed(),
        Duration::from_secs(29),
        "the default time-out of an integration"
    );
}
