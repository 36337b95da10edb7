use std::collections::BTreeSet;
use std::time::Duration;

use crate::api::{CacheDisposal, Reason};
use crate::model::{Estate, cache_disposal, is_adopted};
use crate::plan::cache::{GROUP_PACE, USER_PACE, busy, own_group};
use crate::plan::mark::{plan_mark, plan_release};
use crate::plan::orphans::is_retained;
use crate::plan::user::password_users;
use crate::plan::{
    ACTIVE, Action, AspectPlan, CacheAction, CacheUser, Context, Observed, Read, ReplicationGroup,
    Seen,
};

use super::RETRY;

const CREATE_FAILED: &str = "create-failed";

/// Takes down the replication group, then the user group, then users and subnet group.
pub(super) fn plan_cache(estate: &Estate, observed: &Observed, context: Context) -> AspectPlan {
    let site = Site {
        estate,
        observed,
        context,
    };
    let group = site.remove_group();
    if !group.is_settled() || site.keeps_group() {
        return group;
    }
    let users = site.remove_user_group();
    if !users.is_settled() || site.keeps_users() {
        return users;
    }
    site.remove_foundations()
}

#[derive(Clone, Copy)]
struct Site<'a> {
    estate: &'a Estate,
    observed: &'a Observed,
    context: Context,
}

/// What there is to know of a thing before it is deleted.
struct Target<'a, T> {
    /// What it is, for people.
    thing: String,
    read: Read,
    seen: &'a Seen<T>,
    /// ARN and status.
    facts: fn(&T) -> (&str, &str),
    /// Longest time between two looks while ElastiCache works on it.
    pace: Duration,
}

