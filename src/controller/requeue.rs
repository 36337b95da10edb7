use std::time::Duration;

use tokio::time::Instant;

use crate::api::Reason;
use crate::plan::{Class, Failure, Plan, Wait};
use crate::telemetry::Outcome;

use super::backoff;
use super::memory::Memory;

/// What came of a reconcile, and when to look again; only when something changes, if it says none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// What came of it.
    pub outcome: Outcome,
    /// When to look again.
    pub again: Option<Duration>,
}

impl Verdict {
    /// After a failure that concerns the object as a whole.
    #[must_use]
    pub fn missed(memory: &mut Memory, failure: &Failure) -> Self {
        let again = backoff::delay(failure, memory.misses, memory.spread(memory.misses.into()));
        memory.misses += 1;
        Self {
            outcome: Outcome::Failed,
            again: Some(again),
        }
    }

    /// After rounds that ended with `plan`: as soon as something awaited may have come or something that failed may be tried again, and after
    /// `poll`, when the next one is due, in any case.
    #[must_use]
    pub fn after(plan: &Plan, memory: &mut Memory, poll: Duration) -> Self {
        let held = memory
            .next_try()
            .map(|at| at.saturating_duration_since(Instant::now()));
        let spread = memory.spread(memory.polls);
        let blocked = plan.aspects().any(|(_, plan)| !plan.blocks.is_empty());
        let blocked = blocked.then(|| backoff::jitter(Duration::from_mins(5), spread));
        let awaited = wake_up(plan, memory, held.is_some() || blocked.is_some());
        let outcome = match (held, blocked, awaited) {
            (Some(_), _, _) => Outcome::Failed,
            (None, Some(_), _) => Outcome::Blocked,
            (None, None, Some(_)) => Outcome::Waiting,
            (None, None, None) => Outcome::Settled,
        };
        let again = [held, blocked, awaited, plan.scheduled()]
            .into_iter()
            .flatten()
            .fold(poll, Duration::min);
        Self {
            outcome,
            again: Some(again),
        }
    }
}

/// The soonest of the plan's waits. Those for an answer are stretched by our own back-off. One for another aspect of the object does not count
/// as long as anything else, or what is `woken` for otherwise, brings us back: only that can bring what it waits for.
fn wake_up(plan: &Plan, memory: &mut Memory, woken: bool) -> Option<Duration> {
    let all = || plan.aspects().flat_map(|(_, plan)| &plan.waits);
    let of_its_own = |wait: &&Wait| wait.reason != Reason::WaitingForDependency;
    let woken = woken || all().any(|wait| of_its_own(&wait));
    let waits = || all().filter(|wait| !woken || of_its_own(wait));
    let unanswered = |reason| {
        matches!(
            reason,
            Reason::AwsUnavailable | Reason::ApiServerUnavailable | Reason::AccessDenied
        )
    };
    if !waits().any(|wait| unanswered(wait.reason)) {
        memory.misses = 0;
        return waits().map(|wait| wait.again).min();
    }
    let failure = Failure {
        operation: "reconcile",
        class: Class::Transient,
        reason: Reason::AwsUnavailable,
        message: String::new(),
        retry_after: None,
    };
    let patience = backoff::delay(&failure, memory.misses, memory.spread(memory.misses.into()));
    memory.misses += 1;
    waits()
        .map(|wait| {
            if unanswered(wait.reason) {
                wait.again.max(patience)
            } else {
                wait.again
            }
        })
        .min()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::{Aspect, AspectPlan};

    const POLL: Duration = Duration::from_mins(10);

    fn failure(class: Class) -> Failure {
        Failure {
            operation: "apigateway:PutRestApi",
            class,
            reason: Reason::AwsUnavailable,
            message: String::new(),
            retry_after: None,
        }
    }

    fn waiting(reason: Reason, seconds: u64) -> Plan {
        Plan {
            cache: AspectPlan::wait(reason, "for it", Duration::from_secs(seconds)),
            ..Plan::default()
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_settled_object_is_looked_at_when_the_next_poll_is_due() {
        let verdict = Verdict::after(&Plan::default(), &mut Memory::default(), POLL);
        assert_eq!(
            verdict,
            Verdict {
                outcome: Outcome::Settled,
                again: Some(POLL)
            }
        );
    }

    #[tokio::test(start_paused = true)]
    async fn the_soonest_wait_decides() {
        let mut memory = Memory::default();
        let verdict = Verdict::after(&waiting(Reason::Provisioning, 15), &mut memory, POLL);
        assert_eq!(
            verdict,
            Verdict {
                outcome: Outcome::Waiting,
                again: Some(Duration::from_secs(15))
            }
        );
    }

    #[tokio::test(start_paused = true)]
    async fn a_failed_aspect_does_not_hold_up_what_another_waits_for() {
        let mut memory = Memory::default();
        memory.hold(Aspect::Api.into(), failure(Class::Blocked));
        let verdict = Verdict::after(&waiting(Reason::Provisioning, 15), &mut memory, POLL);
        assert_eq!(
            verdict,
            Verdict {
                outcome: Outcome::Failed,
                again: Some(Duration::from_secs(15))
            }
        );
    }

    #[tokio::test(start_paused = true)]
    async fn what_waits_for_another_aspect_is_looked_at_with_that_one() {
        let mut memory = Memory::default();
        let bindings = waiting(Reason::WaitingForDependency, 10).cache;
        let alone = Plan {
            bindings: bindings.clone(),
            ..Plan::default()
        };
        let verdict = Verdict::after(&alone, &mut memory, POLL);
        assert_eq!(verdict.again, Some(Duration::from_secs(10)), "nothing else");
        let both = Plan {
            bindings,
            ..waiting(Reason::Provisioning, 30)
        };
        let verdict = Verdict::after(&both, &mut memory, POLL);
        assert_eq!(verdict.again, Some(Duration::from_secs(30)));
        memory.hold(Aspect::Api.into(), failure(Class::Blocked));
        let verdict = Verdict::after(&alone, &mut memory, POLL);
        assert!(verdict.again > Some(Duration::from_mins(4)), "{verdict:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_blocked_object_is_looked_at_after_some_five_minutes() {
        let plan = Plan {
            api: AspectPlan::block(Reason::NameTaken, "taken"),
            ..Plan::default()
        };
        let verdict = Verdict::after(&plan, &mut Memory::default(), POLL);
        assert_eq!(verdict.outcome, Outcome::Blocked);
        assert!(
            (270..=330).contains(&verdict.again.unwrap().as_secs()),
            "{verdict:?}"
        );
    }

    #[tokio::test(start_paused = true)]
    async fn the_longer_somebody_is_silent_or_refuses_the_rarer_he_is_asked() {
        for reason in [
            Reason::AwsUnavailable,
            Reason::ApiServerUnavailable,
            Reason::AccessDenied,
        ] {
            let mut memory = Memory::default();
            let plan = waiting(reason, 10);
            let waits: Vec<u64> = (0..8)
                .map(|_| {
                    Verdict::after(&plan, &mut memory, POLL)
                        .again
                        .unwrap()
                        .as_secs()
                })
                .collect();
            assert!(
                waits.windows(2).all(|pair| pair[0] <= pair[1]) && waits[0] == 10 && waits[7] > 100,
                "{reason:?}: {waits:?}"
            );
            let _ = Verdict::after(&Plan::default(), &mut memory, POLL);
            assert_eq!(memory.misses, 0, "{reason:?}: an answer ends it");
        }
    }
}
