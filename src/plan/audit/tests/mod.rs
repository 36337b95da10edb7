//! Each invariant, broken once.

mod adoption;
mod auth_token;
mod gateway;

use super::*;
use crate::api::Reason;
use crate::fixtures::{context, identity};
use crate::model::CredentialMode;
use crate::plan::{
    Class, Failure, INTENT_IAM_LEAVES, INTENT_PASSWORD_LEAVES, Read, RestApi, Secret, Seen,
};
use std::time::Duration;

const CONVERGE: Purpose = Purpose::Converge(CredentialMode::Password);

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
        found(&observed, decided.clone(), CONVERGE),
        Vec::<String>::new()
    );
    decided.reads.push(Read::User { id: "u".into() });
    assert_eq!(found(&observed, decided, CONVERGE).len(), 1);
}

#[test]
fn a_wait_has_a_time() {
    let decided = AspectPlan::wait(Reason::Provisioning, "x", Duration::ZERO);
    assert_eq!(found(&Observed::default(), decided, CONVERGE).len(), 1);
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
            found(&observed, act([create_subnet_group()]), CONVERGE).len(),
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
            CONVERGE
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
        found(&observed, act([change(1)]), CONVERGE),
        Vec::<String>::new()
    );
    assert_eq!(
        found(&observed, act([change(1), change(2)]), CONVERGE).len(),
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
        found(&observed, act([announce(), create()]), CONVERGE),
        Vec::<String>::new()
    );
    assert_eq!(
        found(&observed, act([create()]), CONVERGE).len(),
        1,
        "without one"
    );
    assert_eq!(
        found(&observed, act([create(), announce()]), CONVERGE).len(),
        1,
        "after it"
    );
    observed.gateway.intent = Some(context().now - CREATION_GRACE);
    assert_eq!(
        found(&observed, act([create()]), CONVERGE),
        Vec::<String>::new(),
        "an old one counts"
    );
    observed.gateway.intent = Some(context().now - CREATION_GRACE / 2);
    assert_eq!(
        found(&observed, act([announce(), create()]), CONVERGE).len(),
        1,
        "a fresh one may still come true"
    );
}

fn rest_api(id: &str, tags: crate::model::Tags) -> RestApi {
    RestApi {
        id: id.into(),
        name: String::new(),
        version: None,
        endpoint_type: None,
        settings: Vec::new(),
        created: None,
        available: true,
        status_message: None,
        confirmed: false,
        tags,
    }
}

