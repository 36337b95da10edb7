//! The CRD on a real API server: it is what the types say, each rule refuses what it is for with a message that a person understands,
//! and defaults are safe.

#![allow(clippy::unwrap_used)]

use std::path::Path;
use std::sync::LazyLock;

use cachedapi_hack::command;
use cachedapi_hack::control_plane::ControlPlane;
use cachedapi_hack::kubectl::Kubectl;
use cachedapi_operator::api::{CachedApiSpec, aws_account_definition, custom_resource_definition};
use serde_json::{Value, json};

#[path = "crd/server.rs"]
mod server;

use server::committed;

/// An API server that knows the CRD; it ends with the process.
static SERVER: LazyLock<(tempfile::TempDir, ControlPlane)> = LazyLock::new(server::start);

fn kubectl() -> &'static Kubectl {
    SERVER.1.kubectl()
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn route() -> Value {
    json!({
        "name": "get-order", "method": "GET", "path": "/orders/{id}", "auth": {"public": {}},
        "backend": {"http": {"url": "https://orders.example.com/{id}"}}, "cache": {"ttl": "60s"},
    })
}

fn object(name: &str) -> Value {
    json!({
        "apiVersion": "cachedapi.dev/v1alpha1", "kind": "CachedApi", "metadata": {"name": name, "namespace": "default"},
        "spec": {
            "region": "eu-west-1",
            "routes": [route()],
            "cache": {"replicationGroup": {
                "engineVersion": "8.1", "nodeType": "cache.t4g.small",
                "network": {"subnetIds": ["subnet-0a"], "securityGroupIds": ["sg-0a"]},
            }},
        },
    })
}

/// What the API server says to an object: its stored form, or the refusal.
fn submit(object: &Value, dry_run: bool) -> Result<Value, String> {
    let mut kubectl = kubectl().command();
    kubectl.args([
        "apply",
        "--server-side",
        "--validate=strict",
        "-o",
        "json",
        "-f",
        "-",
    ]);
    if dry_run {
        kubectl.arg("--dry-run=server");
    }
    command::output_of_input(&mut kubectl, &object.to_string())
        .map(|stored| serde_json::from_str(&stored).unwrap())
        .map_err(|error| error.to_string())
}

type Change = fn(&mut Value);

#[test]
fn the_committed_crds_are_the_generated_ones() {
    for (resource, generated) in [
        ("cachedapis", custom_resource_definition()),
        ("awsaccounts", aws_account_definition()),
    ] {
        let committed = std::fs::read_to_string(committed(resource)).unwrap();
        let committed: Value = serde_saphyr::from_str(&committed).unwrap();
        let generated = serde_json::to_value(generated).unwrap();
        assert_eq!(committed, generated, "run `make crd` and commit the result");
    }
}

