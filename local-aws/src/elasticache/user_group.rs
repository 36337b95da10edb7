//! User groups: which users a cache knows. creating -> active, modifying, deleting.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::State;
use super::acl::Acl;
use super::engine::Engine;
use super::names::identifier;
use super::page::{Paging, page};
use super::refusal::{combination, ensure, no_modification, not_found, value};
use super::tagging::{self, Tag};
use super::user::{self, User};
use crate::config::Delay;
use crate::world::Regional;
use crate::{AwsError, Call, Reply};

const MOST_GROUPS: usize = 200;
const MOST_USERS: usize = 100;

/// A user group.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct UserGroup {
    pub(super) id: String,
    pub(super) engine: Engine,
    /// The members that the nodes know or are about to know.
    users: BTreeSet<String>,
    adding: BTreeSet<String>,
    removing: BTreeSet<String>,
    pub(super) status: user::Status,
    due: Option<Timestamp>,
    pub(super) arn: String,
}

impl UserGroup {
    /// The members once the change under way is done.
    fn members(&self) -> BTreeSet<String> {
        self.users
            .union(&self.adding)
            .filter(|id| !self.removing.contains(*id))
            .cloned()
            .collect()
    }

    /// The users that the nodes know, or are about to know, by this group.
    pub(super) fn known(&self) -> impl Iterator<Item = &str> {
        self.users.iter().chain(&self.adding).map(String::as_str)
    }

    fn render(&self, state: &State) -> Value {
        let caches: Vec<_> = state.caches_with(&self.id).collect();
        json!({
            "UserGroupId": self.id,
            "Status": self.status,
            "Engine": self.engine,
            "UserIds": {"member": self.users},
            "MinimumEngineVersion": if self.engine == Engine::Valkey { "7.2" } else { "6.0" },
            "PendingChanges": {
                "UserIdsToRemove": {"member": self.removing},
                "UserIdsToAdd": {"member": self.adding},
            },
            "ReplicationGroups": {"member": caches},
            "ServerlessCaches": {"member": []},
            "ARN": self.arn,
        })
    }

    /// The refusal of everything but a look while a change is under way.
    pub(super) fn check_active(&self) -> Result<(), AwsError> {
        ensure(self.status == user::Status::Active, || {
            AwsError::bad_request(
                "InvalidUserGroupState",
                format!("User group {} is not in an active state.", self.id),
            )
        })
    }

    /// Brings the group to where it is at `now`; whether it is still there.
    pub(super) fn settle(&mut self, now: Timestamp) -> bool {
        if self.due.take_if(|due| *due <= now).is_some() {
            self.users = self.members();
            self.adding.clear();
            self.removing.clear();
            return self.status != user::Status::Deleting;
        }
        true
    }

    /// Whether the change has taken effect and only the nodes are awaited.
    pub(super) fn awaits_nodes(&self) -> bool {
        self.due.is_none() && self.status != user::Status::Active
    }

    /// When the next change takes effect.
    pub(super) fn due(&self) -> Option<Timestamp> {
        self.due
    }

    /// Drops a user that is gone.
    pub(super) fn forget(&mut self, user: &str) {
        self.users.remove(user);
        self.adding.remove(user);
    }
}

impl State {
    /// The user group, or the refusal that there is none.
    pub(super) fn user_group(&self, id: &str) -> Result<&UserGroup, AwsError> {
        let group = self.user_groups.get(&id.to_ascii_lowercase());
        group.ok_or_else(|| not_found("UserGroupNotFound", "User group", id))
    }

    /// The groups that hold a user or are about to.
    pub(super) fn groups_of_user<'a>(
        &'a self,
        user: &'a str,
    ) -> impl Iterator<Item = &'a UserGroup> {
        self.user_groups
            .values()
            .filter(move |group| group.users.contains(user) || group.adding.contains(user))
    }

    /// The ids of the caches that a group is attached to.
    pub(super) fn caches_with(&self, group: &str) -> impl Iterator<Item = &str> {
        self.replication_groups
            .values()
            .filter(move |cache| cache.refers_to_user_group(group))
            .map(|cache| cache.id.as_str())
    }

    /// Whether a member of the group logs in by IAM.
    pub(super) fn logs_in_by_iam(&self, group: &UserGroup) -> bool {
        let members = group.members();
        let mut users = members.iter().filter_map(|id| self.users.get(id));
        users.any(User::logs_in_by_iam)
    }

    /// The users that the node in this place of a cache with these groups knows.
    pub(super) fn acl(&self, groups: &[String], place: usize) -> Acl {
        let groups = groups.iter().filter_map(|id| self.user_groups.get(id));
        let users = groups
            .flat_map(|group| &group.users)
            .filter_map(|id| self.users.get(id));
        Acl::of_users(users.filter_map(|user| Some((user.name.clone(), user.known_to(place)?))))
    }

    /// The rules that hold for the members of any group, whoever changed it.
    fn check_members(&self, engine: Engine, ids: &BTreeSet<String>) -> Result<(), AwsError> {
        ensure(ids.len() <= MOST_USERS, || {
            AwsError::bad_request(
                "UserQuotaExceeded",
                format!("A user group has at most {MOST_USERS} users."),
            )
        })?;
        let users = ids
            .iter()
            .map(|id| self.user(id))
            .collect::<Result<Vec<_>, _>>()?;
        let names: BTreeSet<_> = users.iter().map(|user| &user.name).collect();
        ensure(names.len() == users.len(), || {
            AwsError::bad_request(
                "DuplicateUserName",
                "Two users of the group have the same user name.",
            )
        })?;
        users
            .iter()
            .try_for_each(|user| check_member(engine, user))?;
        let default = users.iter().any(|user| user.name == "default");
        ensure(engine == Engine::Valkey || default, || {
            AwsError::bad_request(
                "DefaultUserRequired",
                "You must add default user to a user group.",
            )
        })
    }
}

