//! Programs of crates.io, each built once by cargo.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::cache::Cache;
use crate::{Error, Result, command, progress};

const CARGO_DENY: (&str, &str) = ("cargo-deny@0.20.2", "four minutes");

/// What `hack/image/stage` runs; the Dockerfile installs it from the same list.
const IMAGE: &str = include_str!("../../image/crates");

/// The path of cargo-deny. The first run on a machine compiles it.
pub fn cargo_deny(cache: &Cache) -> Result<PathBuf> {
    let (program, time) = CARGO_DENY;
    Ok(install(cache, program, time)?.join("cargo-deny"))
}

/// The folders of the programs that the image's stage needs. The first run on a machine compiles them.
pub(crate) fn for_image(cache: &Cache) -> Result<Vec<PathBuf>> {
    IMAGE
        .lines()
        .map(|program| install(cache, program, "two minutes"))
        .collect()
}

/// The folder of `program`, written as `name@version`.
fn install(cache: &Cache, program: &str, time: &str) -> Result<PathBuf> {
    let entry = cache.entry(&program.replace('@', "/"), |folder| {
        let what = format!("build {program} (once; about {time} on two cores)");
        progress::step(&what, || build(program, folder))
    })?;
    Ok(entry.join("bin"))
}

fn build(program: &str, folder: &Path) -> Result<()> {
    // Beside the entry and not in the workspace's target folder, whose lock a running build may hold.
    let target = folder.join("target");
    let mut cargo = Command::new("cargo");
    cargo
        .env("CARGO_TARGET_DIR", &target)
        .args(["install", "--quiet", "--locked", "--root"]);
    command::output(cargo.arg(folder).arg(program))?;
    std::fs::remove_dir_all(&target).map_err(Error::io(|| format!("remove {}", target.display())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_program_is_of_one_version() {
        let programs = IMAGE.lines().chain([CARGO_DENY.0]);
        for program in programs {
            let (name, version) = program.split_once('@').unwrap();
            assert!(name.starts_with("cargo-") && version.split('.').count() == 3);
        }
    }
}
