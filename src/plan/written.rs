//! AWS is eventually consistent: what was written may not show for a while, and one read may show it while the next one does not. Whoever believes such a read
//! writes again, and makes a second usage plan, or asks for the same forty times.

use std::collections::BTreeSet;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Duration;

use jiff::Timestamp;

use crate::api::Reason;

use super::orphans::Kind;
use super::{
    Action, AspectPlan, CacheAction, ClusterAction, Context, GatewayAction, Plan, SecretAction,
};

/// How long what was written may not show. As a rule it shows at once; this leaves room for the two minutes that eventual consistency may take.
const SHOWS_WITHIN: Duration = Duration::from_secs(150);
/// Longest time between two looks at what does not show yet.
const PACE: Duration = Duration::from_secs(30);

/// What this process has written to AWS lately.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Written(Vec<Entry>);

#[derive(Clone, Debug, PartialEq)]
struct Entry {
    fingerprint: u64,
    /// For people.
    what: String,
    at: Timestamp,
    /// Whether the reply told what the thing is, so that no read has shown it yet.
    told: bool,
    /// Whether a read has shown it.
    seen: bool,
    makes: Option<Kind>,
}

impl Written {
    /// Takes note of `action`, which was answered `now`; `told`: the answer says what became of the thing. The API server shows at once what is written to it.
    pub fn add(&mut self, action: &Action, now: Timestamp, told: bool) {
        if matches!(action, Action::Cluster(_)) {
            return;
        }
        // What is deleted was seen.
        let gone = deletes(action);
        let mut made = self.0.iter_mut();
        if let Some(entry) = made.find(|made| gone.is_some() && made.makes == gone && !made.seen) {
            entry.seen = true;
        }
        let fingerprint = fingerprint(action);
        self.0.retain(|entry| entry.fingerprint != fingerprint);
        self.0.push(Entry {
            fingerprint,
            what: format!("{} {}", action.operation(), action.target()),
            at: now,
            told,
            seen: false,
            makes: makes(action),
        });
    }

    /// What a reconcile that began at `begun` and ended `now` still wants done is in `wanted`; of the rest it has seen the effect. What is old counts no more.
    pub fn settle(&mut self, wanted: &Plan, begun: Timestamp, now: Timestamp) {
        self.0.retain(|entry| is_fresh(entry, now));
        let wanted = wanted.aspects().flat_map(|(_, plan)| &plan.actions);
        let wanted: BTreeSet<u64> = wanted.map(fingerprint).collect();
        for entry in &mut self.0 {
            entry.seen |= (!entry.told || entry.at < begun) && !wanted.contains(&entry.fingerprint);
        }
    }

    /// Whether there is nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn of(&self, action: &Action, now: Timestamp) -> Option<&Entry> {
        let mut fresh = self.0.iter().filter(|entry| is_fresh(entry, now));
        let fingerprint = fingerprint(action);
        fresh.find(|entry| entry.fingerprint == fingerprint)
    }

    /// Whether the REST API was created and no read has shown it.
    #[must_use]
    pub fn awaits_rest_api(&self) -> bool {
        let awaits = |entry: &Entry| entry.makes == Some(Kind::RestApi) && !entry.seen;
        self.0.iter().any(awaits)
    }
}

/// The same for the same action. A password is told apart by its version.
fn fingerprint(action: &Action) -> u64 {
    let mut hasher = DefaultHasher::new();
    match action {
        // The document may have megabytes.
        Action::Gateway(GatewayAction::PutRestApi { api, hash, .. }) => {
            (api, hash).hash(&mut hasher);
        }
        action => format!("{action:?}").hash(&mut hasher),
    }
    hasher.finish()
}

/// What an action makes that does not go with another thing.
const fn makes(action: &Action) -> Option<Kind> {
    Some(match action {
        Action::Gateway(GatewayAction::CreateRestApi { .. }) => Kind::RestApi,
        Action::Gateway(GatewayAction::CreateApiKey { .. }) => Kind::ApiKey,
        Action::Gateway(GatewayAction::CreateUsagePlan { .. }) => Kind::UsagePlan,
        Action::Cache(CacheAction::CreateSubnetGroup { .. }) => Kind::SubnetGroup,
        Action::Cache(CacheAction::CreateUser { .. } | CacheAction::CreateDefaultUser { .. }) => {
            Kind::User
        }
        Action::Cache(CacheAction::CreateUserGroup { .. }) => Kind::UserGroup,
        Action::Cache(CacheAction::CreateReplicationGroup(_)) => Kind::ReplicationGroup,
        Action::Secret(SecretAction::CreateSecret { .. }) => Kind::Secret,
        _ => return None,
    })
}

/// What an action deletes of such things.
const fn deletes(action: &Action) -> Option<Kind> {
    Some(match action {
        Action::Gateway(GatewayAction::DeleteRestApi { .. }) => Kind::RestApi,
        Action::Gateway(GatewayAction::DeleteApiKey { .. }) => Kind::ApiKey,
        Action::Gateway(GatewayAction::DeleteUsagePlan { .. }) => Kind::UsagePlan,
        Action::Cache(CacheAction::DeleteSubnetGroup { .. }) => Kind::SubnetGroup,
        Action::Cache(CacheAction::DeleteUser { .. }) => Kind::User,
        Action::Cache(CacheAction::DeleteUserGroup { .. }) => Kind::UserGroup,
        Action::Cache(CacheAction::DeleteReplicationGroup { .. }) => Kind::ReplicationGroup,
        Action::Secret(SecretAction::DeleteSecret { .. }) => Kind::Secret,
        _ => return None,
    })
}

