//! What the operator reports. Nothing here is an input to a decision, intents and transition times aside.

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Condition;

/// What is true of the object in AWS.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Default)]
#[serde(rename_all = "camelCase", default)]
pub struct CachedApiStatus {
    /// Generation of the spec that this status speaks of.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
    /// Ready, Synced, Reconciling, Stalled, ApiReady, CacheReady, CredentialsReady, BindingsReady.
    #[schemars(extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["type"]))]
    pub conditions: Vec<Condition>,
    /// AWS account that the object's things are in; in another one nothing is done.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    /// AWS Region that the object's things are in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// The REST API.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub api: Option<ApiStatus>,
    /// The replication group.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cache: Option<CacheStatus>,
    /// What opens the cache.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub credentials: Option<CredentialsStatus>,
    /// What became of that which spec.adopt names.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub adoption: Option<AdoptionStatus>,
    /// What is awaited, and from whom.
    pub pending: Vec<Pending>,
    /// What was announced before the call, so that a crash in between does nothing twice or too early.
    #[schemars(extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["kind"]))]
    pub intents: Vec<Intent>,
    /// How far each consumer of `spec.bindings` is.
    #[schemars(extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["kind", "name"]))]
    pub bindings: Vec<ConsumerStatus>,
    /// The first bound Secret, as the Service Binding specification's "provisioned service" asks for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub binding: Option<BindingStatus>,
    /// Names of the Kubernetes Secrets that the operator keeps for the object; one that leaves the spec is deleted.
    #[schemars(extend("x-kubernetes-list-type" = "set"))]
    pub bound_secrets: Vec<String>,
    /// Names of the IAM roles on which the operator keeps the policy that lets a bound Lambda function read the secret.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(extend("x-kubernetes-list-type" = "set"))]
    pub policy_roles: Vec<String>,
}

/// The REST API.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Default)]
#[serde(rename_all = "camelCase")]
pub struct ApiStatus {
    /// Id that API Gateway gave it.
    pub id: String,
    /// Base URL of the stage.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub invoke_url: Option<String>,
    /// The deployment that the stage serves.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deployment: Option<DeploymentStatus>,
    /// The deployments kept, newest first.
    #[serde(default)]
    pub history: Vec<DeploymentStatus>,
    /// Names of the API keys, those that are still to go among them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub api_keys: Vec<String>,
    /// ARNs of the Lambda functions whose policy lets the API invoke them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub functions: Vec<String>,
}

/// A deployment: a snapshot of the API.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct DeploymentStatus {
    /// Id that API Gateway gave it.
    pub id: String,
    /// Hash of the API's rendered OpenAPI document.
    pub hash: String,
    /// When it was made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at: Option<Time>,
}

/// The replication group.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq, Default)]
#[serde(rename_all = "camelCase")]
pub struct CacheStatus {
    /// Id of the replication group.
    pub id: String,
    /// Engine it runs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub engine: Option<String>,
    /// Engine version it runs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub engine_version: Option<String>,
    /// `host:port` for reads and writes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub primary_endpoint: Option<String>,
    /// `host:port` for reads.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reader_endpoint: Option<String>,
    /// State as ElastiCache reports it, e.g. `creating`, `available`, `modifying`.
    pub state: String,
}

/// What opens the cache.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Default)]
#[serde(rename_all = "camelCase")]
pub struct CredentialsStatus {
    /// ARN of the Secrets Manager secret.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secret_arn: Option<String>,
    /// Version that is current.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version_id: Option<String>,
    /// Since when `versionId` is current, in bound Secrets as well: the grace of the version before counts from then.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rotated_at: Option<Time>,
    /// When the password is rotated next.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_rotation_at: Option<Time>,
    /// The rotation that is under way.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rotation: Option<RotationStatus>,
    /// The user that clients log in as with their AWS credentials.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub iam: Option<IamStatus>,
}

/// The user that clients log in as with their AWS credentials.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct IamStatus {
    /// Name to log in with.
    pub user_name: String,
    /// What the role of a client needs to be allowed, as an IAM policy: no more than to connect to this cache as this user. Once the cache is there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub policy: Option<String>,
}

/// A rotation that is under way.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct RotationStatus {
    /// Version of the secret that it brings in.
    pub id: String,
    /// How far it is.
    pub phase: RotationPhase,
    /// Since when it is in this phase.
    pub since: Time,
}

/// How far a rotation is.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Copy, Debug, PartialEq, Eq)]
pub enum RotationPhase {
    /// The new password, or the new user, is being brought to the cache; the old one is current.
    Pending,
    /// The new password, or the new user, is current; the old one works until the grace is over.
    Grace,
}

/// What became of that which spec.adopt names.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq, Default)]
#[serde(rename_all = "camelCase")]
pub struct AdoptionStatus {
    /// The REST API.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "AdoptedStatus")]
    pub rest_api: Option<AdoptedStatus>,
    /// The replication group.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "AdoptedStatus")]
    pub replication_group: Option<AdoptedStatus>,
    /// The secret.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "AdoptedStatus")]
    pub secret: Option<AdoptedStatus>,
}

/// Something that is to be taken over.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct AdoptedStatus {
    /// Id, or ARN, that spec.adopt names.
    pub id: String,
    /// How far it is.
    pub state: AdoptionState,
    /// What the take-over would change, the first twenty of many; empty once it is the object's.
    #[serde(default)]
    pub differences: Vec<String>,
}

/// How far the adoption of a thing is.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Copy, Debug, PartialEq, Eq)]
pub enum AdoptionState {
    /// It is not the object's yet.
    Pending,
    /// It is the object's.
    Adopted,
    /// It cannot be taken over; the condition of its part says why.
    Refused,
}

/// Something awaited.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct Pending {
    /// Part of the object: `Api`, `Cache`, `Credentials` or `Bindings`.
    pub aspect: String,
    /// Why, as a constant.
    pub reason: String,
    /// Why, in a sentence.
    pub message: String,
}

/// A creation that was announced, or that users leave the cache.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct Intent {
    /// What is to be created, e.g. `RestApi`; or who is to leave the cache when the grace is over: `PasswordLeaves`, `IamLeaves`.
    pub kind: String,
    /// When it was announced.
    pub at: Time,
}

/// A consumer of endpoint and credential.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct ConsumerStatus {
    /// `Secret`, `Lambda`, `Deployment` or `StatefulSet`.
    pub kind: String,
    /// Name; of a Lambda function the ARN.
    pub name: String,
    /// Version of the secret that it was given last, with `+iam` where it was told of the user for signed tokens as well. Without a password it stands for the
    /// endpoint.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version_id: Option<String>,
    /// Whether `versionId` is the current version, and all of the consumer has it: a workload's rollout is done.
    pub up_to_date: bool,
    /// What the role of a Lambda function needs to be allowed, as an IAM policy: no more than to read this secret, or to connect to this cache.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy: Option<String>,
}

/// The first bound Secret.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct BindingStatus {
    /// Name of the Secret.
    pub name: String,
}

impl CachedApiStatus {
    /// The time of the announced creation of `kind`, if one is announced.
    #[must_use]
    pub fn intent(&self, kind: &str) -> Option<Timestamp> {
        self.intents
            .iter()
            .find(|intent| intent.kind == kind)
            .map(|intent| intent.at.0)
    }
}
