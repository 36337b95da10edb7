//! What can go wrong when programs are fetched, started and watched, said so that the reader knows what to do next.

use std::io;
use std::path::PathBuf;

/// Result of everything in this crate.
pub type Result<T> = std::result::Result<T, Error>;

/// Why something could not be built, started or reached.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A program of the machine is not on the PATH.
    #[error("{tool} is not on the PATH; {hint}")]
    MissingTool {
        /// The program.
        tool: String,
        /// How to get it.
        hint: &'static str,
    },
    /// A file, folder, socket or process operation failed.
    #[error("cannot {what}: {source}")]
    Io {
        /// The operation and its object, as a verb phrase.
        what: String,
        /// The operating system's reason.
        source: io::Error,
    },
    /// A command ended with a non-zero status.
    #[error("`{command}` failed ({status}):\n{output}")]
    Command {
        /// The command line.
        command: String,
        /// Its exit status.
        status: String,
        /// The last lines of its error output.
        output: String,
    },
    /// A started program ended although it should run.
    #[error("{name} ended ({status}); the last lines of {}:\n{tail}", log.display())]
    Ended {
        /// The program.
        name: String,
        /// Its exit status.
        status: String,
        /// Its log.
        log: PathBuf,
        /// The last lines of the log.
        tail: String,
    },
    /// A condition did not become true in time.
    #[error("waited {seconds} s for {what}: {last}")]
    Deadline {
        /// The condition.
        what: String,
        /// How long it was waited for.
        seconds: u64,
        /// What was seen last.
        last: String,
    },
    /// A port that was asked for is in use.
    #[error(
        "port {port} for {what} is in use; choose another with {setting}, or stop what listens there"
    )]
    PortTaken {
        /// What would have listened.
        what: &'static str,
        /// The port.
        port: u16,
        /// The flag or variable that changes it.
        setting: &'static str,
    },
    /// Something answered, but not what it should have.
    #[error("{0}")]
    Unexpected(String),
}

impl Error {
    /// Turns an [`io::Error`] into ours, naming the operation: `fs::read(p).map_err(Error::io(|| format!("read {p}")))`.
    pub fn io(what: impl FnOnce() -> String) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Io {
            what: what(),
            source,
        }
    }
}
