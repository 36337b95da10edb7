//! Deployments: frozen copies of an API's definition.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Deserialize;
use serde_json::{Value, json};

use super::errors::{api, bad_request, deployment, writable_api};
use super::{Outcome, pages, patch, stages};
use crate::apigateway::model::{Definition, Deployment, RestApi, Snapshot, Strings};
use crate::world::Regional;
use crate::{AwsError, Call, Reply};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct CreateDeployment {
    stage_name: Option<String>,
    stage_description: Option<String>,
    description: Option<String>,
    #[serde(default)]
    variables: Strings,
    #[serde(default)]
    cache_cluster_enabled: bool,
    cache_cluster_size: Option<String>,
    #[serde(default)]
    tracing_enabled: bool,
}

/// With a stage name the stage is made, or repointed when it exists.
pub(super) fn create_deployment(call: &Call, place: &mut Regional) -> Outcome {
    let input: CreateDeployment = call.input()?;
    let mut changed = writable_api(call, place)?.clone();
    check_deployable(&changed.definition)?;
    let deployment = Deployment {
        id: place.ids.alphanumeric(6),
        description: input.description.filter(|text| !text.is_empty()),
        created: call.now.as_second(),
        snapshot: Arc::new(Snapshot {
            definition: changed.definition.clone(),
            settings: changed.settings.clone(),
        }),
    };
    let (id, body) = (deployment.id.clone(), render(&deployment));
    changed.deployments.insert(id.clone(), deployment);
    if let Some(name) = input.stage_name {
        let stage = stages::NewStage {
            stage_name: name,
            deployment_id: id,
            description: input.stage_description,
            cache_cluster_enabled: input.cache_cluster_enabled,
            cache_cluster_size: input.cache_cluster_size,
            variables: input.variables,
            tracing_enabled: input.tracing_enabled,
            documentation_version: None,
        };
        stages::create_or_repoint(call, &mut changed, stage)?;
    }
    *api(call, place)? = changed;
    Ok(Reply::with_status(201, body))
}

fn check_deployable(definition: &Definition) -> Result<(), AwsError> {
    if definition.methods().next().is_none() {
        return Err(bad_request("The REST API doesn't contain any methods"));
    }
    if definition
        .methods()
        .any(|(_, method)| method.method_integration.is_none())
    {
        return Err(bad_request("No integration defined for method"));
    }
    Ok(())
}

pub(super) fn get_deployments(call: &Call, place: &mut Regional) -> Outcome {
    let deployments = &api(call, place)?.deployments;
    pages::page(
        call,
        deployments
            .values()
            .map(|deployment| (deployment.id.clone(), render(deployment)))
            .collect(),
    )
}

/// `embed=apisummary` adds path, method and authorization of what was frozen.
pub(super) fn get_deployment(call: &Call, place: &mut Regional) -> Outcome {
    let deployment = deployment(call, api(call, place)?)?;
    let mut body = render(deployment);
    if call
        .params
        .query
        .iter()
        .any(|(name, value)| name == "embed" && value == "apisummary")
    {
        body["apiSummary"] = summary(&deployment.snapshot.definition);
    }
    Ok(Reply::ok(body))
}

fn summary(definition: &Definition) -> Value {
    let mut paths: BTreeMap<&str, BTreeMap<&str, Value>> = BTreeMap::new();
    for (resource, method) in definition.methods() {
        let snapshot = json!({ "authorizationType": method.authorization_type, "apiKeyRequired": method.api_key_required });
        paths
            .entry(&resource.path)
            .or_default()
            .insert(&method.http_method, snapshot);
    }
    json!(paths)
}

pub(super) fn update_deployment(call: &Call, place: &mut Regional) -> Outcome {
    let patches = patch::patches(call)?;
    let deployment = deployment(call, api(call, place)?)?;
    for patch in patches {
        match (patch.op.as_str(), patch.path.as_str()) {
            ("replace", "/description") => deployment.description = patch.optional(),
            _ => return Err(patch.refusal("/description")),
        }
    }
    Ok(Reply::ok(render(deployment)))
}

pub(super) fn delete_deployment(call: &Call, place: &mut Regional) -> Outcome {
    let api = api(call, place)?;
    let id = deployment(call, api)?.id.clone();
    if is_used(api, &id) {
        return Err(bad_request(
            "Active stages pointing to this deployment must be moved or deleted",
        ));
    }
    api.deployments.remove(&id);
    Ok(Reply::with_status(202, Value::Null))
}

fn is_used(api: &RestApi, deployment: &str) -> bool {
    api.stages
        .values()
        .any(|stage| stage.deployment_id == deployment)
}

fn render(deployment: &Deployment) -> Value {
    let mut body = json!({ "id": deployment.id, "createdDate": deployment.created });
    if let Some(description) = &deployment.description {
        body["description"] = json!(description);
    }
    body
}
