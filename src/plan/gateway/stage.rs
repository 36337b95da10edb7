//! Deployments and the stage that serves one of them.

use std::collections::BTreeMap;

use crate::api::{Reason, Throttle};
use crate::model::{Desired, DesiredStage};
use crate::plan::{
    Action, AspectPlan, Context, Deployment, GatewayAction, MethodSettings, Observed,
    ObservedGateway, Patch, PatchOp, Read, RestApi, Seen, Stage,
};

use super::RETRY;

/// Deployments that are kept, the one in service included.
const KEPT: usize = 5;
const DEPLOYMENT_PREFIX: &str = "cachedapi sha256:";

/// The hash of the document that a deployment of ours was made from.
#[must_use]
pub fn deployment_hash(deployment: &Deployment) -> Option<&str> {
    deployment.description.strip_prefix(DEPLOYMENT_PREFIX)
}

/// The hash of the document that a stage serves, when its description and its deployment agree; somebody who points it elsewhere does not
/// rewrite the description.
#[must_use]
pub fn served_hash(stage: &Stage) -> Option<&str> {
    let (hash, deployment) = stage
        .description
        .strip_prefix(DEPLOYMENT_PREFIX)?
        .split_once(" deployment ")?;
    (deployment == stage.deployment_id).then_some(hash)
}

fn stage_description(hash: &str, deployment: &str) -> String {
    format!("{DEPLOYMENT_PREFIX}{hash} deployment {deployment}")
}

/// Decides on the deployment of the document in the API, and on the stage.
pub(super) fn plan_stage(
    desired: &Desired,
    observed: &Observed,
    _: Context,
    api: &RestApi,
) -> AspectPlan {
    let wanted = &desired.gateway.stage;
    match &observed.gateway.stage {
        Seen::Unread => AspectPlan::read(Read::Stage {
            api: api.id.clone(),
            name: wanted.name.clone(),
        }),
        Seen::Unknown(failure) => AspectPlan::unknown(failure, RETRY),
        Seen::Absent => deployed(desired, &observed.gateway, api).map_or_else(
            |plan| plan,
            |deployment| create_stage(desired, api, deployment),
        ),
        Seen::Present(stage) if served_hash(stage) == Some(&desired.gateway.document.hash) => {
            update_stage(wanted, stage, api, Vec::new())
        }
        Seen::Present(stage) => deployed(desired, &observed.gateway, api).map_or_else(
            |plan| plan,
            |deployment| {
                let description = stage_description(&desired.gateway.document.hash, &deployment.id);
                let repoint = vec![
                    replace("/deploymentId", deployment.id.clone()),
                    replace("/description", description),
                ];
                update_stage(wanted, stage, api, repoint)
            },
        ),
    }
}

/// The deployment of the desired document, or what to do to get one. An existing one is used again: it may be there because a reply
/// was lost, or because the spec went back to what it was.
fn deployed<'a>(
    desired: &Desired,
    gateway: &'a ObservedGateway,
    api: &RestApi,
) -> Result<&'a Deployment, AspectPlan> {
    let hash = &desired.gateway.document.hash;
    let deployments = match &gateway.deployments {
        Seen::Unread => {
            return Err(AspectPlan::read(Read::Deployments {
                api: api.id.clone(),
            }));
        }
        Seen::Unknown(failure) => return Err(AspectPlan::unknown(failure, RETRY)),
        Seen::Absent => [].as_slice(),
        Seen::Present(deployments) => deployments,
    };
    if let Some(deployment) = deployments
        .iter()
        .find(|deployment| deployment_hash(deployment) == Some(hash))
    {
        return Ok(deployment);
    }
    // A put that failed half-way may have left its version and not all of its methods.
    match &gateway.methods {
        _ if api.confirmed => {}
        Seen::Unread => {
            return Err(AspectPlan::read(Read::Methods {
                api: api.id.clone(),
            }));
        }
        Seen::Unknown(failure) => return Err(AspectPlan::unknown(failure, RETRY)),
        Seen::Absent => {
            return Err(AspectPlan::wait(
                Reason::Unobserved,
                format!("the methods of REST API {} cannot be read", api.id),
                RETRY,
            ));
        }
        Seen::Present(_) => {}
    }
    let create = GatewayAction::CreateDeployment {
        api: api.id.clone(),
        description: format!("{DEPLOYMENT_PREFIX}{hash}"),
    };
    Err(AspectPlan::act(Action::Gateway(create)))
}

/// Only an update can set throttles, so a creation is followed by one.
fn create_stage(desired: &Desired, api: &RestApi, deployment: &Deployment) -> AspectPlan {
    let wanted = &desired.gateway.stage;
    let create = GatewayAction::CreateStage {
        api: api.id.clone(),
        name: wanted.name.clone(),
        deployment: deployment.id.clone(),
        description: stage_description(&desired.gateway.document.hash, &deployment.id),
        variables: wanted.variables.clone(),
        tags: desired.tags.clone(),
    };
    let patches = settings_patches(&wanted.throttles, &BTreeMap::new());
    let update = GatewayAction::UpdateStage {
        api: api.id.clone(),
        name: wanted.name.clone(),
        patches,
    };
    AspectPlan {
        actions: vec![Action::Gateway(create), Action::Gateway(update)],
        ..AspectPlan::default()
    }
}

