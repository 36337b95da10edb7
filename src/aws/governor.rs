//! Keeps the request quotas of one AWS account.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

use super::QuotaShare;
use super::operations::{Limit, Operation};

/// Longest that a call waits for its turn. A `DeleteRestApi` has to wait half a minute for the one before it; with more of them queued, the workers
/// that wait would keep every other object from being looked at. Who has to wait longer comes back.
const LONGEST_WAIT: Duration = Duration::from_secs(15);
/// How long an operation pauses when AWS throttles it and does not say for how long.
const PAUSE: Duration = Duration::from_secs(1);
/// Longest pause that AWS is believed to ask for.
const LONGEST_PAUSE: Duration = Duration::from_mins(5);

/// Token buckets, one per Region and request quota, of which a share is used. Who comes first goes first.
///
/// A bucket is kept as the moment at which it would be full again (the generic cell rate algorithm): taking a token moves that moment
/// on by the time that a token takes to grow, and a token can be had when the moment is less than a burst away.
#[derive(Debug)]
pub(super) struct Governor {
    share: QuotaShare,
    buckets: Mutex<HashMap<(String, &'static str), Bucket>>,
}

#[derive(Clone, Copy, Debug)]
struct Bucket {
    full_at: Instant,
    closed_until: Instant,
    /// How many have been sent away since the queue was last empty: each is asked to come back one token later than the one before.
    sent_away: u32,
}

impl Governor {
    pub(super) fn new(share: QuotaShare) -> Self {
        Self {
            share,
            buckets: Mutex::default(),
        }
    }

    /// One with the same share of quotas of their own.
    pub(super) fn another(&self) -> Self {
        Self::new(self.share)
    }

    /// Waits until `operation` may be called in `region`, and says how long that took.
    ///
    /// # Errors
    /// When its turn is more than [`LONGEST_WAIT`] away: when to come back.
    pub(super) async fn acquire(
        &self,
        region: &str,
        operation: &Operation,
    ) -> Result<Duration, Duration> {
        let asked = Instant::now();
        for limit in operation.limits {
            self.pass(region, limit).await?;
        }
        Ok(asked.elapsed())
    }

    /// AWS has throttled `operation`: nobody calls it until `pause` is over.
    pub(super) fn throttled(&self, region: &str, operation: &Operation, pause: Option<Duration>) {
        if let Some(limit) = operation.limits.first() {
            let until = Instant::now() + pause.unwrap_or(PAUSE).min(LONGEST_PAUSE);
            self.with(region, limit, |bucket| {
                bucket.closed_until = bucket.closed_until.max(until);
            });
        }
    }

    /// A turn may have been given before AWS closed the bucket, hence the loop.
    async fn pass(&self, region: &str, limit: &Limit) -> Result<(), Duration> {
        loop {
            let turn = self.reserve(region, limit)?;
            if turn > Instant::now() {
                sleep_until(turn).await;
            }
            if !self.with(region, limit, |bucket| bucket.closed_until > Instant::now()) {
                return Ok(());
            }
        }
    }

    fn reserve(&self, region: &str, limit: &Limit) -> Result<Instant, Duration> {
        let token = Duration::from_secs_f64(limit.seconds / (limit.calls * self.share.get()));
        let burst = token.mul_f64((limit.burst * self.share.get()).max(1.0) - 1.0);
        let now = Instant::now();
        self.with(region, limit, |bucket| {
            let turn = bucket
                .full_at
                .checked_sub(burst)
                .map_or(now, |ready| ready.max(bucket.closed_until).max(now));
            if turn - now > LONGEST_WAIT {
                let ahead = token * bucket.sent_away;
                bucket.sent_away += 1;
                return Err(turn - now + ahead);
            }
            bucket.sent_away = if turn == now {
                0
            } else {
                bucket.sent_away.saturating_sub(1)
            };
            bucket.full_at = bucket.full_at.max(turn) + token;
            Ok(turn)
        })
    }

    fn with<T>(&self, region: &str, limit: &Limit, change: impl FnOnce(&mut Bucket) -> T) -> T {
        let now = Instant::now();
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        let bucket = buckets.entry((region.to_owned(), limit.name));
        change(bucket.or_insert(Bucket {
            full_at: now,
            closed_until: now,
            sent_away: 0,
        }))
    }
}

#[cfg(test)]
mod tests;
