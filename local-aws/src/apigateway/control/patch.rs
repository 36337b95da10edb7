//! JSON patches as API Gateway takes them: a list of operations whose paths are escaped JSON pointers.

use serde::Deserialize;

use super::errors::bad_request;
use crate::{AwsError, Call};

/// One operation of a patch.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Patch {
    pub(super) op: String,
    pub(super) path: String,
    #[serde(default)]
    pub(super) value: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Patches {
    #[serde(default)]
    patch_operations: Vec<Patch>,
}

/// The patch that a call carries.
pub(super) fn patches(call: &Call) -> Result<Vec<Patch>, AwsError> {
    let patches = call.input::<Patches>()?.patch_operations;
    let unknown = patches.iter().find(|patch| {
        !["add", "remove", "replace", "copy", "move", "test"].contains(&patch.op.as_str())
    });
    match unknown {
        Some(patch) => Err(bad_request(format!(
            "Invalid patch operation specified: {}",
            patch.op
        ))),
        None => Ok(patches),
    }
}

impl Patch {
    /// The segments of the path, still escaped.
    pub(super) fn segments(&self) -> Vec<&str> {
        self.path
            .strip_prefix('/')
            .unwrap_or(&self.path)
            .split('/')
            .collect()
    }

    /// The value; an operation that needs one and has none counts as empty.
    pub(super) fn text(&self) -> String {
        self.value.clone().unwrap_or_default()
    }

    /// The value, none when it is empty: what replacing an optional text does.
    pub(super) fn optional(&self) -> Option<String> {
        self.value.clone().filter(|value| !value.is_empty())
    }

    /// The value as `true` or `false`.
    pub(super) fn flag(&self) -> Result<bool, AwsError> {
        match self.text().as_str() {
            "true" => Ok(true),
            "false" => Ok(false),
            other => Err(bad_request(format!(
                "Invalid boolean value '{other}' for {}",
                self.path
            ))),
        }
    }

    /// The value as a number.
    pub(super) fn number<T: std::str::FromStr>(&self) -> Result<T, AwsError> {
        self.text().parse().map_err(|_| {
            bad_request(format!(
                "Invalid number value '{}' for {}",
                self.text(),
                self.path
            ))
        })
    }

    /// The refusal of an operation that `path` does not take; `paths` are those that can be replaced.
    pub(super) fn refusal(&self, paths: &str) -> AwsError {
        let hint = match self.op.as_str() {
            "replace" => format!("Must be one of: [{paths}]"),
            _ => "Please choose supported operations".to_owned(),
        };
        bad_request(format!(
            "Invalid patch path  '{}' specified for op '{}'. {hint}",
            self.path, self.op
        ))
    }
}

/// Undoes the escaping of one segment: `~1` is `/`, `~0` is `~`.
pub(super) fn unescape(segment: &str) -> String {
    segment.replace("~1", "/").replace("~0", "~")
}
