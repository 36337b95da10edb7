//! Every operation of AWS that the operator calls: what it needs to be allowed, and how often it may be called.

/// An operation of AWS that the operator calls.
#[derive(Debug)]
pub struct Operation {
    /// `service:Operation`, e.g. `apigateway:PutRestApi`. The label in metrics and messages.
    pub name: &'static str,
    /// Permissions that it needs: its own first, then what AWS checks beside it (tagging at creation, a final snapshot).
    pub grants: &'static [Grant],
    /// What the call does, to tell a missing reference from a thing that is gone.
    pub creates: bool,
    /// Request quotas that it counts against, its own and its service's.
    pub(super) limits: &'static [Limit],
}

/// A permission.
#[derive(Clone, Copy, Debug)]
pub struct Grant {
    /// IAM actions.
    pub actions: &'static [&'static str],
    /// ARNs without `arn:{partition}:`, with `{region}` and `{account}` to be filled in and IAM's wildcards; or `*` alone, where IAM knows no resource.
    pub resources: &'static [&'static str],
    /// What must hold.
    pub condition: Condition,
}

/// What must hold for a permission to count. `Ord` is the order in the policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Condition {
    /// Nothing.
    Always,
    /// The request gives the thing our cluster's tag.
    RequestTag,
    /// The thing carries our cluster's tag.
    ResourceTag,
    /// The request gives the thing our cluster's tag, and the thing carries the consent to one of our objects, or to all.
    Consent,
    /// The Lambda statement is about API Gateway.
    ApiGatewayPrincipal,
    /// The service-linked role is ElastiCache's.
    ElastiCacheRole,
}

/// A request quota: `calls` in `seconds`, up to `burst` at once.
#[derive(Debug)]
pub(super) struct Limit {
    /// Who counts against it.
    pub(super) name: &'static str,
    /// Calls.
    pub(super) calls: f64,
    /// In this many seconds.
    pub(super) seconds: f64,
    /// At once.
    pub(super) burst: f64,
}

const fn limit(name: &'static str, calls: f64, seconds: f64, burst: f64) -> Limit {
    Limit {
        name,
        calls,
        seconds,
        burst,
    }
}

/// "Amazon API Gateway quotas": all operations together. Fixed for every account.
const API_GATEWAY: Limit = limit("apigateway", 10.0, 1.0, 40.0);
/// ElastiCache publishes none; this keeps us from being the one who finds out.
const ELASTICACHE: Limit = limit("elasticache", 10.0, 1.0, 40.0);
/// IAM publishes none either, and is one for all Regions.
const IAM: Limit = limit("iam", 5.0, 1.0, 10.0);
/// The Resource Groups Tagging API publishes none in its reference.
const TAGGING: Limit = limit("tag", 5.0, 1.0, 5.0);
/// "Lambda quotas": control plane requests other than `GetFunction`.
const LAMBDA: Limit = limit("lambda", 15.0, 1.0, 15.0);

macro_rules! operations {
    ($($name:ident = $label:literal, $creates:literal, [$($limit:expr),*], [$($grant:expr),*];)+) => {
        $(pub(super) const $name: &Operation =
            &Operation { name: $label, creates: $creates, limits: &[$($limit),*], grants: &[$($grant),*] };)+

        /// Every operation that the operator calls.
        pub const OPERATIONS: &[&Operation] = &[$($name),+];
    };
}

const fn always(actions: &'static [&'static str], resources: &'static [&'static str]) -> Grant {
    Grant {
        actions,
        resources,
        condition: Condition::Always,
    }
}

const fn tagging(actions: &'static [&'static str], resources: &'static [&'static str]) -> Grant {
    Grant {
        actions,
        resources,
        condition: Condition::RequestTag,
    }
}

const fn tagged(actions: &'static [&'static str], resources: &'static [&'static str]) -> Grant {
    Grant {
        actions,
        resources,
        condition: Condition::ResourceTag,
    }
}

