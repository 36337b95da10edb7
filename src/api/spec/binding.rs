use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Who receives the cache's endpoint and credential.
///
/// The old password works until every consumer has the current version of the secret and the grace is over; after twice the grace it is taken out all the
/// same. status.bindings tells how far each is.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[x_kube(validation = Rule::new("[has(self.secret), has(self.lambda), has(self.deployment), has(self.statefulSet)].filter(x, x).size() == 1")
    .message("a binding needs exactly one of secret, lambda, deployment and statefulSet"))]
#[serde(rename_all = "camelCase")]
pub struct Binding {
    /// A Kubernetes Secret in the object's namespace, in Service Binding shape (keys type, provider, host, port, username, password, uri, tls; with credentials.iam
    /// authMode or iamUsername, cacheName, region).
    /// The operator creates it and keeps it in step; a Secret of that name that it does not own is left alone and reported.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "SecretBinding")]
    pub secret: Option<SecretBinding>,
    /// A Lambda function in the object's Region that finds endpoint and secret in its environment and reads the password from Secrets Manager.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "LambdaBinding")]
    pub lambda: Option<LambdaBinding>,
    /// A Deployment in the object's namespace whose pods read the credential when they start. It is rolled when the secret has another version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "WorkloadBinding")]
    pub deployment: Option<WorkloadBinding>,
    /// A `StatefulSet` in the object's namespace whose pods read the credential when they start. It is rolled when the secret has another version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "WorkloadBinding")]
    pub stateful_set: Option<WorkloadBinding>,
}

/// A Kubernetes Secret to write.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct SecretBinding {
    /// Name of the Secret.
    #[schemars(
        length(max = 253),
        regex(pattern = r"^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$")
    )]
    pub name: String,
    /// Whether the Secret has the key previousPassword while the cache accepts the password before the current one: for back ends that try both.
    #[serde(default)]
    pub previous_password: bool,
}

/// A Kubernetes Secret to write.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct SecretName {
    /// Name of the Secret.
    #[schemars(
        length(max = 253),
        regex(pattern = r"^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$")
    )]
    pub name: String,
}

/// A workload to roll.
///
/// Its pod template gets the annotation `secret-version.cachedapi.dev/NAME` with the version of the secret, NAME being the name of the `CachedApi`. It is applied
/// by server-side apply with a field manager of its own, so that tools that apply the rest of the workload leave it alone. It stays when the binding
/// leaves the spec, because to take it off would roll the pods once more.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct WorkloadBinding {
    /// Name of the workload. It must exist.
    #[schemars(
        length(max = 253),
        regex(pattern = r"^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$")
    )]
    pub name: String,
}

/// A Lambda function.
///
/// Its environment gets `CACHE_HOST`, `CACHE_PORT`, `CACHE_KEY_PREFIX`, with a password `CACHE_SECRET_ARN` and `CACHE_SECRET_VERSION_ID`, never the password itself, and with
/// credentials.iam `CACHE_IAM_USERNAME` and `CACHE_IAM_CACHE_NAME`. These seven names are the operator's: what else they hold is overwritten, and they go when the binding leaves the spec or the object is deleted. Other variables stay.
/// The function must carry the tag `cachedapi.dev/cluster-id` with the id of the cluster, by which its owner lets the operator in.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct LambdaBinding {
    /// ARN of the function, without version or alias.
    #[schemars(
        length(max = 256),
        regex(
            pattern = r"^arn:aws[a-z-]*:lambda:[a-z0-9-]+:[0-9]{12}:function:[A-Za-z0-9_-]{1,64}$"
        )
    )]
    pub function_arn: String,
    /// Alias that callers use. When its version lacks the current environment, a version is published and the alias moved to it; not while the alias serves
    /// other code than `$LATEST`, which would put code live that nobody released.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(
        with = "String",
        length(max = 128),
        regex(pattern = r"^[A-Za-z0-9_-]*[A-Za-z_-][A-Za-z0-9_-]*$")
    )]
    pub alias: Option<String>,
}
