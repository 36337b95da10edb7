//! The control plane is a real one, and nothing of it is left behind.

use std::path::Path;
use std::time::Duration;

use cachedapi_hack::Result;
use cachedapi_hack::cache::Cache;
use cachedapi_hack::control_plane::ControlPlane;
use cachedapi_hack::kubectl::Kubectl;
use cachedapi_hack::ports;
use cachedapi_hack::process::{Lifetime, Place, Record};
use cachedapi_hack::tools::{Kubernetes, Tools};
use cachedapi_hack::wait::{self, Seen};

const OWNER: &str = r#"{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "owner", "namespace": "orders"}}"#;

/// A control plane in `folder`, which ends with this process at the latest.
fn start(folder: &Path) -> Result<ControlPlane> {
    let place = Place {
        folder: folder.to_owned(),
        lifetime: Lifetime::WithParent,
    };
    let tools = Tools::prepare(&Cache::from_env()?)?;
    ControlPlane::start(&tools, &place, ports::free()?)
}

fn owned_by(uid: &str) -> String {
    let reference =
        format!(r#"{{"apiVersion": "v1", "kind": "ConfigMap", "name": "owner", "uid": "{uid}"}}"#);
    format!(
        r#"{{"apiVersion": "v1", "kind": "Secret", "metadata": {{"name": "owned", "namespace": "orders", "ownerReferences": [{reference}]}}}}"#
    )
}

fn wait_until_gone(kubectl: &Kubectl, kind: &str, name: &str, namespace: &str) -> Result<()> {
    let args = [
        "get",
        kind,
        name,
        "--namespace",
        namespace,
        "--ignore-not-found",
        "-o",
        "name",
    ];
    wait::until(
        &format!("{kind}/{name} to be gone"),
        Duration::from_mins(1),
        || {
            let found = kubectl.run(args)?;
            Ok(if found.is_empty() {
                Seen::Done(())
            } else {
                Seen::NotYet(found)
            })
        },
    )
}

#[test]
fn objects_are_applied_collected_and_deleted_with_their_namespace_and_every_process_ends() {
    let folder = tempfile::tempdir().unwrap();
    let started = start(folder.path()).unwrap();
    let kubectl = started.kubectl();

    kubectl.run(["create", "namespace", "orders"]).unwrap();
    kubectl.apply(OWNER).unwrap();
    let owner = kubectl
        .json(["get", "configmap", "owner", "--namespace", "orders"])
        .unwrap();
    kubectl
        .apply(&owned_by(owner["metadata"]["uid"].as_str().unwrap()))
        .unwrap();
    kubectl
        .run(["delete", "configmap", "owner", "--namespace", "orders"])
        .unwrap();
    wait_until_gone(kubectl, "secret", "owned", "orders").unwrap();

    kubectl.apply(OWNER).unwrap();
    kubectl.run(["delete", "namespace", "orders"]).unwrap();
    wait_until_gone(kubectl, "namespace", "orders", "default").unwrap();

    let records = Record::read_all(&folder.path().join("run")).unwrap();
    assert_eq!(
        records.iter().filter(|record| record.is_running()).count(),
        3
    );
    started.stop().unwrap();
    assert_eq!(
        records.iter().filter(|record| record.is_running()).count(),
        0
    );
}

#[test]
fn the_api_server_is_of_the_version_that_was_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let started = start(folder.path()).unwrap();
    let said = started.kubectl().json(["version"]).unwrap();
    let asked = Kubernetes::from_env().unwrap().version().unwrap();
    assert_eq!(said["serverVersion"]["gitVersion"], asked);
}

#[test]
fn a_service_account_may_do_what_its_role_says_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let started = start(folder.path()).unwrap();
    let kubectl = started.kubectl();
    kubectl
        .run([
            "create",
            "role",
            "reader",
            "--verb=get",
            "--resource=configmaps",
        ])
        .unwrap();
    kubectl
        .run([
            "create",
            "rolebinding",
            "reader",
            "--role=reader",
            "--serviceaccount=default:default",
        ])
        .unwrap();
    let token = kubectl.run(["create", "token", "default"]).unwrap();

    let token = format!("--token={}", token.trim());
    assert!(
        kubectl
            .run([&token, "auth", "can-i", "get", "configmaps"])
            .unwrap()
            .starts_with("yes")
    );
    assert!(
        kubectl
            .run([&token, "auth", "can-i", "delete", "configmaps"])
            .is_err()
    );
}
