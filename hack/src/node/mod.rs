//! A real node beside a control plane: kubelet, containerd and runc run pods, the scheduler places them, kube-proxy leads Services to them.
//!
//! All of it lives in namespaces of its own, on a network of its own ([`network`]), so that nothing of the machine is changed and nothing is left
//! when it ends, however it ends: docs/decisions/0017 says why, `hack/node/holder.sh` how.

mod config;
mod namespaces;
mod needs;
mod network;

pub(crate) use namespaces::HOLDER;
pub use needs::check_machine;
pub use network::Network;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use crate::control_plane::{ControlPlane, KUBELET_CLIENT, KUBELET_KUBECONFIG, NODE, Site};
use crate::kubectl::Kubectl;
use crate::process::{Launch, Place, Process};
use crate::tools::{NodeTools, Tools};
use crate::wait::Seen;
use crate::{Error, Result, command};
use config::Files;
use namespaces::Namespaces;

/// Generous: a busy two-core machine needs about fifteen seconds.
const START_DEADLINE: Duration = Duration::from_secs(90);

/// A running node and its control plane. They end when it is dropped.
#[derive(Debug)]
pub struct Node {
    // Stopped in this order; what pods and containers are left ends with the namespaces.
    kubelet: Process,
    proxy: Process,
    scheduler: Process,
    control_plane: ControlPlane,
    containerd: Process,
    namespaces: Namespaces,
    network: Network,
    socket: String,
}

impl Node {
    /// Starts one, and waits until it takes pods. An error says what the machine lacks.
    pub fn start(tools: &Tools, programs: &NodeTools, place: &Place) -> Result<Self> {
        check_machine()?;
        let state = place.subfolder("state")?;
        let files = Files {
            state: &state,
            plugins: Path::new(needs::PLUGINS),
        };
        let network = Network::free()?;
        write_configuration(&files, network, &place.folder)?;
        let namespaces = Namespaces::create(place, network)?;
        let entry = namespaces.entry();
        let start = |launch: Launch| place.start(launch.behind(&entry));
        let mut containerd = start(Launch::at_once(
            "containerd",
            Path::new("containerd"),
            [format!("--config={}", path(&state, CONTAINERD))],
        ))?;
        let socket = files.socket();
        containerd.wait_until("containerd", START_DEADLINE, || {
            let version = command::output(&mut ctr(&namespaces, &socket, &["version"]));
            Ok(seen(version.map(drop)))
        })?;
        let site = Site::node(network.node(), entry.clone());
        let control_plane = ControlPlane::start_at(tools, place, &site)?;
        let scheduler = start(scheduler(
            &programs.kube_scheduler,
            control_plane.kubeconfig(),
        ))?;
        let proxy = start(Launch::at_once(
            "kube-proxy",
            &programs.kube_proxy,
            [format!("--config={}", path(&state, PROXY))],
        ))?;
        let kubelet = start(kubelet(&programs.kubelet, &state, network))?;
        let mut node = Self {
            kubelet,
            proxy,
            scheduler,
            control_plane,
            containerd,
            namespaces,
            network,
            socket,
        };
        node.load(&programs.pause)?;
        node.wait_until_ready()?;
        Ok(node)
    }

    /// Gives it the images of an OCI archive.
    pub fn load(&self, archive: &Path) -> Result<()> {
        let archive = archive.display().to_string();
        let import = ["images", "import", &archive];
        command::output(&mut ctr(&self.namespaces, &self.socket, &import)).map(drop)
    }

    /// Takes the image `name` from it.
    pub fn unload(&self, name: &str) -> Result<()> {
        let remove = ["images", "remove", "--sync", name];
        command::output(&mut ctr(&self.namespaces, &self.socket, &remove)).map(drop)
    }

    /// Sends `signal` (`SIGKILL`, as a crash would) to the container of the id that the API server knows.
    pub fn signal_container(&self, id: &str, signal: &str) -> Result<()> {
        let id = id.trim_start_matches("containerd://");
        let kill = ["tasks", "kill", "--signal", signal, id];
        command::output(&mut ctr(&self.namespaces, &self.socket, &kill)).map(drop)
    }

