//! The programs that the tests run, and what helm renders.

use std::path::Path;
use std::process::Command;
use std::sync::LazyLock;

use cachedapi_hack::cache::Cache;
use cachedapi_hack::tools::Tools;
use cachedapi_hack::{Result, command};
use serde_json::Value;

/// The chart of the source tree.
pub const CHART: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/charts/cachedapi");
/// The CRDs of the source tree, in the chart's order: what a link's name is for.
pub const CRDS: [(&str, &str); 2] = [
    (
        "cachedapis",
        concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/crds/cachedapi.dev_cachedapis.yaml"
        ),
    ),
    (
        "awsaccounts",
        concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/crds/cachedapi.dev_awsaccounts.yaml"
        ),
    ),
];

pub fn tools() -> &'static Tools {
    static TOOLS: LazyLock<Tools> =
        LazyLock::new(|| Tools::prepare(&Cache::from_env().unwrap()).unwrap());
    &TOOLS
}

/// `helm ARGS`, without a cluster.
pub fn helm(args: &[&str]) -> Result<String> {
    command::output(
        Command::new(&tools().helm)
            .env("KUBECONFIG", "/dev/null")
            .args(args),
    )
}

/// The text that the chart renders in the namespace `ops` with `values` (`name=value`, or the path of a file of values).
pub fn template(values: &[&str]) -> Result<String> {
    let mut args = vec!["template", "cachedapi", CHART, "--namespace", "ops"];
    args.extend(values.iter().flat_map(|value| {
        if value.contains('=') {
            ["--set", value]
        } else {
            ["--values", value]
        }
    }));
    helm(&args)
}

/// The objects that the chart renders with `values`.
pub fn render(values: &[&str]) -> Vec<Value> {
    let objects: Vec<Value> = serde_saphyr::from_multiple(&template(values).unwrap()).unwrap();
    objects
        .into_iter()
        .filter(|object| !object.is_null())
        .collect()
}

/// The objects of `kind` among `objects`.
pub fn of_kind<'a>(objects: &'a [Value], kind: &str) -> Vec<&'a Value> {
    objects
        .iter()
        .filter(|object| object["kind"] == kind)
        .collect()
}

/// The operator's pod among `objects`.
pub fn pod(objects: &[Value]) -> Value {
    of_kind(objects, "Deployment")[0]["spec"]["template"]["spec"].clone()
}

/// The operator's container among `objects`.
pub fn container(objects: &[Value]) -> Value {
    pod(objects)["containers"][0].clone()
}

/// The files of values in `examples/install`.
pub fn installations() -> Vec<String> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/install");
    let mut files: Vec<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path().display().to_string())
        .collect();
    files.sort();
    files
}

/// The YAML document in `file`.
pub fn read(file: impl AsRef<Path>) -> Value {
    serde_saphyr::from_str(&std::fs::read_to_string(file).unwrap()).unwrap()
}
