use aws_config::{Region, SdkConfig};

use crate::model::Workload;
use crate::plan::rotation::Accepted;
use crate::plan::{Attempt, Fact, Failure, Login, Read, Seen};

use super::apigateway::{self, ApiGateway};
use super::call::Caller;
use super::elasticache::{self, ElastiCache, read_group, read_user_group};
use super::lambda::Lambda;
use super::not_ours;
use super::operations::GET_CALLER_IDENTITY;
use super::role::Iam;
use super::secretsmanager::SecretsManager;
use super::tagging::Tagging;

/// Clients of one Region.
#[derive(Debug)]
pub(super) struct Services {
    pub(super) gateway: ApiGateway,
    pub(super) cache: ElastiCache,
    pub(super) secrets: SecretsManager,
    pub(super) lambda: Lambda,
    pub(super) roles: Iam,
    pub(super) tagging: Tagging,
    sts: aws_sdk_sts::Client,
    caller: Caller,
}

impl Services {
    pub(super) fn new(config: &SdkConfig, caller: &Caller) -> Self {
        let region = Region::new(caller.region.clone());
        let config = config.to_builder().region(region).build();
        Self {
            gateway: ApiGateway {
                client: aws_sdk_apigateway::Client::new(&config),
                caller: caller.clone(),
            },
            cache: ElastiCache {
                client: aws_sdk_elasticache::Client::new(&config),
                caller: caller.clone(),
            },
            secrets: SecretsManager {
                client: aws_sdk_secretsmanager::Client::new(&config),
                caller: caller.clone(),
            },
            lambda: Lambda {
                client: aws_sdk_lambda::Client::new(&config),
                caller: caller.clone(),
            },
            roles: Iam {
                client: aws_sdk_iam::Client::new(&config),
                caller: caller.clone(),
            },
            tagging: Tagging {
                client: aws_sdk_resourcegroupstagging::Client::new(&config),
                caller: caller.clone(),
            },
            sts: aws_sdk_sts::Client::new(&config),
            caller: caller.clone(),
        }
    }

    pub(super) async fn account(&self) -> Result<String, Failure> {
        let request = self.sts.get_caller_identity();
        let reply = self
            .caller
            .call(GET_CALLER_IDENTITY, "account", request.send())
            .await?;
        Ok(reply.account.unwrap_or_default())
    }

    /// Every read but [`Read::BoundSecret`], which answers as a secret of that name would.
    pub(super) async fn read(&self, read: &Read) -> Fact {
        let (gateway, cache, secrets) = (&self.gateway, &self.cache, &self.secrets);
        match read {
            Read::RestApi { id } => apigateway::read_rest_api(gateway, id).await,
            Read::NamedRestApi { id } => apigateway::read_named_rest_api(gateway, id).await,
            Read::RestApiSearch { tags } => apigateway::search_rest_apis(gateway, tags).await,
            Read::OtherRestApis { api, tags } => apigateway::read_others(gateway, api, tags).await,
            Read::Methods { api } => Fact::Methods(apigateway::read_methods(gateway, api).await),
            Read::Deployments { api } => {
                Fact::Deployments(apigateway::read_deployments(gateway, api).await)
            }
            Read::Stage { api, name } => {
                Fact::Stage(apigateway::read_stage(gateway, api, name).await)
            }
            Read::ApiKeys { prefix } => {
                Fact::ApiKeys(apigateway::read_api_keys(gateway, prefix).await)
            }
            Read::UsagePlans { tags } => {
                Fact::UsagePlans(apigateway::read_usage_plans(gateway, tags).await)
            }
            Read::Permission {
                function,
                statement,
            } => self.lambda.read_permission(function, statement).await,
            Read::Function { arn } => self.lambda.read_function(arn).await,
            Read::FunctionAlias { function, alias } => {
                self.lambda.read_alias(function, alias).await
            }
            Read::RolePolicy { role, policy } => self.roles.read_policy(role, policy).await,
            Read::SubnetGroup { name } => {
                Fact::SubnetGroup(elasticache::read_subnet_group(cache, name).await)
            }
            Read::User { id } => elasticache::read_back_ends_user(cache, id).await,
            Read::DefaultUser { id } => Fact::DefaultUser(elasticache::read_user(cache, id).await),
            Read::UserGroup { id } => Fact::UserGroup(read_user_group(cache, id).await),
            Read::ReplicationGroup { id } => Fact::ReplicationGroup(read_group(cache, id).await),
            Read::OtherReplicationGroup { id } => {
                Fact::OtherReplicationGroup(read_group(cache, id).await)
            }
            Read::CacheNode { id } => Fact::CacheNode(elasticache::read_node(cache, id).await),
            Read::Snapshot { name } => {
                Fact::FinalSnapshot(elasticache::read_snapshot(cache, name).await)
            }
            Read::CacheTags { arn } => Fact::CacheTags {
                arn: arn.clone(),
                tags: elasticache::read_tags(cache, arn).await,
            },
            Read::Secret { name } | Read::BoundSecret { name } => {
                Fact::Secret(secrets.read_secret(name).await)
            }
            Read::OtherSecret { arn } => Fact::OtherSecret(secrets.read_secret(arn).await),
            Read::SecretValue { arn, version } => Fact::SecretValue {
                version: version.clone(),
                value: secrets.read_value(arn, version).await,
            },
            Read::Workload(workload) => unknown(workload),
            Read::Login(attempt) => untried(attempt),
        }
    }
}

/// A workload is not AWS's to tell of.
fn unknown(workload: &Workload) -> Fact {
    Fact::Workload {
        workload: workload.clone(),
        observed: Seen::Unknown(not_ours("a workload was asked for")),
    }
}

/// A login is not AWS's to try.
fn untried(attempt: &Attempt) -> Fact {
    Fact::Login {
        version: attempt.version.clone(),
        login: Login {
            accepted: Accepted::Unknown,
            flaw: None,
            obstacle: Some("it was not asked".into()),
            members: Vec::new(),
        },
    }
}
