//! Alerts, dashboard and documentation speak of metrics that the operator exports.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::time::Duration;

use cachedapi_operator::telemetry::{AwsCall, Metrics, Outcome};
use serde_json::{Value, json};

use super::helm::{of_kind, render, template};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");
/// Where the runbooks are, in tests.
pub const RUNBOOKS: &str = "https://git.example.com/docs/runbooks.md";

/// Metrics with the names of their labels.
type Series = BTreeMap<String, BTreeSet<String>>;

/// What Prometheus and its operator add to whatever they scrape.
const ADDED: [&str; 2] = ["namespace", "job"];

/// What the operator exports when each of its metrics has a value.
fn exported() -> Series {
    let metrics = Metrics::new("1.2.3");
    metrics.reconciled(Outcome::Settled, Duration::from_secs(1));
    metrics.objects_changed("Ready", "True", 1);
    metrics.aws_called(&AwsCall {
        service: "apigateway",
        operation: "PutRestApi",
        result: "ok",
    });
    metrics.governor_waited("apigateway", Duration::from_secs(1));
    metrics.rotating_changed("Grace", 1);
    metrics.oldest_password(1);
    metrics.rotation_failed("CacheUnreachable");
    metrics.orphans("rest_api", "111122223333", 1);
    metrics.orphans_swept("complete");
    metrics.leads(true);
    let page = metrics.encode();
    let samples = page.lines().filter(|line| !line.starts_with('#'));
    samples.flat_map(series).collect()
}

/// The metrics in a text with the names of the labels that stand in braces behind them.
fn series(text: &str) -> Vec<(String, BTreeSet<String>)> {
    let mut found = Vec::new();
    for (at, _) in text.match_indices("cachedapi_") {
        let rest = &text[at..];
        let end = rest
            .find(|c: char| !c.is_ascii_alphanumeric() && c != '_')
            .unwrap_or(rest.len());
        let (name, rest) = rest.split_at(end);
        let braces = rest
            .strip_prefix('{')
            .and_then(|rest| rest.split('}').next());
        found.push((
            name.to_owned(),
            matchers(braces).map(|(label, _)| label).collect(),
        ));
    }
    found
}

/// Labels and what they are compared with.
fn matchers(braces: Option<&str>) -> impl Iterator<Item = (String, String)> {
    let matchers = braces.unwrap_or_default().split(',');
    matchers
        .filter(|matcher| !matcher.trim().is_empty())
        .map(|matcher| {
            let matcher = matcher.trim();
            let end = matcher.find(['=', '!']).unwrap_or(matcher.len());
            let (label, value) = matcher.split_at(end);
            (
                label.to_owned(),
                value.trim_matches(['=', '!', '~', '"']).to_owned(),
            )
        })
}

fn with_everything() -> Vec<Value> {
    render(&[
        "metrics.serviceMonitor.create=true",
        "metrics.rules.create=true",
        &format!("metrics.rules.runbookUrl={RUNBOOKS}"),
        "metrics.dashboard.create=true",
    ])
}

/// The alerts among `objects`.
pub fn rules(objects: &[Value]) -> Vec<Value> {
    let groups = &of_kind(objects, "PrometheusRule")[0]["spec"]["groups"];
    groups[0]["rules"].as_array().unwrap().clone()
}

fn dashboard(objects: &[Value]) -> Value {
    let text = of_kind(objects, "ConfigMap")[0]["data"]["cachedapi.json"].clone();
    serde_json::from_str(text.as_str().unwrap()).unwrap()
}

/// The expressions of alerts and panels, each with where it is from.
fn expressions() -> Vec<(String, String)> {
    let objects = with_everything();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let mut all: Vec<_> = rules(&objects)
        .iter()
        .map(|rule| (text(&rule["alert"]), text(&rule["expr"])))
        .collect();
    for panel in dashboard(&objects)["panels"].as_array().unwrap() {
        for target in panel["targets"].as_array().into_iter().flatten() {
            all.push((text(&panel["title"]), text(&target["expr"])));
        }
    }
    assert!(all.len() > 25, "{all:?}");
    all
}

