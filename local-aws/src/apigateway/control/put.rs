//! `PutRestApi`: an OpenAPI document over an API.

use super::errors::{api, bad_request, writable_api};
use super::{Outcome, api_fields, apis, merge};
use crate::apigateway::import::{self, Imported, Target};
use crate::apigateway::model::RestApi;
use crate::world::Regional;
use crate::{AwsError, Call};

/// `mode=merge` (default) puts the document over what is there; `overwrite` leaves nothing that the document lacks, save the
/// endpoint type, tags, deployments and stages ("Import an OpenAPI file to update an existing API definition"). With
/// `failonwarnings=true` a warning leaves everything as it was.
pub(super) fn put_rest_api(call: &Call, place: &mut Regional) -> Outcome {
    let mut changed = writable_api(call, place)?.clone();
    let root_id = changed.definition.root_id();
    let target = Target {
        api_id: &changed.id,
        root_id: &root_id,
        quotas: call.config.quotas,
        ids: &mut place.ids,
    };
    let imported = import::import(&call.params.raw, target)?;
    let fail_on_warnings = call.params.query("failonwarnings") == Some("true");
    if fail_on_warnings && !imported.warnings.is_empty() {
        return Err(import::warnings_refusal(&imported.warnings));
    }
    let warnings = imported.warnings.clone();
    match call.params.query("mode").unwrap_or("merge") {
        "overwrite" => overwrite(call, &mut changed, imported)?,
        "merge" => merge_in(call, place, &mut changed, imported)?,
        other => {
            return Err(bad_request(format!(
                "Invalid mode specified: {other}. Must be one of: [merge, overwrite]"
            )));
        }
    }
    apis::start_update(call, &mut changed);
    *api(call, place)? = changed;
    let mut reply = apis::reply(call, place)?;
    if let (false, crate::call::Body::Structured(body)) = (warnings.is_empty(), &mut reply.body) {
        body["warnings"] = serde_json::json!(warnings);
    }
    Ok(reply)
}

fn overwrite(call: &Call, api: &mut RestApi, imported: Imported) -> Result<(), AwsError> {
    api.description = imported.description;
    api.settings = imported.settings;
    api.definition = imported.definition;
    name(call, api, imported.name, imported.version)
}

fn merge_in(
    call: &Call,
    place: &mut Regional,
    api: &mut RestApi,
    imported: Imported,
) -> Result<(), AwsError> {
    api.description = imported.description.or(api.description.take());
    api.settings = import::merge_settings(api.settings.clone(), &imported.said, &imported.settings);
    api.definition = merge::merged(
        api.definition.clone(),
        imported.definition,
        &mut place.ids,
        call.config.quotas,
    )?;
    name(call, api, imported.name, imported.version)
}

fn name(
    call: &Call,
    api: &mut RestApi,
    name: String,
    version: Option<String>,
) -> Result<(), AwsError> {
    api.name = name;
    api.version = version;
    let policy = api.settings.policy.take();
    api.settings.policy = policy
        .map(|policy| api_fields::stored_policy(call, &api.id, &policy))
        .transpose()?;
    Ok(())
}
