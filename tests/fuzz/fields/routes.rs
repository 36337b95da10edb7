use serde_json::{Value, json};

use crate::places::{put, take};
use crate::shop::function;

use super::Expect::{self, Mistaken, Refused};
use super::{Plan, plan};

fn route(name: &str, path: &str) -> Value {
    json!({
        "name": name, "method": "GET", "path": path, "auth": {"public": {}},
        "backend": {"http": {"url": "https://orders.example.com/"}},
    })
}

pub fn routes() -> Vec<Plan> {
    let throttle = |rate: u32, burst: u32| json!({"rate": rate, "burst": burst});
    let one = "auth needs exactly one of public, iam and apiKey";
    vec![
        plan("spec.routes")
            .done(json!([route("a", "/a"), route("b", "/b/{x}")]))
            .done(json!([route("root", "/")]))
            .then(
                json!([route("a", "/a"), route("b", "/a")]),
                Refused("two routes have the same method and path"),
            ),
        plan("spec.routes[]").done(route("get-order", "/other")),
        plan("spec.routes[].auth")
            .done(json!({"public": {}}))
            .done(json!({"apiKey": {}})),
        plan("spec.routes[].auth.apiKey")
            .by(
                |spec| put(spec, "spec.routes[0].auth", json!({"apiKey": {}})),
                Expect::Done,
            )
            .gone(Refused(one)),
        plan("spec.routes[].auth.iam")
            .then(json!({}), Expect::Done)
            .gone(Refused(one)),
        plan("spec.routes[].auth.public")
            .then(json!({}), Refused(one))
            .by(
                |spec| put(spec, "spec.routes[0].auth", json!({"public": {}})),
                Expect::Done,
            )
            .gone(Refused(one)),
        plan("spec.routes[].method")
            .done(json!("HEAD"))
            .then(
                json!("POST"),
                Refused("only GET and HEAD routes can be cached"),
            )
            .by(
                |spec| {
                    take(spec, "spec.routes[0].cache");
                    put(spec, "spec.routes[0].method", json!("ANY"));
                },
                Expect::Done,
            ),
        plan("spec.routes[].name").done(json!("fetch-order")),
        plan("spec.routes[].path")
            .done(json!("/v2/orders/{id}"))
            .then(
                json!("/orders/{nr}"),
                Mistaken("spec.routes[0].backend.http.url: uses {id}"),
            )
            .done(json!("/{id}/all/{more+}")),
        plan("spec.routes[].throttle").done(throttle(5, 6)),
        plan("spec.routes[].throttle.burst")
            .done(json!(1))
            .done(json!(100_000)),
        plan("spec.routes[].throttle.rate")
            .done(json!(1))
            .done(json!(100_000)),
    ]
}

pub fn caching() -> Vec<Plan> {
    vec![
        plan("spec.routes[].cache")
            .done(json!({"ttl": "5m"}))
            .done(json!({"ttl": "0s"})),
        plan("spec.routes[].cache.key")
            .done(json!({"query": ["a"], "headers": ["x-b"]}))
            .done(json!({})),
        plan("spec.routes[].cache.key.headers")
            .done(json!(["x-b", "x-c"]))
            .done(json!([])),
        plan("spec.routes[].cache.key.headers[]").done(json!("x-b")),
        plan("spec.routes[].cache.key.query")
            .done(json!(["b", "c"]))
            .done(json!([])),
        plan("spec.routes[].cache.key.query[]").done(json!("b")),
        plan("spec.routes[].cache.scope").done(json!("Caller")),
        plan("spec.routes[].cache.ttl")
            .done(json!("1h"))
            .done(json!("0s"))
            .then(json!("61m"), Refused("ttl must be between 0s and 3600s")),
    ]
}

