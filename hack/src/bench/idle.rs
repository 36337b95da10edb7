//! What many objects cost when nothing happens to them.

use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};

use super::object::Object;
use super::{start, usage};
use crate::environment::{Environment, Programs};
use crate::operator::Operator;
use crate::progress::step;
use crate::wait::{self, Seen};
use crate::{Result, http};

/// Each object is looked at once in this time.
const POLL: Duration = Duration::from_mins(1);
const CREATE_DEADLINE: Duration = Duration::from_mins(30);

/// Creates `objects` objects without quotas in the way, then measures over one poll of all of them.
pub(super) fn measure(programs: &Programs, folder: &Path, objects: usize) -> Result<Value> {
    let environment = start(programs, folder, false)?;
    let settings = [
        format!("pollInterval={}s", POLL.as_secs()),
        "quotaShare=10000".to_owned(),
    ];
    let mut operator = environment.start_operator(&settings)?;
    step(&format!("{objects} objects until Ready"), || {
        create(&environment, objects)
    })?;
    step("one poll of all of them", || {
        over_one_poll(&environment, &mut operator, objects)
    })
}

fn create(environment: &Environment, objects: usize) -> Result<()> {
    let items = (0..objects).map(|number| {
        Object::new(environment, &format!("idle-{number}"), 1)
            .map(|object| object.manifest().clone())
    });
    let list =
        json!({"apiVersion": "v1", "kind": "List", "items": items.collect::<Result<Vec<_>>>()?});
    environment.kubectl().apply(&list.to_string())?;
    wait::until("all of them to be Ready", CREATE_DEADLINE, || {
        let jsonpath = r#"jsonpath={.items[*].status.conditions[?(@.type=="Ready")].status}"#;
        let statuses = environment.kubectl().run([
            "get",
            "cachedapis",
            "--all-namespaces",
            "--output",
            jsonpath,
        ])?;
        let ready = statuses
            .split_whitespace()
            .filter(|status| *status == "True")
            .count();
        Ok(if ready == objects {
            Seen::Done(())
        } else {
            Seen::NotYet(format!("{ready} are"))
        })
    })
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
