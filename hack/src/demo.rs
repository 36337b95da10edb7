//! The main job from end to end, for people to watch: a `CachedApi` becomes a live API, is changed, and goes without a trace.

use std::path::Path;
use std::time::Duration;

use serde_json::Value;

use crate::environment::Environment;
use crate::operator::Operator;
use crate::progress::step;
use crate::wait::{self, Seen};
use crate::{Error, Result, http, tools};

/// The namespace of the demo's object.
pub const NAMESPACE: &str = "cachedapi-demo";
const ROUTE: &str = "get-order";
/// With the local AWS's delays it takes seconds.
const READY_DEADLINE: Duration = Duration::from_mins(2);
const LIVE_DEADLINE: Duration = Duration::from_secs(30);

/// Runs the demo in `environment`. A failed step ends it with the reason.
pub fn run(environment: &Environment) -> Result<()> {
    let mut operator = environment.start_operator(&[])?;
    let shown = show(environment);
    shown.map_err(|error| explain(&error, &mut operator))?;
    step("stop the operator", || operator.process().stop())?;
    step("helm uninstall the chart", || {
        environment.release().uninstall()
    })
}

fn show(environment: &Environment) -> Result<()> {
    let demo = Demo::create(environment)?;
    demo.wait_until_ready("wait until it is Ready")?;
    demo.call_twice()?;
    demo.move_route()?;
    demo.delete()
}

/// The object of the demo.
struct Demo<'a> {
    environment: &'a Environment,
    name: String,
    uid: String,
}

impl<'a> Demo<'a> {
    fn create(environment: &'a Environment) -> Result<Self> {
        let file = tools::root().join("examples/orders.yaml");
        step("create a namespace", || {
            environment
                .kubectl()
                .run(["create", "namespace", NAMESPACE])
        })?;
        step(
            "kubectl apply examples/orders.yaml, its routes pointed to the sample back end",
            || Self::apply(environment, &file),
        )
    }

    fn apply(environment: &'a Environment, file: &Path) -> Result<Self> {
        let mut api = environment.example(file)?;
        api["metadata"]["namespace"] = NAMESPACE.into();
        environment.kubectl().apply(&api.to_string())?;
        let name = text(&api["metadata"]["name"]).to_owned();
        let demo = Self {
            environment,
            name,
            uid: String::new(),
        };
        let uid = text(&demo.get()?["metadata"]["uid"]).to_owned();
        Ok(Self { uid, ..demo })
    }

    fn get(&self) -> Result<Value> {
        self.environment
            .kubectl()
            .json(["get", "cachedapi", &self.name, "--namespace", NAMESPACE])
    }

    fn wait_until_ready(&self, what: &str) -> Result<()> {
        step(what, || {
            let mut shown = String::new();
            wait::until("Ready", READY_DEADLINE, || {
                let seen = readiness(&self.get()?);
                if let Seen::NotYet(last) = &seen
                    && *last != shown
                {
                    eprintln!("            … {last}");
                    shown.clone_from(last);
                }
                Ok(seen)
            })
        })
    }

    /// The answer of the live API to a request for `path`.
    fn call(&self, path: &str) -> Result<http::Response> {
        let api = self.get()?;
        let (id, stage) = (
            text(&api["status"]["api"]["id"]),
            text(&api["spec"]["api"]["stage"]["name"]),
        );
        http::get(
            &format!("{}/{id}/{stage}{path}", self.environment.aws.gateway()),
            &[],
        )
    }

    fn call_twice(&self) -> Result<()> {
        let api = self.get()?;
        for binding in api["spec"]["bindings"].as_array().into_iter().flatten() {
            if let Some(secret) = binding["secret"]["name"].as_str() {
                step(
                    &format!("mount the Secret {secret} for the back end, as a kubelet would"),
                    || {
                        self.environment.backend.mount(
                            self.environment.kubectl(),
                            NAMESPACE,
                            secret,
                        )
                    },
                )?;
            }
        }
        let first = step(
            "call the API through the gateway: the back end computes the answer",
            || self.expect("/orders/42", "miss"),
        )?;
        let second = step("call it again: the answer comes from the cache", || {
            self.expect("/orders/42", "hit")
        })?;
        if first.body == second.body {
            Ok(())
        } else {
            Err(Error::Unexpected(
                "the cached answer is another one".to_owned(),
            ))
        }
    }

