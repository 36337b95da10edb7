//! What is said of the consumers.

use super::*;
use crate::api::ConsumerStatus;
use crate::fixtures::identity;
use crate::plan::{AWSCURRENT, Secret};

#[test]
fn every_consumer_that_failed_is_named_and_what_needs_somebody_comes_first() {
    let consumer = |kind, name: &str| Scope::Consumer {
        kind,
        name: name.into(),
    };
    let failing = Round {
        failures: vec![
            (
                consumer("Deployment", "orders"),
                failure(Class::Transient, Reason::ApiServerUnavailable),
            ),
            (
                consumer("function", "billing"),
                failure(Class::Blocked, Reason::AccessDenied),
            ),
        ],
        plan: Plan {
            bindings: AspectPlan::block(Reason::ReferenceNotFound, "no StatefulSet queue"),
            ..Plan::default()
        },
        ..round()
    };
    let status = failing.report();
    assert_eq!(
        says(&status, "BindingsReady"),
        said(False, Reason::AccessDenied)
    );
    let message = &condition(&status, "BindingsReady").message;
    let place = |text| message.find(text).unwrap();
    assert!(
        place("the function billing: ") < place("no StatefulSet queue")
            && place("no StatefulSet queue") < place("the Deployment orders: "),
        "{message}"
    );
    assert_eq!(says(&status, "CacheReady"), said(True, Reason::Available));
}

#[test]
fn a_consumer_that_cannot_be_read_is_not_called_up_to_date_with_another_version() {
    let function = "arn:aws:lambda:eu-west-1:123456789012:function:orders";
    let mut json = spec_json();
    json["bindings"] = serde_json::json!([{"lambda": {"functionArn": function}}]);
    let before = ConsumerStatus {
        kind: "Lambda".into(),
        name: function.into(),
        version_id: Some("v1".into()),
        up_to_date: true,
        policy: None,
    };
    for (current, up_to_date) in [("v1", true), ("v2", false)] {
        let mut round = round();
        round.previous = Some(CachedApiStatus {
            bindings: vec![before.clone()],
            ..CachedApiStatus::default()
        });
        let labels = [AWSCURRENT.to_owned()].into();
        round.observed.secret.secret = Seen::Present(Secret {
            arn: "arn".into(),
            deleted: None,
            versions: [(current.to_owned(), labels)].into(),
            rotation_enabled: false,
            tags: identity().tags(),
        });
        let denied = Seen::Unknown(failure(Class::Blocked, Reason::AccessDenied));
        round.observed.functions.insert(function.into(), denied);
        let expected = ConsumerStatus {
            up_to_date,
            ..before.clone()
        };
        let status = round.report_of(&desired(json.clone()));
        assert_eq!(status.bindings, [expected], "{current}");
    }
}