fn is_fresh(entry: &Entry, now: Timestamp) -> bool {
    now.duration_since(entry.at).unsigned_abs() < SHOWS_WITHIN
}

/// Takes what was written a moment ago out of `plan`, and waits for it to show.
pub(super) fn hold_back(plan: &mut Plan, written: &Written, context: Context) {
    if written.is_empty() {
        return;
    }
    for plan in [
        &mut plan.api,
        &mut plan.cache,
        &mut plan.credentials,
        &mut plan.bindings,
    ] {
        hold_back_of(plan, written, context);
    }
}

fn hold_back_of(plan: &mut AspectPlan, written: &Written, context: Context) {
    let held = plan
        .actions
        .iter()
        .find_map(|action| written.of(action, context.now));
    let Some(Entry { what, at, .. }) = held else {
        return;
    };
    let message = format!(
        "{what} was done at {at:.0} and does not show yet; it is looked for before it is done again"
    );
    let wait = AspectPlan::wait(Reason::WaitingForCreation, message, context.pace(PACE));
    plan.actions.retain(|action| {
        let announces = matches!(action, Action::Cluster(ClusterAction::RecordIntent { .. }));
        !announces && written.of(action, context.now).is_none()
    });
    plan.waits.extend(wait.waits);
}

/// What is not there may be what was created a moment ago: an object goes only when that has had its time to show.
pub(super) fn await_creations(plan: &mut Plan, written: &Written, context: Context) {
    let mut entries = written
        .0
        .iter()
        .filter(|entry| is_fresh(entry, context.now));
    let unseen = entries.find(|entry| !entry.seen && entry.makes.is_some());
    if let (Some(Entry { what, .. }), true) = (unseen, plan.is_settled()) {
        let message = format!(
            "{what} was done a moment ago and has not shown; it is looked for once more before the object goes"
        );
        let wait = AspectPlan::wait(Reason::WaitingForCreation, message, context.pace(PACE));
        plan.api.extend(wait);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures::{context, now};
    use crate::plan::{Depth, INTENT_REST_API};

    fn key(name: &str) -> Action {
        Action::Gateway(GatewayAction::CreateApiKey {
            name: name.into(),
            tags: [].into(),
        })
    }

    fn later(seconds: i64) -> Context {
        Context {
            now: now() + jiff::SignedDuration::from_secs(seconds),
            depth: Depth::Full,
            ..context()
        }
    }

    fn wanting(actions: &[Action]) -> Plan {
        Plan {
            api: AspectPlan {
                actions: actions.to_vec(),
                ..AspectPlan::default()
            },
            ..Plan::default()
        }
    }

    fn held(written: &Written, actions: &[Action], seconds: i64) -> Plan {
        let mut plan = wanting(actions);
        hold_back(&mut plan, written, later(seconds));
        plan
    }

    #[test]
    fn what_was_done_a_moment_ago_is_waited_for_and_not_done_again() {
        let mut written = Written::default();
        written.add(&key("a"), now(), false);
        let plan = held(&written, &[key("a"), key("b")], 100);
        assert_eq!(plan.api.actions, [key("b")]);
        assert_eq!(plan.api.waits[0].reason, Reason::WaitingForCreation);
        let plan = held(&written, &[key("a")], 151);
        assert_eq!(plan, wanting(&[key("a")]), "it is gone");
        assert_eq!(held(&written, &[key("b")], 1), wanting(&[key("b")]));
    }

    #[test]
    fn nothing_is_announced_that_is_waited_for() {
        let announce = Action::Cluster(ClusterAction::RecordIntent {
            kind: INTENT_REST_API,
        });
        let mut written = Written::default();
        written.add(&announce, now(), false);
        assert!(written.is_empty(), "the API server shows at once");
        written.add(&key("a"), now(), false);
        assert_eq!(held(&written, &[announce, key("a")], 1).api.actions, []);
    }

    #[test]
    fn each_thing_that_was_taken_down_had_shown_and_is_waited_for_no_more() {
        let unseen = |written: &Written| {
            let mut plan = Plan::default();
            await_creations(&mut plan, written, later(2));
            !plan.is_settled()
        };
        let delete = |id: &str| Action::Gateway(GatewayAction::DeleteApiKey { id: id.into() });
        let mut written = Written::default();
        written.add(&key("a"), now(), true);
        written.add(&key("b"), now(), true);
        written.add(&delete("k1"), later(1).now, true);
        assert!(unseen(&written), "one of two has shown");
        written.add(&delete("k2"), later(1).now, true);
        assert!(!unseen(&written), "both have");
    }

    #[test]
    fn an_object_goes_when_what_was_created_has_shown_or_has_had_its_time() {
        let goes = |written: &Written, seconds| {
            let mut plan = Plan::default();
            await_creations(&mut plan, written, later(seconds));
            plan.is_settled()
        };
        let mut written = Written::default();
        written.add(&key("a"), now(), true);
        written.settle(&Plan::default(), now(), now());
        assert!(!goes(&written, 1), "only the reply has told of it");
        assert!(goes(&written, 151));
        written.settle(&wanting(&[key("a")]), later(1).now, later(2).now);
        assert!(!goes(&written, 3), "the next reconcile does not see it");
        written.settle(&Plan::default(), later(4).now, later(5).now);
        assert!(goes(&written, 6));
    }
}
