//! Usage plans and their keys.

use serde::Deserialize;
use serde_json::{Value, json};

use super::errors::{bad_request, conflict, key, limit_exceeded, not_found, plan};
use super::{Outcome, pages, patch, plan_patch, tagging, wire};
use crate::apigateway::State;
use crate::apigateway::model::{ApiStage, PlanKey, Quota, Strings, Throttle, UsagePlan};
use crate::world::Regional;
use crate::{AwsError, Call, Reply};

/// Usage plans per account and Region, and plans per key ("Quotas for configuring and running a REST API").
const MAX_PLANS: usize = 300;
const MAX_PLANS_OF_KEY: usize = 10;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct CreateUsagePlan {
    #[serde(default)]
    name: String,
    description: Option<String>,
    #[serde(default)]
    api_stages: Vec<ApiStage>,
    throttle: Option<Throttle>,
    quota: Option<Quota>,
    #[serde(default)]
    tags: Strings,
}

pub(super) fn create_usage_plan(call: &Call, place: &mut Regional) -> Outcome {
    let input: CreateUsagePlan = call.input()?;
    if input.name.trim().is_empty() {
        return Err(bad_request("Usage Plan name cannot be blank"));
    }
    if call.config.quotas && place.apigateway.plans.len() >= MAX_PLANS {
        return Err(limit_exceeded(
            "Maximum number of usage plans has been reached.",
        ));
    }
    for stage in &input.api_stages {
        plan_patch::check_stage(&place.apigateway, stage, &input.name)?;
    }
    if let Some(quota) = &input.quota {
        plan_patch::check_quota(quota)?;
    }
    let plan = UsagePlan {
        id: place.ids.alphanumeric(6),
        name: input.name,
        description: input.description,
        api_stages: input.api_stages,
        throttle: input.throttle,
        quota: input.quota,
        product_code: None,
        keys: Vec::new(),
    };
    tagging::tag_new(call, place, &format!("/usageplans/{}", plan.id), input.tags)?;
    let body = render(call, place, &plan)?;
    place.apigateway.plans.insert(plan.id.clone(), plan);
    Ok(Reply::with_status(201, body))
}

/// With `keyId` only the plans of that key.
pub(super) fn get_usage_plans(call: &Call, place: &mut Regional) -> Outcome {
    let wanted = call.params.query("keyId");
    let plans = place.apigateway.plans.values();
    let plans = plans.filter(|plan| wanted.is_none_or(|id| plan.keys.iter().any(|key| key == id)));
    let items: Result<_, AwsError> = plans
        .map(|plan| Ok((plan.id.clone(), render(call, place, plan)?)))
        .collect();
    pages::page(call, items?)
}

pub(super) fn get_usage_plan(call: &Call, place: &mut Regional) -> Outcome {
    let plan = plan(call, &mut place.apigateway)?.clone();
    Ok(Reply::ok(render(call, place, &plan)?))
}

/// All operations of the patch are applied, or none.
pub(super) fn update_usage_plan(call: &Call, place: &mut Regional) -> Outcome {
    let patches = patch::patches(call)?;
    let mut changed = plan(call, &mut place.apigateway)?.clone();
    patches
        .iter()
        .try_for_each(|patch| plan_patch::apply(&place.apigateway, &mut changed, patch))?;
    *plan(call, &mut place.apigateway)? = changed;
    get_usage_plan(call, place)
}

pub(super) fn delete_usage_plan(call: &Call, place: &mut Regional) -> Outcome {
    let UsagePlan { id, api_stages, .. } = plan(call, &mut place.apigateway)?.clone();
    if let Some(ApiStage { api_id, stage, .. }) = api_stages.first() {
        let text = format!(
            "Cannot delete Usage Plan {id} because there are API Stages associated with it, including {api_id}:{stage}"
        );
        return Err(bad_request(text));
    }
    place.apigateway.plans.remove(&id);
    tagging::forget(call, place, &format!("/usageplans/{id}"));
    Ok(Reply::with_status(202, Value::Null))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct CreateUsagePlanKey {
    key_id: String,
    key_type: String,
}

pub(super) fn create_usage_plan_key(call: &Call, place: &mut Regional) -> Outcome {
    let input: CreateUsagePlanKey = call.input()?;
    if input.key_type != "API_KEY" {
        return Err(bad_request(format!(
            "Invalid Usage Plan Key type specified: {}",
            input.key_type
        )));
    }
    let state = &mut place.apigateway;
    let id = plan(call, state)?.id.clone();
    key(&input.key_id, state)?;
    let plans = state
        .plans
        .values()
        .filter(|plan| plan.keys.contains(&input.key_id))
        .count();
    if call.config.quotas && plans >= MAX_PLANS_OF_KEY {
        return Err(limit_exceeded(
            "Maximum number of usage plans for this API key has been reached.",
        ));
    }
    let plan = plan(call, state)?;
    if plan.keys.contains(&input.key_id) {
        return Err(conflict(format!(
            "Usage Plan Key {} already exists in usage plan {id}",
            input.key_id
        )));
    }
    plan.keys.push(input.key_id.clone());
    let body = render_key(state, &input.key_id)?;
    Ok(Reply::with_status(201, body))
}

pub(super) fn get_usage_plan_keys(call: &Call, place: &mut Regional) -> Outcome {
    let ids = plan(call, &mut place.apigateway)?.keys.clone();
    let prefix = call.params.query("name").unwrap_or_default();
    let items = ids
        .into_iter()
        .map(|id| Ok((id.clone(), render_key(&mut place.apigateway, &id)?)))
        .filter(|item| {
            item.as_ref()
                .is_ok_and(|(_, key)| key["name"].as_str().unwrap_or_default().starts_with(prefix))
        })
        .collect::<Result<_, AwsError>>();
    pages::page(call, items?)
}

pub(super) fn get_usage_plan_key(call: &Call, place: &mut Regional) -> Outcome {
    let id = member(call, &mut place.apigateway)?;
    Ok(Reply::ok(render_key(&mut place.apigateway, &id)?))
}

pub(super) fn delete_usage_plan_key(call: &Call, place: &mut Regional) -> Outcome {
    let id = member(call, &mut place.apigateway)?;
    plan(call, &mut place.apigateway)?
        .keys
        .retain(|key| *key != id);
    Ok(Reply::with_status(202, Value::Null))
}

fn member(call: &Call, state: &mut State) -> Result<String, AwsError> {
    let id = call.params.path("key");
    let found = plan(call, state)?
        .keys
        .iter()
        .find(|key| *key == id)
        .cloned();
    found.ok_or_else(|| not_found("Invalid Usage Plan Key identifier specified"))
}

fn render_key(state: &mut State, id: &str) -> Result<Value, AwsError> {
    let key = key(id, state)?;
    wire(&PlanKey {
        id: key.id.clone(),
        r#type: "API_KEY",
        value: key.value.clone(),
        name: key.name.clone(),
    })
}

fn render(call: &Call, place: &Regional, plan: &UsagePlan) -> Result<Value, AwsError> {
    let mut body = wire(plan)?;
    if let Some(members) = body.as_object_mut() {
        members.remove("keys");
    }
    let tags = tagging::of(call, place, &format!("/usageplans/{}", plan.id));
    if !tags.is_empty() {
        body["tags"] = json!(tags);
    }
    Ok(body)
}
