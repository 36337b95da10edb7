use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::sleep;

use crate::world::{NAME, Process, World, example};

use super::kept::{Beginning, Kept};

/// What a user asks for, and when that has come about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Scenario {
    /// An object comes.
    Create,
    /// A part of its spec changes.
    Update(Part),
    /// Its password is rotated.
    Rotate,
    /// Its password has leaked.
    Revoke,
    /// Its cache is one that somebody made, and is taken over.
    Adopt,
    /// It goes.
    Delete,
}

/// What changes in a spec: one of each kind of change that the operator makes in another way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// A route's path: a new deployment.
    Route,
    /// A route's throttle: settings of the stage.
    Throttle,
    /// An API key more.
    ApiKey,
    /// No API key any more, hence no usage plan.
    NoApiKeys,
    /// The cache's node type: a change in place.
    NodeType,
    /// Another name of the bound Secret.
    Binding,
}

impl Part {
    /// What users change in walks. What a seed does depends on how many these are.
    pub const WALKED: [Self; 5] = [
        Self::Route,
        Self::Throttle,
        Self::ApiKey,
        Self::NodeType,
        Self::Binding,
    ];

    /// The change of `object`; `edit` numbers it.
    pub fn patch(self, object: &Value, edit: usize) -> Value {
        let spec = &object["spec"];
        let mut routes = spec["routes"].clone();
        let spec = match self {
            Self::Route => {
                routes[0]["path"] = format!("/v{edit}/orders/{{id}}").into();
                json!({"routes": routes})
            }
            Self::Throttle => {
                routes[1]["throttle"] = json!({"rate": 60 + edit, "burst": 100});
                json!({"routes": routes})
            }
            Self::ApiKey => {
                let key = format!("key-{edit}");
                let mut keys = spec["api"]["apiKeys"].clone();
                let added = json!({"name": key, "secret": {"name": key}});
                keys.as_array_mut().unwrap().push(added);
                json!({"api": {"apiKeys": keys}})
            }
            Self::NoApiKeys => json!({"api": {"apiKeys": []}}),
            Self::NodeType => {
                let types = ["cache.t4g.medium", "cache.t4g.small"];
                json!({"cache": {"replicationGroup": {"nodeType": types[edit % 2]}}})
            }
            Self::Binding => {
                let name = object["metadata"]["name"].as_str().unwrap();
                json!({"bindings": [{"secret": {"name": format!("{name}-cache-{edit}")}}]})
            }
        };
        json!({"spec": spec})
    }
}

impl Scenario {
    /// All of them but the adoption, whose pairs are not run.
    pub fn all() -> impl Iterator<Item = Self> + Send {
        let others = [Self::Create, Self::Rotate, Self::Revoke, Self::Delete];
        let parts = Part::WALKED.into_iter().chain([Part::NoApiKeys]);
        others.into_iter().chain(parts.map(Self::Update))
    }

    /// How many steps it has by its design, each of which lasts.
    pub const fn steps(self) -> usize {
        match self {
            Self::Create | Self::Adopt => 14,
            Self::Update(_) | Self::Rotate | Self::Revoke => 7,
            Self::Delete => 10,
        }
    }

    /// A world in which it can begin, and the operator in it, if there is one by then: it has had a first look.
    pub async fn prepare(self, seed: u64) -> (Arc<World>, Option<Process>) {
        if self == Self::Create {
            let world = Kept::of(Beginning::Empty, seed).go_on();
            return (Arc::new(world), None);
        }
        let beginning = if self == Self::Adopt {
            Beginning::Reviewed
        } else {
            Beginning::Ready
        };
        let world = Arc::new(Kept::of(beginning, seed).go_on());
        let operator = world.operator();
        sleep(Duration::from_mins(1)).await;
        (world, Some(operator))
    }

    /// A user asks for it.
    pub async fn begin(self, world: &World) {
        match self {
            Self::Create => world.create(&object(NAME)).await,
            Self::Update(part) => world.patch(part.patch(&world.object(), 2)).await,
            Self::Rotate => world.patch(request(world, ROTATE)).await,
            Self::Revoke => world.patch(request(world, REVOKE)).await,
            Self::Adopt => {
                let yes = json!({"spec": {"adopt": {"mode": "TakeOver"}}});
                world.patch(yes).await;
            }
            Self::Delete => world.delete().await,
        }
    }

    /// Whether it has come about; `before` is what the operator had bound when it began.
    pub fn is_done(self, world: &World, before: &Before) -> bool {
        match self {
            Self::Delete => world.is_gone(),
            Self::Create | Self::Update(_) | Self::Adopt => world.is_ready(),
            Self::Rotate | Self::Revoke => {
                let status = &world.object()["status"]["credentials"];
                let version = status["versionId"].as_str();
                world.is_ready()
                    && status["rotation"].is_null()
                    && version.is_some_and(|version| version != before.version)
            }
        }
    }
}

/// What there was before a scenario began.
#[derive(Clone, Debug)]
pub struct Before {
    version: String,
}

impl Before {
    pub fn of(world: &World) -> Self {
        let version = &world.object()["status"]["credentials"]["versionId"];
        Self {
            version: version.as_str().unwrap_or_default().to_owned(),
        }
    }
}

/// The example under this name, with clients that keep a password for a quarter of an hour.
pub fn object(name: &str) -> Value {
    let mut object = example();
    object["metadata"]["name"] = name.into();
    object["spec"]["credentials"] = json!({"password": {"clientCacheTtl": "15m"}});
    object["spec"]["bindings"] = json!([{"secret": {"name": format!("{name}-cache")}}]);
    object["spec"]["api"]["apiKeys"][0]["secret"]["name"] = format!("{name}-key").into();
    object
}

pub const ROTATE: &str = "cachedapi.dev/rotate-requested-at";
pub const REVOKE: &str = "cachedapi.dev/revoke-requested-at";

/// The request of this name, as of now.
pub fn request(world: &World, name: &str) -> Value {
    let now = world.aws.now().to_string();
    json!({"metadata": {"annotations": {name: now}}})
}
