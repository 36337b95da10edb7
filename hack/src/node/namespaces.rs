//! The namespaces that a node lives in: processes, mounts, network and inter-process communication.

use std::ffi::OsString;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use super::network::Network;
use crate::process::{Launch, Place, Process, Stop};
use crate::wait::Seen;
use crate::{Error, Result, tools};

const START_DEADLINE: Duration = Duration::from_secs(20);

/// The name under which `down` finds what ends all of the node.
pub(crate) const HOLDER: &str = "namespaces";

/// Namespaces that end with this value, and everything in them.
#[derive(Debug)]
pub(super) struct Namespaces {
    holder: Process,
    /// The process id, on the machine, of the first process.
    first: u32,
}

impl Namespaces {
    /// Makes them, with the link of `network`.
    pub(super) fn create(place: &Place, network: Network) -> Result<Self> {
        let ready = place.subfolder("state")?.join("namespaces");
        let script = tools::sources().join("node/holder.sh");
        let mut holder = place.start(Launch {
            name: HOLDER,
            program: "sh".into(),
            args: vec![
                script.into(),
                network.name().into(),
                place.folder.clone().into(),
            ],
            env: Vec::new(),
            // It removes the control groups.
            stop: Stop::Gracefully,
        })?;
        holder.wait_until("the node's namespaces", START_DEADLINE, || {
            Ok(if ready.exists() {
                Seen::Done(())
            } else {
                Seen::NotYet("not ready".to_owned())
            })
        })?;
        // The holder waits for unshare, which waits for the first process.
        let first = children(holder.pid())
            .and_then(children)
            .ok_or_else(|| Error::Unexpected("the node's first process has ended".to_owned()))?;
        let namespaces = Self { holder, first };
        network.link(first, |program| namespaces.command(program.as_ref()))?;
        Ok(namespaces)
    }

    /// What starts a program in them.
    pub(super) fn entry(&self) -> Vec<OsString> {
        let target = format!("--target={}", self.first);
        [
            "nsenter", &target, "--pid", "--mount", "--net", "--ipc", "--",
        ]
        .map(OsString::from)
        .to_vec()
    }

    /// `program` in them, ready for arguments.
    pub(super) fn command(&self, program: &Path) -> Command {
        let entry = self.entry();
        let mut command = Command::new(&entry[0]);
        command.args(&entry[1..]).arg(program);
        command
    }

    /// Lets them, and all in them, live on.
    pub(super) fn leave_running(self) {
        self.holder.leave_running();
    }
}

/// The first child of the process `parent`.
fn children(parent: u32) -> Option<u32> {
    let children = fs::read_to_string(format!("/proc/{parent}/task/{parent}/children")).ok()?;
    children.split_whitespace().next()?.parse().ok()
}
