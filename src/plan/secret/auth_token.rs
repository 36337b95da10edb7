//! Rotates the AUTH token of a cache without users: gathers what [`next_auth_token_step`] needs to know, and turns its answer into actions and waits.
//!
//! `ElastiCache` takes no change of a group that is not available, so of two processes that decide on the same view one is refused.

use crate::api::Reason;
use crate::model::Desired;
use crate::plan::cache::GROUP_PACE;
use crate::plan::rotation::auth_token::{Known, TokenStanding, TokenStep, next_auth_token_step};
use crate::plan::rotation::{Accepted, Current, Pending, Trouble};
use crate::plan::{
    AWSPENDING, AWSPREVIOUS, Action, AspectPlan, CacheAction, Context, Observed, Password, Purpose,
    Read, Seen, looked,
};

use super::rotate::{Scene, no_password};
use super::{create, value_of};

/// A cache keeps the token of a secret that is gone, and clients that have it get in; a new secret would hold another one.
pub(super) fn plan_creation(
    desired: &Desired,
    observed: &Observed,
    context: Context,
) -> AspectPlan {
    let id = desired.cache.group_id.clone();
    let mut reads = Vec::new();
    let group = looked(
        &observed.cache.group,
        Read::ReplicationGroup { id },
        &mut reads,
    );
    match group {
        Err(plan) => plan,
        Ok(None) if !reads.is_empty() => AspectPlan::read_all(reads),
        Ok(None) => AspectPlan::act(Action::Secret(create(desired, context.now))),
        Ok(Some(_)) => {
            let message = format!(
                "the secret {} is gone, and with it the AUTH token of the cache {}, which the bound Secrets still have; make the secret anew with that password and \
                 this object's tags, or delete the cache in ElastiCache: both are then created anew",
                desired.secret.name, desired.cache.group_id
            );
            AspectPlan::block(Reason::SecretUnusable, message)
        }
    }
}

impl Scene<'_> {
    /// Decides on the token.
    pub(super) fn plan_token(self, lack: Option<&str>) -> Result<AspectPlan, AspectPlan> {
        if !self.group.user_group_ids.is_empty() {
            let name = &self.desired.secret.name;
            let message = format!(
                "users are attached to the cache, so the AUTH token of {name} opens nothing; see CacheReady"
            );
            let again = self.context.pace(GROUP_PACE);
            return Err(AspectPlan::wait(
                Reason::WaitingForDependency,
                message,
                again,
            ));
        }
        let current = self.current(lack)?;
        let pending = self.pending()?;
        let tokens = &self.observed.secret.tokens;
        let known = tokens.known(self.observed.secret.current_value().present());
        let previous = match (current, known) {
            (Current::Password(Accepted::All), Known::Newest | Known::Alone) => None,
            _ => self.token_before()?,
        };
        if self.leaked_at().is_some() {
            self.read_before()?;
        }
        let brought_in = matches!(pending, Pending::Ours(Accepted::All | Accepted::Some));
        let another = match known {
            Known::Alone => false,
            Known::Newest => true,
            Known::Unsure => previous.is_some_and(|previous| previous != Accepted::None),
        };
        let due = self.due_since().is_some();
        let behind = self.behind(another && !brought_in)?;
        let standing = TokenStanding {
            current,
            pending,
            previous,
            known,
            fenced: self.fence().is_zero(),
            at_rest: self.group_at_rest() && (tokens.is_seen() || self.stuck()),
            stuck: self.stuck(),
            due,
            grace_over: !self.held_back(&behind)
                && self.grace_over(due || pending != Pending::None)?,
        };
        Ok(self.carry_out_token(standing, lack, &behind))
    }

    fn carry_out_token(
        self,
        standing: TokenStanding,
        lack: Option<&str>,
        behind: &[String],
    ) -> AspectPlan {
        let decided = match next_auth_token_step(standing) {
            TokenStep::Rest => return self.rest(behind),
            TokenStep::Put => self.put_next(),
            TokenStep::RotateCurrent => self.change_token(self.secret.current(), None),
            TokenStep::RotatePending => self.change_token(self.secret.labelled(AWSPENDING), None),
            TokenStep::Set => {
                let purpose = if behind.is_empty() {
                    Purpose::Retire
                } else {
                    Purpose::RetireUnfinished
                };
                self.change_token(self.secret.current(), Some(purpose))
            }
            TokenStep::Promote => self.publish(),
            TokenStep::Restore => self.promote(AWSPREVIOUS),
            TokenStep::DropPending => self.drop_pending(),
            TokenStep::Wait(awaited) => self.wait(awaited),
            TokenStep::Report(Trouble::ForeignRotation) => self.foreign(),
            TokenStep::Report(Trouble::NoPassword) => {
                return no_password(self.desired, lack.unwrap_or("is refused by the cache"));
            }
        };
        match standing.current {
            Current::Password(Accepted::All) => decided.quietly(self.token_progress(standing.due)),
            _ => decided,
        }
    }

    fn token_progress(self, due: bool) -> String {
        let name = &self.desired.secret.name;
        if due && self.leaked_at() == Some(self.moment()) {
            return format!(
                "the AUTH token of {name} leaked and is being replaced; what it has opened stays open until the clients close it, because a cache without users has \
                 none to take out"
            );
        }
        format!("the AUTH token of {name} is being rotated; the current one works")
    }

    /// What the nodes say to the version before, unless it has the current token.
    fn token_before(self) -> Result<Option<Accepted>, AspectPlan> {
        let Some(version) = self.secret.labelled(AWSPREVIOUS) else {
            return Ok(None);
        };
        let secret = &self.observed.secret;
        if secret.tokens.is_refused(version, self.group) {
            return Ok(Some(Accepted::None));
        }
        self.read_before()?;
        let of = |version| secret.value(version).present().map(|value| &value.password);
        if of(version) == self.secret.current().and_then(of) {
            return Ok(None);
        }
        self.previous()
    }

    /// Passes when the value of the version before was read, or is none.
    fn read_before(self) -> Result<(), AspectPlan> {
        let version = self.secret.labelled(AWSPREVIOUS);
        match version.map(|version| (version, self.observed.secret.value(version))) {
            Some((version, Seen::Unread)) => Err(AspectPlan::read(value_of(self.secret, version))),
            _ => Ok(()),
        }
    }

    /// Sends the token of `version`, with the strategy `SET` when it has the purpose to retire the others, else with `ROTATE`.
    fn change_token(self, version: Option<&str>, retire: Option<Purpose>) -> AspectPlan {
        let value = version.and_then(|version| self.observed.secret.value(version).present());
        let Some(value) = value else {
            return AspectPlan::default();
        };
        let id = self.desired.cache.group_id.clone();
        let token = Password {
            version: value.version_id.clone(),
            value: value.password.clone(),
        };
        AspectPlan::act(Action::Cache(match retire {
            None => CacheAction::RotateAuthToken { id, token },
            Some(purpose) => CacheAction::SetAuthToken { id, token, purpose },
        }))
    }
}
