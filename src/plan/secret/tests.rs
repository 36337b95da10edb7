use super::*;
use crate::fixtures::{context, desired as desired_of, identity, spec_json};
use crate::plan::{CacheUser, Class, Failure, ReplicationGroup, Sensitive, UserGroup};

fn desired() -> Desired {
    desired_of(spec_json())
}

fn secret() -> Secret {
    Secret {
        arn: "arn:secret".into(),
        deleted: None,
        versions: [
            ("v1".to_owned(), ["AWSCURRENT".to_owned()].into()),
            ("v0".to_owned(), ["AWSPREVIOUS".to_owned()].into()),
        ]
        .into(),
        rotation_enabled: false,
        tags: identity().tags(),
    }
}

fn value() -> SecretValue {
    SecretValue {
        version_id: "v1".into(),
        username: identity().cache_username(),
        password: Sensitive::new("secret"),
        engine: Some("valkey".into()),
        replication_group_id: None,
        endpoint: Some(endpoint("a")),
        password_since: None,
        user_since: None,
        created: Some(crate::fixtures::now()),
    }
}

fn endpoint(host: &str) -> Endpoint {
    Endpoint {
        host: host.into(),
        port: 6379,
    }
}

fn observed(secret: Secret, value: SecretValue) -> Observed {
    let mut observed = Observed::default();
    observed.secret.secret = Seen::Present(secret);
    observed
        .secret
        .values
        .insert(value.version_id.clone(), Seen::Present(value));
    observed.cache.group = Seen::Absent;
    observed
}

/// The object's own replication group at `host`.
fn with_group(mut observed: Observed, host: &str) -> Observed {
    observed.cache.group = Seen::Present(ReplicationGroup {
        arn: "arn:group".into(),
        status: "available".into(),
        node_groups_available: true,
        engine: None,
        node_type: String::new(),
        member_clusters: Vec::new(),
        shards: 1,
        replicas_per_shard: 0,
        failover: false,
        multi_az: false,
        tls_required: true,
        encrypted_at_rest: true,
        auth_token: false,
        cluster_mode: false,
        global: false,
        snapshot_retention_days: 0,
        user_group_ids: [].into(),
        nodes: Vec::new(),
        primary: Some(endpoint(host)),
        reader: None,
        pending: Vec::new(),
        auth_token_modified: None,
        created: None,
        auth_token_changing: false,
    });
    observed
        .cache
        .tags
        .insert("arn:group".into(), Seen::Present(identity().tags()));
    observed
}

fn plan(observed: &Observed) -> AspectPlan {
    plan_secret(&desired(), observed, context())
}

