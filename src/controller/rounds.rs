mod acting;
mod reading;

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use tokio::sync::Mutex;

use crate::api::Reason;
use crate::aws::{Aws, CallerIdentity};
use crate::cluster::Subject;
use crate::model::{Desired, Estate};
use crate::plan::audit::{Basis, Purpose, audit};
use crate::plan::{self, Aspect, AspectPlan, Class, Depth, Failure, Observed, Plan, Scope};
use crate::status::Report;

use super::context::Context;
use super::report;

/// Rounds after which something is wrong: a creation takes about ten.
const MOST_ROUNDS: usize = 40;
/// Times that a plan may ask for more before it decides: the longest chain of things that must be known one after the other is four long.
const MOST_LOOKS: usize = 20;

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
    /// AWS as the identity sees it that works for the object.
    pub aws: Aws,
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
    fn confirm_caller(&self) -> Result<(), Failure> {
        let known = self.caller.as_ref();
        if known.is_none_or(|caller| self.aws.is_still(caller)) {
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

    fn active<'p>(&self, plan: &'p Plan) -> impl Iterator<Item = (Aspect, &'p AspectPlan)> {
        plan.aspects()
            .filter(|(aspect, _)| !self.failures.contains_key(&(*aspect).into()))
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
