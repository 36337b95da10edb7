//! The two versions of Kubernetes that everything is tried against: the ends of what the chart claims.

use std::env;
use std::path::PathBuf;

use super::go::version_in;
use super::sources;
use crate::{Error, Result};

/// Names one of them; without it, it is the newest.
const VARIABLE: &str = "CACHEDAPI_KUBERNETES";

/// A version of Kubernetes, by its place among those that the chart claims.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kubernetes {
    /// The first of them, pinned in `hack/control-plane-oldest`.
    Oldest,
    /// The last of them, pinned in `hack/control-plane`.
    Newest,
}

impl Kubernetes {
    /// The one that `$CACHEDAPI_KUBERNETES` names.
    pub fn from_env() -> Result<Self> {
        let named = env::var_os(VARIABLE).unwrap_or_default();
        Self::named(&named.to_string_lossy())
    }

    fn named(name: &str) -> Result<Self> {
        match name {
            "oldest" => Ok(Self::Oldest),
            "newest" | "" => Ok(Self::Newest),
            _ => Err(Error::Unexpected(format!(
                "{VARIABLE} is oldest or newest, not {name:?}"
            ))),
        }
    }

    /// Its version, as in `v1.36.3`.
    pub fn version(self) -> Result<String> {
        version_in(&self.module(), "k8s.io/kubernetes")
    }

    /// The Go module that pins it.
    pub(super) fn module(self) -> PathBuf {
        sources().join(match self {
            Self::Oldest => "control-plane-oldest",
            Self::Newest => "control-plane",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_is_neither_end_is_refused_rather_than_taken_for_one() {
        assert_eq!(Kubernetes::named("").unwrap(), Kubernetes::Newest);
        assert_eq!(Kubernetes::named("oldest").unwrap(), Kubernetes::Oldest);
        assert!(Kubernetes::named("1.30").is_err());
    }
}
