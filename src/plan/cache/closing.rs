//! The users of a way in that left the spec: they leave the user group, which closes their connections, and are deleted.
//!
//! Not before the way that stays is open and every consumer has what is bound now: one that still needs the other way holds it open.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::api::Reason;
use crate::plan::rotation::Accepted;
use crate::plan::user::password_users;
use crate::plan::{
    Action, AspectPlan, CacheAction, CacheUser, Read, Secret, Seen, bound_version, consumers,
    looked,
};

use super::group::is_at_rest;
use super::iam;
use super::part::Scene;

/// How often what holds a way open is looked at.
const PACE: Duration = Duration::from_secs(30);

/// Decides on the users of a way that left the spec, once all that stays is there.
pub(super) fn plan_closing(scene: Scene) -> AspectPlan {
    close(scene).unwrap_or_else(|plan| plan)
}

fn close(scene: Scene) -> Result<AspectPlan, AspectPlan> {
    let cache = &scene.observed.cache;
    let (leavers, group) = (leavers(scene)?, cache.user_group.present());
    if leavers.is_empty() {
        return Ok(AspectPlan::default());
    }
    let mut reads = Vec::new();
    let mut find = |id: &String| looked(cache.user(id), Read::User { id: id.clone() }, &mut reads);
    let users = leavers.iter().map(&mut find);
    let users = users.collect::<Result<Vec<Option<&CacheUser>>, _>>()?;
    if !reads.is_empty() {
        return Err(AspectPlan::read_all(reads));
    }
    let members = group.map_or_else(BTreeSet::new, |group| {
        leavers.intersection(&group.user_ids).cloned().collect()
    });
    if !members.is_empty() {
        let hold = held_open(scene, &members)?;
        let close = CacheAction::ModifyUserGroup {
            id: scene.desired.cache.id.clone(),
            add: BTreeSet::new(),
            remove: members,
        };
        return Ok(hold.unwrap_or_else(|| AspectPlan::act(Action::Cache(close))));
    }
    let mut plan = AspectPlan::default();
    for user in users.into_iter().flatten() {
        plan.extend(delete(scene, user));
    }
    Ok(plan)
}

/// Ids of the users of a way that left the spec, as far as they may be there.
fn leavers(scene: Scene) -> Result<BTreeSet<String>, AspectPlan> {
    let (mode, identity, cache) = (
        scene.desired.mode,
        &scene.desired.identity,
        &scene.observed.cache,
    );
    let group = cache.user_group.present();
    let is_member = |id: &String| group.is_some_and(|group| group.user_ids.contains(id));
    let iam = identity.iam_user_id();
    let mut ids = BTreeSet::new();
    if !mode.has_password() && scene.context.depth.is_full() {
        ids = password_users(identity, scene.observed)?;
    } else if !mode.has_password() {
        let members = group.into_iter().flat_map(|group| &group.user_ids);
        ids.extend(members.filter(|id| identity.is_user_id(id)).cloned());
    }
    if !mode.has_iam()
        && (cache.iam_user_known || cache.known_users.contains_key(&iam) || is_member(&iam))
    {
        ids.insert(iam);
    }
    Ok(ids)
}

/// What keeps `members` in the cache for now.
fn held_open(scene: Scene, members: &BTreeSet<String>) -> Result<Option<AspectPlan>, AspectPlan> {
    let ids: Vec<&str> = members.iter().map(String::as_str).collect();
    let hold = |why: &str| {
        let message = format!(
            "credentials no longer asks for {}, which leaves the cache when {why}",
            ids.join(", ")
        );
        let pace = scene.context.pace(PACE);
        Ok(Some(AspectPlan::wait(
            Reason::WaitingForDependency,
            message,
            pace,
        )))
    };
    if !is_at_rest(scene) {
        return hold("the replication group is at rest");
    }
    if !stays_open(scene) {
        return hold("the other way in is proven to be open");
    }
    let version = bound_version(scene.desired, scene.observed);
    let consumers = consumers(scene.desired, scene.observed);
    let unread = consumers
        .iter()
        .filter(|consumer| consumer.seen == Seen::Unread);
    let reads: Vec<Read> = unread.map(|consumer| consumer.read.clone()).collect();
    if !reads.is_empty() {
        return Err(AspectPlan::read_all(reads));
    }
    let behind = |consumer: &&crate::plan::Consumer| !consumer.is_up_to_date(version.as_deref());
    match consumers.iter().find(behind) {
        Some(consumer) => hold(&format!(
            "the {} {} has what is bound now; see status.bindings",
            consumer.kind, consumer.name
        )),
        None => Ok(None),
    }
}

/// Whether the way that stays is open: the user that shows tokens was seen to be there, or the current password opens every node.
fn stays_open(scene: Scene) -> bool {
    if !scene.desired.mode.has_password() {
        return iam::is_possible(scene);
    }
    let secret = &scene.observed.secret;
    let current = secret.secret.present().and_then(Secret::current);
    let login = current.and_then(|version| secret.logins.get(version));
    login.map_or(!scene.desired.secret.rotation.probe, |login| {
        login.accepted == Accepted::All
    })
}

/// What is somebody else's stays.
fn delete(scene: Scene, user: &CacheUser) -> AspectPlan {
    let thing = format!("the user {}", user.id());
    if user.status != "active" {
        return scene.busy_user(&thing, &user.status);
    }
    if let Some(Seen::Present(tags)) = scene.observed.cache.tags.get(&user.arn)
        && !scene.desired.identity.owns(tags)
    {
        return AspectPlan::default();
    }
    let id = user.id().to_owned();
    match scene.check_ownership(&user.arn, &thing) {
        Ok(()) => AspectPlan::act(Action::Cache(CacheAction::DeleteUser { id })),
        Err(part) => part.plan,
    }
}
