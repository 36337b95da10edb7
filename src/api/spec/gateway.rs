use std::collections::BTreeMap;

use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The API Gateway REST API and its stage.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq, Default)]
#[serde(rename_all = "camelCase")]
pub struct ApiSpec {
    /// Where the API is reached: `Regional`, or `Edge` (through CloudFront). Cannot be changed.
    #[serde(default)]
    #[x_kube(validation = Rule::new("self == oldSelf").message("api.endpointType cannot be changed"))]
    pub endpoint_type: EndpointType,

    /// The stage that serves the API.
    #[serde(default)]
    pub stage: StageSpec,

    /// API keys for routes with `auth.apiKey`. AWS generates the value; it is written to a Kubernetes Secret and nowhere else.
    #[serde(default)]
    #[schemars(length(max = 10), extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["name"]))]
    #[x_kube(validation = Rule::new("self.all(k, self.exists_one(o, o.secret.name == k.secret.name))")
        .message("two API keys name the same Secret"))]
    pub api_keys: Vec<ApiKeySpec>,

    /// Limits per API key. Applies to routes with `auth.apiKey`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "UsagePlanSpec")]
    pub usage_plan: Option<UsagePlanSpec>,
}

/// Where the API is reached.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum EndpointType {
    /// In its Region.
    #[default]
    Regional,
    /// Through CloudFront's edge locations.
    Edge,
}

/// The stage that serves the API.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct StageSpec {
    /// Name of the stage: the first path segment of the invoke URL. Cannot be changed.
    #[serde(default = "prod")]
    #[schemars(length(min = 1, max = 128), regex(pattern = r"^[A-Za-z0-9_-]+$"))]
    #[x_kube(validation = Rule::new("self == oldSelf").message("api.stage.name cannot be changed, because it is part of the URL that callers use"))]
    pub name: String,

    /// Stage variables. Names starting with `cache_` are the operator's own.
    #[serde(default)]
    #[x_kube(validation = Rule::new("self.all(k, k.matches('^[A-Za-z0-9_]{1,64}$') && !k.startsWith('cache_'))")
        .message("a stage variable's name has 1 to 64 letters, digits or underscores and does not start with cache_"))]
    #[x_kube(validation = Rule::new("self.all(k, self[k].matches('^[A-Za-z0-9._~:/?#&=,-]{1,512}$'))")
        .message("a stage variable's value has 1 to 512 characters out of A-Z a-z 0-9 and - . _ ~ : / ? # & = ,"))]
    #[schemars(schema_with = "stage_variables")]
    pub variables: BTreeMap<String, String>,

    /// Throttle of every route that has none of its own, over all callers.
    #[serde(default = "stage_throttle")]
    pub throttle: Throttle,
}

fn prod() -> String {
    "prod".into()
}

const fn stage_throttle() -> Throttle {
    Throttle {
        rate: 500,
        burst: 1000,
    }
}

impl Default for StageSpec {
    fn default() -> Self {
        Self {
            name: prod(),
            variables: BTreeMap::new(),
            throttle: stage_throttle(),
        }
    }
}

/// Values carry a `maxLength`, without which the API server cannot bound the cost of the rules above.
fn stage_variables(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
    schemars::json_schema!({
        "type": "object",
        "maxProperties": 90,
        "additionalProperties": {"type": "string", "maxLength": 512},
    })
}

/// A token bucket. The gateway treats it as a target, not as a guarantee.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Copy, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct Throttle {
    /// Sustained requests per second.
    #[schemars(range(min = 1, max = 100_000))]
    pub rate: u32,
    /// Requests that may come at once.
    #[schemars(range(min = 1, max = 100_000))]
    pub burst: u32,
}

/// An API key.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct ApiKeySpec {
    /// Name of the key within the object.
    #[schemars(length(max = 63), regex(pattern = r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$"))]
    pub name: String,
    /// The Kubernetes Secret that receives the value under the key `apiKey`.
    pub secret: super::SecretName,
}

/// Limits per API key.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Copy, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct UsagePlanSpec {
    /// Throttle of one key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Throttle")]
    pub throttle: Option<Throttle>,
    /// Requests of one key in a period.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Quota")]
    pub quota: Option<Quota>,
}

/// Requests in a period.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Copy, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct Quota {
    /// Number of requests.
    #[schemars(range(min = 1, max = 2_000_000_000))]
    pub limit: u32,
    /// Period that the number counts for.
    pub period: QuotaPeriod,
}

/// Period of a quota.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Copy, Debug, PartialEq, Eq)]
pub enum QuotaPeriod {
    /// A calendar day, UTC.
    Day,
    /// A week from Sunday, UTC.
    Week,
    /// A calendar month, UTC.
    Month,
}
