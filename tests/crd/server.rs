//! A real API server that knows the CRD.

use std::path::PathBuf;
use std::time::Duration;

use cachedapi_hack::cache::Cache;
use cachedapi_hack::control_plane::ControlPlane;
use cachedapi_hack::ports;
use cachedapi_hack::process::{Lifetime, Place};
use cachedapi_hack::tools::Tools;
use cachedapi_hack::wait::{self, Seen};

/// The committed CRD of `resource`.
pub fn committed(resource: &str) -> PathBuf {
    let crds = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("crds");
    crds.join(format!("cachedapi.dev_{resource}.yaml"))
}

/// Starts an API server with the committed CRDs; it ends with the process. The folder is its own.
pub fn start() -> (tempfile::TempDir, ControlPlane) {
    let folder = tempfile::tempdir().unwrap();
    let place = Place {
        folder: folder.path().to_owned(),
        lifetime: Lifetime::WithParent,
    };
    let tools = Tools::prepare(&Cache::from_env().unwrap()).unwrap();
    let server = ControlPlane::start(&tools, &place, ports::free().unwrap()).unwrap();
    let kubectl = server.kubectl();
    for resource in ["cachedapis", "awsaccounts"] {
        let crd = std::fs::read_to_string(committed(resource)).unwrap();
        kubectl.apply(&crd).unwrap();
    }
    // Established comes before the documents that strict validation and `explain` read.
    wait::until(
        "kubectl to explain CachedApi",
        Duration::from_mins(1),
        || {
            Ok(match kubectl.run(["explain", "cachedapis.spec"]) {
                Ok(_) => Seen::Done(()),
                Err(error) => Seen::NotYet(error.to_string()),
            })
        },
    )
    .unwrap();
    (folder, server)
}
