use std::collections::HashMap;
use std::mem;
use std::sync::{Mutex, PoisonError};

use jiff::Timestamp;

use crate::api::{CachedApiStatus, Condition, ConditionStatus, ConditionType, RotationPhase};
use crate::telemetry::Metrics;

use super::memory::Key;

/// A condition and its status, as metric labels.
type Standing = (&'static str, &'static str);

/// What is counted of an object.
#[derive(Debug, Default, PartialEq)]
struct Entry {
    standing: Vec<Standing>,
    phase: Option<&'static str>,
    password_since: Option<Timestamp>,
}

/// How many objects have which condition in which status, and how their passwords are doing, kept in step with the metrics. They are counted no more
/// when this is dropped: another process counts them.
#[derive(Debug)]
pub struct Census {
    metrics: Metrics,
    counted: Mutex<HashMap<Key, Entry>>,
}

impl Census {
    /// A census of nobody.
    #[must_use]
    pub fn new(metrics: Metrics) -> Self {
        Self {
            metrics,
            counted: Mutex::default(),
        }
    }

    /// Counts the object `key` by its `status`, instead of how it was counted before. `password_since` is when its current password was made, if that
    /// was looked at.
    pub fn count(&self, key: &Key, status: &CachedApiStatus, password_since: Option<Timestamp>) {
        let mut counted = self.counted.lock().unwrap_or_else(PoisonError::into_inner);
        let known = counted.get(key).and_then(|before| before.password_since);
        let entry = Entry {
            standing: status.conditions.iter().filter_map(standing).collect(),
            phase: phase(status),
            password_since: status
                .credentials
                .as_ref()
                .and_then(|credentials| credentials.secret_arn.as_ref())
                .and_then(|_| password_since.or(known)),
        };
        if counted.get(key) == Some(&entry) {
            return;
        }
        self.add(&entry, 1);
        let before = counted.insert(key.clone(), entry).unwrap_or_default();
        self.add(&before, -1);
        self.tell_oldest(&counted);
    }

    /// The object `key` is gone, or nobody's to look after.
    pub fn forget(&self, key: &Key) {
        let mut counted = self.counted.lock().unwrap_or_else(PoisonError::into_inner);
        self.add(&counted.remove(key).unwrap_or_default(), -1);
        self.tell_oldest(&counted);
    }

    fn add(&self, entry: &Entry, by: i64) {
        for (condition, status) in &entry.standing {
            self.metrics.objects_changed(condition, status, by);
        }
        if let Some(phase) = entry.phase {
            self.metrics.rotating_changed(phase, by);
        }
    }

    fn tell_oldest(&self, counted: &HashMap<Key, Entry>) {
        let since = counted.values().filter_map(|entry| entry.password_since);
        self.metrics
            .oldest_password(since.min().map_or(0, Timestamp::as_second));
    }
}

impl Drop for Census {
    fn drop(&mut self) {
        let counted = self
            .counted
            .get_mut()
            .unwrap_or_else(PoisonError::into_inner);
        for entry in mem::take(counted).into_values() {
            self.add(&entry, -1);
        }
        self.metrics.oldest_password(0);
    }
}

/// Labels come from our own constants, whatever a status says.
fn standing(condition: &Condition) -> Option<Standing> {
    let type_ = ConditionType::ALL
        .iter()
        .find(|type_| type_.as_str() == condition.type_)?;
    let status = match condition.status {
        ConditionStatus::True => "True",
        ConditionStatus::False => "False",
        ConditionStatus::Unknown => "Unknown",
    };
    Some((type_.as_str(), status))
}

fn phase(status: &CachedApiStatus) -> Option<&'static str> {
    let rotation = status.credentials.as_ref()?.rotation.as_ref()?;
    Some(match rotation.phase {
        RotationPhase::Pending => "Pending",
        RotationPhase::Grace => "Grace",
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn status(phase: Option<&str>) -> CachedApiStatus {
        let at = "2026-11-24T12:00:00Z";
        let rotation = phase.map(|phase| json!({"id": "v2", "phase": phase, "since": at}));
        serde_json::from_value(json!({
            "conditions": [{"type": "Ready", "status": "True", "lastTransitionTime": at, "reason": "Available", "message": ""}],
            "credentials": {"secretArn": "arn", "rotation": rotation},
        }))
        .unwrap()
    }

    fn key(name: &str) -> Key {
        ("shop".into(), name.into())
    }

    fn shows(metrics: &Metrics, line: &str) -> bool {
        let page = metrics.encode();
        page.lines().any(|seen| seen == format!("cachedapi_{line}"))
    }

    #[test]
    fn an_object_is_counted_once_and_no_more_when_it_is_gone() {
        let metrics = Metrics::new("0");
        let census = Census::new(metrics.clone());
        let ready = r#"objects{condition="Ready",status="True"}"#;
        for phase in [Some("Pending"), Some("Grace"), None] {
            census.count(&key("orders"), &status(phase), None);
            assert!(shows(&metrics, &format!("{ready} 1")), "{phase:?}");
            for label in ["Pending", "Grace"] {
                let count = i32::from(phase == Some(label));
                let line = format!("rotation_objects{{phase=\"{label}\"}}");
                let absent = count == 0 && !metrics.encode().contains(&line);
                assert!(
                    absent || shows(&metrics, &format!("{line} {count}")),
                    "{phase:?}"
                );
            }
        }
        census.forget(&key("orders"));
        assert!(shows(&metrics, &format!("{ready} 0")));
    }

    #[test]
    fn the_oldest_password_is_told_until_it_is_rotated_or_its_object_is_gone() {
        let metrics = Metrics::new("0");
        let census = Census::new(metrics.clone());
        let oldest = |second: i64| {
            shows(
                &metrics,
                &format!("rotation_oldest_password_timestamp_seconds {second}"),
            )
        };
        let at = |second| Some(Timestamp::from_second(second).unwrap());
        census.count(&key("orders"), &status(None), at(10));
        census.count(&key("carts"), &status(None), at(20));
        assert!(oldest(10));
        census.count(&key("orders"), &status(None), None);
        assert!(oldest(10), "what was not looked at is as it was");
        census.count(&key("orders"), &status(None), at(30));
        assert!(oldest(20));
        census.forget(&key("carts"));
        assert!(oldest(30));
    }

    #[test]
    fn a_process_that_no_longer_leads_counts_nothing() {
        let metrics = Metrics::new("0");
        let census = Census::new(metrics.clone());
        census.count(
            &key("orders"),
            &status(Some("Grace")),
            Some(Timestamp::UNIX_EPOCH),
        );
        drop(census);
        for line in [
            r#"objects{condition="Ready",status="True"} 0"#,
            r#"rotation_objects{phase="Grace"} 0"#,
            "rotation_oldest_password_timestamp_seconds 0",
        ] {
            assert!(shows(&metrics, line), "{line}");
        }
    }
}
