use std::collections::BTreeSet;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;

use crate::api::{
    ApiStatus, BindingStatus, CacheStatus, ConsumerStatus, CredentialsStatus, DeploymentStatus,
    IamStatus, Intent, Pending, RotationPhase, RotationStatus,
};
use crate::model::Desired;
use crate::plan::{
    AWSPENDING, Deployment, INTENT_IAM_LEAVES, INTENT_PASSWORD_LEAVES, INTENT_REST_API, Observed,
    RestApi, Secret, Seen, bound_version, connect_policy, consumer_policy, consumers, current_user,
    deployment_hash, has_variables_of, have_left, leaving_intent,
    policy_roles as roles_with_policy, secret_version, served_hash,
};

use super::Report;

/// Deployments that status lists.
const LISTED: usize = 5;

/// What was not looked at this round stays as it was said before.
fn merge<T, S>(
    seen: &Seen<T>,
    previous: Option<S>,
    report: impl FnOnce(&T, Option<S>) -> S,
) -> Option<S> {
    match seen {
        Seen::Present(thing) => Some(report(thing, previous)),
        Seen::Absent => None,
        Seen::Unread | Seen::Unknown(_) => previous,
    }
}

/// Whether something of the object was seen in AWS. Before that, nothing says that the operator's credentials are those that were meant.
pub(super) fn is_here(report: &Report) -> bool {
    let observed = report.observed;
    observed.gateway.rest_api.present().is_some()
        || observed.cache.group.present().is_some()
        || observed.secret.secret.present().is_some()
}

pub(super) fn account(report: &Report, here: bool) -> Option<String> {
    report.observed.account.clone().filter(|_| here)
}

pub(super) fn region(report: &Report, here: bool) -> Option<String> {
    let desired = report.desired.filter(|_| here)?;
    Some(desired.region.clone())
}

pub(super) fn api(report: &Report, previous: Option<ApiStatus>) -> Option<ApiStatus> {
    merge(
        &report.observed.gateway.rest_api,
        previous,
        |api, previous| api_status(report, api, previous.unwrap_or_default()),
    )
}

fn api_status(report: &Report, api: &RestApi, previous: ApiStatus) -> ApiStatus {
    let gateway = &report.observed.gateway;
    let history = match &gateway.deployments {
        Seen::Present(deployments) => deployments
            .iter()
            .filter_map(deployment_status)
            .take(LISTED)
            .collect(),
        _ => previous.history,
    };
    let deployment = match &gateway.stage {
        Seen::Present(stage) => {
            let at = history
                .iter()
                .find(|listed| listed.id == stage.deployment_id)
                .and_then(|listed| listed.at.clone());
            Some(DeploymentStatus {
                id: stage.deployment_id.clone(),
                hash: served_hash(stage).unwrap_or("unknown").into(),
                at,
            })
        }
        Seen::Absent => None,
        Seen::Unread | Seen::Unknown(_) => previous.deployment,
    };
    let url = report
        .desired
        .map(|desired| invoke_url(&api.id, &desired.region, &desired.gateway.stage.name));
    ApiStatus {
        id: api.id.clone(),
        invoke_url: url.filter(|_| deployment.is_some()).or(previous.invoke_url),
        deployment,
        history,
        api_keys: report.desired.map_or(previous.api_keys, |desired| {
            desired.gateway.api_keys.keys().cloned().collect()
        }),
        functions: functions(report, previous.functions),
    }
}

/// The functions that the API may invoke, or is to: one that no route names any more is remembered until its permission is seen to be gone.
fn functions(report: &Report, previous: Vec<String>) -> Vec<String> {
    let Some(desired) = report.desired else {
        return previous;
    };
    let permissions = &report.observed.gateway.permissions;
    let left = previous
        .into_iter()
        .filter(|function| !matches!(permissions.get(function), Some(Seen::Absent)));
    let all: BTreeSet<String> = desired
        .gateway
        .functions
        .iter()
        .cloned()
        .chain(left)
        .collect();
    all.into_iter().collect()
}

/// <https://docs.aws.amazon.com/apigateway/latest/developerguide/how-to-call-api.html>
fn invoke_url(api: &str, region: &str, stage: &str) -> String {
    let suffix = if region.starts_with("cn-") {
        "amazonaws.com.cn"
    } else {
        "amazonaws.com"
    };
    format!("https://{api}.execute-api.{region}.{suffix}/{stage}")
}

fn deployment_status(deployment: &Deployment) -> Option<DeploymentStatus> {
    let hash = deployment_hash(deployment)?.to_owned();
    Some(DeploymentStatus {
        id: deployment.id.clone(),
        hash,
        at: deployment.created.map(Time),
    })
}

pub(super) fn cache(report: &Report, previous: Option<CacheStatus>) -> Option<CacheStatus> {
    let cache = &report.observed.cache;
    if is_anothers(report) {
        return previous;
    }
    merge(&cache.group, previous, |group, previous| {
        let previous = previous.unwrap_or_default();
        let node = cache.node.present();
        CacheStatus {
            id: report
                .desired
                .map_or(previous.id, |desired| desired.cache.group_id.clone()),
            engine: node
                .map(|node| node.engine.clone())
                .or_else(|| group.engine.clone())
                .or(previous.engine),
            engine_version: node
                .map(|node| node.engine_version.clone())
                .or(previous.engine_version),
            primary_endpoint: group.primary.as_ref().map(ToString::to_string),
            reader_endpoint: group.reader.as_ref().map(ToString::to_string),
            state: group.status.clone(),
        }
    })
}

