use std::collections::{BTreeMap, BTreeSet};

use super::tokens::Tokens;
use crate::api::Engine;
use crate::model::{DesiredUser, Tags};
use crate::plan::{
    CacheAction, CacheNode, CacheUser, Fact, KnownUser, Password, Read, ReplicationGroup, Seen,
    Sensitive, SubnetGroup, UserGroup,
};

/// ElastiCache. A thing that is being worked on has ticks left; see [`ElastiCache::tick`].
#[derive(Clone, Default, PartialEq, Debug)]
pub struct ElastiCache {
    pub subnet_groups: BTreeMap<String, SubnetGroup>,
    pub users: BTreeMap<String, CacheUser>,
    pub user_groups: BTreeMap<String, UserGroup>,
    pub groups: BTreeMap<String, ReplicationGroup>,
    /// Nodes by the id of their group: all nodes of a group are alike.
    pub nodes: BTreeMap<String, CacheNode>,
    pub snapshots: BTreeMap<String, String>,
    /// Passwords by user.
    pub passwords: BTreeMap<String, Vec<Sensitive>>,
    /// What the nodes know while a user is being modified.
    pub(super) before: BTreeMap<String, Vec<Sensitive>>,
    /// AUTH tokens by group.
    pub tokens: BTreeMap<String, Tokens>,
    /// Tags by ARN.
    pub tags: BTreeMap<String, Tags>,
    /// Ticks left of what is under way, by ARN.
    pub(super) busy: BTreeMap<String, u32>,
}

/// Ticks that a user or a user group takes.
pub(super) const QUICK: u32 = 1;
/// Ticks that a replication group takes.
pub(super) const SLOW: u32 = 3;

pub(super) fn arn(kind: &str, id: &str) -> String {
    format!("arn:aws:elasticache:eu-west-1:123456789012:{kind}:{id}")
}

/// An access string in ElastiCache's words: it spells a category out.
fn respell(access_string: &str) -> String {
    access_string.replace("-@dangerous", "-flushall -keys")
}

fn seen<T: Clone>(thing: Option<&T>) -> Seen<T> {
    thing.map_or(Seen::Absent, |thing| Seen::Present(thing.clone()))
}

impl ElastiCache {
    pub fn read(&self, read: &Read) -> Fact {
        match read {
            Read::SubnetGroup { name } => Fact::SubnetGroup(seen(self.subnet_groups.get(name))),
            Read::User { id } => Fact::User {
                id: id.clone(),
                user: seen(self.users.get(id)),
            },
            Read::DefaultUser { id } => Fact::DefaultUser(seen(self.users.get(id))),
            Read::UserGroup { id } => Fact::UserGroup(seen(self.user_groups.get(id))),
            Read::ReplicationGroup { id } => Fact::ReplicationGroup(seen(self.groups.get(id))),
            Read::OtherReplicationGroup { id } => {
                Fact::OtherReplicationGroup(seen(self.groups.get(id)))
            }
            Read::CacheNode { id } => {
                Fact::CacheNode(seen(self.nodes.get(id.trim_end_matches("-001"))))
            }
            Read::Snapshot { name } => Fact::FinalSnapshot(seen(self.snapshots.get(name))),
            Read::CacheTags { arn } => {
                assert!(
                    !self.busy.contains_key(arn),
                    "the tags of {arn} are read while it is under way"
                );
                Fact::CacheTags {
                    arn: arn.clone(),
                    tags: seen(self.tags.get(arn)),
                }
            }
            other => panic!("ElastiCache has no use for {other:?}"),
        }
    }

    /// Somebody deletes a user, and it is gone at once.
    pub fn lose_user(&mut self, id: &str) {
        self.users.remove(id);
        self.passwords.remove(id);
        self.tags.remove(&arn("user", id));
        self.busy.remove(&arn("user", id));
        for group in self.user_groups.values_mut() {
            group.user_ids.remove(id);
        }
    }

    /// Somebody deletes a replication group, and it is gone at once.
    pub fn lose_group(&mut self, id: &str) {
        self.groups.remove(id);
        self.nodes.remove(id);
        self.tokens.remove(id);
        self.busy.remove(&arn("replicationgroup", id));
    }

