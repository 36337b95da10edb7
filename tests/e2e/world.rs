//! The environment that the tests share.

use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use cachedapi_hack::environment::Environment;
use cachedapi_hack::kubectl::Kubectl;
use cachedapi_hack::local_aws::Behaviour;
use cachedapi_hack::operator::Operator;
use cachedapi_hack::resource::Resource;
use cachedapi_hack::{Error, Result};
use serde_json::json;

/// An environment with a running operator, which logs all that it can.
pub struct World {
    pub environment: Environment,
    operator: Mutex<Operator>,
}

impl World {
    pub fn shared() -> &'static Self {
        static WORLD: LazyLock<World> =
            LazyLock::new(|| World::start().expect("the environment starts"));
        &WORLD
    }

    fn start() -> Result<Self> {
        // The tests' objects would wait for each other's API Gateway quotas.
        let behaviour = Behaviour {
            delays: "fast",
            quotas: false,
        };
        let environment =
            Environment::for_tests(env!("CARGO_TARGET_TMPDIR").as_ref(), "e2e", &behaviour)?;
        let operator = environment
            .start_operator(&["log.level=trace".to_owned(), "quotaShare=1".to_owned()])?;
        Ok(Self {
            environment,
            operator: Mutex::new(operator),
        })
    }

    pub fn operator(&self) -> MutexGuard<'_, Operator> {
        self.operator.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn kubectl(&self) -> &Kubectl {
        self.environment.kubectl()
    }

    /// The example, under the name `name` in a namespace of that name, bound to the Secret `<name>-cache`.
    pub fn create(&self, name: &str) -> Result<Resource<'_>> {
        self.kubectl().run(["create", "namespace", name])?;
        let mut manifest = self.environment.example("examples/orders.yaml".as_ref())?;
        manifest["metadata"] = json!({"name": name, "namespace": name});
        manifest["spec"]["bindings"] = json!([{"secret": {"name": format!("{name}-cache")}}]);
        Resource::apply(&self.environment, &manifest)
    }

    /// A value of the Secret that belongs to the object `name`.
    pub fn secret(&self, name: &str, key: &str) -> Result<String> {
        let secret = self.kubectl().json([
            "get",
            "secret",
            &format!("{name}-cache"),
            "--namespace",
            name,
        ])?;
        let value = secret["data"][key]
            .as_str()
            .and_then(|value| STANDARD.decode(value).ok());
        let text = value.and_then(|bytes| String::from_utf8(bytes).ok());
        text.ok_or_else(|| Error::Unexpected(format!("the Secret of {name} has no text {key}")))
    }
}
