//! Rotates the password: gathers what [`next_step`] needs to know, and turns its answer into actions, waits and words.

use std::time::Duration;

use jiff::Timestamp;
use uuid::Uuid;

use crate::api::Reason;
use crate::model::Desired;
use crate::plan::cache::{GROUP_PACE, SIGHTING_PACE, USER_PACE, admits_ours};
use crate::plan::rotation::{
    Accepted, Awaited, Current, Pending, Standing, Step, Trouble, next_step,
};
use crate::plan::{
    AWSPENDING, AWSPREVIOUS, Action, AspectPlan, CacheAction, Context, Observed, Password, Purpose,
    Read, ReplicationGroup, Secret, SecretAction, Seen, Successor,
};

use super::RETRY;

/// How often consumers that keep the old password in the cache are looked at.
const LAGGARD_PACE: Duration = Duration::from_mins(1);

/// Everything that is known of one secret and the cache that it opens.
#[derive(Clone, Copy)]
pub(super) struct Scene<'a> {
    pub desired: &'a Desired,
    pub observed: &'a Observed,
    pub secret: &'a Secret,
    pub group: &'a ReplicationGroup,
    pub context: Context,
}

/// Decides on the password of a secret whose value is complete, or lacks something that the operator does not make up: `lack` says what.
pub(super) fn plan_rotation(
    desired: &Desired,
    observed: &Observed,
    secret: &Secret,
    (lack, context): (Option<String>, Context),
) -> AspectPlan {
    let group = match own_group(desired, observed) {
        Ok(Some(group)) => group,
        Ok(None) => {
            return lack.map_or_else(AspectPlan::default, |lack| no_password(desired, &lack));
        }
        Err(plan) => return plan,
    };
    let scene = Scene {
        desired,
        observed,
        secret,
        group,
        context,
    };
    let plan = if desired.mode.has_token() {
        scene.plan_token(lack.as_deref())
    } else {
        scene.plan(lack.as_deref())
    };
    plan.unwrap_or_else(|plan| plan)
}

pub(super) fn no_password(desired: &Desired, lack: &str) -> AspectPlan {
    let message = format!(
        "the current value of the secret {} {lack}",
        desired.secret.name
    );
    AspectPlan::block(Reason::SecretUnusable, message)
}

/// The object's own replication group, once it can be logged in to: passwords are sent to no other.
fn own_group<'a>(
    desired: &Desired,
    observed: &'a Observed,
) -> Result<Option<&'a ReplicationGroup>, AspectPlan> {
    let group = match &observed.cache.group {
        Seen::Unread => {
            let id = desired.cache.group_id.clone();
            return Err(AspectPlan::read(Read::ReplicationGroup { id }));
        }
        Seen::Unknown(failure) => return Err(AspectPlan::unknown(failure, RETRY)),
        Seen::Absent => return Ok(None),
        Seen::Present(group) if group.primary.is_none() || group.status == "creating" => {
            return Ok(None);
        }
        Seen::Present(group) => group,
    };
    match observed.cache.tags.get(&group.arn).unwrap_or(&Seen::Unread) {
        // ElastiCache tells the tags of a thing only while it is at rest.
        Seen::Unread if group.status != "available" => Ok(None),
        Seen::Unread => Err(AspectPlan::read(Read::CacheTags {
            arn: group.arn.clone(),
        })),
        Seen::Unknown(failure) => Err(AspectPlan::unknown(failure, RETRY)),
        Seen::Present(tags)
            if desired.identity.owns(tags) && admits_ours(&desired.identity, tags, group) =>
        {
            Ok(Some(group))
        }
        Seen::Absent | Seen::Present(_) => Ok(None),
    }
}

