use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_apigateway::types;

use crate::model::Tags;
use crate::plan::{ApiKey, Deployment, Fact, RestApi, Seen, Sensitive, UsagePlan};

use super::super::call::{Refusal, pages, seen, timestamp};
use super::super::operations::{
    GET_API_KEYS, GET_DEPLOYMENTS, GET_RESOURCES, GET_REST_API, GET_REST_APIS, GET_STAGE, GET_TAGS,
    GET_USAGE_PLAN_KEYS, GET_USAGE_PLANS,
};
use super::{ApiGateway, deployment, rest_api, stage, tags};

/// Items per page: the most that API Gateway gives.
const PAGE: i32 = 500;

pub(in crate::aws) async fn read_rest_api(gateway: &ApiGateway, id: &str) -> Fact {
    match seen(get_rest_api(gateway, id).await) {
        Seen::Absent => Fact::RestApiHintGone,
        seen => Fact::RestApi(seen),
    }
}

pub(in crate::aws) async fn read_named_rest_api(gateway: &ApiGateway, id: &str) -> Fact {
    Fact::NamedRestApi(seen(get_rest_api(gateway, id).await))
}

pub(super) async fn get_rest_api(gateway: &ApiGateway, id: &str) -> Result<RestApi, Refusal> {
    let request = gateway.client.get_rest_api().rest_api_id(id);
    let reply = gateway
        .caller
        .call(GET_REST_API, id, request.send())
        .await?;
    Ok(RestApi {
        id: id.to_owned(),
        ..rest_api!(reply, confirmed: false)
    })
}

pub(in crate::aws) async fn search_rest_apis(gateway: &ApiGateway, wanted: &Tags) -> Fact {
    match list_rest_apis(gateway, wanted).await {
        Ok(apis) => Fact::RestApis(apis),
        Err(refusal) => Fact::RestApi(Seen::Unknown(refusal.failure)),
    }
}

pub(in crate::aws) async fn read_others(gateway: &ApiGateway, api: &str, wanted: &Tags) -> Fact {
    let others = list_rest_apis(gateway, wanted).await.map(|apis| {
        let (same, others): (Vec<_>, Vec<_>) = apis.into_iter().partition(|found| found.id == api);
        if same.is_empty() { Vec::new() } else { others }
    });
    Fact::OtherRestApis(seen(others))
}

/// Those with all of the tags `wanted`, oldest first.
async fn list_rest_apis(gateway: &ApiGateway, wanted: &Tags) -> Result<Vec<RestApi>, Refusal> {
    let fetch = |position| {
        let request = gateway
            .client
            .get_rest_apis()
            .limit(PAGE)
            .set_position(position);
        gateway
            .caller
            .call(GET_REST_APIS, "REST APIs", request.send())
    };
    let apis = pages(
        GET_REST_APIS,
        fetch,
        |page| (page.items, page.position),
        types::RestApi::id,
    )
    .await?;
    Ok(oldest_first(apis, wanted))
}

fn oldest_first(apis: Vec<types::RestApi>, wanted: &Tags) -> Vec<RestApi> {
    let mut apis: Vec<RestApi> = apis
        .into_iter()
        .map(|api| rest_api!(api, confirmed: false))
        .collect();
    apis.retain(|api| carries(&api.tags, wanted));
    apis.sort_by(|one, other| (one.created, &one.id).cmp(&(other.created, &other.id)));
    apis
}

fn carries(tags: &Tags, wanted: &Tags) -> bool {
    let mut wanted = wanted.iter();
    wanted.all(|(key, value)| tags.get(key) == Some(value))
}

pub(in crate::aws) async fn read_methods(
    gateway: &ApiGateway,
    api: &str,
) -> Seen<BTreeMap<String, BTreeSet<String>>> {
    let fetch = |position| {
        let request = gateway
            .client
            .get_resources()
            .rest_api_id(api)
            .embed("methods");
        let request = request.limit(PAGE).set_position(position);
        gateway.caller.call(GET_RESOURCES, api, request.send())
    };
    let resources = pages(
        GET_RESOURCES,
        fetch,
        |page| (page.items, page.position),
        types::Resource::id,
    )
    .await;
    seen(resources.map(|resources| resources.into_iter().filter_map(methods).collect()))
}

/// A resource without methods is only there for those below it.
fn methods(resource: types::Resource) -> Option<(String, BTreeSet<String>)> {
    let methods: BTreeSet<String> = resource.resource_methods?.into_keys().collect();
    (!methods.is_empty()).then_some((resource.path?, methods))
}

pub(in crate::aws) async fn read_deployments(
    gateway: &ApiGateway,
    api: &str,
) -> Seen<Vec<Deployment>> {
    let fetch = |position| {
        let request = gateway
            .client
            .get_deployments()
            .rest_api_id(api)
            .limit(PAGE);
        let request = request.set_position(position);
        gateway.caller.call(GET_DEPLOYMENTS, api, request.send())
    };
    let deployments = pages(
        GET_DEPLOYMENTS,
        fetch,
        |page| (page.items, page.position),
        types::Deployment::id,
    )
    .await;
    seen(deployments.map(newest_first))
}

