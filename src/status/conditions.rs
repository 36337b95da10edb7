use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;

use crate::api::{Condition, ConditionStatus, ConditionType, Reason};
use crate::model::{CredentialMode, Desired};
use crate::plan::{Aspect, AspectPlan, Class, Failure, Scope, have_left, leaves_at};

use super::Report;
use super::whole::{ready, reconciling, stalled, synced};

/// A condition before it has a time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Finding {
    pub(super) status: ConditionStatus,
    pub(super) reason: String,
    pub(super) message: String,
}

impl Finding {
    pub(super) fn new(status: ConditionStatus, reason: Reason, message: impl Into<String>) -> Self {
        Self {
            status,
            reason: reason.as_str().into(),
            message: message.into(),
        }
    }
}

/// All conditions, in a fixed order. A transition time changes only with the status.
pub(super) fn conditions(report: &Report) -> Vec<Condition> {
    let aspects: Vec<_> = report
        .plan
        .aspects()
        .map(|(aspect, plan)| (aspect, aspect_finding(report, aspect, plan)))
        .collect();
    let findings = [
        (ConditionType::Ready, ready(report, &aspects)),
        (ConditionType::Synced, synced(report)),
        (ConditionType::Reconciling, reconciling(report)),
        (ConditionType::Stalled, stalled(report)),
    ];
    let aspects = aspects
        .into_iter()
        .map(|(aspect, finding)| (condition_type(aspect), finding));
    findings
        .into_iter()
        .chain(aspects)
        .map(|(type_, finding)| build(report, type_, finding))
        .collect()
}

const fn condition_type(aspect: Aspect) -> ConditionType {
    match aspect {
        Aspect::Api => ConditionType::ApiReady,
        Aspect::Cache => ConditionType::CacheReady,
        Aspect::Credentials => ConditionType::CredentialsReady,
        Aspect::Bindings => ConditionType::BindingsReady,
    }
}

pub(super) fn previous<'a>(report: &Report<'a>, type_: ConditionType) -> Option<&'a Condition> {
    report
        .previous?
        .conditions
        .iter()
        .find(|condition| condition.type_ == type_.as_str())
}

fn build(report: &Report, type_: ConditionType, finding: Finding) -> Condition {
    let since = previous(report, type_)
        .filter(|before| before.status == finding.status)
        .map(|before| before.last_transition_time.clone());
    Condition {
        type_: type_.as_str().into(),
        status: finding.status,
        observed_generation: Some(report.generation),
        last_transition_time: since.unwrap_or(Time(report.now)),
        reason: finding.reason,
        message: finding.message,
    }
}

/// What is said of an aspect when this round has nothing new to say: what was said before, if it was of this generation.
fn unchanged(report: &Report, aspect: Aspect, reason: Reason, message: &str) -> Finding {
    match previous(report, condition_type(aspect)) {
        Some(before)
            if report.paused
                || before.observed_generation == Some(report.generation)
                || !report.violations.is_empty() =>
        {
            Finding {
                status: before.status,
                reason: before.reason.clone(),
                message: before.message.clone(),
            }
        }
        _ => Finding::new(ConditionStatus::Unknown, reason, message),
    }
}

fn aspect_finding(report: &Report, aspect: Aspect, plan: &AspectPlan) -> Finding {
    if !report.violations.is_empty() {
        return unchanged(
            report,
            aspect,
            Reason::InvalidSpec,
            "the spec cannot work; see the condition Stalled",
        );
    }
    if report.paused {
        return unchanged(report, aspect, Reason::Paused, "the object is paused");
    }
    if let Some(trouble) = trouble(report, aspect, plan) {
        return trouble;
    }
    if let Some(what) = plan
        .quietly
        .as_ref()
        .filter(|_| !plan.is_settled() && !report.deleting)
    {
        return Finding::new(ConditionStatus::True, Reason::Rotating, what.clone());
    }
    if let Some(wait) = plan.waits.first() {
        return waiting(report, aspect, wait.reason, &wait.message);
    }
    if !plan.actions.is_empty() || report.deleting {
        return Finding::new(
            ConditionStatus::False,
            if report.deleting {
                Reason::Deleting
            } else {
                Reason::Progressing
            },
            "changes are being made",
        );
    }
    if !plan.reads.is_empty() {
        return unchanged(report, aspect, Reason::Unobserved, "not looked at yet");
    }
    Finding::new(
        ConditionStatus::True,
        Reason::Available,
        settled_message(report, aspect),
    )
}

