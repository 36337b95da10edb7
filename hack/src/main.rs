//! `hack`: what the Makefile's targets run.

use std::path::PathBuf;
use std::process::ExitCode;

use cachedapi_hack::cache::Cache;
use cachedapi_hack::control_plane::ControlPlane;
use cachedapi_hack::process::{Lifetime, Place, Record};
use cachedapi_hack::tools::Tools;
use cachedapi_hack::{Error, Result, ports, progress};
use clap::{Parser, Subcommand};

/// A Kubernetes control plane, a local AWS and the operator, on loopback.
#[derive(Parser)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Build or fetch the programs into the cache folder and print where they are
    Tools,
    /// Start a bare control plane that keeps running (no AWS, no operator)
    ControlPlane {
        /// Folder of its kubeconfig, logs and state
        #[arg(long, default_value = ".local")]
        folder: PathBuf,
        /// Port of the API server
        #[arg(long, env = "CACHEDAPI_API_SERVER_PORT", default_value_t = 7443)]
        api_server_port: u16,
    },
    /// Stop what was started in a folder
    Down {
        /// The folder
        #[arg(long, default_value = ".local")]
        folder: PathBuf,
    },
}

fn main() -> ExitCode {
    match run(Cli::parse().command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("hack: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(command: Command) -> Result<()> {
    match command {
        Command::Tools => Tools::prepare(&Cache::from_env()?).map(|tools| println!("{tools:#?}")),
        Command::ControlPlane {
            folder,
            api_server_port,
        } => control_plane(&folder, api_server_port),
        Command::Down { folder } => down(&folder),
    }
}

fn control_plane(folder: &std::path::Path, port: u16) -> Result<()> {
    let tools = Tools::prepare(&Cache::from_env()?)?;
    let port = ports::claim(port, "the API server", "--api-server-port")?;
    let folder =
        std::path::absolute(folder).map_err(Error::io(|| "find the current folder".to_owned()))?;
    let place = Place {
        folder,
        lifetime: Lifetime::Detached,
    };
    let started = progress::step("start the control plane", || {
        ControlPlane::start(&tools, &place, port)
    })?;
    println!("export KUBECONFIG={}", started.kubeconfig().display());
    println!("# kubectl: {}", tools.kubectl.display());
    started.leave_running();
    Ok(())
}

fn down(folder: &std::path::Path) -> Result<()> {
    for record in Record::read_all(&folder.join("run"))? {
        record.stop()?;
    }
    Ok(())
}
