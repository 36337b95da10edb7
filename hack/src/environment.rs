//! Everything together: control plane, local AWS, sample back end, and the operator installed by its chart.

use std::net::{Ipv4Addr, SocketAddrV4};
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::backend::{self, Backend};
use crate::binaries::Binaries;
use crate::cache::Cache;
use crate::control_plane::ControlPlane;
use crate::kubectl::Kubectl;
use crate::local_aws::{self, Behaviour, LocalAws, REGION};
use crate::node::Node;
use crate::operator::{Operator, Release};
use crate::process::{Lifetime, Place};
use crate::tools::{NodeTools, Tools};
use crate::{Error, Result, command, ports, progress};

/// Where things listen: on loopback, but for the local AWS.
#[derive(Clone, Copy, Debug)]
pub struct Ports {
    /// The address of the local AWS: one that pods reach, where there are pods.
    pub aws_address: Ipv4Addr,
    /// The API server's.
    pub api_server: u16,
    /// The local AWS's: its APIs and the gateway's data plane.
    pub aws: u16,
    /// The sample back end's.
    pub backend: u16,
}

/// The programs that an environment runs.
#[derive(Clone, Debug)]
pub struct Programs {
    /// Built or fetched from elsewhere.
    pub tools: Tools,
    /// Built from this workspace.
    pub ours: Binaries,
}

/// The world around the operator.
#[derive(Debug)]
pub struct Environment {
    /// The sample back end.
    pub backend: Backend,
    /// The local AWS.
    pub aws: LocalAws,
    cluster: Cluster,
    /// The authority of the cache nodes' certificates; none where nodes are not real.
    cache_ca: Option<PathBuf>,
    kubectl: Kubectl,
    programs: Programs,
    place: Place,
}

/// What Kubernetes runs on.
#[derive(Debug)]
enum Cluster {
    /// A control plane of ours: the operator runs as a process.
    ControlPlane(Box<ControlPlane>),
    /// A node of ours: it runs in pods.
    Node(Box<Node>),
    /// Somebody else's, which stays: it runs as a process.
    Foreign,
}

impl Ports {
    /// Free ones.
    pub fn free() -> Result<Self> {
        Ok(Self {
            aws_address: Ipv4Addr::LOCALHOST,
            api_server: ports::free()?,
            aws: ports::free()?,
            backend: ports::free()?,
        })
    }
}

impl Programs {
    /// Finds, fetches or builds all of them: minutes on a new machine, a moment later on.
    pub fn prepare(profile: &str) -> Result<Self> {
        let tools = Tools::prepare(&Cache::from_env()?)?;
        let ours = progress::step("build the operator and the local AWS", || {
            Binaries::build(profile)
        })?;
        Ok(Self { tools, ours })
    }
}

impl Environment {
    /// Starts all of it but the operator for the tests of one program, on free ports, in `target`'s folder `name`
    /// (`target` is cargo's `CARGO_TARGET_TMPDIR`), where the logs can be read afterwards.
    ///
    /// It ends with the process that runs the tests, so it may be kept in a static and shared by them.
    pub fn for_tests(target: &Path, name: &str, behaviour: &Behaviour) -> Result<Self> {
        let place = Place {
            folder: target.join(name),
            lifetime: Lifetime::WithParent,
        };
        place.clear()?;
        Self::start(Programs::prepare("dev")?, place, Ports::free()?, behaviour)
    }

    /// Starts all of it but the operator.
    pub fn start(
        programs: Programs,
        place: Place,
        ports: Ports,
        behaviour: &Behaviour,
    ) -> Result<Self> {
        let control_plane = progress::step("start a Kubernetes control plane", || {
            ControlPlane::start(&programs.tools, &place, ports.api_server)
        })?;
        let kubectl = control_plane.kubectl().clone();
        let started = Self::around(kubectl, programs, place, ports, behaviour)?;
        Ok(Self {
            cluster: Cluster::ControlPlane(Box::new(control_plane)),
            ..started
        })
    }

    /// Starts all of it around a real node with the operator's `image`, whose pods reach the local AWS and its cache nodes.
    pub fn on_node(
        programs: Programs,
        node: &NodeTools,
        image: &Path,
        place: Place,
        behaviour: &Behaviour,
    ) -> Result<Self> {
        let node = progress::step("start a Kubernetes node", || {
            Node::start(&programs.tools, node, &place)
        })?;
        progress::step("give it the operator's image", || node.load(image))?;
        let ports = Ports {
            aws_address: node.network().machine(),
            ..Ports::free()?
        };
        let kubectl = node.kubectl().clone();
        let started = Self::around(kubectl, programs, place, ports, behaviour)?;
        Ok(Self {
            cluster: Cluster::Node(Box::new(node)),
            ..started
        })
    }

