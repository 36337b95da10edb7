use std::time::Duration;

use crate::api::Reason;
use crate::plan::{
    AVAILABLE, Action, Admission, AspectPlan, CacheAction, NewReplicationGroup, Read,
    ReplicationGroup, Rotating, Seen,
};

use super::part::{Ground, Part, Scene, look};
use super::users::password;
use super::{GROUP_PACE, SIGHTING_PACE, change, refusal};

/// How long a creation may take before somebody should look.
const CREATION_DEADLINE: Duration = Duration::from_hours(1);

/// Decides on the replication group.
pub(super) fn plan_group(scene: Scene, ground: Ground) -> AspectPlan {
    let cache = &scene.desired.cache;
    match look(&scene.observed.cache.group, true, || {
        Read::ReplicationGroup {
            id: cache.group_id.clone(),
        }
    }) {
        Err(part) => part.plan,
        Ok(None) if ground.subnets && ground.users => match admission(scene) {
            Ok(admits) => AspectPlan::act(Action::Cache(create(scene, admits))),
            Err(part) => part.plan,
        },
        Ok(None) => AspectPlan::default(),
        Ok(Some(group)) => {
            at_rest(scene, group).map_or_else(|part| part.plan, |()| compare(scene, group, ground))
        }
    }
}

/// Whether nothing is under way in the group, as far as it was looked at.
pub(super) fn is_at_rest(scene: Scene) -> bool {
    let cache = &scene.observed.cache;
    match &cache.group {
        Seen::Absent => true,
        Seen::Unread | Seen::Unknown(_) => false,
        Seen::Present(group) => cache.is_at_rest(group),
    }
}

fn admission(scene: Scene) -> Result<Admission, Part> {
    if !scene.desired.mode.has_token() {
        return Ok(Admission::UserGroup(scene.desired.cache.id.clone()));
    }
    let id = &scene.desired.cache.group_id;
    let what = format!("the replication group {id} waits for its AUTH token");
    password(scene, &what, |value| {
        scene.desired.is_named_well(&value.username)
    })
    .map(Admission::AuthToken)
}

fn create(scene: Scene, admits: Admission) -> CacheAction {
    let cache = &scene.desired.cache;
    CacheAction::CreateReplicationGroup(Box::new(NewReplicationGroup {
        id: cache.group_id.clone(),
        description: cache.description.clone(),
        engine: cache.engine,
        engine_version: cache.engine_version.clone(),
        node_type: cache.node_type.clone(),
        shards: cache.shards,
        replicas_per_shard: cache.replicas_per_shard,
        failover: cache.failover(),
        multi_az: cache.multi_az(),
        subnet_group: cache.id.clone(),
        security_group_ids: cache.security_group_ids.clone(),
        snapshot_retention_days: cache.snapshot_retention_days,
        admits,
        tags: scene.desired.tags.clone(),
    }))
}

/// Passes when the group can be compared: nothing is under way, it is ours, and its node is known if this round wants it.
fn at_rest(scene: Scene, group: &ReplicationGroup) -> Result<(), Part> {
    let thing = format!("the replication group {}", scene.desired.cache.group_id);
    if group.status == "create-failed" {
        let message = format!(
            "ElastiCache could not create {thing}; its events say why. Put that right and delete the group, which holds no data: it is then created again"
        );
        return Err(Part::not_yet(AspectPlan::block(Reason::Failed, message)));
    }
    if group.auth_token_changing && [AVAILABLE, "modifying"].contains(&group.status.as_str()) {
        let what = format!("ElastiCache is changing the AUTH token of {thing}; the cache works");
        let plan = scene.busy(&thing, "modifying", GROUP_PACE).quietly(what);
        return Err(Part::not_yet(plan));
    }
    if let Some(overdue) = overdue(scene, group, &thing) {
        return Err(Part::not_yet(overdue));
    }
    if group.status != AVAILABLE {
        return Err(Part::not_yet(scene.busy(&thing, &group.status, GROUP_PACE)));
    }
    if !group.node_groups_available {
        return Err(Part::not_yet(scene.busy(&thing, "modifying", GROUP_PACE)));
    }
    if !group.pending.is_empty() {
        let message = format!("{thing} has changes pending: {}", group.pending.join(", "));
        return Err(Part::not_yet(AspectPlan::wait(
            Reason::Modifying,
            message,
            scene.context.pace(GROUP_PACE),
        )));
    }
    let node = group
        .member_clusters
        .first()
        .map(|node| Read::CacheNode { id: node.clone() });
    if let Some(read) = node {
        look(
            &scene.observed.cache.node,
            scene.context.depth.wants(Rotating::CacheNode),
            || read,
        )
        .or_else(|part| if part.there { Ok(None) } else { Err(part) })?;
    }
    scene.check_ownership(&group.arn, &thing)
}

/// What is said of a group that ElastiCache has been creating for too long. It can only be deleted once that has ended.
fn overdue(scene: Scene, group: &ReplicationGroup, thing: &str) -> Option<AspectPlan> {
    let since = group.created.filter(|_| group.status == "creating")?;
    let age = scene.context.age(since);
    (age > CREATION_DEADLINE).then(|| {
        let message = format!(
            "ElastiCache has been creating {thing} since {since:.0}, which takes minutes as a rule; its events may say why"
        );
        let pace = scene.context.pace(GROUP_PACE);
        AspectPlan::wait(Reason::ProgressDeadlineExceeded, message, pace)
    })
}

fn compare(scene: Scene, group: &ReplicationGroup, ground: Ground) -> AspectPlan {
    let blocks = refusal::refusals(scene.desired, scene.observed, group);
    let mut changes = change::changes(scene.desired, &scene.observed.cache, group, ground);
    let changes = match changes.next() {
        Some(change) if !ground.quiet => hold(
            &change,
            "another change of its users or subnets is made first",
            scene,
        ),
        Some(change) if !scene.observed.cache.is_seen_available() => {
            hold(&change, "it has to be seen available twice in a row", scene)
        }
        Some(change) => AspectPlan::act(Action::Cache(change)),
        None => AspectPlan::default(),
    };
    AspectPlan { blocks, ..changes }
}

fn hold(change: &CacheAction, why: &str, scene: Scene) -> AspectPlan {
    let message = format!(
        "the replication group {} is to be changed ({}); {why}",
        scene.desired.cache.group_id,
        change::describe(change)
    );
    AspectPlan::wait(
        Reason::Progressing,
        message,
        scene.context.pace(SIGHTING_PACE),
    )
}
