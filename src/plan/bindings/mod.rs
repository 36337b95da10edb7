//! Decides on the consumers: the Kubernetes Secrets that carry endpoint and credential to back ends, or an API key, the Lambda functions that are
//! told where to find them, and the workloads that are rolled when there is another version.
//!
//! A Secret is owned by the object; one of the same name that is not is left alone and reported. Only the keys of ours are compared: one that somebody adds
//! is not worth a fight, it goes with the next change. On deletion of the object nothing is decided on Secrets: Kubernetes collects what it owns.

mod consumer;
mod lambda;
mod role;
mod secret;
mod workload;

#[cfg(test)]
mod tests;

pub use consumer::{Consumer, Progress, consumers};
pub(super) use lambda::plan_removal;
pub use lambda::{consumer_policy, has_variables_of};
pub(super) use role::plan_policy_removal;
pub use role::{RoleAction, is_own_policy, policy_roles};

use crate::api::Reason;
use crate::model::Desired;

use super::{AspectPlan, Context, Depth, Endpoint, Observed, RETRY, Read, SecretValue, Seen};

/// Decides on the consumers. A poll that finds anything but what is desired looks at everything.
pub fn plan_bindings(desired: &Desired, observed: &Observed, context: Context) -> AspectPlan {
    let glance = plan_at(desired, observed, context);
    let at_ease = glance.is_settled() || glance.is_quiet();
    if at_ease || !glance.reads.is_empty() || context.depth.is_full() {
        return glance;
    }
    plan_at(
        desired,
        observed,
        Context {
            depth: Depth::Full,
            ..context
        },
    )
}

fn plan_at(desired: &Desired, observed: &Observed, context: Context) -> AspectPlan {
    let mut plan = secret::plan_secrets(desired, observed, context);
    // Pods that start read the Secret, so it is written and seen first.
    if plan.actions.is_empty() {
        plan.extend(lambda::plan_functions(desired, observed, context));
        plan.extend(workload::plan_workloads(desired, observed, context));
        // Last, so that a role that cannot be written keeps nothing else from being done.
        plan.extend(role::plan_policies(desired, observed, context));
    }
    plan.reads_first()
}

/// Whether the password before the current one works as well, so that a consumer that lags behind is served.
fn is_in_grace(observed: &Observed) -> bool {
    observed.passwords().is_some_and(|count| count > 1)
}

/// What consumers are to have: the current value of the object's secret, once it names the endpoint; or what to do to get to know it.
fn credential<'a>(
    desired: &Desired,
    observed: &'a Observed,
    context: Context,
) -> Result<(&'a SecretValue, &'a Endpoint), AspectPlan> {
    let name = &desired.secret.name;
    let wait = |what: &str| {
        Err(AspectPlan::wait(
            Reason::WaitingForDependency,
            format!("the secret {name} {what}"),
            context.pace(RETRY),
        ))
    };
    let secret = match &observed.secret.secret {
        Seen::Unread => return Err(AspectPlan::read(Read::Secret { name: name.clone() })),
        Seen::Unknown(failure) => return Err(AspectPlan::unknown(failure, RETRY)),
        Seen::Present(secret)
            if desired.identity.owns(&secret.tags) && secret.deleted.is_none() =>
        {
            secret
        }
        Seen::Absent | Seen::Present(_) => return wait("is not there yet"),
    };
    let Some(version) = secret.current() else {
        return wait("has no current version");
    };
    match observed.secret.value(version) {
        Seen::Unread => Err(AspectPlan::read(Read::SecretValue {
            arn: secret.arn.clone(),
            version: version.to_owned(),
        })),
        Seen::Unknown(failure) => Err(AspectPlan::unknown(failure, RETRY)),
        Seen::Present(SecretValue { endpoint: None, .. }) | Seen::Absent => {
            wait("does not name the cache's endpoint yet")
        }
        Seen::Present(value) if value.username.is_empty() || value.password.reveal().is_empty() => {
            wait("names no user or no password")
        }
        Seen::Present(
            value @ SecretValue {
                endpoint: Some(endpoint),
                ..
            },
        ) => Ok((value, endpoint)),
    }
}
