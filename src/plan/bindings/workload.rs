use std::time::Duration;

use crate::api::Reason;
use crate::model::{Desired, Workload};
use crate::plan::{Action, AspectPlan, ClusterAction, Context, Observed, Read, Seen};

use super::{RETRY, bound};

/// How often a rollout is looked at.
const ROLLOUT_PACE: Duration = Duration::from_secs(30);

/// Decides on the workloads: each is rolled when it has not the secret's current version, and awaited.
///
/// A workload that left the spec keeps the annotation: to take it off would roll its pods for nothing.
pub(super) fn plan_workloads(
    desired: &Desired,
    observed: &Observed,
    context: Context,
) -> AspectPlan {
    let mut plan = AspectPlan::default();
    if desired.bindings.workloads.is_empty() {
        return plan;
    }
    let version = bound(desired, observed, context).map(|bound| bound.version);
    for workload in &desired.bindings.workloads {
        plan.extend(match &version {
            Ok(version) => plan_workload(observed, context, workload, version),
            Err(otherwise) => otherwise.clone(),
        });
    }
    if observed.accepts_previous(desired.mode) {
        plan.quietly(
            "workloads are being rolled to the current password; the one before works as well",
        )
    } else {
        plan
    }
}

fn plan_workload(
    observed: &Observed,
    context: Context,
    workload: &Workload,
    version: &str,
) -> AspectPlan {
    match observed.workloads.get(workload).unwrap_or(&Seen::Unread) {
        Seen::Unread => AspectPlan::read(Read::Workload(workload.clone())),
        Seen::Unknown(failure) => AspectPlan::unknown(failure, RETRY),
        Seen::Absent => AspectPlan::block(
            Reason::ReferenceNotFound,
            format!(
                "the {workload} of spec.bindings does not exist in the object's namespace; create it or change the spec"
            ),
        ),
        Seen::Present(seen) if seen.version.as_deref() != Some(version) => {
            AspectPlan::act(Action::Cluster(ClusterAction::RollWorkload {
                workload: workload.clone(),
                uid: seen.uid.clone(),
                version: version.to_owned(),
            }))
        }
        Seen::Present(seen) => match (&seen.unfinished, &seen.held) {
            (None, _) => AspectPlan::default(),
            (Some(what), None) => AspectPlan::wait(
                Reason::RollingOut,
                format!("the {workload} is being rolled: {what}"),
                context.pace(ROLLOUT_PACE),
            ),
            // Nothing to wait for: only a person brings it about, and must hear of it while the password before works.
            (Some(what), Some(why)) => AspectPlan::block(
                Reason::RolloutHeld,
                format!("the {workload} is not rolled by itself: {why} ({what})"),
            ),
        },
    }
}
