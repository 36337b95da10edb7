//! What is said of the ways into the cache.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;

use crate::api::{ConsumerStatus, CredentialsStatus, IamStatus, RotationPhase, RotationStatus};
use crate::model::Desired;
use crate::plan::{
    AWSPENDING, Observed, Secret, Seen, connect_policy, consumers, current_user, secret_version,
};

use super::Report;

pub(super) fn credentials(
    report: &Report,
    previous: Option<CredentialsStatus>,
    bindings: &[ConsumerStatus],
) -> Option<CredentialsStatus> {
    let previous = previous.unwrap_or_default();
    let iam = iam(report, previous.iam.clone());
    let needed = report
        .desired
        .is_none_or(|desired| desired.mode.has_secret());
    let status = match &report.observed.secret.secret {
        Seen::Unread | Seen::Unknown(_) => previous,
        Seen::Present(secret) if is_anothers_secret(report, secret) => previous,
        Seen::Present(secret) if needed || secret.deleted.is_none() => {
            credentials_status(report, secret, previous, bindings)
        }
        Seen::Present(_) | Seen::Absent => CredentialsStatus::default(),
    };
    let status = CredentialsStatus { iam, ..status };
    (status != CredentialsStatus::default()).then_some(status)
}

/// Whether the secret that the spec names is not the object's.
fn is_anothers_secret(report: &Report, secret: &Secret) -> bool {
    let named = report
        .desired
        .filter(|desired| desired.secret.adoption.is_some());
    named.is_some_and(|desired| !desired.identity.owns(&secret.tags))
}

/// The user that shows signed tokens; one that left the spec until it is seen to be gone.
fn iam(report: &Report, previous: Option<IamStatus>) -> Option<IamStatus> {
    let Some(desired) = report.desired else {
        return previous;
    };
    let user = &desired.cache.iam_user;
    if desired.mode.has_iam() {
        let policy = connect_policy(desired, report.observed).map(|policy| policy.to_string());
        return Some(IamStatus {
            user_name: user.name.clone(),
            policy: policy.or(previous.and_then(|before| before.policy)),
        });
    }
    previous.filter(|_| *report.observed.cache.user(&user.id) != Seen::Absent)
}

/// Since when a version is current is noted when it is first seen to be, and again when a bound Secret follows: never too early.
fn credentials_status(
    report: &Report,
    secret: &Secret,
    previous: CredentialsStatus,
    bindings: &[ConsumerStatus],
) -> CredentialsStatus {
    let version = secret.current().map(str::to_owned);
    let known = previous
        .rotated_at
        .clone()
        .filter(|_| previous.version_id == version && !has_followed(report, secret, bindings));
    let rotating = report.desired.filter(|desired| desired.mode.has_secret());
    CredentialsStatus {
        secret_arn: Some(secret.arn.clone()),
        rotated_at: version.as_ref().map(|_| known.unwrap_or(Time(report.now))),
        next_rotation_at: rotating
            .map(|desired| Time(desired.secret.rotation.next_moment(report.now))),
        rotation: rotation(report, secret, previous.rotation),
        version_id: version,
        iam: None,
    }
}

/// Whether a bound Secret has the current version of `secret`, and had another one when status was written: until now clients could read that there.
fn has_followed(report: &Report, secret: &Secret, before: &[ConsumerStatus]) -> bool {
    let Some((desired, current)) = report.desired.zip(secret.current()) else {
        return false;
    };
    let secrets = consumers(desired, report.observed).into_iter();
    let mut secrets = secrets.filter(|consumer| consumer.kind == "Secret");
    secrets.any(|secret| {
        let given = secret
            .seen
            .present()
            .and_then(|given| given.version.as_ref());
        let mut before = before.iter();
        let before = before.find(|before| before.kind == secret.kind && before.name == secret.name);
        let before = before.and_then(|before| before.version_id.as_ref());
        given.is_some_and(|given| secret_version(given) == current)
            && before.is_some_and(|before| secret_version(before) != current)
    })
}

fn rotation(
    report: &Report,
    secret: &Secret,
    previous: Option<RotationStatus>,
) -> Option<RotationStatus> {
    if report
        .desired
        .is_some_and(|desired| !desired.mode.has_secret())
    {
        return None;
    }
    let current = secret.current()?;
    let pending = secret
        .labelled(AWSPENDING)
        .filter(|version| *version != current);
    let grace = report.desired.is_some_and(|desired| {
        report.observed.accepts_previous(desired.mode)
            || is_being_replaced(desired, report.observed)
    });
    let (id, phase) = match pending {
        Some(version) => (version, RotationPhase::Pending),
        None if grace => (current, RotationPhase::Grace),
        None => return None,
    };
    let since = previous
        .filter(|before| before.id == id && before.phase == phase)
        .map(|before| before.since);
    Some(RotationStatus {
        id: id.to_owned(),
        phase,
        since: since.unwrap_or(Time(report.now)),
    })
}

/// Whether there is a user of ours besides the current one.
fn is_being_replaced(desired: &Desired, observed: &Observed) -> bool {
    let current = current_user(desired, observed).id;
    let mut known = observed.cache.known_users.keys();
    known.any(|id| *id != current && desired.identity.is_user_id(id))
}