fn check_member(engine: Engine, user: &User) -> Result<(), AwsError> {
    ensure(user.status != user::Status::Deleting, || {
        not_found("UserNotFound", "User", &user.id)
    })?;
    ensure(engine == Engine::Redis || user.proves_itself(), || {
        combination(format!(
            "User {} needs a password or iam authentication to be in a group of engine valkey.",
            user.id
        ))
    })?;
    ensure(
        engine == Engine::Valkey || user.engine == Engine::Redis,
        || {
            combination(format!(
                "User {} of engine valkey cannot be in a group of engine redis.",
                user.id
            ))
        },
    )
}

fn lower(ids: Vec<String>) -> BTreeSet<String> {
    ids.into_iter().map(|id| id.to_ascii_lowercase()).collect()
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Create {
    user_group_id: String,
    engine: String,
    #[serde(default)]
    user_ids: Vec<String>,
    #[serde(default)]
    tags: Vec<Tag>,
}

pub(super) fn create(call: &Call, place: &mut Regional) -> Result<Reply, AwsError> {
    let input: Create = call.input()?;
    let id = identifier("UserGroupId", &input.user_group_id, 40)?;
    let (engine, users) = (input.engine.parse()?, lower(input.user_ids));
    let tags = tagging::check(input.tags)?;
    let state = &mut place.elasticache;
    ensure(!state.user_groups.contains_key(&id), || {
        AwsError::bad_request(
            "UserGroupAlreadyExists",
            format!("User group {id} already exists."),
        )
    })?;
    let room = !call.config.quotas || state.user_groups.len() < MOST_GROUPS;
    ensure(room, || {
        AwsError::bad_request(
            "UserGroupQuotaExceeded",
            format!("There can be at most {MOST_GROUPS} user groups."),
        )
    })?;
    state.check_members(engine, &users)?;
    let arn = call.arn("elasticache", &format!("usergroup:{id}"));
    let (status, due) = (user::Status::Creating, Some(call.after(Delay::UserGroup)));
    let none = BTreeSet::new;
    let group = UserGroup {
        id: id.clone(),
        engine,
        users,
        adding: none(),
        removing: none(),
        status,
        due,
        arn,
    };
    place.tags.add(&group.arn, tags);
    let rendered = group.render(state);
    state.user_groups.insert(id, group);
    Ok(Reply::ok(rendered))
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Describe {
    user_group_id: Option<String>,
    max_records: Option<u32>,
    marker: Option<String>,
}

pub(super) fn describe(call: &Call, place: &mut Regional) -> Result<Reply, AwsError> {
    let input: Describe = call.input()?;
    let state = &place.elasticache;
    let (groups, marker) = match input.user_group_id {
        Some(id) => (vec![state.user_group(&id)?], None),
        None => page(
            &state.user_groups,
            &Paging {
                max_records: input.max_records,
                marker: input.marker,
            },
        )?,
    };
    let groups: Vec<_> = groups
        .into_iter()
        .map(|group| group.render(state))
        .collect();
    Ok(Reply::ok(
        json!({"UserGroups": {"member": groups}, "Marker": marker}),
    ))
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Modify {
    user_group_id: String,
    #[serde(default)]
    user_ids_to_add: Vec<String>,
    #[serde(default)]
    user_ids_to_remove: Vec<String>,
    engine: Option<String>,
}

pub(super) fn modify(call: &Call, place: &mut Regional) -> Result<Reply, AwsError> {
    let input: Modify = call.input()?;
    let state = &mut place.elasticache;
    let mut group = state.user_group(&input.user_group_id)?.clone();
    group.check_active()?;
    let engine = input
        .engine
        .as_deref()
        .map(str::parse::<Engine>)
        .transpose()?
        .unwrap_or(group.engine);
    ensure(engine >= group.engine, || {
        value("The engine of a user group can only become valkey.")
    })?;
    let (adding, removing) = (
        lower(input.user_ids_to_add),
        lower(input.user_ids_to_remove),
    );
    ensure(adding.is_disjoint(&removing), || {
        combination("A user cannot be added and removed in one call.")
    })?;
    let absent = removing.iter().find(|id| !group.users.contains(*id));
    ensure(absent.is_none(), || {
        value("A user to remove is not in the user group.")
    })?;
    group.adding = adding.difference(&group.users).cloned().collect();
    group.removing = removing;
    ensure(
        engine != group.engine || !group.adding.is_empty() || !group.removing.is_empty(),
        no_modification,
    )?;
    state.check_members(engine, &group.members())?;
    group.engine = engine;
    group.status = user::Status::Modifying;
    group.due = Some(call.after(Delay::UserGroup));
    let rendered = group.render(state);
    state.user_groups.insert(group.id.clone(), group);
    Ok(Reply::ok(rendered))
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Delete {
    user_group_id: String,
}

/// A group that a cache still refers to is refused: it must be detached first.
pub(super) fn delete(call: &Call, place: &mut Regional) -> Result<Reply, AwsError> {
    let input: Delete = call.input()?;
    let state = &mut place.elasticache;
    let mut group = state.user_group(&input.user_group_id)?.clone();
    group.check_active()?;
    ensure(state.caches_with(&group.id).next().is_none(), || {
        AwsError::bad_request(
            "InvalidUserGroupState",
            format!(
                "User group {} is associated with a replication group.",
                group.id
            ),
        )
    })?;
    group.status = user::Status::Deleting;
    group.due = Some(call.after(Delay::UserGroup));
    let rendered = group.render(state);
    state.user_groups.insert(group.id.clone(), group);
    Ok(Reply::ok(rendered))
}
