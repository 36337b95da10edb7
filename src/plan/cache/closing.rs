//! The users of a way in that left the spec: they leave the user group, which closes their connections, and are deleted.
//!
//! Not before the way that stays is open and every consumer has what is bound now: one that still needs the other way holds it open. From then on clients have
//! the grace of a rotation to read what is bound anew: files of a mounted Secret, and caches, are behind for a while. The moment is announced in the object's
//! status, so that another process counts from it as well.

use std::collections::BTreeSet;
use std::time::Duration;

use jiff::Timestamp;

use crate::api::Reason;
use crate::model::{CredentialMode, Desired};
use crate::plan::bindings::laggards;
use crate::plan::rotation::Accepted;
use crate::plan::user::password_users;
use crate::plan::{
    ACTIVE, AVAILABLE, Action, AspectPlan, CacheAction, CacheUser, ClusterAction,
    INTENT_IAM_LEAVES, INTENT_PASSWORD_LEAVES, Observed, Read, Secret, Seen, UserGroup, looked,
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
    if let Some(left) = grace_left(scene).filter(|_| cache.user_group == Seen::Unread) {
        return Ok(if left.is_zero() {
            let id = scene.desired.cache.id.clone();
            AspectPlan::read(Read::UserGroup { id })
        } else {
            scheduled(left)
        });
    }
    let leavers = leavers(scene)?;
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
    let group = cache.user_group.present();
    let members = group.map_or_else(BTreeSet::new, |group| leaving_members(scene.desired, group));
    if !members.is_empty() {
        let hold = held_open(scene, &members)?;
        return Ok(hold.unwrap_or_else(|| leave(scene, members)));
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
    let mut ids = group.map_or_else(BTreeSet::new, |group| leaving_members(scene.desired, group));
    let known = cache.known_users.keys().cloned();
    ids.extend(known.filter(|id| is_leaving(scene.desired, id)));
    if !mode.has_secret() && scene.context.depth.is_full() {
        ids.extend(password_users(
            identity,
            &scene.desired.secret.name,
            scene.observed,
        )?);
    }
    if !mode.has_iam() && (cache.iam_user_known || looks_for_forgotten(scene)) {
        ids.insert(identity.iam_user_id());
    }
    Ok(ids)
}

/// Whether a user is looked for that nothing tells of: one that had left the group when the object's status was lost. Not while the cache is being created, which
/// takes many looks.
fn looks_for_forgotten(scene: Scene) -> bool {
    let group = scene.observed.cache.group.present();
    scene.context.depth.is_full() && group.is_some_and(|group| group.status == AVAILABLE)
}

/// Ids of the members of `group` that are to leave it.
fn leaving_members(desired: &Desired, group: &UserGroup) -> BTreeSet<String> {
    let leaving = group.user_ids.iter().filter(|id| is_leaving(desired, id));
    leaving.cloned().collect()
}

/// Whether `id` is that of a user of a way that left the spec.
fn is_leaving(desired: &Desired, id: &str) -> bool {
    let (mode, identity) = (desired.mode, &desired.identity);
    (!mode.has_secret() && identity.is_user_id(id))
        || (!mode.has_iam() && id == identity.iam_user_id())
}

/// Takes `members` out when the grace is over. The first time, that is announced.
fn leave(scene: Scene, members: BTreeSet<String>) -> AspectPlan {
    match (grace_left(scene), leaving_intent(scene.desired.mode)) {
        (None, Some(kind)) => {
            AspectPlan::act(Action::Cluster(ClusterAction::RecordIntent { kind }))
        }
        (Some(left), _) if !left.is_zero() => scheduled(left),
        _ => AspectPlan::act(Action::Cache(CacheAction::ModifyUserGroup {
            id: scene.desired.cache.id.clone(),
            add: BTreeSet::new(),
            remove: members,
        })),
    }
}

/// What is left of the grace that was announced.
fn grace_left(scene: Scene) -> Option<Duration> {
    let end = leaves_at(scene.desired, scene.observed)?;
    let left = end.duration_since(scene.context.now);
    Some(left.try_into().unwrap_or(Duration::ZERO))
}

/// When the users of a way in that left the spec leave the cache, once that is announced.
#[must_use]
pub fn leaves_at(desired: &Desired, observed: &Observed) -> Option<Timestamp> {
    let announced = observed.cache.leaving.get(leaving_intent(desired.mode)?)?;
    Some(*announced + desired.secret.rotation.grace)
}

/// `kind` of the intent that may be announced with these ways in.
#[must_use]
pub const fn leaving_intent(mode: CredentialMode) -> Option<&'static str> {
    match mode {
        CredentialMode::Password => Some(INTENT_IAM_LEAVES),
        CredentialMode::Iam => Some(INTENT_PASSWORD_LEAVES),
        CredentialMode::PasswordAndIam | CredentialMode::AuthToken => None,
    }
}

/// Whether everybody has left who was to, as far as that was looked at.
#[must_use]
pub fn have_left(desired: &Desired, observed: &Observed) -> bool {
    let group = observed.cache.user_group.present();
    group.is_some_and(|group| leaving_members(desired, group).is_empty())
}

fn scheduled(left: Duration) -> AspectPlan {
    AspectPlan {
        scheduled: Some(left),
        ..AspectPlan::default()
    }
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
    match laggards(scene.desired, scene.observed)?.first() {
        Some(consumer) => hold(&format!(
            "the {} {} has what is bound now; see status.bindings",
            consumer.kind, consumer.name
        )),
        None => Ok(None),
    }
}

/// Whether the way that stays is open: the user that shows tokens was seen to be there, or the current password opens every node.
fn stays_open(scene: Scene) -> bool {
    if !scene.desired.mode.has_secret() {
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
    if user.status != ACTIVE {
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
