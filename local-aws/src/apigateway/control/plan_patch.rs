//! `UpdateUsagePlan`: the paths it takes and what they do.

use super::errors::{bad_request, conflict, not_found};
use super::patch::{Patch, unescape};
use crate::AwsError;
use crate::apigateway::State;
use crate::apigateway::model::{ApiStage, Quota, Throttle, UsagePlan};

const PATHS: &str = "/name, /description, /productCode, /apiStages, /quota/limit, /quota/offset, /quota/period, \
                     /throttle/rateLimit, /throttle/burstLimit, /apiStages/<apidId:stageName>/throttle/<resourcePath>/<httpMethod>/rateLimit, \
                     /apiStages/<apidId:stageName>/throttle/<resourcePath>/<httpMethod>/burstLimit";
/// The service's own list for `remove`, as it stands in its refusal.
const REMOVABLE: &str = "/apiStages, /quota, /throttle, /productCode, /apiStages/<apidId:stageName>/throttle/<resourcePath>/<httpMethod>, \
                         /apiStages/<apidId:stageName>/throttle";
const PERIODS: [&str; 3] = ["DAY", "WEEK", "MONTH"];

/// Applies one operation.
pub(super) fn apply(world: &State, plan: &mut UsagePlan, patch: &Patch) -> Result<(), AwsError> {
    let segments = patch.segments();
    match (patch.op.as_str(), segments.as_slice()) {
        ("replace", ["name"]) => plan.name = patch.text(),
        ("replace", ["description"]) => plan.description = patch.optional(),
        ("replace", ["productCode"]) => plan.product_code = patch.optional(),
        ("remove", ["productCode"]) => plan.product_code = None,
        ("add", ["apiStages"]) => add_stage(world, plan, patch)?,
        ("remove", ["apiStages"]) => remove_stage(plan, patch)?,
        ("remove", ["throttle"]) => plan.throttle = None,
        ("remove", ["quota"]) => plan.quota = None,
        ("add" | "replace", ["throttle", field]) => {
            let mut throttle = plan.throttle.take().unwrap_or_default();
            set_throttle(&mut throttle, field, patch)?;
            plan.throttle = Some(throttle);
        }
        ("add" | "replace", ["quota", field]) => set_quota(plan, field, patch)?,
        (op, ["apiStages", name, "throttle", rest @ ..]) => {
            change_method_throttle(stage_of(plan, name)?, op, rest, patch)?;
        }
        ("remove", _) => return Err(removal_refusal(patch)),
        _ => return Err(patch.refusal(PATHS)),
    }
    plan.quota.as_ref().map_or(Ok(()), check_quota)
}

fn removal_refusal(patch: &Patch) -> AwsError {
    bad_request(format!(
        "Invalid patch path  '{}' specified for op 'remove'. Must be one of: [{REMOVABLE}]",
        patch.path
    ))
}

/// Refuses a stage that does not exist.
pub(super) fn check_stage(world: &State, stage: &ApiStage, plan: &str) -> Result<(), AwsError> {
    let ApiStage { api_id, stage, .. } = stage;
    if api_id.is_empty() || stage.is_empty() {
        let text = format!(
            "Invalid API Stage {{api: {api_id}, stage: {stage}}} specified for usageplan {plan}"
        );
        return Err(bad_request(text));
    }
    let exists = world
        .apis
        .get(api_id)
        .is_some_and(|api| api.stages.contains_key(stage));
    if exists {
        Ok(())
    } else {
        Err(not_found(format!("API Stage not found: {api_id}:{stage}")))
    }
}

/// Refuses a quota that has no limit or an unknown period.
pub(super) fn check_quota(quota: &Quota) -> Result<(), AwsError> {
    if !PERIODS.contains(&quota.period.as_str()) {
        return Err(bad_request(
            "Usage Plan quota period must be one of: [DAY, WEEK, MONTH]",
        ));
    }
    if quota.limit <= 0 || quota.offset < 0 {
        return Err(bad_request(
            "Usage Plan quota limit must be greater than 0 and offset must not be negative",
        ));
    }
    Ok(())
}

fn add_stage(world: &State, plan: &mut UsagePlan, patch: &Patch) -> Result<(), AwsError> {
    let stage = parse_stage(&patch.text())?;
    check_stage(world, &stage, &plan.name)?;
    if plan.api_stages.iter().any(|known| is_same(known, &stage)) {
        return Err(conflict(format!(
            "API Stage {} is already associated with this usage plan",
            patch.text()
        )));
    }
    plan.api_stages.push(stage);
    Ok(())
}

fn remove_stage(plan: &mut UsagePlan, patch: &Patch) -> Result<(), AwsError> {
    let stage = parse_stage(&patch.text())?;
    let count = plan.api_stages.len();
    plan.api_stages.retain(|known| !is_same(known, &stage));
    if plan.api_stages.len() == count {
        return Err(not_found(format!("API Stage not found: {}", patch.text())));
    }
    Ok(())
}

fn is_same(one: &ApiStage, other: &ApiStage) -> bool {
    one.api_id == other.api_id && one.stage == other.stage
}

fn parse_stage(text: &str) -> Result<ApiStage, AwsError> {
    let (api, stage) = text
        .split_once(':')
        .ok_or_else(|| bad_request("Invalid API Stage specified"))?;
    Ok(ApiStage {
        api_id: api.to_owned(),
        stage: stage.to_owned(),
        throttle: std::collections::BTreeMap::new(),
    })
}

fn stage_of<'a>(plan: &'a mut UsagePlan, text: &str) -> Result<&'a mut ApiStage, AwsError> {
    let wanted = parse_stage(&unescape(text))?;
    let found = plan
        .api_stages
        .iter_mut()
        .find(|known| is_same(known, &wanted));
    found.ok_or_else(|| not_found(format!("API Stage not found: {}", unescape(text))))
}

/// `rest` is `[path, METHOD]` or `[path, METHOD, field]`; the entry's key is `path/METHOD`.
fn change_method_throttle(
    stage: &mut ApiStage,
    op: &str,
    rest: &[&str],
    patch: &Patch,
) -> Result<(), AwsError> {
    match (op, rest) {
        ("remove", []) => stage.throttle.clear(),
        ("remove", [resource, method]) => {
            let gone = stage
                .throttle
                .remove(&format!("{}/{method}", unescape(resource)));
            gone.ok_or_else(|| not_found("Invalid method throttle specified"))?;
        }
        ("add" | "replace", [resource, method, field]) => {
            let throttle = stage
                .throttle
                .entry(format!("{}/{method}", unescape(resource)))
                .or_default();
            set_throttle(throttle, field, patch)?;
        }
        ("remove", _) => return Err(removal_refusal(patch)),
        _ => return Err(patch.refusal(PATHS)),
    }
    Ok(())
}

fn set_throttle(throttle: &mut Throttle, field: &str, patch: &Patch) -> Result<(), AwsError> {
    match field {
        "rateLimit" => throttle.rate_limit = patch.number()?,
        "burstLimit" => throttle.burst_limit = patch.number()?,
        _ => return Err(patch.refusal(PATHS)),
    }
    Ok(())
}

fn set_quota(plan: &mut UsagePlan, field: &str, patch: &Patch) -> Result<(), AwsError> {
    let quota = plan.quota.get_or_insert(Quota {
        limit: 1,
        offset: 0,
        period: "DAY".to_owned(),
    });
    match field {
        "limit" => quota.limit = patch.number()?,
        "offset" => quota.offset = patch.number()?,
        "period" => quota.period = patch.text(),
        _ => return Err(patch.refusal(PATHS)),
    }
    Ok(())
}
