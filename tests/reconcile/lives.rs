//! What objects live through until the operator has needed every right that it has: one thing after the other, each of which comes about.

use std::time::Duration;

use local_aws::{Config, Delays};
use serde_json::{Value, json};

use crate::adopt::{adopting, consenting, make_legacy};
use crate::adopt_cache::{TOKEN, make_secret, with_token};
use crate::legacy::{consent, make_group};
use crate::world::{ACCOUNT, NAME, REGION, World, example};

/// The operator's access key, so that its policy is no one else's.
pub const OPERATOR: &str = "OPERATOR";
const HOUR: Duration = Duration::from_hours(1);

/// Whose life it is.
#[derive(Clone, Copy, Debug)]
pub enum Life {
    /// An object with everything in it.
    Whole,
    /// One of two objects, of which everything is left behind.
    Abandoned,
    /// An object that takes over an API.
    HeirOfApi,
    /// One that takes over a replication group and its token, and gives them back.
    HeirOfCache,
    /// One that takes them over and takes them along.
    LastHeirOfCache,
}

/// Something that is asked for, and when that has come about.
pub struct Step {
    pub name: &'static str,
    ask: Ask,
    /// Tells by the world and by the object as it was before.
    done: fn(&World, &Value) -> bool,
}

enum Ask {
    /// Nobody asks for anything.
    Nothing,
    /// A user creates an object.
    Create(Value),
    /// A user changes the object.
    Patch(Value),
    /// Its password is rotated.
    Rotate,
    /// Somebody deletes its secret in AWS.
    DeleteSecret,
    /// A user deletes it.
    Delete,
    /// A user removes it by force.
    Remove,
}

impl Step {
    const fn new(name: &'static str, ask: Ask, done: fn(&World, &Value) -> bool) -> Self {
        Self { name, ask, done }
    }

    fn patch(name: &'static str, spec: &Value) -> Self {
        Self::new(name, Ask::Patch(json!({ "spec": spec })), is_settled)
    }

    /// Asks for it.
    pub async fn ask(&self, world: &World) {
        match &self.ask {
            Ask::Nothing => {}
            Ask::Create(object) => world.create(object).await,
            Ask::Patch(patch) => world.patch(patch.clone()).await,
            Ask::Rotate => {
                let now = world.aws.now().to_string();
                let annotations = json!({"cachedapi.dev/rotate-requested-at": now});
                let patch = json!({"metadata": {"annotations": annotations}});
                world.patch(patch).await;
            }
            Ask::DeleteSecret => {
                let arn = &world.object()["status"]["credentials"]["secretArn"];
                let delete = json!({"SecretId": arn, "RecoveryWindowInDays": 7});
                world.secrets_manager("DeleteSecret", &delete).await;
            }
            Ask::Delete => world.delete().await,
            Ask::Remove => world.remove_by_force(NAME).await,
        }
    }

    /// Whether it has come about; `before` is the object as it was.
    pub fn is_done(&self, world: &World, before: &Value) -> bool {
        (self.done)(world, before)
    }
}

impl Life {
    /// The world before it begins.
    pub async fn begin(self) -> (World, Vec<Step>) {
        let key = format!("{OPERATOR}:x:{ACCOUNT}").parse().unwrap();
        let world = World::new(Config {
            delays: Delays::fast(),
            keys: vec![key],
            ..Config::default()
        })
        .await;
        let steps = match self {
            Self::Whole => {
                make_functions(&world).await;
                whole()
            }
            Self::Abandoned => abandoned(),
            Self::HeirOfApi => {
                let id = make_legacy(&world, consenting(json!({}))).await;
                vec![
                    Step::new(
                        "take over",
                        Ask::Create(adopting(&id, "TakeOver")),
                        is_settled,
                    ),
                    Step::new("delete", Ask::Delete, is_gone),
                ]
            }
            Self::HeirOfCache => cache(&world, json!({})).await,
            Self::LastHeirOfCache => {
                cache(&world, json!({"cache": "Snapshot", "secret": "Delete"})).await
            }
        };
        (world, steps)
    }

    /// Makes the operators in `world` what they are in this life.
    pub fn prepare(self, mut world: World) -> World {
        OPERATOR.clone_into(&mut world.account.lock().unwrap());
        if matches!(self, Self::Abandoned) {
            world.settings.orphans.interval = HOUR;
            world.settings.orphans.policy.delete = true;
            world.settings.orphans.policy.grace = HOUR;
        }
        world
    }
}

/// A function that is a route's back end, one that is told of the secret in `$LATEST`, and one that has an alias.
async fn make_functions(world: &World) {
    let tags = json!({"cachedapi.dev/cluster-id": "test"});
    let role = json!({"account": ACCOUNT, "tags": tags});
    world.admin("PUT", "/_local/iam/billing", &role).await;
    for (name, tags, qualifiers) in [
        ("backend", json!({}), json!([])),
        ("billing", tags.clone(), json!([])),
        ("checkout", tags, json!(["live"])),
    ] {
        let seed = json!({
            "account": ACCOUNT, "region": REGION, "qualifiers": qualifiers, "tags": tags,
            "configuration": {"CodeSha256": "code", "Role": format!("arn:aws:iam::{ACCOUNT}:role/billing")},
        });
        let path = format!("/_local/lambda/{name}");
        world.admin("PUT", &path, &seed).await;
    }
}

fn function(name: &str) -> String {
    format!("arn:aws:lambda:{REGION}:{ACCOUNT}:function:{name}")
}