    /// Starts a local AWS and a back end beside a cluster that runs already.
    pub fn around(
        kubectl: Kubectl,
        programs: Programs,
        place: Place,
        ports: Ports,
        behaviour: &Behaviour,
    ) -> Result<Self> {
        let aws = progress::step("start the local AWS", || {
            LocalAws::start_at(
                &place,
                &programs.ours.local_aws,
                &programs.tools.valkey_server,
                SocketAddrV4::new(ports.aws_address, ports.aws),
                behaviour,
            )
        })?;
        let cache_ca = behaviour.nodes.then(|| aws.write_cache_ca(&place.folder));
        let cache_ca = cache_ca.transpose()?;
        let backend = progress::step("start the sample back end", || {
            Backend::start(&place, ports.backend, cache_ca.as_deref())
        })?;
        Ok(Self {
            cache_ca,
            backend,
            aws,
            cluster: Cluster::Foreign,
            kubectl,
            programs,
            place,
        })
    }

    /// Installs the chart, set to use the local AWS and with `values` besides, and runs the operator as its Deployment says, with the rights of
    /// its `ServiceAccount` and of the IAM policy that it prints, and no other.
    pub fn start_operator(&self, values: &[String]) -> Result<Operator> {
        self.limit_operator()?;
        let release = self.release();
        let local = [
            format!("aws.region={REGION}"),
            format!("aws.endpointUrl={}", self.aws.endpoint()),
        ];
        let values = [&local, values].concat();
        progress::step("helm install the chart", || release.install(&values))?;
        // Amazon's authorities are among a system's; the local AWS has its own.
        let authority = self.cache_ca.as_ref().map(|path| {
            let path = path.to_string_lossy().into_owned();
            ("SSL_CERT_FILE", path)
        });
        // It delivers no request late.
        let lifetime = ("CACHEDAPI_REQUEST_LIFETIME", "0s".to_owned());
        let identity: Vec<_> = local_aws::operators_credentials()
            .into_iter()
            .chain(authority)
            .chain([lifetime])
            .collect();
        progress::step(
            "start the operator as the Deployment and its ServiceAccount say",
            || {
                Operator::start(
                    &self.place,
                    &self.programs.ours.operator,
                    &release,
                    &identity,
                )
            },
        )
    }

    /// The id by which the operator tells this cluster from others, unless the chart names one.
    pub fn cluster_id(&self) -> Result<String> {
        let kube_system = self.kubectl.json(["get", "namespace", "kube-system"])?;
        let uid = kube_system["metadata"]["uid"].as_str();
        Ok(uid.unwrap_or_default().to_owned())
    }

    /// Lets the operator do in the local AWS what the IAM policy that it prints allows, and nothing else.
    pub fn limit_operator(&self) -> Result<()> {
        self.aws.limit_operator(&self.operators_policy()?)
    }

    /// The IAM policy that the operator prints for this cluster.
    pub fn operators_policy(&self) -> Result<Value> {
        let id = self.cluster_id()?;
        let mut print = Command::new(&self.programs.ours.operator);
        let policy = command::output(print.args(["iam-policy", "--cluster-id", &id]))?;
        serde_json::from_str(&policy)
            .map_err(|error| Error::Unexpected(format!("the policy is no JSON: {error}")))
    }

    /// The chart's release in the cluster.
    #[must_use]
    pub fn release(&self) -> Release<'_> {
        Release::new(&self.programs.tools.helm, &self.kubectl)
    }

    /// The node, where there is a real one.
    #[must_use]
    pub fn node(&self) -> Option<&Node> {
        match &self.cluster {
            Cluster::Node(node) => Some(node),
            Cluster::ControlPlane(_) | Cluster::Foreign => None,
        }
    }

    /// The same, to change it.
    pub fn node_mut(&mut self) -> Option<&mut Node> {
        match &mut self.cluster {
            Cluster::Node(node) => Some(node),
            Cluster::ControlPlane(_) | Cluster::Foreign => None,
        }
    }

    /// The authority of the cache nodes' certificates; none where nodes are not real.
    #[must_use]
    pub fn cache_ca(&self) -> Option<&Path> {
        self.cache_ca.as_deref()
    }

    /// The cluster's client.
    #[must_use]
    pub fn kubectl(&self) -> &Kubectl {
        &self.kubectl
    }

    /// The programs it runs.
    #[must_use]
    pub fn programs(&self) -> &Programs {
        &self.programs
    }

    /// The folder of kubeconfig, logs and state.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.place.folder
    }

    /// The CachedApi in the manifest `file`, its HTTP routes pointed to the sample back end.
    pub fn example(&self, file: &Path) -> Result<Value> {
        let file = file.to_string_lossy();
        let mut api = self
            .kubectl
            .json(["create", "--dry-run=client", "--filename", &file])?;
        backend::point_routes_to(&mut api, self.backend.url());
        Ok(api)
    }

    /// Lets all of it run on after this handle is gone.
    pub fn leave_running(self) {
        self.backend.leave_running();
        self.aws.leave_running();
        match self.cluster {
            Cluster::ControlPlane(control_plane) => control_plane.leave_running(),
            Cluster::Node(node) => node.leave_running(),
            Cluster::Foreign => {}
        }
    }
}
