//! What a user writes.

mod adoption;
mod binding;
mod cache;
mod gateway;
mod route;

pub use adoption::*;
pub use binding::*;
pub use cache::*;
pub use gateway::*;
pub use route::*;

use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{AccountRef, CachedApiStatus};

/// The parts of `engineVersion`, as CEL.
#[rustfmt::skip]
macro_rules! version {
    () => { "self.cache.replicationGroup.engineVersion.split('.')" };
}

/// An API behind AWS API Gateway, the Valkey or Redis cache behind it, and the credential that opens that cache.
#[derive(CustomResource, KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[kube(
    group = "cachedapi.dev",
    version = "v1alpha1",
    kind = "CachedApi",
    namespaced,
    status = "CachedApiStatus",
    derive = "PartialEq",
    shortname = "capi",
    doc = "An API behind AWS API Gateway, the Valkey or Redis cache behind it, and the credential that opens that cache.",
    printcolumn(name = "Ready", type_ = "string", json_path = r#".status.conditions[?(@.type=="Ready")].status"#),
    printcolumn(name = "Reason", type_ = "string", json_path = r#".status.conditions[?(@.type=="Ready")].reason"#),
    printcolumn(name = "URL", type_ = "string", json_path = ".status.api.invokeUrl"),
    printcolumn(name = "Cache", type_ = "string", json_path = ".status.cache.state"),
    printcolumn(name = "Rotated", type_ = "date", json_path = ".status.credentials.rotatedAt"),
    printcolumn(name = "Age", type_ = "date", json_path = ".metadata.creationTimestamp"),
    validation = Rule::new("self.metadata.name.size() <= 63").message("metadata.name must have at most 63 characters, because AWS names are derived from it"),
)]
#[x_kube(validation = Rule::new("!self.routes.exists(r, has(r.auth.apiKey)) || size(self.api.apiKeys) > 0")
    .message("a route uses auth.apiKey, so api.apiKeys must name at least one key"))]
#[x_kube(validation = Rule::new(concat!("!has(self.credentials.iam) || int(", version!(), "[0]) > 7 || \
    (int(", version!(), "[0]) == 7 && (self.cache.replicationGroup.engine == 'redis' || int(", version!(), "[1]) >= 2))"))
    .message("credentials.iam needs cache.replicationGroup.engineVersion 7.2 or newer with engine valkey, 7.0 or newer with engine redis"))]
#[x_kube(validation = Rule::new("!has(oldSelf.adopt) || has(self.adopt) || oldSelf.adopt.mode != 'TakeOver' || !(has(oldSelf.adopt.replicationGroupId) || has(oldSelf.adopt.secretArn))")
    .message("adopt cannot be taken out while its mode is TakeOver and it names a replication group or a secret, which are found by it"))]
#[x_kube(validation = Rule::new("!has(self.adopt) || !has(self.adopt.secretArn) || self.adopt.secretArn.split(':')[3] == self.region")
    .message("adopt.secretArn is not in the object's region"))]
#[serde(rename_all = "camelCase")]
pub struct CachedApiSpec {
    /// AWS Region that everything lives in, e.g. `eu-west-1`. Cannot be changed.
    #[schemars(length(max = 32), regex(pattern = r"^[a-z]{2}(-[a-z]+)+-[0-9]$"))]
    #[x_kube(validation = Rule::new("self == oldSelf").message("region cannot be changed; create another object for another Region"))]
    pub region: String,

    /// The AWS account that everything lives in, as an `AwsAccount` says, whose role the operator assumes. Without it, it is the account of the operator's own
    /// role. What the object has stays where it is: with a role of another account nothing is done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "AccountRef")]
    pub account_ref: Option<AccountRef>,

    /// The API Gateway REST API and its stage.
    #[serde(default)]
    pub api: ApiSpec,

