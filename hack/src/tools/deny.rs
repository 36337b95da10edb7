//! cargo-deny, built once by cargo.

use std::path::PathBuf;
use std::process::Command;

use crate::cache::Cache;
use crate::{Result, command, progress};

const VERSION: &str = "0.20.2";

/// The path of cargo-deny. The first run on a machine compiles it for about four minutes.
pub fn cargo_deny(cache: &Cache) -> Result<PathBuf> {
    let entry = cache.entry(&format!("cargo-deny/{VERSION}"), |folder| {
        progress::step(
            &format!("build cargo-deny {VERSION} (once; about four minutes on two cores)"),
            || {
                let mut cargo = Command::new("cargo");
                // Built beside the entry and not in the workspace's target folder, whose lock a running build may hold.
                cargo
                    .env("CARGO_TARGET_DIR", folder.join("target"))
                    .args(["install", "--quiet", "--locked", "--root"]);
                command::output(cargo.arg(folder).arg(format!("cargo-deny@{VERSION}")))?;
                std::fs::remove_dir_all(folder.join("target"))
                    .map_err(crate::Error::io(|| "remove the build folder".to_owned()))
            },
        )
    })?;
    Ok(entry.join("bin/cargo-deny"))
}
