use cachedapi_operator::api::Engine;
use cachedapi_operator::plan::{
    AWSPENDING, AWSPREVIOUS, Class, Endpoint, Fact, Password, Read, Secret, SecretAction,
    SecretFacts, SecretValue, Seen, Successor,
};
use uuid::Uuid;

use super::world::{World, tags};

pub const NAME: &str = "cachedapi/shop/orders-00000007";

pub fn facts(endpoint: Option<&str>) -> SecretFacts {
    SecretFacts {
        engine: Engine::Valkey,
        username: Some("capi-00000007".into()),
        password_since: endpoint.map(|_| "2026-11-01T12:00:00Z".parse().unwrap()),
        user_since: None,
        replication_group_id: "capi-7".into(),
        key_prefix: "capi:7:".into(),
        user_arn: endpoint.map(|_| "arn:aws:elasticache:user".into()),
        endpoint: endpoint.map(|host| Endpoint {
            host: host.into(),
            port: 6379,
        }),
    }
}

pub fn create() -> SecretAction {
    SecretAction::CreateSecret {
        name: NAME.into(),
        description: "Cache credential".into(),
        token: Uuid::from_u128(1),
        facts: facts(None),
        tags: tags(),
    }
}

pub async fn secret(world: &World) -> Secret {
    match world.read(Read::Secret { name: NAME.into() }).await {
        Fact::Secret(Seen::Present(secret)) => secret,
        other => panic!("{other:?}"),
    }
}

pub async fn value(world: &World) -> SecretValue {
    let secret = secret(world).await;
    let version = secret.current().unwrap().to_owned();
    value_of(world, &secret.arn, &version).await
}

async fn value_of(world: &World, arn: &str, version: &str) -> SecretValue {
    let (arn, version) = (arn.to_owned(), version.to_owned());
    match world.read(Read::SecretValue { arn, version }).await {
        Fact::SecretValue {
            value: Seen::Present(value),
            ..
        } => value,
        other => panic!("{other:?}"),
    }
}

/// The current password.
pub async fn password(world: &World) -> Password {
    let value = value(world).await;
    Password {
        version: value.version_id,
        value: value.password,
    }
}

fn put_pending(secret: &Secret) -> SecretAction {
    SecretAction::PutPendingPassword {
        arn: secret.arn.clone(),
        token: Uuid::from_u128(7),
        from: secret.current().unwrap().to_owned(),
        since: "2026-11-25T12:00:00Z".parse().unwrap(),
        successor: None,
    }
}

/// A password is brought in, made current, and no longer pending.
pub async fn rotate(world: &World) {
    let old = secret(world).await;
    world.act(put_pending(&old)).await;
    let pending = secret(world).await.labelled(AWSPENDING).unwrap().to_owned();
    let promote = SecretAction::Promote {
        arn: old.arn.clone(),
        to: pending.clone(),
        from: old.current().map(str::to_owned),
    };
    world.act(promote).await;
    let drop = SecretAction::DropPending {
        arn: old.arn,
        version: pending,
    };
    world.act(drop).await;
}

#[tokio::test(start_paused = true)]
async fn a_password_is_brought_in_and_made_current_and_everything_else_stays() {
    let world = World::new();
    world.act(create()).await;
    put(&world, "cache.example.com").await;
    let (secret_before, before) = (secret(&world).await, value(&world).await);
    assert_eq!(
        before.password_since,
        Some("2026-11-01T12:00:00Z".parse().unwrap())
    );
    let told = world.act(put_pending(&secret_before)).await;
    let pending = secret(&world)
        .await
        .labelled(AWSPENDING)
        .unwrap()
        .to_owned();
    let read = value_of(&world, &secret_before.arn, &pending).await;
    assert_eq!(pending, Uuid::from_u128(7).to_string());
    assert!(
        matches!(told, Some(Fact::SecretValue { value: Seen::Present(value), .. }) if value.password == read.password)
    );
    assert!(read.password != before.password && read.endpoint == before.endpoint);
    assert_eq!(
        read.password_since,
        Some("2026-11-25T12:00:00Z".parse().unwrap())
    );
    assert_eq!(value(&world).await, before, "pending is not current");
    let taken = world.act(put_pending(&secret_before)).await;
    assert_eq!(
        taken,
        Some(Fact::TokenTaken(pending.clone())),
        "a second one meets the first"
    );
    assert_eq!(
        value_of(&world, &secret_before.arn, &pending)
            .await
            .password,
        read.password
    );
    world
        .act(SecretAction::Promote {
            arn: secret_before.arn.clone(),
            to: pending.clone(),
            from: secret_before.current().map(str::to_owned),
        })
        .await;
    let after = secret(&world).await;
    assert_eq!(after.current(), Some(pending.as_str()));
    assert_eq!(after.labelled(AWSPREVIOUS), secret_before.current());
}

