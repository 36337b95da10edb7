//! The schema of the values refuses what cannot work, and names it.

use std::collections::BTreeSet;

use serde_json::Value;

use super::helm::{CHART, helm, read, template};

#[test]
fn lint_has_nothing_to_say() {
    let said = helm(&["lint", "--strict", "--quiet", CHART]).unwrap();
    assert!(
        !said.contains("ERROR") && !said.contains("WARNING"),
        "{said}"
    );
}

/// Each value, what the refusal has to name, and why it is refused.
fn refused(cases: &[(&str, &str, &str)]) {
    for (value, named, reason) in cases {
        let refused = template(&[value]).expect_err(reason).to_string();
        assert!(refused.contains(named), "{value} ({reason}): {refused}");
    }
}

#[test]
fn a_setting_that_cannot_work_is_refused_by_its_name() {
    refused(&[
        ("watchNamespace={a}", "watchNamespace", "a typo"),
        (
            "aws.endpoint=http://localhost:4566",
            "endpoint",
            "a typo below the top",
        ),
        ("log.format=yaml", "format", "not one of the formats"),
        ("quotaShare=1.5", "quotaShare", "more than all"),
        ("quotaShare=0", "quotaShare", "nothing would ever be called"),
        ("pollInterval=10", "pollInterval", "no unit"),
        ("pollInterval=0m", "pollInterval", "polling without end"),
        ("pollInterval=30s", "pollInterval", "less than a minute"),
        (
            "maxConcurrentReconciles=0",
            "maxConcurrentReconciles",
            "nothing would be done",
        ),
        (
            "watchNamespaces={Orders}",
            "watchNamespaces",
            "no name of a namespace",
        ),
        ("orphans.grace=30m", "grace", "less than an hour"),
        ("orphans.delete=maybe", "delete", "neither yes nor no"),
        ("orphans.sweepInterval=30s", "sweepInterval", "without end"),
        ("orphans.regions={Ireland}", "regions", "no Region"),
        ("image.digest=sha256:1234", "digest", "no digest"),
        ("replicas=many", "replicas", "not a number"),
    ]);
}

#[test]
fn an_installation_that_cannot_work_is_refused_by_the_name_of_its_value() {
    refused(&[
        (
            "aws.webIdentity.roleArn=operator",
            "roleArn",
            "a name, no ARN",
        ),
        (
            "aws.webIdentity.tokenExpirationSeconds=60",
            "tokenExpirationSeconds",
            "the kubelet refuses it",
        ),
        (
            "aws.credentialsSecret=AKIA/abc",
            "credentialsSecret",
            "keys in place of a Secret's name",
        ),
        (
            "metrics.rules.runbookUrl=docs/runbooks.md",
            "runbookUrl",
            "no address",
        ),
        (
            "metrics.rules.passwordMaxAgeDays=0",
            "passwordMaxAgeDays",
            "always too old",
        ),
        (
            "metrics.serviceMonitor.interval=often",
            "interval",
            "no duration",
        ),
        (
            "networkPolicy.aws.cidrs={example.com}",
            "cidrs",
            "policies know no names",
        ),
        (
            "networkPolicy.aws.cidrs={10.0.0.0}",
            "cidrs",
            "no length of a prefix",
        ),
        ("networkPolicy.aws.ports={https}", "ports", "no number"),
        (
            "networkPolicy.egress.cidrs={10.0.0.0/8}",
            "egress",
            "a typo",
        ),
        (
            "extraVolumes[0].emptyDir.medium=Memory",
            "name",
            "a volume without a name",
        ),
        (
            "extraVolumeMounts[0].name=x",
            "mountPath",
            "mounted nowhere",
        ),
    ]);
}

#[test]
fn a_service_account_that_is_not_created_must_be_named() {
    let refused = template(&["serviceAccount.create=false"])
        .unwrap_err()
        .to_string();
    assert!(
        refused.contains("serviceAccount.name is needed"),
        "{refused}"
    );
}

/// Paths of what `schema` knows by name.
fn known(schema: &Value, root: &Value, path: &str, paths: &mut BTreeSet<String>) {
    let schema = match schema["$ref"].as_str() {
        Some(name) => root.pointer(name.trim_start_matches('#')).unwrap(),
        None => schema,
    };
    match schema["properties"].as_object() {
        Some(properties) => {
            for (name, inner) in properties {
                known(inner, root, &format!("{path}.{name}"), paths);
            }
        }
        None => drop(paths.insert(path.to_owned())),
    }
}

/// Paths of what `values` has, down to where the schema knows names.
fn set(values: &Value, path: &str, known: &BTreeSet<String>, paths: &mut BTreeSet<String>) {
    match values.as_object() {
        Some(values) if !known.contains(path) => {
            for (name, inner) in values {
                set(inner, &format!("{path}.{name}"), known, paths);
            }
        }
        _ => drop(paths.insert(path.to_owned())),
    }
}

#[test]
fn every_value_that_can_be_set_stands_in_the_documented_file_with_its_default() {
    let schema = read(format!("{CHART}/values.schema.json"));
    let mut allowed = BTreeSet::new();
    known(&schema, &schema, "", &mut allowed);
    let mut documented = BTreeSet::new();
    let values = read(format!("{CHART}/values.yaml"));
    set(&values, "", &allowed, &mut documented);
    // Helm sets it, and only where it is.
    allowed.remove(".global");
    // Kubernetes' own, which say what they are.
    allowed.retain(|path| !path.starts_with(".resources"));
    documented.retain(|path| !path.starts_with(".resources"));
    assert_eq!(documented, allowed);
}

#[test]
fn every_top_level_value_is_in_the_table_of_the_readme() {
    let table = std::fs::read_to_string(format!("{CHART}/README.md")).unwrap();
    for name in read(format!("{CHART}/values.yaml"))
        .as_object()
        .unwrap()
        .keys()
    {
        let named = [format!("`{name}`"), format!("`{name}.")];
        assert!(named.iter().any(|named| table.contains(named)), "{name}");
    }
}
