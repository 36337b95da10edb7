//! promtool, built once from the Go module in `hack/promtool`.

use std::path::PathBuf;
use std::process::Command;

use super::go::version_in;
use super::sources;
use crate::cache::Cache;
use crate::{Result, command, progress};

/// The path of promtool. The first run on a machine compiles it for some three minutes.
pub fn promtool(cache: &Cache) -> Result<PathBuf> {
    let module = sources().join("promtool");
    let version = version_in(&module, "github.com/prometheus/prometheus")?;
    let entry = cache.entry(&format!("promtool/{version}"), |folder| {
        let what = format!("build promtool {version} (once; about three minutes on two cores)");
        progress::step(&what, || {
            let mut go = Command::new("go");
            go.current_dir(&module).env("CGO_ENABLED", "0").args([
                "build",
                "-trimpath",
                // Without the clients of clouds that Prometheus can find targets in.
                "-tags=remove_all_sd",
                "-ldflags=-s -w",
                "-o",
            ]);
            command::output(go.arg(format!("{}/", folder.display())).arg("tool")).map(drop)
        })
    })?;
    Ok(entry.join("promtool"))
}
