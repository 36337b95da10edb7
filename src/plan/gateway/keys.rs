//! API keys and the usage plan that makes them count.

use std::collections::{BTreeMap, BTreeSet};

use crate::api::{QuotaPeriod, Throttle};
use crate::model::Desired;
use crate::plan::{
    Action, ApiKey, AspectPlan, Context, GatewayAction, Observed, Patch, PatchOp, Read, RestApi,
    Rotating, Seen, UsagePlan,
};

use super::RETRY;
use super::stage::replace;

pub(super) fn plan_keys(
    desired: &Desired,
    observed: &Observed,
    context: Context,
    api: &RestApi,
) -> AspectPlan {
    let gateway = &observed.gateway;
    let concerned = !desired.gateway.api_keys.is_empty() || gateway.keys_known;
    let mut plan = AspectPlan::default();
    let keys = match &gateway.api_keys {
        Seen::Unread if concerned && context.depth.wants(Rotating::ApiKeys) => {
            plan.reads.push(Read::ApiKeys {
                prefix: format!("{}-", desired.gateway.usage_plan_name),
            });
            None
        }
        Seen::Unknown(failure) => return AspectPlan::unknown(failure, RETRY),
        Seen::Present(keys) => Some(owned(desired, keys)),
        Seen::Absent => Some(BTreeMap::new()),
        Seen::Unread => None,
    };
    match &gateway.usage_plan {
        Seen::Unread if concerned && context.depth.wants(Rotating::UsagePlan) => {
            plan.reads.push(Read::UsagePlan {
                name: desired.gateway.usage_plan_name.clone(),
            });
        }
        Seen::Unknown(failure) => return AspectPlan::unknown(failure, RETRY),
        _ => {}
    }
    let Some(keys) = keys.filter(|_| plan.reads.is_empty()) else {
        return plan;
    };
    plan.actions.extend(key_actions(desired, &keys));
    match &gateway.usage_plan {
        _ if !plan.actions.is_empty() => {}
        Seen::Absent if !desired.gateway.api_keys.is_empty() => {
            plan.actions.push(create_plan(desired, api));
        }
        Seen::Present(usage) if desired.identity.owns(&usage.tags) => plan
            .actions
            .extend(plan_actions(desired, api, usage, &keys)),
        _ => {}
    }
    plan
}

/// Names of keys are not unique in API Gateway: only those with our tags count.
fn owned<'a>(
    desired: &Desired,
    keys: &'a BTreeMap<String, ApiKey>,
) -> BTreeMap<&'a str, &'a ApiKey> {
    keys.iter()
        .filter(|(_, key)| desired.identity.owns(&key.tags))
        .map(|(name, key)| (name.as_str(), key))
        .collect()
}

fn key_actions(desired: &Desired, keys: &BTreeMap<&str, &ApiKey>) -> Vec<Action> {
    let wanted: BTreeSet<&str> = desired
        .gateway
        .api_keys
        .values()
        .map(|key| key.name.as_str())
        .collect();
    let missing = wanted.iter().filter(|name| !keys.contains_key(**name));
    let create = missing.map(|name| GatewayAction::CreateApiKey {
        name: (*name).to_owned(),
        tags: desired.tags.clone(),
    });
    let disabled = keys
        .iter()
        .filter(|(name, key)| wanted.contains(**name) && !key.enabled);
    let enable = disabled.map(|(_, key)| GatewayAction::EnableApiKey { id: key.id.clone() });
    let extra = keys.iter().filter(|(name, _)| !wanted.contains(**name));
    let delete = extra.map(|(_, key)| GatewayAction::DeleteApiKey { id: key.id.clone() });
    create
        .chain(enable)
        .chain(delete)
        .map(Action::Gateway)
        .collect()
}

fn create_plan(desired: &Desired, api: &RestApi) -> Action {
    let gateway = &desired.gateway;
    Action::Gateway(GatewayAction::CreateUsagePlan {
        name: gateway.usage_plan_name.clone(),
        throttle: gateway
            .usage_plan
            .throttle
            .map(|throttle| (f64::from(throttle.rate), signed(throttle.burst))),
        quota: gateway
            .usage_plan
            .quota
            .map(|quota| (signed(quota.limit), period(quota.period).to_owned())),
        stage: (api.id.clone(), gateway.stage.name.clone()),
        tags: desired.tags.clone(),
    })
}

