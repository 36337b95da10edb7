//! What there is in the account and in the cluster, without what differs between two worlds that are alike: ids that AWS gives, times, and what is
//! generated. Two histories that end with the same spec end here with the same text.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use serde_json::{Map, Value, json};

use crate::world::{ACCOUNT, REGION, World};

/// Fields that say when, or are an id of AWS's own, or follow from the order in which nodes came.
const LEFT_OUT: [&str; 24] = [
    "id",
    "created",
    "created_date",
    "createdDate",
    "updated",
    "lastUpdatedDate",
    "updating_until",
    "due",
    "since",
    "step",
    "modified",
    "at",
    "last_changed",
    "last_accessed",
    "labels_before",
    "live",
    "maintenance_window",
    "window",
    "cacheNamespace",
    "revision",
    "LastModified",
    "RevisionId",
    "value",
    "zones",
];

/// The mark of what a deletion policy keeps. While the object lives, one that the policy no longer asks for stays and means nothing.
const RETAINED: &str = r#","cachedapi.dev/retained":"true""#;

/// What is alike in worlds that are alike.
pub fn of(world: &World) -> Value {
    let mut account = seen_from(&world.object()["spec"], world);
    account["status"] = status(&world.object());
    account
}

/// The account without what the object says about it.
pub fn without_status(mut account: Value) -> Value {
    account.as_object_mut().unwrap().remove("status");
    account
}

/// What is alike in worlds that are alike, where the object has this spec, or had it.
pub fn seen_from(spec: &Value, world: &World) -> Value {
    let everything = world
        .aws
        .with_world(|world, _| serde_json::to_value(world).unwrap());
    let account = &everything["accounts"][ACCOUNT];
    let place = &account[REGION];
    let object = world.object();
    let mut text = json!({
        "apis": apis(place),
        "keys": keys(place),
        "plans": plans(place),
        "elasticache": elasticache(place),
        "secrets": secrets(place, object.is_null()),
        "functions": functions(place, spec),
        "policies": without_ids(&account["us-east-1"]["iam"]),
        "cluster": cluster(world),
    })
    .to_string();
    if !object.is_null() {
        text = text.replace(RETAINED, "");
    }
    serde_json::from_str(&rename(text, place)).unwrap()
}

/// In what two of them differ, for people.
pub fn differences(one: &Value, other: &Value) -> Vec<String> {
    let mut found = Vec::new();
    compare("", one, other, &mut found);
    found
}

fn compare(path: &str, one: &Value, other: &Value, found: &mut Vec<String>) {
    match (one, other) {
        (Value::Object(one), Value::Object(other)) => {
            let keys: std::collections::BTreeSet<_> = one.keys().chain(other.keys()).collect();
            for key in keys {
                let of = |map: &Map<String, Value>| map.get(key).cloned().unwrap_or_default();
                compare(&format!("{path}/{key}"), &of(one), &of(other), found);
            }
        }
        (Value::Array(one), Value::Array(other)) if one.len() == other.len() => {
            for (index, (one, other)) in one.iter().zip(other).enumerate() {
                compare(&format!("{path}/{index}"), one, other, found);
            }
        }
        _ if one == other => {}
        _ => found.push(format!("{path}: {} and not {}", brief(one), brief(other))),
    }
}

fn brief(value: &Value) -> String {
    value.to_string().chars().take(160).collect()
}

/// Ids that stand in texts get names.
fn rename(mut text: String, place: &Value) -> String {
    for (id, api) in members(&place["apigateway"]["apis"]) {
        text = text.replace(id, &format!("[{}]", api["name"].as_str().unwrap()));
        for (deployment, _) in members(&api["deployments"]) {
            text = text.replace(deployment, "[deployment]");
        }
    }
    for (_, secret) in members(&place["secretsmanager"]["secrets"]) {
        let name = format!("[{}]", secret["name"].as_str().unwrap());
        text = text.replace(secret["arn"].as_str().unwrap(), &name);
        for (version, _) in members(&secret["versions"]) {
            text = text.replace(version, "[version]");
        }
    }
    text
}

fn members(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flatten()
}

/// The value without the fields that are left out, at any depth.
fn without_ids(value: &Value) -> Value {
    match value {
        Value::Object(fields) => {
            let kept = fields
                .iter()
                .filter(|(name, _)| !LEFT_OUT.contains(&name.as_str()));
            Value::Object(
                kept.map(|(name, value)| (name.clone(), without_ids(value)))
                    .collect(),
            )
        }
        Value::Array(items) => items.iter().map(without_ids).collect(),
        scalar => scalar.clone(),
    }
}

