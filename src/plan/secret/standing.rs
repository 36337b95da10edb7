//! What is known of a rotation: labels, logins, what ElastiCache is at.

use std::time::Duration;

use jiff::Timestamp;

use crate::api::Reason;
use crate::model::DesiredUser;
use crate::plan::rotation::{Accepted, Awaited, Current, Pending, Standing, Step};
use crate::plan::{
    ACTIVE, AWSPENDING, AWSPREVIOUS, AspectPlan, Attempt, Endpoint, Login, Read, SecretValue, Seen,
    current_user, looked,
};

use super::revoke::SHORT_GRACE;
use super::rotate::Scene;
use super::{RETRY, unusable, value_of};

/// How long a password may take to reach every node before it is set once more.
const STUCK: Duration = Duration::from_mins(2);

impl<'a> Scene<'a> {
    /// The same, with everything that is read only when there may be something to do.
    pub(super) fn look_closely(self, standing: Standing) -> Result<Standing, AspectPlan> {
        let (id, cache) = (&self.user().id, &self.observed.cache);
        let mut reads = Vec::new();
        let user = looked(cache.user(id), Read::User { id: id.clone() }, &mut reads)?;
        // Without a login, its word on the group is all there is.
        let user_group = if self.desired.secret.rotation.probe {
            None
        } else {
            let id = self.desired.cache.id.clone();
            looked(&cache.user_group, Read::UserGroup { id }, &mut reads)?
        };
        if !reads.is_empty() {
            return Err(AspectPlan::read_all(reads));
        }
        // The cache's part makes it.
        let Some(user) = user else {
            return Err(AspectPlan::default());
        };
        self.check_own(&user.arn, &user.status)?;
        let at_rest = user.status == ACTIVE
            && user_group.is_none_or(|group| group.status == ACTIVE)
            && self.group_at_rest();
        let previous = match standing.current {
            Current::Password(Accepted::All) => None,
            _ => self.previous()?,
        };
        let grace_over = standing.grace_over
            && self.grace_over(self.no_third(standing.pending, user.passwords))?;
        Ok(Standing {
            passwords: user.passwords,
            grace_over,
            at_rest,
            stuck: self.stuck(),
            previous,
            ..standing
        })
    }

    /// The user that consumers log in as.
    pub(super) fn user(self) -> DesiredUser {
        current_user(self.desired, self.observed)
    }

    /// The replication group is available and nothing is pending in it, seen twice in a row.
    pub(super) fn group_at_rest(self) -> bool {
        self.observed.cache.is_at_rest(self.group)
    }

    /// What is under way has not moved for longer than it takes.
    pub(super) fn stuck(self) -> bool {
        let acted = self.context.acted;
        acted.is_none_or(|acted| self.context.age(acted) > STUCK)
    }

    /// Passes when the user, or the user group, of this ARN is known to be the object's own.
    pub(super) fn check_own(self, arn: &str, status: &str) -> Result<(), AspectPlan> {
        let tags = self.observed.cache.tags.get(arn);
        match tags.unwrap_or(&Seen::Unread) {
            Seen::Unread if status == ACTIVE => Err(AspectPlan::read(Read::CacheTags {
                arn: arn.to_owned(),
            })),
            Seen::Unknown(failure) => Err(AspectPlan::unknown(failure, RETRY)),
            Seen::Present(tags) if self.desired.identity.owns(tags) => Ok(()),
            // The cache's part says what is wrong with it, or waits for it.
            Seen::Unread | Seen::Absent | Seen::Present(_) => Err(AspectPlan::default()),
        }
    }

    /// `AWSCURRENT`, unless it lacks something.
    pub(super) fn current(self, lack: Option<&str>) -> Result<Current, AspectPlan> {
        let version = self.secret.current();
        let current = match version {
            Some(version) if lack.is_none() => Current::Password(self.accepted(version)?),
            _ => Current::Unusable,
        };
        let login = version.and_then(|version| self.login(version));
        match login.and_then(|login| login.flaw.as_ref()) {
            Some(flaw) => Err(AspectPlan::block(Reason::CacheOpen, flaw.clone())),
            None => Ok(current),
        }
    }

    /// The moment that asks for another password than the current one.
    pub(super) fn due_since(self) -> Option<Timestamp> {
        let since = self.made_for(self.secret.current()?)?;
        Some(self.moment()).filter(|moment| *moment > since)
    }

