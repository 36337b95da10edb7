//! `UpdateStage`: the paths it takes and what they do ("AWS CLI update-stage", and answers recorded from the service).

use std::collections::BTreeMap;

use super::errors::bad_request;
use super::patch::{Patch, unescape};
use crate::AwsError;
use crate::apigateway::model::{AccessLogSettings, Deployment, MethodSetting, Stage, Strings};

/// The service's own list, as it stands in its refusal (two commas are missing there as well).
const PATHS: &str = "/deploymentId, /description, /cacheClusterEnabled, /cacheClusterSize, /clientCertificateId, \
/accessLogSettings, /accessLogSettings/destinationArn, /accessLogSettings/format, \
/{resourcePath}/{httpMethod}/metrics/enabled, /{resourcePath}/{httpMethod}/logging/dataTrace, \
/{resourcePath}/{httpMethod}/logging/loglevel, /{resourcePath}/{httpMethod}/throttling/burstLimit\
/{resourcePath}/{httpMethod}/throttling/rateLimit/{resourcePath}/{httpMethod}/caching/ttlInSeconds, \
/{resourcePath}/{httpMethod}/caching/enabled, /{resourcePath}/{httpMethod}/caching/dataEncrypted, \
/{resourcePath}/{httpMethod}/caching/requireAuthorizationForCacheControl, \
/{resourcePath}/{httpMethod}/caching/unauthorizedCacheControlHeaderStrategy, /*/*/metrics/enabled, \
/*/*/logging/dataTrace, /*/*/logging/loglevel, /*/*/throttling/burstLimit /*/*/throttling/rateLimit \
/*/*/caching/ttlInSeconds, /*/*/caching/enabled, /*/*/caching/dataEncrypted, \
/*/*/caching/requireAuthorizationForCacheControl, /*/*/caching/unauthorizedCacheControlHeaderStrategy, \
/variables/{variable_name}, /tracingEnabled";

const CACHE_SIZES: [&str; 8] = ["0.5", "1.6", "6.1", "13.5", "28.4", "58.2", "118", "237"];
const LOG_LEVELS: [&str; 3] = ["OFF", "ERROR", "INFO"];
const STRATEGIES: [&str; 3] = [
    "FAIL_WITH_403",
    "SUCCEED_WITH_RESPONSE_HEADER",
    "SUCCEED_WITHOUT_RESPONSE_HEADER",
];

/// What a patch is checked against.
pub(super) struct Rules<'a> {
    /// The API's deployments.
    pub(super) deployments: &'a BTreeMap<String, Deployment>,
    /// Whether the account has a role for execution logs.
    pub(super) logs_to_cloudwatch: bool,
}

impl Rules<'_> {
    /// Applies one operation.
    pub(super) fn apply(&self, stage: &mut Stage, patch: &Patch) -> Result<(), AwsError> {
        let segments = patch.segments();
        match (patch.op.as_str(), segments.as_slice()) {
            ("replace", ["deploymentId"]) => stage.deployment_id = self.deployment(patch)?,
            ("replace" | "remove", ["description"]) => stage.description = patch.optional(),
            ("replace", ["cacheClusterEnabled"]) => {
                stage.cache_cluster_enabled = patch.flag()?;
                cache_status(stage.cache_cluster_enabled)
                    .clone_into(&mut stage.cache_cluster_status);
            }
            ("replace", ["cacheClusterSize"]) => {
                stage.cache_cluster_size = Some(one_of(patch, &CACHE_SIZES)?);
            }
            ("replace", ["clientCertificateId"]) => stage.client_certificate_id = patch.optional(),
            ("replace", ["tracingEnabled"]) => stage.tracing_enabled = patch.flag()?,
            ("replace", ["documentationVersion"]) => stage.documentation_version = patch.optional(),
            (op, ["variables", name]) => change_variable(stage, op, name, patch)?,
            (op, ["accessLogSettings", rest @ ..]) => change_access_log(stage, op, rest, patch)?,
            ("replace", [resource @ .., method, group, setting]) => {
                self.change_setting(stage, &key(resource, method), (group, setting), patch)?;
            }
            ("remove", [resource @ .., method]) if !resource.is_empty() => {
                reset(stage, &key(resource, method))?;
            }
            _ => return Err(refusal(patch)),
        }
        Ok(())
    }

    fn deployment(&self, patch: &Patch) -> Result<String, AwsError> {
        let id = patch.text();
        if self.deployments.contains_key(&id) {
            Ok(id)
        } else {
            Err(bad_request("Deployment id does not exist"))
        }
    }

    /// An entry comes to be with all defaults when the first of its settings is written.
    fn change_setting(
        &self,
        stage: &mut Stage,
        key: &str,
        setting: (&str, &str),
        patch: &Patch,
    ) -> Result<(), AwsError> {
        let mut entry = stage.method_settings.get(key).cloned().unwrap_or_default();
        match setting {
            ("metrics", "enabled") => entry.metrics_enabled = patch.flag()?,
            ("logging", "loglevel") => entry.logging_level = Some(self.log_level(patch)?),
            ("logging", "dataTrace") => entry.data_trace_enabled = patch.flag()?,
            ("throttling", "burstLimit") => entry.throttling_burst_limit = patch.number()?,
            ("throttling", "rateLimit") => entry.throttling_rate_limit = rate(patch)?,
            ("caching", setting) => change_caching(&mut entry, setting, patch)?,
            _ => return Err(refusal(patch)),
        }
        stage.method_settings.insert(key.to_owned(), entry);
        Ok(())
    }

    fn log_level(&self, patch: &Patch) -> Result<String, AwsError> {
        let level = one_of(patch, &LOG_LEVELS)?;
        if level != "OFF" && !self.logs_to_cloudwatch {
            return Err(bad_request(
                "CloudWatch Logs role ARN must be set in account settings to enable logging",
            ));
        }
        Ok(level)
    }
}

