//! The operator as the chart installs it, run here instead of in a pod.
//!
//! There is no kubelet to run the chart's pod, so this does: the arguments and environment are those of the installed
//! Deployment, the kubeconfig holds a token of its `ServiceAccount` and nothing else. So the chart's values and RBAC are proven.

mod pod;
mod pods;

pub use pods::Pods;

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use serde_json::{Value, json};

use crate::control_plane::write_private;
use crate::kubectl::Kubectl;
use crate::process::{Launch, Place, Process, Stop};
use crate::{Error, Result, command, http, ports, tools};
use pod::Pod;

/// The chart's release and where it is installed.
pub const RELEASE: &str = "cachedapi";
/// The namespace of the release.
pub const NAMESPACE: &str = "cachedapi-system";

const START_DEADLINE: Duration = Duration::from_secs(30);

/// A Helm release of the chart: [`RELEASE`] of `charts/cachedapi`, unless it is told otherwise.
#[derive(Clone, Debug)]
pub struct Release<'a> {
    helm: &'a Path,
    kubectl: &'a Kubectl,
    name: &'a str,
    chart: PathBuf,
}

/// A running operator.
#[derive(Debug)]
pub struct Operator {
    process: Process,
    launch: Launch,
    place: Place,
    health: String,
    metrics: String,
}

impl<'a> Release<'a> {
    /// The release in the cluster of `kubectl`, which need not be installed yet.
    #[must_use]
    pub fn new(helm: &'a Path, kubectl: &'a Kubectl) -> Self {
        Self {
            helm,
            kubectl,
            name: RELEASE,
            chart: tools::root().join("charts/cachedapi"),
        }
    }

    /// The release `name` in the same namespace.
    #[must_use]
    pub fn named(self, name: &'a str) -> Self {
        Self { name, ..self }
    }

    /// The release with the chart in the folder `chart`.
    #[must_use]
    pub fn of_chart(self, chart: PathBuf) -> Self {
        Self { chart, ..self }
    }

    /// Installs the chart, or upgrades it, with `values` (`name=value` as for `helm --set`). Returns what helm says.
    pub fn install(&self, values: &[String]) -> Result<String> {
        command::output(&mut self.installation(values))
    }

    /// The same with `file` as a file of values, and waits until the pods are ready.
    pub fn install_pods(&self, file: &Value, values: &[String]) -> Result<()> {
        let mut install = self.installation(values);
        install.args(["--values", "-", "--wait", "--timeout", "2m"]);
        command::output_of_input(&mut install, &file.to_string()).map(drop)
    }

    fn installation(&self, values: &[String]) -> Command {
        let mut install = self.helm();
        install
            .args(["upgrade", "--install", self.name])
            .arg(&self.chart);
        install
            .arg("--create-namespace")
            .args(values.iter().flat_map(|value| ["--set", value]));
        install
    }

    /// Removes it; the CRD and the objects in it stay, as Helm leaves CRDs. Returns what helm says.
    pub fn uninstall(&self) -> Result<String> {
        command::output(self.helm().args(["uninstall", self.name, "--wait"]))
    }

    /// The installed Deployment.
    pub fn deployment(&self) -> Result<Value> {
        let selector = format!("app.kubernetes.io/instance={}", self.name);
        let mut list = self.kubectl.json([
            "get",
            "deployments",
            "--namespace",
            NAMESPACE,
            "--selector",
            &selector,
        ])?;
        match list["items"]
            .as_array_mut()
            .map(std::mem::take)
            .as_deref_mut()
        {
            Some([deployment]) => Ok(deployment.take()),
            _ => Err(Error::Unexpected(format!(
                "the chart installs no single Deployment labelled {selector}"
            ))),
        }
    }

    /// `helm`, bound to the cluster and the namespace, ready for more arguments.
    #[must_use]
    pub fn helm(&self) -> Command {
        let mut helm = Command::new(self.helm);
        helm.env("KUBECONFIG", self.kubectl.kubeconfig())
            .args(["--namespace", NAMESPACE]);
        helm
    }
}