#[test]
fn every_metric_and_label_in_alerts_and_dashboard_is_exported() {
    let exported = exported();
    for (place, expression) in expressions() {
        let named = series(&expression);
        assert!(!named.is_empty(), "{place}: {expression}");
        for (metric, labels) in named {
            let known = exported
                .get(&metric)
                .unwrap_or_else(|| panic!("{place}: there is no metric {metric}"));
            for label in labels {
                assert!(
                    known.contains(&label) || ADDED.contains(&&*label),
                    "{place}: {metric} has no label {label}"
                );
            }
        }
        for grouping in expression.split("by (").skip(1) {
            let labels = grouping.split(')').next().unwrap().split(", ");
            for label in labels.filter(|label| *label != "le") {
                let of_all = series(&expression)
                    .iter()
                    .all(|(metric, _)| exported[metric].contains(label));
                assert!(of_all, "{place}: grouped by {label}: {expression}");
            }
        }
    }
}

#[test]
fn every_value_that_a_label_is_compared_with_is_one_that_the_operator_gives() {
    let source = source_of(&Path::new(ROOT).join("src"));
    for (place, expression) in expressions() {
        for braces in expression.split('{').skip(1) {
            let braces = braces.split('}').next();
            for (label, values) in matchers(braces).filter(|(label, _)| !ADDED.contains(&&**label))
            {
                // A pattern that names no value, such as `.*Ready`, ends as all of them do.
                for value in values
                    .split('|')
                    .map(|value| value.trim_start_matches(".*"))
                {
                    assert!(
                        source.contains(&format!("\"{value}\"")),
                        "{place}: nothing gives {label} the value {value}"
                    );
                }
            }
        }
    }
}

/// All Rust code in `folder`.
fn source_of(folder: &Path) -> String {
    let entries = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    entries
        .map(|path| {
            if path.is_dir() {
                source_of(&path)
            } else {
                fs::read_to_string(path).unwrap()
            }
        })
        .collect()
}

#[test]
fn every_metric_that_is_exported_is_documented_with_its_labels_and_no_other() {
    let page = fs::read_to_string(format!("{ROOT}/docs/operations.md")).unwrap();
    let rows = page
        .lines()
        .filter_map(|line| line.strip_prefix("| `cachedapi_"));
    let documented: Series = rows
        .flat_map(|row| series(&format!("cachedapi_{}", row.split('`').next().unwrap())))
        .collect();
    let histogram = ["_bucket", "_sum", "_count"];
    let exported: Series = exported()
        .into_iter()
        .map(|(name, mut labels)| {
            let name = histogram
                .iter()
                .find_map(|suffix| name.strip_suffix(suffix))
                .unwrap_or(&name);
            labels.remove("le");
            (name.to_owned(), labels)
        })
        .collect();
    assert_eq!(documented, exported);
}

#[test]
fn every_alert_has_a_runbook_and_every_runbook_an_alert() {
    let page = fs::read_to_string(format!("{ROOT}/docs/runbooks.md")).unwrap();
    let headings: Vec<&str> = page
        .lines()
        .filter_map(|line| line.strip_prefix("## "))
        .collect();
    let objects = with_everything();
    let mut alerts = Vec::new();
    for rule in rules(&objects) {
        let alert = rule["alert"].as_str().unwrap().to_owned();
        assert_eq!(
            rule["annotations"]["runbook_url"],
            format!("{RUNBOOKS}#{}", alert.to_lowercase()),
            "{alert}"
        );
        assert!(
            ["critical", "warning"].contains(&rule["labels"]["severity"].as_str().unwrap()),
            "{alert}"
        );
        alerts.push(alert);
    }
    assert_eq!(headings, alerts);
}

#[test]
fn alerts_without_an_address_of_runbooks_are_refused() {
    let refused = template(&["metrics.rules.create=true"])
        .unwrap_err()
        .to_string();
    assert!(
        refused.contains("metrics.rules.runbookUrl is needed"),
        "{refused}"
    );
}

