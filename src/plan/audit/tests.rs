//! Each invariant, broken once.

use super::*;
use crate::api::Reason;
use crate::fixtures::{context, identity};
use crate::plan::{Class, Failure, Password, Read, RestApi, Secret, Seen};
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

/// A settled cache with an AUTH token, as it is observed, and an action with that token.
fn with_token() -> (Observed, Password) {
    let mut json = crate::fixtures::spec_json();
    json["credentials"] = serde_json::json!({"authToken": {}});
    let (world, _) = crate::plan::tests::settled(&json);
    let group = world.cache.groups.into_values().next().unwrap();
    let value = world.secrets.current().unwrap();
    let token = Password {
        version: value.version_id.clone(),
        value: value.password.clone(),
    };
    let mut observed = Observed::default();
    let tags = Seen::Present(identity().tags());
    observed.cache.tags.insert(group.arn.clone(), tags);
    observed.cache.group = Seen::Present(group);
    observed.secret.secret = Seen::Present(world.secrets.secret.unwrap());
    let version = token.version.clone();
    let values = &mut observed.secret.values;
    values.insert(version, Seen::Present(value));
    (observed, token)
}

fn rotate(token: &Password) -> AspectPlan {
    act([Action::Cache(CacheAction::RotateAuthToken {
        id: identity().cache_id(),
        token: token.clone(),
    })])
}

fn told(observed: &mut Observed, token: &Password, accepted: Accepted) {
    let login = crate::plan::Login {
        accepted,
        flaw: None,
        obstacle: None,
    };
    let logins = &mut observed.secret.logins;
    logins.insert(token.version.clone(), login);
}

fn known(observed: &mut Observed, token: &Password) {
    observed.secret.tokens.given = Some(crate::plan::GivenToken {
        token: token.value.clone(),
        alone: false,
        before: None,
        after: None,
    });
}

#[test]
fn no_auth_token_is_rotated_twice_without_a_login_between() {
    let (mut observed, current) = with_token();
    let wrong = |observed: &Observed, token| found(observed, rotate(token), Purpose::Converge);
    assert_eq!(wrong(&observed, &current).len(), 1, "no login");
    told(&mut observed, &current, Accepted::Unknown);
    assert_eq!(wrong(&observed, &current).len(), 1, "no word");
    told(&mut observed, &current, Accepted::All);
    assert_eq!(wrong(&observed, &current), Vec::<String>::new());
    let done = rotate(&current).actions.remove(0);
    observed.learn(&done, None);
    assert!(!wrong(&observed, &current).is_empty(), "just given");
}

#[test]
fn no_auth_token_comes_in_that_may_push_the_current_one_out() {
    let (mut observed, current) = with_token();
    let pending = Password {
        version: "pending".into(),
        ..current.clone()
    };
    let wrong = |observed: &Observed, token| found(observed, rotate(token), Purpose::Converge);
    told(&mut observed, &pending, Accepted::None);
    assert_eq!(wrong(&observed, &pending).len(), 1, "which is the newest?");
    known(&mut observed, &current);
    assert_eq!(wrong(&observed, &pending), Vec::<String>::new());
    told(&mut observed, &pending, Accepted::All);
    assert_eq!(wrong(&observed, &pending).len(), 1, "it is there");
    told(&mut observed, &pending, Accepted::None);
    if let Seen::Present(group) = &mut observed.cache.group {
        group.status = "modifying".into();
    }
    assert_eq!(wrong(&observed, &pending).len(), 1, "under way");
}

#[test]
fn no_auth_token_is_set_but_the_current_one() {
    let (observed, current) = with_token();
    let set = |version: &str| {
        let token = Password {
            version: version.into(),
            ..current.clone()
        };
        let (id, purpose) = (identity().cache_id(), crate::plan::Purpose::Retire);
        let set = Action::Cache(CacheAction::SetAuthToken { id, token, purpose });
        found(&observed, act([set]), Purpose::Converge)
    };
    assert_eq!(set(&current.version), Vec::<String>::new());
    assert_eq!(set("another").len(), 1);
}
