//! API keys and the usage plan that makes them count.

use std::collections::BTreeSet;

use crate::api::{QuotaPeriod, Throttle};
use crate::model::{Desired, Identity};
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
    let usage_plans = match &gateway.usage_plans {
        Seen::Unread if concerned && context.depth.wants(Rotating::UsagePlan) => {
            plan.reads.push(Read::UsagePlans {
                tags: desired.identity.ownership_tags(),
            });
            None
        }
        Seen::Unknown(failure) => return AspectPlan::unknown(failure, RETRY),
        Seen::Present(plans) => Some(plans.as_slice()),
        Seen::Absent => Some([].as_slice()),
        Seen::Unread => None,
    };
    let differs = || usage_plans.is_some_and(|plans| differ(desired, api, plans));
    let keys = match &gateway.api_keys {
        Seen::Unread if concerned && (context.depth.wants(Rotating::ApiKeys) || differs()) => {
            plan.reads.push(Read::ApiKeys {
                prefix: format!("{}-", desired.gateway.usage_plan_name),
            });
            None
        }
        Seen::Unknown(failure) => return AspectPlan::unknown(failure, RETRY),
        Seen::Present(keys) => Some(own_keys(&desired.identity, keys)),
        Seen::Absent => Some(Vec::new()),
        Seen::Unread => None,
    };
    let Some(keys) = keys.filter(|_| plan.reads.is_empty()) else {
        return plan;
    };
    let ids = keys.iter().map(|key| &key.id).collect();
    plan.actions.extend(key_actions(desired, keys));
    if let Some(usage_plans) = usage_plans.filter(|_| plan.actions.is_empty()) {
        plan.actions
            .extend(plan_actions(desired, api, usage_plans, &ids));
    }
    plan
}

/// The keys with our tags, the oldest first. Names are not unique in API Gateway, and a creation that arrives twice leaves two keys of one name: the
/// older counts, because its value is the one that was given away.
pub fn own_keys<'a>(identity: &Identity, keys: &'a [ApiKey]) -> Vec<&'a ApiKey> {
    let mut own: Vec<&ApiKey> = keys.iter().filter(|key| identity.owns(&key.tags)).collect();
    own.sort_by(|one, other| (one.created, &one.id).cmp(&(other.created, &other.id)));
    own
}

/// `keys` are ours, the oldest first.
fn key_actions(desired: &Desired, keys: Vec<&ApiKey>) -> Vec<Action> {
    let wanted = desired.gateway.api_keys.values();
    let mut missing: BTreeSet<&str> = wanted.map(|key| key.name.as_str()).collect();
    let (kept, extra): (Vec<&ApiKey>, Vec<&ApiKey>) = keys
        .into_iter()
        .partition(|key| missing.remove(key.name.as_str()));
    let create = missing.into_iter().map(|name| GatewayAction::CreateApiKey {
        name: name.to_owned(),
        tags: desired.tags.clone(),
    });
    let disabled = kept.iter().filter(|key| !key.enabled);
    let enable = disabled.map(|key| GatewayAction::EnableApiKey { id: key.id.clone() });
    let delete = extra
        .iter()
        .map(|key| GatewayAction::DeleteApiKey { id: key.id.clone() });
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

/// Whether something is to be done about the usage plans, as far as can be told before the keys are read.
fn differ(desired: &Desired, api: &RestApi, plans: &[UsagePlan]) -> bool {
    let ids: BTreeSet<&String> = plans.iter().flat_map(|plan| &plan.key_ids).collect();
    ids.len() != desired.gateway.api_keys.len()
        || !plan_actions(desired, api, plans, &ids).is_empty()
}

/// `plans` are ours and `ids` those of our keys. A creation that arrives twice leaves two plans: the one with our keys is kept, which has counted their requests. The other
/// goes first, because a key has one usage plan for a stage.
fn plan_actions(
    desired: &Desired,
    api: &RestApi,
    plans: &[UsagePlan],
    ids: &BTreeSet<&String>,
) -> Vec<Action> {
    let without = |plan: &UsagePlan| !plan.key_ids.iter().any(|id| ids.contains(id));
    let mut plans: Vec<&UsagePlan> = plans.iter().collect();
    plans.sort_by(|one, other| (without(one), &one.id).cmp(&(without(other), &other.id)));
    let mut plans = plans.into_iter();
    let wanted = !desired.gateway.api_keys.is_empty();
    let kept = wanted.then(|| plans.next());
    let mut actions: Vec<Action> = plans.flat_map(delete_usage_plan).collect();
    match kept {
        Some(Some(plan)) => actions.extend(update_plan(desired, api, plan, ids)),
        Some(None) => actions.push(create_plan(desired, api)),
        None => {}
    }
    actions
}

fn update_plan(
    desired: &Desired,
    api: &RestApi,
    usage: &UsagePlan,
    ids: &BTreeSet<&String>,
) -> Vec<Action> {
    let stage = (api.id.clone(), desired.gateway.stage.name.clone());
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
