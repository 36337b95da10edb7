use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::Arc;

use kube::ResourceExt;
use kube::runtime::controller::Action;
use tokio::sync::Mutex;
use tokio::time::Instant;
use tracing::Instrument;
use uuid::Uuid;

use crate::api::{ANNOTATION_PAUSED, CachedApi, ManagementPolicy, Reason};
use crate::cluster::{Subject, has_our_finalizer};
use crate::model::{self, Desired, Estate, Identity, Requests, Violation};
use crate::plan::{
    Aspect, Class, Depth, Failure, Observed, ObservedSecret, Plan, Scope, SecretValue, Seen,
};
use crate::status::Report;
use crate::telemetry::Outcome;

use super::context::Context;
use super::identity::whereabouts;
use super::memory::{self, Memory};
use super::narrate;
use super::recollect::{bound_functions, known_names, recollect};
use super::report;
use super::requeue::Verdict;
use super::rounds::{Goal, Rounds};
use super::unreadable;
use super::watch::Guarded;

/// Works on one object until there is nothing to do at once, and says when to look again. Never fails: failures are part of the verdict.
pub async fn reconcile(object: Arc<Guarded>, context: Arc<Context>) -> Result<Action, Infallible> {
    let permit = context.permits.acquire().await;
    if permit.is_err() || context.is_stopping() {
        return Ok(Action::await_change());
    }
    let span = tracing::info_span!(
        "reconcile",
        namespace = object.namespace(),
        name = object.name_any()
    );
    let started = Instant::now();
    let verdict = Box::pin(attend(&object, &context).instrument(span)).await;
    context
        .metrics
        .reconciled(verdict.outcome, started.elapsed());
    Ok(verdict
        .again
        .map_or_else(Action::await_change, Action::requeue))
}

async fn attend(object: &Guarded, context: &Context) -> Verdict {
    let object = match &object.0 {
        Ok(object) => object,
        Err(invalid) => {
            tracing::error!(
                error = invalid.error,
                "the object is not a CachedApi of this version and is left alone"
            );
            if let Err(failure) = unreadable::tell(object, context).await {
                tracing::warn!(%failure, "the object's status does not say so");
            }
            return Verdict {
                outcome: Outcome::Unreadable,
                again: Some(context.poll),
            };
        }
    };
    let mut memory = context.memories.take(object);
    let verdict = match Box::pin(pursue(object, &mut memory, context)).await {
        Ok(verdict) => verdict,
        Err(failure) => {
            tracing::warn!(reason = failure.reason.as_str(), %failure, "the reconcile ended early");
            Verdict::missed(&mut memory, &failure)
        }
    };
    tracing::debug!(?verdict, "reconciled");
    if verdict.outcome == Outcome::Gone {
        context.census.forget(&memory::key(object));
    } else {
        context.memories.keep(memory::key(object), memory);
    }
    verdict
}

async fn pursue(
    object: &CachedApi,
    memory: &mut Memory,
    context: &Context,
) -> Result<Verdict, Failure> {
    let subject = Subject::new(&context.cluster, object.clone());
    let deleting = object.metadata.deletion_timestamp.is_some();
    if deleting && !has_our_finalizer(object) {
        return Ok(Verdict {
            outcome: Outcome::Gone,
            again: None,
        });
    }
    if object
        .annotations()
        .get(ANNOTATION_PAUSED)
        .is_some_and(|paused| paused == "true")
    {
        return Box::pin(rest(subject, context, Resting::Paused)).await;
    }
    let identity = identify(object, context)?;
    if deleting {
        let estate = estate(identity, object);
        return Box::pin(take_down(subject, memory, context, estate)).await;
    }
    match memory.desired(|| understand(identity, object)) {
        Ok(desired) => Box::pin(bring_up(subject, memory, context, desired)).await,
        Err(violations) => Box::pin(rest(subject, context, Resting::Stalled(violations))).await,
    }
}

