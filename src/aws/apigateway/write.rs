use std::collections::{BTreeMap, HashMap};

use aws_sdk_apigateway::operation::create_stage::builders::CreateStageFluentBuilder;
use aws_sdk_apigateway::primitives::Blob;
use aws_sdk_apigateway::types::{
    ApiStage, EndpointConfiguration, EndpointType as SdkEndpointType, Op, PatchOperation, PutMode,
    QuotaPeriodType, QuotaSettings, ThrottleSettings,
};

use crate::api::{EndpointType, Reason};
use crate::model::Tags;
use crate::plan::{Class, Fact, Failure, GatewayAction, Patch, PatchOp, RestApi, Seen};

use super::super::call::{created, deleted};
use super::super::operations::{
    CREATE_API_KEY, CREATE_DEPLOYMENT, CREATE_EDGE_REST_API, CREATE_REST_API, CREATE_STAGE,
    CREATE_USAGE_PLAN, CREATE_USAGE_PLAN_KEY, DELETE_API_KEY, DELETE_DEPLOYMENT, DELETE_REST_API,
    DELETE_USAGE_PLAN, DELETE_USAGE_PLAN_KEY, PUT_REST_API, TAG_REST_API, UPDATE_API_KEY,
    UPDATE_STAGE, UPDATE_USAGE_PLAN,
};
use super::read::get_rest_api;
use super::{ApiGateway, deployment, rest_api, stage};

type Outcome = Result<Option<Fact>, Failure>;

#[expect(clippy::too_many_lines, reason = "a table: one arm per operation")]
pub(in crate::aws) async fn execute(gateway: &ApiGateway, action: &GatewayAction) -> Outcome {
    match action {
        GatewayAction::CreateRestApi {
            name,
            endpoint_type,
            tags,
        } => gateway.create_rest_api(name, *endpoint_type, tags).await,
        GatewayAction::PutRestApi { api, body, .. } => gateway.put_rest_api(api, body).await,
        GatewayAction::DeleteRestApi { api } => gateway.delete_rest_api(api).await,
        GatewayAction::CreateDeployment { api, description } => {
            gateway.create_deployment(api, description).await
        }
        GatewayAction::DeleteDeployment { api, deployment } => {
            gateway.delete_deployment(api, deployment).await
        }
        GatewayAction::CreateStage {
            api,
            name,
            deployment,
            description,
            variables,
            tags,
        } => {
            let request = gateway
                .client
                .create_stage()
                .rest_api_id(api)
                .stage_name(name)
                .deployment_id(deployment);
            let request = request
                .description(description)
                .set_variables(Some(map(variables)))
                .set_tags(Some(map(tags)));
            gateway
                .create_stage(&format!("{api}/{name}"), request)
                .await
        }
        GatewayAction::UpdateStage { api, name, patches } => {
            gateway.update_stage(api, name, patches).await
        }
        GatewayAction::CreateApiKey { name, tags } => gateway.create_api_key(name, tags).await,
        GatewayAction::EnableApiKey { id } => gateway.enable_api_key(id).await,
        GatewayAction::DeleteApiKey { id } => gateway.delete_api_key(id).await,
        GatewayAction::CreateUsagePlan {
            name,
            throttle,
            quota,
            stage: (api, stage),
            tags,
        } => {
            let stage = ApiStage::builder().api_id(api).stage(stage).build();
            let request = gateway
                .client
                .create_usage_plan()
                .name(name)
                .api_stages(stage)
                .set_tags(Some(map(tags)));
            let request = request
                .set_throttle(throttle.map(throttle_settings))
                .set_quota(quota.as_ref().map(quota_settings));
            created(
                gateway
                    .caller
                    .call(CREATE_USAGE_PLAN, name, request.send())
                    .await,
            )?;
            Ok(None)
        }
        GatewayAction::UpdateUsagePlan { id, patches } => {
            gateway.update_usage_plan(id, patches).await
        }
        GatewayAction::DeleteUsagePlan { id } => gateway.delete_usage_plan(id).await,
        GatewayAction::CreateUsagePlanKey { plan, key } => {
            gateway.create_usage_plan_key(plan, key).await
        }
        GatewayAction::DeleteUsagePlanKey { plan, key } => {
            gateway.delete_usage_plan_key(plan, key).await
        }
    }
}

