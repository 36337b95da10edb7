//! A started program: its log, its end with its parent's, and a stop that hits nothing else.

mod place;
mod record;
mod spawner;

pub use place::{Lifetime, Place};
pub use record::Record;

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, ExitStatus};
use std::time::Duration;

use rustix::process::Signal;
use serde::{Deserialize, Serialize};

use crate::wait::{self, Seen};
use crate::{Error, Result, command};

/// How a program is asked to stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Stop {
    /// SIGTERM, and SIGKILL after ten seconds: it has something to finish.
    Gracefully,
    /// SIGKILL: its data is thrown away (an API server takes up to a minute to drain its watches).
    AtOnce,
}

/// What to start.
#[derive(Clone, Debug)]
pub struct Launch {
    /// Short name: of the log file, in messages.
    pub name: &'static str,
    /// The program.
    pub program: PathBuf,
    /// Its arguments.
    pub args: Vec<OsString>,
    /// Its environment in addition to the inherited one.
    pub env: Vec<(String, OsString)>,
    /// How it stops.
    pub stop: Stop,
}

impl Launch {
    /// What is killed when it is to end, and needs no environment of its own.
    pub(crate) fn at_once(
        name: &'static str,
        program: &Path,
        args: impl IntoIterator<Item = String>,
    ) -> Self {
        Self {
            name,
            program: program.to_owned(),
            args: args.into_iter().map(OsString::from).collect(),
            env: Vec::new(),
            stop: Stop::AtOnce,
        }
    }

    /// The same, started by `command`, which becomes it or ends with it. An empty one changes nothing.
    #[must_use]
    pub fn behind(self, command: &[OsString]) -> Self {
        let mut words = command.to_vec();
        words.push(self.program.into());
        words.extend(self.args);
        let args = words.split_off(1);
        Self {
            program: words.remove(0).into(),
            args,
            ..self
        }
    }
}

/// A running program. It is stopped when this handle is dropped.
#[derive(Debug)]
pub struct Process {
    record: Record,
    state: State,
    left_running: bool,
}

#[derive(Debug)]
enum State {
    /// Not waited for yet: until then nobody else gets its process id, so signals to its group hit only what is ours.
    Running(Child),
    Ended(ExitStatus),
}

impl Process {
    fn new(record: Record, child: Child) -> Self {
        Self {
            record,
            state: State::Running(child),
            left_running: false,
        }
    }

    /// An error with the last lines of its log if the program has ended.
    pub fn check(&mut self) -> Result<()> {
        if self.record.is_running() {
            Ok(())
        } else {
            Err(self.ended())
        }
    }

    /// Waits until `ready` holds; ends early when the program does.
    pub fn wait_until(
        &mut self,
        what: &str,
        deadline: Duration,
        mut ready: impl FnMut() -> Result<Seen<()>>,
    ) -> Result<()> {
        let waited = wait::until(what, deadline, || {
            self.check()?;
            ready()
        });
        waited.map_err(|error| match error {
            Error::Deadline {
                what,
                seconds,
                last,
            } => {
                let last = format!(
                    "{last}\nthe last lines of {}:\n{}",
                    self.record.log.display(),
                    self.log_tail()
                );
                Error::Deadline {
                    what,
                    seconds,
                    last,
                }
            }
            other => other,
        })
    }

    /// Its process id.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.record.pid
    }

    /// Its log file.
    #[must_use]
    pub fn log(&self) -> &Path {
        &self.record.log
    }

    /// Gives up the handle; a detached program goes on.
    pub fn leave_running(mut self) {
        self.left_running = true;
    }

    /// Stops the program where it is, as a hypervisor does with a machine: it notices nothing (SIGSTOP).
    pub fn freeze(&self) -> Result<()> {
        self.record.signal(Signal::STOP)
    }

    /// Lets it go on (SIGCONT).
    pub fn thaw(&self) -> Result<()> {
        self.record.signal(Signal::CONT)
    }

    /// Tells it to end, and does not wait for that (SIGTERM).
    pub fn terminate(&self) -> Result<()> {
        self.record.signal(Signal::TERM)
    }

    /// Kills the program at once, as a crash would.
    pub fn kill(&mut self) -> Result<()> {
        self.reap().map(drop)
    }

    /// Stops the program, and what it may have started in its process group, and waits for its end.
    pub fn stop(&mut self) -> Result<()> {
        self.record.ask_to_stop()?;
        self.kill()
    }

    fn reap(&mut self) -> Result<ExitStatus> {
        let status = match &mut self.state {
            State::Ended(status) => return Ok(*status),
            State::Running(child) => {
                self.record.kill_group()?;
                child
                    .wait()
                    .map_err(Error::io(|| format!("wait for {}", self.record.name)))?
            }
        };
        self.state = State::Ended(status);
        Ok(status)
    }

    fn ended(&mut self) -> Error {
        match self.reap() {
            Err(error) => error,
            Ok(status) => Error::Ended {
                name: self.record.name.clone(),
                status: status.to_string(),
                log: self.record.log.clone(),
                tail: self.log_tail(),
            },
        }
    }

    /// The last lines of its log.
    #[must_use]
    pub fn log_tail(&self) -> String {
        command::tail(&String::from_utf8_lossy(
            &fs::read(&self.record.log).unwrap_or_default(),
        ))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if !self.left_running {
            self.stop().ok();
        }
    }
}

impl Stop {
    fn signal_name(self) -> &'static str {
        match self {
            Self::Gracefully => "TERM",
            Self::AtOnce => "KILL",
        }
    }
}

#[cfg(test)]
mod tests;
