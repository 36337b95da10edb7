//! The Kubernetes client, bound to one kubeconfig.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::control_plane::write_private;
use crate::{Error, Result, command};

/// kubectl with the kubeconfig that it must use; an inherited `KUBECONFIG` plays no part.
#[derive(Clone, Debug)]
pub struct Kubectl {
    program: PathBuf,
    kubeconfig: PathBuf,
}

impl Kubectl {
    /// A client of the cluster that `kubeconfig` names.
    #[must_use]
    pub fn new(program: PathBuf, kubeconfig: PathBuf) -> Self {
        Self {
            program,
            kubeconfig,
        }
    }

    /// A client of the current context of the inherited kubeconfig, by way of a copy of that context in `copy`.
    pub fn of_current_context(program: &Path, copy: &Path) -> Result<Self> {
        let view = ["config", "view", "--minify", "--flatten", "--raw"];
        write_private(copy, &command::output(Command::new(program).args(view))?)?;
        Ok(Self::new(program.to_owned(), copy.to_owned()))
    }

    /// The kubeconfig it uses.
    #[must_use]
    pub fn kubeconfig(&self) -> &Path {
        &self.kubeconfig
    }

    /// Runs `kubectl ARGS` and returns what it printed.
    pub fn run<A: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = A>) -> Result<String> {
        command::output(self.command().args(args))
    }

    /// Runs `kubectl ARGS -o json`.
    pub fn json<A: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = A>) -> Result<Value> {
        let text = command::output(self.command().args(args).args(["-o", "json"]))?;
        serde_json::from_str(&text)
            .map_err(|error| Error::Unexpected(format!("kubectl printed no JSON: {error}")))
    }

    /// Server-side apply of a manifest (YAML or JSON).
    pub fn apply(&self, manifest: &str) -> Result<String> {
        command::output_of_input(
            self.command().args(["apply", "--server-side", "-f", "-"]),
            manifest,
        )
    }

    /// `kubectl`, ready for more arguments.
    #[must_use]
    pub fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        command.env("KUBECONFIG", &self.kubeconfig);
        command
    }
}