impl Scene<'_> {
    fn plan(self, lack: Option<&str>) -> Result<AspectPlan, AspectPlan> {
        let current = self.current(lack)?;
        let pending = self.pending()?;
        if let Some(plan) = self.revocation(current, pending)? {
            return Ok(plan);
        }
        let passwords = self.observed.passwords().unwrap_or(1);
        let due = self.due_since().is_some();
        let wanted = due || matches!(pending, Pending::Ours(_));
        let behind = self.behind(!self.no_third(pending, passwords))?;
        let standing = Standing {
            current,
            pending,
            previous: None,
            passwords,
            fenced: self.fence().is_zero(),
            at_rest: true,
            stuck: false,
            due,
            grace_over: !self.held_back(&behind)
                && self.grace_over(wanted && self.no_third(pending, passwords))?,
        };
        let step = next_step(standing);
        if self.has_time(standing, step) {
            return Ok(self.wait(Awaited::Fence).quietly(self.progress()));
        }
        let standing = match step {
            // These change or need nothing in ElastiCache.
            Step::Rest
            | Step::Put
            | Step::DropPending
            | Step::Wait(Awaited::Fence)
            | Step::Report(Trouble::ForeignRotation) => standing,
            _ => self.look_closely(standing)?,
        };
        Ok(self.carry_out(standing, lack, &behind))
    }

    fn carry_out(self, standing: Standing, lack: Option<&str>, behind: &[String]) -> AspectPlan {
        let decided = match next_step(standing) {
            Step::Rest => return self.rest(behind),
            Step::Put => self.put_next(),
            Step::AcceptPending => self.set_passwords(
                &[self.secret.labelled(AWSPENDING), self.secret.current()],
                Purpose::BringIn,
            ),
            Step::Heal => self.set_passwords(
                &[self.secret.current(), self.usable(AWSPREVIOUS)],
                Purpose::PutRight,
            ),
            Step::Retire => self.set_passwords(
                &[self.secret.current()],
                if behind.is_empty() {
                    Purpose::Retire
                } else {
                    Purpose::RetireUnfinished
                },
            ),
            Step::Promote => self.publish(),
            Step::Restore => self.promote(AWSPREVIOUS),
            Step::DropPending => self.drop_pending(),
            Step::Wait(awaited) => self.wait(awaited),
            Step::Report(Trouble::ForeignRotation) => self.foreign(),
            Step::Report(Trouble::NoPassword) => {
                return no_password(self.desired, lack.unwrap_or("is refused by the cache"));
            }
        };
        // Whatever goes on, the current password works, and consumers notice nothing.
        match standing.current {
            Current::Password(Accepted::All) => decided.quietly(self.progress()),
            _ => decided,
        }
    }

    fn progress(self) -> String {
        format!(
            "the password of {} is being rotated; the current one works",
            self.desired.secret.name
        )
    }

    pub(super) fn rest(self, behind: &[String]) -> AspectPlan {
        let now = self.context.now;
        if let [first, ..] = behind {
            let message = format!(
                "the password before the current one of {} still works, because {first} does not have the current one{}; see status.bindings",
                self.desired.secret.name,
                match behind.len() {
                    1 => String::new(),
                    more => format!(", nor have {} others", more - 1),
                }
            );
            return AspectPlan::wait(Reason::Rotating, message.clone(), LAGGARD_PACE)
                .quietly(message);
        }
        let next = match self.grace_end() {
            Some(end) if end > now => end,
            _ => self.desired.secret.rotation.next_moment(now),
        };
        self.rest_until(next)
    }

    /// Nothing to do before `moment`.
    pub(super) fn rest_until(self, moment: Timestamp) -> AspectPlan {
        let wait = Duration::try_from(moment.duration_since(self.context.now)).unwrap_or_default();
        AspectPlan {
            scheduled: Some(wait.max(Duration::from_secs(1))),
            ..AspectPlan::default()
        }
    }

    /// Puts a pending version for the last moment that asks for one.
    pub(super) fn put_next(self) -> AspectPlan {
        let moment = self.moment();
        let tokens = self.desired.identity.rotation_tokens(moment);
        self.put(tokens, moment, |_| None)
    }

    /// Puts a pending version whose id is the first of `tokens` that is free, with a password made for `moment`.
    pub(super) fn put(
        self,
        mut tokens: impl Iterator<Item = Uuid>,
        moment: Timestamp,
        successor: impl FnOnce(Uuid) -> Option<Successor>,
    ) -> AspectPlan {
        let lost = self.secret.labelled(AWSPENDING);
        let free = |token: &Uuid| {
            let token = token.to_string();
            lost != Some(token.as_str()) && !self.observed.secret.taken.contains(&token)
        };
        let token = tokens.find(free);
        let Some((token, current)) = token.zip(self.secret.current()) else {
            let message = format!(
                "the rotation due since {moment} was given up too often: each version that it made in the secret {} was taken away; the next moment starts afresh",
                self.desired.secret.name
            );
            return AspectPlan::block(Reason::RotationFailed, message);
        };
        AspectPlan::act(Action::Secret(SecretAction::PutPendingPassword {
            arn: self.secret.arn.clone(),
            token,
            from: current.to_owned(),
            since: moment,
            successor: successor(token),
        }))
    }

    /// The passwords of `versions`, once each. What has no value is left out, and so is what belongs to another user: that one was revoked.
    fn set_passwords(self, versions: &[Option<&str>], purpose: Purpose) -> AspectPlan {
        let user = self.user().id;
        let mut passwords: Vec<Password> = Vec::new();
        for version in versions.iter().flatten() {
            if self.user_of(version).is_some_and(|owner| owner.id != user) {
                continue;
            }
            let Some(value) = self.observed.secret.value(version).present() else {
                continue;
            };
            if passwords.iter().all(|other| other.value != value.password) {
                passwords.push(Password {
                    version: (*version).to_owned(),
                    value: value.password.clone(),
                });
            }
        }
        AspectPlan::act(Action::Cache(CacheAction::SetPasswords {
            id: user,
            passwords,
            purpose,
        }))
    }

    /// Makes the pending version current.
    pub(super) fn publish(self) -> AspectPlan {
        let mut plan = self.promote(AWSPENDING);
        plan.extend(self.drop_pending());
        plan
    }

    pub(super) fn promote(self, label: &str) -> AspectPlan {
        let Some(to) = self.secret.labelled(label) else {
            return AspectPlan::default();
        };
        AspectPlan::act(Action::Secret(SecretAction::Promote {
            arn: self.secret.arn.clone(),
            to: to.to_owned(),
            from: self.secret.current().map(str::to_owned),
        }))
    }

    pub(super) fn drop_pending(self) -> AspectPlan {
        let Some(version) = self.secret.labelled(AWSPENDING) else {
            return AspectPlan::default();
        };
        AspectPlan::act(Action::Secret(SecretAction::DropPending {
            arn: self.secret.arn.clone(),
            version: version.to_owned(),
        }))
    }

    pub(super) fn wait(self, awaited: Awaited) -> AspectPlan {
        let name = &self.desired.secret.name;
        let (what, remedy) = if self.desired.mode.has_token() {
            ("the cache".to_owned(), "")
        } else {
            (
                format!("the user {}, its group or its cache", self.user().id),
                ", or set credentials.probe to Skip",
            )
        };
        match awaited {
            Awaited::Rest => AspectPlan::wait(
                Reason::Rotating,
                format!("ElastiCache is at work on {what}; the password of {name} is next"),
                self.context.pace(self.until_at_rest()),
            ),
            Awaited::Spread => AspectPlan::wait(
                Reason::Rotating,
                format!("a password of {name} has not reached every node of the cache yet"),
                self.context.pace(USER_PACE),
            ),
            Awaited::Fence => AspectPlan::wait(
                Reason::Rotating,
                format!(
                    "the new password of {name} becomes current when no older request to ElastiCache can arrive any more"
                ),
                self.fence().max(Duration::from_secs(1)),
            ),
            Awaited::Nodes => {
                let obstacle = self
                    .observed
                    .secret
                    .logins
                    .values()
                    .find_map(|login| login.obstacle.as_deref());
                AspectPlan::wait(
                    Reason::CacheUnreachable,
                    format!(
                        "the operator cannot log in to the cache to prove the password of {name}, and changes nothing without: {}; let the operator in \
                         (security group, route){remedy}",
                        obstacle.unwrap_or("no node answers")
                    ),
                    self.context.pace(GROUP_PACE),
                )
            }
        }
    }

    /// Longest time until the next look at what has to be at rest.
    fn until_at_rest(self) -> Duration {
        if !self.group.is_quiet() {
            GROUP_PACE
        } else if self.group_at_rest() {
            USER_PACE
        } else {
            SIGHTING_PACE
        }
    }

    pub(super) fn foreign(self) -> AspectPlan {
        let name = &self.desired.secret.name;
        let message = if self.secret.rotation_enabled {
            format!(
                "rotation is switched on in Secrets Manager for the secret {name}, so the operator leaves its password alone; switch it off there (aws secretsmanager cancel-rotate-secret)"
            )
        } else {
            format!(
                "the secret {name} has a version labelled AWSPENDING that the operator did not make, so it leaves the password alone; finish that rotation, or take the label off \
                 (aws secretsmanager update-secret-version-stage --version-stage AWSPENDING --remove-from-version-id ...)"
            )
        };
        AspectPlan::block(Reason::ForeignRotation, message)
    }
}
