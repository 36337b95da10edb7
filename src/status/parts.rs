use std::collections::BTreeSet;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;

use crate::api::{
    ApiStatus, BindingStatus, CacheStatus, ConsumerStatus, DeploymentStatus, Intent, Pending,
};
use crate::model::Desired;
use crate::plan::{
    ApiKey, Deployment, INTENT_IAM_LEAVES, INTENT_PASSWORD_LEAVES, INTENT_REST_API, RestApi, Seen,
    bound_version, consumer_policy, consumers, deployment_hash, has_variables_of, have_left,
    leaving_intent, policy_roles as roles_with_policy, served_hash,
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
        api_keys: api_keys(report, previous.api_keys),
        functions: functions(report, previous.functions),
    }
}

/// The API keys that there are to be. What the spec names no more is remembered until no key is left of it, and the usage plan is gone with the last one:
/// else nobody would look for them.
fn api_keys(report: &Report, previous: Vec<String>) -> Vec<String> {
    let Some(desired) = report.desired else {
        return previous;
    };
    let (wanted, gateway) = (&desired.gateway.api_keys, &report.observed.gateway);
    let is_left = |key: &ApiKey| {
        let mut names = wanted.values().map(|key| &key.name);
        desired.identity.owns(&key.tags) && names.all(|name| *name != key.name)
    };
    let plan_is_right = !wanted.is_empty() || gateway.usage_plans.is_without(|_| true);
    let nothing_is_left = plan_is_right && gateway.api_keys.is_without(is_left);
    let left = previous.into_iter().filter(|_| !nothing_is_left);
    let all: BTreeSet<String> = wanted.keys().cloned().chain(left).collect();
    all.into_iter().collect()
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
