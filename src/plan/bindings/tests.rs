use std::collections::BTreeMap;
use std::time::Duration;

use super::*;
use crate::fixtures::{context, desired as desired_of, identity, now, spec_json};
use crate::plan::{Action, ApiKey, BoundSecret, ClusterAction, Secret, Sensitive};

fn desired() -> Desired {
    desired_of(spec_json())
}

/// A secret whose value has this password.
fn observed(password: &str) -> Observed {
    let mut observed = Observed::default();
    observed.secret.secret = Seen::Present(Secret {
        arn: "arn:secret".into(),
        deleted: None,
        versions: [("v1".to_owned(), ["AWSCURRENT".to_owned()].into())].into(),
        rotation_enabled: false,
        tags: identity().tags(),
    });
    let value = SecretValue {
        version_id: "v1".into(),
        username: identity().cache_username(),
        password: Sensitive::new(password),
        engine: Some("valkey".into()),
        replication_group_id: None,
        endpoint: Some(Endpoint {
            host: "cache.example.com".into(),
            port: 6379,
        }),
        password_since: None,
        user_since: None,
        created: None,
    };
    observed
        .secret
        .values
        .insert("v1".into(), Seen::Present(value));
    observed.bound.insert("orders-cache".into(), Seen::Absent);
    observed
}

fn applied(plan: &AspectPlan) -> BTreeMap<&str, &str> {
    match plan.actions.as_slice() {
        [Action::Cluster(ClusterAction::ApplySecret { data, .. })] => data
            .iter()
            .map(|(key, value)| (key.as_str(), value.reveal()))
            .collect(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_binding_has_the_shape_of_the_service_binding_specification() {
    let plan = plan_bindings(&desired(), &observed("p@ss/w:rd%é"), context());
    let expected = [
        ("host", "cache.example.com"),
        ("keyPrefix", "capi:0a1b2c3d4e5f40718293a4b5c6d7e8f9:"),
        ("password", "p@ss/w:rd%é"),
        ("port", "6379"),
        ("provider", "cachedapi"),
        ("tls", "true"),
        ("type", "valkey"),
        (
            "uri",
            "rediss://capi-0a1b2c3d:p%40ss%2Fw%3Ard%25%C3%A9@cache.example.com:6379",
        ),
        ("username", "capi-0a1b2c3d"),
    ];
    assert_eq!(applied(&plan), expected.into());
}

#[test]
fn nothing_is_bound_before_there_is_something_to_bind() {
    type Change = fn(&mut Observed);
    let cases: [(&str, Change); 5] = [
        ("no secret", |observed| {
            observed.secret.secret = Seen::Absent;
        }),
        ("no current version", |observed| {
            if let Seen::Present(secret) = &mut observed.secret.secret {
                secret.versions.clear();
            }
        }),
        ("somebody else's secret", |observed| {
            if let Seen::Present(secret) = &mut observed.secret.secret {
                secret.tags.clear();
            }
        }),
        ("no endpoint", |observed| {
            if let Some(Seen::Present(value)) = observed.secret.values.get_mut("v1") {
                value.endpoint = None;
            }
        }),
        ("no password", |observed| {
            if let Some(Seen::Present(value)) = observed.secret.values.get_mut("v1") {
                value.password = Sensitive::new("");
            }
        }),
    ];
    for (reason, change) in cases {
        let mut observed = observed("secret");
        change(&mut observed);
        let plan = plan_bindings(&desired(), &observed, context());
        assert!(
            plan.actions.is_empty() && plan.blocks.is_empty(),
            "{reason}: {plan:?}"
        );
        assert_eq!(
            plan.waits[0].reason,
            Reason::WaitingForDependency,
            "{reason}"
        );
    }
}

#[test]
fn an_api_key_is_bound_only_when_it_is_ours() {
    let mut json = spec_json();
    json["bindings"] = serde_json::json!([]);
    json["api"] =
        serde_json::json!({"apiKeys": [{"name": "shop", "secret": {"name": "shop-key"}}]});
    let desired = desired_of(json);
    let mut observed = Observed::default();
    observed.bound.insert("shop-key".into(), Seen::Absent);
    let mut key = |tags| {
        let key = ApiKey {
            id: "k".into(),
            name: desired.gateway.api_keys["shop"].name.clone(),
            created: None,
            enabled: true,
            value: Sensitive::new("key-value"),
            tags,
        };
        observed.gateway.api_keys = Seen::Present(vec![key]);
        plan_bindings(&desired, &observed, context())
    };
    assert_eq!(
        applied(&key(identity().tags())),
        [("apiKey", "key-value")].into()
    );
    assert_eq!(key([].into()).waits[0].reason, Reason::WaitingForDependency);
}

#[test]
fn of_two_api_keys_of_a_name_the_older_is_bound() {
    let mut json = spec_json();
    json["bindings"] = serde_json::json!([]);
    json["api"] =
        serde_json::json!({"apiKeys": [{"name": "shop", "secret": {"name": "shop-key"}}]});
    let desired = desired_of(json);
    let key = |value: &str, created| ApiKey {
        id: value.into(),
        name: desired.gateway.api_keys["shop"].name.clone(),
        created: Some(created),
        enabled: true,
        value: Sensitive::new(value),
        tags: identity().tags(),
    };
    let (older, younger) = (now(), now() + Duration::from_secs(1));
    let mut observed = Observed::default();
    observed.bound.insert("shop-key".into(), Seen::Absent);
    observed.gateway.api_keys = Seen::Present(vec![key("a-younger", younger), key("older", older)]);
    assert_eq!(
        applied(&plan_bindings(&desired, &observed, context())),
        [("apiKey", "older")].into()
    );
}

#[test]
fn a_secret_that_left_the_spec_is_deleted_in_the_version_that_was_seen() {
    let mut observed = observed("secret");
    let old = BoundSecret {
        owned: true,
        resource_version: "7".into(),
        data: [].into(),
        version: None,
    };
    observed.previously_bound.insert("old".into());
    assert!(
        plan_bindings(&desired(), &observed, context())
            .reads
            .contains(&Read::BoundSecret { name: "old".into() })
    );
    observed.bound.insert("old".into(), Seen::Present(old));
    let delete = Action::Cluster(ClusterAction::DeleteSecret {
        name: "old".into(),
        resource_version: "7".into(),
    });
    assert!(
        plan_bindings(&desired(), &observed, context())
            .actions
            .contains(&delete)
    );
}
