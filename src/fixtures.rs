//! Objects to test with. Tests change the one thing that they are about.

use jiff::Timestamp;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::api::{CachedApiSpec, TAG_ADOPTABLE_BY};
use crate::model::{Cluster, Desired, Identity, Tags, validate};
use crate::plan::{Context, Depth};

/// The object `shop/orders`.
pub fn identity() -> Identity {
    Identity {
        namespace: "shop".into(),
        name: "orders".into(),
        uid: Uuid::from_u128(0x0a1b_2c3d_4e5f_4071_8293_a4b5_c6d7_e8f9),
        cluster: Cluster {
            id: "test".into(),
            operator_version: "0.0.0".into(),
        },
    }
}

/// The tag by which the owner of a thing in AWS lets `shop/orders` take it over.
pub fn consent() -> Tags {
    let [_, object] = identity().consents();
    [(TAG_ADOPTABLE_BY.to_owned(), object)].into()
}

/// A public cached route with an HTTP back end.
pub fn route(name: &str, path: &str) -> Value {
    json!({
        "name": name, "method": "GET", "path": path, "auth": {"public": {}},
        "backend": {"http": {"url": "https://orders.example.com/"}},
        "cache": {"ttl": "60s"},
    })
}

/// A small valid spec, as JSON to change.
pub fn spec_json() -> Value {
    json!({
        "region": "eu-west-1",
        "routes": [route("get-order", "/orders/{id}")],
        "cache": {"replicationGroup": {
            "engineVersion": "8.1", "nodeType": "cache.t4g.small",
            "network": {"subnetIds": ["subnet-1", "subnet-2"], "securityGroupIds": ["sg-1"]},
        }},
        "bindings": [{"secret": {"name": "orders-cache"}}],
    })
}

/// The spec that a JSON text stands for.
pub fn spec(json: Value) -> CachedApiSpec {
    serde_json::from_value(json).unwrap()
}

/// What a spec means.
pub fn desired(json: Value) -> Desired {
    validate(identity(), &spec(json)).unwrap()
}

/// A full look at noon.
pub fn context() -> Context {
    Context {
        now: now(),
        depth: Depth::Full,
        acted: None,
        request_lifetime: std::time::Duration::from_mins(15),
        consumer_policies: false,
    }
}

/// Noon.
pub fn now() -> Timestamp {
    "2026-11-24T12:00:00Z".parse().unwrap()
}
