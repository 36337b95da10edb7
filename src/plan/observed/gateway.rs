use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use crate::model::Tags;
use crate::plan::{Seen, Sensitive};

/// API Gateway and Lambda.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct ObservedGateway {
    /// The REST API that carries our tags; of several, the oldest.
    pub rest_api: Seen<RestApi>,
    /// Ids of others that carry our tags as well: left by a creation that arrived twice. Read by a search, and by polls in turn.
    pub duplicates: Seen<Vec<String>>,
    /// The REST API that is to be taken over, whatever its tags. Read when none carries our tags.
    pub named: Seen<RestApi>,
    /// Id that status remembers: looked at first, believed only when its tags are ours.
    pub hint: Option<String>,
    /// Whether status remembers API keys, so that those of a spec that no longer names any are looked for.
    pub keys_known: bool,
    /// ARNs of functions that status remembers as having our statement.
    pub known_functions: BTreeSet<String>,
    /// When the creation of the REST API was announced, if it was.
    pub intent: Option<Timestamp>,
    /// Methods of each path, as API Gateway has them.
    pub methods: Seen<BTreeMap<String, BTreeSet<String>>>,
    /// Deployments, newest first.
    pub deployments: Seen<Vec<Deployment>>,
    /// The stage.
    pub stage: Seen<Stage>,
    /// API keys whose names start with ours.
    pub api_keys: Seen<Vec<ApiKey>>,
    /// The usage plans that carry our tags.
    pub usage_plans: Seen<Vec<UsagePlan>>,
    /// Our statement in each function's policy, by the function's ARN: absent when the policy lacks it.
    pub permissions: BTreeMap<String, Seen<Permission>>,
}

impl ObservedGateway {
    /// Whether `api` is one of several that carry our tags, and not the object's.
    #[must_use]
    pub fn is_duplicate(&self, api: &str) -> bool {
        let own = self.rest_api.present().is_some_and(|own| own.id == api);
        let duplicates = self.duplicates.present();
        !own && duplicates.is_some_and(|ids| ids.iter().any(|id| id == api))
    }
}

/// A REST API.
#[derive(Clone, Debug, PartialEq)]
pub struct RestApi {
    /// Id.
    pub id: String,
    /// Name.
    pub name: String,
    /// `info.version` of the document it was last given: our hash.
    pub version: Option<String>,
    /// Where it is reached: `REGIONAL`, `EDGE` or `PRIVATE`.
    pub endpoint_type: Option<String>,
    /// Settings of its own that a document of ours does not have, in words.
    pub settings: Vec<String>,
    /// When it was created.
    pub created: Option<Timestamp>,
    /// Whether it takes a write: `apiStatus` is `AVAILABLE` or missing.
    pub available: bool,
    /// `apiStatusMessage`, when it is not available.
    pub status_message: Option<String>,
    /// Whether the document in it is known to be whole, because this process saw `PutRestApi` succeed with it.
    /// A put that failed half-way may have left its version and not its methods.
    pub confirmed: bool,
    /// Tags.
    pub tags: Tags,
}

/// A deployment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deployment {
    /// Id.
    pub id: String,
    /// Description; ours names the hash of the document.
    pub description: String,
    /// When it was made.
    pub created: Option<Timestamp>,
}

/// A stage.
#[derive(Clone, Debug, PartialEq)]
pub struct Stage {
    /// Deployment that it serves.
    pub deployment_id: String,
    /// Description; ours names hash and deployment.
    pub description: String,
    /// Stage variables.
    pub variables: BTreeMap<String, String>,
    /// Method settings by key, unescaped and less one leading slash: `orders/{id}/GET`, `/GET` for the root, `*/*`.
    pub method_settings: BTreeMap<String, MethodSettings>,
    /// Whether API Gateway's own cache cluster is on.
    pub cache_cluster: bool,
    /// Tags.
    pub tags: Tags,
}

/// Settings of a method, those that we write.
#[derive(Clone, Debug, PartialEq)]
pub struct MethodSettings {
    /// `throttling/rateLimit`.
    pub rate: f64,
    /// `throttling/burstLimit`.
    pub burst: i32,
    /// `caching/enabled`.
    pub caching: bool,
}

/// An API key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiKey {
    /// Id.
    pub id: String,
    /// Name in API Gateway.
    pub name: String,
    /// When it was created.
    pub created: Option<Timestamp>,
    /// Whether it is on.
    pub enabled: bool,
    /// Value.
    pub value: Sensitive,
    /// Tags.
    pub tags: Tags,
}

/// A usage plan.
#[derive(Clone, Debug, PartialEq)]
pub struct UsagePlan {
    /// Id.
    pub id: String,
    /// `throttle`: rate and burst.
    pub throttle: Option<(f64, i32)>,
    /// `quota`: limit and period (`DAY`, `WEEK`, `MONTH`).
    pub quota: Option<(i32, String)>,
    /// Stages it counts for: API id and stage name.
    pub stages: BTreeSet<(String, String)>,
    /// Ids of its keys.
    pub key_ids: BTreeSet<String>,
    /// Tags.
    pub tags: Tags,
}

/// Our statement in a function's policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Permission {
    /// `AWS:SourceArn` that it is limited to.
    pub source_arn: String,
}