    /// Time passes: what is under way comes nearer to its end.
    pub fn tick(&mut self) {
        self.busy.values_mut().for_each(|left| *left -= 1);
        let done: BTreeSet<String> = self
            .busy
            .iter()
            .filter(|(_, left)| **left == 0)
            .map(|(arn, _)| arn.clone())
            .collect();
        self.busy.retain(|_, left| *left > 0);
        self.before
            .retain(|user, _| !done.contains(&arn("user", user)));
        let deleted = |user: &CacheUser| done.contains(&user.arn) && user.status == "deleting";
        for (id, user) in self.users.iter().filter(|(_, user)| deleted(user)) {
            self.tags.remove(&user.arn);
            self.passwords.remove(id);
        }
        for group in self.user_groups.values_mut() {
            let stays = |id: &String| self.users.get(id).is_none_or(|user| !deleted(user));
            group.user_ids.retain(stays);
        }
        self.users.retain(|_, user| !deleted(user));
        self.user_groups
            .retain(|_, group| !done.contains(&group.arn) || group.status != "deleting");
        self.groups
            .retain(|_, group| !done.contains(&group.arn) || group.status != "deleting");
        let users = self
            .users
            .values_mut()
            .map(|user| (&user.arn, &mut user.status, "active"));
        let user_groups = self
            .user_groups
            .values_mut()
            .map(|group| (&group.arn, &mut group.status, "active"));
        let groups = self
            .groups
            .values_mut()
            .map(|group| (&group.arn, &mut group.status, "available"));
        for (arn, status, rest) in users
            .chain(user_groups)
            .chain(groups)
            .filter(|(arn, ..)| done.contains(*arn))
        {
            debug_assert!(!arn.is_empty());
            rest.clone_into(status);
        }
        self.finish_groups(&done);
    }

    pub fn write(&mut self, action: &CacheAction) {
        match action {
            CacheAction::CreateSubnetGroup {
                name,
                subnet_ids,
                tags,
                ..
            } => {
                let group = SubnetGroup {
                    arn: arn("subnetgroup", name),
                    subnet_ids: subnet_ids.clone(),
                };
                self.tags.insert(group.arn.clone(), tags.clone());
                assert!(
                    self.subnet_groups.insert(name.clone(), group).is_none(),
                    "CacheSubnetGroupAlreadyExists: {name}"
                );
            }
            CacheAction::ModifySubnetGroup { name, subnet_ids } => self
                .subnet_groups
                .get_mut(name)
                .unwrap()
                .subnet_ids
                .clone_from(subnet_ids),
            CacheAction::DeleteSubnetGroup { name } => {
                assert!(
                    !self.groups.contains_key(name),
                    "CacheSubnetGroupInUse: {name}"
                );
                self.subnet_groups
                    .remove(name)
                    .expect("the subnet group is there");
            }
            CacheAction::CreateUser { .. }
            | CacheAction::CreateDefaultUser { .. }
            | CacheAction::RequireIam { .. }
            | CacheAction::ModifyUserAccess { .. }
            | CacheAction::SetPasswords { .. }
            | CacheAction::DeleteUser { .. } => self.write_user(action),
            CacheAction::CreateUserGroup { .. }
            | CacheAction::ModifyUserGroup { .. }
            | CacheAction::DeleteUserGroup { .. } => {
                self.write_user_group(action);
            }
            _ => self.write_group(action),
        }
    }

    fn write_user(&mut self, action: &CacheAction) {
        match action {
            CacheAction::CreateUser {
                user,
                engine,
                tags,
                password,
            } => {
                let names = user.id == user.name || password.is_some();
                assert!(names, "InvalidParameterValue: {user:?}");
                self.create_user(user, *engine, tags);
                let made = self.users.get_mut(&user.id).unwrap();
                made.iam = password.is_none();
                made.passwords = u32::from(!made.iam);
                let password = password.iter().map(|password| password.value.clone());
                self.passwords.insert(user.id.clone(), password.collect());
            }
            CacheAction::SetPasswords { id, passwords, .. } => self.set_passwords(id, passwords),
            CacheAction::CreateDefaultUser { user, engine, tags } => {
                self.create_user(user, *engine, tags);
                self.users.get_mut(&user.id).unwrap().passwords = 1;
            }
            CacheAction::RequireIam { id } => {
                let user = self.user_at_rest(id);
                (user.iam, user.passwords) = (true, 0);
                user.status = "modifying".into();
                self.passwords.insert(id.clone(), Vec::new());
                self.busy.insert(arn("user", id), QUICK);
            }
            CacheAction::ModifyUserAccess { id, access_string } => {
                let user = self.user_at_rest(id);
                user.access_string = respell(access_string);
                user.status = "modifying".into();
                self.busy.insert(arn("user", id), QUICK);
            }
            CacheAction::DeleteUser { id } => self.delete_user(id),
            other => panic!("not expected: {other:?}"),
        }
    }