/// What the object asks for by its spec and its annotations, or everything that is wrong with them.
fn understand(identity: Identity, object: &CachedApi) -> Result<Desired, Vec<Violation>> {
    let mut desired = model::validate(identity, &object.spec)?;
    desired.secret.rotation.requests = Requests::read(object.annotations())?;
    Ok(desired)
}

fn identify(object: &CachedApi, context: &Context) -> Result<Identity, Failure> {
    let uid = object.uid().unwrap_or_default();
    let uid = Uuid::parse_str(&uid).map_err(|error| Failure {
        operation: "reconcile",
        class: Class::Blocked,
        reason: Reason::InternalError,
        message: format!("metadata.uid {uid:?} is no UUID: {error}"),
        retry_after: None,
    })?;
    Ok(Identity {
        namespace: object.namespace().unwrap_or_default(),
        name: object.name_any(),
        uid,
        cluster: context.identity.clone(),
    })
}

fn estate(identity: Identity, object: &CachedApi) -> Estate {
    let known = object
        .status
        .iter()
        .flat_map(|status| &status.api)
        .flat_map(|api| api.functions.iter().cloned());
    let status = object.status.as_ref();
    let bound = bound_functions(status);
    let estate = Estate::new(identity, &object.spec, known, bound);
    let (group, secret) = known_names(status);
    estate.known_as(group, secret)
}

/// Why nothing is done for an object.
enum Resting {
    Paused,
    Stalled(Vec<Violation>),
}

/// Only says that nothing is done, and why.
async fn rest(mut subject: Subject, context: &Context, why: Resting) -> Result<Verdict, Failure> {
    let (violations, outcome) = match why {
        Resting::Paused => (Vec::new(), Outcome::Paused),
        Resting::Stalled(violations) => (violations, Outcome::Stalled),
    };
    let metadata = &subject.object().metadata;
    let report = Report {
        generation: subject.generation(),
        desired: None,
        observed: &Observed::default(),
        plan: &Plan::default(),
        failures: &[],
        violations: &violations,
        previous: None,
        now: context.clock.now(),
        paused: outcome == Outcome::Paused,
        deleting: metadata.deletion_timestamp.is_some(),
    };
    report::publish(context, &mut subject, report).await?;
    Ok(Verdict {
        outcome,
        again: Some(context.poll),
    })
}

async fn bring_up(
    mut subject: Subject,
    memory: &mut Memory,
    context: &Context,
    desired: Arc<Desired>,
) -> Result<Verdict, Failure> {
    if desired.management == ManagementPolicy::Manage {
        subject.add_finalizer().await?;
    }
    let begun = begin(subject, memory, context, Goal::Live(desired));
    let mut rounds = Box::pin(begun).await;
    rounds.depth = memory.depth();
    let is_poll = matches!(rounds.depth, Depth::Poll(_));
    if !is_poll && let Some(rest) = memory.rested(context.poll) {
        rounds.observed.rely_on(rest);
    }
    let plan = go_round(&mut rounds, memory).await?;
    // One that ended early has its turn again: what it found would be looked at after all others.
    memory.polls += u64::from(is_poll);
    memory.settled = plan.is_quiet() && rounds.failures.is_empty();
    memory.busy = !plan.is_settled();
    let failed = |aspect| rounds.failures.keys().any(|scope| scope.aspect() == aspect);
    let waits = memory.busy || !memory.settled;
    memory.rest(waits.then(|| rounds.observed.at_rest(&plan, failed)));
    let poll = context.next_poll(memory);
    Ok(Verdict::after(&plan, memory, poll))
}

async fn take_down(
    subject: Subject,
    memory: &mut Memory,
    context: &Context,
    estate: Estate,
) -> Result<Verdict, Failure> {
    let mut rounds = Box::pin(begin(
        subject,
        memory,
        context,
        Goal::Gone(Box::new(estate)),
    ))
    .await;
    let plan = go_round(&mut rounds, memory).await?;
    if plan.is_settled() && rounds.failures.is_empty() {
        if let Some(subject) = rounds.subject {
            subject.into_inner().remove_finalizer().await?;
        }
        return Ok(Verdict {
            outcome: Outcome::Gone,
            again: None,
        });
    }
    let poll = context.next_poll(memory);
    Ok(Verdict::after(&plan, memory, poll))
}