    /// The last moment that asks for another password. Where there is no user to replace, a leak is one.
    pub(super) fn moment(self) -> Timestamp {
        let (rotation, now) = (&self.desired.secret.rotation, self.context.now);
        let last = rotation.last_moment(now);
        self.leaked_at().map_or(last, |at| at.max(last))
    }

    /// When the password leaked, if it did and there is no user to replace.
    pub(super) fn leaked_at(self) -> Option<Timestamp> {
        let leaked = self.desired.secret.rotation.revoked_at(self.context.now);
        leaked.filter(|_| self.desired.mode.has_token())
    }

    /// The moment that the password of `version` was made for.
    fn made_for(self, version: &str) -> Option<Timestamp> {
        let value = self.observed.secret.value(version).present()?;
        value.password_since.or(value.created)
    }

    /// How long the password before the current one works. Not for long when it leaked.
    pub(super) fn grace(self) -> Duration {
        let before = self.secret.labelled(AWSPREVIOUS);
        let before = before.and_then(|version| self.made_for(version));
        let leaked = before
            .zip(self.leaked_at())
            .is_some_and(|(made, leaked)| made < leaked);
        let grace = self.desired.secret.rotation.grace;
        if leaked {
            SHORT_GRACE.min(grace)
        } else {
            grace
        }
    }

    /// Whether the user has no password besides the current and the pending one: the nodes say so, or this process set its list and it still spreads.
    pub(super) fn no_third(self, pending: Pending, passwords: u32) -> bool {
        let set = self.is_brought_in(AWSPENDING);
        passwords <= 1
            || matches!(pending, Pending::Ours(accepted) if set || matches!(accepted, Accepted::All | Accepted::Some))
    }

    /// Whether nobody needs the password before the current one. With `same`, a version before that has the current password, as that of a new secret has
    /// before its endpoint is known, is no other.
    pub(super) fn grace_over(self, same: bool) -> Result<bool, AspectPlan> {
        if self.grace_end().is_some_and(|end| end <= self.context.now) {
            return Ok(true);
        }
        let Some(current) = self.secret.current().filter(|_| same) else {
            return Ok(false);
        };
        let Some(previous) = self.secret.labelled(AWSPREVIOUS) else {
            return Ok(true);
        };
        let values = &self.observed.secret;
        match (values.value(previous), values.value(current)) {
            (Seen::Unread, _) => Err(AspectPlan::read(value_of(self.secret, previous))),
            (Seen::Unknown(failure), _) => Err(AspectPlan::unknown(failure, RETRY)),
            (Seen::Present(before), Seen::Present(now)) => Ok(before.password == now.password),
            _ => Ok(false),
        }
    }

    /// When the password before the current one is not needed any more; unknown until status has noted since when the current version is current.
    pub(super) fn grace_end(self) -> Option<Timestamp> {
        let (version, at) = self.observed.secret.promoted.as_ref()?;
        (Some(version.as_str()) == self.secret.current()).then(|| *at + self.grace())
    }

    /// Whether the pending password is on its way to the nodes and may take its time: nothing becomes current before the fence is over anyhow.
    pub(super) fn has_time(self, standing: Standing, step: Step) -> bool {
        let on_its_way = matches!(step, Step::AcceptPending | Step::Wait(Awaited::Spread))
            && self.is_brought_in(AWSPENDING);
        on_its_way
            && standing.current == Current::Password(Accepted::All)
            && !self.fence().is_zero()
    }

    /// Whether this process had the user accept the version with `label`, in its last list.
    fn is_brought_in(self, label: &str) -> bool {
        self.secret
            .labelled(label)
            .is_some_and(|version| self.observed.secret.brought_in.contains(version))
    }

