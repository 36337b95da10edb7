//! Our own programs, built by cargo.

use std::collections::BTreeMap;
use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::{Error, Result, command, tools};

const OPERATOR: &str = "cachedapi-operator";

/// Paths of the workspace's programs.
#[derive(Clone, Debug)]
pub struct Binaries {
    /// The operator.
    pub operator: PathBuf,
    /// The local AWS.
    pub local_aws: PathBuf,
}

impl Binaries {
    /// Builds what is not up to date. `profile` is cargo's: `dev`, `release`.
    pub fn build(profile: &str) -> Result<Self> {
        let built = built(cargo(profile).args(["--workspace", "--bins"]))?;
        Ok(Self {
            operator: path(&built, OPERATOR)?,
            local_aws: path(&built, "local-aws")?,
        })
    }
}

fn cargo(profile: &str) -> Command {
    let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.current_dir(tools::root()).args([
        "build",
        "--profile",
        profile,
        "--message-format=json-render-diagnostics",
    ]);
    forget_the_crate(&mut cargo);
    cargo
}

/// Takes out of what `command` inherits all that cargo told the running program of its crate.
pub(crate) fn forget_the_crate(command: &mut Command) {
    let names = env::vars_os().filter_map(|(name, _)| name.into_string().ok());
    for name in names.filter(|name| is_of_one_crate(name)) {
        command.env_remove(name);
    }
}

fn built(cargo: &mut Command) -> Result<BTreeMap<String, PathBuf>> {
    Ok(executables(&command::output(cargo)?))
}

fn path(built: &BTreeMap<String, PathBuf>, name: &str) -> Result<PathBuf> {
    let found = built.get(name).cloned();
    found.ok_or_else(|| Error::Unexpected(format!("the workspace builds no program {name}")))
}

/// Whether `cargo test` and `cargo run` set the variable for the program that they run. Build scripts that look at these (ring's
/// does) would run again each time, and compile everything behind them.
fn is_of_one_crate(variable: &str) -> bool {
    [
        "CARGO_PKG_",
        "CARGO_MANIFEST_",
        "CARGO_BIN_",
        "CARGO_CRATE_",
        "CARGO_PRIMARY_",
    ]
    .iter()
    .any(|prefix| variable.starts_with(prefix))
}

/// Programs by name from cargo's JSON messages.
fn executables(messages: &str) -> BTreeMap<String, PathBuf> {
    let messages = messages
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let named = |message: Value| {
        let path = Path::new(message["executable"].as_str()?).to_owned();
        Some((message["target"]["name"].as_str()?.to_owned(), path))
    };
    messages.filter_map(named).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_of_the_build_are_kept_and_variables_of_one_crate_are_not() {
        assert!(is_of_one_crate("CARGO_PKG_NAME") && is_of_one_crate("CARGO_MANIFEST_DIR"));
        assert!(!is_of_one_crate("CARGO_TARGET_DIR") && !is_of_one_crate("CARGO_INCREMENTAL"));
    }

    #[test]
    fn programs_are_found_in_cargos_messages() {
        let messages = r#"{"reason": "compiler-artifact", "target": {"name": "local_aws"}, "executable": null}
            {"reason": "compiler-artifact", "target": {"name": "local-aws"}, "executable": "/target/debug/local-aws"}
            {"reason": "build-finished", "success": true}"#;
        let expected = BTreeMap::from([(
            "local-aws".to_owned(),
            PathBuf::from("/target/debug/local-aws"),
        )]);
        assert_eq!(executables(messages), expected);
    }
}
