//! Whole sets of values, those of `examples/install` and the defaults, in a real API server that takes nothing it does not know.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use cachedapi_hack::command;
use cachedapi_hack::kubectl::Kubectl;
use serde_json::Value;

use super::helm::{CHART, helm, installations, template};
use super::release::with_cluster;

/// Where the CRDs of the Prometheus Operator come from.
const PROMETHEUS_OPERATOR: &str = "github.com/prometheus-operator/prometheus-operator@v0.85.0";
/// What it must be.
const PROMETHEUS_OPERATOR_SUM: &str = "h1:M5xLCLEoaW2IJfnuCwFzzpL+jSVQu3KGT84Pye+fW8s=";

/// The source of the Prometheus Operator, from Go's module cache.
fn prometheus_operator() -> PathBuf {
    let outside = tempfile::tempdir().unwrap();
    let mut go = Command::new("go");
    go.current_dir(&outside)
        .args(["mod", "download", "-json", PROMETHEUS_OPERATOR]);
    let module: Value = serde_json::from_str(&command::output(&mut go).unwrap()).unwrap();
    assert_eq!(module["Sum"], PROMETHEUS_OPERATOR_SUM);
    module["Dir"].as_str().unwrap().into()
}

fn install_monitoring(kubectl: &Kubectl) {
    let crds = prometheus_operator().join("example/prometheus-operator-crd");
    for kind in ["servicemonitors", "prometheusrules"] {
        let crd = crds.join(format!("monitoring.coreos.com_{kind}.yaml"));
        let apply = ["apply", "--server-side", "--filename"];
        kubectl
            .run(apply.map(Path::new).into_iter().chain([&*crd]))
            .unwrap();
        let name = format!("crd/{kind}.monitoring.coreos.com");
        kubectl
            .run(["wait", "--for=condition=Established", &name])
            .unwrap();
    }
}

/// Has the API server check `manifest` as strictly as it can: a field that it does not know and a pod that is not restricted are errors.
fn check(kubectl: &Kubectl, manifest: &str) -> cachedapi_hack::Result<String> {
    let mut apply = kubectl.command();
    apply.args(["apply", "--dry-run=server", "--validate=strict"]);
    apply.args(["--warnings-as-errors", "--filename", "-"]);
    command::output_of_input(&mut apply, manifest)
}

#[test]
fn every_example_of_an_installation_is_taken_where_pods_are_restricted() {
    with_cluster(|kubectl| {
        install_monitoring(kubectl);
        for namespace in ["ops", "orders", "billing"] {
            kubectl.run(["create", "namespace", namespace]).unwrap();
        }
        let restricted = "pod-security.kubernetes.io/warn=restricted";
        kubectl
            .run(["label", "namespace", "ops", restricted])
            .unwrap();
        for file in installations() {
            let manifest = template(&[&file]).unwrap();
            check(kubectl, &manifest).unwrap_or_else(|error| panic!("{file}: {error}"));
        }
        let manifest = template(&[]).unwrap();
        check(kubectl, &manifest).unwrap();
        for (from, to) in [
            ("readOnlyRootFilesystem", "readOnlyRootFileSystem"),
            ("runAsNonRoot: true", "runAsNonRoot: false"),
        ] {
            assert!(
                check(kubectl, &manifest.replace(from, to)).is_err(),
                "{to} is not noticed"
            );
        }
    });
}

#[test]
fn lint_has_nothing_to_say_about_the_examples() {
    for file in installations() {
        let said = helm(&["lint", "--strict", "--quiet", "--values", &file, CHART]).unwrap();
        assert!(
            !said.contains("ERROR") && !said.contains("WARNING"),
            "{file}: {said}"
        );
    }
}

#[test]
fn every_example_of_an_installation_is_explained() {
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/installation.md");
    let text = fs::read_to_string(page).unwrap();
    for file in installations() {
        let name = file.rsplit('/').next().unwrap();
        assert!(
            text.contains(&format!("(../examples/install/{name})")),
            "{name}"
        );
    }
}

#[test]
fn the_image_of_an_example_is_pinned() {
    let not_pinned: BTreeSet<String> = installations()
        .into_iter()
        .filter(|file| !template(&[file]).unwrap().contains("@sha256:"))
        .collect();
    assert_eq!(not_pinned, BTreeSet::new());
}