/// Whether the group that the spec names is not the object's.
fn is_anothers(report: &Report) -> bool {
    let cache = &report.observed.cache;
    let tags = cache
        .group
        .present()
        .and_then(|group| cache.tags.get(&group.arn)?.present());
    let named = report
        .desired
        .filter(|desired| desired.cache.adoption.is_some());
    named
        .zip(tags)
        .is_some_and(|(desired, tags)| !desired.identity.owns(tags))
}

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

pub(super) fn pending(report: &Report) -> Vec<Pending> {
    let waits = report
        .plan
        .aspects()
        .flat_map(|(aspect, plan)| plan.waits.iter().map(move |wait| (aspect, wait)));
    waits
        .map(|(aspect, wait)| Pending {
            aspect: aspect.as_str().into(),
            reason: wait.reason.as_str().into(),
            message: wait.message.clone(),
        })
        .collect()
}

/// An announced creation stays announced until a read shows what it created, and that users leave until they are seen to have left, or are to stay.
pub(super) fn intents(report: &Report, previous: Vec<Intent>) -> Vec<Intent> {
    let created = report.observed.gateway.rest_api.present().is_some();
    let leaves = |desired: &Desired, kind: &str| {
        leaving_intent(desired.mode) == Some(kind) && !have_left(desired, report.observed)
    };
    let stays = |intent: &Intent| match &*intent.kind {
        INTENT_REST_API => !created || report.observed.written.awaits_rest_api(),
        INTENT_PASSWORD_LEAVES | INTENT_IAM_LEAVES => report
            .desired
            .is_none_or(|desired| leaves(desired, &intent.kind)),
        _ => true,
    };
    previous.into_iter().filter(stays).collect()
}

/// Functions that left the spec and are not known to be without our variables.
fn left_over(report: &Report, previous: &[ConsumerStatus]) -> Vec<ConsumerStatus> {
    let Some(desired) = report.desired else {
        return Vec::new();
    };
    let bound = |arn: &String| {
        let functions = &desired.bindings.functions;
        functions.iter().any(|function| function.arn == *arn)
    };
    let clean = |arn: &String| match report.observed.functions.get(arn) {
        Some(Seen::Absent) => true,
        Some(Seen::Present(function)) => !has_variables_of(desired.names(), &function.variables),
        Some(Seen::Unread | Seen::Unknown(_)) | None => false,
    };
    let lambdas = previous.iter().filter(|before| before.kind == "Lambda");
    lambdas
        .filter(|before| !bound(&before.name) && !clean(&before.name))
        .map(|before| ConsumerStatus {
            up_to_date: false,
            ..before.clone()
        })
        .collect()
}

/// Consumers that were not looked at, or could not be, stay as they were; that is no longer up to date when there is another version.
pub(super) fn bindings(report: &Report, previous: Vec<ConsumerStatus>) -> Vec<ConsumerStatus> {
    let Some(desired) = report.desired else {
        return previous;
    };
    let version = bound_version(desired, report.observed);
    let policy = consumer_policy(desired, report.observed).map(|policy| policy.to_string());
    let consumers = consumers(desired, report.observed).into_iter();
    consumers
        .map(|consumer| {
            let before = previous
                .iter()
                .find(|before| before.kind == consumer.kind && before.name == consumer.name);
            match (&consumer.seen, before, &version) {
                (Seen::Unread | Seen::Unknown(_), Some(before), _) | (_, Some(before), None) => {
                    let same = version.is_none() || before.version_id == version;
                    ConsumerStatus {
                        up_to_date: before.up_to_date && same,
                        ..before.clone()
                    }
                }
                (seen, before, version) => ConsumerStatus {
                    kind: consumer.kind.to_owned(),
                    name: consumer.name.clone(),
                    version_id: seen.present().and_then(|progress| progress.version.clone()),
                    up_to_date: consumer.is_up_to_date(version.as_deref()),
                    policy: policy
                        .clone()
                        .or_else(|| before?.policy.clone())
                        .filter(|_| consumer.kind == "Lambda"),
                },
            }
        })
        .chain(left_over(report, &previous))
        .collect()
}

pub(super) fn binding(report: &Report, previous: Option<BindingStatus>) -> Option<BindingStatus> {
    let Some(desired) = report.desired else {
        return previous;
    };
    let name = &desired.bindings.secrets.first()?.name;
    let there = report
        .observed
        .bound
        .get(name)
        .is_some_and(|seen| seen.present().is_some_and(|secret| secret.owned));
    if there {
        Some(BindingStatus { name: name.clone() })
    } else {
        previous.filter(|binding| binding.name == *name)
    }
}

/// The Secrets that the object has, as far as is known: those that were seen, and those that were known before and not seen to be gone.
pub(super) fn bound_secrets(report: &Report, previous: Vec<String>) -> Vec<String> {
    let bound = &report.observed.bound;
    let seen = bound
        .iter()
        .filter(|(_, seen)| seen.present().is_some_and(|secret| secret.owned));
    let gone = |name: &String| matches!(bound.get(name), Some(Seen::Absent));
    let known = previous.into_iter().filter(|name| !gone(name));
    known
        .chain(seen.map(|(name, _)| name.clone()))
        .collect::<BTreeSet<_>>()
        .into_iter()
        .collect()
}

pub(super) fn policy_roles(report: &Report, previous: Vec<String>) -> Vec<String> {
    report.desired.map_or(previous, |desired| {
        let roles = roles_with_policy(desired, report.observed);
        roles.into_iter().collect()
    })
}
