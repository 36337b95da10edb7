use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// One thing that can be said of the object, as `metav1.Condition`.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct Condition {
    /// What is said: Ready, Synced, Reconciling, Stalled, ApiReady, CacheReady, CredentialsReady or BindingsReady.
    #[serde(rename = "type")]
    pub type_: String,
    /// True, False or Unknown.
    pub status: ConditionStatus,
    /// Generation of the spec that this speaks of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
    /// When `status` changed last.
    pub last_transition_time: Time,
    /// Why, as a constant; docs/reference/conditions.md lists them.
    pub reason: String,
    /// Why, in a sentence.
    pub message: String,
}

/// Whether a condition holds.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConditionStatus {
    /// It holds.
    True,
    /// It does not hold.
    False,
    /// It is not known.
    Unknown,
}

/// The conditions that the operator sets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ConditionType {
    /// Everything the spec asks for is live. Computed from the others.
    Ready,
    /// The last round applied all it could, or had nothing to do.
    Synced,
    /// Work is under way (kstatus; True is not the resting state).
    Reconciling,
    /// Nothing will move until somebody changes the spec, or puts right in AWS what the message names (kstatus; True is not the resting state).
    Stalled,
    /// The REST API is live.
    ApiReady,
    /// The replication group is available as asked for.
    CacheReady,
    /// Each way into the cache that the spec asks for is open.
    CredentialsReady,
    /// Every consumer of `spec.bindings`, and every Secret of an API key, has what is current.
    BindingsReady,
}

impl ConditionType {
    /// Every type, in the order of status.
    pub const ALL: [Self; 8] = [
        Self::Ready,
        Self::Synced,
        Self::Reconciling,
        Self::Stalled,
        Self::ApiReady,
        Self::CacheReady,
        Self::CredentialsReady,
        Self::BindingsReady,
    ];

    /// As it stands in `type`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ready => "Ready",
            Self::Synced => "Synced",
            Self::Reconciling => "Reconciling",
            Self::Stalled => "Stalled",
            Self::ApiReady => "ApiReady",
            Self::CacheReady => "CacheReady",
            Self::CredentialsReady => "CredentialsReady",
            Self::BindingsReady => "BindingsReady",
        }
    }
}

/// Declares [`Reason`] with its documentation, so that docs and code cannot drift apart.
macro_rules! reasons {
    ($($(#[doc = $doc:literal])+ $name:ident,)+) => {
        /// Why a condition is what it is. Stable: documented as API.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Reason { $($(#[doc = $doc])+ $name,)+ }

        impl Reason {
            /// Every reason, in the order of the documentation.
            pub const ALL: &'static [Self] = &[$(Self::$name,)+];

            /// As it stands in `reason`.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => stringify!($name),)+ }
            }

            /// What it means and what to do, for docs/reference/conditions.md.
            #[must_use]
            pub const fn meaning(self) -> &'static str {
                match self { $(Self::$name => concat!($($doc),+),)+ }
            }
        }
    };
}

reasons! {
    /// Everything the spec asks for is live.
    Available,
    /// The last round applied all it could.
    Applied,
    /// Nothing is under way.
    Settled,
    /// Nothing keeps the operator from working.
    Working,
    /// Changes are being made.
    Progressing,
    /// AWS is creating something; the message names it.
    Provisioning,
    /// AWS has been creating something for longer than an hour; the message names it. Look at its events; ask AWS's support. It is waited for all the same.
    ProgressDeadlineExceeded,
    /// AWS is changing something; the message names it.
    Modifying,
    /// The object is being deleted; the message names what is awaited.
    Deleting,
    /// Something else of the object must be there first; the message names it.
    WaitingForDependency,
    /// A creation was announced and its outcome is not yet visible; it is looked for until the grace period ends.
    WaitingForCreation,
    /// A read from AWS failed, so nothing is decided until it succeeds.
    Unobserved,
    /// The annotation `cachedapi.dev/paused` is `true`; remove it to continue.
    Paused,
    /// The spec cannot work; the message lists the violations with their fields, the first ten of many. Change the spec.
    InvalidSpec,
    /// AWS would have to replace something or lose data for this change, so it is not made. Put the field back, or create another object.
    ChangeRefused,
    /// Something that is not the object's own has the name that it needs. Rename or remove it.
    NameTaken,
    /// The operator's AWS identity lacks a permission; the message names the IAM action. Allow it.
    AccessDenied,
    /// AWS refuses the operator's credentials, or they have expired, or there are none, so nothing is known of what is in AWS; it stays as it is. Give the operator credentials that work.
    CredentialsRefused,
    /// The operator's credentials belong to another AWS account, or spec.region names another Region, than the object's things are in (status.account, status.region). Nothing is done. Give the operator credentials of that account.
    PlaceMismatch,
    /// The `AwsAccount` that spec.accountRef names is not there, or is not for the object's namespace or Region; the message says which. Nothing is known of what is in AWS; it stays as it is. Create or change the `AwsAccount`, or change the spec.
    AccountUnusable,
    /// An AWS quota is used up; the message names it. Raise it or free something.
    QuotaExceeded,
    /// AWS refuses the request as it is; the message says why.
    Rejected,
    /// Something the spec refers to does not exist; the message names it. Create it or change the spec.
    ReferenceNotFound,
    /// AWS throttles or fails at the moment; it is tried again.
    AwsUnavailable,
    /// The Kubernetes API server refuses or fails at the moment, or the object changed meanwhile; it is tried again.
    ApiServerUnavailable,
    /// AWS has no capacity for it at the moment; it is tried again.
    InsufficientCapacity,
    /// The secret's current value lacks something that the operator does not make up; the message names it. Put it back, e.g. by moving AWSCURRENT to an older version.
    SecretUnusable,
    /// The password is being rotated; the current one works throughout.
    Rotating,
    /// A workload is being rolled to the secret's current version; the message names it and what is awaited.
    RollingOut,
    /// A workload does not replace its pods by itself, so they keep what they started with; the message names it and says what to do: delete its pods, lower its partition or resume it. The password before works for twice the grace at most.
    RolloutHeld,
    /// The operator cannot log in to the cache, so nothing is proven and no password is promoted. Let the operator in, or set credentials.probe to Skip.
    CacheUnreachable,
    /// A node of the cache lets in who should be kept out, or lets the user do what it must not; the message says how. Look for changes of users and user groups in ElastiCache.
    CacheOpen,
    /// Somebody else rotates the secret; the operator leaves its password alone. Finish or switch off the other rotation.
    ForeignRotation,
    /// A rotation could not be carried out; the message says why. The current password works.
    RotationFailed,
    /// AWS reports that something failed for good; the message names it.
    Failed,
    /// What spec.adopt names is not the object's yet; status.adoption shows what would change. Set spec.adopt.mode to `TakeOver` to have it taken over.
    AdoptionPending,
    /// What spec.adopt names cannot be taken over; the message says why. Nothing is made in its place. Change spec.adopt, or put right what the message names.
    AdoptionRefused,
    /// managementPolicy is `ObserveOnly`: what is as the spec asks for is live, and what is not is left as it is; the message says what the operator would do. Set it to Manage to have it done.
    ObserveOnly,
    /// The operator broke one of its own rules; please report it with the message.
    InternalError,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_are_camel_case_constants() {
        for reason in Reason::ALL {
            let name = reason.as_str();
            assert!(
                name.starts_with(|c: char| c.is_ascii_uppercase())
                    && name.chars().all(|c| c.is_ascii_alphanumeric()),
                "{name}"
            );
            assert!(
                reason.meaning().ends_with('.'),
                "{name} is documented by sentences"
            );
        }
    }
}
