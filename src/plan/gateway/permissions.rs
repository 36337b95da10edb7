//! What lets the API invoke Lambda functions: one statement per API and function, because a function's policy has room for 20 KB.

use std::collections::BTreeSet;

use crate::model::{Desired, openapi};
use crate::plan::{
    Action, AspectPlan, Context, Observed, PermissionAction, Read, RestApi, Rotating, Seen,
};

use super::RETRY;

pub(super) fn plan_permissions(
    desired: &Desired,
    observed: &Observed,
    context: Context,
    api: &RestApi,
) -> AspectPlan {
    let Some(account) = &observed.account else {
        return AspectPlan::default();
    };
    let partition = openapi::partition(&desired.region);
    let source_arn = format!(
        "arn:{partition}:execute-api:{}:{account}:{}/*/*",
        desired.region, api.id
    );
    let mut plan = AspectPlan::default();
    let known = observed.gateway.known_functions.iter();
    let functions: BTreeSet<&String> = desired.gateway.functions.iter().chain(known).collect();
    for function in functions {
        let wanted = desired.gateway.functions.contains(function);
        plan.extend(plan_permission(
            desired,
            observed,
            context,
            &Grant {
                function,
                wanted,
                source_arn: &source_arn,
                account,
            },
        ));
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