fn newest_first(deployments: Vec<types::Deployment>) -> Vec<Deployment> {
    let all = deployments.into_iter();
    let mut all: Vec<Deployment> = all
        .map(|d| deployment(d.id, d.description, d.created_date))
        .collect();
    all.sort_by(|one, other| (other.created, &other.id).cmp(&(one.created, &one.id)));
    all
}

pub(in crate::aws) async fn read_stage(
    gateway: &ApiGateway,
    api: &str,
    name: &str,
) -> Seen<crate::plan::Stage> {
    let request = gateway.client.get_stage().rest_api_id(api).stage_name(name);
    let subject = format!("{api}/{name}");
    seen(
        gateway
            .caller
            .call(GET_STAGE, &subject, request.send())
            .await
            .map(|reply| stage!(reply)),
    )
}

pub(in crate::aws) async fn read_api_keys(gateway: &ApiGateway, prefix: &str) -> Seen<Vec<ApiKey>> {
    let fetch = |position| {
        let request = gateway
            .client
            .get_api_keys()
            .name_query(prefix)
            .include_values(true);
        let request = request.limit(PAGE).set_position(position);
        gateway.caller.call(GET_API_KEYS, prefix, request.send())
    };
    let keys = pages(
        GET_API_KEYS,
        fetch,
        |page| (page.items, page.position),
        types::ApiKey::id,
    )
    .await;
    seen(keys.map(|keys| {
        keys.into_iter()
            .map(api_key)
            .filter(|key| key.name.starts_with(prefix))
            .collect()
    }))
}

fn api_key(key: types::ApiKey) -> ApiKey {
    ApiKey {
        id: key.id.unwrap_or_default(),
        name: key.name.unwrap_or_default(),
        created: timestamp(key.created_date),
        enabled: key.enabled,
        value: Sensitive::new(key.value.unwrap_or_default()),
        tags: tags(key.tags),
    }
}

/// Names of usage plans are not unique: of those without the tags nothing more is read.
pub(in crate::aws) async fn read_usage_plans(
    gateway: &ApiGateway,
    wanted: &Tags,
) -> Seen<Vec<UsagePlan>> {
    let fetch = |position| {
        let request = gateway
            .client
            .get_usage_plans()
            .limit(PAGE)
            .set_position(position);
        gateway
            .caller
            .call(GET_USAGE_PLANS, "usage plans", request.send())
    };
    let plans = match pages(
        GET_USAGE_PLANS,
        fetch,
        |page| (page.items, page.position),
        types::UsagePlan::id,
    )
    .await
    {
        Ok(plans) => plans.into_iter().map(usage_plan),
        Err(refusal) => return Seen::Unknown(refusal.failure),
    };
    let mut found = Vec::new();
    for mut plan in plans.filter(|plan| carries(&plan.tags, wanted)) {
        match seen(get_key_ids(gateway, &plan.id).await) {
            Seen::Present(key_ids) => {
                plan.key_ids = key_ids;
                found.push(plan);
            }
            Seen::Unknown(failure) => return Seen::Unknown(failure),
            // It was deleted since it was listed.
            Seen::Absent | Seen::Unread => {}
        }
    }
    Seen::Present(found)
}

async fn get_key_ids(gateway: &ApiGateway, plan: &str) -> Result<BTreeSet<String>, Refusal> {
    let fetch = |position| {
        let request = gateway.client.get_usage_plan_keys().usage_plan_id(plan);
        let request = request.limit(PAGE).set_position(position);
        gateway
            .caller
            .call(GET_USAGE_PLAN_KEYS, plan, request.send())
    };
    let keys = pages(
        GET_USAGE_PLAN_KEYS,
        fetch,
        |page| (page.items, page.position),
        types::UsagePlanKey::id,
    )
    .await?;
    Ok(keys.into_iter().filter_map(|key| key.id).collect())
}

/// Its keys are another call.
fn usage_plan(plan: types::UsagePlan) -> UsagePlan {
    let period = |quota: &types::QuotaSettings| {
        quota
            .period
            .as_ref()
            .map_or_else(String::new, |period| period.as_str().to_owned())
    };
    let stages = plan.api_stages.unwrap_or_default().into_iter();
    UsagePlan {
        id: plan.id.unwrap_or_default(),
        throttle: plan
            .throttle
            .map(|throttle| (throttle.rate_limit, throttle.burst_limit)),
        quota: plan.quota.map(|quota| (quota.limit, period(&quota))),
        stages: stages
            .filter_map(|stage| Some((stage.api_id?, stage.stage?)))
            .collect(),
        key_ids: BTreeSet::new(),
        tags: tags(plan.tags),
    }
}

/// Tags of a REST API, stage, key or usage plan by its ARN.
pub(in crate::aws) async fn read_tags(gateway: &ApiGateway, arn: &str) -> Seen<Tags> {
    let request = gateway.client.get_tags().resource_arn(arn);
    let reply = gateway.caller.call(GET_TAGS, arn, request.send()).await;
    seen(reply.map(|reply| tags(reply.tags)))
}