/// Rounds that know what status and memory know. Without AWS's word on who we are, AWS is left alone.
async fn begin<'a>(
    subject: Subject,
    memory: &mut Memory,
    context: &'a Context,
    goal: Goal,
) -> Box<Rounds<'a>> {
    let mut observed = recollect(subject.status(), memory);
    let mut failures = memory.held();
    let mut aws = context.accounts.own().clone();
    let mut caller = None;
    match whereabouts(&subject, context, goal.region()).await {
        Ok((seen_as, identity)) => {
            observed.account = Some(identity.account.clone());
            (aws, caller) = (seen_as, Some(identity));
        }
        Err(failure) => {
            for scope in Aspect::ALL.map(Scope::from) {
                failures.entry(scope.clone()).or_insert_with(|| {
                    memory.hold(scope, failure.clone());
                    failure.clone()
                });
            }
        }
    }
    Box::new(Rounds {
        context,
        subject: Some(Mutex::new(subject)),
        aws,
        caller,
        goal,
        observed,
        depth: Depth::Full,
        acted: memory.acted,
        failures,
    })
}

/// Those of the versions that have a label.
fn values_worth_keeping(secret: &ObservedSecret) -> BTreeMap<String, Seen<SecretValue>> {
    let labelled = |version: &String| {
        secret.secret.present().is_none_or(|secret| {
            secret
                .versions
                .get(version)
                .is_some_and(|labels| !labels.is_empty())
        })
    };
    let values = secret.values.iter();
    values
        .filter(|(version, value)| value.present().is_some() && labelled(version))
        .map(|(version, value)| (version.clone(), value.clone()))
        .collect()
}

/// Counts what keeps the password from what is to be done for it.
fn count_failures(rounds: &Rounds, held: &[Scope], plan: &Plan) {
    let scope = Scope::from(Aspect::Credentials);
    let failure = rounds.failures.get(&scope);
    let failed = failure
        .filter(|_| !held.contains(&scope))
        .map(|failure| failure.reason);
    let plan = &plan.credentials;
    let blocked = plan.blocks.iter().map(|block| block.reason);
    let waiting = plan.waits.iter().map(|wait| wait.reason);
    let stuck = blocked
        .chain(waiting)
        .filter(|reason| narrate::is_alarming(*reason));
    for reason in failed.into_iter().chain(stuck) {
        rounds.context.metrics.rotation_failed(reason.as_str());
    }
}

/// Runs the rounds and remembers what they tell: what to leave alone, and what was seen.
async fn go_round(rounds: &mut Rounds<'_>, memory: &mut Memory) -> Result<Plan, Failure> {
    let held: Vec<Scope> = rounds.failures.keys().cloned().collect();
    let begun = rounds.context.clock.now();
    let plan = rounds.run().await;
    rounds.settle_written(begun);
    if let Ok(plan) = &plan {
        count_failures(rounds, &held, plan);
    }
    (memory.acted, memory.sightings) = (rounds.acted, rounds.observed.cache.available_sightings);
    memory.spellings = rounds.observed.cache.spellings.clone();
    memory
        .known_users
        .clone_from(&rounds.observed.cache.known_users);
    memory
        .brought_in
        .clone_from(&rounds.observed.secret.brought_in);
    memory.tokens = rounds.observed.secret.tokens.clone();
    memory.written = std::mem::take(&mut rounds.observed.written);
    memory.tags = rounds.observed.cache.tags.clone();
    memory.values = values_worth_keeping(&rounds.observed.secret);
    for (scope, failure) in &rounds.failures {
        if !held.contains(scope) {
            memory.hold(scope.clone(), failure.clone());
        }
    }
    memory.release(|scope| rounds.failures.contains_key(scope));
    plan
}
