use std::sync::Mutex;
use std::time::Duration;

use cachedapi_operator::aws::{Call, CallObserver};
use tokio::time::Instant;

/// A request quota that a rotation meets.
#[derive(Clone, Copy, Debug)]
pub struct Quota {
    /// What the names of the operations that count against it begin with.
    pub operations: &'static str,
    pub a_second: f64,
    pub at_once: f64,
}

/// As AWS publishes them; `ElastiCache` publishes none, and the operator takes this for one.
pub const QUOTAS: [Quota; 4] = [
    quota("elasticache:", 10.0, 40.0),
    quota("apigateway:", 10.0, 40.0),
    quota("secretsmanager:PutSecretValue", 50.0, 50.0),
    quota("secretsmanager:UpdateSecretVersionStage", 50.0, 50.0),
];

const fn quota(operations: &'static str, a_second: f64, at_once: f64) -> Quota {
    Quota {
        operations,
        a_second,
        at_once,
    }
}

/// The calls of the operators, one by one.
#[derive(Debug, Default)]
pub struct Calls(Mutex<Vec<Made>>);

#[derive(Clone, Debug)]
struct Made {
    operation: &'static str,
    at: Instant,
    result: &'static str,
}

impl CallObserver for Calls {
    fn called(&self, call: &Call<'_>) {
        self.0.lock().unwrap().push(Made {
            operation: call.operation,
            at: Instant::now(),
            result: call.result,
        });
    }
}

impl Calls {
    pub fn clear(&self) {
        self.0.lock().unwrap().clear();
    }

    /// How many ended so.
    pub fn that_ended(&self, result: &str) -> usize {
        let calls = self.0.lock().unwrap();
        calls.iter().filter(|call| call.result == result).count()
    }

    /// When those were made that count against `quota`. What the operator's governor sent away was not made.
    pub fn times(&self, quota: Quota) -> Vec<Instant> {
        let calls = self.0.lock().unwrap();
        let counted = calls
            .iter()
            .filter(|call| call.result != "queued" && call.operation.starts_with(quota.operations));
        counted.map(|call| call.at).collect()
    }

    /// How many there were beyond a share of `quota`.
    pub fn beyond(&self, quota: Quota, share: f64) -> usize {
        let most = (quota.at_once * share).max(1.0);
        let (mut tokens, mut last, mut beyond) = (most, None, 0);
        for at in self.times(quota) {
            let passed = last.map_or(Duration::ZERO, |last| at.duration_since(last));
            last = Some(at);
            let grown = passed.as_secs_f64() * quota.a_second * share;
            tokens = (tokens + grown).min(most) - 1.0;
            // tokio's timers fire on whole milliseconds, and one call is none too many.
            if tokens < -0.1 {
                beyond += 1;
            }
        }
        beyond
    }
}
