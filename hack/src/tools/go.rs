//! Kubernetes and etcd, built from Go modules: the control plane of each version that is tried, and apart from it what only nodes need, of the newest.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::Kubernetes;
use crate::cache::Cache;
use crate::{Error, Result, command, progress};

const ETCD: &str = "go.etcd.io/etcd/server/v3";
const CONTROL_PLANE: [&str; 2] = [
    "k8s.io/kubernetes/cmd/kube-apiserver",
    "k8s.io/kubernetes/cmd/kube-controller-manager",
];
const NODE: [&str; 3] = [
    "k8s.io/kubernetes/cmd/kube-proxy",
    "k8s.io/kubernetes/cmd/kube-scheduler",
    "k8s.io/kubernetes/cmd/kubelet",
];

/// Where the programs of a control plane are.
pub(super) struct ControlPlane {
    pub(super) etcd: PathBuf,
    /// The folder with kube-apiserver and kube-controller-manager.
    pub(super) kubernetes: PathBuf,
}

/// A control plane of the version `kubernetes`. etcd is the newest's for all: an API server is content with any that is not older than itself.
pub(super) fn prepare(cache: &Cache, kubernetes: Kubernetes) -> Result<ControlPlane> {
    let newest = prepare_newest(cache)?;
    Ok(ControlPlane {
        etcd: newest.join("etcd"),
        kubernetes: match kubernetes {
            Kubernetes::Newest => newest,
            Kubernetes::Oldest => prepare_oldest(cache)?,
        },
    })
}

/// The folder with etcd as well.
fn prepare_newest(cache: &Cache) -> Result<PathBuf> {
    let version = &Kubernetes::Newest.version()?;
    let etcd = version_in(&Kubernetes::Newest.module(), ETCD)?;
    cache.entry(
        &format!("control-plane/kubernetes-{version}-etcd-{etcd}"),
        |folder| {
            let what = format!(
                "build Kubernetes {version} and etcd {etcd} (once; about six minutes on two cores)"
            );
            progress::step(&what, || {
                let programs = [CONTROL_PLANE.as_slice(), &[ETCD]].concat();
                build(&programs, Kubernetes::Newest, folder)?;
                // Go names a program after the last part of its import path.
                fs::rename(folder.join("server"), folder.join("etcd"))
                    .map_err(Error::io(|| "rename server to etcd".to_owned()))
            })
        },
    )
}

fn prepare_oldest(cache: &Cache) -> Result<PathBuf> {
    let version = &Kubernetes::Oldest.version()?;
    cache.entry(&format!("control-plane/kubernetes-{version}"), |folder| {
        let what = format!("build Kubernetes {version}, the oldest that the chart claims (once; about five minutes on two cores)");
        progress::step(&what, || build(&CONTROL_PLANE, Kubernetes::Oldest, folder))
    })
}

/// The folder with kubelet, kube-scheduler and kube-proxy, of the newest version.
pub(super) fn prepare_node(cache: &Cache) -> Result<PathBuf> {
    let version = &Kubernetes::Newest.version()?;
    cache.entry(&format!("node/kubernetes-{version}"), |folder| {
        let what = format!("build the kubelet, scheduler and proxy of Kubernetes {version} (once; about two minutes on two cores)");
        progress::step(&what, || build(&NODE, Kubernetes::Newest, folder))
    })
}

/// The folder with the source of the newest Kubernetes.
pub(super) fn kubernetes_source() -> Result<PathBuf> {
    let list = ["mod", "download", "-json", "k8s.io/kubernetes"];
    let said = command::output(
        Command::new("go")
            .current_dir(Kubernetes::Newest.module())
            .args(list),
    )?;
    let module: serde_json::Value = serde_json::from_str(&said).unwrap_or_default();
    let folder = module["Dir"].as_str().map(PathBuf::from);
    folder.ok_or_else(|| Error::Unexpected(format!("go does not say where Kubernetes is: {said}")))
}

fn build(programs: &[&str], kubernetes: Kubernetes, folder: &Path) -> Result<()> {
    let mut go = Command::new("go");
    go.current_dir(kubernetes.module())
        .env("CGO_ENABLED", "0")
        .args([
            "build",
            "-trimpath",
            // Without the clouds that old versions know, and that nobody here runs on.
            "-tags=providerless",
            "-ldflags",
            &link_flags(&kubernetes.version()?),
            "-o",
        ]);
    go.arg(format!("{}/", folder.display())).args(programs);
    command::output(&mut go).map(drop)
}

/// The version that `kube-apiserver` reports: clients compare it.
fn link_flags(kubernetes: &str) -> String {
    let mut parts = kubernetes.trim_start_matches('v').split('.');
    let (major, minor) = (
        parts.next().unwrap_or_default(),
        parts.next().unwrap_or_default(),
    );
    let base = "-X k8s.io/component-base/version";
    format!("-s -w {base}.gitVersion={kubernetes} {base}.gitMajor={major} {base}.gitMinor={minor}")
}

/// The version of `required` that the Go module in the folder `module` names.
pub(super) fn version_in(module: &Path, required: &str) -> Result<String> {
    let manifest = module.join("go.mod");
    let text = fs::read_to_string(&manifest)
        .map_err(Error::io(|| format!("read {}", manifest.display())))?;
    required_version(&text, required).map(str::to_owned)
}

fn required_version<'a>(manifest: &'a str, module: &str) -> Result<&'a str> {
    let mut lines = manifest
        .lines()
        .map(|line| line.trim().trim_start_matches("require "));
    lines
        .find_map(|line| {
            line.strip_prefix(module)?
                .strip_prefix(' ')?
                .split(' ')
                .next()
        })
        .ok_or_else(|| Error::Unexpected(format!("go.mod does not require {module}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    const MANIFEST: &str = "module m\ntool (\n\tk8s.io/kubernetes/cmd/kube-apiserver\n)\nrequire (\n\tk8s.io/kubernetes v1.36.3\n)\n";

    #[test]
    fn the_required_version_is_not_mistaken_for_a_tool_line() {
        assert_eq!(
            required_version(MANIFEST, "k8s.io/kubernetes").unwrap(),
            "v1.36.3"
        );
        assert!(required_version(MANIFEST, "go.etcd.io/etcd/server/v3").is_err());
    }

    #[test]
    fn every_program_is_a_tool_of_the_module_so_that_its_dependencies_are_pinned() {
        let is_tool = |kubernetes: Kubernetes, program: &str| {
            let manifest = fs::read_to_string(kubernetes.module().join("go.mod")).unwrap();
            manifest.contains(&format!("\t{program}\n"))
        };
        for program in CONTROL_PLANE.iter().chain(&NODE).chain([&ETCD]) {
            assert!(is_tool(Kubernetes::Newest, program), "{program}");
        }
        for program in CONTROL_PLANE {
            assert!(is_tool(Kubernetes::Oldest, program), "{program}");
        }
    }

    #[test]
    fn the_api_server_reports_the_version_it_was_built_from() {
        let flags = link_flags("v1.36.3");
        assert!(
            flags.contains(".gitVersion=v1.36.3 ")
                && flags.contains(".gitMajor=1 ")
                && flags.ends_with(".gitMinor=36"),
            "{flags}"
        );
    }
}
