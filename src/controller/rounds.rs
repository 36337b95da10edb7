use std::collections::BTreeMap;
use std::sync::Arc;

use futures::future::join_all;
use futures::stream::{self, StreamExt};
use jiff::Timestamp;
use tokio::sync::Mutex;

use crate::api::Reason;
use crate::aws::CallerIdentity;
use crate::cluster::{Content, Subject};
use crate::login;
use crate::model::{Desired, Estate};
use crate::plan::audit::{Basis, Purpose, audit};
use crate::plan::{
    self, Action, Aspect, AspectPlan, Attempt, Class, ClusterAction, Depth, Fact, Failure,
    Observed, Plan, Read, Scope, Seen, Sensitive,
};
use crate::status::Report;

use super::context::Context;
use super::{narrate, report};

/// Rounds after which something is wrong: a creation takes about ten.
const MOST_ROUNDS: usize = 40;
/// Times that a plan may ask for more before it decides: the longest chain of things that must be known one after the other is four long.
const MOST_LOOKS: usize = 20;
/// Reads of one object that are under way at a time; the governor paces them over all objects.
const READS_AT_A_TIME: usize = 8;

/// What the rounds lead to.
pub enum Goal {
    /// AWS as the spec wants it.
    Live(Arc<Desired>),
    /// Nothing left in AWS.
    Gone(Box<Estate>),
}

impl Goal {
    fn plan(&self, observed: &Observed, context: plan::Context) -> Plan {
        match self {
            Self::Live(desired) => plan::plan(desired, observed, context),
            Self::Gone(estate) => plan::plan_teardown(estate, observed, context),
        }
    }

    /// AWS Region of the object.
    pub fn region(&self) -> &str {
        match self {
            Self::Live(desired) => &desired.region,
            Self::Gone(estate) => &estate.region,
        }
    }

    fn desired(&self) -> Option<&Desired> {
        match self {
            Self::Live(desired) => Some(desired),
            Self::Gone(_) => None,
        }
    }
}

/// The rounds of one reconcile: look, report, act, and again until there is nothing to do at once.
///
/// An aspect whose write failed is left alone for the rest of the reconcile, because what was seen of it may no longer be so; the others go on. Of the bindings, that
/// is so for each consumer by itself.
pub struct Rounds<'a> {
    /// What every reconcile works with.
    pub context: &'a Context,
    /// The object; none when it is gone, and what it left is taken down.
    pub subject: Option<Mutex<Subject>>,
    /// Whom AWS took us for when the reconcile began, if that matters: what is not found may be in the account that other credentials are of.
    pub caller: Option<CallerIdentity>,
    /// What the rounds lead to.
    pub goal: Goal,
    /// What was seen.
    pub observed: Observed,
    /// How closely to look.
    pub depth: Depth,
    /// When this process acted last on the object.
    pub acted: Option<Timestamp>,
    /// What failed, now or in an earlier reconcile, and is left alone.
    pub failures: BTreeMap<Scope, Failure>,
}

