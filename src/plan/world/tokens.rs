//! AUTH tokens of the model's replication groups.

use std::time::Duration;

use jiff::Timestamp;

use crate::fixtures;
use crate::plan::{Admission, CacheAction, NewReplicationGroup, Sensitive};

use super::ElastiCache;

/// The tokens of a group.
#[derive(Clone, PartialEq, Debug)]
pub struct Tokens {
    /// One or two, the newest last.
    pub held: Vec<Sensitive>,
    /// What the nodes know while they are being changed.
    before: Vec<Sensitive>,
    /// When they were last changed.
    pub modified: Timestamp,
}

impl Tokens {
    pub fn on_nodes(&self, changed: bool) -> impl Iterator<Item = &Sensitive> {
        if changed { &self.before } else { &self.held }.iter()
    }

    /// The change has reached every node.
    pub fn settle(&mut self) {
        self.before.clone_from(&self.held);
    }

    /// Somebody, or the operator, changes them. A `ROTATE` that is repeated shifts as well.
    fn change(&mut self, token: &Sensitive, set: bool) {
        self.before.clone_from(&self.held);
        let newest = self.held.last().cloned();
        if set {
            assert_eq!(
                newest.as_ref(),
                Some(token),
                "InvalidParameterValue: SET takes the token of the last ROTATE"
            );
            self.held = vec![token.clone()];
        } else {
            self.held = newest.into_iter().chain([token.clone()]).collect();
        }
        self.modified += Duration::from_secs(1);
    }
}

impl ElastiCache {
    /// When the first token of a new group was set, if it has one.
    pub(super) fn admit(&mut self, new: &NewReplicationGroup) -> Option<Timestamp> {
        let Admission::AuthToken(token) = &new.admits else {
            return None;
        };
        let tokens = Tokens {
            held: vec![token.value.clone()],
            before: vec![token.value.clone()],
            modified: fixtures::now(),
        };
        self.tokens.insert(new.id.clone(), tokens);
        Some(fixtures::now())
    }

    /// Somebody gave a group of his own a token.
    pub fn give_token(&mut self, id: &str, token: &str) {
        let token = Sensitive::new(token);
        let tokens = Tokens {
            held: vec![token.clone()],
            before: vec![token],
            modified: fixtures::now(),
        };
        self.tokens.insert(id.to_owned(), tokens);
        let group = self.groups.get_mut(id).unwrap();
        (group.auth_token, group.auth_token_modified) = (true, Some(fixtures::now()));
    }

    pub(super) fn change_token(&mut self, action: &CacheAction) {
        let (id, token, set) = match action {
            CacheAction::RotateAuthToken { id, token } => (id, token, false),
            CacheAction::SetAuthToken { id, token, .. } => (id, token, true),
            other => panic!("not expected: {other:?}"),
        };
        let group = self.group_at_rest(id);
        assert!(
            group.user_group_ids.is_empty(),
            "InvalidParameterCombination: users are attached"
        );
        group.auth_token_changing = true;
        group.pending = vec!["password changing".into()];
        self.tokens.get_mut(id).unwrap().change(&token.value, set);
        self.modifying(id);
    }

    /// Somebody rotates the token of the group by hand, and it is done at once. Not while it is being changed: ElastiCache refuses that.
    pub fn rotate_by_hand(&mut self, id: &str, token: &str) {
        if self.groups[id].status != "available" {
            return;
        }
        let tokens = self.tokens.get_mut(id).unwrap();
        tokens.change(&Sensitive::new(token), false);
        tokens.settle();
        self.groups.get_mut(id).unwrap().auth_token_modified = Some(tokens.modified);
    }
}
