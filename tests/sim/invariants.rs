//! What holds after every write, and what holds when all is done. The numbers are those of docs/testing.md.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use local_aws::elasticache::{LoginOutcome, login};
use serde_json::{Value, json};
use tokio::time::sleep;

use crate::look::is_ready;
use crate::wire::Call;
use crate::world::World;

use super::scenario::REVOKE;

/// How long a client keeps what it read.
const CLIENT_CACHE: Duration = Duration::from_mins(15);
const OWNER: &str = "cachedapi.dev/owner-uid";
const CLUSTER: &str = "cachedapi.dev/cluster-id";
/// The operators' cluster.
const OURS: &str = "test";

/// Watches a world.
pub struct Monitor {
    world: Weak<World>,
    /// Whether nothing may be there twice even for a moment. Not so where a request arrives twice.
    strict: bool,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    violations: Vec<String>,
    /// What clients may have, and when they read it last.
    credentials: Vec<(Credential, Timestamp)>,
    /// The versions that were current, one after the other.
    current: BTreeMap<String, Vec<String>>,
    /// The highest edit that was deployed, by API.
    deployed: BTreeMap<String, u64>,
    /// What is not ours, as it was.
    foreign: BTreeMap<String, Value>,
    /// Every secret value there was.
    canaries: BTreeSet<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Credential {
    uid: String,
    host: String,
    user: String,
    password: String,
}

/// Kinds of things of which an object has at most this many.
const AT_MOST: [(&str, usize); 6] = [
    ("restapi", 1),
    ("stage", 1),
    ("replicationgroup", 1),
    ("subnetgroup", 1),
    ("secret", 1),
    ("usageplan", 1),
];

impl Monitor {
    /// Watches `world` from now on.
    pub fn of(world: &Arc<World>, strict: bool) -> Arc<Self> {
        let monitor = Arc::new(Self {
            world: Arc::downgrade(world),
            strict,
            state: Mutex::default(),
        });
        let foreign = foreign(&world.place());
        monitor.with(|state| state.foreign = foreign);
        let looks = monitor.clone();
        world.wire.show(move |call| looks.look(call));
        monitor
    }

    /// Whether no request arrives twice.
    pub fn is_strict(&self) -> bool {
        self.strict
    }

    /// What was violated so far.
    pub fn violations(&self) -> Vec<String> {
        self.with(|state| state.violations.clone())
    }

    /// Something else that must not be.
    pub fn violation(&self, what: String) {
        self.with(|state| state.violations.push(what));
    }

    /// After a write.
    pub fn look(&self, call: &Call) {
        let Some(world) = self.world.upgrade() else {
            return;
        };
        let place = world.place();
        let what = format!("after {} {}", call.operation, call.object);
        if self.strict {
            self.nothing_twice(&place, &what);
        }
        self.clients_get_in(&world, &what);
        self.nothing_goes_back(&place, &what);
        self.others_untouched(&place, &what);
        if call.operation == "cachedapis/status:patch" {
            self.status_is_true(&world, &place, &what);
        }
    }

    /// When nothing is under way any more.
    pub fn at_rest(&self) {
        let Some(world) = self.world.upgrade() else {
            return;
        };
        let place = world.place();
        self.nothing_twice(&place, "at rest");
        self.no_key_too_many(&world, &place);
        self.nothing_without_owner(&world, &place);
        self.no_secret_outside(&world);
    }

    /// I2.
    fn nothing_twice(&self, place: &Value, when: &str) {
        for ((uid, kind), arns) in owned(place) {
            let most = AT_MOST.iter().find(|(name, _)| *name == kind);
            if let Some((_, most)) = most
                && arns.len() > *most
            {
                self.violation(format!("I2 {when}: {uid} has {arns:?}"));
            }
        }
    }

    /// I2, of what an object may have several: as many as its spec names.
    fn no_key_too_many(&self, world: &World, place: &Value) {
        let owned = owned(place);
        for object in world.kube.objects("cachedapis") {
            let uid = object["metadata"]["uid"].as_str().unwrap().to_owned();
            let keys = owned.get(&(uid, "apikey".into())).map_or(0, Vec::len);
            let named = object["spec"]["api"]["apiKeys"].as_array();
            if keys > named.map_or(0, Vec::len) {
                self.violation(format!("I2 at rest: {keys} API keys for {named:?}"));
            }
        }
    }

