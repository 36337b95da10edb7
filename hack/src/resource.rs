//! One `CachedApi` in the cluster, as a user sees it: applied, watched, called through the gateway, deleted.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::Value;

use crate::environment::Environment;
use crate::wait::{self, Seen};
use crate::{Result, http};

/// An applied `CachedApi`.
#[derive(Debug)]
pub struct Resource<'a> {
    environment: &'a Environment,
    namespace: String,
    name: String,
    uid: String,
}

impl<'a> Resource<'a> {
    /// Applies `manifest`, whose metadata names the object and its namespace.
    pub fn apply(environment: &'a Environment, manifest: &Value) -> Result<Self> {
        environment.kubectl().apply(&manifest.to_string())?;
        Self::applied(environment, manifest)
    }

    /// The one that `manifest` was applied for.
    pub fn applied(environment: &'a Environment, manifest: &Value) -> Result<Self> {
        let metadata = |key: &str| text(&manifest["metadata"][key]).to_owned();
        let applied = Self {
            environment,
            namespace: metadata("namespace"),
            name: metadata("name"),
            uid: String::new(),
        };
        let uid = text(&applied.get()?["metadata"]["uid"]).to_owned();
        Ok(Self { uid, ..applied })
    }

    /// The object as it is now.
    pub fn get(&self) -> Result<Value> {
        self.environment.kubectl().json([
            "get",
            "cachedapi",
            &self.name,
            "--namespace",
            &self.namespace,
        ])
    }

    /// Its `metadata.uid`.
    #[must_use]
    pub fn uid(&self) -> &str {
        &self.uid
    }

    /// Changes it by a JSON patch (RFC 6902).
    pub fn patch(&self, patch: &Value) -> Result<()> {
        let patch = patch.to_string();
        let args = [
            "patch",
            "cachedapi",
            &self.name,
            "--namespace",
            &self.namespace,
            "--type=json",
            "--patch",
            &patch,
        ];
        self.environment.kubectl().run(args).map(drop)
    }

    /// Asks for a reconcile now, by the annotation that is there for it.
    pub fn request_reconcile(&self) -> Result<()> {
        let now = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        self.annotate(
            "cachedapi.dev/reconcile-requested-at",
            &now.as_millis().to_string(),
        )
    }

    /// Asks for a rotation of the password as of now.
    pub fn request_rotation(&self) -> Result<()> {
        self.annotate(
            "cachedapi.dev/rotate-requested-at",
            &jiff::Timestamp::now().to_string(),
        )
    }

    fn annotate(&self, name: &str, value: &str) -> Result<()> {
        let annotation = format!("{name}={value}");
        let args = [
            "annotate",
            "--overwrite",
            "cachedapi",
            &self.name,
            "--namespace",
            &self.namespace,
            &annotation,
        ];
        self.environment.kubectl().run(args).map(drop)
    }

    /// Waits until `Ready` is True for the current generation. `show` gets what it says each time that changes.
    pub fn wait_until_ready(&self, deadline: Duration, mut show: impl FnMut(&str)) -> Result<()> {
        let mut shown = String::new();
        wait::until(&format!("{} to be Ready", self.name), deadline, || {
            let seen = readiness(&self.get()?);
            if let Seen::NotYet(last) = &seen
                && *last != shown
            {
                show(last);
                shown.clone_from(last);
            }
            Ok(seen)
        })
    }

    /// Waits until the condition `type_` has `reason` for the current generation, and returns its status and message.
    pub fn wait_until_said(
        &self,
        type_: &str,
        reason: &str,
        deadline: Duration,
    ) -> Result<(String, String)> {
        let what = format!("{} to say {type_} {reason}", self.name);
        wait::until(&what, deadline, || {
            let api = self.get()?;
            let conditions = api["status"]["conditions"].as_array().into_iter().flatten();
            let found = conditions
                .filter(|condition| condition["type"] == type_)
                .find(|condition| {
                    condition["reason"] == reason
                        && condition["observedGeneration"] == api["metadata"]["generation"]
                });
            Ok(match found {
                Some(condition) => Seen::Done((
                    text(&condition["status"]).to_owned(),
                    text(&condition["message"]).to_owned(),
                )),
                None => Seen::NotYet(api["status"]["conditions"].to_string()),
            })
        })
    }

