//! What API Gateway remembers: the shapes of its API model (2015-07-09), in the spelling of the wire.
//!
//! A structure that a client sees is serialised as it stands; what only the service knows is kept beside it, never inside.

mod api;
mod definition;
mod method;
mod plan;
mod stage;

pub use api::{EndpointConfiguration, RestApi, Settings};
pub use definition::{Authorizer, Definition, GatewayResponse, Model, RequestValidator, Resource};
pub use method::{
    Integration, IntegrationResponse, IntegrationType, Method, MethodResponse, TlsConfig,
};
pub use plan::{ApiKey, ApiStage, PlanKey, Quota, Throttle, UsagePlan};
pub use stage::{AccessLogSettings, Deployment, MethodSetting, Snapshot, Stage};

use std::collections::BTreeMap;

/// String to string, as tags, variables and parameter mappings are.
pub type Strings = BTreeMap<String, String>;