fn plan_actions(
    desired: &Desired,
    api: &RestApi,
    usage: &UsagePlan,
    keys: &BTreeMap<&str, &ApiKey>,
) -> Vec<Action> {
    let stage = (api.id.clone(), desired.gateway.stage.name.clone());
    if desired.gateway.api_keys.is_empty() {
        return delete_usage_plan(usage);
    }
    let mut patches = limit_patches(desired, usage);
    if !usage.stages.contains(&stage) {
        patches.push(Patch {
            op: PatchOp::Add,
            path: "/apiStages".into(),
            value: Some(format!("{}:{}", stage.0, stage.1)),
        });
    }
    let update = (!patches.is_empty()).then(|| GatewayAction::UpdateUsagePlan {
        id: usage.id.clone(),
        patches,
    });
    let ids: BTreeSet<&String> = keys.values().map(|key| &key.id).collect();
    let join = ids
        .iter()
        .filter(|id| !usage.key_ids.contains(**id))
        .map(|id| GatewayAction::CreateUsagePlanKey {
            plan: usage.id.clone(),
            key: (*id).clone(),
        });
    let leave = usage
        .key_ids
        .iter()
        .filter(|id| !ids.contains(id))
        .map(|id| GatewayAction::DeleteUsagePlanKey {
            plan: usage.id.clone(),
            key: id.clone(),
        });
    update
        .into_iter()
        .chain(join)
        .chain(leave)
        .map(Action::Gateway)
        .collect()
}

/// API Gateway refuses to delete a usage plan that still counts for a stage.
pub fn delete_usage_plan(usage: &UsagePlan) -> Vec<Action> {
    let patches: Vec<Patch> = (usage.stages.iter())
        .map(|(api, stage)| Patch {
            op: PatchOp::Remove,
            path: "/apiStages".into(),
            value: Some(format!("{api}:{stage}")),
        })
        .collect();
    let detach = (!patches.is_empty()).then(|| GatewayAction::UpdateUsagePlan {
        id: usage.id.clone(),
        patches,
    });
    detach
        .into_iter()
        .chain([GatewayAction::DeleteUsagePlan {
            id: usage.id.clone(),
        }])
        .map(Action::Gateway)
        .collect()
}

fn limit_patches(desired: &Desired, usage: &UsagePlan) -> Vec<Patch> {
    let wanted = &desired.gateway.usage_plan;
    let mut patches = Vec::new();
    match (wanted.throttle, usage.throttle) {
        (Some(throttle), present)
            if !present.is_some_and(|present| same_throttle(throttle, present)) =>
        {
            patches.push(replace("/throttle/rateLimit", throttle.rate.to_string()));
            patches.push(replace("/throttle/burstLimit", throttle.burst.to_string()));
        }
        (None, Some(_)) => patches.push(Patch {
            op: PatchOp::Remove,
            path: "/throttle".into(),
            value: None,
        }),
        _ => {}
    }
    let quota = wanted
        .quota
        .map(|quota| (signed(quota.limit), period(quota.period).to_owned()));
    match quota {
        Some((limit, period)) if usage.quota.as_ref() != Some(&(limit, period.clone())) => {
            patches.push(replace("/quota/limit", limit.to_string()));
            patches.push(replace("/quota/period", period));
        }
        None if usage.quota.is_some() => patches.push(Patch {
            op: PatchOp::Remove,
            path: "/quota".into(),
            value: None,
        }),
        _ => {}
    }
    patches
}

fn same_throttle(wanted: Throttle, (rate, burst): (f64, i32)) -> bool {
    (rate - f64::from(wanted.rate)).abs() < 0.5 && burst == signed(wanted.burst)
}

/// The schema bounds these numbers far below `i32::MAX`.
fn signed(number: u32) -> i32 {
    i32::try_from(number).unwrap_or(i32::MAX)
}

const fn period(period: QuotaPeriod) -> &'static str {
    match period {
        QuotaPeriod::Day => "DAY",
        QuotaPeriod::Week => "WEEK",
        QuotaPeriod::Month => "MONTH",
    }
}
