use serde_json::{Value, json};

use super::*;
use crate::fixtures::{desired, identity, route, spec, spec_json};

fn document(json: Value) -> Value {
    serde_json::from_str(&desired(json).gateway.document.body).unwrap()
}

fn violations(json: Value) -> Vec<String> {
    match validate(identity(), &spec(json)) {
        Ok(_) => Vec::new(),
        Err(violations) => violations.iter().map(ToString::to_string).collect(),
    }
}

/// A change of the small valid spec.
type Change = fn(&mut Value);

/// The start of a violation, and the mistake that it is about.
const MISTAKES: [(&str, Change); 30] = [
    ("spec.routes[0].path: /a/{x}/{x} names", |s| {
        s["routes"][0]["path"] = json!("/a/{x}/{x}");
    }),
    ("spec.routes[0].cache.ttl: must be", |s| {
        s["routes"][0]["cache"]["ttl"] = json!("61m");
    }),
    ("spec.routes[0].cache.ttl: must be", |s| {
        s["routes"][0]["cache"]["ttl"] = json!("99999999999999999999s");
    }),
    ("spec.routes[0].backend.http.url: uses {nr}", |s| {
        s["routes"][0]["backend"]["http"]["url"] = json!("https://x/{nr}");
    }),
    ("spec.routes[0].backend.http.url: must not", |s| {
        s["routes"][0]["backend"]["http"]["url"] = json!("https://x/$context.stage");
    }),
    (
        "spec.routes[0].backend.lambda.functionArn: arn:aws:lambda:us-east-1",
        |s| {
            s["routes"][0]["backend"] = json!({"lambda": {"functionArn": "arn:aws:lambda:us-east-1:123456789012:function:f"}});
        },
    ),
    (
        "spec.routes[0].backend.http.url: https://orders..example.com has no valid host",
        |s| s["routes"][0]["backend"]["http"]["url"] = json!("https://orders..example.com"),
    ),
    (
        "spec.routes[0].backend.lambda.functionArn: arn:aws-cn:lambda:eu-west-1:123456789012:function:f is not in the Region eu-west-1",
        |s| {
            s["routes"][0]["backend"] = json!({"lambda": {"functionArn": "arn:aws-cn:lambda:eu-west-1:123456789012:function:f"}});
        },
    ),
    (
        "spec.bindings[0].lambda.functionArn: arn:aws-cn:lambda",
        |s| {
            s["bindings"] = json!([{"lambda": {"functionArn": "arn:aws-cn:lambda:eu-west-1:123456789012:function:f"}}]);
        },
    ),
    (
        "spec.api.stage.variables[x]: the value must not be empty",
        |s| {
            s["api"] = json!({"stage": {"variables": {"x": ""}}});
        },
    ),
    ("spec.routes[0].parameters[0].header: host cannot", |s| {
        s["routes"][0]["parameters"] = json!([{"header": "Host", "from": {"value": "x"}}]);
    }),
    (
        "spec.routes[0].parameters[0].header: x-cachedapi-ttl cannot",
        |s| {
            s["routes"][0]["parameters"] =
                json!([{"header": "X-CachedApi-Ttl", "from": {"value": "0"}}]);
        },
    ),
    ("spec.routes[0].parameters[1].header: is set twice", |s| {
        s["routes"][0]["parameters"] = json!([
            {"header": "x-a", "from": {"value": "1"}}, {"header": "X-A", "from": {"value": "2"}},
        ]);
    }),
    (
        "spec.routes[0].parameters[0].from.path: the route's path",
        |s| s["routes"][0]["parameters"] = json!([{"header": "x-a", "from": {"path": "nr"}}]),
    ),
    ("spec.routes[0].parameters[0].from.value: must not", |s| {
        s["routes"][0]["parameters"] = json!([{"header": "x-a", "from": {"value": "a\r\nx-b: c"}}]);
    }),
    ("spec.routes[0].parameters[0].from.value: must not", |s| {
        s["routes"][0]["parameters"] =
            json!([{"header": "x-a", "from": {"value": "' + context.identity.user + '"}}]);
    }),
    (
        "spec.routes[0].parameters[0].header: must be made of",
        |s| {
            s["routes"][0]["parameters"] =
                json!([{"header": "x-a\r\nx-b", "from": {"value": "1"}}]);
        },
    ),
    (
        "spec.routes[0].parameters[0].from.query: must be made of",
        |s| {
            s["routes"][0]["parameters"] =
                json!([{"query": "a", "from": {"query": "a' + context.stage + '"}}]);
        },
    ),
    ("spec.routes[0].cache.key.headers: must be made of", |s| {
        s["routes"][0]["cache"]["key"] = json!({"headers": ["accept", "a\nb"]});
    }),
    ("spec.routes[0].path: must not contain", |s| {
        s["routes"][0]["path"] = json!("/orders/{id}/${context.stage}");
    }),
    (
        "spec.routes[0].path: the parameter name \"a/../b\" must be made of",
        |s| s["routes"][0]["path"] = json!("/orders/{id}/{a/../b}"),
    ),
    (
        "spec.routes[0].path: the parameter name \"\" must be made of",
        |s| s["routes"][0]["path"] = json!("/orders/{id}/{}"),
    ),
    ("spec.routes[0].backend.lambda.functionArn: must not", |s| {
        s["routes"][0]["backend"] = json!({"lambda": {"functionArn": "arn:aws:lambda:eu-west-1:123456789012:function:${stageVariables.f}"}});
    }),
    (
        "spec.routes[0].parameters[0].from.context: is not known",
        |s| {
            s["routes"][0]["parameters"] =
                json!([{"header": "x-a", "from": {"context": "CallerArn"}}]);
        },
    ),
    (
        "spec.routes[1].path: {nr} stands where another route has {id}",
        |s| s["routes"] = json!([route("a", "/orders/{id}"), route("b", "/orders/{nr}/items")]),
    ),
    ("spec.api.stage.variables[x]: the value", |s| {
        s["api"] = json!({"stage": {"variables": {"x": "a'b"}}});
    }),
    (
        "spec.credentials.iam: needs redis 7.0 or newer, and engineVersion is 6.2",
        |s| {
            s["cache"]["replicationGroup"]["engine"] = json!("redis");
            s["cache"]["replicationGroup"]["engineVersion"] = json!("6.2");
            s["credentials"] = json!({"iam": {}});
        },
    ),
    (
        "spec.cache.replicationGroup.engineVersion: 7.1 is too old",
        |s| s["cache"]["replicationGroup"]["engineVersion"] = json!("7.1"),
    ),
    (
        "spec.cache.replicationGroup.engineVersion: 5.0 is too old: users need Redis 6.0 or newer; from Redis 5.0 on there is credentials.authToken",
        |s| old_redis(s, "5.0"),
    ),
    (
        "spec.cache.replicationGroup.engineVersion: 4.0 is too old: AUTH tokens need Redis 5.0",
        |s| {
            old_redis(s, "4.0");
            s["credentials"] = json!({"authToken": {}});
        },
    ),
];

