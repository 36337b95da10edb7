//! Each invariant, broken once.

use super::*;
use crate::api::Reason;
use crate::fixtures::{context, identity};
use crate::plan::{Class, Failure, Read, RestApi, Secret, Seen};
use std::time::Duration;

fn found(observed: &Observed, decided: AspectPlan, purpose: Purpose) -> Vec<String> {
    let basis = Basis {
        identity: &identity(),
        observed,
        context: context(),
        purpose,
    };
    audit(
        basis,
        &Plan {
            cache: decided,
            ..Plan::default()
        },
    )
}

fn act(actions: impl IntoIterator<Item = Action>) -> AspectPlan {
    AspectPlan {
        actions: actions.into_iter().collect(),
        ..AspectPlan::default()
    }
}

fn failure() -> Failure {
    Failure {
        operation: "o",
        class: Class::Transient,
        reason: Reason::AwsUnavailable,
        message: "m".into(),
        retry_after: None,
    }
}

fn create_subnet_group() -> Action {
    Action::Cache(CacheAction::CreateSubnetGroup {
        name: "n".into(),
        description: String::new(),
        subnet_ids: [].into(),
        tags: [].into(),
    })
}

fn delete_secret() -> Action {
    Action::Secret(SecretAction::DeleteSecret {
        arn: "arn".into(),
        recovery_window_days: 7,
    })
}

fn with_secret(tags: crate::model::Tags) -> Observed {
    let mut observed = Observed::default();
    observed.secret.secret = Seen::Present(Secret {
        arn: "arn".into(),
        deleted: None,
        versions: [].into(),
        rotation_enabled: false,
        tags,
    });
    observed
}

#[test]
fn nothing_is_written_while_something_is_to_be_read() {
    let mut observed = Observed::default();
    observed.cache.subnet_group = Seen::Absent;
    let mut decided = act([create_subnet_group()]);
    assert_eq!(
        found(&observed, decided.clone(), Purpose::Converge),
        Vec::<String>::new()
    );
    decided.reads.push(Read::User { id: "u".into() });
    assert_eq!(found(&observed, decided, Purpose::Converge).len(), 1);
}

#[test]
fn a_wait_has_a_time() {
    let decided = AspectPlan::wait(Reason::Provisioning, "x", Duration::ZERO);
    assert_eq!(
        found(&Observed::default(), decided, Purpose::Converge).len(),
        1
    );
}

#[test]
fn only_what_was_seen_to_be_absent_is_created() {
    let mut observed = Observed::default();
    for (seen, wrong) in [
        (Seen::Absent, 0),
        (Seen::Unread, 1),
        (Seen::Unknown(failure()), 1),
    ] {
        observed.cache.subnet_group = seen;
        assert_eq!(
            found(&observed, act([create_subnet_group()]), Purpose::Converge).len(),
            wrong
        );
    }
}

#[test]
fn only_what_was_seen_to_be_ours_is_written() {
    let foreign = with_secret([].into());
    assert_eq!(
        found(
            &with_secret(identity().tags()),
            act([delete_secret()]),
            Purpose::Teardown
        ),
        Vec::<String>::new()
    );
    assert_eq!(
        found(&foreign, act([delete_secret()]), Purpose::Teardown).len(),
        1
    );
    assert_eq!(
        found(
            &Observed::default(),
            act([delete_secret()]),
            Purpose::Teardown
        )
        .len(),
        1
    );
}

#[test]
fn what_the_object_lives_by_is_deleted_in_a_teardown_only() {
    assert_eq!(
        found(
            &with_secret(identity().tags()),
            act([delete_secret()]),
            Purpose::Converge
        )
        .len(),
        1
    );
}

#[test]
fn the_group_is_changed_once_in_a_round() {
    let mut observed = Observed::default();
    observed
        .cache
        .tags
        .insert("arn".into(), Seen::Present(identity().tags()));
    let (mut world, desired) = crate::plan::tests::settled(&crate::fixtures::spec_json());
    drop((world.settle(&desired), world.actions.clear()));
    let group = world.cache.groups.into_values().next().unwrap();
    observed
        .cache
        .tags
        .insert(group.arn.clone(), Seen::Present(identity().tags()));
    observed.cache.group = Seen::Present(group);
    let change = |days| {
        let (id, change) = ("g".to_owned(), GroupChange::SnapshotRetention(days));
        Action::Cache(CacheAction::ModifyReplicationGroup { id, change })
    };
    assert_eq!(
        found(&observed, act([change(1)]), Purpose::Converge),
        Vec::<String>::new()
    );
    assert_eq!(
        found(&observed, act([change(1), change(2)]), Purpose::Converge).len(),
        1
    );
}

#[test]
fn a_rest_api_is_announced_before_it_is_created() {
    let announce = || {
        Action::Cluster(ClusterAction::RecordIntent {
            kind: INTENT_REST_API,
        })
    };
    let create = || {
        Action::Gateway(GatewayAction::CreateRestApi {
            name: "n".into(),
            endpoint_type: crate::api::EndpointType::Regional,
            tags: [].into(),
        })
    };
    let mut observed = Observed::default();
    observed.gateway.rest_api = Seen::Absent;
    assert_eq!(
        found(&observed, act([announce(), create()]), Purpose::Converge),
        Vec::<String>::new()
    );
    assert_eq!(
        found(&observed, act([create()]), Purpose::Converge).len(),
        1,
        "without one"
    );
    assert_eq!(
        found(&observed, act([create(), announce()]), Purpose::Converge).len(),
        1,
        "after it"
    );
    observed.gateway.intent = Some(context().now - CREATION_GRACE);
    assert_eq!(
        found(&observed, act([create()]), Purpose::Converge),
        Vec::<String>::new(),
        "an old one counts"
    );
    observed.gateway.intent = Some(context().now - CREATION_GRACE / 2);
    assert_eq!(
        found(&observed, act([announce(), create()]), Purpose::Converge).len(),
        1,
        "a fresh one may still come true"
    );
}

#[test]
fn only_duplicates_of_the_rest_api_are_deleted_while_the_object_lives() {
    let mut observed = Observed::default();
    let api = RestApi {
        id: "a".into(),
        name: String::new(),
        version: None,
        created: None,
        available: true,
        status_message: None,
        confirmed: false,
        tags: identity().tags(),
    };
    observed.gateway.rest_api = Seen::Present(api);
    observed.gateway.duplicates = vec!["b".into()];
    let delete = |api: &str| {
        act([Action::Gateway(GatewayAction::DeleteRestApi {
            api: api.into(),
        })])
    };
    assert_eq!(
        found(&observed, delete("b"), Purpose::Converge),
        Vec::<String>::new()
    );
    assert_eq!(found(&observed, delete("a"), Purpose::Converge).len(), 1);
    assert_eq!(
        found(&observed, delete("a"), Purpose::Teardown),
        Vec::<String>::new()
    );
    assert_eq!(
        found(&observed, delete("c"), Purpose::Teardown).len(),
        1,
        "somebody else's"
    );
}
