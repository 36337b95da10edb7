//! Replaces the cache's user after a leak: gathers what [`next_revoke_step`] needs to know, and turns its answer into actions and waits.

use std::collections::BTreeSet;
use std::time::Duration;

use jiff::Timestamp;
use uuid::Uuid;

use crate::model::DesiredUser;
use crate::plan::rotation::revoke::{Place, RevokeStanding, RevokeStep, next_revoke_step};
use crate::plan::rotation::{Accepted, Current, Pending, Trouble};
use crate::plan::user::{engine_of_users, given_up};
use crate::plan::{
    ACTIVE, AWSPENDING, Action, AspectPlan, CacheAction, CacheUser, Password, Read, SecretValue,
    Seen, Successor, UserGroup, looked,
};

use super::rotate::Scene;

/// How long the user before still opens the cache when its successor is what consumers read: a kubelet and a client that refreshes have it by then.
pub(super) const SHORT_GRACE: Duration = Duration::from_mins(2);

/// The users that a revocation is about, as far as they are there.
struct Cast<'a> {
    /// The one that comes, and its place.
    incoming: Option<(DesiredUser, Place)>,
    /// Those that go.
    outgoing: BTreeSet<&'a str>,
    /// All of them, the current one and the user group are at rest.
    at_rest: bool,
}

impl<'a> Scene<'a> {
    /// Decides on a revocation. `None`: there is none, or what a rotation does comes first.
    pub(super) fn revocation(
        self,
        current: Current,
        pending: Pending,
    ) -> Result<Option<AspectPlan>, AspectPlan> {
        let incoming = self.incoming(pending);
        let asked = self.revoked_since().is_some();
        match pending {
            Pending::Promoted | Pending::Foreign => return Ok(None),
            // There is no time for a rotation: its password is for the user that goes.
            Pending::Ours(_) if incoming.is_none() => {
                return Ok(asked.then(|| self.drop_pending().quietly(self.revoking())));
            }
            Pending::Ours(_) => {}
            Pending::None | Pending::Lost => {
                if !matches!(
                    current,
                    Current::Password(Accepted::All | Accepted::Unknown)
                ) {
                    return Ok(None);
                }
            }
        }
        let leaving = self.leaving(incoming.as_ref());
        if incoming.is_none() && !asked && leaving.is_empty() {
            return Ok(None);
        }
        let cast = self.cast(incoming, &leaving)?;
        if cast.incoming.is_none() && !asked && cast.outgoing.is_empty() {
            return Ok(None);
        }
        let standing = RevokeStanding {
            current,
            pending,
            incoming: cast
                .incoming
                .as_ref()
                .map_or(Place::Absent, |(_, place)| *place),
            outgoing: !cast.outgoing.is_empty(),
            at_rest: cast.at_rest && self.group_at_rest(),
            stuck: self.stuck(),
            asked,
            grace_over: self
                .short_grace_end()
                .is_some_and(|end| end <= self.context.now),
        };
        Ok(Some(self.carry_out_revocation(standing, cast)))
    }

    fn carry_out_revocation(self, standing: RevokeStanding, cast: Cast) -> AspectPlan {
        let decided = match next_revoke_step(standing) {
            RevokeStep::Rest => {
                // Status notes since when the version is current, for the next look.
                let end = self.short_grace_end();
                return self.rest_until(end.unwrap_or(self.context.now + SHORT_GRACE));
            }
            RevokeStep::Put => self.put_successor(),
            RevokeStep::CreateUser => self.create_user(cast.incoming),
            RevokeStep::AddUser => {
                let add = cast.incoming.map(|(user, _)| user.id);
                AspectPlan::act(Action::Cache(CacheAction::ModifyUserGroup {
                    id: self.desired.cache.id.clone(),
                    add: add.into_iter().collect(),
                    remove: BTreeSet::new(),
                }))
            }
            RevokeStep::Promote => self.publish(),
            RevokeStep::DropPending => self.drop_pending(),
            RevokeStep::DeleteUser => AspectPlan {
                // One at a time: the user group changes with each.
                actions: cast
                    .outgoing
                    .into_iter()
                    .take(1)
                    .map(|id| Action::Cache(CacheAction::DeleteUser { id: id.to_owned() }))
                    .collect(),
                ..AspectPlan::default()
            },
            RevokeStep::Wait(awaited) => self.wait(awaited),
            RevokeStep::Report(Trouble::ForeignRotation) => self.foreign(),
            RevokeStep::Report(Trouble::NoPassword) => {
                return super::rotate::no_password(self.desired, "is refused by the cache");
            }
        };
        match standing.current {
            Current::Password(Accepted::All) => decided.quietly(self.revoking()),
            _ => decided,
        }
    }

    fn revoking(self) -> String {
        let name = &self.desired.secret.name;
        format!("the user of {name} is being replaced by another; the current credential works")
    }

    /// The moment that asks for another user than the current one.
    fn revoked_since(self) -> Option<Timestamp> {
        let since = self.current_value()?.user_since;
        let asked = self.desired.secret.rotation.revoked_at(self.context.now)?;
        since.is_none_or(|since| asked > since).then_some(asked)
    }