    fn expect(&self, path: &str, cache: &str) -> Result<http::Response> {
        let answer = self.call(path)?;
        let said = answer.headers.get("x-cache").map(String::as_str);
        if answer.status == 200 && said == Some(cache) {
            return Ok(answer);
        }
        Err(Error::Unexpected(format!(
            "GET {path} answered {} with x-cache {}, not 200 with {cache}: {}",
            answer.status,
            said.unwrap_or("absent"),
            answer.body
        )))
    }

    /// Changes the path of a route and sees the gateway serve the new one and refuse the old one.
    fn move_route(&self) -> Result<()> {
        let before = self.call("/v2/orders/42")?.status;
        if before != 403 {
            return Err(Error::Unexpected(format!(
                "a path without a route answered {before}, not 403"
            )));
        }
        let index = self.route_index()?;
        let patch = format!(
            r#"[{{"op": "replace", "path": "/spec/routes/{index}/path", "value": "/v2/orders/{{id}}"}}]"#
        );
        step(
            &format!("move the route {ROUTE} to /v2/orders/{{id}}"),
            || {
                self.environment.kubectl().run([
                    "patch",
                    "cachedapi",
                    &self.name,
                    "--namespace",
                    NAMESPACE,
                    "--type=json",
                    "--patch",
                    &patch,
                ])
            },
        )?;
        self.wait_until_ready("wait until that generation is Ready")?;
        step(
            "call the new path, and see that the old one is gone",
            || {
                wait::until("the new route to be live", LIVE_DEADLINE, || {
                    let (new, old) = (
                        self.call("/v2/orders/42")?.status,
                        self.call("/orders/42")?.status,
                    );
                    let seen = format!("/v2/orders/42 answers {new}, /orders/42 answers {old}");
                    Ok(if (new, old) == (200, 403) {
                        Seen::Done(())
                    } else {
                        Seen::NotYet(seen)
                    })
                })
            },
        )
    }

    fn route_index(&self) -> Result<usize> {
        let api = self.get()?;
        let mut routes = api["spec"]["routes"].as_array().into_iter().flatten();
        let found = routes.position(|route| route["name"] == ROUTE);
        found.ok_or_else(|| Error::Unexpected(format!("the example has no route {ROUTE}")))
    }

    fn delete(&self) -> Result<()> {
        let kubectl = self.environment.kubectl();
        step("kubectl delete it, and wait until it is gone", || {
            kubectl.run([
                "delete",
                "cachedapi",
                &self.name,
                "--namespace",
                NAMESPACE,
                "--timeout=120s",
            ])
        })?;
        step("see that nothing is left in AWS", || {
            let left = self.environment.aws.owned_by(&self.uid)?;
            // AWS keeps a deleted secret for its recovery window, and a final snapshot is what the policy Snapshot asks for.
            let (kept, left): (Vec<_>, Vec<_>) = left
                .into_iter()
                .partition(|arn| arn.contains(":secret:") || arn.contains(":snapshot:"));
            for arn in &kept {
                eprintln!("            kept for recovery: {arn}");
            }
            if left.is_empty() {
                Ok(())
            } else {
                Err(Error::Unexpected(format!(
                    "left in AWS: {}",
                    left.join(", ")
                )))
            }
        })?;
        step("delete the namespace, with the bound Secret in it", || {
            kubectl
                .run(["delete", "namespace", NAMESPACE, "--timeout=120s"])
                .map(drop)
        })
    }
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

/// Adds what the operator said last.
fn explain(error: &Error, operator: &mut Operator) -> Error {
    let tail = operator.process().log_tail();
    Error::Unexpected(format!(
        "{error}\nthe last lines of {}:\n{tail}",
        operator.process().log().display()
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