/// All that failed of an aspect and all that keeps it from being done; what needs somebody else comes first. A failure that may pass by itself does not make
/// a live thing unready.
fn trouble(report: &Report, aspect: Aspect, plan: &AspectPlan) -> Option<Finding> {
    let failures = report.failures.iter();
    let (blocked, passing): (Vec<_>, Vec<_>) = failures
        .filter(|(scope, _)| scope.aspect() == aspect)
        .partition(|(_, failure)| failure.class == Class::Blocked);
    let said = |(scope, failure): &&(Scope, Failure)| (failure.reason, describe(scope, failure));
    let blocks = plan.blocks.iter();
    let blocks = blocks.map(|block| (block.reason, block.message.clone()));
    let blocks: Vec<_> = blocked.iter().map(said).chain(blocks).collect();
    let is_blocked = !blocks.is_empty();
    let all: Vec<_> = blocks.into_iter().chain(passing.iter().map(said)).collect();
    let reason = all.first()?.0;
    let messages: Vec<String> = all.into_iter().map(|(_, message)| message).collect();
    let message = messages.join("; ");
    Some(if is_blind(reason) {
        Finding::new(ConditionStatus::Unknown, reason, message)
    } else if is_blocked {
        Finding::new(ConditionStatus::False, reason, message)
    } else {
        waiting(report, aspect, reason, &message)
    })
}

/// The failure, with the name of the consumer where it says none, as the refusal of a webhook does.
pub(super) fn describe(scope: &Scope, failure: &Failure) -> String {
    match scope {
        Scope::Consumer { name, .. } if !failure.message.contains(name) => {
            format!("{scope}: {failure}")
        }
        _ => failure.to_string(),
    }
}

/// Whether nothing can be known of what is in AWS: the operator cannot even ask.
fn is_blind(reason: Reason) -> bool {
    matches!(
        reason,
        Reason::CredentialsRefused | Reason::PlaceMismatch | Reason::AccountUnusable
    )
}

fn waiting(report: &Report, aspect: Aspect, reason: Reason, message: &str) -> Finding {
    if is_blind(reason) {
        return Finding::new(ConditionStatus::Unknown, reason, message);
    }
    let unseen = matches!(
        reason,
        Reason::AwsUnavailable | Reason::ApiServerUnavailable | Reason::Unobserved
    );
    let kept = previous(report, condition_type(aspect))
        .filter(|before| unseen && before.observed_generation == Some(report.generation));
    Finding::new(
        kept.map_or(ConditionStatus::False, |before| before.status),
        reason,
        message,
    )
}

fn settled_message(report: &Report, aspect: Aspect) -> String {
    let observed = report.observed;
    match aspect {
        Aspect::Api => observed
            .gateway
            .rest_api
            .present()
            .map_or_else(String::new, |api| {
                format!("REST API {} serves the spec", api.id)
            }),
        Aspect::Cache => observed
            .cache
            .group
            .present()
            .map_or_else(String::new, |group| {
                format!("replication group {} is available", group.arn)
            }),
        Aspect::Credentials => ways_in(report),
        Aspect::Bindings => format!(
            "{} bound",
            report.desired.map_or(0, |desired| desired.bindings.len())
        ),
    }
}

fn ways_in(report: &Report) -> String {
    let mode = report.desired.map(|desired| desired.mode);
    let secret = report.observed.secret.secret.present();
    let secret = secret.filter(|_| mode.is_none_or(CredentialMode::has_secret));
    let iam = report.desired.filter(|desired| desired.mode.has_iam());
    let ways = [
        secret.map(|secret| format!("secret {} is current", secret.arn)),
        iam.map(|desired| {
            format!(
                "user {} is let in with signed tokens",
                desired.cache.iam_user.id
            )
        }),
        report.desired.and_then(|desired| leaving(report, desired)),
    ];
    ways.into_iter().flatten().collect::<Vec<_>>().join("; ")
}

fn leaving(report: &Report, desired: &Desired) -> Option<String> {
    let at =
        leaves_at(desired, report.observed).filter(|_| !have_left(desired, report.observed))?;
    let who = if desired.mode.has_secret() {
        "the user that logs in with signed tokens"
    } else {
        "the user with the password"
    };
    Some(format!("{who} leaves the cache at {at:.0}"))
}