const fn consenting(actions: &'static [&'static str], resources: &'static [&'static str]) -> Grant {
    Grant {
        actions,
        resources,
        condition: Condition::Consent,
    }
}

const fn of_api_gateway(actions: &'static [&'static str]) -> Grant {
    Grant {
        actions,
        resources: FUNCTIONS,
        condition: Condition::ApiGatewayPrincipal,
    }
}

/// What is listed and read. Tags cannot be a condition: the search is for what carries them.
const GATEWAY: &[&str] = &[
    "apigateway:{region}::/apikeys",
    "apigateway:{region}::/restapis",
    "apigateway:{region}::/restapis/*",
    "apigateway:{region}::/usageplans",
    "apigateway:{region}::/usageplans/*/keys",
];
/// Where tagged things are created.
const NEW_GATEWAY: &[&str] = &[
    "apigateway:{region}::/apikeys",
    "apigateway:{region}::/restapis",
    "apigateway:{region}::/usageplans",
];
/// What carries a tag, and what is within.
const OWN_GATEWAY: &[&str] = &[
    "apigateway:{region}::/apikeys/*",
    "apigateway:{region}::/restapis/*",
    "apigateway:{region}::/usageplans/*",
];
const CREATE_GATEWAY: Grant = tagging(&["apigateway:POST", "apigateway:TagResource"], NEW_GATEWAY);
const TAG_GATEWAY: Grant = tagging(
    &["apigateway:POST", "apigateway:PUT"],
    &["apigateway:{region}::/tags/*"],
);
const TAG_STAGE: Grant = tagging(
    &["apigateway:TagResource"],
    &["apigateway:{region}::/restapis/*/stages"],
);
const READ_TAGS: Grant = always(&["apigateway:GET"], &["apigateway:{region}::/tags/*"]);
const READ_GATEWAY: Grant = always(&["apigateway:GET"], GATEWAY);

/// ElastiCache's actions say themselves which kind of thing they are about.
const CACHE: &[&str] = &["elasticache:{region}:{account}:*:capi-*"];
/// The engine's default parameter group is asked for as well.
const NEW_CACHE: &[&str] = &[
    "elasticache:{region}:{account}:*:capi-*",
    "elasticache:{region}:{account}:parametergroup:default.*",
];
/// A final snapshot has no tags when it is asked for.
const SNAPSHOTS: &[&str] = &["elasticache:{region}:{account}:snapshot:capi-*"];
const TAG_CACHE: Grant = tagging(&["elasticache:AddTagsToResource"], CACHE);
const ROLE: Grant = Grant {
    actions: &["iam:CreateServiceLinkedRole"],
    resources: &["iam::{account}:role/aws-service-role/elasticache.amazonaws.com/*"],
    condition: Condition::ElastiCacheRole,
};
const SECRETS: &[&str] = &["secretsmanager:{region}:{account}:secret:cachedapi/*"];
const FUNCTIONS: &[&str] = &["lambda:{region}:{account}:function:*"];
/// What a replication group and a secret that were there before are called is anybody's choice: tags decide alone.
const ANY_GROUP: &[&str] = &["elasticache:{region}:{account}:replicationgroup:*"];
const ANY_CACHE: &[&str] = &[
    "elasticache:{region}:{account}:cluster:*",
    "elasticache:{region}:{account}:replicationgroup:*",
    "elasticache:{region}:{account}:subnetgroup:*",
];
const ANY_SECRET: &[&str] = &["secretsmanager:{region}:{account}:secret:*"];

