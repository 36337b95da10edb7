//! The chart in a real API server: install, upgrade, uninstall, and what the operator and its users may do.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use cachedapi_hack::control_plane::ControlPlane;
use cachedapi_hack::kubectl::Kubectl;
use cachedapi_hack::operator::{NAMESPACE, RELEASE, Release};
use cachedapi_hack::process::{Lifetime, Place};
use cachedapi_hack::wait::{self, Seen};
use cachedapi_hack::{command, ports};
use serde_json::{Value, json};

use super::helm::{CHART, tools};

const EXAMPLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/orders.yaml");
const CRD_NAME: &str = "cachedapis.cachedapi.dev";
const OPERATOR: &str = "system:serviceaccount:cachedapi-system:cachedapi";

/// Runs `test` with an API server of its own.
pub fn with_cluster(test: impl FnOnce(&Kubectl)) {
    let folder = tempfile::tempdir().unwrap();
    let place = Place {
        folder: folder.path().to_owned(),
        lifetime: Lifetime::WithParent,
    };
    let cluster = ControlPlane::start(tools(), &place, ports::free().unwrap()).unwrap();
    test(cluster.kubectl());
    cluster.stop().unwrap();
}

fn release(kubectl: &Kubectl) -> Release<'_> {
    Release::new(&tools().helm, kubectl)
}

/// Installs or upgrades from the chart in `folder`.
fn upgrade(kubectl: &Kubectl, folder: &Path) {
    command::output(
        release(kubectl)
            .helm()
            .args(["upgrade", "--install", RELEASE])
            .arg(folder),
    )
    .unwrap();
}

/// A copy of the chart, its links followed, in which `edit` changed the CRD.
fn chart_with_crd(edit: impl FnOnce(String) -> String) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    command::output(Command::new("cp").args(["-rL", CHART]).arg(folder.path())).unwrap();
    let crd = folder.path().join("cachedapi/files/cachedapis.yaml");
    let text = std::fs::read_to_string(&crd).unwrap();
    let edited = edit(text.clone());
    assert_ne!(edited, text);
    std::fs::write(&crd, edited).unwrap();
    folder
}

/// Whether `user` may do `what` (words of `kubectl auth can-i`).
fn may(kubectl: &Kubectl, user: &str, what: &str) -> bool {
    let mut ask = kubectl.command();
    ask.args(["auth", "can-i", "--as", user])
        .args(what.split(' '));
    let answer = ask.output().unwrap();
    let said = answer.stdout.trim_ascii();
    assert!(
        said == b"yes" || said == b"no",
        "{what}: {}",
        String::from_utf8_lossy(&answer.stderr)
    );
    said == b"yes"
}

fn columns(kubectl: &Kubectl) -> Value {
    kubectl.json(["get", "crd", CRD_NAME]).unwrap()["spec"]["versions"][0]["additionalPrinterColumns"].clone()
}

#[test]
fn a_release_is_installed_upgraded_with_its_crd_and_removed_without_the_objects() {
    with_cluster(|kubectl| {
        release(kubectl).install(&[]).unwrap();
        kubectl.run(["apply", "--filename", EXAMPLE]).unwrap();
        let uid = kubectl.json(["get", "cachedapi", "orders"]).unwrap()["metadata"]["uid"].clone();

        let changed = chart_with_crd(|text| text.replace("name: Rotated", "name: LastRotated"));
        upgrade(kubectl, &changed.path().join("cachedapi"));
        assert!(
            columns(kubectl).to_string().contains("LastRotated"),
            "helm upgrade updates the CRD"
        );

        release(kubectl).uninstall().unwrap();
        let left = kubectl
            .json([
                "get",
                "deployments,serviceaccounts,roles",
                "--namespace",
                NAMESPACE,
                "--selector",
                "app.kubernetes.io/instance=cachedapi",
            ])
            .unwrap();
        assert_eq!(left["items"], json!([]));
        assert_eq!(
            kubectl.json(["get", "cachedapi", "orders"]).unwrap()["metadata"]["uid"],
            uid,
            "the object outlives the release"
        );

        release(kubectl).install(&[]).unwrap();
        assert!(
            !columns(kubectl).to_string().contains("LastRotated"),
            "the release that comes back takes over the CRD"
        );
        assert_eq!(
            kubectl.json(["get", "cachedapi", "orders"]).unwrap()["metadata"]["uid"],
            uid
        );
    });
}

