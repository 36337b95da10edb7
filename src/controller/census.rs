use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use crate::api::{Condition, ConditionStatus, ConditionType};
use crate::telemetry::Metrics;

use super::memory::Key;

/// A condition and its status, as metric labels.
type Standing = (&'static str, &'static str);

/// How many objects have which condition in which status, kept in step with the metrics.
#[derive(Debug)]
pub struct Census {
    metrics: Metrics,
    counted: Mutex<HashMap<Key, Vec<Standing>>>,
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

    /// Counts the object `key` by its `conditions`, instead of how it was counted before; without conditions it is no longer counted.
    pub fn count(&self, key: &Key, conditions: &[Condition]) {
        let standing: Vec<Standing> = conditions.iter().filter_map(standing).collect();
        let mut counted = self.counted.lock().unwrap_or_else(PoisonError::into_inner);
        for (condition, status) in counted.remove(key).into_iter().flatten() {
            self.metrics.objects_changed(condition, status, -1);
        }
        for (condition, status) in &standing {
            self.metrics.objects_changed(condition, status, 1);
        }
        if !standing.is_empty() {
            counted.insert(key.clone(), standing);
        }
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
