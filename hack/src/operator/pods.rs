//! The operator in pods of a real node: as in a cluster of somebody's, with nothing in the kubelet's place.

use serde_json::{Value, json};

use super::{NAMESPACE, Release};
use crate::environment::Environment;
use crate::local_aws::{self, REGION};
use crate::{Error, Result, progress};

/// The Secret with the AWS keys.
const KEYS: &str = "cachedapi-aws";
/// The `ConfigMap` with the authority of the cache nodes.
const AUTHORITY: &str = "cache-authority";

/// An installed release, whose pods a node runs.
#[derive(Debug)]
pub struct Pods<'a> {
    release: Release<'a>,
}

impl<'a> Pods<'a> {
    /// Installs the chart, set to use the local AWS and with `values` besides, into a namespace that lets in restricted pods only, and waits until its pods are
    /// ready. Installed already, it is upgraded.
    pub fn install(environment: &'a Environment, values: &[String]) -> Result<Self> {
        Self::install_release(environment, environment.release(), values)
    }

    /// The same with another release than the usual one.
    pub fn install_release(
        environment: &'a Environment,
        release: Release<'a>,
        values: &[String],
    ) -> Result<Self> {
        let authority = environment
            .cache_ca()
            .map(std::fs::read_to_string)
            .transpose()
            .map_err(Error::io(|| {
                "read the authority of the cache nodes".to_owned()
            }))?;
        environment.limit_operator()?;
        let given = given(authority.as_deref().unwrap_or_default());
        progress::step(
            "create the operator's namespace, restricted, with its AWS keys",
            || environment.kubectl().apply(&given.to_string()),
        )?;
        let file = file_of_values(environment.aws.endpoint(), authority.is_some());
        progress::step("helm install the chart, and wait for its pods", || {
            release.install_pods(&file, values)
        })?;
        Ok(Self { release })
    }

    /// What the pods said last.
    #[must_use]
    pub fn log_tail(&self) -> String {
        let selector = format!(
            "--selector=app.kubernetes.io/instance={}",
            self.release.name
        );
        let args = [
            "logs",
            "--namespace",
            NAMESPACE,
            &selector,
            "--prefix",
            "--tail=20",
        ];
        self.release
            .kubectl
            .run(args)
            .unwrap_or_else(|error| error.to_string())
    }
}

/// What has to be there before the chart.
fn given(authority: &str) -> Value {
    let metadata = |name: &str| json!({"name": name, "namespace": NAMESPACE});
    let keys: Value = local_aws::operators_credentials()
        .into_iter()
        .map(|(name, value)| (name.to_owned(), Value::from(value)))
        .collect();
    let restricted = json!({"pod-security.kubernetes.io/enforce": "restricted"});
    json!({"apiVersion": "v1", "kind": "List", "items": [
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE, "labels": restricted}},
        {"apiVersion": "v1", "kind": "Secret", "metadata": metadata(KEYS), "stringData": keys},
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata(AUTHORITY), "data": {"ca.pem": authority}},
    ]})
}

/// The values that a cluster with another AWS than the real one has: docs/installation.md, with access keys. `has_nodes`: its cache nodes are real.
fn file_of_values(endpoint: &str, has_nodes: bool) -> Value {
    // It delivers no request late.
    let mut environment = vec![json!({"name": "CACHEDAPI_REQUEST_LIFETIME", "value": "0s"})];
    if has_nodes {
        // Amazon's authorities are among a system's; the local AWS has its own.
        let file = json!({"name": "SSL_CERT_FILE", "value": "/etc/cache-authority/ca.pem"});
        environment.push(file);
    }
    json!({
        "aws": {"region": REGION, "endpointUrl": endpoint, "credentialsSecret": KEYS},
        "extraEnv": environment,
        "extraVolumes": [{"name": AUTHORITY, "configMap": {"name": AUTHORITY}}],
        "extraVolumeMounts": [{"name": AUTHORITY, "mountPath": "/etc/cache-authority", "readOnly": true}],
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_namespace_comes_before_what_is_in_it_and_lets_in_restricted_pods_only() {
        let given = given("authority");
        assert_eq!(given["items"][0]["kind"], "Namespace");
        assert_eq!(
            given["items"][0]["metadata"]["labels"]["pod-security.kubernetes.io/enforce"],
            "restricted"
        );
    }

    #[test]
    fn keys_are_in_a_secret_and_in_no_value_of_the_chart() {
        let values = file_of_values("http://10.250.0.1:4566", true).to_string();
        for (_, secret) in local_aws::operators_credentials() {
            assert!(!values.contains(&secret));
        }
    }
}
