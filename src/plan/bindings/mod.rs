//! Decides on the consumers: the Kubernetes Secrets that carry endpoint and credential to back ends, or an API key, the Lambda functions that are
//! told where to find them, and the workloads that are rolled when there is another version.
//!
//! A Secret is owned by the object; one of the same name that is not is left alone and reported. Only the keys of ours are compared: one that somebody adds
//! is not worth a fight, it goes with the next change. On deletion of the object nothing is decided on Secrets: Kubernetes collects what it owns.

mod consumer;
mod lambda;
mod policy;
mod role;
mod secret;
mod workload;

#[cfg(test)]
mod tests;

pub(super) use consumer::laggards;
pub use consumer::{Consumer, Progress, consumers};
pub use lambda::has_variables_of;
pub(super) use lambda::plan_removal;
pub use policy::{connect_policy, consumer_policy};
pub(super) use role::plan_policy_removal;
pub use role::{RoleAction, is_own_policy, policy_roles};

use crate::api::Reason;
use crate::model::{Desired, Identity};

use super::cache::own_endpoint;
use super::rotation::Accepted;
use super::secret::is_of_another_cache;
use super::user::{iam_opens, is_iam_open};
use super::{
    AspectPlan, Block, Context, Depth, Endpoint, Observed, RETRY, Read, Secret, SecretValue, Seen,
    current_user,
};

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
    // Pods that start read the Secrets, so these are written and seen first. One of somebody else's is not waited for.
    let is_taken = |block: &Block| block.reason == Reason::NameTaken;
    let pods_may_start =
        plan.actions.is_empty() && plan.waits.is_empty() && plan.blocks.iter().all(is_taken);
    plan.extend(secret::plan_other_secrets(desired, observed, context));
    plan.extend(lambda::plan_functions(desired, observed, context));
    if pods_may_start {
        plan.extend(workload::plan_workloads(desired, observed, context));
    }
    plan.extend(role::plan_policies(desired, observed, context));
    plan.reads_first()
}

/// What consumers are to have: the ways in that are open.
struct Bound<'a> {
    endpoint: &'a Endpoint,
    /// The current value of the secret, where there is a password.
    password: Option<&'a SecretValue>,
    /// Whether the user that shows signed tokens is let in.
    iam: bool,
    /// See [`bound_version`].
    version: String,
}

/// What tells what is bound now from what was bound before: the current version of the secret, marked where tokens are taken as well. Without a password there
/// is nothing that changes but the endpoint.
#[must_use]
pub fn bound_version(desired: &Desired, observed: &Observed) -> Option<String> {
    if desired.mode.has_secret() {
        let current = observed.secret.secret.present().and_then(Secret::current);
        return current.map(|version| marked(version, is_iam_open(desired, observed)));
    }
    own_endpoint(&desired.identity, observed)
        .map(|endpoint| version_of(&desired.identity, endpoint))
}

const IAM_MARK: &str = "+iam";

/// The version of a secret, marked where consumers are told of the user that shows tokens: what they hold is another thing when that user comes or goes.
fn marked(version: &str, iam: bool) -> String {
    let mark = if iam { IAM_MARK } else { "" };
    format!("{version}{mark}")
}

/// The version of the secret that `bound`, as [`bound_version`] has it, stands for.
#[must_use]
pub fn secret_version(bound: &str) -> &str {
    bound.strip_suffix(IAM_MARK).unwrap_or(bound)
}

fn version_of(identity: &Identity, endpoint: &Endpoint) -> String {
    identity.token(&format!("iam:{endpoint}")).to_string()
}

/// What consumers are to have, or what to do to get to know it.
fn bound<'a>(
    desired: &Desired,
    observed: &'a Observed,
    context: Context,
) -> Result<Bound<'a>, AspectPlan> {
    let iam = desired.mode.has_iam() && iam_opens(desired, observed, context)?;
    if desired.mode.has_secret() {
        let (value, endpoint) = credential(desired, observed, context)?;
        return Ok(Bound {
            endpoint,
            password: Some(value),
            iam,
            version: marked(&value.version_id, iam),
        });
    }
    if let Seen::Unread = observed.cache.group {
        let id = desired.cache.group_id.clone();
        return Err(AspectPlan::read(Read::ReplicationGroup { id }));
    }
    match own_endpoint(&desired.identity, observed) {
        Some(endpoint) if iam => Ok(Bound {
            endpoint,
            password: None,
            iam,
            version: version_of(&desired.identity, endpoint),
        }),
        _ => Err(AspectPlan::wait(
            Reason::WaitingForDependency,
            format!(
                "the user {} is not in a cache yet",
                desired.cache.iam_user.id
            ),
            context.pace(RETRY),
        )),
    }
}

/// The current value of the object's secret, once it names the endpoint; or what to do to get to know it. A password that the cache refuses, as it does
/// while its user is yet to come, is passed on to nobody.
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
        Seen::Present(value) if is_of_another_cache(desired, value) => {
            wait("does not name the cache yet")
        }
        Seen::Present(SecretValue { endpoint: None, .. }) | Seen::Absent => {
            wait("does not name the cache's endpoint yet")
        }
        Seen::Present(_) if is_refused(desired, observed, version) => {
            wait("is refused by the cache")
        }
        Seen::Present(value)
            if (value.username.is_empty() && !desired.mode.has_token())
                || value.password.reveal().is_empty() =>
        {
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

/// Whether the nodes say so, or the user was seen not to be let in.
fn is_refused(desired: &Desired, observed: &Observed, version: &str) -> bool {
    let (id, cache) = (current_user(desired, observed).id, &observed.cache);
    let login = observed.secret.logins.get(version);
    let group = cache.user_group.present();
    login.is_some_and(|login| login.accepted == Accepted::None)
        || *cache.user(&id) == Seen::Absent
        || group.is_some_and(|group| !group.user_ids.contains(&id))
}