    fn set_passwords(&mut self, id: &str, passwords: &[Password]) {
        assert!((1..=2).contains(&passwords.len()));
        let user = self.user_at_rest(id);
        user.passwords = u32::try_from(passwords.len()).unwrap();
        user.status = "modifying".into();
        self.busy.insert(arn("user", id), QUICK);
        let values = passwords.iter().map(|password| password.value.clone());
        let before = self.passwords.insert(id.to_owned(), values.collect());
        self.before
            .insert(id.to_owned(), before.unwrap_or_default());
    }

    /// The reply to passwords that were set.
    pub fn known(&self, id: &str) -> Option<Fact> {
        let user = self.users.get(id)?;
        let known = KnownUser {
            name: user.name.clone(),
            passwords: user.passwords,
        };
        let id = id.to_owned();
        Some(Fact::PasswordsSet { id, known })
    }

    fn create_user(&mut self, user: &DesiredUser, engine: Engine, tags: &Tags) {
        let made = CacheUser {
            arn: arn("user", &user.id),
            name: user.name.clone(),
            status: "creating".into(),
            engine: engine.as_str().into(),
            access_string: respell(&user.access_string),
            passwords: 0,
            iam: false,
        };
        self.tags.insert(made.arn.clone(), tags.clone());
        self.busy.insert(made.arn.clone(), QUICK);
        assert!(
            self.users.insert(user.id.clone(), made).is_none(),
            "UserAlreadyExists: {}",
            user.id
        );
    }

    fn user_at_rest(&mut self, id: &str) -> &mut CacheUser {
        let user = self
            .users
            .get_mut(id)
            .unwrap_or_else(|| panic!("UserNotFound: {id}"));
        assert_eq!(user.status, "active", "InvalidUserState: {id}");
        user
    }

    fn expect_members(&mut self, engine: &str, users: &BTreeSet<String>) {
        for id in users {
            let user = self.user_at_rest(id);
            let fits = engine == "valkey" || user.engine == "redis";
            assert!(
                fits,
                "InvalidParameterCombination: {user:?} in a group of {engine}"
            );
        }
    }

    fn delete_user(&mut self, id: &str) {
        let groups = self.user_groups.values_mut();
        for group in groups.filter(|group| group.user_ids.contains(id)) {
            assert!(
                !id.ends_with("-d"),
                "DefaultUserAssociatedToUserGroup: {id}"
            );
            assert_eq!(group.status, "active", "InvalidUserGroupState");
            group.status = "modifying".into();
            self.busy.insert(group.arn.clone(), QUICK);
        }
        self.user_at_rest(id).status = "deleting".into();
        self.busy.insert(arn("user", id), QUICK);
    }

    fn write_user_group(&mut self, action: &CacheAction) {
        match action {
            CacheAction::CreateUserGroup {
                id,
                engine,
                user_ids,
                tags,
            } => {
                self.expect_members(engine.as_str(), user_ids);
                let (arn, engine) = (arn("usergroup", id), engine.as_str().to_owned());
                self.tags.insert(arn.clone(), tags.clone());
                self.busy.insert(arn.clone(), QUICK);
                let group = UserGroup {
                    arn,
                    status: "creating".into(),
                    engine,
                    user_ids: user_ids.clone(),
                };
                assert!(
                    self.user_groups.insert(id.clone(), group).is_none(),
                    "UserGroupAlreadyExists: {id}"
                );
            }
            CacheAction::ModifyUserGroup { id, add, remove } => {
                let engine = self.user_group_at_rest(id).engine.clone();
                self.expect_members(&engine, add);
                let group = self.user_group_at_rest(id);
                group.user_ids.extend(add.iter().cloned());
                group.user_ids.retain(|user| !remove.contains(user));
                group.status = "modifying".into();
                self.busy.insert(arn("usergroup", id), QUICK);
            }
            CacheAction::DeleteUserGroup { id } => {
                let attached = self
                    .groups
                    .values()
                    .any(|group| group.user_group_ids.contains(id));
                assert!(!attached, "InvalidUserGroupState: {id} is attached");
                self.user_group_at_rest(id).status = "deleting".into();
                self.busy.insert(arn("usergroup", id), QUICK);
            }
            other => panic!("not expected: {other:?}"),
        }
    }

    pub(super) fn user_group_at_rest(&mut self, id: &str) -> &mut UserGroup {
        let group = self
            .user_groups
            .get_mut(id)
            .unwrap_or_else(|| panic!("UserGroupNotFound: {id}"));
        assert_eq!(group.status, "active", "InvalidUserGroupState: {id}");
        group
    }
}
