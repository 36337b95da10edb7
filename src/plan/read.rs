use crate::model::{Tags, Workload};

use super::Endpoint;

/// Something to find out. One read is one call, or the pages of one list.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Read {
    /// `GetRestApi`; when it is gone, the hint is dropped and [`Read::RestApiSearch`] follows.
    RestApi {
        /// Id that status remembers.
        id: String,
    },
    /// `GetRestApi` of one that is to be taken over.
    NamedRestApi {
        /// Id that the spec names.
        id: String,
    },
    /// `GetRestApis`, all pages: those whose tags hold all of `tags`, oldest first.
    RestApiSearch {
        /// Owner UID and cluster id.
        tags: Tags,
    },
    /// `GetRestApis`, all pages: what carries all of `tags` besides `api`, if `api` itself is listed; a list that lacks it lags and tells nothing.
    OtherRestApis {
        /// The object's REST API.
        api: String,
        /// Owner UID and cluster id.
        tags: Tags,
    },
    /// `GetResources` with methods, all pages.
    Methods {
        /// REST API.
        api: String,
    },
    /// `GetDeployments`, all pages.
    Deployments {
        /// REST API.
        api: String,
    },
    /// `GetStage`.
    Stage {
        /// REST API.
        api: String,
        /// Name.
        name: String,
    },
    /// `GetApiKeys` by name prefix, all pages, with values.
    ApiKeys {
        /// Prefix of the names.
        prefix: String,
    },
    /// `GetUsagePlans`, all pages, and `GetUsagePlanKeys` of those with these tags.
    UsagePlans {
        /// Tags that tell ownership.
        tags: Tags,
    },
    /// Lambda `GetPolicy`.
    Permission {
        /// Function ARN, with qualifier if the route names one.
        function: String,
        /// Id of our statement.
        statement: String,
    },
    /// `DescribeCacheSubnetGroups` of one name.
    SubnetGroup {
        /// Name.
        name: String,
    },
    /// `DescribeUsers` of one id: a user that back ends log in as.
    User {
        /// Id.
        id: String,
    },
    /// `DescribeUsers` of one id: the user named `default`.
    DefaultUser {
        /// Id.
        id: String,
    },
    /// `DescribeUserGroups` of one id.
    UserGroup {
        /// Id.
        id: String,
    },
    /// `DescribeReplicationGroups` of one id.
    ReplicationGroup {
        /// Id.
        id: String,
    },
    /// The same of the group that status remembers, when the spec names another one.
    OtherReplicationGroup {
        /// Id.
        id: String,
    },
    /// `DescribeCacheClusters` of one id.
    CacheNode {
        /// Id.
        id: String,
    },
    /// `DescribeSnapshots` of one name.
    Snapshot {
        /// Name.
        name: String,
    },
    /// ElastiCache `ListTagsForResource`.
    CacheTags {
        /// ARN.
        arn: String,
    },
    /// `DescribeSecret`.
    Secret {
        /// Name, or ARN.
        name: String,
    },
    /// The same of the secret that status remembers, when the spec names another one.
    OtherSecret {
        /// ARN.
        arn: String,
    },
    /// `GetSecretValue` of one version.
    SecretValue {
        /// ARN.
        arn: String,
        /// Version.
        version: String,
    },
    /// A login to every node with the password of a version that was read.
    Login(Attempt),
    /// A Kubernetes Secret in the object's namespace.
    BoundSecret {
        /// Name.
        name: String,
    },
    /// Lambda `GetFunctionConfiguration` of `$LATEST`.
    Function {
        /// ARN.
        arn: String,
    },
    /// Lambda `GetAlias`, and `GetFunctionConfiguration` of its version.
    FunctionAlias {
        /// ARN of the function.
        function: String,
        /// Name of the alias.
        alias: String,
    },
    /// IAM `GetRolePolicy`.
    RolePolicy {
        /// Name of the role.
        role: String,
        /// Name of the inline policy.
        policy: String,
    },
    /// A Deployment or `StatefulSet` in the object's namespace.
    Workload(Workload),
}

/// A login to try: with TLS, the password, one command that must be allowed and, for a user, one that must not.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Attempt {
    /// Version of the secret whose password is tried.
    pub version: String,
    /// User; none with an AUTH token, whose bearer may do everything.
    pub username: Option<String>,
    /// Prefix of the keys that the user may touch.
    pub key_prefix: String,
    /// Nodes to log in to.
    pub nodes: Vec<Endpoint>,
    /// In cluster mode how many nodes there are at least: one that lets the user in is asked for the others.
    pub cluster: Option<usize>,
}
