use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use kube::ResourceExt;
use tokio::time::Instant;

use crate::api::{ANNOTATION_RECONCILE, ANNOTATION_REVOKE, ANNOTATION_ROTATE, CachedApi};
use crate::model::{Desired, Tags, Violation};
use crate::plan::{
    AtRest, Depth, Failure, KnownTokens, KnownUser, Scope, SecretValue, Seen, Spelling, Written,
};

use super::backoff;

/// Namespace and name of an object.
pub type Key = (String, String);

/// The key of `object`.
#[must_use]
pub fn key(object: &impl ResourceExt) -> Key {
    (object.namespace().unwrap_or_default(), object.name_any())
}

/// Longest OpenAPI document, in bytes, that is kept from one look to the next: of some twenty routes.
const LARGEST_KEPT: usize = 16 * 1024;

/// What this process remembers of an object from one reconcile to the next. Losing it costs a few reads and a shorter back-off.
#[derive(Debug, Default)]
pub struct Memory {
    uid: String,
    generation: Option<i64>,
    request: Option<String>,
    requested: [Option<String>; 2],
    /// Whether all was as desired when it was last looked at in full, for this generation and request, and nothing has changed but what a rotation does.
    pub settled: bool,
    /// Whether something went on when it was looked at last.
    pub busy: bool,
    /// Number of polls.
    pub polls: u64,
    /// How many rounds in a row have seen the replication group available.
    pub sightings: u32,
    /// How ElastiCache spells the rights that we gave to users.
    pub spellings: BTreeMap<String, Spelling>,
    /// The back ends' users that were there when they were looked at last, by id.
    pub known_users: BTreeMap<String, KnownUser>,
    /// Versions whose passwords this process had the user accept, in its last list.
    pub brought_in: BTreeSet<String>,
    /// What is known of the AUTH tokens that the cache has.
    pub tokens: KnownTokens,
    /// Values of the secret by version, which never change; erased when they are dropped.
    pub values: BTreeMap<String, Seen<SecretValue>>,
    /// Tags of the cache's parts, as the last full look had them.
    pub tags: BTreeMap<String, Seen<Tags>>,
    /// What this process has written to AWS lately.
    pub written: Written,
    /// When this process acted last on the object.
    pub acted: Option<Timestamp>,
    /// Reconciles in a row that could not do their work as a whole.
    pub misses: u32,
    holds: BTreeMap<Scope, Hold>,
    /// For this generation and these requests to rotate.
    desired: Option<Arc<Desired>>,
    /// Boxed: most objects await nothing most of the time.
    rest: Option<Box<Rest>>,
}

/// What was seen at rest while something else was awaited.
#[derive(Debug)]
struct Rest {
    seen: AtRest,
    since: Instant,
}

/// What failed and is left alone until its time has come.
#[derive(Debug)]
struct Hold {
    failure: Failure,
    attempts: u32,
    until: Instant,
}

impl Memory {
    /// Takes note of what `object` is now. A changed spec, or a new request to reconcile, ends all back-off.
    fn meet(&mut self, object: &CachedApi) {
        let uid = object.uid().unwrap_or_default();
        if self.uid != uid {
            *self = Self {
                uid,
                ..Self::default()
            };
        }
        let request = object.annotations().get(ANNOTATION_RECONCILE).cloned();
        if (self.generation, &self.request) != (object.metadata.generation, &request) {
            (self.generation, self.request) = (object.metadata.generation, request);
            (self.settled, self.misses, self.rest) = (false, 0, None);
            // What is wanted now may well be what was undone a moment ago.
            if object.metadata.deletion_timestamp.is_none() {
                self.written = Written::default();
            }
            self.desired = None;
            self.holds.clear();
        }
        let requested = [ANNOTATION_ROTATE, ANNOTATION_REVOKE]
            .map(|name| object.annotations().get(name).cloned());
        if self.requested != requested {
            (self.requested, self.misses) = (requested, 0);
            self.desired = None;
            self.holds.clear();
        }
    }

