//! What there is in a world, as far as invariants are about it.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use cachedapi_operator::api::TAG_ADOPTABLE_BY;
use jiff::SignedDuration;
use serde_json::Value;

use crate::world::World;

pub const OWNER: &str = "cachedapi.dev/owner-uid";
pub const CLUSTER: &str = "cachedapi.dev/cluster-id";
/// The operators' cluster.
const OURS: &str = "test";

/// What a client has that read a bound Secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credential {
    pub uid: String,
    pub host: String,
    pub user: String,
    pub password: String,
}

fn is_ours(tags: &Value) -> bool {
    tags[CLUSTER] == OURS && tags[OWNER].is_string()
}

/// What carries our cluster's tags, by owner and kind.
pub fn owned(place: &Value) -> BTreeMap<(String, String), Vec<String>> {
    let mut owned = BTreeMap::<_, Vec<String>>::new();
    for (arn, tags) in place["tags"].as_object().into_iter().flatten() {
        if is_ours(tags) {
            let uid = tags[OWNER].as_str().unwrap();
            let key = (uid.to_owned(), kind(arn).to_owned());
            owned.entry(key).or_default().push(arn.clone());
        }
    }
    owned
}

fn kind(arn: &str) -> &str {
    let parts: Vec<&str> = arn.split(':').collect();
    match (parts[2], parts[5]) {
        ("apigateway", path) if path.contains("/stages/") => "stage",
        ("apigateway", path) if path.starts_with("/restapis/") => "restapi",
        ("apigateway", path) if path.starts_with("/usageplans/") => "usageplan",
        ("apigateway", _) => "apikey",
        (_, kind) => kind,
    }
}

/// ARNs in events about orphans. What is part of a thing goes with it, and has an ARN that begins with the thing's.
pub fn orphans_told(world: &World) -> Vec<String> {
    let events = world.kube.objects("events");
    let told = events.iter().filter(|event| event["reason"] == "Orphaned");
    let notes = told.filter_map(|event| event["note"].as_str());
    let words = notes.flat_map(str::split_whitespace);
    words
        .filter(|word| word.starts_with("arn:"))
        .map(str::to_owned)
        .collect()
}

pub fn is_waiting_for_deletion(place: &Value, arn: &str) -> bool {
    let secrets = place["secretsmanager"]["secrets"].as_object();
    let mut secrets = secrets.into_iter().flatten();
    secrets.any(|(_, secret)| secret["arn"] == arn && !secret["deletion"].is_null())
}

/// What does not carry our cluster's tags, by kind and id, of those kinds of which the operator writes some.
pub fn foreign(place: &Value) -> BTreeMap<String, Value> {
    let mut foreign = BTreeMap::new();
    for (kind, path) in [
        ("/apigateway/apis", "restapis"),
        ("/apigateway/keys", "apikeys"),
        ("/apigateway/plans", "usageplans"),
        ("/elasticache/replication_groups", ""),
        ("/elasticache/users", ""),
        ("/elasticache/user_groups", ""),
        ("/elasticache/subnet_groups", ""),
        ("/secretsmanager/secrets", ""),
    ] {
        let things = place.pointer(kind).and_then(Value::as_object);
        for (id, thing) in things.into_iter().flatten() {
            let arn = thing["arn"].as_str().map_or_else(
                || format!("arn:aws:apigateway:eu-west-1::/{path}/{id}"),
                str::to_owned,
            );
            let tags = &place["tags"][arn];
            // What its owner consents to is to be changed.
            if !is_ours(tags) && tags[TAG_ADOPTABLE_BY].is_null() {
                foreign.insert(format!("{kind}/{id}"), thing.clone());
            }
        }
    }
    foreign
}

/// Secrets by ARN with the version that is current.
pub fn current_versions(place: &Value) -> Vec<(String, String)> {
    let secrets = place["secretsmanager"]["secrets"].as_object();
    let mut found = Vec::new();
    for (_, secret) in secrets.into_iter().flatten() {
        for (id, version) in secret["versions"].as_object().into_iter().flatten() {
            let labels = version["labels"].as_array();
            if labels.is_some_and(|labels| labels.contains(&"AWSCURRENT".into())) {
                found.push((secret["arn"].as_str().unwrap().to_owned(), id.clone()));
            }
        }
    }
    found
}

