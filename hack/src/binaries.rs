//! Our own programs, built by cargo.

use std::collections::BTreeMap;
use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::{Error, Result, command, tools};

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
        let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        cargo.current_dir(tools::root()).args([
            "build",
            "--workspace",
            "--bins",
            "--profile",
            profile,
            "--message-format=json-render-diagnostics",
        ]);
        let built = executables(&command::output(&mut cargo)?);
        let path = |name: &str| {
            built
                .get(name)
                .cloned()
                .ok_or_else(|| Error::Unexpected(format!("the workspace builds no program {name}")))
        };
        Ok(Self {
            operator: path("cachedapi-operator")?,
            local_aws: path("local-aws")?,
        })
    }
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
