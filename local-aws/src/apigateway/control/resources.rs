//! Resources.

use serde::Deserialize;
use serde_json::{Value, json};

use super::errors::{api, bad_request, not_found, resource, writable_api};
use super::{Outcome, pages, wire};
use crate::apigateway::import::{MAX_RESOURCES, ResourceTree, too_many_resources};
use crate::apigateway::model::Resource;
use crate::world::Regional;
use crate::{AwsError, Call, Reply};

pub(super) fn get_resources(call: &Call, place: &mut Regional) -> Outcome {
    let resources = &api(call, place)?.definition.resources;
    let items: Result<_, AwsError> = resources
        .values()
        .map(|resource| Ok((resource.path.clone(), render(call, resource)?)))
        .collect();
    pages::page(call, items?)
}

pub(super) fn get_resource(call: &Call, place: &mut Regional) -> Outcome {
    Ok(Reply::ok(render(call, resource(call, api(call, place)?)?)?))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct CreateResource {
    path_part: String,
}

pub(super) fn create_resource(call: &Call, place: &mut Regional) -> Outcome {
    let input: CreateResource = call.input()?;
    let mut definition = writable_api(call, place)?.definition.clone();
    let parent = call.params.path("resource");
    if !definition.resources.contains_key(parent) {
        return Err(not_found("Invalid Resource identifier specified"));
    }
    if call.config.quotas && definition.resources.len() > MAX_RESOURCES {
        return Err(too_many_resources());
    }
    let count = definition.resources.len();
    let mut tree = ResourceTree::of(definition.clone());
    let id = tree
        .child(parent, &input.path_part, &mut place.ids)
        .map_err(bad_request)?;
    definition.resources = tree.into_resources(false)?;
    if definition.resources.len() == count {
        let text = format!(
            "Another resource with the same parent already has this name: {}",
            input.path_part
        );
        return Err(super::errors::conflict(text));
    }
    let body = wire(&definition.resources[&id])?;
    api(call, place)?.definition = definition;
    Ok(Reply::with_status(201, body))
}

/// Deletes a resource with everything below it.
pub(super) fn delete_resource(call: &Call, place: &mut Regional) -> Outcome {
    let api = writable_api(call, place)?;
    let Resource {
        path, parent_id, ..
    } = resource(call, api)?.clone();
    if parent_id.is_none() {
        return Err(bad_request("Root resource cannot be deleted"));
    }
    let below = format!("{path}/");
    api.definition
        .resources
        .retain(|_, resource| resource.path != path && !resource.path.starts_with(&below));
    Ok(Reply::with_status(202, Value::Null))
}

/// `Resource` of the API model; the methods are empty objects unless `embed=methods`.
fn render(call: &Call, resource: &Resource) -> Result<Value, AwsError> {
    let mut body = wire(resource)?;
    let embeds = call
        .params
        .query
        .iter()
        .any(|(name, value)| name == "embed" && value == "methods");
    if let (false, Some(methods)) = (
        embeds,
        body.get_mut("resourceMethods")
            .and_then(Value::as_object_mut),
    ) {
        methods.values_mut().for_each(|method| *method = json!({}));
    }
    Ok(body)
}
