//! Lambda: configuration and permission only.
//!
//! Functions are not created through the API but seeded: `PUT /_local/lambda/{functionName}`. The data plane of API Gateway
//! calls the `url` a function was seeded with. Error codes and texts as recorded from the service.

mod function;
mod permission;
mod policy;
mod seed;
mod version;

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::config::Delay;
use crate::protocol::Route;
use crate::world::Regional;
use crate::{AwsError, Call, Reply};

pub use function::{Alias, Function, FunctionId, Version};
pub use policy::Policy;
pub(crate) use policy::is_like;
pub(crate) use seed::seed;

/// The functions of one account and Region.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct State {
    /// By name.
    pub functions: BTreeMap<String, Function>,
}

pub(crate) const ROUTES: &[Route] = &[
    Route::new("GET", "/2015-03-31/functions/{FunctionName}", "GetFunction"),
    Route::new(
        "GET",
        "/2015-03-31/functions/{FunctionName}/configuration",
        "GetFunctionConfiguration",
    ),
    Route::new(
        "PUT",
        "/2015-03-31/functions/{FunctionName}/configuration",
        "UpdateFunctionConfiguration",
    ),
    Route::new(
        "GET",
        "/2015-03-31/functions/{FunctionName}/policy",
        "GetPolicy",
    ),
    Route::new(
        "POST",
        "/2015-03-31/functions/{FunctionName}/policy",
        "AddPermission",
    ),
    Route::new(
        "DELETE",
        "/2015-03-31/functions/{FunctionName}/policy/{StatementId}",
        "RemovePermission",
    ),
    Route::new(
        "POST",
        "/2015-03-31/functions/{FunctionName}/versions",
        "PublishVersion",
    ),
    Route::new(
        "GET",
        "/2015-03-31/functions/{FunctionName}/aliases/{Name}",
        "GetAlias",
    ),
    Route::new(
        "PUT",
        "/2015-03-31/functions/{FunctionName}/aliases/{Name}",
        "UpdateAlias",
    ),
    Route::new("GET", "/2017-03-31/tags/{Resource}", "ListTags"),
];

/// Nothing to do: an update's end is seen when the function is read.
pub(crate) fn settle(_place: &mut Regional, _now: Timestamp) {}

pub(crate) fn handle(call: &Call, place: &mut Regional) -> Result<Reply, AwsError> {
    match call.operation.as_str() {
        "GetFunction" => get_function(call, place),
        "GetFunctionConfiguration" => get_function_configuration(call, place),
        "UpdateFunctionConfiguration" => update_function_configuration(call, place),
        "PublishVersion" => version::publish_version(call, place),
        "GetAlias" => version::get_alias(call, place),
        "UpdateAlias" => version::update_alias(call, place),
        "GetPolicy" => permission::get_policy(call, place),
        "AddPermission" => permission::add_permission(call, place),
        "RemovePermission" => permission::remove_permission(call, place),
        "ListTags" => list_tags(call, place),
        _ => Err(AwsError::unknown_operation(call)),
    }
}

/// The function a call names in its path, and the qualifier it names there or in the query.
fn called<'a>(
    call: &Call,
    place: &'a mut Regional,
) -> Result<(&'a mut Function, Option<String>), AwsError> {
    let id = FunctionId::parse(call.params.path("FunctionName"));
    let qualifier = call
        .params
        .query("Qualifier")
        .map(str::to_owned)
        .or(id.qualifier);
    if let Some(region) = id.region.filter(|region| region != call.region()) {
        let here = call.region();
        return Err(not_found(format!(
            "Functions from '{region}' are not reachable in this region ('{here}')"
        )));
    }
    let arn = call.arn("lambda", &format!("function:{}", id.name));
    let function = place.lambda.functions.get_mut(&id.name);
    match function.filter(|_| id.account.is_none_or(|account| account == call.account())) {
        Some(function)
            if qualifier
                .as_deref()
                .is_none_or(|qualifier| function.has_qualifier(qualifier)) =>
        {
            Ok((function, qualifier))
        }
        _ => Err(not_found(match qualifier {
            Some(qualifier) => format!("Function not found: {arn}:{qualifier}"),
            None => format!("Function not found: {arn}"),
        })),
    }
}

fn not_found(message: impl Into<String>) -> AwsError {
    AwsError::new(404, "ResourceNotFoundException", message)
}

fn get_function(call: &Call, place: &mut Regional) -> Result<Reply, AwsError> {
    let (function, qualifier) = called(call, place)?;
    let configuration = function.describe(qualifier.as_deref(), call.now);
    let tags = place
        .tags
        .of(configuration["FunctionArn"].as_str().unwrap_or_default());
    let mut body = json!({ "Configuration": configuration, "Code": { "RepositoryType": "S3" } });
    if !tags.is_empty() {
        body["Tags"] = json!(tags);
    }
    Ok(Reply::ok(body))
}

fn get_function_configuration(call: &Call, place: &mut Regional) -> Result<Reply, AwsError> {
    let (function, qualifier) = called(call, place)?;
    Ok(Reply::ok(function.describe(qualifier.as_deref(), call.now)))
}

/// Bytes of all environment variables together ("Lambda quotas").
const ENVIRONMENT_BYTES: usize = 4096;

fn update_function_configuration(call: &Call, place: &mut Regional) -> Result<Reply, AwsError> {
    let new_revision = place.ids.uuid();
    let (function, _) = called(call, place)?;
    check_not_updating(function, call)?;
    let mut changes = call.params.body.as_object().cloned().unwrap_or_default();
    let wanted = changes.remove("RevisionId");
    check_revision(wanted.as_ref().and_then(Value::as_str), &function.revision)?;
    let variables = changes
        .get("Environment")
        .and_then(|environment| environment.get("Variables"));
    if variables.is_some_and(|variables| variables.to_string().len() > ENVIRONMENT_BYTES) {
        let message = "Lambda was unable to configure your environment variables because the environment variables you have \
                       provided exceeded the 4KB limit.";
        return Err(AwsError::bad_request(
            "InvalidParameterValueException",
            message,
        ));
    }
    function.configuration.extend(changes);
    function.revision = new_revision;
    function.updated = Some(call.after(Delay::LambdaUpdating));
    Ok(Reply::ok(function.describe(None, call.now)))
}

/// One change at a time.
fn check_not_updating(function: &Function, call: &Call) -> Result<(), AwsError> {
    if !function.is_updating(call.now) {
        return Ok(());
    }
    Err(AwsError::new(
        409,
        "ResourceConflictException",
        format!(
            "The operation cannot be performed at this time. An update is in progress for resource: {}",
            function.arn
        ),
    ))
}

/// Whoever names a revision means that one only.
fn check_revision(wanted: Option<&str>, is: &str) -> Result<(), AwsError> {
    if wanted.is_none_or(|wanted| wanted == is) {
        return Ok(());
    }
    let message = "The RevisionId provided does not match the latest RevisionId. Call the GetFunction/GetAlias API to \
                   retrieve the latest RevisionId";
    Err(AwsError::new(412, "PreconditionFailedException", message))
}

fn list_tags(call: &Call, place: &mut Regional) -> Result<Reply, AwsError> {
    let arn = call.params.path("Resource");
    let known = place
        .lambda
        .functions
        .values()
        .any(|function| function.arn == arn);
    if !known {
        return Err(not_found(format!("Function not found: {arn}")));
    }
    let tags: Value = json!(place.tags.of(arn));
    Ok(Reply::ok(json!({ "Tags": tags })))
}
