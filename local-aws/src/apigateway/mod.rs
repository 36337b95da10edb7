//! API Gateway: REST APIs, control plane and data plane.
//!
//! ```text
//! model            what is remembered, in the shapes of the API model
//! import           OpenAPI 3 -> definition, warnings, or refusal; touches nothing
//! control          one function per operation; a deployment freezes the definition
//! data_plane       requests to what a stage's deployment froze
//! gateway_response the gateway's own answers, which both planes know
//! ```

mod control;
pub mod data_plane;
mod gateway_response;
mod import;
mod model;

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use self::data_plane::Usage;
use self::model::{ApiKey, RestApi, UsagePlan};
use crate::AwsError;
use crate::world::Regional;

pub(crate) use control::{ROUTES, handle};

/// The REST APIs, keys and plans of one account and Region.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct State {
    /// By id.
    #[serde(default)]
    apis: BTreeMap<String, RestApi>,
    /// By id.
    #[serde(default)]
    keys: BTreeMap<String, ApiKey>,
    /// By id.
    #[serde(default)]
    plans: BTreeMap<String, UsagePlan>,
    /// Role for execution logs: one per account and Region.
    #[serde(default)]
    cloudwatch_role: Option<String>,
    /// What the data plane has counted.
    #[serde(default)]
    usage: Usage,
}

pub(crate) fn settle(place: &mut Regional, now: Timestamp) {
    for api in place.apigateway.apis.values_mut() {
        api.updating_until = api.updating_until.filter(|until| *until > now);
    }
}

/// Both 429s of the model carry `Retry-After`; what the service says for a limit is not documented.
const LIMIT_RETRY_AFTER: u64 = 60;

/// A quota of objects is reached: 429 like a throttle, but waiting does not help.
fn limit_exceeded(text: impl Into<String>) -> AwsError {
    AwsError::new(429, "LimitExceededException", text).retry_after(LIMIT_RETRY_AFTER)
}
