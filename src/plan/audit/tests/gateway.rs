use super::*;
use crate::plan::world::foreign_tags;
use crate::plan::{ApiKey, Sensitive, UsagePlan};

fn key(name: &str, tags: crate::model::Tags) -> ApiKey {
    ApiKey {
        id: "k".into(),
        name: name.into(),
        created: None,
        enabled: true,
        value: Sensitive::new("v"),
        tags,
    }
}

fn usage_plan(tags: crate::model::Tags) -> UsagePlan {
    UsagePlan {
        id: "p".into(),
        throttle: None,
        quota: None,
        stages: [].into(),
        key_ids: [].into(),
        tags,
    }
}

#[test]
fn a_key_is_created_when_ours_of_that_name_was_seen_to_be_absent() {
    let create = Action::Gateway(GatewayAction::CreateApiKey {
        name: "shop".into(),
        tags: identity().tags(),
    });
    let mut observed = Observed::default();
    for (seen, wrong, reason) in [
        (Seen::Present(Vec::new()), 0, "none"),
        (Seen::Unread, 1, "unread"),
        (Seen::Unknown(failure()), 1, "unknown"),
        (
            Seen::Present(vec![key("shop", foreign_tags())]),
            0,
            "foreign",
        ),
        (
            Seen::Present(vec![key("web", identity().tags())]),
            0,
            "other",
        ),
        (
            Seen::Present(vec![key("shop", identity().tags())]),
            1,
            "ours",
        ),
    ] {
        observed.gateway.api_keys = seen;
        let found = found(&observed, act([create.clone()]), CONVERGE);
        assert_eq!(found.len(), wrong, "{reason}");
    }
}

#[test]
fn a_usage_plan_is_created_when_ours_was_seen_to_be_absent_and_only_ours_is_deleted() {
    let create = Action::Gateway(GatewayAction::CreateUsagePlan {
        name: "shop".into(),
        throttle: None,
        quota: None,
        stage: ("a".into(), "prod".into()),
        tags: identity().tags(),
    });
    let delete = Action::Gateway(GatewayAction::DeleteUsagePlan { id: "p".into() });
    let mut observed = Observed::default();
    for (seen, created, deleted, reason) in [
        (Seen::Present(Vec::new()), 0, 1, "none"),
        (Seen::Unread, 1, 1, "unread"),
        (Seen::Unknown(failure()), 1, 1, "unknown"),
        (
            Seen::Present(vec![usage_plan(foreign_tags())]),
            0,
            1,
            "foreign",
        ),
        (
            Seen::Present(vec![usage_plan(identity().tags())]),
            1,
            0,
            "ours",
        ),
    ] {
        observed.gateway.usage_plans = seen;
        let wrong = |action: &Action| found(&observed, act([action.clone()]), CONVERGE).len();
        assert_eq!(
            (wrong(&create), wrong(&delete)),
            (created, deleted),
            "{reason}"
        );
    }
}
