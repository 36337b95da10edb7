//! What many objects cost when nothing happens to them.

use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};

use super::object::Object;
use super::{start, usage};
use crate::environment::{Environment, Programs};
use crate::operator::Operator;
use crate::progress::step;
use crate::{Result, http};

/// Each object is looked at once in this time.
const POLL: Duration = Duration::from_mins(1);

/// AWS's quotas, and the operator's governor with them, count by Region: in one alone a thousand objects would take an hour and
/// a half to be deployed.
const AREAS: [&str; 10] = [
    "us-east",
    "us-west",
    "eu-west",
    "eu-central",
    "eu-north",
    "ap-south",
    "ap-east",
    "sa-east",
    "ca-central",
    "me-south",
];
const REGIONS: usize = AREAS.len() * 9;

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
    let object = Object::new(environment, "idle", 1)?;
    let items: Vec<Value> = (0..objects)
        .map(|number| object.copy(number, &region(number)))
        .collect();
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

fn region(number: usize) -> String {
    let region = number % REGIONS;
    format!("{}-{}", AREAS[region / 9], region % 9 + 1)
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
    let (cpu, reconciles) = (usage::cpu_milliseconds(pid)?, reconciles(operator)?);
    std::thread::sleep(POLL);
    let calls = environment.aws.calls()?;
    let log = calls["log"]
        .as_array()
        .map(Vec::as_slice)
        .unwrap_or_default();
    let done = self::reconciles(operator)? - reconciles;
    #[expect(clippy::cast_precision_loss, reason = "counts far below 2^52")]
    let ratio = |part: u64, whole: u64| part as f64 / whole.max(1) as f64;
    Ok(json!({
        "objects": objects,
        "residentMiB": usage::resident_mib(pid)?,
        "mutatingCalls": log.iter().filter(|call| is_mutating(call)).count(),
        "callsPerObjectAndPoll": ratio(log.len() as u64, objects as u64),
        "reconciles": done,
        "meanCpuMillisecondsPerReconcile": ratio(usage::cpu_milliseconds(pid)? - cpu, done),
    }))
}

/// Reconciles so far, from the operator's metrics.
fn reconciles(operator: &Operator) -> Result<u64> {
    let metrics = http::get(operator.metrics(), &[])?.body;
    let samples = metrics
        .lines()
        .filter(|line| line.starts_with("cachedapi_reconciles_total"));
    let counts = samples.filter_map(|line| line.rsplit(' ').next()?.parse::<u64>().ok());
    Ok(counts.sum())
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
    fn objects_are_spread_over_all_regions() {
        let regions: std::collections::BTreeSet<_> = (0..REGIONS).map(region).collect();
        assert_eq!(regions.len(), REGIONS);
        assert_eq!(
            (region(0), region(REGIONS - 1)),
            ("us-east-1".to_owned(), "me-south-9".to_owned())
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