/// What the operator needs beside, to take replication groups and secrets over: to read what they are, without values; to give the cluster's tag to what consents;
/// and what it does to its own with those that have the tag.
pub(super) const ADOPTION: &[Grant] = &[
    always(
        &[
            "elasticache:DescribeCacheClusters",
            "elasticache:DescribeCacheSubnetGroups",
            "elasticache:DescribeReplicationGroups",
            "elasticache:ListTagsForResource",
        ],
        ANY_CACHE,
    ),
    always(&["secretsmanager:DescribeSecret"], ANY_SECRET),
    consenting(&["elasticache:AddTagsToResource"], ANY_GROUP),
    consenting(&["secretsmanager:TagResource"], ANY_SECRET),
    tagged(
        &[
            "elasticache:AddTagsToResource",
            "elasticache:CreateSnapshot",
            "elasticache:DecreaseReplicaCount",
            "elasticache:DeleteReplicationGroup",
            "elasticache:IncreaseReplicaCount",
            "elasticache:ModifyReplicationGroup",
            "elasticache:RemoveTagsFromResource",
        ],
        ANY_GROUP,
    ),
    tagged(
        &[
            "secretsmanager:DeleteSecret",
            "secretsmanager:GetSecretValue",
            "secretsmanager:PutSecretValue",
            "secretsmanager:RestoreSecret",
            "secretsmanager:TagResource",
            "secretsmanager:UntagResource",
            "secretsmanager:UpdateSecretVersionStage",
        ],
        ANY_SECRET,
    ),
];

/// "Actions, resources, and condition keys for Amazon Resource Group Tagging API" names no resource for its reads: there is nothing to narrow them to.
const EVERYTHING: &[&str] = &["*"];
const ROLES: &[&str] = &["iam::{account}:role/*"];

