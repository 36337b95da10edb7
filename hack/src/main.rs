//! `hack`: what the Makefile's targets run.

use std::io::{self, Write};
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::process::{self, ExitCode};

use cachedapi_hack::cache::Cache;
use cachedapi_hack::control_plane::ControlPlane;
use cachedapi_hack::environment::{Environment, Ports, Programs};
use cachedapi_hack::kubectl::Kubectl;
use cachedapi_hack::local_aws::Behaviour;
use cachedapi_hack::node::Node;
use cachedapi_hack::process::{Lifetime, Place};
use cachedapi_hack::tools::{self, NodeTools, Tools};
use cachedapi_hack::{Error, Result, bench, command, demo, image, ports, progress, up};
use clap::{Args, Parser, Subcommand, ValueEnum};
use serde_json::Value;

/// A Kubernetes control plane, a local AWS and the operator, on loopback.
#[derive(Parser)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// The main job from end to end, in an environment of its own that is gone afterwards
    Demo {
        /// Which cluster to use
        #[arg(long, value_enum, default_value_t = Cluster::Local)]
        cluster: Cluster,
    },
    /// Start everything and leave it running
    Up {
        #[command(flatten)]
        folder: Folder,
        #[command(flatten)]
        ports: PortArgs,
    },
    /// Mount a bound Secret for the sample back end that `up` started, as a kubelet would
    Mount {
        #[command(flatten)]
        folder: Folder,
        /// Namespace of the Secret
        #[arg(long, short, default_value = "default")]
        namespace: String,
        /// Name of the Secret
        secret: String,
    },
    /// Show what runs
    Status(Folder),
    /// Stop what `up` or `control-plane` started, and remove it
    Down(Folder),
    /// Start a bare control plane and leave it running
    ControlPlane {
        #[command(flatten)]
        folder: Folder,
        /// Port of the API server
        #[arg(long, env = "API_SERVER_PORT", default_value_t = 7443)]
        api_server_port: u16,
    },
    /// Start a real node with its control plane and leave it running
    Node(Folder),
    /// Build the operator's image into an archive, an OCI layout in a tar file, and print its digest
    Image {
        /// The archive
        file: PathBuf,
        /// Profile of cargo
        #[arg(long, default_value = "dev")]
        profile: String,
    },
    /// Measure calls, times and memory, and print them as JSON
    Bench {
        /// Number of objects for the idle figures
        #[arg(long, default_value_t = 1000)]
        idle_objects: usize,
    },
    /// Measure many objects on a real node, and print the results as JSON (Linux, root)
    BenchNode {
        /// Number of objects
        #[arg(long, default_value_t = 1000)]
        objects: usize,
    },
    /// Build or fetch the programs into the cache folder and print where they are
    Tools,
    /// Check licences, bans and sources of the dependencies with cargo-deny
    Deny,
}

#[derive(Clone, Copy, ValueEnum)]
enum Cluster {
    /// A control plane started for the demo, with the operator as a process beside it
    Local,
    /// A real node started for the demo, with the operator in a pod (Linux, root)
    Node,
    /// The current context of your kubeconfig, after asking
    Current,
}

#[derive(Args)]
struct Folder {
    /// Folder of kubeconfig, logs and state
    #[arg(long, default_value = ".local")]
    folder: PathBuf,
}

#[derive(Args)]
struct PortArgs {
    /// Port of the API server
    #[arg(
        long = "api-server-port",
        env = "API_SERVER_PORT",
        default_value_t = 7443
    )]
    api_server: u16,
    /// Port of the local AWS
    #[arg(long = "aws-port", env = "AWS_PORT", default_value_t = 4566)]
    aws: u16,
    /// Port of the sample back end
    #[arg(long = "backend-port", env = "BACKEND_PORT", default_value_t = 7080)]
    backend: u16,
}

