//! A REST API.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Definition, Deployment, Stage};

/// A REST API with all that hangs on it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RestApi {
    /// Ten lower-case letters and digits.
    pub id: String,
    /// Not unique.
    pub name: String,
    /// Free text.
    pub description: Option<String>,
    /// Free text, from `info.version` after an import.
    pub version: Option<String>,
    /// Seconds since 1970.
    pub created: i64,
    /// API-level properties that an import sets or resets.
    pub settings: Settings,
    /// Kept by an import.
    pub endpoint: EndpointConfiguration,
    /// Until when a write keeps the API `UPDATING`.
    pub updating_until: Option<Timestamp>,
    /// The editable definition: live only once deployed.
    pub definition: Definition,
    /// By id.
    pub deployments: BTreeMap<String, Deployment>,
    /// By name.
    pub stages: BTreeMap<String, Stage>,
}

/// API-level properties. `Default` is what an overwrite leaves when the document says nothing (aws-facts: overwrite resets).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settings {
    /// Media types passed as bytes.
    pub binary_media_types: Vec<String>,
    /// Compress answers from this size.
    pub minimum_compression_size: Option<u32>,
    /// `HEADER` or `AUTHORIZER`.
    pub api_key_source: String,
    /// Resource policy as JSON text.
    pub policy: Option<String>,
    /// For private APIs.
    pub vpc_endpoint_ids: Vec<String>,
    /// Only custom domains answer.
    pub disable_execute_api_endpoint: bool,
    /// TLS policy.
    pub security_policy: Option<String>,
    /// `BASIC` or `STRICT`.
    pub endpoint_access_mode: Option<String>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            binary_media_types: Vec::new(),
            minimum_compression_size: None,
            api_key_source: "HEADER".to_owned(),
            policy: None,
            vpc_endpoint_ids: Vec::new(),
            disable_execute_api_endpoint: false,
            security_policy: None,
            endpoint_access_mode: None,
        }
    }
}

/// `EndpointConfiguration` of the API model without the VPC endpoints, which an import resets while these stay.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EndpointConfiguration {
    /// One of `EDGE`, `REGIONAL`, `PRIVATE`.
    pub r#type: String,
    /// `ipv4` or `dualstack`.
    pub ip_address_type: String,
}
