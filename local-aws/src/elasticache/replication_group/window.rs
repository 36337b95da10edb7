//! Maintenance and snapshot windows: `sun:05:00-sun:06:00`, `03:00-04:00`, in UTC.

use jiff::civil::{Time, Weekday};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};

use crate::AwsError;
use crate::elasticache::refusal::{ensure, value};

/// Checks a daily window.
pub(super) fn check_daily(window: &str) -> Result<(), AwsError> {
    let valid = window
        .split_once('-')
        .is_some_and(|(from, to)| time(from).is_some() && time(to).is_some());
    ensure(valid, || {
        value(format!(
            "The parameter SnapshotWindow must be in the format hh24:mi-hh24:mi, not {window}."
        ))
    })
}

/// Checks a weekly window.
pub(super) fn check_weekly(window: &str) -> Result<(), AwsError> {
    let valid = window
        .split_once('-')
        .is_some_and(|(from, to)| moment(from).is_some() && moment(to).is_some());
    ensure(valid, || {
        value(format!(
            "The parameter PreferredMaintenanceWindow must be in the format ddd:hh24:mi-ddd:hh24:mi, not {window}."
        ))
    })
}

/// When the weekly window opens for the first time after `now`.
pub(super) fn next_opening(window: &str, now: Timestamp) -> Timestamp {
    let opening = window
        .split_once('-')
        .and_then(|(from, _)| moment(from))
        .and_then(|(day, time)| {
            let today = TimeZone::UTC.to_datetime(now);
            let days = today.weekday().until(day);
            let days = if days == 0 && time <= today.time() {
                7
            } else {
                days
            };
            let opening = today
                .date()
                .checked_add(days.days())
                .ok()?
                .to_datetime(time);
            TimeZone::UTC.to_timestamp(opening).ok()
        });
    opening.unwrap_or(now)
}

fn moment(text: &str) -> Option<(Weekday, Time)> {
    let (day, rest) = text.split_once(':')?;
    let day = match day.to_ascii_lowercase().as_str() {
        "mon" => Weekday::Monday,
        "tue" => Weekday::Tuesday,
        "wed" => Weekday::Wednesday,
        "thu" => Weekday::Thursday,
        "fri" => Weekday::Friday,
        "sat" => Weekday::Saturday,
        "sun" => Weekday::Sunday,
        _ => return None,
    };
    Some((day, time(rest)?))
}

fn time(text: &str) -> Option<Time> {
    let (hour, minute) = text.split_once(':')?;
    Time::new(hour.parse().ok()?, minute.parse().ok()?, 0, 0).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_opening_is_after_now_and_within_a_week() {
        let cases = [
            (
                "2026-11-24T12:00:00Z",
                "2026-11-29T05:00:00Z",
                "from Tuesday to Sunday",
            ),
            (
                "2026-11-29T04:59:00Z",
                "2026-11-29T05:00:00Z",
                "later the same day",
            ),
            (
                "2026-11-29T05:00:00Z",
                "2026-12-06T05:00:00Z",
                "a window that is open already is the next week's",
            ),
        ];
        for (now, opening, reason) in cases {
            let (now, opening): (Timestamp, Timestamp) =
                (now.parse().unwrap(), opening.parse().unwrap());
            assert_eq!(
                next_opening("sun:05:00-sun:06:00", now),
                opening,
                "{reason}"
            );
        }
    }

    #[test]
    fn windows_in_another_form_are_refused() {
        for window in ["05:00", "5-6", "05:00-x", "x-05:00", "25:00-26:00", ""] {
            assert!(check_daily(window).is_err(), "{window}");
        }
        for window in ["05:00-06:00", "sunday:05:00-sun:06:00", "sun:05:00"] {
            assert!(check_weekly(window).is_err(), "{window}");
        }
        check_daily("03:00-04:00").unwrap();
        check_weekly("sun:05:00-mon:06:00").unwrap();
    }
}