fn whole() -> Vec<Step> {
    let mut object = example();
    let spec = &mut object["spec"];
    spec["deletionPolicy"]["cache"] = "Snapshot".into();
    spec["credentials"] = json!({"password": {"clientCacheTtl": "0s"}});
    let secret = spec["bindings"][0].clone();
    let served = json!({"lambda": {"functionArn": function("backend")}});
    let plain = spec["routes"].clone();
    spec["routes"][0]["backend"] = served;
    spec["bindings"] = json!([
        secret,
        {"lambda": {"functionArn": function("billing")}},
        {"lambda": {"functionArn": function("checkout"), "alias": "live"}},
    ]);
    let mut slow = plain.clone();
    slow[1]["throttle"] = json!({"rate": 10, "burst": 10});
    let group = |change: Value| json!({"cache": {"replicationGroup": change}});
    let subnets = [
        "subnet-0a1b2c3d4e5f60718",
        "subnet-0a1b2c3d4e5f60719",
        "subnet-0a1b2c3d4e5f6071a",
    ];
    vec![
        Step::new("create", Ask::Create(object), is_settled),
        Step::patch("other back end", &json!({"routes": plain})),
        Step::patch("throttle", &json!({"routes": slow})),
        Step::new(
            "no keys",
            Ask::Patch(json!({"spec": {"api": {"apiKeys": []}}})),
            |world, _| world.is_ready() && world.inventory()["/apigateway/keys"] == 0,
        ),
        Step::patch("node type", &group(json!({"nodeType": "cache.t4g.medium"}))),
        Step::patch("more replicas", &group(json!({"replicasPerShard": 2}))),
        Step::patch("fewer replicas", &group(json!({"replicasPerShard": 1}))),
        Step::patch(
            "subnets",
            &group(json!({"network": {"subnetIds": subnets}})),
        ),
        Step::new("rotate", Ask::Rotate, is_rotated),
        Step::patch("unbind", &json!({"bindings": [secret]})),
        Step::new("lose the secret", Ask::DeleteSecret, has_secret),
        Step::new(
            "tokens",
            Ask::Patch(json!({"spec": {"credentials": {"iam": {}}}})),
            |world, _| is_settled(world, &Value::Null) && users(world) == 3,
        ),
        Step::new(
            "no tokens",
            Ask::Patch(json!({"spec": {"credentials": {"iam": null}}})),
            |world, _| is_settled(world, &Value::Null) && users(world) == 2,
        ),
        Step::new("delete", Ask::Delete, is_gone),
    ]
}

fn abandoned() -> Vec<Step> {
    let mut other = example();
    other["metadata"]["name"] = "other".into();
    other["spec"]["api"]["apiKeys"] = json!([]);
    other["spec"]["bindings"] = json!([{"secret": {"name": "other-cache"}}]);
    vec![
        Step::new("create", Ask::Create(example()), is_settled),
        Step::new("create another", Ask::Create(other), |world, _| {
            groups(world) == 2
        }),
        Step::new("remove by force", Ask::Remove, |world, _| {
            groups(world) == 1
        }),
    ]
}

/// Whether what stays when the object goes says so itself.
fn is_marked(world: &World, _: &Value) -> bool {
    let tags = world.place()["tags"].clone();
    let marked = tags.as_object().unwrap().values();
    marked
        .filter(|tags| tags["cachedapi.dev/retained"] == "true")
        .count()
        == 2
}

async fn cache(world: &World, deletion: Value) -> Vec<Step> {
    make_group(world, &format!("{}&AuthToken={TOKEN}", consent())).await;
    let arn = make_secret(world, &json!({"password": TOKEN})).await;
    let mut object = with_token(&arn);
    let stays = deletion.get("cache").is_none();
    object["spec"]["deletionPolicy"] = deletion;
    let group = |change: Value| json!({"cache": {"replicationGroup": change}});
    let mut steps = vec![
        Step::new("take over", Ask::Create(object), is_settled),
        Step::patch("more replicas", &group(json!({"replicasPerShard": 2}))),
        Step::patch("fewer replicas", &group(json!({"replicasPerShard": 1}))),
        Step::new("rotate", Ask::Rotate, is_rotated),
        Step::new("lose the secret", Ask::DeleteSecret, has_secret),
        Step::new("delete", Ask::Delete, is_gone),
    ];
    if stays {
        steps.insert(1, Step::new("mark", Ask::Nothing, is_marked));
    }
    steps
}

fn is_settled(world: &World, _: &Value) -> bool {
    let bindings = world.object()["status"]["bindings"].clone();
    let mut consumers = bindings.as_array().into_iter().flatten();
    world.is_ready() && consumers.all(|consumer| consumer["upToDate"] == true)
}

fn is_rotated(world: &World, before: &Value) -> bool {
    let credentials = world.object()["status"]["credentials"].clone();
    is_settled(world, before)
        && credentials["rotation"].is_null()
        && credentials["versionId"] != before["status"]["credentials"]["versionId"]
}

fn has_secret(world: &World, _: &Value) -> bool {
    let place = world.place();
    let secrets = place["secretsmanager"]["secrets"].as_object().unwrap();
    secrets.values().any(|secret| secret["deletion"].is_null())
}

fn is_gone(world: &World, _: &Value) -> bool {
    world.is_gone()
}

fn users(world: &World) -> usize {
    world.inventory()["/elasticache/users"]
}

fn groups(world: &World) -> usize {
    world.inventory()["/elasticache/replication_groups"]
}