fn put(plan: &AspectPlan) -> (Uuid, &str, &SecretFacts) {
    match plan.actions.as_slice() {
        [
            Action::Secret(SecretAction::PutSecretValue {
                token, from, facts, ..
            }),
        ] => (*token, from, facts),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_secret_is_created_with_the_same_token_in_every_process() {
    let mut observed = Observed::default();
    observed.secret.secret = Seen::Absent;
    assert_eq!(
        plan(&observed).reads,
        [
            Read::User {
                id: identity().cache_id()
            },
            Read::UserGroup {
                id: identity().cache_id()
            }
        ],
        "a user would have the password of a secret that is gone"
    );
    observed
        .cache
        .users
        .insert(identity().cache_id(), Seen::Absent);
    observed.cache.user_group = Seen::Absent;
    let plan = plan(&observed);
    let [
        Action::Secret(SecretAction::CreateSecret {
            name,
            token,
            facts,
            tags,
            ..
        }),
    ] = plan.actions.as_slice()
    else {
        panic!("{plan:?}")
    };
    assert_eq!(
        (name, token, tags),
        (
            &identity().secret_name(),
            &identity().token("secret"),
            &identity().tags()
        )
    );
    assert_eq!(
        (facts.username.clone(), facts.endpoint.as_ref()),
        (Some(identity().cache_username()), None)
    );
}

#[test]
fn no_new_password_is_made_while_the_user_has_the_old_one() {
    let mut observed = Observed::default();
    observed.secret.secret = Seen::Absent;
    let user = CacheUser {
        arn: "arn:user".into(),
        status: "active".into(),
        name: identity().cache_username(),
        engine: "valkey".into(),
        access_string: String::new(),
        passwords: 1,
        iam: false,
    };
    observed
        .cache
        .users
        .insert(identity().cache_id(), Seen::Present(user));
    observed.cache.user_group = Seen::Absent;
    assert_eq!(plan(&observed).blocks[0].reason, Reason::SecretUnusable);
    assert!(plan(&observed).actions.is_empty());
}

#[test]
fn no_new_password_is_made_while_a_successor_of_the_user_is_in_the_cache() {
    let mut observed = Observed::default();
    observed.secret.secret = Seen::Absent;
    observed
        .cache
        .users
        .insert(identity().cache_id(), Seen::Absent);
    let successor = identity().successor(identity().token("secret"));
    observed.cache.user_group = Seen::Present(UserGroup {
        arn: "arn:group".into(),
        status: "active".into(),
        engine: "valkey".into(),
        user_ids: [identity().default_user_id(), successor].into(),
    });
    assert_eq!(plan(&observed).blocks[0].reason, Reason::SecretUnusable);
    assert!(plan(&observed).actions.is_empty());
}

#[test]
fn a_failed_read_creates_nothing() {
    let failure = |class| Failure {
        operation: "secretsmanager:DescribeSecret",
        class,
        reason: Reason::AwsUnavailable,
        message: "503".into(),
        retry_after: None,
    };
    for class in [Class::Transient, Class::Busy, Class::Blocked] {
        let mut observed = Observed::default();
        observed.secret.secret = Seen::Unknown(failure(class));
        observed
            .cache
            .users
            .insert(identity().cache_id(), Seen::Absent);
        let plan = plan(&observed);
        assert!(plan.actions.is_empty() && !plan.is_settled(), "{class:?}");
    }
}

#[test]
fn the_endpoint_is_written_once_it_is_known_and_keeps_the_password() {
    let unknown = SecretValue {
        endpoint: None,
        ..value()
    };
    assert!(
        plan(&observed(secret(), unknown.clone())).is_settled(),
        "nothing to write yet"
    );
    let plan = plan(&with_group(observed(secret(), unknown), "a"));
    let (_, from, facts) = put(&plan);
    assert_eq!(
        (from, facts.endpoint.as_ref()),
        ("v1", Some(&endpoint("a")))
    );
}

#[test]
fn an_endpoint_that_comes_back_is_another_version() {
    let token = |from: &str, host: &str, new: &str| {
        let mut secret = secret();
        secret.versions = [(from.to_owned(), ["AWSCURRENT".to_owned()].into())].into();
        let value = SecretValue {
            version_id: from.into(),
            endpoint: Some(endpoint(host)),
            ..value()
        };
        put(&plan(&with_group(observed(secret, value), new))).0
    };
    let (there, back, again) = (
        token("v1", "a", "b"),
        token("v2", "b", "a"),
        token("v3", "a", "b"),
    );
    assert!(
        there != back && there != again,
        "a token that is used twice does not make a version current"
    );
    assert_eq!(
        there,
        token("v1", "a", "b"),
        "of two controllers that decide the same, one makes the version"
    );
}

#[test]
fn an_endpoint_is_written_again_when_somebody_makes_the_version_without_it_current() {
    let unknown = SecretValue {
        endpoint: None,
        ..value()
    };
    let first = plan(&with_group(observed(secret(), unknown.clone()), "a"));
    let (token, ..) = put(&first);
    let mut moved_back = secret();
    let label = |label: &str| [label.to_owned()].into();
    moved_back.versions = [
        ("v1".to_owned(), label("AWSCURRENT")),
        (token.to_string(), label("AWSPREVIOUS")),
    ]
    .into();
    let again = plan(&with_group(observed(moved_back, unknown), "a"));
    assert_ne!(
        put(&again).0,
        token,
        "that version is there, and a token makes a version once"
    );
}

#[test]
fn the_engine_is_written_when_it_changed() {
    let plan = plan(&observed(
        secret(),
        SecretValue {
            engine: Some("redis".into()),
            ..value()
        },
    ));
    assert_eq!(
        put(&plan).2.endpoint,
        Some(endpoint("a")),
        "and the endpoint stays"
    );
}

#[test]
fn a_value_that_somebody_broke_is_reported_and_not_overwritten() {
    let cases = [
        (
            "no password",
            SecretValue {
                password: Sensitive::new(""),
                ..value()
            },
            "no password",
        ),
        (
            "no user",
            SecretValue {
                username: String::new(),
                ..value()
            },
            "another user",
        ),
        (
            "another user",
            SecretValue {
                username: "admin".into(),
                ..value()
            },
            "another user",
        ),
    ];
    for (reason, value, message) in cases {
        let plan = plan(&observed(secret(), value));
        assert!(plan.actions.is_empty(), "{reason}");
        assert_eq!(plan.blocks[0].reason, Reason::SecretUnusable, "{reason}");
        assert!(
            plan.blocks[0].message.contains(message),
            "{reason}: {}",
            plan.blocks[0].message
        );
    }
}

#[test]
fn a_secret_without_a_current_version_is_reported() {
    let secret = Secret {
        versions: [("v0".to_owned(), ["AWSPREVIOUS".to_owned()].into())].into(),
        ..secret()
    };
    let plan = plan(&observed(secret, value()));
    assert_eq!(
        (plan.actions.len(), plan.blocks[0].reason),
        (0, Reason::SecretUnusable)
    );
}

#[test]
fn our_own_secret_is_restored_and_somebody_elses_is_not() {
    let deleted = Secret {
        deleted: Some(crate::fixtures::now()),
        ..secret()
    };
    let restore = Action::Secret(SecretAction::RestoreSecret {
        arn: "arn:secret".into(),
    });
    assert_eq!(plan(&observed(deleted.clone(), value())).actions, [restore]);
    let plan = plan(&observed(
        Secret {
            tags: [].into(),
            ..deleted
        },
        value(),
    ));
    assert_eq!(
        (plan.actions.len(), plan.blocks[0].reason),
        (0, Reason::NameTaken)
    );
    assert!(
        plan.blocks[0].message.contains("2026-11-24T12:00:00Z"),
        "it says until when the name is taken: {}",
        plan.blocks[0].message
    );
}