impl Operator {
    /// Runs `program` as the pod of `release` and waits until it is ready. `identity` is the part of the environment
    /// that EKS injects into a pod: its AWS credentials.
    pub fn start(
        place: &Place,
        program: &Path,
        release: &Release,
        identity: &[(&str, String)],
    ) -> Result<Self> {
        let pod = Pod::of(&release.deployment()?)?;
        let config = kubeconfig(release.kubectl, &pod.service_account)?;
        let kubeconfig = place.subfolder("state")?.join("operator.kubeconfig");
        write_private(&kubeconfig, &config.to_string())?;
        let mut env = pod.env;
        env.extend(
            identity
                .iter()
                .map(|(name, value)| ((*name).to_owned(), value.into())),
        );
        env.push(("KUBECONFIG".to_owned(), kubeconfig.into()));
        let mut operator = Self::spawn(place, program, pod.args, env)?;
        operator.wait_until_ready()?;
        Ok(operator)
    }

    /// Runs `program`, which becomes an operator, with `args` and `env`, on ports of its own.
    pub fn spawn(
        place: &Place,
        program: &Path,
        args: Vec<OsString>,
        mut env: Vec<(String, OsString)>,
    ) -> Result<Self> {
        let (health, metrics) = (loopback()?, loopback()?);
        // The one thing that differs from the pod, which has an address to itself.
        env.push(("CACHEDAPI_HEALTH_ADDRESS".to_owned(), health.clone().into()));
        env.push((
            "CACHEDAPI_METRICS_ADDRESS".to_owned(),
            metrics.clone().into(),
        ));
        let launch = Launch {
            name: "operator",
            program: program.to_owned(),
            args,
            env,
            stop: Stop::Gracefully,
        };
        let process = place.start(launch.clone())?;
        let (health, metrics) = (
            format!("http://{health}"),
            format!("http://{metrics}/metrics"),
        );
        Ok(Self {
            process,
            launch,
            place: place.clone(),
            health,
            metrics,
        })
    }

    /// Kills it as a crash would, starts it again, and waits until it is ready.
    pub fn crash(&mut self) -> Result<()> {
        self.restart()?;
        self.wait_until_ready()
    }

    /// Kills it as a crash would, unless it has ended by itself, and starts it again.
    pub fn restart(&mut self) -> Result<()> {
        self.process.kill()?;
        self.process = self.place.start(self.launch.clone())?;
        Ok(())
    }

    /// Waits until it says that it is ready: it works, or stands by.
    pub fn wait_until_ready(&mut self) -> Result<()> {
        let url = format!("{}/readyz", self.health);
        self.process
            .wait_until("the operator to be ready", START_DEADLINE, || {
                Ok(http::seen_ok(&url))
            })
    }

    /// The URL of its metrics.
    #[must_use]
    pub fn metrics(&self) -> &str {
        &self.metrics
    }

    /// The process, to watch or stop it.
    pub fn process(&mut self) -> &mut Process {
        &mut self.process
    }

    /// Lets it run on after this handle is gone.
    pub fn leave_running(self) {
        self.process.leave_running();
    }
}

fn loopback() -> Result<String> {
    Ok(format!("127.0.0.1:{}", ports::free()?))
}

/// A kubeconfig with the cluster of `kubectl` and a token of the service account `account` in [`NAMESPACE`].
pub fn kubeconfig(kubectl: &Kubectl, account: &str) -> Result<Value> {
    let mut config = kubectl.json(["config", "view", "--minify", "--flatten", "--raw"])?;
    let token = kubectl.run([
        "create",
        "token",
        account,
        "--namespace",
        NAMESPACE,
        "--duration=24h",
    ])?;
    config["users"] = json!([{"name": account, "user": {"token": token.trim()}}]);
    config["contexts"][0]["context"]["user"] = account.into();
    config["contexts"][0]["context"]["namespace"] = NAMESPACE.into();
    Ok(config)
}

/// What a program gets: here because [`Pod`] and [`Operator`] share it.
type Env = Vec<(String, OsString)>;
