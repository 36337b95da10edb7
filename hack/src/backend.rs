//! The sample back end of `examples/backend`, and the bound Secret as a kubelet would mount it.

use std::fs;
use std::path::Path;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use crate::control_plane::write_private;
use crate::kubectl::Kubectl;
use crate::process::{Launch, Place, Process, Stop};
use crate::{Error, Result, http, tools};

const START_DEADLINE: Duration = Duration::from_secs(10);

/// The folder, in the place where the back end runs, under which bindings are mounted.
const BINDINGS: &str = "bindings";

/// A running sample back end.
#[derive(Debug)]
pub struct Backend {
    process: Process,
    place: Place,
    url: String,
}

impl Backend {
    /// Starts it on `port`; it trusts the caches' authority `cache_ca`, if there is one.
    pub fn start(place: &Place, port: u16, cache_ca: Option<&Path>) -> Result<Self> {
        let script = tools::root().join("examples/backend/orders.py");
        let bindings = place.subfolder(BINDINGS)?;
        let mut env = vec![("SERVICE_BINDING_ROOT".to_owned(), bindings.into())];
        env.extend(cache_ca.map(|ca| ("SSL_CERT_FILE".to_owned(), ca.into())));
        let mut process = place.start(Launch {
            name: "backend",
            program: "python3".into(),
            args: vec![
                "-u".into(),
                script.into(),
                "--port".into(),
                port.to_string().into(),
            ],
            env,
            stop: Stop::AtOnce,
        })?;
        let url = format!("http://127.0.0.1:{port}");
        let probe = format!("{url}/orders");
        process.wait_until("the sample back end", START_DEADLINE, || {
            Ok(http::seen_ok(&probe))
        })?;
        Ok(Self {
            process,
            place: place.clone(),
            url,
        })
    }

    /// Where it listens.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Mounts the Secret `name` for it.
    pub fn mount(&self, kubectl: &Kubectl, namespace: &str, name: &str) -> Result<()> {
        mount(&self.place, kubectl, namespace, name)
    }

    /// Lets it run on after this handle is gone.
    pub fn leave_running(self) {
        self.process.leave_running();
    }
}

/// Writes the Secret `name` as files under `SERVICE_BINDING_ROOT/<name>/` of the back end in `place`, as a kubelet mounts it into
/// a pod.
pub fn mount(place: &Place, kubectl: &Kubectl, namespace: &str, name: &str) -> Result<()> {
    let secret = kubectl.json(["get", "secret", name, "--namespace", namespace])?;
    let folder = place.subfolder(BINDINGS)?.join(name);
    fs::create_dir_all(&folder).map_err(Error::io(|| format!("create {}", folder.display())))?;
    for (key, value) in secret["data"].as_object().into_iter().flatten() {
        write_private(&folder.join(key), &decode(key, value)?)?;
    }
    Ok(())
}

/// Points the HTTP back ends of a CachedApi to `url`, keeping their paths.
pub fn point_routes_to(api: &mut Value, url: &str) {
    let routes = api["spec"]["routes"].as_array_mut().into_iter().flatten();
    for target in routes.filter_map(|route| route.pointer_mut("/backend/http/url")) {
        let path = http::path_of(target.as_str().unwrap_or_default());
        *target = format!("{url}{path}").into();
    }
}

fn decode(key: &str, value: &Value) -> Result<String> {
    let bytes = STANDARD.decode(value.as_str().unwrap_or_default()).ok();
    bytes
        .and_then(|bytes| String::from_utf8(bytes).ok())
        .ok_or_else(|| Error::Unexpected(format!("the Secret's key {key} is not text")))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn http_routes_keep_their_paths_and_others_are_left_alone() {
        let mut api = json!({"spec": {"routes": [
            {"backend": {"http": {"url": "https://orders.internal/orders/{id}"}}},
            {"backend": {"http": {"url": "http://orders"}}},
            {"backend": {"lambda": {"functionArn": "arn"}}},
        ]}});
        let lambda = api["spec"]["routes"][2].clone();
        point_routes_to(&mut api, "http://127.0.0.1:8000");
        assert_eq!(
            api["spec"]["routes"][0]["backend"]["http"]["url"],
            "http://127.0.0.1:8000/orders/{id}"
        );
        assert_eq!(
            api["spec"]["routes"][1]["backend"]["http"]["url"],
            "http://127.0.0.1:8000"
        );
        assert_eq!(api["spec"]["routes"][2], lambda);
    }
}
