//! The versions of Kubernetes that are claimed are those that the tests run against.

use std::fs;
use std::path::Path;

use cachedapi_hack::tools::Kubernetes;
use serde_json::Value;

use super::helm::CHART;

/// `1.36` of `v1.36.3`.
fn minor(kubernetes: Kubernetes) -> String {
    let version = kubernetes.version().unwrap();
    let (minor, _patch) = version.trim_start_matches('v').rsplit_once('.').unwrap();
    minor.to_owned()
}

#[test]
fn the_chart_takes_no_kubernetes_that_is_older_than_the_oldest_tried() {
    let chart = fs::read_to_string(Path::new(CHART).join("Chart.yaml")).unwrap();
    let chart: Value = serde_saphyr::from_str(&chart).unwrap();
    let oldest = minor(Kubernetes::Oldest);
    assert_eq!(chart["kubeVersion"], format!(">={oldest}.0-0"));
}

#[test]
fn the_pages_for_users_name_the_oldest_and_the_newest_that_are_tried() {
    let oldest = minor(Kubernetes::Oldest);
    let newest = minor(Kubernetes::Newest);
    let claim = format!("Kubernetes {oldest} or newer (tested with {oldest} and {newest})");
    for page in [
        "README.md",
        "docs/installation.md",
        "charts/cachedapi/README.md",
    ] {
        let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(page)).unwrap();
        assert!(text.contains(&claim), "{page} does not say {claim:?}");
    }
}
