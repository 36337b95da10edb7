//! Throttles and quotas of callers.
//!
//! The order of "Throttle requests to your REST APIs": client and method (usage plan), method (stage). The account's own
//! limit (10,000 a second) is not modelled.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::Offset;
use serde::{Deserialize, Serialize};

use crate::apigateway::model::{Quota, Throttle};

/// What was used so far.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Usage {
    /// Calls in the current period, by plan and key.
    quotas: BTreeMap<String, Period>,
    /// Token buckets. A restart fills them.
    #[serde(skip)]
    buckets: BTreeMap<String, Bucket>,
    /// Requests so far: where their ids come from.
    #[serde(default)]
    pub(super) requests: u64,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Period {
    name: String,
    used: i64,
}

#[derive(Debug, Clone, Copy)]
struct Bucket {
    left: f64,
    at: Timestamp,
}

impl Usage {
    /// Takes a token from the bucket `name`; false when there is none. A negative limit is no limit.
    pub(super) fn take_token(&mut self, name: &str, throttle: &Throttle, now: Timestamp) -> bool {
        if throttle.rate_limit < 0.0 || throttle.burst_limit < 0 {
            return true;
        }
        #[expect(clippy::cast_precision_loss, reason = "burst limits are small")]
        let burst = throttle.burst_limit as f64;
        let bucket = self.buckets.entry(name.to_owned()).or_insert(Bucket {
            left: burst,
            at: now,
        });
        let passed = now.duration_since(bucket.at).as_secs_f64().max(0.0);
        bucket.left = (bucket.left + passed * throttle.rate_limit).min(burst);
        bucket.at = now;
        let has_token = bucket.left >= 1.0 - 1e-9;
        if has_token {
            bucket.left -= 1.0;
        }
        has_token
    }

    /// Counts a call against the quota of `name`; false when it is used up. The offset counts in the first period only.
    pub(super) fn count(&mut self, name: &str, quota: &Quota, now: Timestamp) -> bool {
        let current = period(&quota.period, now);
        let known = self.quotas.entry(name.to_owned());
        let period = known.or_insert_with(|| Period {
            name: current.clone(),
            used: quota.offset,
        });
        if period.name != current {
            *period = Period {
                name: current,
                used: 0,
            };
        }
        let has_room = period.used < quota.limit;
        if has_room {
            period.used += 1;
        }
        has_room
    }
}

/// The name of the day, week (from Sunday) or month (UTC) in which `now` lies.
fn period(kind: &str, now: Timestamp) -> String {
    let day = Offset::UTC.to_datetime(now).date();
    match kind {
        "WEEK" => sunday(day).to_string(),
        "MONTH" => format!("{:04}-{:02}", day.year(), day.month()),
        _ => day.to_string(),
    }
}

fn sunday(day: Date) -> Date {
    let back = i64::from(day.weekday().to_sunday_zero_offset());
    day.saturating_sub(jiff::Span::new().days(back))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn a_bucket_lets_a_burst_through_and_refills_at_the_rate() {
        let (mut usage, throttle) = (
            Usage::default(),
            Throttle {
                burst_limit: 2,
                rate_limit: 0.5,
            },
        );
        let start = at("2026-01-01T00:00:00Z");
        let taken: Vec<bool> = (0..3)
            .map(|_| usage.take_token("b", &throttle, start))
            .collect();
        assert_eq!(taken, [true, true, false]);
        assert!(
            !usage.take_token("b", &throttle, at("2026-01-01T00:00:01Z")),
            "half a token is none"
        );
        assert!(usage.take_token("b", &throttle, at("2026-01-01T00:00:02Z")));
    }

    #[test]
    fn a_negative_limit_is_no_limit() {
        let (mut usage, throttle) = (
            Usage::default(),
            Throttle {
                burst_limit: -1,
                rate_limit: -1.0,
            },
        );
        assert!((0..100).all(|_| usage.take_token("b", &throttle, at("2026-01-01T00:00:00Z"))));
    }

    #[test]
    fn a_quota_is_fresh_in_the_next_period() {
        let cases = [
            ("DAY", "2026-01-31T23:59:59Z", "2026-02-01T00:00:00Z"),
            ("WEEK", "2026-01-31T23:59:59Z", "2026-02-01T00:00:00Z"),
            ("MONTH", "2026-01-31T23:59:59Z", "2026-02-01T00:00:00Z"),
        ];
        for (period, last, first) in cases {
            let quota = Quota {
                limit: 2,
                offset: 1,
                period: period.to_owned(),
            };
            let mut usage = Usage::default();
            let counted =
                [last, last, first, first, first].map(|now| usage.count("q", &quota, at(now)));
            assert_eq!(
                counted,
                [true, false, true, true, false],
                "{period}: the offset counts in the first period only"
            );
        }
    }
}
