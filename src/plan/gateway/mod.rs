//! Decides on the REST API, its deployments, stage, keys and permissions.
//!
//! The order is what keeps callers safe: the running stage serves a deployment, which is a snapshot. So the new document is put first, then
//! functions are made callable, then a deployment is made, and only then the stage points to it. Whatever fails on the way, the stage
//! serves what it served.

mod adoption;
mod keys;
mod permissions;
mod stage;

#[cfg(test)]
pub(super) mod tests;

pub use adoption::{differences, standing};
pub(super) use keys::{delete_usage_plan, own_keys};
pub use stage::{deployment_hash, served_hash};

use std::time::Duration;

use crate::api::Reason;
use crate::model::Desired;

use super::{
    Action, AspectPlan, ClusterAction, Context, GatewayAction, INTENT_REST_API, Observed, RETRY,
    Read, RestApi, Rotating, Seen,
};

/// How long an announced REST API is looked for before it is believed that the call never arrived. API Gateway lists a new API with its tags
/// at once as far as is known; this leaves room for what is not known.
pub(super) const CREATION_GRACE: Duration = Duration::from_secs(30);
/// When to look again at something that takes moments.
const SOON: Duration = Duration::from_secs(2);

/// Decides on the REST API, its deployments, stage, keys and permissions.
pub fn plan_gateway(desired: &Desired, observed: &Observed, context: Context) -> AspectPlan {
    match own_rest_api(desired, observed, context) {
        Ok(api) => plan_content(desired, observed, context, api),
        Err(plan) => plan,
    }
}

/// The object's REST API, or what to do to get to know or make it.
fn own_rest_api<'a>(
    desired: &Desired,
    observed: &'a Observed,
    context: Context,
) -> Result<&'a RestApi, AspectPlan> {
    let gateway = &observed.gateway;
    let search = || {
        AspectPlan::read(Read::RestApiSearch {
            tags: desired.identity.ownership_tags(),
        })
    };
    match &gateway.rest_api {
        Seen::Unread => Err(gateway
            .hint
            .clone()
            .map_or_else(search, |id| AspectPlan::read(Read::RestApi { id }))),
        Seen::Unknown(failure) => Err(AspectPlan::unknown(failure, RETRY)),
        Seen::Absent => Err(await_announced(observed, context)
            .or_else(|| adoption::plan_adoption(desired, observed))
            .unwrap_or_else(|| plan_creation(desired))),
        Seen::Present(api) if !desired.identity.owns(&api.tags) => Err(search()),
        Seen::Present(api) if adoption::is_another(desired, api) => {
            Err(adoption::refuse_another(api))
        }
        Seen::Present(api) if !api.available => Err(not_ready(api)),
        Seen::Present(api) => Ok(api),
    }
}

fn not_ready(api: &RestApi) -> AspectPlan {
    let detail = api.status_message.as_deref();
    let detail = detail.unwrap_or("an update is in progress");
    let message = format!("REST API {} is not ready for changes: {detail}", api.id);
    AspectPlan::wait(Reason::Modifying, message, SOON)
}

/// An announced creation is looked for until the grace period is over.
fn await_announced(observed: &Observed, context: Context) -> Option<AspectPlan> {
    let at = observed.gateway.intent?;
    let age = context.age(at);
    let left = CREATION_GRACE.checked_sub(age)?;
    let message =
        "a REST API was asked for and is not listed yet; it is looked for before another is made";
    let wait = || AspectPlan::wait(Reason::WaitingForCreation, message, left.min(SOON));
    (!left.is_zero()).then(wait)
}

/// API Gateway chooses the id, and repeating the call makes another API: so the creation is announced in the object first.
fn plan_creation(desired: &Desired) -> AspectPlan {
    let gateway = &desired.gateway;
    let create = GatewayAction::CreateRestApi {
        name: gateway.name.clone(),
        endpoint_type: gateway.endpoint_type,
        tags: desired.tags.clone(),
    };
    AspectPlan {
        actions: vec![
            Action::Cluster(ClusterAction::RecordIntent {
                kind: INTENT_REST_API,
            }),
            Action::Gateway(create),
        ],
        ..AspectPlan::default()
    }
}

fn plan_content(
    desired: &Desired,
    observed: &Observed,
    context: Context,
    api: &RestApi,
) -> AspectPlan {
    let document = &desired.gateway.document;
    let put = || {
        let put = GatewayAction::PutRestApi {
            api: api.id.clone(),
            hash: document.hash.clone(),
            body: document.body.clone(),
        };
        AspectPlan::act(Action::Gateway(put))
    };
    if api.version.as_deref() != Some(&document.hash) || api.name != desired.gateway.name {
        return put();
    }
    if let Seen::Present(methods) = &observed.gateway.methods
        && *methods != document.methods
    {
        return put();
    }
    let grants = permissions::plan_grants(desired, observed, context, api);
    if !grants.is_settled() {
        return grants;
    }
    let stage = stage::plan_stage(desired, observed, context, api);
    if !stage.is_settled() {
        return stage;
    }
    let mut plan = keys::plan_keys(desired, observed, context, api);
    if plan.is_settled() {
        plan.extend(plan_upkeep(desired, observed, context, api));
    }
    plan
}

/// What is looked at and tidied when everything is live.
fn plan_upkeep(
    desired: &Desired,
    observed: &Observed,
    context: Context,
    api: &RestApi,
) -> AspectPlan {
    let gateway = &observed.gateway;
    let mut plan = permissions::plan_withdrawals(desired, observed, context, api);
    let unseen = matches!(gateway.methods, Seen::Unread) && !api.confirmed;
    if unseen && context.depth.wants(Rotating::Methods) {
        plan.reads.push(Read::Methods {
            api: api.id.clone(),
        });
    }
    if matches!(gateway.deployments, Seen::Unread) && context.depth.wants(Rotating::Deployments) {
        plan.reads.push(Read::Deployments {
            api: api.id.clone(),
        });
    }
    // A late copy of the creation may come when all is live. A full look does not wait for this list.
    let others = matches!(gateway.duplicates, Seen::Unread) && !context.depth.is_full();
    if others && context.depth.wants(Rotating::OtherRestApis) {
        plan.reads.push(Read::OtherRestApis {
            api: api.id.clone(),
            tags: desired.identity.ownership_tags(),
        });
    }
    let failures = [
        unknown(&gateway.methods),
        unknown(&gateway.deployments),
        unknown(&gateway.duplicates),
    ];
    for failure in failures.into_iter().flatten() {
        plan.extend(AspectPlan::unknown(failure, RETRY));
    }
    plan.actions.extend(stage::superseded(gateway, api));
    let duplicates = gateway
        .duplicates
        .present()
        .into_iter()
        .flatten()
        .map(|id| Action::Gateway(GatewayAction::DeleteRestApi { api: id.clone() }));
    plan.actions.extend(duplicates);
    plan
}

const fn unknown<T>(seen: &Seen<T>) -> Option<&super::Failure> {
    match seen {
        Seen::Unknown(failure) => Some(failure),
        _ => None,
    }
}