#[test]
fn alerts_look_for_what_the_service_monitor_finds() {
    let objects = with_everything();
    let service = of_kind(&objects, "Service")[0];
    let monitor = &of_kind(&objects, "ServiceMonitor")[0]["spec"];
    for (label, value) in monitor["selector"]["matchLabels"].as_object().unwrap() {
        assert_eq!(service["metadata"]["labels"][label], *value);
    }
    assert_eq!(
        monitor["endpoints"][0]["port"],
        service["spec"]["ports"][0]["name"]
    );
    // The Prometheus Operator takes the Service's name for the job.
    assert_eq!(monitor["jobLabel"], Value::Null);
    let metadata = &service["metadata"];
    let of = format!(
        "{{namespace={},job={}",
        metadata["namespace"], metadata["name"]
    );
    for rule in rules(&objects) {
        let expression = rule["expr"].as_str().unwrap();
        let metrics = expression.matches("cachedapi_").count();
        // The job has `cachedapi-` in its name, which is no metric.
        assert_eq!(expression.matches(&of).count(), metrics, "{expression}");
    }
    let refused = template(&[
        "metrics.serviceMonitor.create=true",
        "metrics.service.create=false",
    ]);
    let refused = refused.unwrap_err().to_string();
    assert!(
        refused.contains("needs metrics.service.create"),
        "{refused}"
    );
}

#[test]
fn a_password_is_too_old_after_as_many_days_as_the_values_say() {
    let objects = render(&[
        "metrics.rules.create=true",
        &format!("metrics.rules.runbookUrl={RUNBOOKS}"),
        "metrics.rules.passwordMaxAgeDays=14",
    ]);
    let rules = rules(&objects);
    let rule = rules
        .iter()
        .find(|rule| rule["alert"] == "CachedApiPasswordTooOld")
        .unwrap();
    assert!(
        rule["expr"].as_str().unwrap().ends_with(" / 86400 > 14"),
        "{rule}"
    );
}

#[test]
fn monitoring_carries_the_labels_by_which_it_is_found() {
    let objects = render(&[
        "metrics.serviceMonitor.create=true",
        "metrics.serviceMonitor.labels.release=prometheus",
        "metrics.rules.create=true",
        &format!("metrics.rules.runbookUrl={RUNBOOKS}"),
        "metrics.rules.labels.release=prometheus",
        "metrics.dashboard.create=true",
        "metrics.dashboard.annotations.folder=Operators",
    ]);
    for kind in ["ServiceMonitor", "PrometheusRule"] {
        let labels = &of_kind(&objects, kind)[0]["metadata"]["labels"];
        assert_eq!(labels["release"], "prometheus", "{kind}");
    }
    let metadata = &of_kind(&objects, "ConfigMap")[0]["metadata"];
    assert_eq!(metadata["labels"]["grafana_dashboard"], "1");
    assert_eq!(metadata["annotations"], json!({"folder": "Operators"}));
}

#[test]
fn nothing_of_the_prometheus_operator_is_needed_unless_it_is_asked_for() {
    let objects = render(&[]);
    for kind in ["ServiceMonitor", "PrometheusRule", "ConfigMap"] {
        assert_eq!(of_kind(&objects, kind), Vec::<&Value>::new(), "{kind}");
    }
}

#[test]
fn panels_stand_beside_each_other_and_ask_the_chosen_data_source() {
    let dashboard = dashboard(&with_everything());
    let mut taken = BTreeSet::new();
    let mut ids = BTreeSet::new();
    for panel in dashboard["panels"].as_array().unwrap() {
        let title = &panel["title"];
        assert!(ids.insert(panel["id"].as_u64().unwrap()), "{title}");
        let place = |key: &str| panel["gridPos"][key].as_u64().unwrap();
        for x in place("x")..place("x") + place("w") {
            assert!(x < 24, "{title} is outside");
            for y in place("y")..place("y") + place("h") {
                assert!(taken.insert((x, y)), "{title} is on another");
            }
        }
        for target in panel["targets"].as_array().into_iter().flatten() {
            assert_eq!(target["datasource"]["uid"], "${datasource}", "{title}");
            let expression = target["expr"].as_str().unwrap();
            let selected = r#"{namespace="$namespace",job="$job""#;
            assert_eq!(
                expression.matches(selected).count(),
                series(expression).len(),
                "{title} shows other releases: {expression}"
            );
        }
    }
}