impl ApiGateway {
    async fn create_rest_api(
        &self,
        name: &str,
        endpoint_type: EndpointType,
        tags: &Tags,
    ) -> Outcome {
        let (operation, endpoint) = match endpoint_type {
            EndpointType::Edge => (CREATE_EDGE_REST_API, SdkEndpointType::Edge),
            EndpointType::Regional => (CREATE_REST_API, SdkEndpointType::Regional),
        };
        let endpoint = EndpointConfiguration::builder().types(endpoint).build();
        let request = self
            .client
            .create_rest_api()
            .name(name)
            .endpoint_configuration(endpoint)
            .set_tags(Some(map(tags)));
        let reply = self.caller.call(operation, name, request.send()).await?;
        Ok(Some(Fact::RestApi(Seen::Present(
            rest_api!(reply, confirmed: false),
        ))))
    }

    /// Adds tags to a REST API.
    pub(in crate::aws) async fn tag(&self, arn: &str, tags: &Tags) -> Result<(), Failure> {
        let request = self.client.tag_resource().resource_arn(arn);
        let request = request.set_tags(Some(map(tags)));
        self.caller.call(TAG_REST_API, arn, request.send()).await?;
        Ok(())
    }

    /// The body is the whole API: mode overwrite. Whether the reply has the API's tags is not documented, and an API without them is
    /// nobody's, so they are asked for when they are missing.
    async fn put_rest_api(&self, api: &str, body: &str) -> Outcome {
        let request = self
            .client
            .put_rest_api()
            .rest_api_id(api)
            .mode(PutMode::Overwrite)
            .fail_on_warnings(true);
        let request = request.body(Blob::new(body));
        let mut reply = self.caller.call(PUT_REST_API, api, request.send()).await?;
        let warnings = reply.warnings.take().unwrap_or_default();
        if !warnings.is_empty() {
            return Err(warned(api, &warnings));
        }
        let mut rest_api = RestApi {
            id: api.to_owned(),
            ..rest_api!(reply, confirmed: true)
        };
        if rest_api.tags.is_empty() {
            rest_api.tags = get_rest_api(self, api).await?.tags;
        }
        Ok(Some(Fact::RestApi(Seen::Present(rest_api))))
    }

    async fn delete_rest_api(&self, api: &str) -> Outcome {
        let request = self.client.delete_rest_api().rest_api_id(api);
        deleted(self.caller.call(DELETE_REST_API, api, request.send()).await)?;
        Ok(None)
    }

    async fn create_deployment(&self, api: &str, description: &str) -> Outcome {
        let request = self
            .client
            .create_deployment()
            .rest_api_id(api)
            .description(description);
        let reply = self
            .caller
            .call(CREATE_DEPLOYMENT, api, request.send())
            .await?;
        Ok(Some(Fact::DeploymentCreated(deployment(
            reply.id,
            reply.description,
            reply.created_date,
        ))))
    }

    async fn delete_deployment(&self, api: &str, deployment: &str) -> Outcome {
        let request = self
            .client
            .delete_deployment()
            .rest_api_id(api)
            .deployment_id(deployment);
        let subject = format!("{api}/{deployment}");
        deleted(
            self.caller
                .call(DELETE_DEPLOYMENT, &subject, request.send())
                .await,
        )?;
        Ok(None)
    }

    async fn create_stage(&self, subject: &str, request: CreateStageFluentBuilder) -> Outcome {
        let reply = created(
            self.caller
                .call(CREATE_STAGE, subject, request.send())
                .await,
        )?;
        Ok(reply.map(|reply| Fact::Stage(Seen::Present(stage!(reply)))))
    }

    async fn update_stage(&self, api: &str, name: &str, patches: &[Patch]) -> Outcome {
        let request = self.client.update_stage().rest_api_id(api).stage_name(name);
        let request = request.set_patch_operations(Some(patch_operations(patches)));
        let subject = format!("{api}/{name}");
        let reply = self
            .caller
            .call(UPDATE_STAGE, &subject, request.send())
            .await?;
        Ok(Some(Fact::Stage(Seen::Present(stage!(reply)))))
    }