#[tokio::test(start_paused = true)]
async fn a_version_for_another_user_names_that_user_and_keeps_the_rest() {
    let world = World::new();
    world.act(create()).await;
    put(&world, "cache.example.com").await;
    let (before, current) = (secret(&world).await, value(&world).await);
    let since = "2026-11-28T12:00:00Z".parse().unwrap();
    let SecretAction::PutPendingPassword {
        arn, token, from, ..
    } = put_pending(&before)
    else {
        unreachable!()
    };
    world
        .act(SecretAction::PutPendingPassword {
            arn,
            token,
            from,
            since,
            successor: Some(Successor {
                username: "capi-00000007-0a1b2c3d".into(),
                arn: None,
                since,
            }),
        })
        .await;
    let pending = value_of(&world, &before.arn, &token.to_string()).await;
    assert_eq!(pending.username, "capi-00000007-0a1b2c3d");
    assert_eq!(
        (pending.user_since, pending.password_since),
        (Some(since), Some(since))
    );
    assert_eq!(pending.endpoint, current.endpoint);
    assert_ne!(pending.password, current.password);
}

#[tokio::test(start_paused = true)]
async fn of_two_that_promote_one_is_told_to_look_again() {
    let world = World::new();
    world.act(create()).await;
    let before = secret(&world).await;
    rotate(&world).await;
    let promote = SecretAction::Promote {
        arn: before.arn.clone(),
        to: Uuid::from_u128(7).to_string(),
        from: before.current().map(str::to_owned),
    };
    let failure = world.attempt(promote).await.unwrap_err();
    assert_eq!(failure.class, Class::Transient, "{failure}");
}

/// Writes the endpoint into the current version.
pub async fn put(world: &World, host: &str) {
    let secret = secret(world).await;
    let action = SecretAction::PutSecretValue {
        from: secret.current().unwrap().to_owned(),
        arn: secret.arn,
        token: Uuid::from_u128(2),
        facts: facts(Some(host)),
    };
    world.act(action).await;
}

/// The text of the current version, as a consumer gets it.
async fn text(world: &World) -> serde_json::Value {
    let state = world
        .admin("GET", "/_local/state", serde_json::Value::Null)
        .await;
    let all = state.to_string();
    let start = all.rfind("{\\\"engine").unwrap();
    let end = start + all[start..].find("}\"").unwrap() + 1;
    serde_json::from_str(&all[start..end].replace("\\\"", "\"")).unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_new_secret_has_a_password_and_all_facts_but_the_endpoint() {
    let world = World::new();
    assert_eq!(
        world.read(Read::Secret { name: NAME.into() }).await,
        Fact::Secret(Seen::Absent)
    );
    assert_eq!(world.act(create()).await, None);
    let secret = secret(&world).await;
    assert_eq!((&secret.tags, secret.deleted), (&tags(), None));
    assert_eq!(secret.current(), Some(&*Uuid::from_u128(1).to_string()));
    let value = value(&world).await;
    assert_eq!(value.password.reveal().len(), 64);
    assert_eq!(
        (&*value.username, value.engine.as_deref()),
        ("capi-00000007", Some("valkey"))
    );
    assert_eq!(
        (Some(&*value.version_id), value.endpoint),
        (secret.current(), None)
    );
    let text = text(&world).await;
    assert_eq!(
        (&text["keyPrefix"], &text["replicationGroupId"]),
        (&"capi:7:".into(), &"capi-7".into())
    );
    assert_eq!(text["tls"], true);
}

#[tokio::test(start_paused = true)]
async fn creating_twice_leaves_the_first_password() {
    let world = World::new();
    world.act(create()).await;
    let first = value(&world).await;
    world.act(create()).await;
    assert_eq!(value(&world).await, first);
}

#[tokio::test(start_paused = true)]
async fn a_new_version_keeps_the_password_and_gains_the_endpoint() {
    let world = World::new();
    world.act(create()).await;
    let before = value(&world).await;
    put(&world, "cache.example.com").await;
    let after = value(&world).await;
    assert!(after.version_id != before.version_id && after.password == before.password);
    let endpoint = Endpoint {
        host: "cache.example.com".into(),
        port: 6379,
    };
    assert_eq!(after.endpoint, Some(endpoint));
    assert_eq!(text(&world).await["user_arn"], "arn:aws:elasticache:user");
}

#[tokio::test(start_paused = true)]
async fn a_deleted_secret_is_seen_as_such_and_comes_back_with_its_password() {
    let world = World::new();
    world.act(create()).await;
    let before = value(&world).await;
    let arn = secret(&world).await.arn;
    world
        .act(SecretAction::DeleteSecret {
            arn: arn.clone(),
            recovery_window_days: 7,
        })
        .await;
    assert!(secret(&world).await.deleted.is_some());
    world.act(SecretAction::RestoreSecret { arn }).await;
    assert_eq!(secret(&world).await.deleted, None);
    assert_eq!(value(&world).await, before);
}
