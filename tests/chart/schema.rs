//! The schema of the values refuses what cannot work, and names it.

use super::helm::{CHART, helm, template};

#[test]
fn lint_has_nothing_to_say() {
    let said = helm(&["lint", "--strict", "--quiet", CHART]).unwrap();
    assert!(
        !said.contains("ERROR") && !said.contains("WARNING"),
        "{said}"
    );
}

#[test]
fn a_value_that_cannot_work_is_refused_by_its_name() {
    for (value, named, reason) in [
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
    ] {
        let refused = template(&[value]).expect_err(reason).to_string();
        assert!(refused.contains(named), "{value} ({reason}): {refused}");
    }
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