/// One update with everything that differs, so that new routes and their throttles go live together.
fn update_stage(
    wanted: &DesiredStage,
    stage: &Stage,
    api: &RestApi,
    mut patches: Vec<Patch>,
) -> AspectPlan {
    patches.extend(stage_patches(wanted, stage));
    if patches.is_empty() {
        return AspectPlan::default();
    }
    AspectPlan::act(Action::Gateway(GatewayAction::UpdateStage {
        api: api.id.clone(),
        name: wanted.name.clone(),
        patches,
    }))
}

/// What differs in the stage, besides the deployment that it serves.
pub(super) fn stage_patches(wanted: &DesiredStage, stage: &Stage) -> Vec<Patch> {
    let mut patches = variable_patches(&wanted.variables, &stage.variables);
    patches.extend(settings_patches(&wanted.throttles, &stage.method_settings));
    if stage.cache_cluster {
        patches.push(replace("/cacheClusterEnabled", "false".into()));
    }
    patches
}

fn variable_patches(
    wanted: &BTreeMap<String, String>,
    present: &BTreeMap<String, String>,
) -> Vec<Patch> {
    let set = wanted
        .iter()
        .filter(|(name, value)| present.get(*name) != Some(*value));
    let unset = present.keys().filter(|name| !wanted.contains_key(*name));
    set.map(|(name, value)| replace(&format!("/variables/{name}"), value.clone()))
        .chain(unset.map(|name| remove(&format!("/variables/{name}"))))
        .collect()
}

/// An entry of a method is a full copy, which later changes of `*/*` do not reach: each is written in full, and one that nobody asks for
/// is removed.
fn settings_patches(
    wanted: &BTreeMap<String, Throttle>,
    present: &BTreeMap<String, MethodSettings>,
) -> Vec<Patch> {
    let wanted: BTreeMap<&str, &Throttle> = wanted
        .iter()
        .map(|(key, throttle)| (key.strip_prefix('/').unwrap_or(key), throttle))
        .collect();
    let set = wanted.iter().filter(|(key, throttle)| {
        !present
            .get(**key)
            .is_some_and(|settings| in_effect(***throttle, settings))
    });
    let unset = present
        .keys()
        .filter(|key| !wanted.contains_key(key.as_str()));
    set.flat_map(|(key, throttle)| {
        let path = settings_path(key);
        [
            replace(
                &format!("{path}/throttling/rateLimit"),
                throttle.rate.to_string(),
            ),
            replace(
                &format!("{path}/throttling/burstLimit"),
                throttle.burst.to_string(),
            ),
            replace(&format!("{path}/caching/enabled"), "false".into()),
        ]
    })
    .chain(unset.map(|key| remove(&settings_path(key))))
    .collect()
}

fn in_effect(throttle: Throttle, settings: &MethodSettings) -> bool {
    (settings.rate - f64::from(throttle.rate)).abs() < 0.5
        && i64::from(settings.burst) == i64::from(throttle.burst)
        && !settings.caching
}

/// The patch path of a method-settings key: `orders/{id}/GET` becomes `/~1orders~1{id}/GET`; `*/*` stays.
fn settings_path(key: &str) -> String {
    let (resource, method) = key.rsplit_once('/').unwrap_or((key, "*"));
    if resource == "*" {
        return format!("/*/{method}");
    }
    format!(
        "/~1{}/{method}",
        resource.replace('~', "~0").replace('/', "~1")
    )
}

/// Deletes the deployments of ours beyond the newest [`KEPT`], never the one in service.
pub(super) fn superseded(gateway: &ObservedGateway, api: &RestApi) -> Vec<Action> {
    let (Seen::Present(deployments), Seen::Present(stage)) = (&gateway.deployments, &gateway.stage)
    else {
        return Vec::new();
    };
    let others = deployments.iter().filter(|deployment| {
        deployment_hash(deployment).is_some() && deployment.id != stage.deployment_id
    });
    let delete = |deployment: &Deployment| GatewayAction::DeleteDeployment {
        api: api.id.clone(),
        deployment: deployment.id.clone(),
    };
    others
        .skip(KEPT - 1)
        .map(|deployment| Action::Gateway(delete(deployment)))
        .collect()
}

pub(super) fn replace(path: &str, value: String) -> Patch {
    Patch {
        op: PatchOp::Replace,
        path: path.into(),
        value: Some(value),
    }
}

fn remove(path: &str) -> Patch {
    Patch {
        op: PatchOp::Remove,
        path: path.into(),
        value: None,
    }
}
