//! The note about a started program that a later run reads, to stop that program and no other.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process, kill_process_group};
use serde::{Deserialize, Serialize};

use super::Stop;
use crate::wait::{self, Seen};
use crate::{Error, Result};

/// How long a program may take to stop before it is killed.
const STOP_DEADLINE: Duration = Duration::from_secs(10);

/// Which process a program became.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Record {
    /// The program's short name.
    pub name: String,
    /// Its process id.
    pub pid: u32,
    /// When it started, in clock ticks since boot: a process id is used again, this pair is not.
    pub started: u64,
    /// How it stops.
    pub stop: Stop,
    /// Its log file.
    pub log: PathBuf,
}

impl Record {
    pub(super) fn of(name: &str, stop: Stop, pid: u32, log: PathBuf) -> Result<Self> {
        let (_, started) = state_and_start(pid)
            .ok_or_else(|| Error::Unexpected(format!("{name} ended as it started")))?;
        Ok(Self {
            name: name.to_owned(),
            pid,
            started,
            stop,
            log,
        })
    }

    pub(super) fn write(&self, folder: &Path) -> Result<()> {
        let path = folder.join(format!("{}.json", self.name));
        let text =
            serde_json::to_string(self).map_err(|error| Error::Unexpected(error.to_string()))?;
        fs::write(&path, text).map_err(Error::io(|| format!("write {}", path.display())))
    }

    /// The records in `folder`, by name. A folder that is not there holds none.
    pub fn read_all(folder: &Path) -> Result<Vec<Self>> {
        let Ok(entries) = fs::read_dir(folder) else {
            return Ok(Vec::new());
        };
        let mut records = entries
            .flatten()
            .map(|entry| read(&entry.path()))
            .collect::<Result<Vec<_>>>()?;
        records.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(records)
    }

    /// Whether that very process still runs.
    #[must_use]
    pub fn is_running(&self) -> bool {
        // A zombie has ended; only its parent has not asked yet.
        state_and_start(self.pid)
            .is_some_and(|(state, started)| state != 'Z' && started == self.started)
    }

    /// Stops the process as it wants to be stopped, and kills what is left of its process group. Does nothing when it is gone.
    pub fn stop(&self) -> Result<()> {
        if !self.is_running() {
            return Ok(());
        }
        self.ask_to_stop()?;
        self.kill_group()?;
        self.wait_for_end()
    }

    /// Sends `signal` to the process, not to its group. The caller has not waited for its end, so that its id is nobody else's.
    pub(super) fn signal(&self, signal: Signal) -> Result<()> {
        kill_process(self.group()?, signal)
            .map_err(Into::into)
            .map_err(Error::io(|| format!("signal {}", self.name)))
    }

    /// Sends SIGTERM to a process that has something to finish, and gives it time.
    pub(super) fn ask_to_stop(&self) -> Result<()> {
        if self.stop == Stop::Gracefully && self.is_running() {
            // The program itself, not its group: it stops its own children in its own order.
            kill_process(self.group()?, Signal::TERM).ok();
            self.wait_for_end().ok();
        }
        Ok(())
    }

    /// For a process that runs or has just ended: later its id may be somebody else's.
    pub(super) fn kill_group(&self) -> Result<()> {
        kill_process_group(self.group()?, Signal::KILL).ok();
        Ok(())
    }

    fn wait_for_end(&self) -> Result<()> {
        let gone = || {
            if self.is_running() {
                Seen::NotYet("still running".to_owned())
            } else {
                Seen::Done(())
            }
        };
        wait::until(&format!("{} to end", self.name), STOP_DEADLINE, || {
            Ok(gone())
        })
    }

    fn group(&self) -> Result<Pid> {
        let id = i32::try_from(self.pid).ok().and_then(Pid::from_raw);
        id.ok_or_else(|| Error::Unexpected(format!("{} is not a process id", self.pid)))
    }
}

fn read(path: &Path) -> Result<Record> {
    let text =
        fs::read_to_string(path).map_err(Error::io(|| format!("read {}", path.display())))?;
    serde_json::from_str(&text)
        .map_err(|error| Error::Unexpected(format!("{}: {error}", path.display())))
}

/// State and start of a process: fields 3 and 22 of `/proc/PID/stat` (proc(5)).
fn state_and_start(pid: u32) -> Option<(char, u64)> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The second field is the program's name in parentheses, which may hold spaces and parentheses.
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace();
    Some((
        fields.next()?.chars().next()?,
        fields.nth(18)?.parse().ok()?,
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record_of_this_test() -> Record {
        Record::of(
            "test",
            Stop::AtOnce,
            std::process::id(),
            PathBuf::from("test.log"),
        )
        .unwrap()
    }

    #[test]
    fn a_record_survives_its_file() {
        let folder = tempfile::tempdir().unwrap();
        let record = record_of_this_test();
        record.write(folder.path()).unwrap();
        let read = Record::read_all(folder.path()).unwrap();
        assert_eq!(
            (read.len(), read[0].pid, read[0].started),
            (1, record.pid, record.started)
        );
        assert!(read[0].is_running());
    }

    #[test]
    fn another_process_with_the_same_id_is_not_ours_and_is_not_stopped() {
        let earlier = Record {
            started: record_of_this_test().started - 1,
            ..record_of_this_test()
        };
        assert!(!earlier.is_running());
        earlier.stop().unwrap();
    }
}
