//! Whom the nodes of the caches let in.

use super::ElastiCache;
use super::elasticache::arn;
use crate::plan::rotation::Accepted;
use crate::plan::{Login, Sensitive};

impl ElastiCache {
    /// What every node says to a user and its password, or to an AUTH token.
    pub fn log_in(&self, username: Option<&str>, password: &Sensitive) -> Login {
        let known = match username {
            Some(username) => self
                .members_with(password)
                .any(|id| self.users.get(id).is_some_and(|user| user.name == username)),
            None => self.accepts_token(password),
        };
        Login {
            accepted: if known { Accepted::All } else { Accepted::None },
            flaw: None,
            obstacle: None,
            members: Vec::new(),
        }
    }

    /// Whether this token, or a user with this password, opens the cache.
    pub fn is_opened_by(&self, password: &Sensitive) -> bool {
        self.members_with(password).next().is_some() || self.accepts_token(password)
    }

    fn accepts_token(&self, token: &Sensitive) -> bool {
        let mut groups = self.tokens.iter();
        groups.any(|(id, tokens)| {
            let changed = self.busy.contains_key(&arn("replicationgroup", id));
            let users = self
                .groups
                .get(id)
                .is_some_and(|group| !group.user_group_ids.is_empty());
            !users && tokens.on_nodes(changed).any(|known| known == token)
        })
    }

    /// Whether the user of this name is let in with a signed token.
    pub fn lets_in(&self, username: &str) -> bool {
        let members = self.user_groups.values().flat_map(|group| &group.user_ids);
        let mut users = members.filter_map(|id| self.users.get(id));
        users.any(|user| user.iam && user.name == username)
    }

    fn members_with(&self, password: &Sensitive) -> impl Iterator<Item = &String> {
        let members = self.user_groups.values().flat_map(|group| &group.user_ids);
        members.filter(|id| {
            let passwords = self.passwords_on_nodes(id);
            passwords.is_some_and(|passwords| passwords.contains(password))
        })
    }

    fn passwords_on_nodes(&self, user: &str) -> Option<&Vec<Sensitive>> {
        let modified = self.busy.contains_key(&arn("user", user));
        let before = self.before.get(user).filter(|_| modified);
        before.or_else(|| self.passwords.get(user))
    }
}