/// What an API has, by path.
fn definition(definition: &Value) -> Value {
    let mut out = without_ids(definition);
    let resources = members(&definition["resources"])
        .filter(|(_, resource)| resource["resourceMethods"] != json!({}))
        .map(|(_, resource)| {
            let path = resource["path"].as_str().unwrap().to_owned();
            (path, without_ids(&resource["resourceMethods"]))
        });
    out["resources"] = Value::Object(resources.collect());
    out
}

fn apis(place: &Value) -> Value {
    let tags = &place["tags"];
    let api = |(id, api): (&String, &Value)| {
        let arn = format!("arn:aws:apigateway:{REGION}::/restapis/{id}");
        let mut out = without_ids(api);
        out["definition"] = definition(&api["definition"]);
        out["tags"] = tags[&arn].clone();
        out["deployments"].take();
        for (name, stage) in members(&api["stages"]) {
            let deployment = stage["deploymentId"].as_str().unwrap_or_default();
            let snapshot = &api["deployments"][deployment]["snapshot"];
            let of_stage = &mut out["stages"][name];
            of_stage["deploymentId"].take();
            of_stage["serves"] = definition(&snapshot["definition"]);
            of_stage["tags"] = tags[format!("{arn}/stages/{name}")].clone();
        }
        out
    };
    members(&place["apigateway"]["apis"]).map(api).collect()
}

fn keys(place: &Value) -> Value {
    let key = |(id, key): (&String, &Value)| {
        let arn = format!("arn:aws:apigateway:{REGION}::/apikeys/{id}");
        let mut out = without_ids(key);
        out["tags"] = place["tags"][arn].clone();
        (name_of(key), out)
    };
    Value::Object(members(&place["apigateway"]["keys"]).map(key).collect())
}

fn name_of(thing: &Value) -> String {
    thing["name"].as_str().unwrap_or_default().to_owned()
}

fn plans(place: &Value) -> Value {
    let keys = &place["apigateway"]["keys"];
    let plan = |(id, plan): (&String, &Value)| {
        let arn = format!("arn:aws:apigateway:{REGION}::/usageplans/{id}");
        let mut out = without_ids(plan);
        let held = plan["keys"].as_array().into_iter().flatten();
        let mut names: Vec<_> = held
            .map(|id| name_of(&keys[id.as_str().unwrap()]))
            .collect();
        names.sort();
        out["keys"] = json!(names);
        out["tags"] = place["tags"][arn].clone();
        (name_of(plan), out)
    };
    Value::Object(members(&place["apigateway"]["plans"]).map(plan).collect())
}

fn elasticache(place: &Value) -> Value {
    let state = &place["elasticache"];
    let mut out = without_ids(state);
    for (id, group) in members(&state["replication_groups"]) {
        let shards = group["shards"].as_array().into_iter().flatten();
        let nodes: Vec<_> = shards
            .map(|shard| shard["members"].as_array().map_or(0, Vec::len))
            .collect();
        let out = &mut out["replication_groups"][id];
        out["shards"] = json!(nodes);
        out["auth"] = json!(group["auth"]["slots"].as_array().map(Vec::len));
    }
    for (id, user) in members(&state["users"]) {
        let out = &mut out["users"][id]["login"];
        out["secret"] = kind_of_secret(&user["login"]["secret"]);
    }
    for kind in [
        "replication_groups",
        "users",
        "user_groups",
        "subnet_groups",
        "snapshots",
    ] {
        for (id, thing) in members(&state[kind]) {
            out[kind][id]["tags"] = place["tags"][thing["arn"].as_str().unwrap()].clone();
        }
    }
    out
}

/// How somebody gets in, and with how many passwords.
fn kind_of_secret(secret: &Value) -> Value {
    match secret.as_object().and_then(|kinds| kinds.iter().next()) {
        Some((kind, passwords)) => json!([kind, passwords.as_array().map(Vec::len)]),
        None => secret.clone(),
    }
}

