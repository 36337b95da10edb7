use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Duration;

use crate::plan::{Class, Failure};

/// First and longest delay after failures of `class`. A blocked object waits for people or for other controllers, which a watch cannot see.
const fn bounds(class: Class) -> (Duration, Duration) {
    match class {
        Class::Transient => (Duration::from_secs(1), Duration::from_mins(5)),
        Class::Busy => (Duration::from_secs(5), Duration::from_mins(1)),
        Class::Blocked => (Duration::from_mins(5), Duration::from_mins(15)),
    }
}

/// How long to wait after `failure`, the `attempt`th in a row, counted from 0: doubling up to the class's longest, but never less than what
/// the service asked for. `spread` is a number in [0, 1).
#[must_use]
pub fn delay(failure: &Failure, attempt: u32, spread: f64) -> Duration {
    let (first, longest) = bounds(failure.class);
    let doubled = first
        .saturating_mul(2_u32.saturating_pow(attempt))
        .min(longest);
    jitter(doubled, spread).max(failure.retry_after.unwrap_or_default())
}

/// Part of the time between polls by which one may be late, so that it falls together with others.
const SLACK: u32 = 100;

/// How long to wait for the next poll: `interval`, a tenth more or less, and on to the next moment of those that the polls of all objects fall on.
/// They are [`SLACK`] to an interval, counted from when the process took up its work, which was `elapsed` ago. `spread` is a number in [0, 1).
///
/// Looks one after the other find code and data in the processor's caches; one on its own, after a pause in which others had the processor, takes
/// half as much time again (docs/decisions/0012-polls-fall-together.md). The governor keeps the quotas, as it does when all objects of a new process are looked at at once.
#[must_use]
pub fn poll(interval: Duration, spread: f64, elapsed: Duration) -> Duration {
    let slack = interval / SLACK;
    let due = elapsed + jitter(interval, spread);
    let moment = slack.mul_f64(due.div_duration_f64(slack).ceil());
    moment.saturating_sub(elapsed)
}

/// `duration`, a tenth more or less.
#[must_use]
pub fn jitter(duration: Duration, spread: f64) -> Duration {
    duration.mul_f64(0.9 + 0.2 * spread)
}

/// A number in [0, 1) that differs from object to object and from one time to the next, and is the same in every run: it keeps objects that
/// were created together from meeting at the quota for ever, and needs no source of randomness.
#[must_use]
#[allow(clippy::cast_precision_loss)] // 53 of 64 bits are plenty.
pub fn spread(uid: &str, turn: u64) -> f64 {
    let mut hasher = DefaultHasher::new();
    (uid, turn).hash(&mut hasher);
    (hasher.finish() >> 11) as f64 / (1_u64 << 53) as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::Reason;

    fn failure(class: Class, retry_after: Option<Duration>) -> Failure {
        Failure {
            operation: "apigateway:PutRestApi",
            class,
            reason: Reason::AwsUnavailable,
            message: String::new(),
            retry_after,
        }
    }

    #[test]
    fn transient_failures_double_from_a_second_to_five_minutes() {
        let failure = failure(Class::Transient, None);
        let seconds = |attempt| delay(&failure, attempt, 0.5).as_secs();
        assert_eq!(
            [0, 1, 2, 3, 8, 9, 40].map(seconds),
            [1, 2, 4, 8, 256, 300, 300]
        );
    }

    #[test]
    fn blocked_objects_are_looked_at_every_five_to_fifteen_minutes() {
        let failure = failure(Class::Blocked, None);
        let minutes = |attempt| delay(&failure, attempt, 0.5).as_secs() / 60;
        assert_eq!([0, 1, 2, 3].map(minutes), [5, 10, 15, 15]);
    }

    #[test]
    fn what_the_service_asks_for_is_honoured() {
        let asked = Duration::from_secs(42);
        assert_eq!(
            delay(&failure(Class::Transient, Some(asked)), 0, 0.0),
            asked
        );
        assert!(
            delay(&failure(Class::Transient, Some(asked)), 12, 0.0) > asked,
            "a longer back-off of our own stays"
        );
    }

    #[test]
    fn objects_are_spread_and_runs_are_alike() {
        let first: Vec<f64> = (0..100).map(|n| spread(&format!("uid-{n}"), 7)).collect();
        let again: Vec<f64> = (0..100).map(|n| spread(&format!("uid-{n}"), 7)).collect();
        assert_eq!(first, again);
        assert!(first.iter().all(|spread| (0.0..1.0).contains(spread)));
        let low = first.iter().filter(|spread| **spread < 0.5).count();
        assert!((30..70).contains(&low), "{low} of 100 in the lower half");
    }

    #[test]
    fn polls_of_all_objects_fall_on_the_same_moments_a_tenth_early_or_late() {
        let interval = Duration::from_mins(10);
        for (object, turn) in [("a", 0), ("a", 1), ("b", 0), ("c", 7)] {
            let elapsed = Duration::from_millis(1_234 * (turn + 1));
            let wait = poll(interval, spread(object, turn), elapsed);
            assert!(
                (interval.mul_f64(0.9)..interval.mul_f64(1.11)).contains(&wait),
                "{wait:?}"
            );
            let moment = (elapsed + wait).as_secs_f64() / 6.0;
            assert!(
                (moment - moment.round()).abs() < 1e-6,
                "{object} {turn}: {moment}"
            );
        }
    }
}