    pub(super) fn login(self, version: &str) -> Option<&'a Login> {
        self.observed.secret.logins.get(version)
    }

    /// What the nodes say to the password of `version`, or what to do to get to know it. Without a probe the current password is taken to be right, and
    /// another one when this process gave it to the user.
    pub(super) fn accepted(self, version: &str) -> Result<Accepted, AspectPlan> {
        if !self.desired.secret.rotation.probe {
            let current = self.secret.current() == Some(version);
            let brought_in = self.observed.secret.brought_in.contains(version);
            return Ok(if current || brought_in {
                Accepted::All
            } else {
                Accepted::None
            });
        }
        let Some(value) = self.observed.secret.value(version).present() else {
            return Err(AspectPlan::read(value_of(self.secret, version)));
        };
        let attempt = Attempt {
            version: version.to_owned(),
            username: Some(value.username.clone()).filter(|_| !self.desired.mode.has_token()),
            key_prefix: self.desired.secret.key_prefix.clone(),
            nodes: self.nodes(),
            cluster: self.cluster_size(),
        };
        self.login(version)
            .map(|login| login.accepted)
            .ok_or_else(|| AspectPlan::read(Read::Login(attempt)))
    }

    fn nodes(self) -> Vec<Endpoint> {
        // In cluster mode ElastiCache tells one endpoint for all, and a login with another password may have told the nodes.
        let logins = self.observed.secret.logins.values();
        let mut told = logins.map(|login| &login.members);
        let members = told.find(|members| !members.is_empty());
        let members = members.filter(|_| self.group.nodes.is_empty());
        members.map_or_else(|| self.group.doors(), Clone::clone)
    }

    /// Nodes that are being made are not part of the cluster yet.
    fn cluster_size(self) -> Option<usize> {
        let at_rest = self.group.status == "available";
        let members = self.group.member_clusters.len();
        self.desired
            .cache
            .cluster_mode()
            .then_some(if at_rest { members } else { 1 })
    }

    pub(super) fn pending(self) -> Result<Pending, AspectPlan> {
        if self.secret.rotation_enabled {
            return Ok(Pending::Foreign);
        }
        let Some(version) = self.secret.labelled(AWSPENDING) else {
            return Ok(Pending::None);
        };
        if self.secret.current() == Some(version) {
            return Ok(Pending::Promoted);
        }
        let identity = &self.desired.identity;
        let ours = |moment: Timestamp| {
            let mut tokens = identity.rotation_tokens(moment);
            tokens.any(|token| token.to_string() == version)
        };
        let successor = |moment: Timestamp| {
            let mut tokens = identity.revocation_tokens(moment);
            tokens.any(|token| token.to_string() == version)
        };
        let rotation = &self.desired.secret.rotation;
        let now = self.context.now;
        match self.observed.secret.value(version) {
            Seen::Unread => Err(AspectPlan::read(value_of(self.secret, version))),
            Seen::Unknown(failure) => Err(AspectPlan::unknown(failure, RETRY)),
            Seen::Present(value)
                if (value.password_since.is_some_and(ours)
                    || value.user_since.is_some_and(successor))
                    && unusable(self.desired, value).is_none() =>
            {
                self.accepted(version).map(Pending::Ours)
            }
            Seen::Absent | Seen::Present(_)
                if ours(self.moment()) || rotation.revoked_at(now).is_some_and(successor) =>
            {
                Ok(Pending::Lost)
            }
            Seen::Absent | Seen::Present(_) => Ok(Pending::Foreign),
        }
    }

    /// Time until no request can arrive any more that was decided before the pending version was made.
    pub(super) fn fence(self) -> Duration {
        let Some(version) = self.secret.labelled(AWSPENDING) else {
            return Duration::ZERO;
        };
        let noted = self.observed.secret.pending_since.as_ref();
        let age = noted
            .filter(|(noted, _)| noted == version)
            .map(|(_, since)| self.context.age(*since));
        self.context
            .request_lifetime
            .saturating_sub(age.unwrap_or_default())
    }

    pub(super) fn previous(self) -> Result<Option<Accepted>, AspectPlan> {
        let Some(version) = self.secret.labelled(AWSPREVIOUS) else {
            return Ok(None);
        };
        match self.observed.secret.value(version) {
            Seen::Unread => Err(AspectPlan::read(value_of(self.secret, version))),
            Seen::Unknown(failure) => Err(AspectPlan::unknown(failure, RETRY)),
            Seen::Present(value) if unusable(self.desired, value).is_none() => {
                self.accepted(version).map(Some)
            }
            Seen::Absent | Seen::Present(_) => Ok(None),
        }
    }

    /// The version with `label`, if it has a password.
    pub(super) fn usable(self, label: &str) -> Option<&'a str> {
        let version = self.secret.labelled(label)?;
        let value: &SecretValue = self.observed.secret.value(version).present()?;
        unusable(self.desired, value).is_none().then_some(version)
    }
}
