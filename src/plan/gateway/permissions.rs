//! What lets the API invoke Lambda functions: one statement per API and function, because a function's policy has room for 20 KB.

use crate::model::{Desired, openapi};
use crate::plan::{
    Action, AspectPlan, Context, Observed, PermissionAction, Read, RestApi, Rotating, Seen,
};

use super::RETRY;

/// Lets the API invoke the functions that routes name, which has to be so before anything is deployed.
pub(super) fn plan_grants(
    desired: &Desired,
    observed: &Observed,
    context: Context,
    api: &RestApi,
) -> AspectPlan {
    plan(desired, observed, context, api, true)
}

/// Takes that from the functions that no route names any more. Until what calls none of them is live, requests reach them.
pub(super) fn plan_withdrawals(
    desired: &Desired,
    observed: &Observed,
    context: Context,
    api: &RestApi,
) -> AspectPlan {
    plan(desired, observed, context, api, false)
}

fn plan(
    desired: &Desired,
    observed: &Observed,
    context: Context,
    api: &RestApi,
    wanted: bool,
) -> AspectPlan {
    let Some(account) = &observed.account else {
        return AspectPlan::default();
    };
    let partition = openapi::partition(&desired.region);
    let source_arn = format!(
        "arn:{partition}:execute-api:{}:{account}:{}/*/*",
        desired.region, api.id
    );
    let (named, known) = (
        &desired.gateway.functions,
        &observed.gateway.known_functions,
    );
    let functions: Vec<&String> = if wanted {
        named.iter().collect()
    } else {
        known.difference(named).collect()
    };
    let mut plan = AspectPlan::default();
    for function in functions {
        let grant = Grant {
            function,
            wanted,
            source_arn: &source_arn,
            account,
        };
        plan.extend(plan_permission(desired, observed, context, &grant));
    }
    plan
}

struct Grant<'a> {
    function: &'a str,
    wanted: bool,
    source_arn: &'a str,
    account: &'a str,
}

fn plan_permission(
    desired: &Desired,
    observed: &Observed,
    context: Context,
    grant: &Grant,
) -> AspectPlan {
    let statement = desired.gateway.permission_statement.clone();
    let function = grant.function.to_owned();
    let add = || {
        Action::Permission(PermissionAction::AddPermission {
            function: function.clone(),
            statement: statement.clone(),
            source_arn: grant.source_arn.to_owned(),
            source_account: grant.account.to_owned(),
        })
    };
    let remove = || {
        Action::Permission(PermissionAction::RemovePermission {
            function: function.clone(),
            statement: statement.clone(),
        })
    };
    match observed
        .gateway
        .permissions
        .get(grant.function)
        .unwrap_or(&Seen::Unread)
    {
        Seen::Unread if context.depth.wants(Rotating::Permissions) => {
            AspectPlan::read(Read::Permission {
                function,
                statement,
            })
        }
        Seen::Unknown(failure) => AspectPlan::unknown(failure, RETRY),
        Seen::Absent if grant.wanted => AspectPlan::act(add()),
        Seen::Unread | Seen::Absent => AspectPlan::default(),
        Seen::Present(_) if !grant.wanted => AspectPlan::act(remove()),
        Seen::Present(permission) if permission.source_arn == grant.source_arn => {
            AspectPlan::default()
        }
        Seen::Present(_) => AspectPlan {
            actions: vec![remove(), add()],
            ..AspectPlan::default()
        },
    }
}
