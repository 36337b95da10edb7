//! etcd, kube-apiserver and kube-controller-manager on loopback: a Kubernetes without nodes.
//!
//! Admission, validation, server-side apply, watches, RBAC, service account tokens, namespace deletion and garbage
//! collection are the real ones. There is no scheduler and no kubelet: pods never run, unless [`crate::node`] puts a node beside it.

mod credentials;
mod site;

pub(crate) use credentials::write_private;
pub(crate) use site::Site;

use std::net::SocketAddrV4;
use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};

use crate::kubectl::Kubectl;
use crate::process::{Launch, Place, Process};
use crate::tools::Tools;
use crate::wait::Seen;
use crate::{Error, Result, http, ports};
use credentials::Credentials;

/// Generous: a busy two-core machine needs about ten seconds.
const START_DEADLINE: Duration = Duration::from_secs(90);

/// The name of the node, where there is one.
pub(crate) const NODE: &str = "node";
/// With what the kubelet comes to the API server, in the folder `state`.
pub(crate) const KUBELET_KUBECONFIG: &str = "kubelet.kubeconfig";
/// With what the API server comes to the kubelet, in the folder `state`.
pub(crate) const KUBELET_CLIENT: &str = "kubelet-client.crt";
const KUBELET_CLIENT_KEY: &str = "kubelet-client.key";

/// What the operator asked of the API server, one JSON object a line, in the folder `state`.
pub const AUDIT_LOG: &str = "audit.log";
const AUDIT_POLICY: &str = "audit-policy.json";

/// A running control plane. Its processes stop when it is dropped.
#[derive(Debug)]
pub struct ControlPlane {
    // Stopped in this order: clients before servers.
    controller_manager: Process,
    api_server: Process,
    etcd: Process,
    etcd_url: String,
    launch: Launch,
    place: Place,
    kubectl: Kubectl,
}

impl ControlPlane {
    /// Starts a control plane whose API server listens on `port`, and waits until it serves and its controllers work.
    pub fn start(tools: &Tools, place: &Place, port: u16) -> Result<Self> {
        Self::start_at(tools, place, &Site::loopback(port))
    }

    /// The same at `site`.
    pub(crate) fn start_at(tools: &Tools, place: &Place, site: &Site) -> Result<Self> {
        let state = place.subfolder("state")?;
        let credentials = Credentials::create(&state, site.server())?;
        credentials.write_for_kubelet(&state)?;
        write_private(&state.join(AUDIT_POLICY), &audit_policy())?;
        let start = |launch: Launch| place.start(launch.behind(site.entry()));
        // Where the machine reaches it as well: it is told to compact.
        let address = *site.server().ip();
        let clients = SocketAddrV4::new(address, ports::free()?);
        let peers = SocketAddrV4::new(address, ports::free()?);
        let etcd = start(etcd(&tools.etcd, &state, clients, peers))?;
        let launch = api_server(&tools.kube_apiserver, &state, &credentials, clients, site)
            .behind(site.entry());
        let mut api_server = place.start(launch.clone())?;
        let kubeconfig = credentials.write_admin_kubeconfig(&place.folder)?;
        let kubectl = Kubectl::new(tools.kubectl.clone(), kubeconfig);
        wait_until_ready(&mut api_server, &kubectl)?;
        // It ends at once when it starts before the API server has written its first roles.
        let mut controller_manager = start(controller_manager(
            &tools.kube_controller_manager,
            &state,
            kubectl.kubeconfig(),
            site,
        ))?;
        let account = ["get", "serviceaccount", "default", "--namespace", "default"];
        controller_manager.wait_until("the controllers", START_DEADLINE, || {
            seen(kubectl.run(account))
        })?;
        Ok(Self {
            controller_manager,
            api_server,
            etcd,
            etcd_url: format!("http://{clients}"),
            launch,
            place: place.clone(),
            kubectl,
        })
    }

    /// Kills the API server, does `meanwhile`, and starts it again on the same port. etcd stays.
    pub fn restart_api_server(&mut self, meanwhile: impl FnOnce()) -> Result<()> {
        self.api_server.kill()?;
        meanwhile();
        self.api_server = self.place.start(self.launch.clone())?;
        wait_until_ready(&mut self.api_server, &self.kubectl)
    }

    /// Has etcd forget all revisions but the current one.
    pub fn compact(&self) -> Result<()> {
        let post =
            |path: &str, body: &Value| http::post_json(&format!("{}{path}", self.etcd_url), body);
        let range = post("/v3/kv/range", &json!({"key": "AA=="}))?;
        let request = json!({"revision": range["header"]["revision"], "physical": true});
        post("/v3/kv/compaction", &request).map(drop)
    }

