use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What the operator may do for an object.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum ManagementPolicy {
    /// It makes AWS match the spec, and takes down what the object owns when it is deleted.
    #[default]
    Manage,
    /// It reads, and says in status what it would change. It writes nothing to AWS, to bound Secrets and to workloads, and deletes nothing with the object.
    ObserveOnly,
}

/// Whether a field is as it was, as CEL.
#[rustfmt::skip]
macro_rules! stays {
    ($field:literal) => { concat!("has(self.", $field, ") == has(oldSelf.", $field, ") && (!has(self.", $field, ") || self.", $field, " == oldSelf.", $field, ")") };
}

/// What exists in AWS and is to become the object's. Whoever owns it in AWS consents by the tag `cachedapi.dev/adoptable-by`. Until it is taken over it is only
/// read, and nothing is made in its place.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[x_kube(validation = Rule::new("has(self.restApiId) || has(self.replicationGroupId) || has(self.secretArn)")
    .message("adopt names nothing: write restApiId, replicationGroupId or secretArn"))]
#[x_kube(validation = Rule::new(concat!("oldSelf.mode != 'TakeOver' || (", stays!("restApiId"), ")"))
    .message("adopt.restApiId cannot be changed while adopt.mode is TakeOver; go back to Review first"))]
#[x_kube(validation = Rule::new(concat!("oldSelf.mode != 'TakeOver' || (", stays!("replicationGroupId"), ")"))
    .message("adopt.replicationGroupId cannot be changed while adopt.mode is TakeOver; go back to Review first"))]
#[x_kube(validation = Rule::new(concat!("oldSelf.mode != 'TakeOver' || (", stays!("secretArn"), ")"))
    .message("adopt.secretArn cannot be changed while adopt.mode is TakeOver; go back to Review first"))]
#[serde(rename_all = "camelCase")]
pub struct AdoptSpec {
    /// Id of the REST API in the object's account and Region, e.g. `a1b2c3d4e5`. It keeps its id and with it its URL.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(
        with = "String",
        length(min = 1, max = 32),
        regex(pattern = r"^[a-z0-9]+$")
    )]
    pub rest_api_id: Option<String>,
    /// Id of the replication group in the object's account and Region, e.g. `sessions`. It keeps its id, its endpoints and its data. What cannot be changed in
    /// place cache.replicationGroup must have as the group has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(
        with = "String",
        length(min = 1, max = 40),
        regex(pattern = r"^[a-z][a-z0-9-]*$")
    )]
    pub replication_group_id: Option<String>,
    /// ARN of the Secrets Manager secret in the object's account and Region. It keeps its ARN, and its current password becomes the object's first one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(
        with = "String",
        length(max = 2048),
        regex(
            pattern = r"^arn:aws[a-z-]*:secretsmanager:[a-z0-9-]+:[0-9]{12}:secret:.+-[A-Za-z0-9]{6}$"
        )
    )]
    pub secret_arn: Option<String>,
    /// `Review`: status.adoption shows what would change, and nothing is written. `TakeOver`: it gets the object's tags and is from then on kept as the spec has it.
    #[serde(default)]
    pub mode: AdoptionMode,
}

/// Whether what is named may be taken over.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum AdoptionMode {
    /// What would change is shown, and nothing is written.
    #[default]
    Review,
    /// It is taken over: tagged, and then made to match the spec.
    TakeOver,
}