#[test]
fn only_duplicates_of_the_rest_api_are_deleted_while_the_object_lives() {
    let mut observed = Observed::default();
    observed.gateway.rest_api = Seen::Present(rest_api("a", identity().tags()));
    observed.gateway.duplicates = Seen::Present(vec!["b".into()]);
    let delete = |api: &str| {
        act([Action::Gateway(GatewayAction::DeleteRestApi {
            api: api.into(),
        })])
    };
    assert_eq!(
        found(&observed, delete("b"), CONVERGE),
        Vec::<String>::new()
    );
    assert_eq!(found(&observed, delete("a"), CONVERGE).len(), 1);
    // A list may have it twice.
    observed.gateway.duplicates = Seen::Present(vec!["b".into(), "a".into()]);
    assert_eq!(found(&observed, delete("a"), CONVERGE).len(), 1);
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

/// A settled object with a password, and a user that shows tokens, or another thing in its place.
fn with_both_ways() -> Observed {
    let mut json = crate::fixtures::spec_json();
    json["credentials"] = serde_json::json!({"password": {}, "iam": {}});
    let (world, _) = crate::plan::tests::settled(&json);
    let mut observed = Observed::default();
    let cache = &mut observed.cache;
    cache.user_group = Seen::Present(world.cache.user_groups[&identity().cache_id()].clone());
    for (id, user) in &world.cache.users {
        cache.users.insert(id.clone(), Seen::Present(user.clone()));
    }
    let tags = world.cache.tags.into_iter();
    cache.tags = tags.map(|(arn, tags)| (arn, Seen::Present(tags))).collect();
    for (version, value) in world.secrets.values {
        observed.secret.values.insert(version, Seen::Present(value));
    }
    observed.secret.secret = Seen::Present(world.secrets.secret.unwrap());
    for kind in [INTENT_PASSWORD_LEAVES, INTENT_IAM_LEAVES] {
        observed.cache.leaving.insert(kind.into(), context().now);
    }
    observed
}

fn leaves(id: String) -> AspectPlan {
    act([Action::Cache(CacheAction::ModifyUserGroup {
        id: identity().cache_id(),
        add: [].into(),
        remove: [id].into(),
    })])
}

#[test]
fn a_way_in_is_closed_when_the_spec_has_another_alone_and_that_one_is_open() {
    use CredentialMode::{Iam, Password, PasswordAndIam};
    let observed = with_both_ways();
    let (password, iam) = (identity().cache_id(), identity().iam_user_id());
    for (mode, id, wrong) in [
        (Iam, &password, 0),
        (Password, &password, 1),
        (PasswordAndIam, &password, 1),
        (Password, &iam, 0),
        (Iam, &iam, 1),
        (PasswordAndIam, &iam, 1),
    ] {
        let found = found(&observed, leaves(id.clone()), Purpose::Converge(mode));
        assert_eq!(found.len(), wrong, "{mode:?} {id}: {found:?}");
    }
}

#[test]
fn the_last_way_in_is_never_closed() {
    type Spoil = fn(&mut Observed);
    let (password, iam) = (identity().cache_id(), identity().iam_user_id());
    let group = |observed: &mut Observed, id: &str| match &mut observed.cache.user_group {
        Seen::Present(group) => drop(group.user_ids.remove(id)),
        other => panic!("{other:?}"),
    };
    let spoils: [(&str, Spoil); 3] = [
        ("gone", |observed| {
            let id = identity().iam_user_id();
            observed.cache.users.insert(id, Seen::Absent);
        }),
        ("not active", |observed| {
            spoil(observed, |user| user.status = "creating".into());
        }),
        ("with a password", |observed| {
            spoil(observed, |user| user.iam = false);
        }),
    ];
    for (case, change) in spoils {
        let mut observed = with_both_ways();
        change(&mut observed);
        let close = leaves(password.clone());
        let found = found(&observed, close, Purpose::Converge(CredentialMode::Iam));
        assert_eq!(found.len(), 1, "{case}");
    }
    for (leaver, stays, mode) in [
        (&password, &iam, CredentialMode::Iam),
        (&iam, &password, CredentialMode::Password),
    ] {
        let found =
            |observed: &Observed| found(observed, leaves(leaver.clone()), Purpose::Converge(mode));
        let mut observed = with_both_ways();
        group(&mut observed, stays);
        assert_eq!(found(&observed).len(), 1, "{stays} is no member");
        let mut observed = with_both_ways();
        observed.cache.leaving.clear();
        assert_eq!(found(&observed).len(), 1, "{leaver} leaves unannounced");
    }
}

fn spoil(observed: &mut Observed, change: impl FnOnce(&mut CacheUser)) {
    match observed.cache.users.get_mut(&identity().iam_user_id()) {
        Some(Seen::Present(user)) => change(user),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_secret_is_deleted_when_no_user_has_its_password() {
    let mode = Purpose::Converge(CredentialMode::Iam);
    let mut observed = with_both_ways();
    let arn = observed.secret.secret.present().unwrap().arn.clone();
    let delete = || {
        act([Action::Secret(SecretAction::DeleteSecret {
            arn: arn.clone(),
            recovery_window_days: 7,
        })])
    };
    assert_eq!(found(&observed, delete(), mode).len(), 1, "it has one");
    let id = identity().cache_id();
    observed.cache.users.insert(id.clone(), Seen::Absent);
    assert_eq!(found(&observed, delete(), mode).len(), 1, "a member");
    if let Seen::Present(group) = &mut observed.cache.user_group {
        group.user_ids.remove(&id);
    }
    assert_eq!(found(&observed, delete(), mode), Vec::<String>::new());
    assert_eq!(
        found(&observed, delete(), CONVERGE).len(),
        1,
        "it is needed"
    );
}
