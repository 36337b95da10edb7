//! What many objects cost when nothing happens to them.

use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::object::{self, REGIONS};
use super::{start, usage};
use crate::environment::{Environment, Programs};
use crate::operator::Operator;
use crate::progress::step;
use crate::{Result, http};

/// Each object is looked at once in this time.
const POLL: Duration = Duration::from_mins(1);

/// Time over which processor time and reconciles are set against each other.
const WINDOW: Duration = Duration::from_secs(1);

/// Creates `objects` objects, then measures over one poll of all of them.
pub(super) fn measure(programs: &Programs, folder: &Path, objects: usize) -> Result<Value> {
    let environment = start(programs, folder, false)?;
    let settings = [
        "pollInterval=1m",
        "quotaShare=1",
        "maxConcurrentReconciles=64",
    ]
    .map(str::to_owned);
    let mut operator = environment.start_operator(&settings)?;
    step(&format!("{objects} objects until Ready"), || {
        create(&environment, objects)
    })?;
    step("one poll of all of them", || {
        over_one_poll(&environment, &mut operator, objects)
    })
}

fn create(environment: &Environment, objects: usize) -> Result<()> {
    let items = object::many(environment, objects)?;
    environment
        .kubectl()
        .apply(&json!({"apiVersion": "v1", "kind": "List", "items": items}).to_string())?;
    let wait = [
        "wait",
        "--for=condition=Ready",
        "cachedapis",
        "--all",
        "--timeout=30m",
    ];
    environment.kubectl().run(wait).map(drop)
}

fn over_one_poll(
    environment: &Environment,
    operator: &mut Operator,
    objects: usize,
) -> Result<Value> {
    let pid = operator.process().pid();
    // The polls that follow the creation are still bunched; the interval after them is a quiet one.
    std::thread::sleep(POLL * 2);
    environment.aws.clear_calls()?;
    let windows = windows(operator, pid)?;
    let calls = environment.aws.calls()?;
    let log = calls["log"]
        .as_array()
        .map(Vec::as_slice)
        .unwrap_or_default();
    let reconciles: u32 = windows.iter().map(|window| window.reconciles).sum();
    Ok(json!({
        "objects": objects,
        "regions": REGIONS,
        "cacheNodes": "states without processes; no logins",
        "awsQuotas": "enforced",
        "pollSeconds": POLL.as_secs(),
        "residentMiB": usage::resident_mib(pid)?,
        "mutatingCalls": log.iter().filter(|call| is_mutating(call)).count(),
        "failedCalls": log.iter().filter(|call| !call["error"].is_null()).count(),
        "callsPerReconcile": ratio(log.len(), reconciles),
        "reconciles": reconciles,
        "cpuMillisecondsPerReconcile": cost(&windows),
    }))
}

/// What the operator did in a time.
struct Window {
    reconciles: u32,
    /// Of the whole process, so watches, lease, metrics and runtime are in it.
    processor_time: Duration,
}

/// One poll of all objects, window by window.
fn windows(operator: &Operator, pid: u32) -> Result<Vec<Window>> {
    let start = Instant::now();
    let mut windows = Vec::new();
    let mut before = (reconciles(operator)?, usage::processor_time(pid)?);
    while start.elapsed() < POLL {
        std::thread::sleep(WINDOW);
        let after = (reconciles(operator)?, usage::processor_time(pid)?);
        windows.push(Window {
            reconciles: after.0 - before.0,
            processor_time: after.1.saturating_sub(before.1),
        });
        before = after;
    }
    Ok(windows)
}

/// Milliseconds of processor time per reconcile: the median and the highest over the windows with a reconcile, and the mean of all.
fn cost(windows: &[Window]) -> Value {
    let milliseconds =
        |time: Duration, count: u32| time.as_secs_f64() * 1e3 / f64::from(count.max(1));
    let busy = windows.iter().filter(|window| window.reconciles > 0);
    let mut costs: Vec<f64> = busy
        .map(|window| milliseconds(window.processor_time, window.reconciles))
        .collect();
    costs.sort_by(f64::total_cmp);
    let time = windows.iter().map(|window| window.processor_time).sum();
    let reconciles = windows.iter().map(|window| window.reconciles).sum();
    json!({
        "windows": costs.len(),
        "median": costs.get(costs.len() / 2),
        "highest": costs.last(),
        "mean": milliseconds(time, reconciles),
    })
}

#[expect(clippy::cast_precision_loss, reason = "counts far below 2^52")]
fn ratio(part: usize, whole: u32) -> f64 {
    part as f64 / f64::from(whole.max(1))
}

/// Reconciles so far, from the operator's metrics.
fn reconciles(operator: &Operator) -> Result<u32> {
    Ok(reconciles_in(&http::get(operator.metrics(), &[])?.body))
}

/// The reconciles that `metrics` count.
pub(super) fn reconciles_in(metrics: &str) -> u32 {
    let samples = metrics
        .lines()
        .filter(|line| line.starts_with("cachedapi_reconciles_total"));
    let counts = samples.filter_map(|line| line.rsplit(' ').next()?.parse::<u32>().ok());
    counts.sum()
}

/// API Gateway's IAM actions are HTTP methods; elsewhere reads are named so.
fn is_mutating(call: &Value) -> bool {
    let action = call["action"]
        .as_str()
        .and_then(|action| action.split(':').nth(1))
        .unwrap_or_default();
    !["GET", "Describe", "List", "Get"]
        .iter()
        .any(|read| action.starts_with(read))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_that_is_unlike_the_others_does_not_move_the_median() {
        let window = |reconciles, milliseconds| Window {
            reconciles,
            processor_time: Duration::from_millis(milliseconds),
        };
        let cost = cost(&[window(10, 10), window(5, 10), window(1, 100), window(0, 3)]);
        assert_eq!(cost["windows"], 3);
        assert_eq!(
            (&cost["median"], &cost["highest"]),
            (&json!(2.0), &json!(100.0))
        );
        assert_eq!(
            cost["mean"],
            123.0 / 16.0,
            "the time between reconciles counts"
        );
    }

    #[test]
    fn reads_are_told_from_writes_by_their_action() {
        let cases = [
            ("apigateway:GET", false),
            ("apigateway:PATCH", true),
            ("elasticache:DescribeUsers", false),
            ("secretsmanager:GetSecretValue", false),
            ("secretsmanager:PutSecretValue", true),
            ("elasticache:ListTagsForResource", false),
        ];
        for (action, mutating) in cases {
            assert_eq!(
                is_mutating(&json!({"action": action})),
                mutating,
                "{action}"
            );
        }
    }
}