/// A secret that waits for its deletion is gone for an object that has none, and counts with the days that are left to who deleted the object.
fn secrets(place: &Value, deleted: bool) -> Value {
    let secret = |(name, secret): (&String, &Value)| {
        let mut out = without_ids(secret);
        let versions = members(&secret["versions"]);
        let current = versions
            .filter(|(_, version)| {
                let labels = version["labels"].as_array();
                labels.is_some_and(|labels| labels.contains(&"AWSCURRENT".into()))
            })
            .map(|(_, version)| {
                let text = version["value"]["string"].as_str().unwrap_or("{}");
                let mut value: Value = serde_json::from_str(text).unwrap();
                if value["password"].is_string() {
                    value["password"] = "[password]".into();
                }
                value
            });
        out["versions"] = current.collect();
        out["tags"] = place["tags"][secret["arn"].as_str().unwrap()].clone();
        out["deletion"] = json!(recovery_days(secret));
        (name.clone(), out)
    };
    Value::Object(
        members(&place["secretsmanager"]["secrets"])
            .filter(|(_, secret)| deleted || secret["deletion"].is_null())
            .map(secret)
            .collect(),
    )
}

fn recovery_days(secret: &Value) -> Option<i64> {
    let time = |value: &Value| value.as_str()?.parse::<Timestamp>().ok();
    let (at, asked) = (
        time(&secret["deletion"]["at"])?,
        time(&secret["last_changed"])?,
    );
    Some(at.duration_since(asked).as_hours() / 24)
}

/// An alias counts while it is bound: the version that it serves cannot be changed, and keeps what it was given.
fn functions(place: &Value, spec: &Value) -> Value {
    let bindings = spec["bindings"].as_array();
    let bound: Vec<_> = bindings
        .into_iter()
        .flatten()
        .map(|binding| &binding["lambda"])
        .collect();
    let function = |(name, function): (&String, &Value)| {
        let is_bound = |(alias, _): &(&String, &Value)| {
            bound.iter().any(|lambda| {
                lambda["alias"] == **alias && lambda["functionArn"] == function["arn"]
            })
        };
        let alias = |(name, alias): (&String, &Value)| {
            let version = alias["version"].as_str().unwrap();
            let of_version = &function["versions"][version]["configuration"]["Environment"];
            (name.clone(), of_version.clone())
        };
        let aliases: Map<String, Value> = members(&function["aliases"])
            .filter(is_bound)
            .map(alias)
            .collect();
        let out = json!({
            "environment": function["configuration"]["Environment"],
            "aliases": aliases,
            "policies": without_ids(&function["policies"]),
        });
        (name.clone(), out)
    };
    Value::Object(
        members(&place["lambda"]["functions"])
            .map(function)
            .collect(),
    )
}

/// Keys of Secrets whose values are generated.
const GENERATED: [&str; 4] = ["password", "previousPassword", "uri", "apiKey"];

fn cluster(world: &World) -> Value {
    let secret = |secret: &Value| {
        let data = members(&secret["data"]).map(|(key, value)| {
            let text = STANDARD.decode(value.as_str().unwrap()).unwrap();
            let text = String::from_utf8(text).unwrap();
            let generated = GENERATED.contains(&key.as_str());
            let shown = if generated {
                "[generated]".into()
            } else {
                text
            };
            (key.clone(), shown)
        });
        let data: BTreeMap<_, _> = data.collect();
        let out =
            json!({"type": secret["type"], "labels": secret["metadata"]["labels"], "data": data});
        (name_of(&secret["metadata"]), out)
    };
    Value::Object(world.kube.objects("secrets").iter().map(secret).collect())
}

fn status(object: &Value) -> Value {
    let status = &object["status"];
    let list = |list: &Value, fields: &[&str]| -> Value {
        let item = |item: &Value| -> Map<String, Value> {
            let field = |field: &&str| ((*field).to_owned(), item[*field].clone());
            fields.iter().map(field).collect()
        };
        let mut items: Vec<Value> = list
            .as_array()
            .into_iter()
            .flatten()
            .map(|one| item(one).into())
            .collect();
        items.sort_by_key(Value::to_string);
        items.into()
    };
    json!({
        "conditions": list(&status["conditions"], &["type", "status", "reason"]),
        "bindings": list(&status["bindings"], &["kind", "name", "upToDate"]),
        "keys": status["api"]["apiKeys"],
        "functions": status["api"]["functions"],
        "boundSecrets": status["boundSecrets"],
        "policyRoles": status["policyRoles"],
        "user": status["credentials"]["iam"],
        "rotation": status["credentials"]["rotation"],
    })
}