pub fn back_ends() -> Vec<Plan> {
    let one = "backend needs exactly one of http and lambda";
    let http = |url: &str| json!({"http": {"url": url}});
    vec![
        plan("spec.routes[].backend")
            .done(http("https://other.example.com"))
            .by(
                |spec| {
                    take(spec, "spec.routes[0].parameters");
                    put(
                        spec,
                        "spec.routes[0].backend",
                        json!({"lambda": {"functionArn": function("prices")}}),
                    );
                },
                Expect::Done,
            ),
        plan("spec.routes[].backend.http")
            .done(json!({"url": "http://other.example.com:8080/x"}))
            .gone(Refused(one)),
        plan("spec.routes[].backend.http.url")
            .done(json!("https://other.example.com/a%20b/{id}"))
            .then(
                json!("https://orders.example.com/{nr}"),
                Mistaken("spec.routes[0].backend.http.url"),
            ),
        plan("spec.routes[].backend.lambda")
            .at("spec.routes[1].backend.lambda")
            .done(json!({"functionArn": function("prices")}))
            .gone(Refused(one)),
        plan("spec.routes[].backend.lambda.functionArn")
            .at("spec.routes[1].backend.lambda.functionArn")
            .done(json!(function("orders:live")))
            .then(
                json!("arn:aws:lambda:us-east-1:111122223333:function:orders"),
                Mistaken("spec.routes[1].backend.lambda.functionArn"),
            ),
        plan("spec.routes[].backend.timeoutMillis")
            .done(json!(50))
            .done(json!(29_000)),
    ]
}

pub fn parameters() -> Vec<Plan> {
    let header = |name: &str| json!({"header": name, "from": {"value": "1"}});
    vec![
        plan("spec.routes[].parameters")
            .done(json!([header("x-a"), {"query": "q", "from": {"path": "id"}}]))
            .done(json!([]))
            .then(
                json!([header("x-a"), header("X-A")]),
                Mistaken("spec.routes[0].parameters[1].header: is set twice"),
            ),
        plan("spec.routes[].parameters[]").done(header("x-a")),
        plan("spec.routes[].parameters[].header")
            .done(json!("x-other"))
            .then(json!("X-CachedApi-Ttl"), Refused("are the operator's own"))
            .then(json!("Host"), Mistaken("host cannot be set"))
            .gone(Refused(
                "a parameter is set by exactly one of header and query",
            )),
        plan("spec.routes[].parameters[].query")
            .by(
                |spec| {
                    put(
                        spec,
                        "spec.routes[0].parameters[0]",
                        json!({"query": "q", "from": {"value": "1"}}),
                    );
                },
                Expect::Done,
            )
            .done(json!("r.s"))
            .gone(Refused(
                "a parameter is set by exactly one of header and query",
            )),
    ]
}

pub fn sources() -> Vec<Plan> {
    const FROM: &str = "spec.routes[0].parameters[0].from";
    let one = "from needs exactly one of path, query, header, value and context";
    let from = |source: Value| move |spec: &mut Value| put(spec, FROM, source.clone());
    vec![
        plan("spec.routes[].parameters[].from")
            .done(json!({"path": "id"}))
            .done(json!({"context": "CallerArn"})),
        plan("spec.routes[].parameters[].from.context")
            .by(from(json!({"context": "SourceIp"})), Expect::Done)
            .then(
                json!("ApiKeyId"),
                Mistaken("spec.routes[0].parameters[0].from.context"),
            )
            .gone(Refused(one)),
        plan("spec.routes[].parameters[].from.header")
            .by(from(json!({"header": "x-from"})), Expect::Done)
            .gone(Refused(one)),
        plan("spec.routes[].parameters[].from.path")
            .by(from(json!({"path": "id"})), Expect::Done)
            .then(
                json!("nr"),
                Mistaken("spec.routes[0].parameters[0].from.path"),
            )
            .gone(Refused(one)),
        plan("spec.routes[].parameters[].from.query")
            .done(json!("other"))
            .gone(Refused(one)),
        plan("spec.routes[].parameters[].from.value")
            .by(from(json!({"value": "a b;c=1"})), Expect::Done)
            .gone(Refused(one)),
    ]
}
