//! Clients of bound Secrets, who read as late as they can and use what they read for as long as they may.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jiff::Timestamp;

use super::facts::Credential;

#[derive(Default)]
pub struct Clients {
    /// One for each credential that was bound no longer ago than it may be used.
    clients: Vec<Client>,
    /// Since when each user is known, by object and name.
    users: BTreeMap<(String, String), Timestamp>,
}

struct Client {
    credential: Credential,
    /// When it could be read last.
    read: Timestamp,
    /// How long it is used from then on.
    keeps: Duration,
    /// Whether it was bound when clients read last.
    is_bound: bool,
}

impl Clients {
    /// Clients read what is `bound`, and keep each for so long. What was bound until `now` was read at the last moment.
    pub fn read(&mut self, now: Timestamp, bound: &[(Credential, Duration)]) {
        for (credential, keeps) in bound {
            let user = (credential.uid.clone(), credential.user.clone());
            self.users.entry(user).or_insert(now);
            let mut known = self.clients.iter_mut();
            match known.find(|client| client.credential == *credential) {
                Some(client) => client.keeps = *keeps,
                None => self.clients.push(Client {
                    credential: credential.clone(),
                    read: now,
                    keeps: *keeps,
                    is_bound: true,
                }),
            }
        }
        for client in &mut self.clients {
            let is_bound = bound.iter().any(|(bound, _)| *bound == client.credential);
            if is_bound || client.is_bound {
                client.read = now;
            }
            client.is_bound = is_bound;
        }
    }

    /// Those leave who may not use any longer what they have: their time is over, their object has nothing bound, or the password of their user has leaked.
    /// `leaked`: until when users were made whose passwords have, by object.
    pub fn leave(&mut self, now: Timestamp, leaked: &BTreeMap<String, Timestamp>) {
        let bound = self.clients.iter().filter(|client| client.is_bound);
        let stay: BTreeSet<String> = bound.map(|client| client.credential.uid.clone()).collect();
        let users = &self.users;
        let has_leaked = |Credential { uid, user, .. }: &Credential| {
            let since = users.get(&(uid.clone(), user.clone()));
            since
                .zip(leaked.get(uid))
                .is_some_and(|(since, leaked)| since <= leaked)
        };
        self.clients.retain(|client| {
            stay.contains(&client.credential.uid)
                && (client.is_bound || !has_leaked(&client.credential))
                && now.duration_since(client.read).unsigned_abs() <= client.keeps
        });
    }

    /// What they have, and when they read it.
    pub fn all(&self) -> Vec<(Credential, Timestamp)> {
        let clients = self.clients.iter();
        clients
            .map(|client| (client.credential.clone(), client.read))
            .collect()
    }
}