#[test]
fn an_account_names_a_role_and_whom_it_is_for() {
    let account = |change: Change| {
        let mut account = json!({
            "apiVersion": "cachedapi.dev/v1alpha1", "kind": "AwsAccount", "metadata": {"name": "team"},
            "spec": {"roleArn": "arn:aws:iam::222233334444:role/cachedapi", "allowedNamespaces": ["*"]},
        });
        change(&mut account["spec"]);
        submit(&account, true)
    };
    account(|_| {}).unwrap();
    account(|spec| {
        spec["externalId"] = json!("shop:1/a");
        spec["allowedRegions"] = json!(["eu-west-1"]);
    })
    .unwrap();
    let refused: [(&str, Change); 4] = [
        ("spec.roleArn in body should match", |s| {
            s["roleArn"] = json!("arn:aws:iam::222233334444:user/cachedapi");
        }),
        ("spec.allowedNamespaces", |s| {
            s["allowedNamespaces"] = json!([]);
        }),
        ("spec.allowedNamespaces", |s| {
            s["allowedNamespaces"] = json!(["shop", "shop"]);
        }),
        ("spec.externalId in body should match", |s| {
            s["externalId"] = json!("a b");
        }),
    ];
    for (why, change) in refused {
        let error = account(change).unwrap_err();
        assert!(error.contains(why), "{error}");
    }
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table")]
fn every_rule_refuses_what_it_is_for_and_says_why() {
    let cases: &[(&str, Change)] = &[
        ("two routes have the same method and path", |s| {
            let mut second = route();
            second["name"] = json!("other");
            s["routes"] = json!([route(), second]);
        }),
        ("spec.adopt.restApiId in body should match", |s| {
            s["adopt"] = json!({"restApiId": "arn:aws:apigateway"});
        }),
        ("adopt names nothing", |s| {
            s["adopt"] = json!({"mode": "TakeOver"});
        }),
        ("spec.adopt.replicationGroupId in body should match", |s| {
            s["adopt"] = json!({"replicationGroupId": "arn:aws:elasticache"});
        }),
        ("spec.adopt.secretArn in body should match", |s| {
            s["adopt"] = json!({"secretArn": "theirs"});
        }),
        ("adopt.secretArn is not in the object's region", |s| {
            s["adopt"] = json!({"secretArn": secret_in("us-east-1")});
        }),
        ("Unsupported value: \"Now\"", |s| {
            s["adopt"] = json!({"restApiId": "a1b2c3d4e5", "mode": "Now"});
        }),
        ("Unsupported value: \"Observe\"", |s| {
            s["managementPolicy"] = json!("Observe");
        }),
        ("duplicate entries for key [name=\"get-order\"]", |s| {
            s["routes"] = json!([route(), route()]);
        }),
        ("auth needs exactly one of public, iam and apiKey", |s| {
            s["routes"][0]["auth"] = json!({});
        }),
        ("auth needs exactly one of public, iam and apiKey", |s| {
            s["routes"][0]["auth"] = json!({"public": {}, "iam": {}});
        }),
        ("spec.routes[0].auth: Required value", |s| {
            drop(s["routes"][0].as_object_mut().unwrap().remove("auth"));
        }),
        ("backend needs exactly one of http and lambda", |s| {
            s["routes"][0]["backend"]["lambda"] =
                json!({"functionArn": "arn:aws:lambda:eu-west-1:123456789012:function:f"});
        }),
        ("backend needs exactly one of http and lambda", |s| {
            s["routes"][0]["backend"] = json!({});
        }),
        ("ttl must be between 0s and 3600s", |s| {
            s["routes"][0]["cache"]["ttl"] = json!("3601s");
        }),
        ("ttl must be between 0s and 3600s", |s| {
            s["routes"][0]["cache"]["ttl"] = json!("61m");
        }),
        ("should match '^[0-9]+(s|m|h)$'", |s| {
            s["routes"][0]["cache"]["ttl"] = json!("-1s");
        }),
        ("only GET and HEAD routes can be cached", |s| {
            s["routes"][0]["method"] = json!("POST");
        }),
        ("a public route has no caller to cache for", |s| {
            s["routes"][0]["cache"]["scope"] = json!("Caller");
        }),
        ("parameters need an HTTP back end", |s| {
            s["routes"][0]["backend"] = json!({"lambda": {"functionArn": "arn:aws:lambda:eu-west-1:123456789012:function:f"}});
            s["routes"][0]["parameters"] = json!([{"header": "x-a", "from": {"value": "1"}}]);
        }),
        (
            "a parameter is set by exactly one of header and query",
            |s| {
                s["routes"][0]["parameters"] = json!([{"from": {"value": "1"}}]);
            },
        ),
        (
            "from needs exactly one of path, query, header, value and context",
            |s| {
                s["routes"][0]["parameters"] =
                    json!([{"header": "x-a", "from": {"value": "1", "query": "q"}}]);
            },
        ),
        (
            "headers starting with x-cachedapi- are the operator's own",
            |s| {
                s["routes"][0]["parameters"] =
                    json!([{"header": "X-CachedApi-Ttl", "from": {"value": "1"}}]);
            },
        ),
        ("spec.routes[0].parameters[0].from.value", |s| {
            s["routes"][0]["parameters"] =
                json!([{"header": "x-a", "from": {"value": "a\r\nb: c"}}]);
        }),
        ("spec.routes[0].parameters[0].from.value", |s| {
            s["routes"][0]["parameters"] =
                json!([{"header": "x-a", "from": {"value": "${stageVariables.x}"}}]);
        }),
        ("spec.routes[0].backend.http.url", |s| {
            s["routes"][0]["backend"]["http"]["url"] = json!("https://x/$context.stage");
        }),
        ("spec.routes[0].path", |s| {
            s["routes"][0]["path"] = json!("/orders/");
        }),
        ("spec.routes[0].path", |s| {
            s["routes"][0]["path"] = json!("/{all+}/more");
        }),
        (
            "a route uses auth.apiKey, so api.apiKeys must name at least one key",
            |s| s["routes"][0]["auth"] = json!({"apiKey": {}}),
        ),
        (
            "two bindings name the same Secret",
            |s| s["bindings"] = json!([{"secret": {"name": "a"}}, {"secret": {"name": "a"}}]),
        ),
        ("two bindings name the same Deployment", |s| {
            s["bindings"] = json!([{"deployment": {"name": "a"}}, {"deployment": {"name": "a"}}]);
        }),
        ("two bindings name the same StatefulSet", |s| {
            s["bindings"] = json!([{"statefulSet": {"name": "a"}}, {"statefulSet": {"name": "a"}}]);
        }),
        ("two bindings name the same Lambda function", |s| {
            let lambda = json!({"lambda": {"functionArn": "arn:aws:lambda:eu-west-1:123456789012:function:f"}});
            s["bindings"] = json!([lambda, lambda]);
        }),
        ("spec.bindings[0].lambda.functionArn", |s| {
            s["bindings"] = json!([{"lambda": {"functionArn": "arn:aws:lambda:eu-west-1:123456789012:function:f:live"}}]);
        }),
        ("spec.bindings[0].lambda.alias", |s| {
            s["bindings"] = json!([{"lambda": {"functionArn": "arn:aws:lambda:eu-west-1:123456789012:function:f", "alias": "7"}}]);
        }),
        ("a binding needs exactly one of secret", |s| {
            s["bindings"] = json!([{}]);
        }),
        ("a binding needs exactly one of secret", |s| {
            s["bindings"] = json!([{"secret": {"name": "a"}, "deployment": {"name": "a"}}]);
        }),
        ("two API keys name the same Secret", |s| {
            s["api"] = json!({"apiKeys": [{"name": "a", "secret": {"name": "s"}}, {"name": "b", "secret": {"name": "s"}}]});
        }),
        ("does not start with cache_", |s| {
            s["api"] = json!({"stage": {"variables": {"cache_x": "1"}}});
        }),
        (
            "a stage variable's value has 1 to 512 characters out of",
            |s| s["api"] = json!({"stage": {"variables": {"x": "a b"}}}),
        ),
        (
            "a stage variable's value has 1 to 512 characters out of",
            |s| s["api"] = json!({"stage": {"variables": {"x": ""}}}),
        ),
        ("spec.bindings[0].deployment", |s| {
            s["bindings"] = json!([{"deployment": null}]);
        }),
        ("spec.routes[0].parameters[0].from.path", |s| {
            s["routes"][0]["parameters"] = json!([{"header": "x-a", "from": {"path": null}}]);
        }),
        ("spec.region", |s| s["region"] = json!("Ireland")),
        ("spec.cache.replicationGroup.replicasPerShard", |s| {
            s["cache"]["replicationGroup"]["replicasPerShard"] = json!(6);
        }),
        ("spec.cache.replicationGroup.network.subnetIds", |s| {
            s["cache"]["replicationGroup"]["network"]["subnetIds"] = json!([]);
        }),
        ("spec.credentials.recoveryWindowDays", |s| {
            s["credentials"] = json!({"recoveryWindowDays": 6});
        }),
        (
            "credentials.iam needs cache.replicationGroup.engineVersion",
            |s| {
                s["credentials"] = json!({"iam": {}});
                s["cache"]["replicationGroup"]["engineVersion"] = json!("7.1");
            },
        ),
        (
            "credentials.iam needs cache.replicationGroup.engineVersion",
            |s| {
                s["credentials"] = json!({"password": {}, "iam": {}});
                s["cache"]["replicationGroup"]["engine"] = json!("redis");
                s["cache"]["replicationGroup"]["engineVersion"] = json!("6.2");
            },
        ),
        ("rotateEvery must be between 1h and 365d", |s| {
            s["credentials"] = json!({"password": {"rotateEvery": "366d"}});
        }),
        (
            "rotateEvery must be at least 30m longer than the grace",
            |s| {
                s["credentials"] = json!({"password": {"rotateEvery": "2h"}});
            },
        ),
        ("grace must be at least twice clientCacheTtl", |s| {
            s["credentials"] = json!({"password": {"grace": "1h"}});
        }),
        ("grace must be between 15m and 168h", |s| {
            s["credentials"] = json!({"password": {"clientCacheTtl": "0s", "grace": "14m"}});
        }),
        ("clientCacheTtl must be at most 24h", |s| {
            s["credentials"] = json!({"password": {"clientCacheTtl": "25h"}});
        }),
        ("credentials.authToken stands alone", |s| {
            s["credentials"] = json!({"password": {}, "authToken": {}});
        }),
        ("credentials.authToken needs probe Login", |s| {
            s["credentials"] = json!({"authToken": {}, "probe": "Skip"});
        }),
        ("spec.credentials.authToken: Invalid value", |s| {
            s["credentials"] = json!({"authToken": {"grace": "1h"}});
        }),
        ("spec.credentials.password.rotateEvery", |s| {
            s["credentials"] = json!({"password": {"rotateEvery": "monthly"}});
        }),
        ("backend.htpp: field not declared in schema", |s| {
            s["routes"][0]["backend"] = json!({"htpp": {"url": "https://x"}});
        }),
        ("Unsupported value: \"Keep\"", |s| {
            s["deletionPolicy"] = json!({"cache": "Keep"});
        }),
    ];
    for (expected, change) in cases {
        let mut bad = object("bad");
        change(&mut bad["spec"]);
        let refusal = submit(&bad, true).expect_err(expected);
        assert!(
            refusal.contains(expected),
            "expected {expected:?}, got: {refusal}"
        );
    }
}

#[test]
fn a_name_that_aws_names_cannot_hold_is_refused() {
    let refusal = submit(&object(&"n".repeat(64)), true).unwrap_err();
    assert!(
        refusal.contains("metadata.name must have at most 63 characters"),
        "{refusal}"
    );
}

#[test]
fn what_cannot_be_changed_is_refused_and_says_so() {
    let cases: &[(&str, Change)] = &[
        ("region cannot be changed", |s| {
            s["region"] = json!("us-east-1");
        }),
        ("api.stage.name cannot be changed", |s| {
            s["api"] = json!({"stage": {"name": "test"}});
        }),
        ("api.endpointType cannot be changed", |s| {
            s["api"] = json!({"endpointType": "Edge"});
        }),
        ("cache.replicationGroup.shards cannot be changed", |s| {
            s["cache"]["replicationGroup"]["shards"] = json!(2);
        }),
        ("cannot go from valkey back to redis", |s| {
            s["cache"]["replicationGroup"]["engine"] = json!("redis");
        }),
        ("credentials.authToken cannot be given to an object", |s| {
            s["credentials"] = json!({"authToken": {}});
        }),
    ];
    submit(&object("fixed"), false).unwrap();
    for (expected, change) in cases {
        let mut changed = object("fixed");
        change(&mut changed["spec"]);
        let refusal = submit(&changed, true).expect_err(expected);
        assert!(
            refusal.contains(expected),
            "expected {expected:?}, got: {refusal}"
        );
    }
}

#[test]
fn what_is_taken_over_is_the_api_that_was_reviewed() {
    let adopting = |name: &str, adopt: Value| {
        let mut object = object(name);
        object["spec"]["adopt"] = adopt;
        object
    };
    let review = |id: &str| json!({"restApiId": id});
    let take_over = |id: &str| json!({"restApiId": id, "mode": "TakeOver"});
    for (id, adopt) in [
        ("a mistake in the name", review("a1")),
        ("is put right", review("b2")),
        ("and taken over", take_over("b2")),
    ] {
        submit(&adopting("adopting", adopt), false).expect(id);
    }
    for changed in [take_over("c3"), review("c3")] {
        let refusal = submit(&adopting("adopting", changed), true).unwrap_err();
        let expected = "adopt.restApiId cannot be changed while adopt.mode is TakeOver";
        assert!(refusal.contains(expected), "{refusal}");
    }
    submit(&adopting("adopting", review("b2")), true).expect("the yes is taken back");
    submit(&object("adopting"), true).expect("the name is taken out");
}

fn secret_in(region: &str) -> String {
    format!("arn:aws:secretsmanager:{region}:123456789012:secret:theirs-AbCdEf")
}

#[test]
fn a_group_and_a_secret_are_found_by_the_spec_and_stay_in_it() {
    let both = json!({"replicationGroupId": "sessions", "secretArn": secret_in("eu-west-1"), "mode": "TakeOver"});
    let adopting = |adopt: &Value| {
        let mut object = object("found");
        object["spec"]["adopt"] = adopt.clone();
        object
    };
    submit(&adopting(&both), false).expect("both are named");
    for (field, other) in [
        ("replicationGroupId", json!("others")),
        (
            "secretArn",
            json!(secret_in("eu-west-1").replace("theirs", "others")),
        ),
    ] {
        let expected = format!("adopt.{field} cannot be changed while adopt.mode is TakeOver");
        let mut changed = both.clone();
        changed[field] = other;
        let mut without = both.clone();
        without.as_object_mut().unwrap().remove(field);
        for changed in [changed, without] {
            let refusal = submit(&adopting(&changed), true).unwrap_err();
            assert!(refusal.contains(&expected), "{refusal}");
        }
    }
    let refusal = submit(&object("found"), true).unwrap_err();
    let expected = "adopt cannot be taken out while its mode is TakeOver";
    assert!(refusal.contains(expected), "{refusal}");
    let mut review = both;
    review["mode"] = json!("Review");
    submit(&adopting(&review), true).expect("the yes is taken back");
}

#[test]
fn iam_is_accepted_from_the_versions_on_that_know_it() {
    for (engine, version) in [("valkey", "7.2"), ("valkey", "10.0"), ("redis", "7.0")] {
        let mut object = object("signed");
        object["spec"]["credentials"] = json!({"iam": {}});
        let group = &mut object["spec"]["cache"]["replicationGroup"];
        (group["engine"], group["engineVersion"]) = (json!(engine), json!(version));
        submit(&object, true).unwrap();
    }
}

#[test]
fn the_way_into_the_cache_goes_from_one_to_the_other_over_both() {
    let with = |name: &str, ways: &[&str]| {
        let mut object = object(name);
        for way in ways {
            object["spec"]["credentials"][*way] = json!({});
        }
        object
    };
    let all: [&[&str]; 4] = [&[], &["password"], &["password", "iam"], &["iam"]];
    for (n, from) in all.into_iter().enumerate() {
        let name = format!("ways-{n}");
        submit(&with(&name, from), false).unwrap();
        for to in all {
            let answer = submit(&with(&name, to), true);
            let expected = match (from, to) {
                ([] | ["password"], ["iam"]) => "write iam beside password first",
                (["iam"], [] | ["password"]) => "write password beside iam first",
                _ => {
                    answer.unwrap_or_else(|refusal| panic!("{from:?} to {to:?}: {refusal}"));
                    continue;
                }
            };
            let refusal = answer.expect_err(expected);
            assert!(refusal.contains(expected), "{from:?} to {to:?}: {refusal}");
        }
    }
}

#[test]
fn an_auth_token_stays_and_its_times_can_be_changed() {
    let mut with_token = object("token");
    with_token["spec"]["credentials"] = json!({"authToken": {}});
    let stored = submit(&with_token, false).unwrap();
    assert_eq!(
        stored["spec"]["credentials"]["authToken"],
        json!({"rotateEvery": "30d", "clientCacheTtl": "1h"})
    );
    with_token["spec"]["credentials"]["authToken"] = json!({"rotateEvery": "7d"});
    submit(&with_token, true).unwrap();
    for other in [json!({}), json!({"password": {}})] {
        with_token["spec"]["credentials"] = other;
        let refusal = submit(&with_token, true).unwrap_err();
        assert!(refusal.contains("or taken from it"), "{refusal}");
    }
}

#[test]
fn the_largest_object_is_accepted() {
    let mut large = object("large");
    large["spec"]["routes"] = (0..300)
        .map(|n| {
            let mut route = route();
            route["name"] = json!(format!("r{n}"));
            route["path"] = json!(format!("/orders/r{n}"));
            route
        })
        .collect();
    large["spec"]["bindings"] = (0..16)
        .map(|n| json!({"secret": {"name": format!("s{n}")}}))
        .collect();
    submit(&large, true).unwrap();
}

#[test]
fn defaults_are_safe_and_read_back_as_the_types_have_them() {
    let stored = submit(&object("defaults"), true).unwrap();
    let spec = &stored["spec"];
    assert_eq!(
        spec["api"]["stage"],
        json!({"name": "prod", "throttle": {"rate": 500, "burst": 1000}, "variables": {}})
    );
    assert_eq!(spec["cache"]["replicationGroup"]["engine"], "valkey");
    assert_eq!(spec["cache"]["replicationGroup"]["replicasPerShard"], 1);
    assert_eq!(
        spec["cache"]["replicationGroup"]["snapshots"]["retentionDays"],
        7
    );
    assert_eq!(
        spec["credentials"],
        json!({"probe": "Login", "recoveryWindowDays": 30}),
        "no way in is written, which means a password"
    );
    assert_eq!(
        spec["deletionPolicy"],
        json!({}),
        "what was adopted stays, what was made goes: no default is written"
    );
    assert_eq!(spec["managementPolicy"], "Manage");
    let read: CachedApiSpec = serde_json::from_value(spec.clone()).unwrap();
    let written: CachedApiSpec =
        serde_json::from_value(object("defaults")["spec"].clone()).unwrap();
    assert_eq!(read, written, "the API server's defaults are serde's");
    assert_eq!(
        serde_json::to_value(&read).unwrap(),
        *spec,
        "nothing is lost on a round trip"
    );
}

#[test]
fn the_examples_are_accepted() {
    for example in std::fs::read_dir(root().join("examples")).unwrap() {
        let path = example.unwrap().path();
        if path
            .extension()
            .is_some_and(|extension| extension == "yaml")
        {
            let path = path.to_string_lossy();
            kubectl()
                .run([
                    "apply",
                    "--dry-run=server",
                    "--validate=strict",
                    "-f",
                    &path,
                ])
                .unwrap_or_else(|error| panic!("{path}: {error}"));
        }
    }
}

#[test]
fn kubectl_explains_lists_and_shortens() {
    let explained = kubectl()
        .run(["explain", "cachedapi.spec.routes.cache.scope"])
        .unwrap();
    let words = explained.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(words.contains("keeps callers apart"), "{explained}");
    submit(&object("listed"), false).unwrap();
    let listed = kubectl().run(["get", "capi", "listed"]).unwrap();
    let heads: Vec<_> = listed.lines().next().unwrap().split_whitespace().collect();
    assert_eq!(
        heads,
        ["NAME", "READY", "REASON", "URL", "CACHE", "ROTATED", "AGE"]
    );
}

#[test]
fn every_field_is_explained_and_every_list_and_text_is_bounded() {
    let mut missing = Vec::new();
    for crd in [custom_resource_definition(), aws_account_definition()] {
        let crd = serde_json::to_value(crd).unwrap();
        let spec = &crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"];
        check(spec, "spec", &mut missing);
    }
    assert_eq!(missing, Vec::<String>::new());
}

fn check(schema: &Value, path: &str, missing: &mut Vec<String>) {
    let has = |key: &str| schema.get(key).is_some();
    match schema["type"].as_str() {
        Some("string") if !has("maxLength") && !has("enum") => {
            missing.push(format!("{path}: maxLength"));
        }
        // CEL takes a null for something that is there, and the types for something that is not.
        _ if has("nullable") => missing.push(format!("{path}: null is no value")),
        Some("array") if !has("maxItems") => missing.push(format!("{path}: maxItems")),
        Some("integer") if !has("maximum") || !has("minimum") => {
            missing.push(format!("{path}: minimum and maximum"));
        }
        _ => {}
    }
    for (name, property) in schema["properties"].as_object().into_iter().flatten() {
        let path = format!("{path}.{name}");
        if property["description"].as_str().is_none_or(str::is_empty) {
            missing.push(format!("{path}: description"));
        }
        check(property, &path, missing);
    }
    if has("items") {
        check(&schema["items"], &format!("{path}[]"), missing);
    }
}