fn old_redis(spec: &mut Value, version: &str) {
    let group = &mut spec["cache"]["replicationGroup"];
    (group["engine"], group["engineVersion"]) = (json!("redis"), json!(version));
}

#[test]
fn an_auth_token_goes_with_engines_that_have_users_and_with_those_that_have_none() {
    for (engine, version) in [("redis", "5.0"), ("redis", "7.1"), ("valkey", "8.1")] {
        let mut json = spec_json();
        let group = &mut json["cache"]["replicationGroup"];
        (group["engine"], group["engineVersion"]) = (json!(engine), json!(version));
        json["credentials"] = json!({"authToken": {"rotateEvery": "7d"}, "probe": "Skip"});
        let desired = desired(json);
        assert!(desired.mode.has_token());
        let rotation = desired.secret.rotation;
        assert_eq!(rotation.every.as_secs(), 7 * 24 * 60 * 60);
        assert!(
            rotation.probe,
            "stored before the rule against it was there"
        );
    }
}

#[test]
fn what_cannot_work_is_named_with_its_field() {
    for (expected, change) in MISTAKES {
        let mut json = spec_json();
        change(&mut json);
        let found = violations(json);
        assert!(
            found.len() == 1 && found[0].starts_with(expected),
            "{expected}: {found:?}"
        );
    }
}

#[test]
fn every_violation_is_named_not_only_the_first() {
    let mut json = spec_json();
    json["routes"][0]["cache"]["ttl"] = json!("2h");
    json["cache"]["replicationGroup"]["engineVersion"] = json!("6.0");
    assert_eq!(violations(json).len(), 2);
}

#[test]
fn three_hundred_resources_are_allowed_and_each_segment_counts() {
    let many = |count: usize| {
        let mut json = spec_json();
        json["routes"] = (0..count)
            .map(|n| route(&format!("r{n}"), &format!("/a/r{n}")))
            .collect();
        violations(json)
    };
    assert!(many(299).is_empty());
    assert!(many(300)[0].contains("the paths make 301 resources"));
}