    async fn create_api_key(&self, name: &str, tags: &Tags) -> Outcome {
        let request = self
            .client
            .create_api_key()
            .name(name)
            .enabled(true)
            .set_tags(Some(map(tags)));
        created(self.caller.call(CREATE_API_KEY, name, request.send()).await)?;
        Ok(None)
    }

    async fn enable_api_key(&self, id: &str) -> Outcome {
        let enable = PatchOperation::builder()
            .op(Op::Replace)
            .path("/enabled")
            .value("true")
            .build();
        let request = self
            .client
            .update_api_key()
            .api_key(id)
            .patch_operations(enable);
        self.caller.call(UPDATE_API_KEY, id, request.send()).await?;
        Ok(None)
    }

    async fn delete_api_key(&self, id: &str) -> Outcome {
        let request = self.client.delete_api_key().api_key(id);
        deleted(self.caller.call(DELETE_API_KEY, id, request.send()).await)?;
        Ok(None)
    }

    async fn update_usage_plan(&self, id: &str, patches: &[Patch]) -> Outcome {
        let request = self.client.update_usage_plan().usage_plan_id(id);
        let request = request.set_patch_operations(Some(patch_operations(patches)));
        self.caller
            .call(UPDATE_USAGE_PLAN, id, request.send())
            .await?;
        Ok(None)
    }

    async fn delete_usage_plan(&self, id: &str) -> Outcome {
        let request = self.client.delete_usage_plan().usage_plan_id(id);
        deleted(
            self.caller
                .call(DELETE_USAGE_PLAN, id, request.send())
                .await,
        )?;
        Ok(None)
    }

    async fn create_usage_plan_key(&self, plan: &str, key: &str) -> Outcome {
        let request = self
            .client
            .create_usage_plan_key()
            .usage_plan_id(plan)
            .key_id(key)
            .key_type("API_KEY");
        let subject = format!("{plan}/{key}");
        created(
            self.caller
                .call(CREATE_USAGE_PLAN_KEY, &subject, request.send())
                .await,
        )?;
        Ok(None)
    }

    async fn delete_usage_plan_key(&self, plan: &str, key: &str) -> Outcome {
        let request = self
            .client
            .delete_usage_plan_key()
            .usage_plan_id(plan)
            .key_id(key);
        let subject = format!("{plan}/{key}");
        deleted(
            self.caller
                .call(DELETE_USAGE_PLAN_KEY, &subject, request.send())
                .await,
        )?;
        Ok(None)
    }
}

fn map(entries: &BTreeMap<String, String>) -> HashMap<String, String> {
    entries.clone().into_iter().collect()
}

fn throttle_settings((rate, burst): (f64, i32)) -> ThrottleSettings {
    ThrottleSettings::builder()
        .rate_limit(rate)
        .burst_limit(burst)
        .build()
}

fn quota_settings((limit, period): &(i32, String)) -> QuotaSettings {
    QuotaSettings::builder()
        .limit(*limit)
        .period(QuotaPeriodType::from(period.as_str()))
        .build()
}

fn patch_operations(patches: &[Patch]) -> Vec<PatchOperation> {
    let op = |op| match op {
        PatchOp::Add => Op::Add,
        PatchOp::Remove => Op::Remove,
        PatchOp::Replace => Op::Replace,
    };
    let build = |patch: &Patch| {
        PatchOperation::builder()
            .op(op(patch.op))
            .path(&patch.path)
            .set_value(patch.value.clone())
            .build()
    };
    patches.iter().map(build).collect()
}

/// API Gateway rolls a put with warnings back because it is told to; should it not, what it warns of is still not deployed.
fn warned(api: &str, warnings: &[String]) -> Failure {
    Failure {
        operation: PUT_REST_API.name,
        class: Class::Blocked,
        reason: Reason::Rejected,
        message: format!("{api}: API Gateway warns: {}", warnings.join("; ")),
        retry_after: None,
    }
}