    /// What the object asks for, worked out by `understand` unless that is remembered. With a large document it is not: documents may have
    /// 6 MB, and there may be a thousand objects.
    pub fn desired(
        &mut self,
        understand: impl FnOnce() -> Result<Desired, Vec<Violation>>,
    ) -> Result<Arc<Desired>, Vec<Violation>> {
        if let Some(desired) = &self.desired {
            return Ok(desired.clone());
        }
        let desired = Arc::new(understand()?);
        if desired.gateway.document.body.len() <= LARGEST_KEPT {
            self.desired = Some(desired.clone());
        }
        Ok(desired)
    }

    /// How closely to look.
    #[must_use]
    pub fn depth(&self) -> Depth {
        match (self.settled, self.busy) {
            (false, _) => Depth::Full,
            (true, false) => Depth::Poll(self.polls),
            (true, true) => Depth::Glance,
        }
    }

    /// A number in [0, 1) of the object's own, another one for every `turn`.
    #[must_use]
    pub fn spread(&self, turn: u64) -> f64 {
        backoff::spread(&self.uid, turn)
    }

    /// Keeps what was seen at rest, so that it is not looked at again each time something else is looked at: a cache takes many looks,
    /// and API Gateway grants an account ten calls a second. `None` when nothing is awaited and the next look is a poll.
    pub fn rest(&mut self, seen: Option<AtRest>) {
        let since = self
            .rest
            .take()
            .map_or_else(Instant::now, |rest| rest.since);
        self.rest = seen.map(|seen| Box::new(Rest { seen, since }));
    }

    /// What was seen at rest, when that was less than `poll` ago.
    #[must_use]
    pub fn rested(&mut self, poll: Duration) -> Option<AtRest> {
        self.rest.take_if(|rest| rest.since.elapsed() >= poll);
        self.rest.as_ref().map(|rest| rest.seen.clone())
    }

    /// What is still to be left alone, with what it failed of.
    #[must_use]
    pub fn held(&self) -> BTreeMap<Scope, Failure> {
        let now = Instant::now();
        self.holds
            .iter()
            .filter(|(_, hold)| hold.until > now)
            .map(|(scope, hold)| (scope.clone(), hold.failure.clone()))
            .collect()
    }

    /// Leaves `scope` alone for a while, longer each time that the same operation fails: when another one does, there was progress.
    pub fn hold(&mut self, scope: Scope, failure: Failure) {
        let before = self.holds.get(&scope);
        let same = before.filter(|hold| hold.failure.operation == failure.operation);
        let attempts = same.map_or(0, |hold| hold.attempts + 1);
        let until =
            Instant::now() + backoff::delay(&failure, attempts, self.spread(attempts.into()));
        self.holds.insert(
            scope,
            Hold {
                failure,
                attempts,
                until,
            },
        );
    }

    /// All works but what `fails`.
    pub fn release(&mut self, fails: impl Fn(&Scope) -> bool) {
        self.holds.retain(|scope, _| fails(scope));
    }

    /// When the first of what is left alone may be tried again.
    #[must_use]
    pub fn next_try(&self) -> Option<Instant> {
        self.holds.values().map(|hold| hold.until).min()
    }
}

/// The memories of all objects.
#[derive(Debug, Default)]
pub struct Memories(Mutex<HashMap<Key, Memory>>);

impl Memories {
    /// What is remembered of `object`, for the one reconcile that is under way for it.
    #[must_use]
    pub fn take(&self, object: &CachedApi) -> Memory {
        let mut memory = self.all().remove(&key(object)).unwrap_or_default();
        memory.meet(object);
        memory
    }

    /// Keeps `memory` until the next reconcile.
    pub fn keep(&self, key: Key, memory: Memory) {
        self.all().insert(key, memory);
    }

    /// Forgets an object that is gone.
    pub fn forget(&self, key: &Key) {
        self.all().remove(key);
    }

    fn all(&self) -> std::sync::MutexGuard<'_, HashMap<Key, Memory>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