    /// The answer of the live API to `GET path`, by way of the gateway's data plane.
    pub fn call(&self, path: &str, headers: &[(&str, &str)]) -> Result<http::Response> {
        let api = self.get()?;
        let id = text(&api["status"]["api"]["id"]);
        let stage = http::path_of(text(&api["status"]["api"]["invokeUrl"]));
        http::get(
            &format!("{}/{id}{stage}{path}", self.environment.aws.gateway()),
            headers,
        )
    }

    /// Mounts the Secrets of its bindings for the sample back end.
    pub fn mount_bindings(&self) -> Result<()> {
        let api = self.get()?;
        let bindings = api["spec"]["bindings"].as_array().into_iter().flatten();
        for secret in bindings.filter_map(|binding| binding["secret"]["name"].as_str()) {
            self.environment
                .backend
                .mount(self.environment.kubectl(), &self.namespace, secret)?;
        }
        Ok(())
    }

    /// Deletes it and waits until it is gone.
    pub fn delete(&self) -> Result<()> {
        let args = [
            "delete",
            "cachedapi",
            &self.name,
            "--namespace",
            &self.namespace,
            "--timeout=120s",
        ];
        self.environment.kubectl().run(args).map(drop)
    }

    /// The ARNs of what it owns in AWS: what is there to stay, and what AWS keeps for recovery after a deletion (a deleted
    /// secret for its recovery window, and the final snapshot that the policy `Snapshot` asks for).
    pub fn owned(&self) -> Result<(Vec<String>, Vec<String>)> {
        let owned = self.environment.aws.owned_by(&self.uid)?;
        Ok(owned
            .into_iter()
            .partition(|arn| !arn.contains(":secret:") && !arn.contains(":snapshot:")))
    }
}

/// Whether `Ready` is True for the current generation of the object.
pub(crate) fn is_ready(api: &Value) -> bool {
    matches!(readiness(api), Seen::Done(()))
}

/// Whether `Ready` is True for the current generation; otherwise what it says.
fn readiness(api: &Value) -> Seen<()> {
    let conditions = api["status"]["conditions"].as_array();
    let Some(ready) = conditions
        .into_iter()
        .flatten()
        .find(|condition| condition["type"] == "Ready")
    else {
        return Seen::NotYet("no condition Ready yet".to_owned());
    };
    let is_current = ready["observedGeneration"] == api["metadata"]["generation"];
    if is_current && ready["status"] == "True" {
        return Seen::Done(());
    }
    let age = if is_current {
        ""
    } else {
        " (of an earlier generation)"
    };
    Seen::NotYet(format!(
        "{}: {}{age}",
        text(&ready["reason"]),
        text(&ready["message"])
    ))
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn api(generation: u64, status: &str) -> Value {
        let ready = json!({"type": "Ready", "status": status, "observedGeneration": 2, "reason": "Provisioning", "message": "the cache"});
        json!({"metadata": {"generation": generation}, "status": {"conditions": [{"type": "Synced", "status": "True"}, ready]}})
    }

    #[test]
    fn ready_counts_only_for_the_current_generation() {
        assert!(matches!(readiness(&api(2, "True")), Seen::Done(())));
        assert!(
            matches!(readiness(&api(3, "True")), Seen::NotYet(last) if last.ends_with("earlier generation)"))
        );
        assert!(
            matches!(readiness(&api(2, "False")), Seen::NotYet(last) if last == "Provisioning: the cache")
        );
        assert!(matches!(readiness(&json!({})), Seen::NotYet(_)));
    }
}
