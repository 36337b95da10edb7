//! Decides what to take down next, when the object is deleted.
//!
//! Each part is seen to be gone before the next one that needs it gone is deleted; a read that failed is never taken for an absence. What has our
//! names but not our tags is left alone and does not hold the object back.
//!
//! What is retained stays whole: an API with its stage, keys, usage plan and the permission to invoke its functions; a cache with its users, user group and subnet
//! group; a secret with its value. Bound Secrets of the cluster are never retained, because Kubernetes collects what the object owns: whoever
//! retains a cache retains the secret as well, or has nothing left that opens it. The REST API, the replication group and the secret carry the mark `cachedapi.dev/retained` from then
//! on, which tells the part from an orphan.
//!
//! What was there before the object is retained unless the spec says otherwise. A replication group and a secret are given back: they lose the object's tags, and
//! what was made around the group and stays carries the mark in its place.

mod api;
mod cache;

use crate::api::Disposal;
use crate::model::{Estate, disposal, is_adopted};

use super::bindings::{plan_policy_removal, plan_removal};
use super::mark::{plan_mark, plan_release};
use super::{Action, AspectPlan, Context, Observed, Plan, RETRY, Read, Secret, SecretAction, Seen};

/// Decides what to take down next. Settled means: every child is gone or retained.
///
/// The secret goes last: until the cache is gone it is what opens it.
pub fn plan_teardown(estate: &Estate, observed: &Observed, context: Context) -> Plan {
    let cache = cache::plan_cache(estate, observed, context);
    let credentials = if cache.is_settled() {
        plan_secret(estate, observed)
    } else {
        AspectPlan::default()
    };
    Plan {
        api: api::plan_api(estate, observed, context),
        cache,
        credentials,
        bindings: plan_bindings(estate, observed, context),
    }
}

/// Takes our variables out of the environments of functions, and our policy off their roles. Secrets are collected by Kubernetes, and workloads keep their annotation.
fn plan_bindings(estate: &Estate, observed: &Observed, context: Context) -> AspectPlan {
    let mut plan = AspectPlan::default();
    for arn in &estate.bound_functions {
        plan.extend(plan_removal(estate.names(), observed, context, arn));
    }
    for role in &observed.policy_roles {
        plan.extend(plan_policy_removal(
            &estate.identity,
            observed,
            context,
            role,
        ));
    }
    plan.reads_first()
}

/// A secret that waits for its deletion is as good as gone: only AWS can shorten the wait.
fn plan_secret(estate: &Estate, observed: &Observed) -> AspectPlan {
    let retained =
        |secret: &Secret| disposal(estate.deletion.secret, &secret.tags) == Disposal::Retain;
    match &observed.secret.secret {
        Seen::Unread => AspectPlan::read(Read::Secret {
            name: estate.secret_name.clone(),
        }),
        Seen::Unknown(failure) => AspectPlan::unknown(failure, RETRY),
        Seen::Present(secret)
            if secret.deleted.is_some() || !estate.identity.owns(&secret.tags) =>
        {
            AspectPlan::default()
        }
        Seen::Present(secret) if retained(secret) && is_adopted(&secret.tags) => {
            plan_release(&secret.arn)
        }
        Seen::Present(secret) if retained(secret) => {
            plan_mark(&estate.identity, &secret.arn, &secret.tags)
        }
        Seen::Present(secret) => {
            let (arn, recovery_window_days) = (secret.arn.clone(), estate.recovery_window_days);
            AspectPlan::act(Action::Secret(SecretAction::DeleteSecret {
                arn,
                recovery_window_days,
            }))
        }
        Seen::Absent => AspectPlan::default(),
    }
}
