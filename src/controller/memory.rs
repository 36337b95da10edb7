use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use kube::ResourceExt;
use tokio::time::Instant;

use crate::api::{ANNOTATION_RECONCILE, ANNOTATION_REVOKE, ANNOTATION_ROTATE, CachedApi};
use crate::model::{Desired, Tags, Violation};
use crate::plan::{
    AtRest, Depth, Failure, KnownTokens, KnownUser, Scope, SecretValue, Seen, Spelling,
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

    /// Leaves `scope` alone for a while, longer each time.
    pub fn hold(&mut self, scope: Scope, failure: Failure) {
        let attempts = self.holds.get(&scope).map_or(0, |hold| hold.attempts + 1);
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
mod tests {
    use super::*;
    use crate::api::Reason;
    use crate::plan::{Aspect, Class};

    fn object(generation: i64, request: Option<&str>) -> CachedApi {
        let annotations: serde_json::Value = request.map_or_else(
            || serde_json::json!({}),
            |at| serde_json::json!({ANNOTATION_RECONCILE: at}),
        );
        serde_json::from_value(serde_json::json!({
            "apiVersion": "cachedapi.dev/v1alpha1", "kind": "CachedApi",
            "metadata": {"namespace": "shop", "name": "orders", "uid": "u1", "generation": generation, "annotations": annotations},
            "spec": {
                "region": "eu-west-1", "routes": [],
                "cache": {"replicationGroup": {"engineVersion": "8.1", "nodeType": "cache.t4g.small", "network": {"subnetIds": [], "securityGroupIds": []}}},
            },
        }))
        .unwrap()
    }

    fn failure() -> Failure {
        Failure {
            operation: "elasticache:CreateUser",
            class: Class::Transient,
            reason: Reason::AwsUnavailable,
            message: String::new(),
            retry_after: None,
        }
    }

    fn failed_memory(memories: &Memories) {
        let mut memory = memories.take(&object(1, None));
        memory.hold(Aspect::Cache.into(), failure());
        memory.settled = true;
        memories.keep(key(&object(1, None)), memory);
    }

    #[tokio::test(start_paused = true)]
    async fn an_aspect_that_failed_is_left_alone_longer_each_time() {
        let mut memory = Memory::default();
        let cache = || Scope::from(Aspect::Cache);
        memory.hold(cache(), failure());
        assert_eq!(memory.held().keys().collect::<Vec<_>>(), [&cache()]);
        tokio::time::advance(Duration::from_millis(1500)).await;
        assert!(memory.held().is_empty(), "a second is over");
        memory.hold(cache(), failure());
        tokio::time::advance(Duration::from_millis(1500)).await;
        assert!(!memory.held().is_empty(), "the second time it takes two");
        memory.release(|_| false);
        assert!(memory.held().is_empty() && memory.next_try().is_none());
    }

    #[tokio::test(start_paused = true)]
    async fn each_consumer_that_failed_is_left_alone_by_itself() {
        let consumer = |name: &str| Scope::Consumer {
            kind: "Deployment",
            name: name.into(),
        };
        let mut memory = Memory::default();
        for _ in 0..3 {
            memory.hold(consumer("bad"), failure());
        }
        memory.hold(consumer("new"), failure());
        tokio::time::advance(Duration::from_millis(1500)).await;
        let held = memory.held();
        assert_eq!(held.keys().collect::<Vec<_>>(), [&consumer("bad")]);
        memory.release(|scope| *scope == consumer("bad"));
        memory.hold(consumer("new"), failure());
        tokio::time::advance(Duration::from_millis(1500)).await;
        let held = memory.held();
        assert_eq!(
            held.keys().collect::<Vec<_>>(),
            [&consumer("bad")],
            "one that worked begins anew"
        );
    }

    #[tokio::test(start_paused = true)]
    async fn a_changed_spec_or_a_new_request_ends_all_back_off() {
        for (case, object) in [
            ("spec", object(2, None)),
            ("request", object(1, Some("now"))),
        ] {
            let memories = Memories::default();
            failed_memory(&memories);
            let memory = memories.take(&object);
            assert!(memory.held().is_empty() && !memory.settled, "{case}");
        }
        let memories = Memories::default();
        failed_memory(&memories);
        assert!(
            !memories.take(&object(1, None)).held().is_empty(),
            "unchanged"
        );
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_at_rest_is_looked_at_again_after_a_poll_or_a_change() {
        let poll = Duration::from_mins(10);
        let seen = || Some(AtRest::default());
        let memories = Memories::default();
        let mut memory = memories.take(&object(1, None));
        memory.rest(seen());
        tokio::time::advance(Duration::from_mins(9)).await;
        assert_eq!(memory.rested(poll), seen());
        memory.rest(seen());
        tokio::time::advance(Duration::from_mins(1)).await;
        assert_eq!(memory.rested(poll), None, "keeping it makes it no younger");
        memory.rest(seen());
        memories.keep(key(&object(1, None)), memory);
        assert_eq!(
            memories.take(&object(2, None)).rested(poll),
            None,
            "the spec changed"
        );
    }

    /// Whether what `memory` has is worked out anew, for a document of `size` bytes.
    fn works_out(memory: &mut Memory, size: usize) -> bool {
        let mut worked_out = false;
        let desired = memory.desired(|| {
            worked_out = true;
            let mut desired = crate::model::validate(identity(), &object(1, None).spec)?;
            desired.gateway.document.body = " ".repeat(size);
            Ok(desired)
        });
        assert_eq!(desired.unwrap().gateway.document.body.len(), size);
        worked_out
    }

    fn identity() -> crate::model::Identity {
        crate::model::Identity {
            namespace: "shop".into(),
            name: "orders".into(),
            uid: uuid::Uuid::nil(),
            cluster: crate::model::Cluster {
                id: "c".into(),
                operator_version: "0".into(),
            },
        }
    }

    #[test]
    fn what_is_desired_is_worked_out_again_when_anything_that_it_follows_from_changed() {
        let with = |annotation: &str| {
            let mut object = object(1, None);
            let annotations = object.metadata.annotations.get_or_insert_default();
            annotations.insert(annotation.into(), "2026-11-25T12:00:00Z".into());
            object
        };
        let mut another = object(1, None);
        another.metadata.uid = Some("u2".into());
        for (reason, object, anew) in [
            ("nothing", object(1, None), false),
            ("the spec", object(2, None), true),
            ("a rotation is asked for", with(ANNOTATION_ROTATE), true),
            ("a revocation is asked for", with(ANNOTATION_REVOKE), true),
            ("a namesake", another, true),
        ] {
            let memories = Memories::default();
            let mut memory = memories.take(&self::object(1, None));
            assert!(works_out(&mut memory, 1), "{reason}");
            memories.keep(key(&object), memory);
            assert_eq!(works_out(&mut memories.take(&object), 1), anew, "{reason}");
        }
    }

    #[test]
    fn a_large_document_is_not_kept() {
        let mut memory = Memory::default();
        for _ in 0..2 {
            assert!(works_out(&mut memory, LARGEST_KEPT + 1));
        }
    }

    #[test]
    fn a_namesake_inherits_nothing() {
        let memories = Memories::default();
        memories.keep(
            key(&object(1, None)),
            Memory {
                uid: "another".into(),
                settled: true,
                ..Memory::default()
            },
        );
        assert!(!memories.take(&object(1, None)).settled);
    }
}