    /// I1 and I8: what is there has an object, or is told to be an orphan. A secret in its recovery window waits for one.
    fn nothing_without_owner(&self, world: &World, place: &Value) {
        let told = orphans_told(world);
        let objects = world.kube.objects("cachedapis");
        let alive: BTreeSet<&str> = objects
            .iter()
            .filter_map(|object| object["metadata"]["uid"].as_str())
            .collect();
        for ((uid, kind), arns) in owned(place) {
            let left: Vec<_> = arns
                .iter()
                .filter(|arn| !(kind == "secret" && is_waiting_for_deletion(place, arn)))
                .filter(|arn| !told.iter().any(|told| arn.starts_with(told.as_str())))
                .collect();
            if !alive.contains(uid.as_str()) && !left.is_empty() {
                self.violation(format!("I1 nobody has {left:?}"));
            }
        }
    }

    /// I3 and I4: from the first time that something is bound until the object is to go, whoever read it in the last quarter of an hour gets in. A password
    /// that was said to have leaked is to lock out whoever has it: then only what is bound counts.
    fn clients_get_in(&self, world: &World, when: &str) {
        let now = world.aws.now();
        let (mut open, mut leaked) = (Vec::new(), BTreeSet::new());
        for object in world.kube.objects("cachedapis") {
            let metadata = &object["metadata"];
            if metadata["deletionTimestamp"].is_null() {
                open.extend(bound(world, &object));
            }
            if metadata["annotations"][REVOKE].is_string() {
                leaked.extend(metadata["uid"].as_str().map(str::to_owned));
            }
        }
        let uids: BTreeSet<&str> = open.iter().map(|bound| bound.uid.as_str()).collect();
        let tried = self.with(|state| {
            for credential in &open {
                state.canaries.insert(credential.password.clone());
                match state
                    .credentials
                    .iter_mut()
                    .find(|(known, _)| known == credential)
                {
                    Some((_, read)) => *read = now,
                    None => state.credentials.push((credential.clone(), now)),
                }
            }
            state.credentials.retain(|(credential, read)| {
                uids.contains(credential.uid.as_str())
                    && (!leaked.contains(&credential.uid) || open.contains(credential))
                    && now.duration_since(*read).unsigned_abs() <= CLIENT_CACHE
            });
            state.credentials.clone()
        });
        for (credential, read) in tried {
            let Credential {
                host,
                user,
                password,
                ..
            } = &credential;
            if login(&world.aws, host, user, password) != LoginOutcome::Accepted {
                self.violation(format!(
                    "I4 {when} at {now}: {user} with what was bound at {read} is locked out"
                ));
            }
        }
    }

    /// I12.
    fn nothing_goes_back(&self, place: &Value, when: &str) {
        for (arn, current) in current_versions(place) {
            let back = self.with(|state| {
                let seen = state.current.entry(arn.clone()).or_default();
                if seen.last() == Some(&current) {
                    return false;
                }
                let back = seen.contains(&current);
                seen.push(current.clone());
                back
            });
            if back {
                self.violation(format!("I12 {when}: {arn} is back at version {current}"));
            }
        }
        for (api, edit) in deployed_edits(place) {
            let before = self.with(|state| {
                let highest = state.deployed.entry(api.clone()).or_default();
                let before = *highest;
                *highest = before.max(edit);
                before
            });
            if edit < before {
                self.violation(format!(
                    "I12 {when}: API {api} is back at edit {edit} after {before}"
                ));
            }
        }
    }

    /// I9.
    fn others_untouched(&self, place: &Value, when: &str) {
        let now = foreign(place);
        let before = self.with(|state| state.foreign.clone());
        let ids: BTreeSet<_> = now.keys().chain(before.keys()).collect();
        let differ: Vec<_> = ids
            .into_iter()
            .filter(|id| now.get(*id) != before.get(*id))
            .collect();
        if !differ.is_empty() {
            self.violation(format!("I9 {when}: {differ:?} are not ours"));
        }
    }

    /// I6: an object that says Ready for its generation has what its spec says.
    fn status_is_true(&self, world: &World, place: &Value, when: &str) {
        for object in world.kube.objects("cachedapis") {
            if !is_ready(&object) || !object["metadata"]["deletionTimestamp"].is_null() {
                continue;
            }
            let mut missing = missing(place, &object);
            match bound(world, &object) {
                Some(Credential {
                    host,
                    user,
                    password,
                    ..
                }) => {
                    if login(&world.aws, &host, &user, &password) != LoginOutcome::Accepted {
                        missing.push("a bound credential that opens the cache".into());
                    }
                }
                None => missing.push("a bound Secret".into()),
            }
            if !missing.is_empty() {
                self.violation(format!("I6 {when}: Ready without {missing:?}"));
            }
        }
    }

    /// I5: in no object but Secrets.
    fn no_secret_outside(&self, world: &World) {
        let canaries = self.with(|state| state.canaries.clone());
        let objects = ["cachedapis", "events", "leases"].map(|kind| world.kube.objects(kind));
        let text = format!("{objects:?} {:?}", world.wire.log());
        for canary in canaries {
            let told = [canary.clone(), STANDARD.encode(&canary)];
            if told.iter().any(|told| text.contains(&told[..12])) {
                self.violation("I5: a password stands in an object, an event or a URL".into());
            }
        }
    }