/// The key of the settings of a path and method: as the client wrote it, still escaped (recorded).
fn key(resource: &[&str], method: &str) -> String {
    format!("{}/{method}", resource.join("/"))
}

fn change_caching(entry: &mut MethodSetting, setting: &str, patch: &Patch) -> Result<(), AwsError> {
    match setting {
        "enabled" => entry.caching_enabled = patch.flag()?,
        "ttlInSeconds" => entry.cache_ttl_in_seconds = ttl(patch)?,
        "dataEncrypted" => entry.cache_data_encrypted = patch.flag()?,
        "requireAuthorizationForCacheControl" => {
            entry.require_authorization_for_cache_control = patch.flag()?;
        }
        "unauthorizedCacheControlHeaderStrategy" => {
            entry.unauthorized_cache_control_header_strategy = one_of(patch, &STRATEGIES)?;
        }
        _ => return Err(refusal(patch)),
    }
    Ok(())
}

fn rate(patch: &Patch) -> Result<f64, AwsError> {
    let rate: f64 = patch.number()?;
    if rate.is_finite() && rate >= 0.0 {
        Ok(rate)
    } else {
        Err(bad_request(format!("Invalid rate limit {rate}")))
    }
}

fn ttl(patch: &Patch) -> Result<u32, AwsError> {
    let seconds: u32 = patch.number()?;
    if seconds <= 3600 {
        Ok(seconds)
    } else {
        Err(bad_request("Invalid TTL value: must be between 0 and 3600"))
    }
}

fn reset(stage: &mut Stage, key: &str) -> Result<(), AwsError> {
    let text = || {
        format!(
            "Cannot remove method setting {key} because there is no method setting for this method "
        )
    };
    stage
        .method_settings
        .remove(key)
        .map(drop)
        .ok_or_else(|| bad_request(text()))
}

fn change_variable(stage: &mut Stage, op: &str, name: &str, patch: &Patch) -> Result<(), AwsError> {
    match op {
        "replace" | "add" => drop(stage.variables.insert(unescape(name), patch.text())),
        "remove" => drop(stage.variables.remove(&unescape(name))),
        _ => return Err(refusal(patch)),
    }
    Ok(())
}

fn change_access_log(
    stage: &mut Stage,
    op: &str,
    rest: &[&str],
    patch: &Patch,
) -> Result<(), AwsError> {
    let is_write = ["add", "replace"].contains(&op) && patch.optional().is_some();
    let mut settings = stage.access_log_settings.take().unwrap_or_default();
    match rest {
        [] if op == "remove" => return Ok(()),
        ["destinationArn"] if is_write => settings.destination_arn = patch.optional(),
        ["format"] if is_write => settings.format = patch.optional(),
        _ => return Err(refusal(patch)),
    }
    stage.access_log_settings =
        Some(settings).filter(|settings| *settings != AccessLogSettings::default());
    Ok(())
}

/// `Stage variables` of "Quotas for configuring and running a REST API", and the characters that a value may have.
pub(super) fn check_variables(variables: &Strings) -> Result<(), AwsError> {
    const VALUE: &[u8] = b" -._~:/?#&=,";
    const TEXT: &str = "Please use values with alphanumeric characters and the symbols ' ', '-', '.', '_', ':', '/', '?', '&', '=', and ','.";
    if variables.len() > 100 {
        return Err(bad_request(
            "A stage cannot have more than 100 stage variables",
        ));
    }
    for (name, value) in variables {
        let is_name = name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        if name.is_empty() || name.len() > 64 || !is_name {
            return Err(bad_request(format!("Invalid stage variable name: {name}")));
        }
        let is_value = value
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || VALUE.contains(&byte));
        if value.len() > 512 || !is_value {
            return Err(bad_request(format!(
                "Invalid stage variable value: {value}. {TEXT}"
            )));
        }
    }
    Ok(())
}

/// The state of a stage's cache cluster once it has settled.
pub(super) fn cache_status(enabled: bool) -> &'static str {
    if enabled {
        "AVAILABLE"
    } else {
        "NOT_AVAILABLE"
    }
}

fn one_of(patch: &Patch, values: &[&str]) -> Result<String, AwsError> {
    let value = patch.text();
    let text = || {
        format!(
            "Invalid value '{value}' for {}. Must be one of: [{}]",
            patch.path,
            values.join(", ")
        )
    };
    if values.contains(&value.as_str()) {
        Ok(value)
    } else {
        Err(bad_request(text()))
    }
}

fn refusal(patch: &Patch) -> AwsError {
    bad_request(format!(
        "Invalid method setting path: {}. Must be one of: [{PATHS}]",
        patch.path
    ))
}