// API Gateway's IAM actions are HTTP methods on paths ("Actions, resources, and condition keys for Amazon API Gateway Management");
// tags of a REST API and of a usage plan count for what is within ("API Gateway resources that can be tagged"). Tags at creation are
// asked for on /tags/ARN, or as apigateway:TagResource on the path of the creation: documentation and practice differ, so both are granted.
// Quotas: "Amazon API Gateway quotas", "AWS Secrets Manager quotas".
operations! {
    GET_CALLER_IDENTITY = "sts:GetCallerIdentity", false, [], [];

    GET_TAGGED = "tag:GetResources", false, [TAGGING], [always(&["tag:GetResources"], EVERYTHING)];

    GET_TAGS = "apigateway:GetTags", false, [API_GATEWAY], [READ_TAGS];
    TAG_REST_API = "apigateway:TagResource", false, [API_GATEWAY], [TAG_GATEWAY];
    GET_REST_API = "apigateway:GetRestApi", false, [API_GATEWAY], [READ_GATEWAY];
    GET_REST_APIS = "apigateway:GetRestApis", false, [API_GATEWAY], [READ_GATEWAY];
    GET_RESOURCES = "apigateway:GetResources", false, [limit("apigateway:GetResources", 5.0, 2.0, 5.0), API_GATEWAY],
        [READ_GATEWAY];
    GET_DEPLOYMENTS = "apigateway:GetDeployments", false, [API_GATEWAY],
        [READ_GATEWAY];
    GET_STAGE = "apigateway:GetStage", false, [API_GATEWAY], [READ_GATEWAY];
    GET_API_KEYS = "apigateway:GetApiKeys", false, [API_GATEWAY], [READ_GATEWAY];
    GET_USAGE_PLANS = "apigateway:GetUsagePlans", false, [API_GATEWAY],
        [READ_GATEWAY];
    GET_USAGE_PLAN_KEYS = "apigateway:GetUsagePlanKeys", false, [API_GATEWAY],
        [READ_GATEWAY];
    CREATE_REST_API = "apigateway:CreateRestApi", true, [limit("apigateway:CreateRestApi", 1.0, 3.0, 1.0), API_GATEWAY],
        [CREATE_GATEWAY, TAG_GATEWAY];
    CREATE_EDGE_REST_API = "apigateway:CreateRestApi", true, [limit("apigateway:CreateRestApi edge", 1.0, 30.0, 1.0), API_GATEWAY],
        [CREATE_GATEWAY, TAG_GATEWAY];
    PUT_REST_API = "apigateway:PutRestApi", false, [limit("apigateway:PutRestApi", 1.0, 1.0, 1.0), API_GATEWAY],
        [tagged(&["apigateway:PUT"], OWN_GATEWAY)];
    DELETE_REST_API = "apigateway:DeleteRestApi", false, [limit("apigateway:DeleteRestApi", 1.0, 30.0, 1.0), API_GATEWAY],
        [tagged(&["apigateway:DELETE"], OWN_GATEWAY)];
    CREATE_DEPLOYMENT = "apigateway:CreateDeployment", true, [limit("apigateway:CreateDeployment", 1.0, 5.0, 1.0), API_GATEWAY],
        [tagged(&["apigateway:POST"], OWN_GATEWAY)];
    DELETE_DEPLOYMENT = "apigateway:DeleteDeployment", false, [API_GATEWAY],
        [tagged(&["apigateway:DELETE"], OWN_GATEWAY)];
    CREATE_STAGE = "apigateway:CreateStage", true, [API_GATEWAY],
        [tagged(&["apigateway:POST"], OWN_GATEWAY), TAG_STAGE, TAG_GATEWAY];
    UPDATE_STAGE = "apigateway:UpdateStage", false, [API_GATEWAY],
        [tagged(&["apigateway:PATCH"], OWN_GATEWAY)];
    CREATE_API_KEY = "apigateway:CreateApiKey", true, [limit("apigateway:CreateApiKey", 5.0, 1.0, 5.0), API_GATEWAY],
        [CREATE_GATEWAY, TAG_GATEWAY];
    UPDATE_API_KEY = "apigateway:UpdateApiKey", false, [API_GATEWAY],
        [tagged(&["apigateway:PATCH"], OWN_GATEWAY)];
    DELETE_API_KEY = "apigateway:DeleteApiKey", false, [limit("apigateway:DeleteApiKey", 5.0, 1.0, 5.0), API_GATEWAY],
        [tagged(&["apigateway:DELETE"], OWN_GATEWAY)];
    CREATE_USAGE_PLAN = "apigateway:CreateUsagePlan", true, [API_GATEWAY],
        [CREATE_GATEWAY, TAG_GATEWAY];
    UPDATE_USAGE_PLAN = "apigateway:UpdateUsagePlan", false, [limit("apigateway:UpdateUsagePlan", 1.0, 20.0, 1.0), API_GATEWAY],
        [tagged(&["apigateway:PATCH"], OWN_GATEWAY)];
    DELETE_USAGE_PLAN = "apigateway:DeleteUsagePlan", false, [API_GATEWAY],
        [tagged(&["apigateway:DELETE"], OWN_GATEWAY)];
    CREATE_USAGE_PLAN_KEY = "apigateway:CreateUsagePlanKey", true, [API_GATEWAY],
        [tagged(&["apigateway:POST"], OWN_GATEWAY)];
    DELETE_USAGE_PLAN_KEY = "apigateway:DeleteUsagePlanKey", false, [API_GATEWAY],
        [tagged(&["apigateway:DELETE"], OWN_GATEWAY)];

    TAG_CACHE_GROUP = "elasticache:AddTagsToResource", false, [ELASTICACHE], [TAG_CACHE];
    UNTAG_CACHE_GROUP = "elasticache:RemoveTagsFromResource", false, [ELASTICACHE], [];
    DESCRIBE_SUBNET_GROUPS = "elasticache:DescribeCacheSubnetGroups", false, [ELASTICACHE],
        [always(&["elasticache:DescribeCacheSubnetGroups"], CACHE)];
    DESCRIBE_USERS = "elasticache:DescribeUsers", false, [ELASTICACHE], [always(&["elasticache:DescribeUsers"], CACHE)];
    DESCRIBE_USER_GROUPS = "elasticache:DescribeUserGroups", false, [ELASTICACHE],
        [always(&["elasticache:DescribeUserGroups"], CACHE)];
    DESCRIBE_REPLICATION_GROUPS = "elasticache:DescribeReplicationGroups", false, [ELASTICACHE],
        [always(&["elasticache:DescribeReplicationGroups"], CACHE)];
    DESCRIBE_CACHE_CLUSTERS = "elasticache:DescribeCacheClusters", false, [ELASTICACHE],
        [always(&["elasticache:DescribeCacheClusters"], CACHE)];
    DESCRIBE_SNAPSHOTS = "elasticache:DescribeSnapshots", false, [ELASTICACHE], [always(&["elasticache:DescribeSnapshots"], CACHE)];
    LIST_CACHE_TAGS = "elasticache:ListTagsForResource", false, [ELASTICACHE],
        [always(&["elasticache:ListTagsForResource"], CACHE)];
    CREATE_SUBNET_GROUP = "elasticache:CreateCacheSubnetGroup", true, [ELASTICACHE],
        [tagging(&["elasticache:CreateCacheSubnetGroup"], CACHE), TAG_CACHE, ROLE];
    MODIFY_SUBNET_GROUP = "elasticache:ModifyCacheSubnetGroup", false, [ELASTICACHE],
        [tagged(&["elasticache:ModifyCacheSubnetGroup"], CACHE)];
    DELETE_SUBNET_GROUP = "elasticache:DeleteCacheSubnetGroup", false, [ELASTICACHE],
        [tagged(&["elasticache:DeleteCacheSubnetGroup"], CACHE)];
    CREATE_USER = "elasticache:CreateUser", true, [ELASTICACHE],
        [tagging(&["elasticache:CreateUser"], CACHE), TAG_CACHE];
    MODIFY_USER = "elasticache:ModifyUser", false, [ELASTICACHE], [tagged(&["elasticache:ModifyUser"], CACHE)];
    DELETE_USER = "elasticache:DeleteUser", false, [ELASTICACHE], [tagged(&["elasticache:DeleteUser"], CACHE)];
    CREATE_USER_GROUP = "elasticache:CreateUserGroup", true, [ELASTICACHE],
        [tagging(&["elasticache:CreateUserGroup"], CACHE), TAG_CACHE];
    MODIFY_USER_GROUP = "elasticache:ModifyUserGroup", false, [ELASTICACHE],
        [tagged(&["elasticache:ModifyUserGroup"], CACHE)];
    DELETE_USER_GROUP = "elasticache:DeleteUserGroup", false, [ELASTICACHE], [tagged(&["elasticache:DeleteUserGroup"], CACHE)];
    CREATE_REPLICATION_GROUP = "elasticache:CreateReplicationGroup", true, [ELASTICACHE],
        [tagging(&["elasticache:CreateReplicationGroup"], NEW_CACHE), TAG_CACHE, ROLE];
    MODIFY_REPLICATION_GROUP = "elasticache:ModifyReplicationGroup", false, [ELASTICACHE],
        [tagged(&["elasticache:ModifyReplicationGroup"], CACHE)];
    INCREASE_REPLICA_COUNT = "elasticache:IncreaseReplicaCount", false, [ELASTICACHE],
        [tagged(&["elasticache:IncreaseReplicaCount"], CACHE)];
    DECREASE_REPLICA_COUNT = "elasticache:DecreaseReplicaCount", false, [ELASTICACHE],
        [tagged(&["elasticache:DecreaseReplicaCount"], CACHE)];
    DELETE_REPLICATION_GROUP = "elasticache:DeleteReplicationGroup", false, [ELASTICACHE],
        [
            tagged(&["elasticache:DeleteReplicationGroup"], CACHE),
            tagged(&["elasticache:CreateSnapshot"], CACHE),
            always(&["elasticache:CreateSnapshot", "elasticache:DeleteReplicationGroup"], SNAPSHOTS)
        ];

    DESCRIBE_SECRET = "secretsmanager:DescribeSecret", false, [], [always(&["secretsmanager:DescribeSecret"], SECRETS)];
    GET_SECRET_VALUE = "secretsmanager:GetSecretValue", false, [], [tagged(&["secretsmanager:GetSecretValue"], SECRETS)];
    TAG_SECRET = "secretsmanager:TagResource", false, [limit("secretsmanager:TagResource", 50.0, 1.0, 50.0)],
        [tagging(&["secretsmanager:TagResource"], SECRETS)];
    UNTAG_SECRET = "secretsmanager:UntagResource", false, [limit("secretsmanager:UntagResource", 50.0, 1.0, 50.0)], [];
    CREATE_SECRET = "secretsmanager:CreateSecret", true, [limit("secretsmanager:CreateSecret", 50.0, 1.0, 50.0)],
        [tagging(&["secretsmanager:CreateSecret", "secretsmanager:TagResource"], SECRETS)];
    PUT_SECRET_VALUE = "secretsmanager:PutSecretValue", false, [limit("secretsmanager:PutSecretValue", 50.0, 1.0, 50.0)],
        [tagged(&["secretsmanager:PutSecretValue"], SECRETS)];
    UPDATE_SECRET_VERSION_STAGE = "secretsmanager:UpdateSecretVersionStage", false, [limit("secretsmanager:UpdateSecretVersionStage", 50.0, 1.0, 50.0)],
        [tagged(&["secretsmanager:UpdateSecretVersionStage"], SECRETS)];
    RESTORE_SECRET = "secretsmanager:RestoreSecret", false, [limit("secretsmanager:RestoreSecret", 50.0, 1.0, 50.0)],
        [tagged(&["secretsmanager:RestoreSecret"], SECRETS)];
    DELETE_SECRET = "secretsmanager:DeleteSecret", false, [limit("secretsmanager:DeleteSecret", 50.0, 1.0, 50.0)],
        [tagged(&["secretsmanager:DeleteSecret"], SECRETS)];

    GET_FUNCTION_CONFIGURATION = "lambda:GetFunctionConfiguration", false, [LAMBDA],
        [tagged(&["lambda:GetFunctionConfiguration"], FUNCTIONS)];
    UPDATE_FUNCTION_CONFIGURATION = "lambda:UpdateFunctionConfiguration", false, [LAMBDA],
        [tagged(&["lambda:UpdateFunctionConfiguration"], FUNCTIONS)];
    PUBLISH_VERSION = "lambda:PublishVersion", false, [LAMBDA], [tagged(&["lambda:PublishVersion"], FUNCTIONS)];
    GET_ALIAS = "lambda:GetAlias", false, [LAMBDA], [tagged(&["lambda:GetAlias"], FUNCTIONS)];
    UPDATE_ALIAS = "lambda:UpdateAlias", false, [LAMBDA], [tagged(&["lambda:UpdateAlias"], FUNCTIONS)];

    GET_ROLE_POLICY = "iam:GetRolePolicy", false, [IAM], [tagged(&["iam:GetRolePolicy"], ROLES)];
    PUT_ROLE_POLICY = "iam:PutRolePolicy", true, [IAM], [tagged(&["iam:PutRolePolicy"], ROLES)];
    DELETE_ROLE_POLICY = "iam:DeleteRolePolicy", false, [IAM], [tagged(&["iam:DeleteRolePolicy"], ROLES)];

    GET_POLICY = "lambda:GetPolicy", false, [LAMBDA], [always(&["lambda:GetPolicy"], FUNCTIONS)];
    ADD_PERMISSION = "lambda:AddPermission", true, [LAMBDA], [of_api_gateway(&["lambda:AddPermission"])];
    REMOVE_PERMISSION = "lambda:RemovePermission", false, [LAMBDA], [of_api_gateway(&["lambda:RemovePermission"])];
}
