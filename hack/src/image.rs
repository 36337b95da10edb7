//! Images, built by buildah from files and put into archives: no registry, no daemon, and nothing of them stays with the machine's own.

use std::env;
use std::fs;
use std::path::Path;
use std::process::Command;

use crate::{Error, Result, binaries, command, tools};

/// The image of the container that keeps a pod's namespaces.
pub const PAUSE: &str = "localhost/pause:local";

/// An image to build.
pub struct Archive<'a> {
    /// The folder with the Dockerfile and what it copies.
    pub context: &'a Path,
    /// Folders in place of stages.
    pub stages: &'a [(&'a str, &'a Path)],
    /// The image's name.
    pub name: &'a str,
    /// The archive, an OCI layout in a tar file.
    pub file: &'a Path,
}

/// Builds the operator's image into the archive `file`, and returns its digest: the final stage of the Dockerfile, with a folder in place of the stage that
/// compiles, which needs the internet. Its name is the one that the chart has.
pub fn build_operator(profile: &str, file: &Path) -> Result<String> {
    let binary = binaries::static_operator(profile)?;
    let stage = tempfile::tempdir().map_err(Error::io(|| "create a folder".to_owned()))?;
    let certificates = "etc/ssl/certs/ca-certificates.crt";
    let install = |options: &[&str], from: &Path, to: &str| {
        let to = stage.path().join("image").join(to);
        command::output(Command::new("install").args(options).arg(from).arg(to)).map(drop)
    };
    install(&["-D", "--strip"], &binary, "cachedapi-operator")?;
    install(
        &["-D", "--mode=644"],
        &Path::new("/").join(certificates),
        certificates,
    )?;
    build(&Archive {
        context: tools::root(),
        stages: &[("build", stage.path())],
        name: &format!("localhost/cachedapi-operator:{}", env!("CARGO_PKG_VERSION")),
        file,
    })
}

/// Builds an image without a network, writes its archive, and returns its digest. Equal contents make equal images: the time of all that is in it is
/// `$SOURCE_DATE_EPOCH`, or 0.
pub fn build(archive: &Archive) -> Result<String> {
    let scratch = tempfile::tempdir().map_err(Error::io(|| "create a folder".to_owned()))?;
    let buildah = || {
        let mut buildah = Command::new("buildah");
        buildah.args(["--storage-driver", "vfs", "--root"]);
        buildah.arg(scratch.path().join("storage")).arg("--runroot");
        buildah.arg(scratch.path().join("run"));
        buildah
    };
    let mut bud = buildah();
    let time = env::var("SOURCE_DATE_EPOCH").unwrap_or_else(|_| "0".to_owned());
    bud.args(["bud", "--quiet", "--network", "none", "--pull-never"])
        .args(["--timestamp", &time, "--identity-label=false"]);
    for (stage, folder) in archive.stages {
        bud.arg("--build-context")
            .arg(format!("{stage}={}", folder.display()));
    }
    command::output(bud.args(["--tag", archive.name]).arg(archive.context))?;
    let to = format!("oci-archive:{}:{}", archive.file.display(), archive.name);
    let digest = scratch.path().join("digest");
    let mut push = buildah();
    push.args(["push", "--quiet", "--digestfile"]).arg(&digest);
    command::output(push.args([archive.name, &to]))?;
    fs::read_to_string(&digest).map_err(Error::io(|| format!("read {}", digest.display())))
}