    /// A client with all rights.
    #[must_use]
    pub fn kubectl(&self) -> &Kubectl {
        &self.kubectl
    }

    /// The kubeconfig of a client with all rights.
    #[must_use]
    pub fn kubeconfig(&self) -> &Path {
        self.kubectl.kubeconfig()
    }

    /// Lets it run on after this handle is gone; it needs a [`crate::process::Lifetime::Detached`] place.
    pub fn leave_running(self) {
        [self.controller_manager, self.api_server, self.etcd]
            .into_iter()
            .for_each(Process::leave_running);
    }

    /// Stops everything.
    pub fn stop(mut self) -> Result<()> {
        self.controller_manager.stop()?;
        self.api_server.stop()?;
        self.etcd.stop()
    }
}

fn wait_until_ready(api_server: &mut Process, kubectl: &Kubectl) -> Result<()> {
    api_server.wait_until("the API server", START_DEADLINE, || {
        seen(kubectl.run(["get", "--raw", "/readyz"]))
    })
}

/// Requests of service accounts outside of `kube-system`, and what became of them; no bodies.
fn audit_policy() -> String {
    let ours = json!({"level": "Metadata", "omitStages": ["RequestReceived"], "userGroups": ["system:serviceaccounts"]});
    let rules = json!([
        {"level": "None", "userGroups": ["system:serviceaccounts:kube-system"]},
        ours,
        {"level": "None"},
    ]);
    json!({"apiVersion": "audit.k8s.io/v1", "kind": "Policy", "rules": rules}).to_string()
}

fn seen(answer: Result<String>) -> Result<Seen<()>> {
    match answer {
        Ok(_) => Ok(Seen::Done(())),
        Err(Error::Command { output, .. }) => Ok(Seen::NotYet(output)),
        Err(other) => Err(other),
    }
}

fn etcd(program: &Path, state: &Path, clients: SocketAddrV4, peers: SocketAddrV4) -> Launch {
    let (client, peer) = (format!("http://{clients}"), format!("http://{peers}"));
    let args = [
        format!("--data-dir={}", state.join("etcd").display()),
        format!("--listen-client-urls={client}"),
        format!("--advertise-client-urls={client}"),
        format!("--listen-peer-urls={peer}"),
        format!("--initial-advertise-peer-urls={peer}"),
        format!("--initial-cluster=default={peer}"),
        // The data is thrown away: it need not survive the machine.
        "--unsafe-no-fsync".to_owned(),
        "--log-level=warn".to_owned(),
    ];
    Launch::at_once("etcd", program, args)
}

fn api_server(
    program: &Path,
    state: &Path,
    credentials: &Credentials,
    etcd: SocketAddrV4,
    site: &Site,
) -> Launch {
    let (key, public_key) = (
        credentials.service_account_key().display(),
        credentials.service_account_public_key().display(),
    );
    let args = [
        format!("--etcd-servers=http://{etcd}"),
        format!("--bind-address={}", site.server().ip()),
        format!("--advertise-address={}", site.server().ip()),
        format!("--secure-port={}", site.server().port()),
        format!("--cert-dir={}", state.join("certificates").display()),
        format!("--token-auth-file={}", credentials.tokens().display()),
        "--service-account-issuer=https://kubernetes.default.svc".to_owned(),
        format!("--service-account-key-file={public_key}"),
        format!("--service-account-signing-key-file={key}"),
        format!("--audit-policy-file={}", state.join(AUDIT_POLICY).display()),
        format!("--audit-log-path={}", state.join(AUDIT_LOG).display()),
        "--service-cluster-ip-range=10.96.0.0/16".to_owned(),
    ];
    let args = args.into_iter().chain(site.api_server_args(state));
    Launch::at_once("kube-apiserver", program, args)
}

fn controller_manager(program: &Path, state: &Path, kubeconfig: &Path, site: &Site) -> Launch {
    let args = [
        format!("--kubeconfig={}", kubeconfig.display()),
        format!("--controllers={}", site.controllers()),
        format!(
            "--root-ca-file={}",
            state.join("certificates/apiserver.crt").display()
        ),
        "--leader-elect=false".to_owned(),
        // It serves nothing anybody here asks for.
        "--secure-port=0".to_owned(),
    ];
    Launch::at_once("kube-controller-manager", program, args)
}