/// What the API server stores makes no such document; one with looser limits on the size of an object may.
#[test]
fn a_document_over_six_megabytes_is_refused_before_anything_is_made() {
    let with_url_of = |length: usize| {
        let mut json = spec_json();
        json["routes"][0]["backend"]["http"]["url"] =
            json!(format!("https://x/{}", "a".repeat(length)));
        violations(json)
    };
    assert!(with_url_of(6_000_000).is_empty());
    let refused = with_url_of(6 * 1024 * 1024);
    assert!(
        refused[0].starts_with("spec.routes: the OpenAPI document of the routes has 629"),
        "{refused:?}"
    );
}

#[test]
fn a_hundred_stage_variables_are_allowed() {
    let many = |count: usize| {
        let mut json = spec_json();
        json["api"] = json!({"stage": {"variables": {"mine": "1"}}});
        json["routes"] = (0..count)
            .map(|n| {
                let mut route = route(&format!("r{n}"), &format!("/r{n}"));
                route["backend"] =
                    json!({"lambda": {"functionArn": "arn:aws:lambda:eu-west-1:123456789012:function:f"}});
                route
            })
            .collect();
        violations(json)
    };
    assert!(many(99).is_empty());
    assert!(many(100)[0].starts_with("spec.routes: 101 stage variables"));
}

#[test]
fn an_http_route_tells_the_back_end_its_cache_policy() {
    let mut json = spec_json();
    json["routes"][0] = json!({
        "name": "get-order", "method": "GET", "path": "/orders/{id}", "auth": {"iam": {}},
        "backend": {"http": {"url": "https://orders.example.com/v1/{id}"}, "timeoutMillis": 3000},
        "cache": {"ttl": "5m", "key": {"query": ["fields", "page"], "headers": ["accept-language"]}},
        "parameters": [
            {"header": "x-tenant", "from": {"query": "tenant"}},
            {"query": "caller", "from": {"context": "CallerAccount"}},
            {"header": "x-source", "from": {"value": "gateway"}},
        ],
    });
    let operation = document(json)["paths"]["/orders/{id}"]["get"].clone();
    let integration = &operation["x-amazon-apigateway-integration"];
    assert_eq!(operation["operationId"], "get-order");
    assert_eq!(operation["security"], json!([{"sigv4": []}]));
    let declared: Vec<_> = operation["parameters"]
        .as_array()
        .unwrap()
        .iter()
        .map(|p| {
            (
                p["in"].as_str(),
                p["name"].as_str(),
                p["required"].as_bool(),
            )
        })
        .collect();
    assert_eq!(
        declared,
        [
            (Some("path"), Some("id"), Some(true)),
            (Some("query"), Some("tenant"), Some(false))
        ]
    );
    assert_eq!(integration["timeoutInMillis"], 3000);
    assert_eq!(
        integration["requestParameters"],
        json!({
            "integration.request.path.id": "method.request.path.id",
            "integration.request.header.X-CachedApi-Route": "'get-order'",
            "integration.request.header.X-CachedApi-Ttl": "'300'",
            "integration.request.header.X-CachedApi-Scope": "'caller'",
            "integration.request.header.X-CachedApi-Caller": "context.identity.userArn",
            "integration.request.header.X-CachedApi-Key-Query": "'fields,page'",
            "integration.request.header.X-CachedApi-Key-Headers": "'accept-language'",
            "integration.request.header.x-tenant": "method.request.querystring.tenant",
            "integration.request.querystring.caller": "context.identity.accountId",
            "integration.request.header.x-source": "'gateway'",
        })
    );
}

#[test]
fn every_policy_header_is_set_on_every_route_so_that_a_caller_cannot_bring_its_own() {
    let mut json = spec_json();
    json["routes"][0].as_object_mut().unwrap().remove("cache");
    let mappings = document(json)["paths"]["/orders/{id}"]["get"]["x-amazon-apigateway-integration"]["requestParameters"].clone();
    let headers = [
        openapi::HEADER_ROUTE,
        openapi::HEADER_TTL,
        openapi::HEADER_SCOPE,
        openapi::HEADER_CALLER,
        openapi::HEADER_KEY_QUERY,
        openapi::HEADER_KEY_HEADERS,
    ];
    for header in headers {
        assert!(
            mappings[format!("integration.request.header.{header}")].is_string(),
            "{header}"
        );
    }
    assert_eq!(
        mappings["integration.request.header.X-CachedApi-Ttl"],
        "'0'"
    );
    assert_eq!(
        mappings["integration.request.header.X-CachedApi-Caller"],
        "'-'"
    );
}

