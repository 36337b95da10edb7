use serde::Serialize;

/// What can carry the cluster's tag and be ours.
///
/// The ARNs are those of "Actions, resources, and condition keys" of each service; that each kind can be tagged stand in "API Gateway resources that can be tagged",
/// "Tagging your ElastiCache resources" and "Tag AWS Secrets Manager secrets".
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs)] // Each is named as its service names it.
pub enum Kind {
    RestApi,
    Stage,
    ApiKey,
    UsagePlan,
    ReplicationGroup,
    UserGroup,
    User,
    SubnetGroup,
    Secret,
}

/// The parts of an object that a deletion policy keeps or gives up as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// The REST API with its stage, keys and usage plan.
    Api,
    /// The replication group with its users and subnet group.
    Cache,
    /// The secret.
    Secret,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::RestApi,
        Self::Stage,
        Self::ApiKey,
        Self::UsagePlan,
        Self::ReplicationGroup,
        Self::UserGroup,
        Self::User,
        Self::SubnetGroup,
        Self::Secret,
    ];

    /// What has this ARN. None for what is not judged: a node and a snapshot have the tags of their replication group (ElastiCache copies them), but a
    /// node goes with its group and a snapshot is there to be kept; and functions and roles that carry the cluster's tag are their makers'.
    #[must_use]
    pub fn of(arn: &str) -> Option<Self> {
        let mut parts = arn.splitn(6, ':').skip(2);
        let (service, resource) = (parts.next()?, parts.nth(2)?);
        match service {
            "apigateway" => Self::of_gateway(resource),
            "elasticache" => Self::of_cache(resource.split_once(':')?.0),
            "secretsmanager" => resource.starts_with("secret:").then_some(Self::Secret),
            _ => None,
        }
    }

    fn of_gateway(path: &str) -> Option<Self> {
        let segments: Vec<&str> = path.strip_prefix('/')?.split('/').collect();
        match segments.as_slice() {
            ["restapis", _] => Some(Self::RestApi),
            ["restapis", _, "stages", _] => Some(Self::Stage),
            ["apikeys", _] => Some(Self::ApiKey),
            ["usageplans", _] => Some(Self::UsagePlan),
            _ => None,
        }
    }

    fn of_cache(type_: &str) -> Option<Self> {
        match type_ {
            "replicationgroup" => Some(Self::ReplicationGroup),
            "usergroup" => Some(Self::UserGroup),
            "user" => Some(Self::User),
            "subnetgroup" => Some(Self::SubnetGroup),
            _ => None,
        }
    }

    /// As a metric label.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::RestApi => "rest_api",
            Self::Stage => "stage",
            Self::ApiKey => "api_key",
            Self::UsagePlan => "usage_plan",
            Self::ReplicationGroup => "replication_group",
            Self::UserGroup => "user_group",
            Self::User => "user",
            Self::SubnetGroup => "subnet_group",
            Self::Secret => "secret",
        }
    }

    /// As people call it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::RestApi => "REST API",
            Self::Stage => "stage",
            Self::ApiKey => "API key",
            Self::UsagePlan => "usage plan",
            Self::ReplicationGroup => "replication group",
            Self::UserGroup => "user group",
            Self::User => "user",
            Self::SubnetGroup => "subnet group",
            Self::Secret => "secret",
        }
    }

    /// The part that it belongs to.
    #[must_use]
    pub const fn part(self) -> Part {
        match self {
            Self::RestApi | Self::Stage | Self::ApiKey | Self::UsagePlan => Part::Api,
            Self::ReplicationGroup | Self::UserGroup | Self::User | Self::SubnetGroup => {
                Part::Cache
            }
            Self::Secret => Part::Secret,
        }
    }
}
