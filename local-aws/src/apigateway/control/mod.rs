//! The control plane: one function per operation, one table of them.

mod api_fields;
mod apis;
mod deployments;
mod errors;
mod keys;
mod merge;
mod methods;
mod pages;
mod patch;
mod plan_patch;
mod plans;
mod put;
mod reads;
mod resources;
mod stage_patch;
mod stages;
mod tagging;

use serde::Serialize;
use serde_json::Value;

use crate::protocol::Route;
use crate::world::Regional;
use crate::{AwsError, Call, Reply};

type Outcome = Result<Reply, AwsError>;

macro_rules! operations {
    ($($operation:ident = $method:literal $template:literal => $function:path;)+) => {
        /// Method and path of every operation (botocore apigateway 2015-07-09).
        pub(crate) const ROUTES: &[Route] = &[$(Route::new($method, $template, stringify!($operation))),+];

        /// Does one operation.
        pub(crate) fn handle(call: &Call, place: &mut Regional) -> Outcome {
            match call.operation.as_str() {
                $(stringify!($operation) => $function(call, place),)+
                _ => Err(AwsError::unknown_operation(call)),
            }
        }
    };
}

operations! {
    CreateRestApi = "POST" "/restapis" => apis::create_rest_api;
    GetRestApis = "GET" "/restapis" => apis::get_rest_apis;
    GetRestApi = "GET" "/restapis/{api}" => apis::get_rest_api;
    UpdateRestApi = "PATCH" "/restapis/{api}" => apis::update_rest_api;
    PutRestApi = "PUT" "/restapis/{api}" => put::put_rest_api;
    DeleteRestApi = "DELETE" "/restapis/{api}" => apis::delete_rest_api;
    GetResources = "GET" "/restapis/{api}/resources" => resources::get_resources;
    GetResource = "GET" "/restapis/{api}/resources/{resource}" => resources::get_resource;
    CreateResource = "POST" "/restapis/{api}/resources/{resource}" => resources::create_resource;
    DeleteResource = "DELETE" "/restapis/{api}/resources/{resource}" => resources::delete_resource;
    GetMethod = "GET" "/restapis/{api}/resources/{resource}/methods/{method}" => methods::get_method;
    PutMethod = "PUT" "/restapis/{api}/resources/{resource}/methods/{method}" => methods::put_method;
    UpdateMethod = "PATCH" "/restapis/{api}/resources/{resource}/methods/{method}" => methods::update_method;
    DeleteMethod = "DELETE" "/restapis/{api}/resources/{resource}/methods/{method}" => methods::delete_method;
    GetIntegration = "GET" "/restapis/{api}/resources/{resource}/methods/{method}/integration" => methods::get_integration;
    PutIntegration = "PUT" "/restapis/{api}/resources/{resource}/methods/{method}/integration" => methods::put_integration;
    UpdateIntegration = "PATCH" "/restapis/{api}/resources/{resource}/methods/{method}/integration" => methods::update_integration;
    DeleteIntegration = "DELETE" "/restapis/{api}/resources/{resource}/methods/{method}/integration" => methods::delete_integration;
    CreateDeployment = "POST" "/restapis/{api}/deployments" => deployments::create_deployment;
    GetDeployments = "GET" "/restapis/{api}/deployments" => deployments::get_deployments;
    GetDeployment = "GET" "/restapis/{api}/deployments/{deployment}" => deployments::get_deployment;
    UpdateDeployment = "PATCH" "/restapis/{api}/deployments/{deployment}" => deployments::update_deployment;
    DeleteDeployment = "DELETE" "/restapis/{api}/deployments/{deployment}" => deployments::delete_deployment;
    CreateStage = "POST" "/restapis/{api}/stages" => stages::create_stage;
    GetStages = "GET" "/restapis/{api}/stages" => stages::get_stages;
    GetStage = "GET" "/restapis/{api}/stages/{stage}" => stages::get_stage;
    UpdateStage = "PATCH" "/restapis/{api}/stages/{stage}" => stages::update_stage;
    DeleteStage = "DELETE" "/restapis/{api}/stages/{stage}" => stages::delete_stage;
    CreateApiKey = "POST" "/apikeys" => keys::create_api_key;
    GetApiKeys = "GET" "/apikeys" => keys::get_api_keys;
    GetApiKey = "GET" "/apikeys/{key}" => keys::get_api_key;
    UpdateApiKey = "PATCH" "/apikeys/{key}" => keys::update_api_key;
    DeleteApiKey = "DELETE" "/apikeys/{key}" => keys::delete_api_key;
    CreateUsagePlan = "POST" "/usageplans" => plans::create_usage_plan;
    GetUsagePlans = "GET" "/usageplans" => plans::get_usage_plans;
    GetUsagePlan = "GET" "/usageplans/{plan}" => plans::get_usage_plan;
    UpdateUsagePlan = "PATCH" "/usageplans/{plan}" => plans::update_usage_plan;
    DeleteUsagePlan = "DELETE" "/usageplans/{plan}" => plans::delete_usage_plan;
    CreateUsagePlanKey = "POST" "/usageplans/{plan}/keys" => plans::create_usage_plan_key;
    GetUsagePlanKeys = "GET" "/usageplans/{plan}/keys" => plans::get_usage_plan_keys;
    GetUsagePlanKey = "GET" "/usageplans/{plan}/keys/{key}" => plans::get_usage_plan_key;
    DeleteUsagePlanKey = "DELETE" "/usageplans/{plan}/keys/{key}" => plans::delete_usage_plan_key;
    GetAuthorizers = "GET" "/restapis/{api}/authorizers" => reads::get_authorizers;
    GetModels = "GET" "/restapis/{api}/models" => reads::get_models;
    GetRequestValidators = "GET" "/restapis/{api}/requestvalidators" => reads::get_request_validators;
    GetGatewayResponses = "GET" "/restapis/{api}/gatewayresponses" => reads::get_gateway_responses;
    GetGatewayResponse = "GET" "/restapis/{api}/gatewayresponses/{type}" => reads::get_gateway_response;
    GetAccount = "GET" "/account" => reads::get_account;
    UpdateAccount = "PATCH" "/account" => reads::update_account;
    GetTags = "GET" "/tags/{arn}" => tagging::get_tags;
    TagResource = "PUT" "/tags/{arn}" => tagging::tag_resource;
    UntagResource = "DELETE" "/tags/{arn}" => tagging::untag_resource;
}

/// A shape of the API model as the value that goes on the wire.
fn wire(shape: &impl Serialize) -> Result<Value, AwsError> {
    serde_json::to_value(shape)
        .map_err(|error| AwsError::new(500, "InternalServerErrorException", error.to_string()))
}