    fn with<T>(&self, look: impl FnOnce(&mut State) -> T) -> T {
        look(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Others have things in the account that look like the example's: by their names, by their tags but for one.
pub async fn others_come(world: &World) {
    let tags = json!({OWNER: "00000000-0000-0000-0000-000000000001", CLUSTER: "theirs"});
    for tags in [json!({}), tags.clone(), json!({CLUSTER: "theirs"})] {
        let api = json!({"name": "shop-orders", "tags": tags});
        world.gateway("POST", "/restapis", &api).await;
        // One in so many seconds is what an account may create.
        sleep(Duration::from_mins(1)).await;
    }
    let key = json!({"name": "shop-orders-partner", "enabled": true, "tags": tags});
    world.gateway("POST", "/apikeys", &key).await;
    let user =
        "UserId=capi-theirs&UserName=theirs&Engine=valkey&AccessString=on&NoPasswordRequired=true";
    assert!(world.elasticache("CreateUser", user).await);
    sleep(Duration::from_mins(1)).await;
    let secret = json!({
        "Name": "cachedapi/shop/orders", "SecretString": "{}", "ClientRequestToken": "00000000-0000-0000-0000-00000000cafe",
        "Tags": [{"Key": CLUSTER, "Value": "theirs"}],
    });
    world.secrets_manager("CreateSecret", &secret).await;
}

fn is_ours(tags: &Value) -> bool {
    tags[CLUSTER] == OURS && tags[OWNER].is_string()
}

/// What carries our cluster's tags, by owner and kind.
fn owned(place: &Value) -> BTreeMap<(String, String), Vec<String>> {
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
fn orphans_told(world: &World) -> Vec<String> {
    let events = world.kube.objects("events");
    let told = events.iter().filter(|event| event["reason"] == "Orphaned");
    let notes = told.filter_map(|event| event["note"].as_str());
    let words = notes.flat_map(str::split_whitespace);
    words
        .filter(|word| word.starts_with("arn:"))
        .map(str::to_owned)
        .collect()
}

fn is_waiting_for_deletion(place: &Value, arn: &str) -> bool {
    let secrets = place["secretsmanager"]["secrets"].as_object();
    let mut secrets = secrets.into_iter().flatten();
    secrets.any(|(_, secret)| secret["arn"] == arn && !secret["deletion"].is_null())
}

/// What does not carry our cluster's tags, by kind and id, of those kinds of which the operator writes some.
fn foreign(place: &Value) -> BTreeMap<String, Value> {
    let mut foreign = BTreeMap::new();
    for (kind, path) in [
        ("/apigateway/apis", "restapis"),
        ("/apigateway/keys", "apikeys"),
        ("/apigateway/plans", "usageplans"),
        ("/elasticache/replication_groups", ""),
        ("/elasticache/users", ""),
        ("/elasticache/user_groups", ""),
        ("/secretsmanager/secrets", ""),
    ] {
        let things = place.pointer(kind).and_then(Value::as_object);
        for (id, thing) in things.into_iter().flatten() {
            let arn = thing["arn"].as_str().map_or_else(
                || format!("arn:aws:apigateway:eu-west-1::/{path}/{id}"),
                str::to_owned,
            );
            if !is_ours(&place["tags"][arn]) {
                foreign.insert(format!("{kind}/{id}"), thing.clone());
            }
        }
    }
    foreign
}

/// Secrets by ARN with the version that is current.
fn current_versions(place: &Value) -> Vec<(String, String)> {
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
fn deployed_edits(place: &Value) -> Vec<(String, u64)> {
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
fn missing(place: &Value, object: &Value) -> Vec<String> {
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
    if group["status"] != "available" || group["node_type"] != *node_type {
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

/// What a client of `object` finds in its bound Secret.
fn bound(world: &World, object: &Value) -> Option<Credential> {
    let name = object["spec"]["bindings"][0]["secret"]["name"].as_str()?;
    let namespace = &object["metadata"]["namespace"];
    let secrets = world.kube.objects("secrets");
    let secret = secrets.iter().find(|secret| {
        secret["metadata"]["name"] == name && secret["metadata"]["namespace"] == *namespace
    })?;
    let field = |key: &str| {
        let value = STANDARD.decode(secret["data"][key].as_str()?).ok()?;
        String::from_utf8(value).ok()
    };
    Some(Credential {
        uid: object["metadata"]["uid"].as_str()?.to_owned(),
        host: field("host")?,
        user: field("username")?,
        password: field("password")?,
    })
}
