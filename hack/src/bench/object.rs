//! Objects of a chosen size.

use std::time::Duration;

use serde_json::{Value, json};

use crate::environment::Environment;
use crate::{Result, tools};

pub(super) const NAMESPACE: &str = "default";

/// AWS's quotas, and the operator's governor with them, count by Region. In one alone, the deployments of a thousand objects would
/// take an hour and a half; over these, three minutes.
const AREAS: [&str; 10] = [
    "us-east",
    "us-west",
    "eu-west",
    "eu-central",
    "eu-north",
    "ap-south",
    "ap-east",
    "sa-east",
    "ca-central",
    "me-south",
];
pub(super) const REGIONS: usize = AREAS.len() * 3;

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

/// The manifests of so many objects, spread over all Regions, whose caches have no nodes to log in to.
pub(super) fn many(environment: &Environment, objects: usize) -> Result<Vec<Value>> {
    let mut manifest = Object::new(environment, "idle", 1)?.manifest;
    manifest["spec"]["credentials"] = json!({"probe": "Skip"});
    let one = |number| copy(&manifest, &numbered(number), &region(number));
    Ok((0..objects).map(one).collect())
}

/// The manifest of another object like that of `manifest`, in another Region.
pub(super) fn copy(manifest: &Value, name: &str, region: &str) -> Value {
    let mut copy = manifest.clone();
    copy["metadata"]["name"] = name.into();
    copy["spec"]["region"] = region.into();
    copy["spec"]["bindings"][0]["secret"]["name"] = format!("{name}-cache").into();
    copy
}

/// The name of one of many.
pub(super) fn numbered(number: usize) -> String {
    format!("idle-{number}")
}

/// The name in `manifest`.
pub(super) fn name(manifest: &Value) -> String {
    let name = manifest["metadata"]["name"].as_str();
    name.unwrap_or_default().to_owned()
}

fn region(number: usize) -> String {
    let region = number % REGIONS;
    format!("{}-{}", AREAS[region / 3], region % 3 + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn objects_are_spread_over_all_regions() {
        let regions: std::collections::BTreeSet<_> = (0..REGIONS).map(region).collect();
        assert_eq!(regions.len(), REGIONS);
        assert_eq!(
            (region(0), region(REGIONS - 1)),
            ("us-east-1".to_owned(), "me-south-3".to_owned())
        );
    }
}