/// Paths and methods of what an API's stage serves.
fn served(api: &Value) -> BTreeSet<(String, String)> {
    let stage = &api["stages"]["prod"];
    let deployment = stage["deploymentId"].as_str().unwrap_or_default();
    let resources = &api["deployments"][deployment]["snapshot"]["definition"]["resources"];
    let mut served = BTreeSet::new();
    for (_, resource) in resources.as_object().into_iter().flatten() {
        let path = resource["path"].as_str().unwrap_or_default();
        let methods = resource["resourceMethods"].as_object();
        for (method, _) in methods.into_iter().flatten() {
            served.insert((method.clone(), path.to_owned()));
        }
    }
    served
}

/// APIs with the number of the edit in what their stage serves: `/v7/orders` is that of edit 7.
pub fn deployed_edits(place: &Value) -> Vec<(String, u64)> {
    let apis = place["apigateway"]["apis"].as_object();
    let edit = |api: &Value| {
        let served = served(api);
        let mut versions = served
            .iter()
            .filter_map(|(_, path)| path.strip_prefix("/v"));
        let version = versions.next()?.split('/').next()?;
        version.parse().ok()
    };
    apis.into_iter()
        .flatten()
        .filter_map(|(id, api)| Some((id.clone(), edit(api)?)))
        .collect()
}

/// What the spec asks for and is not there.
pub fn missing(place: &Value, object: &Value) -> Vec<String> {
    let uid = object["metadata"]["uid"].as_str().unwrap();
    let owned = owned(place);
    let of = |kind: &str| owned.get(&(uid.to_owned(), kind.to_owned()));
    let spec = &object["spec"];
    let mut missing = Vec::new();
    let routes = spec["routes"].as_array().unwrap().iter();
    let wanted: BTreeSet<(String, String)> = routes
        .map(|route| {
            let text = |field: &str| route[field].as_str().unwrap().to_owned();
            (text("method"), text("path"))
        })
        .collect();
    let api = of("restapi").and_then(|arns| arns[0].rsplit('/').next());
    let api = &place["apigateway"]["apis"][api.unwrap_or_default()];
    if served(api) != wanted {
        missing.push(format!("routes {wanted:?}: there are {:?}", served(api)));
    }
    let group = of("replicationgroup").and_then(|arns| arns[0].rsplit(':').next());
    let group = &place["elasticache"]["replication_groups"][group.unwrap_or_default()];
    let node_type = &spec["cache"]["replicationGroup"]["nodeType"];
    // While a token changes, so does the group, and serves.
    let token = !spec["credentials"]["authToken"].is_null();
    let serves = group["status"] == "available" || token && group["status"] == "modifying";
    if !serves || group["node_type"] != *node_type {
        missing.push(format!(
            "a cache of {node_type}: {} {}",
            group["status"], group["node_type"]
        ));
    }
    let keys = spec["api"]["apiKeys"].as_array().map_or(0, Vec::len);
    if of("apikey").map_or(0, Vec::len) < keys {
        missing.push(format!("{keys} API keys"));
    }
    missing
}

/// What a client of `object` finds in its bound Secret: a password of a user, or of nobody in particular. One that shows signed tokens has none.
pub fn bound(world: &World, object: &Value) -> Option<Credential> {
    let name = object["spec"]["bindings"][0]["secret"]["name"].as_str()?;
    let namespace = &object["metadata"]["namespace"];
    let secrets = world.kube.objects("secrets");
    let secret = secrets.iter().find(|secret| {
        secret["metadata"]["name"] == name && secret["metadata"]["namespace"] == *namespace
    })?;
    let field = |key: &str| decode(&secret["data"][key]);
    Some(Credential {
        uid: object["metadata"]["uid"].as_str()?.to_owned(),
        host: field("host")?,
        user: field("username").unwrap_or_else(|| "default".into()),
        password: field("password")?,
    })
}

/// A value of a Secret's data.
pub fn decode(value: &Value) -> Option<String> {
    String::from_utf8(STANDARD.decode(value.as_str()?).ok()?).ok()
}

/// Whether clients of `object` log in with a password.
pub fn has_password(object: &Value) -> bool {
    let credentials = &object["spec"]["credentials"];
    credentials["iam"].is_null() || credentials["password"].is_object()
}

/// How long clients of `object` keep what they read.
pub fn client_cache(object: &Value) -> Duration {
    let credentials = &object["spec"]["credentials"];
    let ways = [&credentials["password"], &credentials["authToken"]];
    let mut said = ways.iter().filter_map(|way| way["clientCacheTtl"].as_str());
    let said: SignedDuration = said.next().unwrap_or("1h").parse().unwrap();
    said.unsigned_abs()
}
