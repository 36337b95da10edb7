//! What a machine needs for a node, besides what `make test` needs.

use std::path::Path;

use crate::{Error, Result, tools};

/// Where Debian, and most others, have the CNI plugins.
pub(super) const PLUGINS: &str = "/usr/lib/cni";

/// Programs, and Debian's packages that have them.
const PROGRAMS: [(&str, &str); 9] = [
    ("containerd", "containerd"),
    ("ctr", "containerd"),
    ("containerd-shim-runc-v2", "containerd"),
    ("runc", "runc"),
    ("nft", "nftables"),
    ("ip", "iproute2"),
    ("nsenter", "util-linux"),
    ("buildah", "buildah"),
    ("cc", "gcc"),
];

/// An error that says all that this machine lacks for a node, if it lacks anything.
pub fn check_machine() -> Result<()> {
    let is_root = rustix::process::geteuid().is_root();
    let has = |program: &str| tools::on_path(&[program]).is_some();
    let has_plugins = Path::new(PLUGINS).join("bridge").exists();
    match missing(is_root, has, has_plugins) {
        None => Ok(()),
        Some(what) => Err(Error::Unexpected(what)),
    }
}

fn missing(is_root: bool, has: impl Fn(&str) -> bool, has_plugins: bool) -> Option<String> {
    let absent = PROGRAMS.iter().filter(|(program, _)| !has(program));
    let mut packages: Vec<&str> = absent.map(|(_, package)| *package).collect();
    packages.extend((!has_plugins).then_some("containernetworking-plugins"));
    packages.dedup();
    let root = (!is_root).then(|| {
        "to be root, because it makes namespaces, links and control groups of its own".to_owned()
    });
    let install = (!packages.is_empty()).then(|| {
        let packages = packages.join(" ");
        format!("programs that are not here (Debian: apt-get install --no-install-recommends {packages})")
    });
    let needs: Vec<String> = root.into_iter().chain(install).collect();
    (!needs.is_empty()).then(|| format!("a real node needs {}", needs.join(", and ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_machine_with_everything_lacks_nothing() {
        assert_eq!(missing(true, |_| true, true), None);
    }

    #[test]
    fn all_that_is_missing_is_said_at_once_and_each_package_once() {
        let has = |program: &str| !matches!(program, "containerd" | "ctr" | "nft");
        assert_eq!(
            missing(false, has, false).unwrap(),
            "a real node needs to be root, because it makes namespaces, links and control groups of its own, and programs that are not here \
             (Debian: apt-get install --no-install-recommends containerd nftables containernetworking-plugins)"
        );
    }
}
