use crate::api::{Disposal, Reason};
use crate::model::{Estate, disposal};
use crate::plan::gateway::{CREATION_GRACE, delete_usage_plan, own_keys};
use crate::plan::mark::{plan_mark, rest_api_arn};
use crate::plan::{
    Action, AspectPlan, Context, GatewayAction, Observed, PermissionAction, Read, RestApi, Seen,
};

use super::RETRY;

/// Takes down permissions, usage plan, keys and REST API, in this order: the list ends at the first action that fails.
pub(super) fn plan_api(estate: &Estate, observed: &Observed, context: Context) -> AspectPlan {
    // Whether it was there before the object is not known before it was read.
    match (&estate.deletion.api, &observed.gateway.rest_api) {
        (None, Seen::Unread) => return search(estate),
        (None, Seen::Unknown(failure)) => return AspectPlan::unknown(failure, RETRY),
        _ => {}
    }
    if is_kept(estate, observed) {
        return plan_rest_apis(estate, observed, context).reads_first();
    }
    let mut plan = plan_permissions(estate, observed);
    plan.extend(plan_usage_plans(estate, observed));
    plan.extend(plan_api_keys(estate, observed));
    let last = plan_rest_apis(estate, observed, context);
    // API Gateway refuses to delete an API that a usage plan counts for.
    if plan.waits.is_empty() && plan.blocks.is_empty() {
        plan.extend(last);
    }
    plan.reads_first()
}

/// What the spec says, or that the API was there before the object.
fn is_kept(estate: &Estate, observed: &Observed) -> bool {
    let api = observed.gateway.rest_api.present();
    let tags = api.map(|api| api.tags.clone()).unwrap_or_default();
    disposal(estate.deletion.api, &tags) == Disposal::Retain
}

fn search(estate: &Estate) -> AspectPlan {
    AspectPlan::read(Read::RestApiSearch {
        tags: estate.identity.ownership_tags(),
    })
}

fn plan_permissions(estate: &Estate, observed: &Observed) -> AspectPlan {
    let mut plan = AspectPlan::default();
    for function in &estate.functions {
        let (function, statement) = (function.clone(), estate.identity.permission_statement());
        plan.extend(
            match observed
                .gateway
                .permissions
                .get(&function)
                .unwrap_or(&Seen::Unread)
            {
                Seen::Unread => AspectPlan::read(Read::Permission {
                    function,
                    statement,
                }),
                Seen::Unknown(failure) => AspectPlan::unknown(failure, RETRY),
                Seen::Absent => AspectPlan::default(),
                Seen::Present(_) => {
                    AspectPlan::act(Action::Permission(PermissionAction::RemovePermission {
                        function,
                        statement,
                    }))
                }
            },
        );
    }
    plan
}

fn plan_usage_plans(estate: &Estate, observed: &Observed) -> AspectPlan {
    match &observed.gateway.usage_plans {
        Seen::Unread => AspectPlan::read(Read::UsagePlans {
            tags: estate.identity.ownership_tags(),
        }),
        Seen::Unknown(failure) => AspectPlan::unknown(failure, RETRY),
        Seen::Absent => AspectPlan::default(),
        Seen::Present(plans) => AspectPlan {
            actions: plans.iter().flat_map(delete_usage_plan).collect(),
            ..AspectPlan::default()
        },
    }
}

fn plan_api_keys(estate: &Estate, observed: &Observed) -> AspectPlan {
    match &observed.gateway.api_keys {
        Seen::Unread => AspectPlan::read(Read::ApiKeys {
            prefix: format!("{}-", estate.identity.unique_name()),
        }),
        Seen::Unknown(failure) => AspectPlan::unknown(failure, RETRY),
        Seen::Absent => AspectPlan::default(),
        Seen::Present(keys) => {
            let own = own_keys(&estate.identity, keys).into_iter();
            let delete =
                own.map(|key| Action::Gateway(GatewayAction::DeleteApiKey { id: key.id.clone() }));
            AspectPlan {
                actions: delete.collect(),
                ..AspectPlan::default()
            }
        }
    }
}

/// Deletes every REST API with our tags, or marks the oldest, when they are retained. They are always searched for: the one that status remembers may not be the only one.
fn plan_rest_apis(estate: &Estate, observed: &Observed, context: Context) -> AspectPlan {
    let gateway = &observed.gateway;
    match &gateway.rest_api {
        Seen::Unread => search(estate),
        Seen::Unknown(failure) => AspectPlan::unknown(failure, RETRY),
        Seen::Absent => announced(observed, context),
        Seen::Present(api) if !estate.identity.owns(&api.tags) => search(estate),
        Seen::Present(RestApi { id, tags, .. }) if is_kept(estate, observed) => {
            plan_mark(&estate.identity, &rest_api_arn(&estate.region, id), tags)
        }
        Seen::Present(RestApi { id, .. }) => {
            let delete = gateway
                .duplicates
                .present()
                .into_iter()
                .flatten()
                .chain([id])
                .map(|api| Action::Gateway(GatewayAction::DeleteRestApi { api: api.clone() }));
            AspectPlan {
                actions: delete.collect(),
                ..AspectPlan::default()
            }
        }
    }
}

/// A REST API that was asked for a moment ago may still appear.
fn announced(observed: &Observed, context: Context) -> AspectPlan {
    let age = observed.gateway.intent.map(|at| context.age(at));
    match age
        .and_then(|age| CREATION_GRACE.checked_sub(age))
        .filter(|left| !left.is_zero())
    {
        None => AspectPlan::default(),
        Some(left) => {
            let message = "a REST API was asked for and is not listed yet; it is looked for once more before the object goes";
            AspectPlan::wait(Reason::WaitingForCreation, message, left)
        }
    }
}