    /// `file` of the folder in `/proc` of the container of the id that the API server knows (proc(5)): `mounts`, `status`.
    pub fn process_file(&self, id: &str, file: &str) -> Result<String> {
        let id = id.trim_start_matches("containerd://");
        let tasks = command::output(&mut ctr(&self.namespaces, &self.socket, &["tasks", "list"]))?;
        let task = tasks.lines().find_map(|line| line.strip_prefix(id));
        let process = task.and_then(|rest| rest.split_whitespace().next());
        let process = process.ok_or_else(|| {
            Error::Unexpected(format!("no container {id} runs; these do:\n{tasks}"))
        })?;
        let mut cat = self.namespaces.command(Path::new("cat"));
        command::output(cat.arg(format!("/proc/{process}/{file}")))
    }

    fn wait_until_ready(&mut self) -> Result<()> {
        let kubectl = self.control_plane.kubectl();
        let ready = r#"jsonpath={.status.conditions[?(@.type=="Ready")]['status','message']}"#;
        self.kubelet
            .wait_until("the node to be Ready", START_DEADLINE, || {
                match kubectl.run(["get", "node", NODE, "--output", ready]) {
                    Ok(said) if said.starts_with("True") => Ok(Seen::Done(())),
                    Ok(said) => Ok(Seen::NotYet(said)),
                    Err(error) => Ok(Seen::NotYet(error.to_string())),
                }
            })
    }

    /// Has etcd forget all revisions but the current one, kills the API server, and starts it again.
    pub fn restart_api_server_compacted(&mut self) -> Result<()> {
        self.control_plane.compact()?;
        self.control_plane.restart_api_server(|| ())
    }

    /// Its addresses, and those of the machine as its pods see it.
    #[must_use]
    pub fn network(&self) -> Network {
        self.network
    }

    /// A client with all rights.
    #[must_use]
    pub fn kubectl(&self) -> &Kubectl {
        self.control_plane.kubectl()
    }

    /// Lets it run on after this handle is gone; it needs a [`crate::process::Lifetime::Detached`] place.
    pub fn leave_running(self) {
        [self.kubelet, self.proxy, self.scheduler, self.containerd]
            .into_iter()
            .for_each(Process::leave_running);
        self.control_plane.leave_running();
        self.namespaces.leave_running();
    }
}

const CONTAINERD: &str = "containerd.toml";
const KUBELET: &str = "kubelet.json";
const PROXY: &str = "kube-proxy.json";

fn write_configuration(files: &Files, network: Network, folder: &Path) -> Result<()> {
    let state = files.state;
    let networks = state.join("networks");
    fs::create_dir_all(&networks)
        .map_err(Error::io(|| format!("create {}", networks.display())))?;
    let client = state.join(KUBELET_CLIENT);
    let texts: [(PathBuf, String); 4] = [
        (state.join(CONTAINERD), files.containerd()),
        (
            networks.join("pods.conflist"),
            files.pod_network(network).to_string(),
        ),
        (
            state.join(KUBELET),
            files.kubelet(network, &client).to_string(),
        ),
        (
            state.join(PROXY),
            config::proxy(network, &folder.join("kubeconfig")).to_string(),
        ),
    ];
    for (path, text) in texts {
        fs::write(&path, text).map_err(Error::io(|| format!("write {}", path.display())))?;
    }
    Ok(())
}

fn kubelet(program: &Path, state: &Path, network: Network) -> Launch {
    let args = [
        format!("--config={}", path(state, KUBELET)),
        format!("--kubeconfig={}", path(state, KUBELET_KUBECONFIG)),
        format!("--root-dir={}", path(state, "kubelet")),
        format!("--cert-dir={}", path(state, "kubelet-certificates")),
        format!("--hostname-override={NODE}"),
        format!("--node-ip={}", network.node()),
    ];
    Launch::at_once("kubelet", program, args)
}

fn scheduler(program: &Path, kubeconfig: &Path) -> Launch {
    let args = [
        format!("--kubeconfig={}", kubeconfig.display()),
        "--leader-elect=false".to_owned(),
        // It serves nothing anybody here asks for.
        "--secure-port=0".to_owned(),
    ];
    Launch::at_once("kube-scheduler", program, args)
}

fn ctr(namespaces: &Namespaces, socket: &str, args: &[&str]) -> Command {
    let mut ctr = namespaces.command(Path::new("ctr"));
    ctr.args(["--address", socket, "--namespace", "k8s.io"])
        .args(args);
    ctr
}

fn path(state: &Path, name: &str) -> String {
    state.join(name).display().to_string()
}

fn seen(answer: Result<()>) -> Seen<()> {
    match answer {
        Ok(()) => Seen::Done(()),
        Err(error) => Seen::NotYet(error.to_string()),
    }
}
