//! Decides on the replication group, its users and subnet group.
//!
//! What is built first carries what is built on it: subnet group, users, user group, replication group. Each is looked at on its own, and a
//! thing is created only when everything under it was *seen* to be there. Names derive from the object's UID, so a creation that happened
//! twice meets the first; what has one of these names without our tags is somebody else's and is left alone.
//!
//! A group that the spec names is taken over first (`adoption`), and then lives on what is made around it like any other, its subnets aside.
//!
//! Once the group runs, differences are put right in place, one at a time (`change`), or refused (`refusal`).

mod adoption;
mod change;
mod closing;
mod group;
mod iam;
mod part;
mod proof;
mod refusal;
mod subnets;
mod users;

use std::time::Duration;

use crate::model::{Desired, Identity, Tags, is_adopted};

use super::{AspectPlan, Context, Depth, Endpoint, Observed, RETRY, ReplicationGroup, Seen};

pub use adoption::{group_differences, group_standing};
pub use closing::{have_left, leaves_at, leaving_intent};
pub(super) use part::busy;

use part::{Ground, Part, Scene};

/// Longest time between two looks at a replication group that is under way: they take minutes.
pub(super) const GROUP_PACE: Duration = Duration::from_secs(30);
/// Longest time between two looks at a user or a user group that is under way: they take seconds.
pub(super) const USER_PACE: Duration = Duration::from_secs(5);

/// Time until what was seen available is looked at once more, for the second sighting.
pub(super) const SIGHTING_PACE: Duration = Duration::from_secs(3);

/// Decides on the replication group, its users and subnet group.
///
/// A poll takes what it does not read to be as desired. When it finds anything else, it looks at everything.
pub fn plan_cache(desired: &Desired, observed: &Observed, context: Context) -> AspectPlan {
    let glance = plan_parts(Scene {
        desired,
        observed,
        context,
    });
    let at_ease = glance.is_settled() || glance.is_quiet();
    if at_ease || !glance.reads.is_empty() || context.depth.is_full() {
        return glance;
    }
    plan_parts(Scene {
        desired,
        observed,
        context: Context {
            depth: Depth::Full,
            ..context
        },
    })
}

fn plan_parts(scene: Scene) -> AspectPlan {
    let held = adoption::plan_another(scene).or_else(|| adoption::plan_adoption(scene));
    if let Some(plan) = held {
        return plan;
    }
    let subnets = subnets::plan_subnet_group(scene);
    let users = if scene.desired.mode.has_token() {
        Part::there()
    } else {
        users::plan_users(scene)
    };
    let (subnets_there, users_there) = (subnets.there, users.there);
    let mut plan = subnets.plan;
    plan.extend(users.plan);
    let ground = Ground {
        subnets: subnets_there,
        users: users_there,
        quiet: plan.actions.is_empty(),
    };
    plan.extend(group::plan_group(scene, ground));
    plan.reads_first()
}

/// The object's own replication group. One whose tags are not known to be ours is not passed on: credentials would be sent to it.
pub(super) fn own_group<'a>(
    identity: &Identity,
    observed: &'a Observed,
) -> Option<&'a ReplicationGroup> {
    let group = observed.cache.group.present()?;
    let tags = observed.cache.tags.get(&group.arn);
    let tags = tags.and_then(Seen::present)?;
    identity.owns(tags).then_some(group)
}

/// Whether the replication group that the spec names is not known to be the object's own.
pub(super) fn awaits_adoption(desired: &Desired, observed: &Observed) -> bool {
    desired.cache.adoption.is_some() && own_group(&desired.identity, observed).is_none()
}

/// Where it is reached, once ElastiCache says so.
pub(super) fn own_endpoint<'a>(
    identity: &Identity,
    observed: &'a Observed,
) -> Option<&'a Endpoint> {
    let group = own_group(identity, observed)?;
    let tags = observed.cache.tags.get(&group.arn)?.present()?;
    let primary = group.primary.as_ref();
    primary.filter(|_| admits_ours(identity, tags, group))
}

/// Whether a group of the object's lets in who has its credential. One that was there before does so once it has the object's users, or an AUTH token; until then
/// nobody is sent there.
pub(super) fn admits_ours(identity: &Identity, tags: &Tags, group: &ReplicationGroup) -> bool {
    let users = group.user_group_ids.contains(&identity.cache_id());
    !is_adopted(tags) || users || group.auth_token
}
