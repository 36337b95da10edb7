//! Decides on the Kubernetes Secrets: those that carry endpoint and credential to back ends, and those that carry an API key.
//!
//! Each is owned by the object; one of the same name that is not is left alone and reported. Only the keys of ours are compared: one that somebody adds
//! is not worth a fight, it goes with the next change. On deletion of the object nothing is decided here: Kubernetes collects what it owns.

mod content;

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crate::api::Reason;
use crate::model::Desired;

use super::{Action, AspectPlan, BoundSecret, ClusterAction, Context, Depth, Observed, Read, Seen};

use content::Content;

/// When to look again after a read failed, or for what another aspect has to do first.
const RETRY: Duration = Duration::from_secs(10);

/// Decides on the Kubernetes Secrets. A poll that finds anything but what is desired looks at everything.
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
    let mut plan = AspectPlan::default();
    for name in &desired.bindings {
        plan.extend(plan_secret(observed, name, || {
            content::credential(desired, observed, context)
        }));
    }
    for key in desired.gateway.api_keys.values() {
        plan.extend(plan_secret(observed, &key.secret, || {
            content::api_key(desired, observed, context, key)
        }));
    }
    plan.extend(plan_removed(desired, observed));
    plan.reads_first()
}

/// Decides on one Secret. The content is looked at even where the Secret is unread, so that both are read at once.
fn plan_secret(
    observed: &Observed,
    name: &str,
    content: impl FnOnce() -> Result<Content, AspectPlan>,
) -> AspectPlan {
    let content = content();
    match (bound(observed, name), content) {
        (Seen::Unread, content) => {
            let mut plan = AspectPlan::read(Read::BoundSecret {
                name: name.to_owned(),
            });
            plan.reads
                .extend(content.err().into_iter().flat_map(|plan| plan.reads));
            plan
        }
        (Seen::Unknown(failure), _) => AspectPlan::unknown(failure, RETRY),
        (Seen::Present(secret), _) if !secret.owned => {
            AspectPlan::block(Reason::NameTaken, name_taken(name))
        }
        (_, Err(plan)) => plan,
        (Seen::Present(secret), Ok(content)) if content.is_in(secret) => AspectPlan::default(),
        (_, Ok(Content::Assumed { otherwise, .. })) => otherwise,
        (seen, Ok(Content::Known { data, version })) => {
            let follows = seen
                .present()
                .is_some_and(|secret| secret.version.is_some() && secret.version != version);
            let plan = AspectPlan::act(Action::Cluster(ClusterAction::ApplySecret {
                name: name.to_owned(),
                data,
                version,
            }));
            // Until then it holds the version before, which works as well.
            if follows {
                plan.quietly(format!("the Secret {name} follows the AWS secret"))
            } else {
                plan
            }
        }
    }
}

fn name_taken(name: &str) -> String {
    format!(
        "the Secret {name} is not owned by this object, so it is left alone; choose another name in the spec or delete that Secret"
    )
}

/// Secrets of bindings and keys that left the spec.
fn plan_removed(desired: &Desired, observed: &Observed) -> AspectPlan {
    let keys = desired.gateway.api_keys.values().map(|key| &key.secret);
    let wanted: BTreeSet<&String> = desired.bindings.iter().chain(keys).collect();
    let mut plan = AspectPlan::default();
    for name in observed
        .previously_bound
        .iter()
        .filter(|name| !wanted.contains(name))
    {
        plan.extend(match bound(observed, name) {
            Seen::Unread => AspectPlan::read(Read::BoundSecret { name: name.clone() }),
            Seen::Unknown(failure) => AspectPlan::unknown(failure, RETRY),
            Seen::Present(BoundSecret {
                owned: true,
                resource_version,
                ..
            }) => {
                let (name, resource_version) = (name.clone(), resource_version.clone());
                AspectPlan::act(Action::Cluster(ClusterAction::DeleteSecret {
                    name,
                    resource_version,
                }))
            }
            Seen::Absent | Seen::Present(_) => AspectPlan::default(),
        });
    }
    plan
}

fn bound<'a>(observed: &'a Observed, name: &str) -> &'a Seen<BoundSecret> {
    static UNREAD: Seen<BoundSecret> = Seen::Unread;
    let all: &BTreeMap<String, Seen<BoundSecret>> = &observed.bound;
    all.get(name).unwrap_or(&UNREAD)
}
