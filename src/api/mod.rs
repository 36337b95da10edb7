//! Layer 0: the custom resource as the API server sees it.
//!
//! Types here are what a user writes and reads; nothing is interpreted. Their doc comments are user documentation: they
//! become `kubectl explain` texts, and the CRD in `crds/` is generated from them (`cachedapi-operator crd`).

mod account;
mod condition;
mod crd;
mod spec;
mod status;

pub use account::{AccountRef, AwsAccount, AwsAccountSpec};
pub use condition::{Condition, ConditionStatus, ConditionType, Reason};
pub use crd::{aws_account_definition, custom_resource_definition};
pub use spec::*;
pub use status::*;

/// API group of the resource; prefix of every label, annotation and AWS tag we own.
pub const GROUP: &str = "cachedapi.dev";
/// Finalizer that is there before the first AWS write and goes when every child is gone or retained.
pub const FINALIZER: &str = "cachedapi.dev/cleanup";
/// Annotation: while its value is `true` nothing is written to AWS or to bound Secrets for the object.
pub const ANNOTATION_PAUSED: &str = "cachedapi.dev/paused";
/// Annotation: a new value asks for a full reconcile now (any text; a timestamp by custom).
pub const ANNOTATION_RECONCILE: &str = "cachedapi.dev/reconcile-requested-at";
/// Annotation: asks for a rotation of the password as of a time, RFC 3339, e.g. `2026-11-25T12:00:00Z`. A time that is still to come is waited for.
pub const ANNOTATION_ROTATE: &str = "cachedapi.dev/rotate-requested-at";
/// Annotation: the credential leaked as of a time, RFC 3339. A cache user made before it is replaced by another one, and the connections that it opened are
/// closed.
pub const ANNOTATION_REVOKE: &str = "cachedapi.dev/revoke-requested-at";
/// Annotation of a bound Secret: version of the AWS secret that its content comes from.
pub const ANNOTATION_SECRET_VERSION: &str = "cachedapi.dev/secret-version";
/// Annotation of the pod template of a workload that is rolled, with the object's name behind it: version of the AWS secret that its pods read. Each
/// object has its own, because one workload may use several caches.
pub const ANNOTATION_ROLLED_PREFIX: &str = "secret-version.cachedapi.dev/";
/// Label on every Kubernetes object that the operator owns, as the Kubernetes recommended labels define it.
pub const LABEL_MANAGED_BY: &str = "app.kubernetes.io/managed-by";
/// Server-side-apply field manager, event reporter, and value of [`LABEL_MANAGED_BY`].
pub const MANAGER: &str = "cachedapi-operator";

/// AWS tag: `metadata.uid` of the owning object. What lacks it is never modified or deleted; a REST API that is adopted gets it first.
pub const TAG_OWNER_UID: &str = "cachedapi.dev/owner-uid";
/// AWS tag: `namespace/name` of the owning object, for people.
pub const TAG_OWNER: &str = "cachedapi.dev/owner";
/// AWS tag: id of the cluster the owner lives in.
pub const TAG_CLUSTER: &str = "cachedapi.dev/cluster-id";
/// AWS tag, with any value: the thing was there before its owner, which took it over.
pub const TAG_ADOPTED: &str = "cachedapi.dev/adopted";
/// AWS tag that whoever owns a thing in AWS puts there, so that it can be adopted: the id of a cluster, or `<cluster id>/<namespace>/<name>` of one object.
pub const TAG_ADOPTABLE_BY: &str = "cachedapi.dev/adoptable-by";
/// AWS tag: version of the operator that created the thing.
pub const TAG_VERSION: &str = "cachedapi.dev/operator-version";
/// AWS tag: `true` on the REST API, the replication group or the secret that a deletion policy keeps. It speaks for the whole part.
pub const TAG_RETAINED: &str = "cachedapi.dev/retained";
