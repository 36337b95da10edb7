//! Whose AWS account an object is in.

use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A role in an AWS account, and who may have the operator assume it.
#[derive(CustomResource, KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[kube(
    group = "cachedapi.dev",
    version = "v1alpha1",
    kind = "AwsAccount",
    derive = "PartialEq",
    doc = "A role in an AWS account, and who may have the operator assume it. Objects name it in spec.accountRef. It is cluster-scoped: whoever may write it decides who spends money in which account.",
    printcolumn(name = "Role", type_ = "string", json_path = ".spec.roleArn"),
    printcolumn(
        name = "Age",
        type_ = "date",
        json_path = ".metadata.creationTimestamp"
    )
)]
#[serde(rename_all = "camelCase")]
pub struct AwsAccountSpec {
    /// ARN of the role that the operator assumes, e.g. `arn:aws:iam::222233334444:role/cachedapi`. Its trust policy lets the operator's own role do so; its
    /// permissions are those of `cachedapi-operator iam-policy`.
    #[schemars(
        length(max = 2048),
        regex(pattern = r"^arn:aws[a-z-]*:iam::[0-9]{12}:role/.+$")
    )]
    pub role_arn: String,

    /// What the role's trust policy asks for as `sts:ExternalId`, if it does. It is no secret.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(
        with = "String",
        length(min = 2, max = 1224),
        regex(pattern = r"^[\w+=,.@:/-]*$")
    )]
    pub external_id: Option<String>,

    /// Namespaces whose objects may name this account; `*` is every namespace.
    #[schemars(length(min = 1, max = 256), inner(length(min = 1, max = 63)), extend("x-kubernetes-list-type" = "set"))]
    pub allowed_namespaces: Vec<String>,

    /// AWS Regions that such objects may be in; every Region, if there is none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 64), inner(length(min = 1, max = 32)), extend("x-kubernetes-list-type" = "set"))]
    pub allowed_regions: Vec<String>,
}

/// Names an `AwsAccount`.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
pub struct AccountRef {
    /// Name of the `AwsAccount`.
    #[schemars(length(min = 1, max = 253))]
    pub name: String,
}
