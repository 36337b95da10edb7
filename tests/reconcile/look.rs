use std::collections::BTreeMap;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::{SignedDuration, Timestamp};
use local_aws::elasticache::{LoginOutcome, login};
use serde_json::Value;

use crate::world::{ACCOUNT, REGION, SECRET, START, World};

/// What is there to see.
impl World {
    /// The object as it is; `null` if there is none.
    pub fn object(&self) -> Value {
        let objects = self.kube.objects("cachedapis");
        objects.into_iter().next().unwrap_or_default()
    }

    /// The status of the condition `type_`.
    pub fn condition(&self, type_: &str) -> Value {
        condition(&self.object(), type_)
    }

    /// Whether the object is Ready for the spec that it has.
    pub fn is_ready(&self) -> bool {
        is_ready(&self.object())
    }

    /// Whether the object is gone.
    pub fn is_gone(&self) -> bool {
        self.object().is_null()
    }

    /// How much of what there is in AWS, without the user `default` that every account has.
    pub fn inventory(&self) -> BTreeMap<String, usize> {
        let mut place = self.place();
        if let Some(users) = place["elasticache"]["users"].as_object_mut() {
            users.remove("default");
        }
        let mut inventory = BTreeMap::new();
        for kind in [
            "/apigateway/apis",
            "/apigateway/keys",
            "/apigateway/plans",
            "/elasticache/subnet_groups",
            "/elasticache/users",
            "/elasticache/user_groups",
            "/elasticache/replication_groups",
            "/elasticache/snapshots",
            "/secretsmanager/secrets",
        ] {
            inventory.insert(kind.to_owned(), count(&place, kind));
        }
        let apis = place["apigateway"]["apis"].as_object();
        for api in apis.into_iter().flatten().map(|(_, api)| api) {
            for part in ["deployments", "stages"] {
                let kind = format!("/apigateway/{part}");
                *inventory.entry(kind).or_default() += count(api, &format!("/{part}"));
            }
        }
        inventory
    }

    /// Everything in the account's Region.
    pub fn place(&self) -> Value {
        let world = self
            .aws
            .with_world(|world, _| serde_json::to_value(world).unwrap());
        world["accounts"][ACCOUNT][REGION].clone()
    }

    /// The bound Secret's data, decoded; empty if there is none.
    pub fn bound(&self) -> BTreeMap<String, String> {
        let secrets = self.kube.objects("secrets");
        let secret = secrets
            .iter()
            .find(|secret| secret["metadata"]["name"] == SECRET);
        let data = secret.and_then(|secret| secret["data"].as_object());
        let decode = |value: &Value| {
            String::from_utf8(STANDARD.decode(value.as_str().unwrap()).unwrap()).unwrap()
        };
        data.into_iter()
            .flatten()
            .map(|(key, value)| (key.clone(), decode(value)))
            .collect()
    }

    /// What the cache says to the bound credential.
    pub fn log_in(&self) -> LoginOutcome {
        let bound = self.bound();
        self.log_in_with(
            bound
                .get("password")
                .map(String::as_str)
                .unwrap_or_default(),
        )
    }

    /// What the node at the bound host says to the bound user, or to nobody in particular, with another password.
    pub fn log_in_with(&self, password: &str) -> LoginOutcome {
        let bound = self.bound();
        let field = |name: &str, otherwise| bound.get(name).map_or(otherwise, String::as_str);
        login(
            &self.aws,
            field("host", ""),
            field("username", "default"),
            password,
        )
    }

    /// How long ago the world began.
    pub fn age(&self) -> SignedDuration {
        let start: Timestamp = START.parse().unwrap();
        self.aws.now().duration_since(start)
    }

    /// How long after each other the calls of `operation` to AWS came.
    pub async fn gaps(&self, operation: &str) -> Vec<Duration> {
        let calls = self.admin("GET", "/_local/calls", &Value::Null).await;
        let log = calls["log"].as_array().unwrap();
        let (service, operation) = operation.split_once(':').unwrap();
        let of_it = log
            .iter()
            .filter(|call| call["service"] == service && call["operation"] == operation);
        let times: Vec<Timestamp> = of_it
            .map(|call| call["time"].as_str().unwrap().parse().unwrap())
            .collect();
        let gap = |pair: &[Timestamp]| pair[1].duration_since(pair[0]).unsigned_abs();
        times.windows(2).map(gap).collect()
    }
}

/// Whether `object` is Ready for the spec that it has.
pub fn is_ready(object: &Value) -> bool {
    let ready = condition(object, "Ready");
    ready["status"] == "True" && ready["observedGeneration"] == object["metadata"]["generation"]
}

fn condition(object: &Value, type_: &str) -> Value {
    let conditions = object["status"]["conditions"].as_array();
    let found = conditions
        .into_iter()
        .flatten()
        .find(|condition| condition["type"] == type_);
    found.cloned().unwrap_or_default()
}

fn count(value: &Value, pointer: &str) -> usize {
    value
        .pointer(pointer)
        .and_then(Value::as_object)
        .map_or(0, serde_json::Map::len)
}
