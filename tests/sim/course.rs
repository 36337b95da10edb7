//! A run of which a test says itself what happens when.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use local_aws::{Config, Delays};
use local_kube::{Effect as Kube, Fault as KubeFault};
use serde_json::{Value, json};
use tokio::time::{Instant, timeout, timeout_at};

use crate::wire::{At, Effect, Fault};
use crate::world::{ACCOUNT, NAME, Process, REGION, World};

use super::invariants::{Monitor, others_come};
use super::run::{conclude, go_on, reference};
use super::scenario::{Before, Part, Scenario, object};

pub const MINUTE: Duration = Duration::from_mins(1);

/// One of each kind of work.
pub const SCENARIOS: [Scenario; 5] = [
    Scenario::Create,
    Scenario::Update(Part::Route),
    Scenario::Rotate,
    Scenario::Revoke,
    Scenario::Delete,
];

/// A scenario in a world of its own, with an operator at work and the invariants watched.
pub struct Course {
    pub world: Arc<World>,
    pub operator: Process,
    pub monitor: Arc<Monitor>,
    scenario: Scenario,
    before: Before,
}

/// Where things take a moment.
pub fn fast() -> Config {
    Config {
        delays: Delays::fast(),
        ..Config::default()
    }
}

impl Course {
    /// `scenario` is about to begin.
    pub async fn of(scenario: Scenario) -> Self {
        Self::in_world(scenario, World::new(fast()).await).await
    }

    /// The same in `world`.
    pub async fn in_world(scenario: Scenario, world: World) -> Self {
        others_come(&world).await;
        let mut operator = None;
        if scenario != Scenario::Create {
            world.create(&object(NAME)).await;
            operator = Some(world.operator());
            world.until(World::is_ready).await;
        }
        let world = Arc::new(world);
        let monitor = Monitor::of(&world, true);
        let before = Before::of(&world);
        world.wire.plan(Vec::new());
        let operator = operator.unwrap_or_else(|| world.operator());
        Self {
            world,
            operator,
            monitor,
            scenario,
            before,
        }
    }

    /// A user asks for it.
    pub async fn begin(&self) {
        self.scenario.begin(&self.world).await;
    }

    /// Time passes, in which the operator works.
    pub async fn pass(&mut self, time: Duration) {
        let end = Instant::now() + time;
        while timeout_at(end, self.world.wire.tripped()).await.is_ok() {
            self.restart();
        }
    }

    /// The operator ends, and the next one starts.
    pub fn restart(&mut self) {
        self.operator = self.world.operator();
    }

    /// A user asks for it, and the operator waits right before its call number `index`. Whether there is such a call before all is done.
    pub async fn begin_up_to(&mut self, index: usize) -> bool {
        self.world.wire.plan(vec![Fault {
            at: At::Call(index),
            effect: Effect::Pause,
        }]);
        self.begin().await;
        let (world, scenario, before) = (self.world.clone(), self.scenario, self.before.clone());
        tokio::select! {
            biased;
            () = world.wire.paused() => true,
            () = go_on(&world, &mut self.operator, |world| scenario.is_done(world, &before)) => false,
        }
    }

    /// What was asked for comes about, nothing more is written then, and no invariant was violated but `excused` ones, which the test itself violates.
    pub async fn end(self, what: &str, excused: &[&str]) {
        let (scenario, before) = (self.scenario, self.before.clone());
        let done = move |world: &World| scenario.is_done(world, &before);
        self.end_when(what, done, excused).await;
    }

    /// The same, where something else is to come about.
    pub async fn end_when(mut self, what: &str, done: impl Fn(&World) -> bool, excused: &[&str]) {
        let came = timeout(MINUTE * 175, go_on(&self.world, &mut self.operator, done)).await;
        let mut outcome = conclude(&self.world, &self.monitor, self.operator, came.is_ok()).await;
        let violations = &mut outcome.violations;
        violations.retain(|seen| !excused.iter().any(|excused| seen.starts_with(excused)));
        let (scenario, log) = (self.scenario, &outcome.log);
        assert!(
            violations.is_empty(),
            "{scenario:?} {what}: {violations:#?} {log:#?}"
        );
    }

