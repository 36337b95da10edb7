use std::time::Duration;

use crate::api::Reason;
use crate::model::Desired;
use crate::plan::{AspectPlan, Context, Observed, Read, Seen};

use super::{RETRY, USER_PACE};

/// Everything a decision on the cache may depend on.
#[derive(Clone, Copy)]
pub(super) struct Scene<'a> {
    pub desired: &'a Desired,
    pub observed: &'a Observed,
    pub context: Context,
}

/// What the replication group is built on.
#[derive(Clone, Copy)]
pub(super) struct Ground {
    /// The subnet group is there.
    pub subnets: bool,
    /// Users and user group are there.
    pub users: bool,
    /// Nothing of it is about to be changed.
    pub quiet: bool,
}

/// What is decided on one thing.
pub(super) struct Part {
    /// What to do about it.
    pub plan: AspectPlan,
    /// Whether others can be built on it: it was seen to be there, ours and at rest.
    pub there: bool,
}

impl Part {
    /// The thing is as it should be.
    pub fn there() -> Self {
        Self {
            plan: AspectPlan::default(),
            there: true,
        }
    }

    /// Nothing can be built on the thing before `plan` has done its work.
    pub fn not_yet(plan: AspectPlan) -> Self {
        Self { plan, there: false }
    }
}

/// What is known of a thing, once it is known whether it is there; else the part that it is for now.
pub(super) fn look<T>(
    seen: &Seen<T>,
    wanted: bool,
    read: impl FnOnce() -> Read,
) -> Result<Option<&T>, Part> {
    match seen {
        Seen::Unread if wanted => Err(Part::not_yet(AspectPlan::read(read()))),
        Seen::Unread => Err(Part::there()),
        Seen::Unknown(failure) => Err(Part::not_yet(AspectPlan::unknown(failure, RETRY))),
        Seen::Absent => Ok(None),
        Seen::Present(thing) => Ok(Some(thing)),
    }
}

impl Scene<'_> {
    /// Passes when the thing with this ARN is the object's own; else what to do. A poll does not read tags, because it writes nothing.
    ///
    /// ElastiCache tells the tags of a thing only while it is at rest, so this comes after the look at its status.
    pub fn check_ownership(self, arn: &str, thing: &str) -> Result<(), Part> {
        match self.observed.cache.tags.get(arn).unwrap_or(&Seen::Unread) {
            Seen::Unread if self.context.depth.is_full() => {
                Err(Part::not_yet(AspectPlan::read(Read::CacheTags {
                    arn: arn.to_owned(),
                })))
            }
            Seen::Unread => Ok(()),
            Seen::Unknown(failure) => Err(Part::not_yet(AspectPlan::unknown(failure, RETRY))),
            Seen::Absent => {
                let message = format!(
                    "the tags of {thing} cannot be found; it may have been deleted just now"
                );
                Err(Part::not_yet(AspectPlan::wait(
                    Reason::Unobserved,
                    message,
                    RETRY,
                )))
            }
            Seen::Present(tags) if self.desired.identity.owns(tags) => Ok(()),
            Seen::Present(_) => Err(Part::not_yet(AspectPlan::block(
                Reason::NameTaken,
                name_taken(thing),
            ))),
        }
    }

    /// A wait for a thing that ElastiCache is working on.
    pub fn busy(self, thing: &str, status: &str, longest: Duration) -> AspectPlan {
        busy(thing, status, self.context.pace(longest))
    }

    /// The same for a user or a user group: while it is modified, it works, and so does the cache.
    pub fn busy_user(self, thing: &str, status: &str) -> AspectPlan {
        let plan = self.busy(thing, status, USER_PACE);
        let works = status == "modifying"
            && self
                .observed
                .cache
                .group
                .present()
                .is_some_and(|group| group.status == "available");
        if works {
            plan.quietly(format!("ElastiCache is modifying {thing}; the cache works"))
        } else {
            plan
        }
    }
}

/// A wait for a thing that ElastiCache is working on. A word that nobody here knows means the same: wait.
pub(in crate::plan) fn busy(thing: &str, status: &str, again: Duration) -> AspectPlan {
    let reason = match status {
        "creating" => Reason::Provisioning,
        "deleting" => Reason::Deleting,
        "modifying" | "snapshotting" => Reason::Modifying,
        _ => Reason::Progressing,
    };
    AspectPlan::wait(
        reason,
        format!("ElastiCache reports {thing} as {status}"),
        again,
    )
}

fn name_taken(thing: &str) -> String {
    format!(
        "{thing} exists without this object's tags, so it is left alone; rename or delete it in ElastiCache, or, if it is this object's, put its tags back"
    )
}
