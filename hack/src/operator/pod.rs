//! What a kubelet would run for the chart's Deployment.

use std::ffi::OsString;

use serde_json::Value;

use super::Env;
use crate::{Error, Result};

/// Addresses that a pod has to itself and a process on this machine has not.
const LISTENERS: [&str; 2] = ["--health-address", "--metrics-address"];
const LISTENER_VARIABLES: [&str; 2] = ["CACHEDAPI_HEALTH_ADDRESS", "CACHEDAPI_METRICS_ADDRESS"];

/// Arguments, environment and service account of the Deployment's one container; the listeners' addresses are left out.
#[derive(Debug, PartialEq)]
pub(super) struct Pod {
    pub(super) args: Vec<OsString>,
    pub(super) env: Env,
    pub(super) service_account: String,
}

impl Pod {
    pub(super) fn of(deployment: &Value) -> Result<Self> {
        let spec = &deployment["spec"]["template"]["spec"];
        let Some([container]) = spec["containers"].as_array().map(Vec::as_slice) else {
            return Err(unexpected("not exactly one container"));
        };
        if !container["command"].is_null() {
            return Err(unexpected("a command instead of the image's entry point"));
        }
        if !container["envFrom"].is_null() {
            return Err(unexpected("variables that only a kubelet knows"));
        }
        let service_account = spec["serviceAccountName"]
            .as_str()
            .ok_or_else(|| unexpected("no service account"))?;
        Ok(Self {
            args: args(container),
            env: env(container, deployment)?,
            service_account: service_account.to_owned(),
        })
    }
}

fn args(container: &Value) -> Vec<OsString> {
    let args = container["args"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str);
    let is_listener = |arg: &&str| {
        LISTENERS
            .iter()
            .any(|listener| arg.split('=').next() == Some(listener))
    };
    args.filter(|arg| !is_listener(arg))
        .map(OsString::from)
        .collect()
}

fn env(container: &Value, deployment: &Value) -> Result<Env> {
    let variables = container["env"].as_array().into_iter().flatten();
    let named = variables.map(|variable| {
        let name = variable["name"].as_str().unwrap_or_default();
        Ok((name.to_owned(), value(name, variable, deployment)?.into()))
    });
    let kept = |variable: &Result<(String, OsString)>| !matches!(variable, Ok((name, _)) if LISTENER_VARIABLES.contains(&name.as_str()));
    named.filter(kept).collect()
}

fn value(name: &str, variable: &Value, deployment: &Value) -> Result<String> {
    let metadata = &deployment["metadata"];
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    match variable["valueFrom"]["fieldRef"]["fieldPath"].as_str() {
        None if variable["valueFrom"].is_null() => Ok(text(&variable["value"])),
        Some("metadata.name") => Ok(pod_name(&text(&metadata["name"]))),
        Some("metadata.namespace") => Ok(text(&metadata["namespace"])),
        _ => Err(unexpected(&format!(
            "a source of {name} that only a kubelet knows"
        ))),
    }
}

/// A name that no operator of another environment has in the same cluster: it is the holder's identity in the lease.
fn pod_name(deployment: &str) -> String {
    format!("{deployment}-{}", std::process::id())
}

fn unexpected(what: &str) -> Error {
    Error::Unexpected(format!("the chart's Deployment has {what}"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn deployment(container: &Value) -> Value {
        json!({
            "metadata": {"name": "cachedapi", "namespace": "ops"},
            "spec": {"template": {"spec": {"serviceAccountName": "cachedapi", "containers": [container]}}},
        })
    }

    #[test]
    fn arguments_and_environment_are_the_pods_but_for_its_addresses() {
        let pod = Pod::of(&deployment(&json!({
            "args": ["run", "--metrics-address=0.0.0.0:8080", "--log-format=json"],
            "env": [
                {"name": "CACHEDAPI_HEALTH_ADDRESS", "value": "0.0.0.0:8081"},
                {"name": "AWS_REGION", "value": "eu-west-1"},
                {"name": "POD_NAME", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}},
                {"name": "POD_NAMESPACE", "valueFrom": {"fieldRef": {"fieldPath": "metadata.namespace"}}},
            ],
        })))
        .unwrap();
        let name = pod_name("cachedapi");
        let expected = [
            ("AWS_REGION", "eu-west-1"),
            ("POD_NAME", name.as_str()),
            ("POD_NAMESPACE", "ops"),
        ];
        assert_eq!(pod.args, ["run", "--log-format=json"]);
        assert_eq!(
            pod.env,
            expected.map(|(name, value)| (name.to_owned(), value.into()))
        );
        assert_eq!(pod.service_account, "cachedapi");
    }

    #[test]
    fn what_only_a_kubelet_can_do_is_refused_and_not_left_out() {
        let secret =
            json!({"name": "KEY", "valueFrom": {"secretKeyRef": {"name": "aws", "key": "key"}}});
        let refused = Pod::of(&deployment(&json!({"env": [secret]})))
            .unwrap_err()
            .to_string();
        assert_eq!(
            refused,
            "the chart's Deployment has a source of KEY that only a kubelet knows"
        );
        assert!(Pod::of(&deployment(&json!({"command": ["sh"]}))).is_err());
        let sources = json!([{"secretRef": {"name": "proxy"}}]);
        assert!(Pod::of(&deployment(&json!({"envFrom": sources}))).is_err());
    }
}