#[test]
fn the_operator_and_the_users_may_do_what_they_need_and_no_more() {
    with_cluster(|kubectl| {
        release(kubectl).install(&[]).unwrap();
        for what in [
            "get secrets --all-namespaces",
            "watch cachedapis --all-namespaces",
            "patch cachedapis --subresource=status --all-namespaces",
            "create events.events.k8s.io --all-namespaces",
            "get namespaces/kube-system",
            "create leases --namespace cachedapi-system",
            "update leases/cachedapi --namespace cachedapi-system",
        ] {
            assert!(may(kubectl, OPERATOR, what), "may not {what}");
        }
        for what in [
            "list secrets --all-namespaces",
            "watch secrets --namespace cachedapi-system",
            "list namespaces",
            "create cachedapis",
            "delete cachedapis",
            "get configmaps",
            "update leases/another --namespace cachedapi-system",
            "create leases --namespace default",
            "patch customresourcedefinitions",
            "create pods",
            "impersonate users",
        ] {
            assert!(!may(kubectl, OPERATOR, what), "may {what}");
        }

        for (role, user) in [("view", "ann"), ("edit", "bob")] {
            kubectl
                .run([
                    "create",
                    "rolebinding",
                    role,
                    "--clusterrole",
                    role,
                    "--user",
                    user,
                ])
                .unwrap();
        }
        aggregated(kubectl);
        for (user, what, allowed) in [
            ("ann", "get cachedapis", true),
            ("ann", "create cachedapis", false),
            ("bob", "create cachedapis", true),
            ("bob", "patch cachedapis --subresource=status", false),
        ] {
            assert_eq!(may(kubectl, user, what), allowed, "{user}: {what}");
        }
    });
}

/// Waits until the aggregated role `edit` covers our objects.
fn aggregated(kubectl: &Kubectl) {
    wait::until(
        "the role edit to cover CachedApi objects",
        Duration::from_secs(30),
        || {
            let covered =
                may(kubectl, "bob", "create cachedapis") && may(kubectl, "ann", "get cachedapis");
            Ok(if covered {
                Seen::Done(())
            } else {
                Seen::NotYet("not yet".into())
            })
        },
    )
    .unwrap();
}

#[test]
fn named_namespaces_are_all_that_the_operator_reaches() {
    with_cluster(|kubectl| {
        kubectl.run(["create", "namespace", "orders"]).unwrap();
        release(kubectl).install(&[]).unwrap();
        assert!(may(kubectl, OPERATOR, "get secrets --namespace default"));
        release(kubectl)
            .install(&["watchNamespaces={orders}".to_owned()])
            .unwrap();
        assert!(may(kubectl, OPERATOR, "get secrets --namespace orders"));
        for what in [
            "get secrets --namespace default",
            "get secrets --namespace cachedapi-system",
            "list cachedapis --all-namespaces",
        ] {
            assert!(!may(kubectl, OPERATOR, what), "may {what}");
        }
    });
}

#[test]
fn the_pod_is_taken_where_only_restricted_ones_are() {
    with_cluster(|kubectl| {
        kubectl.run(["create", "namespace", NAMESPACE]).unwrap();
        kubectl
            .run([
                "label",
                "namespace",
                NAMESPACE,
                "pod-security.kubernetes.io/enforce=restricted",
            ])
            .unwrap();
        release(kubectl).install(&[]).unwrap();
        let template = release(kubectl).deployment().unwrap()["spec"]["template"].clone();
        let mut pod = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "operator", "namespace": NAMESPACE}, "spec": template["spec"]});
        let create = |pod: &Value| {
            command::output_of_input(
                kubectl
                    .command()
                    .args(["create", "--dry-run=server", "--filename", "-"]),
                &pod.to_string(),
            )
        };
        create(&pod).unwrap();
        pod["spec"]["containers"][0]["securityContext"]["allowPrivilegeEscalation"] = true.into();
        let refused = create(&pod).unwrap_err().to_string();
        assert!(refused.contains("PodSecurity"), "{refused}");
    });
}

#[test]
fn a_release_that_looks_after_what_another_does_says_so() {
    with_cluster(|kubectl| {
        for namespace in ["orders", "billing"] {
            kubectl.run(["create", "namespace", namespace]).unwrap();
        }
        let said = |name: &str, values: &[&str]| {
            let values: Vec<_> = values.iter().map(|value| (*value).to_owned()).collect();
            let said = release(kubectl).named(name).install(&values).unwrap();
            let rivals = said.lines().map(str::trim);
            rivals
                .filter(|line| line.starts_with("cachedapi-system/") && !line.contains(' '))
                .map(str::to_owned)
                .collect::<Vec<_>>()
        };
        let (orders, billing) = ("watchNamespaces={orders}", "watchNamespaces={billing}");
        let beside = "crd.create=false";
        let none: [&str; 0] = [];
        assert_eq!(said("cachedapi", &[orders]), none, "nobody else is there");
        assert_eq!(said("second", &[billing, beside]), none, "each has its own");
        assert_eq!(
            said("third", &[beside]),
            ["cachedapi-system/cachedapi", "cachedapi-system/second"],
            "it looks after all"
        );
        assert_eq!(said("cachedapi", &[orders]), ["cachedapi-system/third"]);
        release(kubectl).named("third").uninstall().unwrap();
        assert_eq!(said("cachedapi", &[orders]), none, "it is gone");
        let both = "watchNamespaces={orders,billing}";
        assert_eq!(
            said("second", &[both, beside]),
            ["cachedapi-system/cachedapi"]
        );
    });
}
