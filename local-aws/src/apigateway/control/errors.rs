//! The refusals of API Gateway, and the look-ups that give them. Texts are the service's own where they are known.

use crate::apigateway::State;
pub(super) use crate::apigateway::limit_exceeded;
use crate::apigateway::model::{
    ApiKey, Deployment, Integration, Method, Resource, RestApi, Stage, UsagePlan,
};
use crate::world::Regional;
use crate::{AwsError, Call};

pub(super) fn bad_request(text: impl Into<String>) -> AwsError {
    AwsError::bad_request("BadRequestException", text)
}

pub(super) fn not_found(text: impl Into<String>) -> AwsError {
    AwsError::new(404, "NotFoundException", text)
}

pub(super) fn conflict(text: impl Into<String>) -> AwsError {
    AwsError::new(409, "ConflictException", text)
}

/// The API that the call's path names, to look at.
pub(super) fn seen_api<'a>(call: &Call, place: &'a Regional) -> Result<&'a RestApi, AwsError> {
    place
        .apigateway
        .apis
        .get(call.params.path("api"))
        .ok_or_else(|| no_api(call))
}

fn no_api(call: &Call) -> AwsError {
    not_found(format!(
        "Invalid API identifier specified {}:{}",
        call.account(),
        call.params.path("api")
    ))
}

/// The API that the call's path names.
pub(super) fn api<'a>(call: &Call, place: &'a mut Regional) -> Result<&'a mut RestApi, AwsError> {
    place
        .apigateway
        .apis
        .get_mut(call.params.path("api"))
        .ok_or_else(|| no_api(call))
}

/// The same, for a write of the definition: refused while another write is in progress.
pub(super) fn writable_api<'a>(
    call: &Call,
    place: &'a mut Regional,
) -> Result<&'a mut RestApi, AwsError> {
    let api = api(call, place)?;
    match api.updating_until {
        Some(_) => Err(bad_request(
            "There is already an update in progress for this API. Please try again later.",
        )),
        None => Ok(api),
    }
}

pub(super) fn resource<'a>(
    call: &Call,
    api: &'a mut RestApi,
) -> Result<&'a mut Resource, AwsError> {
    let found = api
        .definition
        .resources
        .get_mut(call.params.path("resource"));
    found.ok_or_else(|| not_found("Invalid Resource identifier specified"))
}

pub(super) fn method<'a>(call: &Call, api: &'a mut RestApi) -> Result<&'a mut Method, AwsError> {
    let method = call.params.path("method");
    let found = resource(call, api)?.resource_methods.get_mut(method);
    found.ok_or_else(|| not_found("Invalid Method identifier specified"))
}

pub(super) fn integration<'a>(
    call: &Call,
    api: &'a mut RestApi,
) -> Result<&'a mut Integration, AwsError> {
    method(call, api)?
        .method_integration
        .as_mut()
        .ok_or_else(|| not_found("Invalid Integration identifier specified"))
}

pub(super) fn deployment<'a>(
    call: &Call,
    api: &'a mut RestApi,
) -> Result<&'a mut Deployment, AwsError> {
    let found = api.deployments.get_mut(call.params.path("deployment"));
    found.ok_or_else(|| not_found("Invalid Deployment identifier specified"))
}

pub(super) fn seen_stage<'a>(call: &Call, api: &'a RestApi) -> Result<&'a Stage, AwsError> {
    api.stages
        .get(call.params.path("stage"))
        .ok_or_else(no_stage)
}

fn no_stage() -> AwsError {
    not_found("Invalid stage identifier specified")
}

pub(super) fn stage<'a>(call: &Call, api: &'a mut RestApi) -> Result<&'a mut Stage, AwsError> {
    api.stages
        .get_mut(call.params.path("stage"))
        .ok_or_else(no_stage)
}

pub(super) fn key<'a>(id: &str, state: &'a mut State) -> Result<&'a mut ApiKey, AwsError> {
    state
        .keys
        .get_mut(id)
        .ok_or_else(|| not_found("Invalid API Key identifier specified"))
}

pub(super) fn plan<'a>(call: &Call, state: &'a mut State) -> Result<&'a mut UsagePlan, AwsError> {
    state
        .plans
        .get_mut(call.params.path("plan"))
        .ok_or_else(|| not_found("Invalid Usage Plan ID specified"))
}
