//! The conditions of the object as a whole.

use super::Report;
use super::conditions::{Finding, describe, previous};
use crate::api::{ConditionStatus, ConditionType, ManagementPolicy, Reason};
use crate::model::Desired;
use crate::plan::{Aspect, Class};

/// Violations that a message lists: one mistake in a template may be one in each of 300 routes.
const LISTED: usize = 10;

fn violations(report: &Report) -> String {
    let listed = report.violations.iter().take(LISTED);
    let listed: Vec<String> = listed.map(ToString::to_string).collect();
    let listed = listed.join("; ");
    match report.violations.len().saturating_sub(LISTED) {
        0 => listed,
        more => format!("{listed}; and {more} more"),
    }
}

/// What a condition says of a spec that is not valid.
fn invalid(report: &Report, status: ConditionStatus) -> Option<Finding> {
    let finding = || Finding::new(status, Reason::InvalidSpec, violations(report));
    (!report.violations.is_empty()).then(finding)
}

/// The first aspect that is not ready speaks for the whole; what needs somebody else speaks before what passes by itself.
pub(super) fn ready(report: &Report, aspects: &[(Aspect, Finding)]) -> Finding {
    if report.deleting {
        return Finding::new(
            ConditionStatus::False,
            Reason::Deleting,
            "the object is being deleted",
        );
    }
    if let Some(invalid) = invalid(report, ConditionStatus::False) {
        return invalid;
    }
    if report.paused {
        return while_paused(report);
    }
    let blocked = |aspect: Aspect| {
        report
            .plan
            .aspects()
            .any(|(a, plan)| a == aspect && !plan.blocks.is_empty())
    };
    let unready = || {
        aspects
            .iter()
            .filter(|(_, finding)| finding.status != ConditionStatus::True)
    };
    match unready()
        .find(|(aspect, _)| blocked(*aspect))
        .or_else(|| unready().next())
    {
        None => all_live(report),
        Some((aspect, finding)) => Finding {
            status: if finding.status == ConditionStatus::Unknown {
                ConditionStatus::Unknown
            } else {
                ConditionStatus::False
            },
            reason: finding.reason.clone(),
            message: format!("{}: {}", aspect.as_str(), finding.message),
        },
    }
}

/// Nothing is looked at: what was said of this generation is said again. That it is not applied is said of it as well, for as long as the object is paused.
fn while_paused(report: &Report) -> Finding {
    let before = previous(report, ConditionType::Ready);
    match before.filter(|before| before.observed_generation == Some(report.generation)) {
        Some(before) => Finding {
            status: before.status,
            reason: before.reason.clone(),
            message: before.message.clone(),
        },
        None => Finding::new(
            ConditionStatus::Unknown,
            Reason::Paused,
            "the object is paused, and this generation is not applied",
        ),
    }
}

fn all_live(report: &Report) -> Finding {
    let observes = |desired: &Desired| desired.management == ManagementPolicy::ObserveOnly;
    let (reason, message) = if report.desired.is_some_and(observes) {
        let message = "everything the spec asks for is live; the operator only observes it";
        (Reason::ObserveOnly, message)
    } else {
        (Reason::Available, "everything the spec asks for is live")
    };
    Finding::new(ConditionStatus::True, reason, message)
}

pub(super) fn synced(report: &Report) -> Finding {
    if let Some(invalid) = invalid(report, ConditionStatus::False) {
        return invalid;
    }
    if report.paused {
        return Finding::new(
            ConditionStatus::False,
            Reason::Paused,
            "the annotation cachedapi.dev/paused is true",
        );
    }
    let failed = report
        .failures
        .iter()
        .map(|(scope, failure)| (failure.reason, describe(scope, failure)));
    let mut blocked = report
        .plan
        .aspects()
        .flat_map(|(_, plan)| &plan.blocks)
        .map(|block| (block.reason, block.message.clone()));
    match failed.into_iter().next().or_else(|| blocked.next()) {
        Some((reason, message)) => Finding::new(ConditionStatus::False, reason, message),
        None => Finding::new(
            ConditionStatus::True,
            Reason::Applied,
            "the last round applied what there was to apply",
        ),
    }
}

pub(super) fn reconciling(report: &Report) -> Finding {
    let passing = report
        .failures
        .iter()
        .any(|(_, failure)| failure.class != Class::Blocked);
    let under_way = report.plan.acts() || report.plan.wake_up().is_some() || passing;
    if !report.paused && report.violations.is_empty() && (under_way || report.deleting) {
        let reason = if report.deleting {
            Reason::Deleting
        } else {
            Reason::Progressing
        };
        return Finding::new(ConditionStatus::True, reason, "changes are under way");
    }
    Finding::new(
        ConditionStatus::False,
        Reason::Settled,
        "nothing is under way",
    )
}

pub(super) fn stalled(report: &Report) -> Finding {
    if let Some(invalid) = invalid(report, ConditionStatus::True) {
        return invalid;
    }
    let terminal = |reason: Reason| matches!(reason, Reason::ChangeRefused | Reason::Failed);
    let mut blocks = report
        .plan
        .aspects()
        .flat_map(|(_, plan)| &plan.blocks)
        .filter(|block| terminal(block.reason));
    match blocks.next() {
        Some(block) => Finding::new(ConditionStatus::True, block.reason, block.message.clone()),
        None => Finding::new(
            ConditionStatus::False,
            Reason::Working,
            "nothing keeps the operator from working",
        ),
    }
}
