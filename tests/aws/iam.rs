//! A user that shows signed tokens.

use std::time::Duration;

use cachedapi_hack::local_aws::{ACCESS_KEY_ID, SECRET_ACCESS_KEY};
use cachedapi_operator::api::Engine;
use cachedapi_operator::model::DesiredUser;
use cachedapi_operator::plan::{CacheAction, CacheUser, Fact, Read, Seen};
use local_aws::Config;
use local_aws::elasticache::{LoginOutcome, login};

use super::cache;
use super::token::token;
use super::world::{ACCOUNT, REGION, World, set, tags};

pub const ID: &str = "capi-7-i";

/// The user is made.
pub async fn create(world: &World) -> Option<Fact> {
    let user = DesiredUser {
        id: ID.into(),
        name: ID.into(),
        access_string: "on ~capi:7:* resetchannels -@all +@read".into(),
    };
    let create = CacheAction::CreateUser {
        user,
        engine: Engine::Valkey,
        password: None,
        tags: tags(),
    };
    world.act(create).await
}

async fn read(world: &World) -> CacheUser {
    match world.read(Read::User { id: ID.into() }).await {
        Fact::User {
            user: Seen::Present(user),
            ..
        } => user,
        other => panic!("{other:?}"),
    }
}

#[tokio::test(start_paused = true)]
async fn a_client_logs_in_with_a_token_that_it_signs_and_with_nothing_else() {
    let world = World::with(Config {
        keys: vec![
            format!("{ACCESS_KEY_ID}:{SECRET_ACCESS_KEY}:{ACCOUNT}")
                .parse()
                .unwrap(),
        ],
        ..Config::default()
    });
    cache::prepare(&world).await;
    world.act(cache::new_group(1, 0)).await;
    let host = cache::settled(&world).await.primary.unwrap().host;
    let made = create(&world).await;
    let told = matches!(made, Some(Fact::User { user: Seen::Present(user), .. }) if user.iam);
    assert!(told, "the reply says what it is");
    tokio::time::sleep(Duration::from_secs(1)).await;
    let user = read(&world).await;
    assert_eq!(
        (user.iam, user.passwords, &*user.status),
        (true, 0, "active")
    );
    let log_in = |password: &str| login(&world.local, &host, ID, password);
    let now = world.local.now();
    let good = token(cache::ID, ID, REGION, now);
    assert_eq!(log_in(&good), LoginOutcome::WrongPassword, "no member yet");
    let join = CacheAction::ModifyUserGroup {
        id: cache::ID.into(),
        add: set([ID]),
        remove: set([]),
    };
    world.act(join).await;
    cache::settled_users(&world).await;
    assert_eq!(log_in(&good), LoginOutcome::Accepted);
    for (case, bad) in [
        ("no token", String::new()),
        ("another cache's", token("capi-8", ID, REGION, now)),
        ("another user's", token(cache::ID, "capi-7", REGION, now)),
    ] {
        assert_eq!(log_in(&bad), LoginOutcome::WrongPassword, "{case}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_user_that_was_given_a_password_shows_tokens_again() {
    let world = World::new();
    cache::prepare(&world).await;
    create(&world).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    let meddle = CacheAction::SetPasswords {
        id: ID.into(),
        passwords: vec![super::secrets::password(&world).await],
        purpose: cachedapi_operator::plan::Purpose::PutRight,
    };
    world.act(meddle).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert!(!read(&world).await.iam);
    require(&world).await;
    let user = read(&world).await;
    assert_eq!((user.iam, user.passwords), (true, 0));
}

/// The user shows tokens, whatever it did before.
pub async fn require(world: &World) {
    world.act(CacheAction::RequireIam { id: ID.into() }).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
}