    /// No invariant was violated up to now.
    pub fn assert_clean(&self, what: &str) {
        let violations = self.monitor.violations();
        let (scenario, log) = (self.scenario, self.world.wire.log());
        assert!(
            violations.is_empty(),
            "{scenario:?} {what}: {violations:#?} {log:#?}"
        );
    }
}

/// Every call of AWS has `effect`, or every one of `operation`.
pub async fn aws_does(world: &World, operation: &str, effect: Value) {
    let fault = json!({"operation": operation, "count": 0, "effect": effect});
    world.aws_fault(fault).await;
}

/// AWS is itself again.
pub async fn aws_recovers(world: &World) {
    world.admin("DELETE", "/_local/faults", &Value::Null).await;
}

/// How many calls to AWS met a fault of it.
pub async fn struck(world: &World) -> u64 {
    let faults = world.admin("GET", "/_local/faults", &Value::Null).await;
    let faults = faults.as_array().unwrap().iter();
    let hits = faults.map(|fault| {
        let [seen, nth] = ["seen", "nth"].map(|field| fault[field].as_u64().unwrap());
        (seen + 1).saturating_sub(nth)
    });
    hits.sum()
}

/// An error of AWS.
pub fn error(code: &str, status: u16) -> Value {
    json!({"fail": {"code": code, "status": status, "message": format!("said {code}")}})
}

/// The operations that `scenario` needs of AWS, or of the API server, when nothing goes wrong.
pub fn operations(scenario: Scenario, of_aws: bool) -> BTreeSet<String> {
    let reference = reference(scenario);
    let operations = reference.calls.iter().filter_map(|at| match at {
        At::Nth { operation, .. } => Some(operation.clone()),
        _ => None,
    });
    // AWS's begin with a capital letter after the colon.
    let is_aws = |operation: &String| {
        let verb = operation.split_once(':').map(|(_, verb)| verb);
        verb.is_some_and(|verb| verb.starts_with(|c: char| c.is_ascii_uppercase()))
    };
    operations
        .filter(|operation| is_aws(operation) == of_aws)
        .collect()
}

/// Status and reason of a condition.
pub fn says(world: &World, type_: &str) -> (String, String) {
    let condition = world.condition(type_);
    let text = |field: &str| condition[field].as_str().unwrap_or_default().to_owned();
    (text("status"), text("reason"))
}

/// The messages of all conditions.
pub fn messages(world: &World) -> String {
    let conditions = world.object()["status"]["conditions"].clone();
    let conditions = conditions.as_array().cloned().unwrap_or_default();
    let messages = conditions
        .iter()
        .filter_map(|condition| condition["message"].as_str().map(str::to_owned));
    messages.collect::<Vec<_>>().join("\n")
}

/// AWS's own state is changed beside all calls: what is at `path` of the account's Region becomes `value`.
pub fn put_in_aws(world: &World, path: &str, value: &Value) {
    world.aws.with_world(|aws, _| {
        let mut all = serde_json::to_value(&*aws).unwrap();
        let place = &mut all["accounts"][ACCOUNT][REGION];
        *place.pointer_mut(path).unwrap() = value.clone();
        *aws = serde_json::from_value(all).unwrap();
    });
    world.aws.changed();
}

/// Id of the object's replication group.
pub fn group_id(world: &World) -> String {
    let uid = world.object()["metadata"]["uid"].clone();
    format!("capi-{}", uid.as_str().unwrap().replace('-', ""))
}

/// The log of calls to AWS begins anew.
pub async fn forget_calls(world: &World) {
    world.admin("DELETE", "/_local/calls", &Value::Null).await;
}

/// The calls to AWS since then.
pub async fn calls(world: &World) -> Vec<Value> {
    let calls = world.admin("GET", "/_local/calls", &Value::Null).await;
    calls["log"].as_array().unwrap().clone()
}

/// An error of the API server.
pub fn fail(code: u16, reason: &str) -> Kube {
    Kube::Fail {
        code,
        reason: reason.into(),
        message: format!("said {reason}"),
    }
}

/// Every call of `operation` has `effect`.
pub fn kube_does(world: &World, operation: &str, effect: Kube) {
    world.kube.fault(KubeFault::new(operation, effect).count(0));
}
