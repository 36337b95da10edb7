//! How closely a round looks, and how soon to look again.

use std::time::Duration;

use jiff::Timestamp;

use super::Context;

/// How closely to look at what seems to be as desired.
///
/// What is found to differ is always looked at in full before anything is written: a poll that finds a deviation asks for the rest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Depth {
    /// Everything is read. For the first round of a process, after a change of the spec, after an action, and until all is settled.
    Full,
    /// The parts that most often change behind our back, and the `n`th of the others in turn, so that a poll costs six AWS calls:
    /// `GetRestApi`, `GetStage`, `DescribeReplicationGroups`, `DescribeUsers` of the user named `default`, `DescribeSecret` (where there is a password) and one of [`Rotating`].
    /// A login to the cache comes with it, which tells what the user group and the user's passwords are like.
    Poll(u64),
    /// Only what is awaited, what a poll always reads of the cache and the secret: while something goes on that nobody notices.
    Glance,
}

/// What polls read in turn: one each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[allow(missing_docs)] // Each is named after the `Read` that it stands for.
pub enum Rotating {
    Methods,
    Deployments,
    CacheNode,
    User,
    UserGroup,
    SubnetGroup,
    Permissions,
    ApiKeys,
    UsagePlan,
    Functions,
    OtherRestApis,
}

impl Rotating {
    /// Every one, in their order.
    pub const ALL: [Self; 11] = [
        Self::Methods,
        Self::Deployments,
        Self::CacheNode,
        Self::User,
        Self::UserGroup,
        Self::SubnetGroup,
        Self::Permissions,
        Self::ApiKeys,
        Self::UsagePlan,
        Self::Functions,
        Self::OtherRestApis,
    ];
}

impl Depth {
    /// Whether `part` is read at this depth.
    #[must_use]
    pub fn wants(self, part: Rotating) -> bool {
        match self {
            Self::Full => true,
            Self::Glance => false,
            Self::Poll(n) => n % Rotating::ALL.len() as u64 == part as u64,
        }
    }

    /// Whether everything is read.
    #[must_use]
    pub const fn is_full(self) -> bool {
        matches!(self, Self::Full)
    }
}

/// The clocks of two operators differ by less: AWS refuses what is signed five minutes too early or too late.
const MOST_SKEW: Duration = Duration::from_mins(15);

/// The shortest time after which something under way is looked at again.
const SHORTEST: Duration = Duration::from_millis(100);

impl Context {
    /// How long ago `at` was noted: no time, if that is still to come, because the clock that it was noted by was ahead. What is still to come for longer than clocks
    /// differ was noted by a clock that was wrong, and long ago.
    #[must_use]
    pub fn age(&self, at: Timestamp) -> Duration {
        let age = self.now.duration_since(at);
        match Duration::try_from(age) {
            Ok(age) => age,
            Err(_) if age.unsigned_abs() <= MOST_SKEW => Duration::ZERO,
            Err(_) => age.unsigned_abs(),
        }
    }

    /// When to look again at something under way: after as long as this process has waited for it already, at most `longest`.
    /// Quick things are noticed quickly, and slow ones cost a number of reads that grows with the logarithm of their duration.
    #[must_use]
    pub fn pace(&self, longest: Duration) -> Duration {
        let waited = self
            .acted
            .and_then(|acted| Duration::try_from(self.now.duration_since(acted)).ok());
        waited.map_or(longest, |waited| {
            waited.clamp(SHORTEST.min(longest), longest)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_part_has_its_turn_and_only_one_at_a_time() {
        let rounds = Rotating::ALL.len() as u64;
        for (n, turn) in (0..2 * rounds).zip(Rotating::ALL.into_iter().cycle()) {
            let wanted = Rotating::ALL
                .into_iter()
                .filter(|part| Depth::Poll(n).wants(*part));
            assert_eq!(wanted.collect::<Vec<_>>(), [turn], "poll {n}");
        }
    }

    #[test]
    fn a_full_round_reads_every_part() {
        assert!(
            Rotating::ALL
                .into_iter()
                .all(|part| Depth::Full.wants(part))
        );
    }

    #[test]
    fn what_a_clock_noted_that_was_ahead_is_no_time_ago() {
        let now = Timestamp::from_second(1_000_000).unwrap();
        let context = Context {
            now,
            depth: Depth::Full,
            acted: None,
            request_lifetime: Duration::ZERO,
            consumer_policies: false,
        };
        let minute = Duration::from_mins(1);
        assert_eq!(context.age(now - minute), minute);
        assert_eq!(context.age(now + 10 * minute), Duration::ZERO);
        assert_eq!(context.age(now + 60 * minute), 60 * minute);
    }

    #[test]
    fn waits_double_from_a_tenth_of_a_second_to_the_longest() {
        let longest = Duration::from_secs(30);
        let pace = |waited: Option<Duration>| {
            let acted = waited.map(|waited| Timestamp::from_second(1_000_000).unwrap() - waited);
            Context {
                now: Timestamp::from_second(1_000_000).unwrap(),
                depth: Depth::Full,
                acted,
                request_lifetime: Duration::ZERO,
                consumer_policies: false,
            }
            .pace(longest)
        };
        assert_eq!(pace(Some(Duration::ZERO)), Duration::from_millis(100));
        assert_eq!(pace(Some(Duration::from_secs(4))), Duration::from_secs(4));
        assert_eq!(pace(Some(Duration::from_mins(10))), longest);
        assert_eq!(
            pace(None),
            longest,
            "a new process does not know how long it has been"
        );
    }
}
