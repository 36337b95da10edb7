mod cache;

pub use cache::*;

use std::collections::BTreeMap;

use jiff::Timestamp;
use uuid::Uuid;

use crate::api::{EndpointType, Engine};
use crate::model::{Tags, Workload};

use super::{Endpoint, Mark, Release, RoleAction, Sensitive, Variables};

/// One write, with every decision in it.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    /// Writes to API Gateway.
    Gateway(GatewayAction),
    /// Writes to Lambda function policies.
    Permission(PermissionAction),
    /// Writes to bound Lambda functions.
    Function(FunctionAction),
    /// Writes to the roles of bound Lambda functions.
    Role(RoleAction),
    /// Writes to ElastiCache.
    Cache(CacheAction),
    /// Writes to Secrets Manager.
    Secret(SecretAction),
    /// Gives what is taken over the object's tags, in its own service.
    Adopt(Mark),
    /// Marks what a deletion policy keeps, in its own service.
    Mark(Mark),
    /// Takes the object's tags off what it gives back, in its own service.
    Release(Release),
    /// Writes to the API server.
    Cluster(ClusterAction),
}

/// Writes to API Gateway.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs)] // Field names are API Gateway's own.
pub enum GatewayAction {
    CreateRestApi {
        name: String,
        endpoint_type: EndpointType,
        tags: Tags,
    },
    /// Mode overwrite, fail on warnings.
    PutRestApi {
        api: String,
        hash: String,
        body: String,
    },
    DeleteRestApi {
        api: String,
    },
    /// Without a stage name.
    CreateDeployment {
        api: String,
        description: String,
    },
    DeleteDeployment {
        api: String,
        deployment: String,
    },
    CreateStage {
        api: String,
        name: String,
        deployment: String,
        description: String,
        variables: BTreeMap<String, String>,
        tags: Tags,
    },
    UpdateStage {
        api: String,
        name: String,
        patches: Vec<Patch>,
    },
    CreateApiKey {
        name: String,
        tags: Tags,
    },
    /// Switches a key on.
    EnableApiKey {
        id: String,
    },
    DeleteApiKey {
        id: String,
    },
    CreateUsagePlan {
        name: String,
        throttle: Option<(f64, i32)>,
        quota: Option<(i32, String)>,
        stage: (String, String),
        tags: Tags,
    },
    UpdateUsagePlan {
        id: String,
        patches: Vec<Patch>,
    },
    DeleteUsagePlan {
        id: String,
    },
    CreateUsagePlanKey {
        plan: String,
        key: String,
    },
    DeleteUsagePlanKey {
        plan: String,
        key: String,
    },
}

/// A JSON Patch operation as API Gateway takes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Patch {
    /// What to do.
    pub op: PatchOp,
    /// Path, escaped.
    pub path: String,
    /// Value; none for `remove` of a whole setting.
    pub value: Option<String>,
}

/// What a patch does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum PatchOp {
    Add,
    Remove,
    Replace,
}

/// Writes to Lambda function policies.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs)] // Field names are Lambda's own.
pub enum PermissionAction {
    AddPermission {
        function: String,
        statement: String,
        source_arn: String,
        source_account: String,
    },
    RemovePermission {
        function: String,
        statement: String,
    },
}

/// Writes to bound Lambda functions. Each is made to what was seen: `revision` is the `RevisionId` of the function or the alias.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs)] // Field names are Lambda's own.
pub enum FunctionAction {
    /// All variables that the function has from now on.
    UpdateConfiguration {
        function: String,
        revision: String,
        variables: Variables,
    },
    PublishVersion {
        function: String,
        revision: String,
    },
    UpdateAlias {
        function: String,
        alias: String,
        version: String,
        revision: String,
    },
}

/// Writes to Secrets Manager.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs)] // Field names are Secrets Manager's own.
pub enum SecretAction {
    /// With a fresh random password.
    CreateSecret {
        name: String,
        description: String,
        token: Uuid,
        facts: SecretFacts,
        tags: Tags,
    },
    /// Keeps the password of `from`, replaces the other fields. The version becomes current.
    PutSecretValue {
        arn: String,
        token: Uuid,
        from: String,
        facts: SecretFacts,
    },
    /// A fresh random password, and what else there is in `from`. The version becomes pending.
    PutPendingPassword {
        arn: String,
        token: Uuid,
        from: String,
        since: Timestamp,
        /// The user that the password is for, when it is another than that of `from`.
        successor: Option<Successor>,
    },
    /// Moves AWSCURRENT, if `from` still has it; Secrets Manager moves AWSPREVIOUS to where it came from.
    Promote {
        arn: String,
        to: String,
        from: Option<String>,
    },
    /// Takes AWSPENDING off a version.
    DropPending {
        arn: String,
        version: String,
    },
    RestoreSecret {
        arn: String,
    },
    DeleteSecret {
        arn: String,
        recovery_window_days: u32,
    },
}

/// A user that comes in place of another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Successor {
    /// Name that clients log in with.
    pub username: String,
    /// ARN that it will have, when the other one's is known.
    pub arn: Option<String>,
    /// The moment that it was made for.
    pub since: Timestamp,
}

/// The fields of a secret's value that are no secret: `engine`, `username`, `passwordSince`, `userSince`, `host`, `port`, `tls`, `replicationGroupId`, `keyPrefix`, `user_arn`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct SecretFacts {
    pub engine: Engine,
    /// None with an AUTH token.
    pub username: Option<String>,
    /// Since when there is the password, when it is older than the version.
    pub password_since: Option<Timestamp>,
    /// The moment that the user was made for, when a person asked for it.
    pub user_since: Option<Timestamp>,
    pub replication_group_id: String,
    pub key_prefix: String,
    /// ARN of the cache user, once known: AWS's own rotation function asks for it.
    pub user_arn: Option<String>,
    /// Once known.
    pub endpoint: Option<Endpoint>,
}

/// Writes to the API server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClusterAction {
    /// Announces in the object's status, by a version-checked write, what is to come.
    RecordIntent {
        /// One of `INTENT_…`.
        kind: &'static str,
    },
    /// Applies a Secret that the object owns.
    ApplySecret {
        /// Name.
        name: String,
        /// Content.
        data: BTreeMap<String, Sensitive>,
        /// Version of the AWS secret that the content comes from: the annotation `cachedapi.dev/secret-version`.
        version: Option<String>,
    },
    /// Puts the object's annotation with `version` on the pod template of a workload that is there.
    RollWorkload {
        /// Workload.
        workload: Workload,
        /// Only the one with this UID.
        uid: String,
        /// Version of the AWS secret.
        version: String,
    },
    /// Deletes a Secret that the object owns.
    DeleteSecret {
        /// Name.
        name: String,
        /// Only this version of it.
        resource_version: String,
    },
}

/// `kind` of the intent to create a REST API.
pub const INTENT_REST_API: &str = "RestApi";
/// `kind` of the intent to take the users with passwords out of the cache.
pub const INTENT_PASSWORD_LEAVES: &str = "PasswordLeaves";
/// `kind` of the intent to take the user that shows signed tokens out of the cache.
pub const INTENT_IAM_LEAVES: &str = "IamLeaves";
