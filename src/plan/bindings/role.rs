//! The policy that lets a bound function read the secret, on the role that the function runs as: one inline policy with the object's name. Only where
//! the operator was told to manage them: who may write the policies of roles can give himself any right.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::api::Reason;
use crate::model::{Desired, Identity};
use crate::plan::{Action, AspectPlan, Context, Observed, Read, Seen};

use super::RETRY;
use super::lambda::other_owner;
use super::policy::consumer_policy;

/// Writes to the roles of bound functions.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs)] // Field names are IAM's own.
pub enum RoleAction {
    PutRolePolicy {
        role: String,
        policy: String,
        document: String,
    },
    DeleteRolePolicy {
        role: String,
        policy: String,
    },
}

/// Decides on the policies: one on the role of each bound function, and none on roles that are no bound function's any more.
pub(super) fn plan_policies(
    desired: &Desired,
    observed: &Observed,
    context: Context,
) -> AspectPlan {
    let (identity, mut plan) = (&desired.identity, AspectPlan::default());
    let secret = observed.secret.secret.present();
    // A policy would open somebody else's secret.
    let unsure =
        desired.mode.has_secret() && !secret.is_some_and(|secret| identity.owns(&secret.tags));
    if unsure || !context.consumer_policies {
        return plan;
    }
    let Some(wanted) = document(desired, observed) else {
        return plan;
    };
    let roles = roles(desired, observed);
    for role in &roles.in_use {
        plan.extend(plan_policy(identity, observed, role, &wanted));
    }
    if roles.complete {
        for role in observed.policy_roles.difference(&roles.in_use) {
            plan.extend(plan_policy_removal(identity, observed, context, role));
        }
    }
    plan
}

/// The roles that bound functions run as.
struct Roles {
    in_use: BTreeSet<String>,
    /// Whether every bound function was looked at.
    complete: bool,
}

fn roles(desired: &Desired, observed: &Observed) -> Roles {
    let functions = desired.bindings.functions.iter();
    let mut roles = Roles {
        in_use: BTreeSet::new(),
        complete: true,
    };
    for seen in functions.map(|function| observed.functions.get(&function.arn)) {
        match seen {
            Some(Seen::Present(function)) => {
                let ours = other_owner(desired.names(), &function.variables).is_none();
                roles.in_use.extend(function.role.clone().filter(|_| ours));
            }
            Some(Seen::Absent) => {}
            Some(Seen::Unread | Seen::Unknown(_)) | None => roles.complete = false,
        }
    }
    roles
}

/// The roles that have the object's policy or are about to get it, for status: the policy is to be found when the function is gone. One is dropped
/// when the policy was seen to be gone, or to be somebody else's.
#[must_use]
pub fn policy_roles(desired: &Desired, observed: &Observed) -> BTreeSet<String> {
    let gone = |role: &String| match observed.role_policies.get(role) {
        Some(Seen::Absent) => true,
        Some(Seen::Present(document)) => !is_own_policy(&desired.identity, document),
        Some(Seen::Unread | Seen::Unknown(_)) | None => false,
    };
    // Those in use are told by what was seen as well: status is read once in a reconcile, and one that wrote a policy must not forget it in the next round.
    let has_or_gets = |role: &String| match observed.role_policies.get(role) {
        Some(Seen::Absent) => true,
        Some(Seen::Present(document)) => is_own_policy(&desired.identity, document),
        Some(Seen::Unread | Seen::Unknown(_)) | None => false,
    };
    let known = observed.policy_roles.iter().filter(|role| !gone(role));
    let in_use = roles(desired, observed).in_use;
    let in_use = in_use.iter().filter(|role| has_or_gets(role));
    known.chain(in_use).cloned().collect()
}

fn read(identity: &Identity, role: &str) -> AspectPlan {
    AspectPlan::read(Read::RolePolicy {
        role: role.to_owned(),
        policy: identity.consumer_policy_name(),
    })
}

fn policy_of<'a>(observed: &'a Observed, role: &str) -> &'a Seen<String> {
    observed.role_policies.get(role).unwrap_or(&Seen::Unread)
}

fn plan_policy(identity: &Identity, observed: &Observed, role: &str, wanted: &Value) -> AspectPlan {
    let policy = identity.consumer_policy_name();
    match policy_of(observed, role) {
        Seen::Unread => read(identity, role),
        Seen::Unknown(failure) => AspectPlan::unknown(failure, RETRY),
        Seen::Present(document) if !is_own_policy(identity, document) => {
            let message = format!(
                "the role {role} has an inline policy {policy} that the operator did not write, so it is left alone; rename or delete it"
            );
            AspectPlan::block(Reason::NameTaken, message)
        }
        Seen::Present(document) if parsed(document) == *wanted => AspectPlan::default(),
        Seen::Absent | Seen::Present(_) => {
            AspectPlan::act(Action::Role(RoleAction::PutRolePolicy {
                role: role.to_owned(),
                policy,
                document: wanted.to_string(),
            }))
        }
    }
}

/// Takes our policy off a role. What IAM does not know, be it the policy or the role, is gone.
pub(in crate::plan) fn plan_policy_removal(
    identity: &Identity,
    observed: &Observed,
    context: Context,
    role: &str,
) -> AspectPlan {
    if !context.consumer_policies {
        return AspectPlan::default();
    }
    match policy_of(observed, role) {
        Seen::Unread => read(identity, role),
        Seen::Unknown(failure) => AspectPlan::unknown(failure, RETRY),
        Seen::Present(document) if is_own_policy(identity, document) => {
            AspectPlan::act(Action::Role(RoleAction::DeleteRolePolicy {
                role: role.to_owned(),
                policy: identity.consumer_policy_name(),
            }))
        }
        Seen::Absent | Seen::Present(_) => AspectPlan::default(),
    }
}

/// Inline policies have no tags: the id of a statement tells whose one is.
fn document(desired: &Desired, observed: &Observed) -> Option<Value> {
    let mut policy = consumer_policy(desired, observed)?;
    policy["Statement"][0]["Sid"] = json!(desired.identity.consumer_policy_sid());
    Some(policy)
}

/// Whether `document` is a policy that the operator wrote for the object.
#[must_use]
pub fn is_own_policy(identity: &Identity, document: &str) -> bool {
    parsed(document)["Statement"][0]["Sid"] == json!(identity.consumer_policy_sid())
}

fn parsed(document: &str) -> Value {
    serde_json::from_str(document).unwrap_or_default()
}
