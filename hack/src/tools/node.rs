//! What a node runs besides what the machine has: parts of Kubernetes, and the container that keeps a pod's namespaces.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::{Kubernetes, go};
use crate::cache::Cache;
use crate::image::{self, Archive};
use crate::{Error, Result, command, progress};

/// Paths of the programs, and of an image.
#[derive(Clone, Debug)]
pub struct NodeTools {
    /// Runs the pods.
    pub kubelet: PathBuf,
    /// Gives them their node.
    pub kube_scheduler: PathBuf,
    /// Leads Services to pods.
    pub kube_proxy: PathBuf,
    /// The image of the container that keeps a pod's namespaces, in an archive.
    pub pause: PathBuf,
}

impl NodeTools {
    /// Builds every program. The first run on a machine takes some two minutes; later ones take no time.
    pub fn prepare(cache: &Cache) -> Result<Self> {
        if Kubernetes::from_env()? == Kubernetes::Oldest {
            let reason = "there is a node of the newest Kubernetes only, and an older API server is not for its kubelet";
            return Err(Error::Unexpected(reason.to_owned()));
        }
        let built = go::prepare_node(cache)?;
        Ok(Self {
            kubelet: built.join("kubelet"),
            kube_scheduler: built.join("kube-scheduler"),
            kube_proxy: built.join("kube-proxy"),
            pause: pause(cache)?,
        })
    }
}

/// Kubernetes' own pause, which no registry has to be asked for.
fn pause(cache: &Cache) -> Result<PathBuf> {
    let entry = cache.entry(
        &format!("node/pause-{}", Kubernetes::Newest.version()?),
        |folder| progress::step("build the image of pause (once)", || build_pause(folder)),
    )?;
    Ok(entry.join("pause.tar"))
}

fn build_pause(folder: &Path) -> Result<()> {
    let source = go::kubernetes_source()?.join("build/pause/linux/pause.c");
    let mut cc = Command::new("cc");
    cc.args(["-static", "-Os", "-s", "-o"])
        .arg(folder.join("pause"));
    command::output(cc.arg(source))?;
    let file = folder.join("Dockerfile");
    fs::write(
        &file,
        "FROM scratch\nCOPY pause /pause\nUSER 65535:65535\nENTRYPOINT [\"/pause\"]\n",
    )
    .map_err(Error::io(|| format!("write {}", file.display())))?;
    image::build(&Archive {
        context: folder,
        stages: &[],
        name: image::PAUSE,
        file: &folder.join("pause.tar"),
    })
    .map(drop)
}
