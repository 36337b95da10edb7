//! The main job from end to end, for people to watch: a `CachedApi` becomes a live API, is changed, and goes without a trace.

use std::time::Duration;

use serde_json::{Value, json};

use crate::environment::Environment;
use crate::operator::{self, Pods};
use crate::progress::step;
use crate::resource::Resource;
use crate::wait::{self, Seen};
use crate::{Error, Result, http, tools};

/// The namespace of the demo's object.
pub const NAMESPACE: &str = "cachedapi-demo";
/// Names of the CRDs, which the chart keeps when it is uninstalled.
pub const CRDS: [&str; 2] = ["cachedapis.cachedapi.dev", "awsaccounts.cachedapi.dev"];
/// The route of the example that is called.
const ROUTE: &str = "get-order";
/// With the local AWS's delays it takes seconds.
const READY_DEADLINE: Duration = Duration::from_mins(2);
const LIVE_DEADLINE: Duration = Duration::from_secs(30);

/// Runs the demo in `environment`, with `values` for the chart. A failed step ends it with the reason.
pub fn run(environment: &Environment, values: &[String]) -> Result<()> {
    if environment.node().is_some() {
        let pods = Pods::install(environment, values)?;
        show(environment).map_err(|error| explain(&error, "its pods", &pods.log_tail()))?;
    } else {
        let mut operator = environment.start_operator(values)?;
        let process = operator.process();
        show(environment).map_err(|error| {
            let log = process.log().display().to_string();
            explain(&error, &log, &process.log_tail())
        })?;
        step("stop the operator", || process.stop())?;
    }
    step(
        "helm uninstall the chart, and delete its namespace and the CRDs",
        || remove_chart(environment),
    )
}

/// Uninstalls the chart, and removes what it keeps: the objects as well, if there are any.
pub fn remove_chart(environment: &Environment) -> Result<()> {
    environment.release().uninstall()?;
    let namespace = format!("namespace/{}", operator::NAMESPACE);
    let crds = CRDS.map(|name| format!("crd/{name}"));
    let delete = ["delete", "--timeout=120s"].map(str::to_owned);
    let all = delete.into_iter().chain([namespace]).chain(crds);
    environment.kubectl().run(all).map(drop)
}

fn show(environment: &Environment) -> Result<()> {
    let kubectl = environment.kubectl();
    step("create a namespace", || {
        kubectl.run(["create", "namespace", NAMESPACE])
    })?;
    let api = step(
        "kubectl apply examples/orders.yaml, its routes pointed to the sample back end",
        || apply(environment),
    )?;
    step("wait until it is Ready", || wait_until_ready(&api))?;
    step(
        "mount the bound Secret for the back end, as a kubelet would",
        || api.mount_bindings(),
    )?;
    call_twice(&api)?;
    rotate(&api)?;
    move_route(&api)?;
    step("kubectl delete it, and wait until it is gone", || {
        api.delete()
    })?;
    step("see that nothing is left in AWS", || see_nothing_left(&api))?;
    step("delete the namespace, with the bound Secret in it", || {
        kubectl
            .run(["delete", "namespace", NAMESPACE, "--timeout=120s"])
            .map(drop)
    })
}

fn apply(environment: &Environment) -> Result<Resource<'_>> {
    let mut manifest = environment.example(&tools::root().join("examples/orders.yaml"))?;
    manifest["metadata"]["namespace"] = NAMESPACE.into();
    Resource::apply(environment, &manifest)
}

fn wait_until_ready(api: &Resource) -> Result<()> {
    api.wait_until_ready(READY_DEADLINE, |state| eprintln!("            … {state}"))
}

fn call_twice(api: &Resource) -> Result<()> {
    let first = step(
        "call the API through the gateway: the back end computes the answer",
        || expect(api, "/orders/42", "miss"),
    )?;
    let second = step("call it again: the answer comes from the cache", || {
        expect(api, "/orders/42", "hit")
    })?;
    if first.body == second.body {
        Ok(())
    } else {
        Err(Error::Unexpected(
            "the cached answer is another one".to_owned(),
        ))
    }
}

fn expect(api: &Resource, path: &str, cache: &str) -> Result<http::Response> {
    let answer = api.call(path, &[])?;
    let said = answer
        .headers
        .get("x-cache")
        .map_or("absent", String::as_str);
    if answer.status == 200 && said == cache {
        return Ok(answer);
    }
    let http::Response { status, body, .. } = &answer;
    Err(Error::Unexpected(format!(
        "GET {path} answered {status} with x-cache {said}, not 200 with {cache}: {body}"
    )))
}

/// Rotates the password: the back end goes on with the old one, and then with the new one, and finds in the cache what it put there.
fn rotate(api: &Resource) -> Result<()> {
    let version = |api: &Resource| -> Result<Value> {
        Ok(api.get()?["status"]["credentials"]["versionId"].clone())
    };
    let before = version(api)?;
    step(
        "kubectl annotate: rotate the cache's password, and wait until the new one is current",
        || {
            api.request_rotation()?;
            wait::until("the new password to be current", LIVE_DEADLINE, || {
                let status = api.get()?["status"]["credentials"].clone();
                Ok(
                    if status["versionId"] == before || status["rotation"]["phase"] != "Grace" {
                        Seen::NotYet(status.to_string())
                    } else {
                        Seen::Done(())
                    },
                )
            })
        },
    )?;
    step(
        "call it with the old password, which works for the grace",
        || expect(api, "/orders/42", "hit"),
    )?;
    step(
        "mount the bound Secret again, and call it with the new password",
        || {
            api.mount_bindings()?;
            expect(api, "/orders/42", "hit")
        },
    )?;
    Ok(())
}

/// Changes the path of a route and sees the gateway serve the new one and refuse the old one.
fn move_route(api: &Resource) -> Result<()> {
    let index = route_index(api)?;
    let patch = json!([{"op": "replace", "path": format!("/spec/routes/{index}/path"), "value": "/v2/orders/{id}"}]);
    step(
        &format!("kubectl patch: move the route {ROUTE} to /v2/orders/{{id}}"),
        || api.patch(&patch),
    )?;
    step("wait until that generation is Ready", || {
        wait_until_ready(api)
    })?;
    step(
        "call the new path, and see that the old one is gone",
        || {
            wait::until("the new route to be live", LIVE_DEADLINE, || {
                let statuses = (
                    api.call("/v2/orders/42", &[])?.status,
                    api.call("/orders/42", &[])?.status,
                );
                // The gateway answers 403 where there is no route.
                let seen = format!(
                    "/v2/orders/42 answers {}, /orders/42 answers {}",
                    statuses.0, statuses.1
                );
                Ok(if statuses == (200, 403) {
                    Seen::Done(())
                } else {
                    Seen::NotYet(seen)
                })
            })
        },
    )
}

fn route_index(api: &Resource) -> Result<usize> {
    let object = api.get()?;
    let mut routes = object["spec"]["routes"].as_array().into_iter().flatten();
    let found = routes.position(|route| route["name"] == ROUTE);
    found.ok_or_else(|| Error::Unexpected(format!("the example has no route {ROUTE}")))
}

fn see_nothing_left(api: &Resource) -> Result<()> {
    let (left, kept) = api.owned()?;
    for arn in kept {
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
}

/// Adds what the operator said last.
fn explain(error: &Error, log: &str, tail: &str) -> Error {
    Error::Unexpected(format!("{error}\nthe last lines of {log}:\n{tail}"))
}
