//! Why nodes are not what they should be.

use std::io;

/// A node could not be started or brought in step. Never holds a password: commands are named by their first words.
#[derive(Debug, thiserror::Error)]
pub enum NodeError {
    /// The server ended or never answered.
    #[error("node {node} did not start: {log}")]
    NotStarted {
        /// Id of the cache cluster.
        node: String,
        /// The end of the server's log.
        log: String,
    },
    /// Files, processes or sockets.
    #[error("cannot {doing}")]
    Io {
        /// What was tried.
        doing: &'static str,
        /// Why it failed.
        source: io::Error,
    },
    /// The server refused a command.
    #[error("{command} was answered with {reply}")]
    Refused {
        /// The first words of the command.
        command: String,
        /// The error as the server words it.
        reply: String,
    },
    /// A certificate could not be made or read.
    #[error("no certificate for the nodes")]
    Certificate(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// A condition was not met in time.
    #[error("{0} took too long")]
    Late(&'static str),
}

impl NodeError {
    /// Names what was being done when `source` came up.
    pub(super) fn io(doing: &'static str) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Io { doing, source }
    }

    /// Any error of the certificate libraries.
    pub(super) fn certificate(source: impl std::error::Error + Send + Sync + 'static) -> Self {
        Self::Certificate(Box::new(source))
    }
}
