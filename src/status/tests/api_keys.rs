use std::collections::BTreeSet;

use super::*;
use crate::api::ApiStatus;
use crate::fixtures::identity;
use crate::model::Tags;
use crate::plan::{ApiKey, Sensitive, UsagePlan};

/// A round in which the spec names no key any more; status says that there was one.
fn without_keys(keys: Seen<Vec<ApiKey>>, plans: Seen<Vec<UsagePlan>>) -> Vec<String> {
    let mut round = round();
    round.previous = Some(CachedApiStatus {
        api: Some(ApiStatus {
            api_keys: vec!["shop".into()],
            ..ApiStatus::default()
        }),
        ..CachedApiStatus::default()
    });
    round.observed.gateway.rest_api = Seen::Present(rest_api(identity().tags()));
    round.observed.gateway.api_keys = keys;
    round.observed.gateway.usage_plans = plans;
    let mut spec = spec_json();
    spec["api"]["apiKeys"] = serde_json::json!([]);
    round.report_of(&desired(spec)).api.unwrap().api_keys
}

fn key(tags: Tags) -> ApiKey {
    ApiKey {
        id: "k1".into(),
        name: "shop".into(),
        created: None,
        enabled: true,
        value: Sensitive::new("value"),
        tags,
    }
}

fn plan() -> UsagePlan {
    UsagePlan {
        id: "p1".into(),
        throttle: None,
        quota: None,
        stages: BTreeSet::new(),
        key_ids: BTreeSet::new(),
        tags: identity().tags(),
    }
}

#[test]
fn a_key_that_is_to_go_is_remembered_until_it_and_the_usage_plan_are_seen_to_be_gone() {
    let ours = || vec![key(identity().tags())];
    for (keys, plans, remembered, case) in [
        (Seen::Unread, Seen::Unread, true, "nothing was looked at"),
        (
            Seen::Present(ours()),
            Seen::Present(vec![plan()]),
            true,
            "both are there",
        ),
        (
            Seen::Present(ours()),
            Seen::Absent,
            true,
            "the key is there",
        ),
        (
            Seen::Absent,
            Seen::Present(vec![plan()]),
            true,
            "the plan is there",
        ),
        (
            Seen::Absent,
            Seen::Unread,
            true,
            "the plan was not looked at",
        ),
        (Seen::Absent, Seen::Absent, false, "nothing is there"),
        (
            Seen::Present(vec![key(Tags::new())]),
            Seen::Present(Vec::new()),
            false,
            "somebody else's key is there",
        ),
    ] {
        assert_eq!(!without_keys(keys, plans).is_empty(), remembered, "{case}");
    }
}
