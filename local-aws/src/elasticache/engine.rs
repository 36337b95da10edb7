//! Engines, their versions and parameter-group families.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::refusal::{combination, not_found, value};
use crate::AwsError;

/// The two engines that replication groups, users and user groups can have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Engine {
    /// Redis OSS.
    Redis,
    /// Valkey. Ordered after Redis: an engine only ever moves up.
    Valkey,
}

impl fmt::Display for Engine {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Engine::Redis => "redis",
            Engine::Valkey => "valkey",
        })
    }
}

impl FromStr for Engine {
    type Err = AwsError;

    fn from_str(text: &str) -> Result<Self, AwsError> {
        match text.to_ascii_lowercase().as_str() {
            "redis" => Ok(Engine::Redis),
            "valkey" => Ok(Engine::Valkey),
            _ => Err(value(format!(
                "Invalid engine: {text}. Valid values are valkey and redis."
            ))),
        }
    }
}

/// An engine release as `DescribeCacheClusters` reports it, always with three numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Version(pub u8, pub u8, pub u8);

impl fmt::Display for Version {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}.{}.{}", self.0, self.1, self.2)
    }
}

/// What can be created: the release behind each `major.minor`. Callers ask for `8.0` and read back `8.0.1`.
const RELEASES: [(Engine, Version); 11] = [
    (Engine::Redis, Version(5, 0, 6)),
    (Engine::Redis, Version(6, 0, 5)),
    (Engine::Redis, Version(6, 2, 6)),
    (Engine::Redis, Version(7, 0, 7)),
    (Engine::Redis, Version(7, 1, 0)),
    (Engine::Valkey, Version(7, 2, 6)),
    (Engine::Valkey, Version(8, 0, 1)),
    (Engine::Valkey, Version(8, 1, 0)),
    (Engine::Valkey, Version(8, 2, 0)),
    (Engine::Valkey, Version(9, 0, 0)),
    (Engine::Valkey, Version(9, 1, 0)),
];

/// An engine with a release of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Release {
    /// The engine.
    pub engine: Engine,
    /// Its version.
    pub version: Version,
}

impl Release {
    /// The release that `version` (`8.1` or `8.1.0`) names; without one, the version the service picks by default.
    pub fn find(engine: Engine, version: Option<&str>) -> Result<Self, AwsError> {
        let default = match engine {
            Engine::Redis => "7.1",
            Engine::Valkey => "8.1",
        };
        let wanted = version.unwrap_or(default);
        RELEASES
            .iter()
            .find(|(of, release)| *of == engine && names(wanted, *release))
            .map(|&(engine, version)| Self { engine, version })
            .ok_or_else(|| combination(format!("Cannot find version {wanted} for {engine}")))
    }

    /// Whether moving to `next` is an upgrade or nothing: versions never go down, and Valkey never becomes Redis.
    pub fn may_become(self, next: Release) -> bool {
        next.engine >= self.engine && next.version >= self.version
    }

    /// The parameter-group family.
    pub fn family(self) -> String {
        match (self.engine, self.version) {
            (Engine::Redis, Version(6, ..)) => "redis6.x".to_owned(),
            (Engine::Redis, Version(5, ..)) => "redis5.0".to_owned(),
            (engine, Version(major, ..)) => format!("{engine}{major}"),
        }
    }

    /// The default parameter group of the family.
    fn default_parameter_group(self, cluster_mode: bool) -> String {
        let suffix = if cluster_mode { ".cluster.on" } else { "" };
        format!("default.{}{suffix}", self.family())
    }

    /// The parameter group that a cache of this release gets: the named one if it is one of the defaults and fits, else its
    /// own default. Other parameter groups are not simulated.
    pub fn parameter_group(
        self,
        cluster_mode: bool,
        named: Option<&str>,
    ) -> Result<String, AwsError> {
        let fitting = [
            self.default_parameter_group(true),
            self.default_parameter_group(false),
        ];
        match named {
            None => Ok(self.default_parameter_group(cluster_mode)),
            Some(name) if fitting.iter().any(|group| group == name) => Ok(name.to_owned()),
            Some(name) if name.starts_with("default.") => Err(combination(format!(
                "Parameter group {name} is not of family {}.",
                self.family()
            ))),
            Some(name) => Err(not_found(
                "CacheParameterGroupNotFound",
                "CacheParameterGroup",
                name,
            )),
        }
    }

    /// Whether access control by user groups exists in this release (Redis OSS 6.0, Valkey 7.2).
    pub fn has_users(self) -> bool {
        self.version >= Version(6, 0, 0)
    }

    /// Whether users can log in by IAM in this release (Redis OSS 7.0, Valkey 7.2).
    pub fn has_iam(self) -> bool {
        self.version >= Version(7, 0, 0)
    }
}

fn names(wanted: &str, release: Version) -> bool {
    wanted == release.to_string()
        || wanted == format!("{}.{}", release.0, release.1)
        || (wanted == "6.x" && release == Version(6, 2, 6))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_version_reads_back_in_full() {
        let release = Release::find(Engine::Valkey, Some("8.0")).unwrap();
        assert_eq!(release.version.to_string(), "8.0.1");
        assert_eq!(
            Release::find(Engine::Valkey, Some("8.0.1")).unwrap(),
            release
        );
        assert_eq!(
            release.default_parameter_group(true),
            "default.valkey8.cluster.on"
        );
    }

    #[test]
    fn an_unknown_version_is_refused_with_its_engine() {
        let refusal = Release::find(Engine::Redis, Some("8.1")).unwrap_err();
        assert_eq!(refusal.message, "Cannot find version 8.1 for redis");
    }

    #[test]
    fn releases_only_move_up() {
        let of = |engine, version| Release::find(engine, Some(version)).unwrap();
        let cases = [
            (
                of(Engine::Redis, "7.1"),
                of(Engine::Valkey, "8.1"),
                true,
                "redis becomes valkey in place",
            ),
            (
                of(Engine::Redis, "7.0"),
                of(Engine::Redis, "7.1"),
                true,
                "a minor upgrade",
            ),
            (
                of(Engine::Valkey, "8.1"),
                of(Engine::Valkey, "8.0"),
                false,
                "a downgrade",
            ),
            (
                of(Engine::Valkey, "7.2"),
                Release {
                    engine: Engine::Redis,
                    version: Version(8, 0, 0),
                },
                false,
                "valkey never becomes redis",
            ),
        ];
        for (from, to, allowed, reason) in cases {
            assert_eq!(from.may_become(to), allowed, "{reason}");
        }
    }
}