impl Site<'_> {
    /// Whether the group stays, with what was made around it.
    fn keeps_group(self) -> bool {
        let own = own_group(&self.estate.identity, self.observed);
        let policy = self.estate.deletion.cache;
        policy == Some(CacheDisposal::Retain)
            || own.is_some_and(|group| self.disposal(group) == CacheDisposal::Retain)
    }

    /// Whether the users stay, because the group that was given back lets nobody else in.
    fn keeps_users(self) -> bool {
        let cache = &self.observed.cache;
        let group = cache.user_group.present();
        let tags = group.and_then(|group| cache.tags.get(&group.arn)?.present());
        tags.is_some_and(|tags| self.estate.identity.owns(tags) && is_retained(tags))
    }

    fn disposal(self, group: &ReplicationGroup) -> CacheDisposal {
        let tags = self.observed.cache.tags.get(&group.arn);
        let tags = tags.and_then(Seen::present).cloned().unwrap_or_default();
        cache_disposal(self.estate.deletion.cache, &tags)
    }

    /// Gives the group back, once its user group says that it stays.
    fn release(self, group: &ReplicationGroup) -> AspectPlan {
        let cache = &self.observed.cache;
        let mut plan = match &cache.user_group {
            Seen::Unread => {
                let id = self.estate.identity.cache_id();
                return AspectPlan::read(Read::UserGroup { id });
            }
            Seen::Unknown(failure) => return AspectPlan::unknown(failure, RETRY),
            Seen::Absent => AspectPlan::default(),
            Seen::Present(users) if users.status != ACTIVE => {
                return busy(
                    "its user group",
                    &users.status,
                    self.context.pace(USER_PACE),
                );
            }
            Seen::Present(users) => match cache.tags.get(&users.arn).unwrap_or(&Seen::Unread) {
                Seen::Unread => {
                    let arn = users.arn.clone();
                    return AspectPlan::read(Read::CacheTags { arn });
                }
                Seen::Unknown(failure) => return AspectPlan::unknown(failure, RETRY),
                Seen::Present(tags) if self.estate.identity.owns(tags) => {
                    plan_mark(&self.estate.identity, &users.arn, tags)
                }
                Seen::Absent | Seen::Present(_) => AspectPlan::default(),
            },
        };
        plan.extend(plan_release(&group.arn));
        plan
    }

    fn remove_group(self) -> AspectPlan {
        let id = self.estate.group_id.clone();
        let target = Target {
            thing: format!("the replication group {id}"),
            read: Read::ReplicationGroup { id },
            seen: &self.observed.cache.group,
            facts: |group| (&group.arn, &group.status),
            pace: GROUP_PACE,
        };
        self.remove(&target, |group| self.delete_group(group))
    }

    fn remove_user_group(self) -> AspectPlan {
        let id = self.estate.identity.cache_id();
        let target = Target {
            thing: format!("the user group {id}"),
            read: Read::UserGroup { id: id.clone() },
            seen: &self.observed.cache.user_group,
            facts: |group| (&group.arn, &group.status),
            pace: USER_PACE,
        };
        self.remove(&target, |_| {
            if self.keeps_users() {
                return AspectPlan::default();
            }
            AspectPlan::act(Action::Cache(CacheAction::DeleteUserGroup { id }))
        })
    }

    fn remove_foundations(self) -> AspectPlan {
        let (id, default_id) = (
            self.estate.identity.cache_id(),
            self.estate.identity.default_user_id(),
        );
        let cache = &self.observed.cache;
        let mut plan = AspectPlan::default();
        let users = match self.users() {
            Ok(users) => users,
            Err(plan) => return plan,
        };
        for user in users {
            let read = Read::User { id: user.clone() };
            plan.extend(self.remove_user(&user, read, cache.user(&user)));
        }
        plan.extend(self.remove_user(
            &default_id,
            Read::DefaultUser {
                id: default_id.clone(),
            },
            &cache.default_user,
        ));
        let target = Target {
            thing: format!("the subnet group {id}"),
            read: Read::SubnetGroup { name: id.clone() },
            seen: &cache.subnet_group,
            facts: |group| (&group.arn, "available"),
            pace: USER_PACE,
        };
        plan.extend(self.remove(&target, |_| {
            AspectPlan::act(Action::Cache(CacheAction::DeleteSubnetGroup { name: id }))
        }));
        plan.reads_first()
    }

    /// Ids of the back ends' users that may be there.
    fn users(self) -> Result<BTreeSet<String>, AspectPlan> {
        let identity = &self.estate.identity;
        let mut users = password_users(identity, &self.estate.secret_name, self.observed)?;
        users.insert(identity.iam_user_id());
        Ok(users)
    }

    fn remove_user(self, id: &str, read: Read, seen: &Seen<CacheUser>) -> AspectPlan {
        let thing = format!("the user {id}");
        let target = Target {
            thing,
            read,
            seen,
            facts: |user| (&user.arn, &user.status),
            pace: USER_PACE,
        };
        self.remove(&target, |_| {
            AspectPlan::act(Action::Cache(CacheAction::DeleteUser { id: id.to_owned() }))
        })
    }

    /// Deletes a thing that is seen to be there, at rest and ours. Settled: it is gone, or somebody else's.
    fn remove<T>(self, target: &Target<T>, delete: impl FnOnce(&T) -> AspectPlan) -> AspectPlan {
        let found = match target.seen {
            Seen::Unread => return AspectPlan::read(target.read.clone()),
            Seen::Unknown(failure) => return AspectPlan::unknown(failure, RETRY),
            Seen::Absent => return AspectPlan::default(),
            Seen::Present(found) => found,
        };
        let (arn, status) = (target.facts)(found);
        if !["available", "active", CREATE_FAILED].contains(&status) {
            return busy(&target.thing, status, self.context.pace(target.pace));
        }
        match self.observed.cache.tags.get(arn).unwrap_or(&Seen::Unread) {
            Seen::Unread => AspectPlan::read(Read::CacheTags {
                arn: arn.to_owned(),
            }),
            Seen::Unknown(failure) => AspectPlan::unknown(failure, RETRY),
            Seen::Absent => AspectPlan::wait(
                Reason::Unobserved,
                format!("the tags of {} cannot be found", target.thing),
                RETRY,
            ),
            Seen::Present(tags) if self.estate.identity.owns(tags) => delete(found),
            Seen::Present(_) => AspectPlan::default(),
        }
    }

    /// A group that was never created has no data to keep.
    fn delete_group(self, group: &ReplicationGroup) -> AspectPlan {
        let id = &self.estate.group_id;
        let disposal = self.disposal(group);
        if disposal == CacheDisposal::Retain {
            if group.status == CREATE_FAILED {
                return AspectPlan::default();
            }
            let tags = self.observed.cache.tags.get(&group.arn);
            return match tags.and_then(Seen::present) {
                Some(tags) if is_adopted(tags) => self.release(group),
                Some(tags) => plan_mark(&self.estate.identity, &group.arn, tags),
                None => AspectPlan::default(),
            };
        }
        let delete = |final_snapshot| {
            AspectPlan::act(Action::Cache(CacheAction::DeleteReplicationGroup {
                id: id.clone(),
                final_snapshot,
            }))
        };
        if disposal != CacheDisposal::Snapshot || group.status == CREATE_FAILED {
            return delete(None);
        }
        let name = format!("{}-final", self.estate.identity.cache_id());
        match &self.observed.cache.final_snapshot {
            Seen::Unread => AspectPlan::read(Read::Snapshot { name }),
            Seen::Unknown(failure) => AspectPlan::unknown(failure, RETRY),
            Seen::Absent => delete(Some(name)),
            // Left by a deletion that did not come to its end, or made by a person: it is not today's data, and ElastiCache refuses the name.
            Seen::Present(_) => delete(Some(format!("{name}-{}", self.context.now.as_second()))),
        }
    }
}
