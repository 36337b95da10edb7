//! The alerts, by Prometheus' own promtool: when each fires, what it says then, and when it stays quiet.

use std::collections::BTreeSet;
use std::fs;
use std::process::Command;

use cachedapi_hack::cache::Cache;
use cachedapi_hack::{command, tools};
use serde_json::{Value, json};

use super::helm::{read, render};
use super::monitoring::{RUNBOOKS, rules};

const CASES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/chart/alerts.yaml");

/// The alerts as the chart renders them, with passwords that are too old after a day.
fn rendered() -> Vec<Value> {
    rules(&render(&[
        "metrics.rules.create=true",
        "metrics.rules.passwordMaxAgeDays=1",
        &format!("metrics.rules.runbookUrl={RUNBOOKS}"),
    ]))
}

#[test]
fn alerts_fire_when_they_should_and_only_then() {
    let promtool = tools::promtool(&Cache::from_env().unwrap()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let groups = json!({"groups": [{"name": "cachedapi", "rules": rendered()}]});
    fs::write(folder.path().join("rules.json"), groups.to_string()).unwrap();
    fs::copy(CASES, folder.path().join("alerts.yaml")).unwrap();
    let mut test = Command::new(promtool);
    test.current_dir(&folder)
        .args(["test", "rules", "alerts.yaml"]);
    command::output(&mut test).unwrap();
}

#[test]
fn every_alert_is_tried_both_ways() {
    let cases = read(CASES);
    let mut tried = [BTreeSet::new(), BTreeSet::new()];
    for case in cases["tests"].as_array().unwrap() {
        for check in case["alert_rule_test"].as_array().unwrap() {
            let fires = !check["exp_alerts"].as_array().unwrap().is_empty();
            tried[usize::from(fires)].insert(check["alertname"].clone().to_string());
        }
    }
    let all: BTreeSet<String> = rendered()
        .iter()
        .map(|rule| rule["alert"].to_string())
        .collect();
    assert_eq!(tried, [all.clone(), all]);
}