    /// The routes of the API. A request that matches no route is answered by the gateway with 403.
    #[schemars(length(min = 1, max = 300), extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["name"]))]
    #[x_kube(validation = Rule::new("self.all(r, self.exists_one(o, o.method == r.method && o.path == r.path))")
        .message("two routes have the same method and path"))]
    pub routes: Vec<Route>,

    /// The cache that the back ends use.
    pub cache: CacheSpec,

    /// How the cache's credential is made and kept.
    #[serde(default)]
    #[x_kube(validation = Rule::new("!has(self.authToken) || !(has(self.password) || has(self.iam))")
        .message("credentials.authToken stands alone: a cache with an AUTH token has no users, so neither password nor iam goes with it"))]
    #[x_kube(validation = Rule::new("has(self.authToken) == has(oldSelf.authToken)")
        .message("credentials.authToken cannot be given to an object or taken from it: a cache with an AUTH token has no users, and moving between the two is not offered; create another object"))]
    #[x_kube(validation = Rule::new("!has(self.authToken) || self.probe == 'Login'")
        .message("credentials.authToken needs probe Login: ElastiCache does not tell which tokens a cache has, only a login does, and without one a rotation could lock everybody out"))]
    pub credentials: CredentialsSpec,

    /// Who receives the cache's endpoint and credential.
    #[serde(default)]
    #[schemars(length(max = 16), extend("x-kubernetes-list-type" = "atomic"))]
    #[x_kube(validation = Rule::new("self.all(b, !has(b.secret) || self.exists_one(o, has(o.secret) && o.secret.name == b.secret.name))")
        .message("two bindings name the same Secret"))]
    #[x_kube(validation = Rule::new("self.all(b, !has(b.lambda) || self.exists_one(o, has(o.lambda) && o.lambda.functionArn == b.lambda.functionArn))")
        .message("two bindings name the same Lambda function"))]
    #[x_kube(validation = Rule::new("self.all(b, !has(b.deployment) || self.exists_one(o, has(o.deployment) && o.deployment.name == b.deployment.name))")
        .message("two bindings name the same Deployment"))]
    #[x_kube(validation = Rule::new("self.all(b, !has(b.statefulSet) || self.exists_one(o, has(o.statefulSet) && o.statefulSet.name == b.statefulSet.name))")
        .message("two bindings name the same StatefulSet"))]
    pub bindings: Vec<Binding>,

    /// What happens to each part when the object is deleted.
    #[serde(default)]
    pub deletion_policy: DeletionPolicy,

    /// A REST API, a replication group or a secret that exists and is to become the object's, instead of one that the operator creates.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "AdoptSpec")]
    pub adopt: Option<AdoptSpec>,

    /// `Manage`, or `ObserveOnly`: what differs is said in status and nothing is changed, in AWS or in the cluster; the object's deletion leaves everything in AWS.
    #[serde(default)]
    pub management_policy: ManagementPolicy,
}

/// What happens to each part when the object is deleted.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq, Default)]
#[serde(rename_all = "camelCase", default)]
pub struct DeletionPolicy {
    /// The REST API with its stage, keys and usage plan: `Delete` or `Retain`. By default `Retain` for one that was adopted, else `Delete`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Disposal")]
    pub api: Option<Disposal>,
    /// The replication group with its users and subnet group: `Snapshot` (final snapshot, then delete), `Delete` or `Retain`. By default `Retain` for one that was
    /// adopted, else `Snapshot`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "CacheDisposal")]
    pub cache: Option<CacheDisposal>,
    /// The Secrets Manager secret: `Delete` (with the recovery window of credentials.recoveryWindowDays) or `Retain`. By default `Retain` for one that was adopted,
    /// else `Delete`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Disposal")]
    pub secret: Option<Disposal>,
}

/// What happens to a part when the object is deleted.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Disposal {
    /// It is deleted.
    #[default]
    Delete,
    /// It stays in AWS, with its tags and the tag `cachedapi.dev/retained`; a secret that was adopted without.
    Retain,
}

/// What happens to the cache when the object is deleted.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum CacheDisposal {
    /// A final snapshot is taken, then it is deleted.
    #[default]
    Snapshot,
    /// It is deleted with its data.
    Delete,
    /// It stays in AWS, with its tags and the tag `cachedapi.dev/retained`; one that was adopted without.
    Retain,
}