/// What to do with an environment that runs.
const GUIDE: &str = r#"It runs. To try it:

  source FOLDER/env
  sed "s#https://orders.example.com#$BACKEND_URL#" examples/orders.yaml | kubectl apply -f -
  kubectl wait --for=condition=Ready cachedapi/orders
  make mount SECRET=orders-cache
  curl -i "$GATEWAY_URL/$(kubectl get cachedapi orders -o jsonpath='{.status.api.id}')/prod/orders/42"

To stop it: make down
"#;

fn main() -> ExitCode {
    match run(Cli::parse().command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("\nhack: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(command: Command) -> Result<()> {
    match command {
        Command::Demo { cluster } => in_temporary_folder(|folder| demo_in(folder, cluster)),
        Command::Up { folder, ports } => {
            let folder = folder.absolute()?;
            up::up(&folder, ports.ports())?;
            print!(
                "\n{}",
                GUIDE.replace("FOLDER", &folder.display().to_string())
            );
            Ok(())
        }
        Command::Mount {
            folder,
            namespace,
            secret,
        } => up::mount(&folder.absolute()?, &namespace, &secret),
        Command::Status(folder) => {
            print!("{}", up::status(&folder.absolute()?)?);
            Ok(())
        }
        Command::Down(folder) => up::down(&folder.absolute()?),
        Command::ControlPlane {
            folder,
            api_server_port,
        } => start_control_plane(folder.absolute()?, api_server_port),
        Command::Node(folder) => start_node(folder.absolute()?),
        Command::Image { file, profile } => {
            println!("{}", build_image(&profile, &file)?);
            Ok(())
        }
        Command::Bench { idle_objects } => measure(|folder| bench::run(folder, idle_objects)),
        Command::BenchNode { objects } => measure(|folder| bench::run_on_node(folder, objects)),
        Command::Deny => deny(),
        Command::Tools => {
            println!("{:#?}", Tools::prepare(&Cache::from_env()?)?);
            Ok(())
        }
    }
}

/// A folder that goes afterwards, but stays with its logs when `work` fails.
fn in_temporary_folder<T>(work: impl FnOnce(&Path) -> Result<T>) -> Result<T> {
    let folder = tempfile::Builder::new()
        .prefix("cachedapi-")
        .tempdir()
        .map_err(Error::io(|| "create a folder".to_owned()))?;
    let done = work(folder.path());
    if done.is_err() {
        eprintln!("\nThe logs are in {}", folder.keep().display());
    }
    done
}

fn measure(measurement: impl FnOnce(&Path) -> Result<Value>) -> Result<()> {
    let results = in_temporary_folder(measurement)?;
    println!("{results:#}");
    Ok(())
}

fn demo_in(folder: &Path, cluster: Cluster) -> Result<()> {
    let place = Place {
        folder: folder.to_owned(),
        lifetime: Lifetime::WithParent,
    };
    let behaviour = Behaviour {
        delays: "fast",
        quotas: true,
        nodes: true,
        log: "info",
    };
    let programs = Programs::prepare("dev")?;
    let (environment, values) = match cluster {
        Cluster::Local => (
            Environment::start(programs, place, Ports::free()?, &behaviour)?,
            Vec::new(),
        ),
        Cluster::Node => {
            let node = NodeTools::prepare(&Cache::from_env()?)?;
            let image = folder.join("operator.tar");
            build_image("dev", &image)?;
            (
                Environment::on_node(programs, &node, &image, place, &behaviour)?,
                Vec::new(),
            )
        }
        Cluster::Current => {
            let kubectl = ask_for_current_context(&programs.tools, folder)?;
            // The operator runs here and not in a pod of that cluster.
            let values = vec!["replicas=0".to_owned()];
            (
                Environment::around(kubectl, programs, place, Ports::free()?, &behaviour)?,
                values,
            )
        }
    };
    demo::run(&environment, &values)?;
    progress::step("stop everything that was started", || {
        drop(environment);
        Ok(())
    })
}

/// A client of the current context, from a copy of its part of the kubeconfig, once the user has agreed.
fn ask_for_current_context(tools: &Tools, folder: &Path) -> Result<Kubectl> {
    let kubectl = Kubectl::of_current_context(&tools.kubectl, &folder.join("kubeconfig"))?;
    let context = kubectl.run(["config", "current-context"])?;
    refuse_an_installation(&kubectl, context.trim())?;
    let server = kubectl.run([
        "config",
        "view",
        "--minify",
        "--output",
        "jsonpath={.clusters[0].cluster.server}",
    ])?;
    eprint!(
        "The demo will install the chart into the cluster of the context {} ({server}), create the namespace {}, and remove everything again.\n\
         The operator, the local AWS and the back end run on this machine. Go on? [y/N] ",
        context.trim(),
        demo::NAMESPACE,
    );
    io::stderr().flush().ok();
    let mut answer = String::new();
    io::stdin()
        .read_line(&mut answer)
        .map_err(Error::io(|| "read the answer".to_owned()))?;
    if answer.trim().eq_ignore_ascii_case("y") {
        Ok(kubectl)
    } else {
        Err(Error::Unexpected("not agreed: nothing was done".to_owned()))
    }
}

/// The demo removes what it installs, so it does not install over what somebody uses.
fn refuse_an_installation(kubectl: &Kubectl, context: &str) -> Result<()> {
    let crd = [
        "get",
        "crd",
        "cachedapis.cachedapi.dev",
        "--ignore-not-found",
        "--output",
        "name",
    ];
    if kubectl.run(crd)?.trim().is_empty() {
        return Ok(());
    }
    Err(Error::Unexpected(format!(
        "the cluster of the context {context} has the CachedApi CRD, so the operator is or was installed there; the demo would replace and remove it. \
         Choose another context (kubectl config use-context), or, if nothing needs it any more, remove it first: helm uninstall it and \
         kubectl delete crd {}",
        demo::CRDS.join(" ")
    )))
}

fn start_control_plane(folder: PathBuf, port: u16) -> Result<()> {
    let port = ports::claim(port, "the API server", "API_SERVER_PORT=…")?;
    let tools = Tools::prepare(&Cache::from_env()?)?;
    let place = Place {
        folder,
        lifetime: Lifetime::Detached,
    };
    let started = progress::step("start the control plane", || {
        ControlPlane::start(&tools, &place, port)
    })?;
    println!(
        "export KUBECONFIG={}\n# kubectl: {}",
        started.kubeconfig().display(),
        tools.kubectl.display()
    );
    started.leave_running();
    Ok(())
}

/// The digest of the image, which is in the archive `file` then.
fn build_image(profile: &str, file: &Path) -> Result<String> {
    progress::step("build the operator's image", || {
        image::build_operator(profile, file)
    })
}

fn start_node(folder: PathBuf) -> Result<()> {
    let cache = Cache::from_env()?;
    let place = Place {
        folder,
        lifetime: Lifetime::Detached,
    };
    place.clear()?;
    let (tools, programs) = (Tools::prepare(&cache)?, NodeTools::prepare(&cache)?);
    let node = progress::step("start a node", || Node::start(&tools, &programs, &place))?;
    println!(
        "export KUBECONFIG={}\n# kubectl: {}",
        node.kubectl().kubeconfig().display(),
        tools.kubectl.display()
    );
    node.leave_running();
    Ok(())
}

fn deny() -> Result<()> {
    let program = tools::cargo_deny(&Cache::from_env()?)?;
    let mut check = process::Command::new(program);
    // The advisories need a database from the internet: `cargo deny check advisories` where it can be had.
    command::output(check.args([
        "--log-level",
        "warn",
        "check",
        "bans",
        "licenses",
        "sources",
    ]))
    .map(drop)
}

impl Folder {
    fn absolute(self) -> Result<PathBuf> {
        std::path::absolute(self.folder).map_err(Error::io(|| "find the current folder".to_owned()))
    }
}

impl PortArgs {
    fn ports(&self) -> Ports {
        Ports {
            aws_address: Ipv4Addr::LOCALHOST,
            api_server: self.api_server,
            aws: self.aws,
            backend: self.backend,
        }
    }
}
