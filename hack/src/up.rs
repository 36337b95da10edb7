//! The environment that stays: `up`, `status`, `down`, with everything in one folder.

use std::fs;
use std::path::Path;

use crate::cache::Cache;
use crate::environment::{Environment, Ports, Programs};
use crate::kubectl::Kubectl;
use crate::local_aws::{self, Behaviour};
use crate::operator::Operator;
use crate::process::{Lifetime, Place, Record};
use crate::tools::Tools;
use crate::{Error, Result, backend, node, ports, progress};

/// Starts everything on `ports` and leaves it running.
pub fn up(folder: &Path, ports: Ports) -> Result<()> {
    let place = detached(folder);
    place.clear()?;
    ports::claim(ports.api_server, "the API server", "API_SERVER_PORT=…")?;
    ports::claim(ports.aws, "the local AWS", "AWS_PORT=…")?;
    ports::claim(ports.backend, "the sample back end", "BACKEND_PORT=…")?;
    let programs = Programs::prepare("dev")?;
    let environment = Environment::start(
        programs,
        place,
        ports,
        &Behaviour {
            delays: "fast",
            quotas: true,
            nodes: true,
            log: "info",
        },
    )?;
    let operator = environment.start_operator(&[])?;
    write_env(&environment, &operator)?;
    operator.leave_running();
    environment.leave_running();
    Ok(())
}

/// Mounts a Secret for the sample back end that runs in `folder`.
pub fn mount(folder: &Path, namespace: &str, secret: &str) -> Result<()> {
    let tools = Tools::prepare(&Cache::from_env()?)?;
    let kubectl = Kubectl::new(tools.kubectl, folder.join("kubeconfig"));
    backend::mount(&detached(folder), &kubectl, namespace, secret)
}

/// The programs of `folder`, one a line.
pub fn status(folder: &Path) -> Result<String> {
    let records = records(folder)?;
    if records.is_empty() {
        return Ok(format!("nothing was started in {}\n", folder.display()));
    }
    let line = |record: &Record| {
        let state = if record.is_running() {
            "running"
        } else {
            "ended"
        };
        format!(
            "{:<24} {state:<8} pid {:<8} {}\n",
            record.name,
            record.pid,
            record.log.display()
        )
    };
    Ok(records.iter().map(line).collect())
}

/// Stops what was started in `folder`, and removes it.
pub fn down(folder: &Path) -> Result<()> {
    let mut records = records(folder)?;
    // With its namespaces all of a node ends. The operator before what it talks to, the controllers before the API server, etcd last.
    records.sort_by_key(|record| {
        [
            node::HOLDER,
            "operator",
            "backend",
            "local-aws",
            "kube-controller-manager",
            "kube-apiserver",
        ]
        .iter()
        .position(|name| *name == record.name)
        .unwrap_or(usize::MAX)
    });
    for record in records.iter().filter(|record| record.is_running()) {
        progress::step(&format!("stop {}", record.name), || record.stop())?;
    }
    detached(folder).clear()
}

fn detached(folder: &Path) -> Place {
    Place {
        folder: folder.to_owned(),
        lifetime: Lifetime::Detached,
    }
}

fn records(folder: &Path) -> Result<Vec<Record>> {
    Record::read_all(&folder.join("run"))
}

/// What a shell sources to use the environment.
fn write_env(environment: &Environment, operator: &Operator) -> Result<()> {
    let tools = &environment.programs().tools;
    let folder = |program: &Path| {
        program
            .parent()
            .map(|folder| folder.display().to_string())
            .unwrap_or_default()
    };
    let mut variables = vec![
        (
            "KUBECONFIG",
            environment.kubectl().kubeconfig().display().to_string(),
        ),
        ("GATEWAY_URL", environment.aws.gateway()),
        ("METRICS_URL", operator.metrics().to_owned()),
        ("BACKEND_URL", environment.backend.url().to_owned()),
    ];
    variables.extend(environment.aws.environment());
    variables.extend(local_aws::credentials());
    let exports: Vec<String> = variables
        .iter()
        .map(|(name, value)| format!("export {name}='{value}'"))
        .collect();
    let path = environment.folder().join("env");
    let path_line = format!(
        "export PATH='{}:{}':\"$PATH\"",
        folder(&tools.kubectl),
        folder(&tools.helm)
    );
    let text = format!("{}\n{path_line}\n", exports.join("\n"));
    fs::write(&path, text).map_err(Error::io(|| format!("write {}", path.display())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn down_removes_what_up_made_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        detached(folder.path()).subfolder("log").unwrap();
        for name in ["kubeconfig", "env", "notes"] {
            fs::write(folder.path().join(name), "").unwrap();
        }
        down(folder.path()).unwrap();
        let left = fs::read_dir(folder.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name());
        assert_eq!(left.collect::<Vec<_>>(), ["notes"]);
    }

    #[test]
    fn the_status_of_an_empty_folder_says_so() {
        let folder = tempfile::tempdir().unwrap();
        assert!(
            status(folder.path())
                .unwrap()
                .starts_with("nothing was started in ")
        );
    }
}
