//! The environment that the tests share.

use std::collections::BTreeSet;
use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use cachedapi_hack::environment::Environment;
use cachedapi_hack::kubectl::Kubectl;
use cachedapi_hack::local_aws::{Behaviour, OPERATOR_KEY_ID};
use cachedapi_hack::operator::Operator;
use cachedapi_hack::resource::Resource;
use cachedapi_hack::{Error, Result};
use cachedapi_operator::api::ANNOTATION_PAUSED;
use local_aws::policy;
use serde_json::{Value, json};

/// Fails if the operator asked AWS in `environment` for what its IAM policy does not allow, and was refused. Refusals that a test has caused (`denyAccess`) name what the
/// policy allows. What is not there (yet, or any more) has no tags to go by: AWS refuses such a call as well.
pub fn check_calls_are_allowed(environment: &Environment) -> Result<()> {
    let policy = environment.operators_policy()?;
    let calls = environment.aws.calls()?;
    let log = calls["log"].as_array().into_iter().flatten();
    let operators = log.filter(|call| call["accessKey"] == OPERATOR_KEY_ID);
    let refused = operators.filter(|call| is_refusal(call));
    let missing: BTreeSet<String> = refused
        .flat_map(|call| policy::missing(&policy, call))
        .map(|asked| asked.to_string())
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    Err(Error::Unexpected(format!(
        "the operator was refused what its IAM policy does not allow: {missing:?}"
    )))
}

fn is_refusal(call: &Value) -> bool {
    let code = call["error"].as_str();
    code.is_some_and(|code| code.starts_with("AccessDenied"))
}

/// A visit to the shared environment: at its end the operator must not have asked for anything that its IAM policy does not allow, so that whoever
/// leaves last answers for everything.
pub struct Visit(&'static World);

impl std::ops::Deref for Visit {
    type Target = World;

    fn deref(&self) -> &World {
        self.0
    }
}

impl Drop for Visit {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            check_calls_are_allowed(&self.0.environment)
                .expect("the IAM policy allows what the operator did");
        }
    }
}

/// An environment with a running operator, which logs all that it can.
pub struct World {
    pub environment: Environment,
    operator: Mutex<Operator>,
}

impl World {
    pub fn shared() -> Visit {
        static WORLD: LazyLock<World> =
            LazyLock::new(|| World::start().expect("the environment starts"));
        Visit(&WORLD)
    }

    fn start() -> Result<Self> {
        // The tests' objects would wait for each other's API Gateway quotas.
        let behaviour = Behaviour {
            delays: "fast",
            quotas: false,
            nodes: true,
            log: "trace",
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
        self.create_with(name, |_| ())
    }

    /// The same, left alone by the operator until [`World::unpause`].
    pub fn create_paused(&self, name: &str) -> Result<Resource<'_>> {
        self.create_with(name, |object| {
            object["metadata"]["annotations"] = json!({ANNOTATION_PAUSED: "true"});
        })
    }

    /// The same, with a change.
    pub fn create_with(&self, name: &str, change: impl FnOnce(&mut Value)) -> Result<Resource<'_>> {
        self.kubectl().run(["create", "namespace", name])?;
        let mut manifest = self.environment.example("examples/orders.yaml".as_ref())?;
        manifest["metadata"] = json!({"name": name, "namespace": name});
        manifest["spec"]["bindings"] = json!([{"secret": {"name": format!("{name}-cache")}}]);
        change(&mut manifest);
        Resource::apply(&self.environment, &manifest)
    }

    /// Lets the operator work on the object `name`.
    pub fn unpause(&self, name: &str) -> Result<()> {
        let annotation = format!("{ANNOTATION_PAUSED}-");
        let args = [
            "annotate",
            "cachedapi",
            name,
            "--namespace",
            name,
            &annotation,
        ];
        self.kubectl().run(args).map(drop)
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
