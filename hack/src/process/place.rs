//! Where programs are started.

use std::fs::{self, File};
use std::io;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use super::{Launch, Process, Record, spawner};
use crate::{Error, Result};

/// Everything that is ever made in a place.
const MADE: [&str; 7] = [
    "run",
    "log",
    "state",
    "bindings",
    "kubeconfig",
    "env",
    "cache-ca.pem",
];

/// Whether a program ends with the process that started it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lifetime {
    /// The kernel signals it when its parent ends, however that ends.
    WithParent,
    /// It goes on in a session of its own, once [`Process::leave_running`] was called, until [`Record::stop`].
    Detached,
}

/// Where programs are started: the folder of their logs and records, and their lifetime.
#[derive(Clone, Debug)]
pub struct Place {
    /// The folder; `log/` and `run/` are created in it.
    pub folder: PathBuf,
    /// Whether they end with this process.
    pub lifetime: Lifetime,
}

impl Place {
    /// Starts a program in a process group of its own, with both outputs in `log/<name>.log`.
    pub fn start(&self, launch: Launch) -> Result<Process> {
        let log = self.subfolder("log")?.join(format!("{}.log", launch.name));
        let file = || {
            File::options()
                .create(true)
                .append(true)
                .open(&log)
                .map_err(Error::io(|| format!("open {}", log.display())))
        };
        let mut command = self.wrapped(&launch);
        command
            .args(&launch.args)
            .envs(launch.env)
            .stdin(Stdio::null())
            .stdout(file()?)
            .stderr(file()?);
        let child = spawner::spawn(command)?;
        let record = Record::of(launch.name, launch.stop, child.id(), log)?;
        record.write(&self.subfolder("run")?)?;
        Ok(Process::new(record, child))
    }

    /// util-linux's `setpriv` and `setsid` replace themselves by the program, so its process id is the child's.
    fn wrapped(&self, launch: &Launch) -> Command {
        let mut command = match self.lifetime {
            Lifetime::WithParent => {
                let mut command = Command::new("setpriv");
                command
                    .process_group(0)
                    .args(["--pdeathsig", launch.stop.signal_name(), "--"]);
                command
            }
            Lifetime::Detached => Command::new("setsid"),
        };
        command.arg(&launch.program);
        command
    }

    /// Removes what an earlier run made here, and nothing else. Refuses while any of it runs.
    pub fn clear(&self) -> Result<()> {
        let run = self.folder.join("run");
        if Record::read_all(&run)?.iter().any(Record::is_running) {
            let folder = self.folder.display();
            return Err(Error::Unexpected(format!(
                "something runs already in {folder}: see `make status`, stop it with `make down`"
            )));
        }
        for name in MADE {
            let path = self.folder.join(name);
            let removed = if path.is_dir() {
                fs::remove_dir_all(&path)
            } else {
                fs::remove_file(&path)
            };
            match removed {
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    return Err(Error::io(|| format!("remove {}", path.display()))(error));
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// A folder in this place, created if absent.
    pub fn subfolder(&self, name: &str) -> Result<PathBuf> {
        let folder = self.folder.join(name);
        fs::create_dir_all(&folder)
            .map_err(Error::io(|| format!("create {}", folder.display())))?;
        Ok(folder)
    }
}
