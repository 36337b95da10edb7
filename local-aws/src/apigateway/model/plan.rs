//! API keys and usage plans.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// An API key.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ApiKey {
    /// Ten lower-case letters and digits.
    pub id: String,
    /// What clients send in `x-api-key`.
    pub value: String,
    /// Not unique.
    pub name: Option<String>,
    /// Free text.
    pub description: Option<String>,
    /// For the AWS Marketplace.
    pub customer_id: Option<String>,
    /// A disabled key opens nothing.
    pub enabled: bool,
    /// Seconds since 1970.
    pub created: i64,
    /// Seconds since 1970.
    pub updated: i64,
}

/// `ThrottleSettings` of the API model.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Throttle {
    /// Bucket size.
    #[serde(default)]
    pub burst_limit: i64,
    /// Requests a second.
    #[serde(default)]
    pub rate_limit: f64,
}

/// `QuotaSettings` of the API model.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Quota {
    /// Requests in a period.
    #[serde(default)]
    pub limit: i64,
    /// Requests taken off the first period.
    #[serde(default)]
    pub offset: i64,
    /// `DAY`, `WEEK` or `MONTH`.
    #[serde(default)]
    pub period: String,
}

/// `ApiStage` of the API model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ApiStage {
    /// The REST API.
    #[serde(default)]
    pub api_id: String,
    /// One of its stages.
    #[serde(default)]
    pub stage: String,
    /// By `path/METHOD`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub throttle: BTreeMap<String, Throttle>,
}

/// A usage plan.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct UsagePlan {
    /// Six lower-case letters and digits.
    pub id: String,
    /// Not unique.
    pub name: String,
    /// Free text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// What the plan's keys open.
    pub api_stages: Vec<ApiStage>,
    /// Per key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub throttle: Option<Throttle>,
    /// Per key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quota: Option<Quota>,
    /// For the AWS Marketplace.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub product_code: Option<String>,
    /// Ids of the plan's keys.
    #[serde(default)]
    pub keys: Vec<String>,
}

/// `UsagePlanKey` of the API model.
#[derive(Clone, Debug, Serialize)]
pub struct PlanKey {
    /// Id of the API key.
    pub id: String,
    /// Always `API_KEY`.
    pub r#type: &'static str,
    /// The key's value.
    pub value: String,
    /// The key's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}
