//! Objects of a chosen size.

use std::time::Duration;

use serde_json::{Value, json};

use crate::environment::Environment;
use crate::{Result, tools};

const NAMESPACE: &str = "default";

/// A `CachedApi` made for measuring: the example with other routes.
pub(super) struct Object<'a> {
    environment: &'a Environment,
    name: String,
    manifest: Value,
}

impl<'a> Object<'a> {
    pub(super) fn new(environment: &'a Environment, name: &str, routes: usize) -> Result<Self> {
        let mut manifest = environment.example(&tools::root().join("examples/orders.yaml"))?;
        manifest["metadata"] = json!({"name": name, "namespace": NAMESPACE});
        manifest["spec"]["routes"] = (0..routes)
            .map(|number| route(number, environment.backend.url()))
            .collect();
        manifest["spec"]["bindings"] = json!([{"secret": {"name": format!("{name}-cache")}}]);
        Ok(Self {
            environment,
            name: name.to_owned(),
            manifest,
        })
    }

    /// The manifest of another object like it, in another Region.
    pub(super) fn copy(&self, number: usize, region: &str) -> Value {
        let mut manifest = self.manifest.clone();
        let name = format!("{}-{number}", self.name);
        manifest["spec"]["region"] = region.into();
        manifest["spec"]["bindings"][0]["secret"]["name"] = format!("{name}-cache").into();
        manifest["metadata"]["name"] = name.into();
        manifest
    }

    pub(super) fn create_and_wait(&self) -> Result<()> {
        self.environment
            .kubectl()
            .apply(&self.manifest.to_string())?;
        self.wait(Duration::from_mins(5))
    }

    pub(super) fn change_route_and_wait(&self) -> Result<()> {
        let mut changed = self.manifest.clone();
        changed["spec"]["routes"][0]["path"] = "/changed".into();
        self.environment.kubectl().apply(&changed.to_string())?;
        self.wait(Duration::from_mins(5))
    }

    /// Looks at `observedGeneration` as well, so a change just made is not taken for done.
    fn wait(&self, timeout: Duration) -> Result<()> {
        let timeout = format!("--timeout={}s", timeout.as_secs());
        let object = format!("cachedapi/{}", self.name);
        self.environment
            .kubectl()
            .run([
                "wait",
                "--for=condition=Ready",
                &object,
                "--namespace",
                NAMESPACE,
                &timeout,
            ])
            .map(drop)
    }
}

/// Two methods on each path, so that 300 routes stay below 300 resources.
fn route(number: usize, backend: &str) -> Value {
    let path = format!("/r{}", number / 2);
    json!({
        "name": format!("r{number}"),
        "method": if number.is_multiple_of(2) { "GET" } else { "POST" },
        "path": path,
        "auth": {"public": {}},
        "backend": {"http": {"url": format!("{backend}{path}")}},
    })
}