    fn current_value(self) -> Option<&'a SecretValue> {
        self.observed.secret.current_value().present()
    }

    /// When the user before the current one is not needed any more.
    fn short_grace_end(self) -> Option<Timestamp> {
        let (version, at) = self.observed.secret.promoted.as_ref()?;
        (Some(version.as_str()) == self.secret.current()).then(|| *at + SHORT_GRACE)
    }

    /// The pending version's user, when it is another one than the current version's.
    fn incoming(self, pending: Pending) -> Option<DesiredUser> {
        let version = self.secret.labelled(AWSPENDING);
        let version = version.filter(|_| matches!(pending, Pending::Ours(_)))?;
        let user = self.user_of(version)?;
        (user.id != self.user().id).then_some(user)
    }

    pub(super) fn user_of(self, version: &str) -> Option<DesiredUser> {
        let value = self.observed.secret.value(version).present()?;
        self.desired.user_named(&value.username)
    }

    /// Ids of users of ours that may be there and that no version needs: members of the user group, and what this process knows of. A full look adds those
    /// that were made for the current request and given up before they joined.
    fn leaving(self, incoming: Option<&DesiredUser>) -> BTreeSet<String> {
        let (cache, identity) = (&self.observed.cache, &self.desired.identity);
        let group = cache.user_group.present();
        let members = group.into_iter().flat_map(|group| &group.user_ids);
        let mut ids: BTreeSet<String> = cache.known_users.keys().chain(members).cloned().collect();
        let current = self.user();
        if let Some(value) = self
            .current_value()
            .filter(|_| self.context.depth.is_full())
        {
            ids.extend(given_up(identity, value));
        }
        ids.retain(|id| {
            identity.is_user_id(id)
                && *id != current.id
                && incoming.is_none_or(|user| user.id != *id)
        });
        ids
    }

    /// Looks at everybody.
    fn cast(
        self,
        incoming: Option<DesiredUser>,
        leaving: &BTreeSet<String>,
    ) -> Result<Cast<'a>, AspectPlan> {
        let cache = &self.observed.cache;
        let mut reads = Vec::new();
        let mut find =
            |id: &String| looked(cache.user(id), Read::User { id: id.clone() }, &mut reads);
        let current = find(&self.user().id)?;
        let coming = match &incoming {
            Some(user) => find(&user.id)?,
            None => None,
        };
        let going = leaving.iter().map(find).collect::<Result<Vec<_>, _>>()?;
        let id = self.desired.cache.id.clone();
        let group = looked(&cache.user_group, Read::UserGroup { id }, &mut reads)?;
        if !reads.is_empty() {
            return Err(AspectPlan::read_all(reads));
        }
        // The cache's part makes them.
        let (Some(current), Some(group)) = (current, group) else {
            return Err(AspectPlan::default());
        };
        let going: Vec<&CacheUser> = going.into_iter().flatten().collect();
        let ours = going
            .iter()
            .filter_map(|user| self.if_ours(user).transpose());
        let outgoing = ours
            .map(|user| user.map(CacheUser::id))
            .collect::<Result<_, _>>()?;
        self.check_own(&group.arn, &group.status)?;
        if let Some(user) = coming.filter(|user| user.status == ACTIVE) {
            self.check_own(&user.arn, &user.status)?;
        }
        let mut users = [current].into_iter().chain(coming).chain(going);
        Ok(Cast {
            at_rest: group.status == ACTIVE && users.all(|user| user.status == ACTIVE),
            incoming: incoming.map(|user| {
                (
                    user,
                    coming.map_or(Place::Absent, |user| place(group, user)),
                )
            }),
            outgoing,
        })
    }

    /// The user, unless it is somebody else's.
    fn if_ours(self, user: &'a CacheUser) -> Result<Option<&'a CacheUser>, AspectPlan> {
        let tags = self.observed.cache.tags.get(&user.arn);
        match tags.unwrap_or(&Seen::Unread) {
            Seen::Present(tags) => Ok(self.desired.identity.owns(tags).then_some(user)),
            _ if user.status != ACTIVE => Ok(Some(user)),
            _ => self.check_own(&user.arn, &user.status).map(|()| Some(user)),
        }
    }

    fn put_successor(self) -> AspectPlan {
        let rotation = &self.desired.secret.rotation;
        let now = self.context.now;
        let Some(since) = rotation.revoked_at(now) else {
            return AspectPlan::default();
        };
        let identity = &self.desired.identity;
        let current = self.user();
        let arn = self.observed.cache.user(&current.id).present();
        let arn = arn.and_then(|user| user.arn.rsplit_once(':'));
        let successor = |token: Uuid| {
            let username = identity.successor(token);
            Successor {
                arn: arn.map(|(rest, _)| format!("{rest}:{username}")),
                username,
                since,
            }
        };
        self.put(
            identity.revocation_tokens(since),
            rotation.last_moment(now).max(since),
            |token| Some(successor(token)),
        )
    }

    /// Creates the pending version's user, with its password and the rights of the current one.
    fn create_user(self, incoming: Option<(DesiredUser, Place)>) -> AspectPlan {
        let version = self.secret.labelled(AWSPENDING);
        let value = version.and_then(|version| self.observed.secret.value(version).present());
        let Some((value, (user, _))) = value.zip(incoming) else {
            return AspectPlan::default();
        };
        AspectPlan::act(Action::Cache(CacheAction::CreateUser {
            user,
            engine: engine_of_users(self.desired, self.observed),
            password: Some(Password {
                version: value.version_id.clone(),
                value: value.password.clone(),
            }),
            tags: self.desired.tags.clone(),
        }))
    }
}

fn place(group: &UserGroup, user: &CacheUser) -> Place {
    if group.user_ids.contains(user.id()) {
        Place::Member
    } else {
        Place::Outside
    }
}
