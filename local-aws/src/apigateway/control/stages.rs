//! Stages.

use serde::Deserialize;
use serde_json::{Value, json};

use super::errors::{api, bad_request, conflict, limit_exceeded, seen_api, seen_stage, stage};
use super::{Outcome, patch, stage_patch, tagging, wire};
use crate::apigateway::model::{RestApi, Stage, Strings};
use crate::world::Regional;
use crate::{AwsError, Call, Reply};

/// Stages per API ("Quotas for configuring and running a REST API").
const MAX_STAGES: usize = 10;

/// What a stage is made of.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct NewStage {
    #[serde(default)]
    pub(super) stage_name: String,
    #[serde(default)]
    pub(super) deployment_id: String,
    pub(super) description: Option<String>,
    #[serde(default)]
    pub(super) cache_cluster_enabled: bool,
    pub(super) cache_cluster_size: Option<String>,
    #[serde(default)]
    pub(super) variables: Strings,
    pub(super) documentation_version: Option<String>,
    #[serde(default)]
    pub(super) tracing_enabled: bool,
}

pub(super) fn create_stage(call: &Call, place: &mut Regional) -> Outcome {
    #[derive(Deserialize)]
    struct Tags {
        #[serde(default)]
        tags: Strings,
    }
    let (input, Tags { tags }) = (call.input::<NewStage>()?, call.input::<Tags>()?);
    if !call.params.body["canarySettings"].is_null() {
        return Err(bad_request("local-aws has no canary releases"));
    }
    let name = input.stage_name.clone();
    let mut changed = api(call, place)?.clone();
    if changed.stages.contains_key(&name) {
        return Err(conflict("Stage already exists"));
    }
    create_or_repoint(call, &mut changed, input)?;
    tagging::tag_new(call, place, &resource_path(&changed, &name), tags)?;
    let body = render(call, place, &changed, &changed.stages[&name])?;
    *api(call, place)? = changed;
    Ok(Reply::with_status(201, body))
}

/// Makes the stage; one that exists keeps its settings and serves the deployment from now on.
pub(super) fn create_or_repoint(
    call: &Call,
    api: &mut RestApi,
    new: NewStage,
) -> Result<(), AwsError> {
    if !api.deployments.contains_key(&new.deployment_id) {
        return Err(bad_request("Deployment id does not exist"));
    }
    stage_patch::check_variables(&new.variables)?;
    if let Some(stage) = api.stages.get_mut(&new.stage_name) {
        stage.deployment_id = new.deployment_id;
        stage.variables.extend(new.variables);
        stage.last_updated_date = call.now.as_second();
        return Ok(());
    }
    check_name(&new.stage_name)?;
    if call.config.quotas && api.stages.len() >= MAX_STAGES {
        return Err(limit_exceeded(
            "Maximum number of stages for this API has been reached. Please contact AWS if you need additional stages.",
        ));
    }
    let stage = Stage {
        deployment_id: new.deployment_id,
        client_certificate_id: None,
        stage_name: new.stage_name.clone(),
        description: new.description.filter(|text| !text.is_empty()),
        cache_cluster_enabled: new.cache_cluster_enabled,
        cache_cluster_size: new.cache_cluster_size,
        cache_cluster_status: stage_patch::cache_status(new.cache_cluster_enabled).to_owned(),
        method_settings: std::collections::BTreeMap::new(),
        variables: new.variables,
        documentation_version: new.documentation_version,
        access_log_settings: None,
        tracing_enabled: new.tracing_enabled,
        created_date: call.now.as_second(),
        last_updated_date: call.now.as_second(),
    };
    api.stages.insert(new.stage_name, stage);
    Ok(())
}

fn check_name(name: &str) -> Result<(), AwsError> {
    let is_word = name
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte));
    if name.is_empty() || name.len() > 128 || !is_word {
        return Err(bad_request("Stage name only allows a-zA-Z0-9_-"));
    }
    Ok(())
}

pub(super) fn get_stages(call: &Call, place: &mut Regional) -> Outcome {
    let api = seen_api(call, place)?;
    let wanted = call.params.query("deploymentId");
    let stages: Result<Vec<Value>, AwsError> = api
        .stages
        .values()
        .filter(|stage| wanted.is_none_or(|deployment| stage.deployment_id == deployment))
        .map(|stage| render(call, place, api, stage))
        .collect();
    Ok(Reply::ok(json!({ "item": stages? })))
}

pub(super) fn get_stage(call: &Call, place: &mut Regional) -> Outcome {
    let api = seen_api(call, place)?;
    Ok(Reply::ok(render(call, place, api, seen_stage(call, api)?)?))
}

/// All operations of the patch are applied, or none.
pub(super) fn update_stage(call: &Call, place: &mut Regional) -> Outcome {
    let patches = patch::patches(call)?;
    let logs_to_cloudwatch = place.apigateway.cloudwatch_role.is_some();
    let api = api(call, place)?;
    let mut changed = stage(call, api)?.clone();
    let rules = stage_patch::Rules {
        deployments: &api.deployments,
        logs_to_cloudwatch,
    };
    patches
        .iter()
        .try_for_each(|patch| rules.apply(&mut changed, patch))?;
    stage_patch::check_variables(&changed.variables)?;
    changed.last_updated_date = call.now.as_second();
    *stage(call, api)? = changed;
    get_stage(call, place)
}

/// Usage plans lose the stage, too.
pub(super) fn delete_stage(call: &Call, place: &mut Regional) -> Outcome {
    let api = api(call, place)?;
    let name = stage(call, api)?.stage_name.clone();
    api.stages.remove(&name);
    let (id, path) = (api.id.clone(), resource_path(api, &name));
    for plan in place.apigateway.plans.values_mut() {
        plan.api_stages
            .retain(|stage| stage.api_id != id || stage.stage != name);
    }
    tagging::forget(call, place, &path);
    Ok(Reply::with_status(202, Value::Null))
}

fn resource_path(api: &RestApi, stage: &str) -> String {
    format!("/restapis/{}/stages/{stage}", api.id)
}

fn render(call: &Call, place: &Regional, api: &RestApi, stage: &Stage) -> Result<Value, AwsError> {
    let mut body = wire(stage)?;
    let tags = tagging::of(call, place, &resource_path(api, &stage.stage_name));
    if !tags.is_empty() {
        body["tags"] = json!(tags);
    }
    Ok(body)
}
