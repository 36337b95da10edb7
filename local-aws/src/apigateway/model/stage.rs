//! Deployments, stages and their settings.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{Definition, Settings, Strings};

/// What a deployment freezes. Shared: the data plane reads it without holding any lock.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Snapshot {
    /// Resources and methods at that moment.
    pub definition: Definition,
    /// API-level properties at that moment.
    pub settings: Settings,
}

/// A deployment.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Deployment {
    /// Six lower-case letters and digits.
    pub id: String,
    /// Free text.
    pub description: Option<String>,
    /// Seconds since 1970.
    pub created: i64,
    /// The frozen API.
    pub snapshot: Arc<Snapshot>,
}

/// `Stage` of the API model.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(clippy::struct_field_names, reason = "spelled as in the API model")]
pub struct Stage {
    /// What it serves.
    pub deployment_id: String,
    /// For TLS towards back ends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_certificate_id: Option<String>,
    /// Unique in the API.
    pub stage_name: String,
    /// Free text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Whether the stage has a response cache.
    pub cache_cluster_enabled: bool,
    /// In GB.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cache_cluster_size: Option<String>,
    /// `NOT_AVAILABLE`, `CREATE_IN_PROGRESS`, `AVAILABLE`, ...
    pub cache_cluster_status: String,
    /// By escaped path and method (`~1orders/GET`, `*/*`), as the client wrote it.
    #[serde(default)]
    pub method_settings: BTreeMap<String, MethodSetting>,
    /// `${stageVariables.NAME}` in integrations.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub variables: Strings,
    /// Version of the documentation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub documentation_version: Option<String>,
    /// Where access is logged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub access_log_settings: Option<AccessLogSettings>,
    /// X-Ray.
    pub tracing_enabled: bool,
    /// Seconds since 1970.
    pub created_date: i64,
    /// Seconds since 1970.
    pub last_updated_date: i64,
}

/// `AccessLogSettings` of the API model.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AccessLogSettings {
    /// Line format.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub format: Option<String>,
    /// Log group or delivery stream.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub destination_arn: Option<String>,
}

/// `MethodSetting` of the API model. `Default` is what an entry holds the moment that it comes to be (recorded from the service).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(clippy::struct_excessive_bools, reason = "the service's own shape")]
pub struct MethodSetting {
    /// Detailed metrics.
    pub metrics_enabled: bool,
    /// `OFF`, `ERROR` or `INFO`; absent until it is set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub logging_level: Option<String>,
    /// Log whole requests.
    pub data_trace_enabled: bool,
    /// Bucket size.
    pub throttling_burst_limit: i64,
    /// Requests a second.
    pub throttling_rate_limit: f64,
    /// Answers are cached.
    pub caching_enabled: bool,
    /// 0 to 3600.
    pub cache_ttl_in_seconds: u32,
    /// Cached answers are encrypted.
    pub cache_data_encrypted: bool,
    /// Clients may not invalidate without permission.
    pub require_authorization_for_cache_control: bool,
    /// What happens to those who try.
    pub unauthorized_cache_control_header_strategy: String,
}

impl Default for MethodSetting {
    fn default() -> Self {
        Self {
            metrics_enabled: false,
            logging_level: None,
            data_trace_enabled: false,
            throttling_burst_limit: 5000,
            throttling_rate_limit: 10_000.0,
            caching_enabled: false,
            cache_ttl_in_seconds: 300,
            cache_data_encrypted: false,
            require_authorization_for_cache_control: true,
            unauthorized_cache_control_header_strategy: "SUCCEED_WITH_RESPONSE_HEADER".to_owned(),
        }
    }
}