impl Rounds<'_> {
    /// Runs the rounds, and returns what is left to do, to wait for, or for others.
    pub async fn run(&mut self) -> Result<Plan, Failure> {
        for _ in 0..MOST_ROUNDS {
            let plan = self.look().await;
            self.confirm_caller()?;
            self.audit(&plan)?;
            self.report(&plan).await?;
            if self.context.is_stopping() || !self.stays(&plan).await? || !self.act(&plan).await {
                return Ok(plan);
            }
        }
        Err(bug("it does not come to an end"))
    }

    /// Fails when the credentials are others than those that the reconcile began with.
    pub fn confirm_caller(&self) -> Result<(), Failure> {
        let known = self.caller.as_ref();
        if known.is_none_or(|caller| self.context.aws.is_still(caller)) {
            return Ok(());
        }
        Err(Failure {
            operation: "reconcile",
            class: Class::Transient,
            reason: Reason::AwsUnavailable,
            message:
                "the operator's credentials were refreshed meanwhile; the reconcile begins anew"
                    .into(),
            retry_after: None,
        })
    }

    /// Whether the object that something is to be done for is there to stay. One that is not has had, or will have, a reconcile that takes down what it has.
    async fn stays(&self, plan: &Plan) -> Result<bool, Failure> {
        let acts = plan.aspects().any(|(_, plan)| !plan.actions.is_empty());
        match (&self.goal, &self.subject) {
            (Goal::Live(_), Some(subject)) if acts => subject.lock().await.stays().await,
            _ => Ok(true),
        }
    }

    /// Plans, reads what the plan asks for, and plans again, until it asks for nothing more.
    async fn look(&mut self) -> Plan {
        for _ in 0..MOST_LOOKS {
            let plan = self.plan();
            let reads = self.wanted(&plan);
            if !reads.is_empty() {
                self.read(reads).await;
            } else if self.depth.is_full() || plan.is_quiet() {
                return plan;
            } else {
                self.depth = Depth::Full;
            }
        }
        let plan = self.plan();
        for (aspect, _) in plan.aspects().filter(|(_, plan)| !plan.reads.is_empty()) {
            self.failures
                .insert(aspect.into(), bug("it does not stop asking for the same"));
        }
        plan
    }

    fn plan(&self) -> Plan {
        self.goal.plan(&self.observed, self.plan_context())
    }

    /// Takes note of which of the writes show by now. `begun` is when the reconcile began; one that takes things down does not look for what was made.
    pub fn settle_written(&mut self, begun: Timestamp) {
        if self.observed.written.is_empty() || self.goal.desired().is_none() {
            return;
        }
        let mut written = std::mem::take(&mut self.observed.written);
        let wanted = self.plan();
        written.settle(&wanted, begun, self.context.clock.now());
        self.observed.written = written;
    }

    fn plan_context(&self) -> plan::Context {
        plan::Context {
            now: self.context.clock.now(),
            depth: self.depth,
            acted: self.acted,
            request_lifetime: self.context.request_lifetime,
            consumer_policies: self.context.consumer_policies,
        }
    }

    /// A plan that breaks an invariant is not carried out.
    fn audit(&self, plan: &Plan) -> Result<(), Failure> {
        let (identity, purpose) = match &self.goal {
            Goal::Live(desired) => (&desired.identity, Purpose::from(&**desired)),
            Goal::Gone(estate) => (&estate.identity, Purpose::from(&**estate)),
        };
        let basis = Basis {
            identity,
            observed: &self.observed,
            context: self.plan_context(),
            purpose,
        };
        let broken = audit(basis, plan).into_iter().next();
        broken.map_or(Ok(()), |broken| Err(bug(&broken)))
    }

    /// What the plan asks for, once each, without the aspects that are left alone.
    fn wanted(&self, plan: &Plan) -> Vec<Read> {
        let mut reads: Vec<Read> = self
            .active(plan)
            .flat_map(|(_, plan)| plan.reads.iter().cloned())
            .collect();
        reads.sort();
        reads.dedup();
        reads
    }

    fn active<'p>(&self, plan: &'p Plan) -> impl Iterator<Item = (Aspect, &'p AspectPlan)> {
        plan.aspects()
            .filter(|(aspect, _)| !self.failures.contains_key(&(*aspect).into()))
    }

    async fn read(&mut self, reads: Vec<Read>) {
        let this = &*self;
        let facts: Vec<Fact> = stream::iter(reads)
            .map(|read| this.read_one(read))
            .buffer_unordered(READS_AT_A_TIME)
            .collect()
            .await;
        for fact in facts {
            self.count_sighting(&fact);
            self.observed.record(fact);
        }
    }

    async fn read_one(&self, read: Read) -> Fact {
        if let Read::Login(attempt) = &read {
            return Box::pin(self.log_in(attempt)).await;
        }
        if let Read::BoundSecret { name } = read {
            let secret = match self.subject() {
                Ok(subject) => {
                    let subject = subject.lock().await;
                    let cluster = &self.context.cluster;
                    Box::pin(cluster.read_secret(subject.object(), &name)).await
                }
                Err(failure) => Seen::Unknown(failure),
            };
            return Fact::BoundSecret { name, secret };
        }
        if let Read::Workload(workload) = read {
            let observed = match self.subject() {
                Ok(subject) => {
                    let subject = subject.lock().await;
                    let cluster = &self.context.cluster;
                    Box::pin(cluster.read_workload(subject.object(), &workload)).await
                }
                Err(failure) => Seen::Unknown(failure),
            };
            return Fact::Workload { workload, observed };
        }
        self.context.aws.read(self.goal.region(), &read).await
    }

    /// The planner asks for logins only with versions that were read; without a password nobody knows.
    async fn log_in(&self, attempt: &Attempt) -> Fact {
        let value = self.observed.secret.value(&attempt.version).present();
        let no_password = Sensitive::new("");
        let password = value.map_or(&no_password, |value| &value.password);
        Fact::Login {
            version: attempt.version.clone(),
            login: login::log_in(&*self.context.login, attempt, password).await,
        }
    }

    /// Two sightings of an available group in a row are two reads of it; the reply to a write is none.
    fn count_sighting(&mut self, fact: &Fact) {
        if let Fact::ReplicationGroup(seen) = fact {
            let available = seen
                .present()
                .is_some_and(|group| group.status == "available");
            let sightings = &mut self.observed.cache.available_sightings;
            *sightings = if available {
                sightings.saturating_add(1)
            } else {
                0
            };
        }
    }

    /// The object, for what cannot be asked or written without one.
    fn subject(&self) -> Result<&Mutex<Subject>, Failure> {
        let gone = || bug("the API server is needed for an object that is gone");
        self.subject.as_ref().ok_or_else(gone)
    }

    async fn report(&self, plan: &Plan) -> Result<(), Failure> {
        let Some(subject) = &self.subject else {
            return Ok(());
        };
        let failures: Vec<(Scope, Failure)> = self
            .failures
            .iter()
            .map(|(scope, failure)| (scope.clone(), failure.clone()))
            .collect();
        let mut subject = subject.lock().await;
        let report = Report {
            generation: subject.generation(),
            desired: self.goal.desired(),
            observed: &self.observed,
            plan,
            failures: &failures,
            violations: &[],
            previous: None,
            now: self.context.clock.now(),
            paused: false,
            deleting: self.goal.desired().is_none(),
        };
        report::publish(self.context, &mut subject, report).await
    }

    /// Carries out what the plan decided, the aspects side by side; says whether there was anything.
    async fn act(&mut self, plan: &Plan) -> bool {
        let this = &*self;
        let ready = this
            .active(plan)
            .filter(|(_, plan)| plan.reads.is_empty())
            .map(|(aspect, plan)| (aspect, this.open(aspect, plan)))
            .filter(|(_, actions)| !actions.is_empty());
        let results: Vec<Acted> =
            join_all(ready.map(|(aspect, actions)| this.act_on(aspect, actions))).await;
        this.tell(&results).await;
        for acted in &results {
            self.take_in(acted);
        }
        !results.is_empty()
    }

    /// The actions of an aspect, without those on what is left alone.
    fn open<'p>(&self, aspect: Aspect, plan: &'p AspectPlan) -> Vec<&'p Action> {
        let actions = plan.actions.iter();
        actions
            .filter(|action| !self.failures.contains_key(&Scope::of(aspect, action)))
            .collect()
    }

    /// Carries out the actions up to the first that fails, but for those of other consumers.
    async fn act_on<'p>(&self, aspect: Aspect, actions: Vec<&'p Action>) -> Acted<'p> {
        let mut acted = Acted {
            aspect,
            done: Vec::new(),
            failed: Vec::new(),
        };
        for action in actions {
            let (operation, target) = (action.operation(), action.target());
            match self.execute(action).await {
                Ok(fact) => {
                    tracing::info!(aspect = aspect.as_str(), operation, target, "done");
                    acted.done.push((action, fact));
                }
                Err(failure) => {
                    tracing::warn!(aspect = aspect.as_str(), operation, target, reason = failure.reason.as_str(), %failure, "failed");
                    let scope = Scope::of(aspect, action);
                    let ends = scope == aspect.into();
                    acted.failed.push((action, scope, failure));
                    if ends {
                        break;
                    }
                }
            }
        }
        acted
    }

    /// Publishes what was done, all at once: an event takes as long as a write.
    async fn tell(&self, results: &[Acted<'_>]) {
        let Some(subject) = &self.subject else {
            return;
        };
        let object = subject.lock().await.object().clone();
        let notes = results.iter().flat_map(|acted| {
            let done = acted.done.iter();
            done.filter_map(|(action, _)| narrate::written(acted.aspect, action))
        });
        join_all(notes.map(|note| self.context.cluster.publish(&object, note))).await;
    }

    fn take_in(&mut self, acted: &Acted) {
        let now = self.context.clock.now();
        self.acted = Some(now);
        for (action, fact) in &acted.done {
            self.observed.written.add(action, now, fact.is_some());
            self.observed.learn(action, fact.clone());
        }
        for (action, scope, failure) in &acted.failed {
            self.observed.forget(action);
            self.failures.insert(scope.clone(), failure.clone());
        }
    }

    async fn execute(&self, action: &Action) -> Result<Option<Fact>, Failure> {
        match action {
            Action::Cluster(action) => self.execute_in_cluster(action).await,
            action => self.context.aws.execute(self.goal.region(), action).await,
        }
    }

    async fn execute_in_cluster(&self, action: &ClusterAction) -> Result<Option<Fact>, Failure> {
        let cluster = &self.context.cluster;
        let mut subject = self.subject()?.lock().await;
        match action {
            ClusterAction::RecordIntent { kind } => {
                let at = self.context.clock.now();
                subject.record_intent(kind, at).await?;
                let kind = (*kind).to_owned();
                Ok(Some(Fact::Announced { kind, at }))
            }
            ClusterAction::ApplySecret {
                name,
                data,
                version,
            } => {
                let content = Content {
                    data,
                    version: version.as_deref(),
                };
                let secret = cluster
                    .apply_secret(subject.object(), name, &content)
                    .await?;
                Ok(Some(Fact::BoundSecret {
                    name: name.clone(),
                    secret: Seen::Present(secret),
                }))
            }
            ClusterAction::RollWorkload {
                workload,
                uid,
                version,
            } => {
                let rolled = cluster
                    .roll_workload(subject.object(), (workload, uid), version)
                    .await?;
                Ok(Some(Fact::Workload {
                    workload: workload.clone(),
                    observed: Seen::Present(rolled),
                }))
            }
            ClusterAction::DeleteSecret {
                name,
                resource_version,
            } => cluster
                .delete_secret(subject.object(), name, resource_version)
                .await
                .map(|()| None),
        }
    }
}

/// What became of the actions of an aspect.
struct Acted<'p> {
    aspect: Aspect,
    done: Vec<(&'p Action, Option<Fact>)>,
    failed: Vec<(&'p Action, Scope, Failure)>,
}

fn bug(what: &str) -> Failure {
    let message = format!("{what}; please report this as a bug of the operator");
    Failure {
        operation: "reconcile",
        class: Class::Transient,
        reason: Reason::InternalError,
        message,
        retry_after: None,
    }
}
