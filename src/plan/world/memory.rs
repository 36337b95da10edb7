//! What the operator's process, and the object's status, keep from one reconcile to the next.

use super::{ACCOUNT, World};
use crate::fixtures;
use crate::plan::{AWSPENDING, Fact, Observed, Secret, Seen};

impl World {
    /// What the process and the status keep of what was seen.
    pub(super) fn remember(&mut self, observed: &Observed) {
        self.spellings = observed.cache.spellings.clone();
        self.known_users.clone_from(&observed.cache.known_users);
        self.tags = observed.cache.tags.clone();
        self.values = observed.secret.values.clone();
        self.tokens = observed.secret.tokens.clone();
        self.values.retain(|_, value| value.present().is_some());
        self.remember_names(observed);
        let pending = observed
            .secret
            .secret
            .present()
            .and_then(|secret| secret.labelled(AWSPENDING));
        match pending {
            Some(version)
                if self
                    .pending_since
                    .as_ref()
                    .is_some_and(|(known, _)| known == version) => {}
            _ => self.pending_since = pending.map(|version| (version.to_owned(), self.now)),
        }
        let current = observed.secret.secret.present().and_then(Secret::current);
        if let Some(version) = current.filter(|version| {
            self.promoted
                .as_ref()
                .is_none_or(|(known, _)| known != version)
        }) {
            self.promoted = Some((version.to_owned(), self.now));
        }
    }

    /// What is the object's own stands in status.
    fn remember_names(&mut self, observed: &Observed) {
        let identity = fixtures::identity();
        let group = observed.cache.group.present();
        let own = group.filter(|group| {
            let tags = observed.cache.tags.get(&group.arn).and_then(Seen::present);
            tags.is_some_and(|tags| identity.owns(tags))
        });
        if let Some((_, id)) = own.and_then(|group| group.arn.rsplit_once(':')) {
            self.names.0 = Some(id.to_owned());
        }
        let secret = observed.secret.secret.present();
        if let Some(secret) = secret.filter(|secret| identity.owns(&secret.tags)) {
            self.names.1 = Some(secret.arn.clone());
        }
    }

    /// Somebody takes the object's status away, and another process takes over.
    pub fn lose_status(&mut self) {
        self.restart();
        (self.promoted, self.pending_since) = (None, None);
        self.intents.clear();
        self.names = (None, None);
        self.status_lost = true;
    }

    /// What a process knows before it has read anything: what status says.
    pub(super) fn remembered(&self) -> Observed {
        let mut observed = Observed {
            account: Some(ACCOUNT.into()),
            previously_bound: self.cluster.names(),
            previously_bound_functions: self.functions.remembered.clone(),
            policy_roles: self.functions.policy_roles.clone(),
            ..Observed::default()
        };
        observed.published = self.published.clone();
        observed.secret.taken = self.taken.clone();
        observed.gateway.hint = self.gateway.api.as_ref().map(|api| api.id.clone());
        (observed.cache.hint, observed.secret.hint) = self.names.clone();
        for (kind, at) in &self.intents {
            let kind = (*kind).to_owned();
            observed.record(Fact::Announced { kind, at: *at });
        }
        observed.secret.promoted = self.promoted.clone();
        observed.secret.pending_since = self.pending_since.clone();
        observed.cache.known_users.clone_from(&self.known_users);
        observed.secret.values = self.values.clone();
        observed.secret.brought_in = self.brought_in.clone();
        observed.secret.tokens = self.tokens.clone();
        observed.cache.spellings = self.spellings.clone();
        let iam_user = fixtures::identity().iam_user_id();
        observed.cache.iam_user_known =
            self.cache.users.contains_key(&iam_user) && !self.status_lost;
        observed.gateway.keys_known = !self.gateway.keys.is_empty();
        observed.gateway.known_functions = self.gateway.permissions.keys().cloned().collect();
        observed
    }
}
