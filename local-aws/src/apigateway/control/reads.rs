//! What an import sets and others only read, and the account.

use serde_json::{Value, json};

use super::errors::{api, not_found};
use super::{Outcome, pages, patch, wire};
use crate::apigateway::gateway_response;
use crate::apigateway::model::Definition;
use crate::world::Regional;
use crate::{AwsError, Call, Reply};

pub(super) fn get_authorizers(call: &Call, place: &mut Regional) -> Outcome {
    list(call, place, |definition| {
        definition
            .authorizers
            .values()
            .map(|item| Ok((item.id.clone(), wire(item)?)))
            .collect()
    })
}

pub(super) fn get_models(call: &Call, place: &mut Regional) -> Outcome {
    list(call, place, |definition| {
        definition
            .models
            .values()
            .map(|item| Ok((item.name.clone(), wire(item)?)))
            .collect()
    })
}

pub(super) fn get_request_validators(call: &Call, place: &mut Regional) -> Outcome {
    list(call, place, |definition| {
        definition
            .validators
            .values()
            .map(|item| Ok((item.id.clone(), wire(item)?)))
            .collect()
    })
}

fn list(
    call: &Call,
    place: &mut Regional,
    items: impl Fn(&Definition) -> Result<Vec<(String, Value)>, AwsError>,
) -> Outcome {
    pages::page(call, items(&api(call, place)?.definition)?)
}

/// All types: those that nobody customised with the service's defaults.
pub(super) fn get_gateway_responses(call: &Call, place: &mut Regional) -> Outcome {
    let customised = &api(call, place)?.definition.gateway_responses;
    let items = gateway_response::Kind::ALL
        .iter()
        .map(|kind| kind.render(customised))
        .collect::<Vec<_>>();
    Ok(Reply::ok(json!({ "item": items })))
}

pub(super) fn get_gateway_response(call: &Call, place: &mut Regional) -> Outcome {
    let customised = &api(call, place)?.definition.gateway_responses;
    let kind = gateway_response::Kind::named(call.params.path("type"));
    let kind = kind.ok_or_else(|| not_found("Invalid gateway response type specified"))?;
    Ok(Reply::ok(kind.render(customised)))
}

#[expect(clippy::unnecessary_wraps, reason = "every operation has this shape")]
pub(super) fn get_account(_: &Call, place: &mut Regional) -> Outcome {
    let mut body = json!({
        "throttleSettings": { "burstLimit": 5000, "rateLimit": 10_000.0 },
        "features": ["UsagePlans"],
        "apiKeyVersion": "4",
    });
    if let Some(role) = &place.apigateway.cloudwatch_role {
        body["cloudwatchRoleArn"] = json!(role);
    }
    Ok(Reply::ok(body))
}

pub(super) fn update_account(call: &Call, place: &mut Regional) -> Outcome {
    for patch in patch::patches(call)? {
        match (patch.op.as_str(), patch.path.as_str()) {
            ("replace", "/cloudwatchRoleArn") => {
                place.apigateway.cloudwatch_role = patch.optional();
            }
            _ => return Err(patch.refusal("/cloudwatchRoleArn")),
        }
    }
    get_account(call, place)
}
