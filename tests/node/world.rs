//! What the tests share: a node with a local AWS beside it.

use std::path::Path;
use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use cachedapi_hack::cache::Cache;
use cachedapi_hack::demo;
use cachedapi_hack::environment::{Environment, Programs};
use cachedapi_hack::local_aws::Behaviour;
use cachedapi_hack::node::{self, Node};
use cachedapi_hack::operator::{NAMESPACE, Pods, RELEASE};
use cachedapi_hack::process::{Lifetime, Place};
use cachedapi_hack::resource::Resource;
use cachedapi_hack::tools::NodeTools;
use cachedapi_hack::{Result, image};
use serde_json::{Value, json};

pub const DEADLINE: Duration = Duration::from_mins(2);
const EXAMPLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/orders.yaml");

/// The operator's image.
const IMAGE: &str = "state/operator.tar";

static ENVIRONMENT: LazyLock<Environment> = LazyLock::new(|| start().unwrap());
static TURN: Mutex<()> = Mutex::new(());

/// The cluster, for one test at a time.
pub struct World {
    pub environment: &'static Environment,
    _turn: MutexGuard<'static, ()>,
}

fn start() -> Result<Environment> {
    node::check_machine()?;
    let place = Place {
        folder: Path::new(env!("CARGO_TARGET_TMPDIR")).join("node"),
        lifetime: Lifetime::WithParent,
    };
    place.clear()?;
    let image = place.folder.join(IMAGE);
    place.subfolder("state")?;
    image::build_operator("dev", &image)?;
    let behaviour = Behaviour {
        delays: "fast",
        // Objects of several tests would wait for each other.
        quotas: false,
        nodes: true,
        log: "info",
    };
    let programs = Programs::prepare("dev")?;
    let tools = NodeTools::prepare(&Cache::from_env()?)?;
    Environment::on_node(programs, &tools, &image, place, &behaviour)
}

/// Gives the operator something to do.
pub fn change(object: &Resource, rate: u32) {
    let path = "/spec/api/stage/throttle/rate";
    object
        .patch(&json!([{"op": "replace", "path": path, "value": rate}]))
        .unwrap();
}

pub fn ready(object: &Resource) {
    object.wait_until_ready(DEADLINE, |_| ()).unwrap();
}

impl World {
    /// Waits for the others.
    pub fn take() -> Self {
        // A test that failed has said so; the others may still find something.
        let turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
        Self {
            environment: &ENVIRONMENT,
            _turn: turn,
        }
    }

    pub fn node(&self) -> &'static Node {
        self.environment.node().unwrap()
    }

    /// Gives the node the operator's image again.
    pub fn load_operator(&self) {
        let image = self.environment.folder().join(IMAGE);
        self.node().load(&image).unwrap();
    }

    pub fn install(&self, values: &[&str]) -> Pods<'static> {
        let values: Vec<String> = values.iter().map(|value| (*value).to_owned()).collect();
        Pods::install(self.environment, &values).unwrap()
    }

    /// Makes the namespace `name`.
    pub fn create_namespace<'a>(&self, name: &'a str) -> &'a str {
        self.kubectl(&["create", "namespace", name]);
        name
    }

    /// The example as an object in a namespace of its own.
    pub fn create(&self, namespace: &str) -> Resource<'static> {
        self.create_in(self.create_namespace(namespace))
    }

    /// The example as an object in the namespace `name`.
    pub fn create_in(&self, name: &str) -> Resource<'static> {
        let mut manifest = self.environment.example(Path::new(EXAMPLE)).unwrap();
        manifest["metadata"]["namespace"] = name.into();
        Resource::apply(self.environment, &manifest).unwrap()
    }

    pub fn kubectl(&self, args: &[&str]) -> String {
        self.environment.kubectl().run(args).unwrap()
    }

    /// The pod that works.
    pub fn leader(&self) -> String {
        let lease = ["get", "lease", RELEASE, "--namespace", NAMESPACE];
        let lease = self.environment.kubectl().json(lease).unwrap();
        let holder = lease["spec"]["holderIdentity"].as_str();
        holder.unwrap_or_default().to_owned()
    }

    /// The operator's pod `name`.
    pub fn pod(&self, name: &str) -> Value {
        let pod = ["get", "pod", name, "--namespace", NAMESPACE];
        self.environment.kubectl().json(pod).unwrap()
    }

    /// Removes an object with its namespace.
    pub fn remove(&self, object: &Resource, namespace: &str) {
        object.delete().unwrap();
        assert_eq!(object.owned().unwrap().0, Vec::<String>::new());
        self.kubectl(&["delete", "namespace", namespace, "--timeout=120s"]);
    }

    /// Removes the chart with everything that it leaves.
    pub fn remove_chart(&self) {
        demo::remove_chart(self.environment).unwrap();
    }
}