#[test]
fn a_cached_route_with_callers_is_cached_per_caller_unless_it_says_shared() {
    let cases = [
        ("public", None, "'shared'"),
        ("iam", None, "'caller'"),
        ("apiKey", None, "'caller'"),
        ("iam", Some("Shared"), "'shared'"),
        ("apiKey", Some("Caller"), "'caller'"),
    ];
    for (auth, scope, expected) in cases {
        let mut json = spec_json();
        json["api"] = json!({"apiKeys": [{"name": "k", "secret": {"name": "k"}}]});
        json["routes"][0]["auth"] = json!({auth: {}});
        if let Some(scope) = scope {
            json["routes"][0]["cache"]["scope"] = json!(scope);
        }
        let mappings = document(json)["paths"]["/orders/{id}"]["get"]["x-amazon-apigateway-integration"]["requestParameters"].clone();
        assert_eq!(
            mappings["integration.request.header.X-CachedApi-Scope"], expected,
            "{auth} {scope:?}"
        );
    }
}

#[test]
fn a_lambda_route_learns_its_cache_policy_from_a_stage_variable() {
    let mut json = spec_json();
    json["region"] = json!("us-gov-west-1");
    json["routes"][0]["backend"] = json!({"lambda": {"functionArn": "arn:aws-us-gov:lambda:us-gov-west-1:123456789012:function:f:live"}});
    json["routes"][0]["cache"]["key"] = json!({"query": ["a", "b"], "headers": ["accept"]});
    let gateway = desired(json.clone()).gateway;
    assert_eq!(
        gateway.stage.variables["cache_get_order"],
        "ttl=60&scope=shared&query=a,b&headers=accept"
    );
    let integration =
        document(json)["paths"]["/orders/{id}"]["get"]["x-amazon-apigateway-integration"].clone();
    assert_eq!(integration["type"], "aws_proxy");
    let uri = "arn:aws-us-gov:apigateway:us-gov-west-1:lambda:path/2015-03-31/functions/arn:aws-us-gov:lambda:us-gov-west-1:123456789012:function:f:live/invocations";
    assert_eq!(integration["uri"], uri);
}

#[test]
fn the_hash_follows_the_document_and_nothing_else() {
    let hash = |change: Change| {
        let mut json = spec_json();
        change(&mut json);
        desired(json).gateway.document.hash
    };
    let base = hash(|_| {});
    assert_eq!(base.len(), 32);
    assert_eq!(
        base,
        hash(|s| s["api"] = json!({"stage": {"throttle": {"rate": 1, "burst": 2}}}))
    );
    assert_eq!(
        base,
        hash(|s| s["cache"]["replicationGroup"]["nodeType"] = json!("cache.r7g.large"))
    );
    assert_ne!(
        base,
        hash(|s| s["routes"][0]["cache"]["ttl"] = json!("61s"))
    );
    assert_ne!(base, hash(|s| s["routes"][0]["auth"] = json!({"iam": {}})));
}

#[test]
fn any_method_and_greedy_paths_are_rendered_as_api_gateway_writes_them() {
    let mut json = spec_json();
    json["routes"][0] = json!({
        "name": "all", "method": "ANY", "path": "/files/{rest+}", "auth": {"public": {}},
        "backend": {"http": {"url": "https://x.example.com/{rest}"}},
    });
    let operation =
        document(json.clone())["paths"]["/files/{rest+}"]["x-amazon-apigateway-any-method"].clone();
    assert_eq!(operation["parameters"][0]["name"], "rest");
    assert_eq!(
        operation["x-amazon-apigateway-integration"]["httpMethod"],
        "ANY"
    );
    assert_eq!(
        desired(json).gateway.document.methods["/files/{rest+}"],
        ["ANY".to_owned()].into()
    );
}

#[test]
fn ownership_needs_the_uid_and_the_cluster() {
    let identity = identity();
    assert!(identity.owns(&identity.tags()));
    for key in [crate::api::TAG_OWNER_UID, crate::api::TAG_CLUSTER] {
        let mut tags = identity.tags();
        tags.insert(key.into(), "other".into());
        assert!(!identity.owns(&tags), "{key}");
    }
}

#[test]
fn names_keep_to_what_aws_allows() {
    let identity = identity();
    assert!(identity.cache_id().len() <= 40 && identity.default_user_id().len() <= 40);
    assert!(identity.permission_statement().len() <= 100);
    assert_eq!(identity.secret_name(), "cachedapi/shop/orders-0a1b2c3d");
    assert_eq!(
        identity.token("secret"),
        super::super::fixtures::identity().token("secret")
    );
    assert_ne!(identity.token("secret"), identity.token("other"));
}

#[test]
fn cache_versions_compare_by_number() {
    let version = |text: &str| text.parse::<CacheVersion>().unwrap();
    assert!(version("7.10") > version("7.2"));
    assert_eq!(version("8.1.3"), version("8.1"));
    assert!("eight".parse::<CacheVersion>().is_err());
}
