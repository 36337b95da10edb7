//! Images, built by buildah from files and put into archives: no registry, no daemon, and nothing of them stays with the machine's own.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::cache::Cache;
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
    let stage = tempfile::tempdir().map_err(Error::io(|| "create a folder".to_owned()))?;
    lay_out(profile, &stage.path().join("image"))?;
    build(&Archive {
        context: tools::root(),
        stages: &[("build", stage.path())],
        name: &format!("localhost/cachedapi-operator:{}", env!("CARGO_PKG_VERSION")),
        file,
    })
}

/// Does what the stage of the Dockerfile that compiles does, into `folder`.
fn lay_out(profile: &str, folder: &Path) -> Result<()> {
    let path = env::var_os("PATH").unwrap_or_default();
    let path: Vec<PathBuf> = tools::for_image(&Cache::from_env()?)?
        .into_iter()
        .chain(env::split_paths(&path))
        .collect();
    let path = env::join_paths(path)
        .map_err(|error| Error::Unexpected(format!("no folder of the PATH: {error}")))?;
    let mut stage = Command::new(tools::root().join("hack/image/stage"));
    binaries::forget_the_crate(&mut stage);
    command::output(stage.env("PATH", path).arg(folder).arg(profile)).map(drop)
}

/// Builds an image without a network, writes its archive, and returns its digest. Equal contents make equal images: its time is `$SOURCE_DATE_EPOCH`, or 0.
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
