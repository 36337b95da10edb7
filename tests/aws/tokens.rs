//! A cache without users, and its AUTH token.

use cachedapi_operator::api::Engine;
use cachedapi_operator::plan::{
    Admission, CacheAction, NewReplicationGroup, Password, Purpose, Sensitive,
};
use local_aws::elasticache::{LoginOutcome, login};
use local_aws::{Config, Delays};
use serde_json::json;

use super::cache;
use super::world::World;

const TOKENS: [&str; 2] = ["first-token-0123456789", "second-token-0123456789"];

fn token(n: usize) -> Password {
    Password {
        version: format!("v{n}"),
        value: Sensitive::new(TOKENS[n]),
    }
}

fn create() -> CacheAction {
    CacheAction::CreateReplicationGroup(Box::new(NewReplicationGroup {
        engine: Engine::Redis,
        engine_version: "5.0".into(),
        admits: Admission::AuthToken(token(0)),
        ..cache::group_of(1, 1)
    }))
}

fn rotate() -> CacheAction {
    CacheAction::RotateAuthToken {
        id: cache::ID.into(),
        token: token(1),
    }
}

fn set() -> CacheAction {
    CacheAction::SetAuthToken {
        id: cache::ID.into(),
        token: token(1),
        purpose: Purpose::Retire,
    }
}

fn delete() -> CacheAction {
    CacheAction::DeleteReplicationGroup {
        id: cache::ID.into(),
        final_snapshot: None,
    }
}

/// The life of a cache with an AUTH token.
pub async fn live(world: &World) {
    world.act(cache::create_subnet_group()).await;
    for step in [create(), rotate(), set(), delete()] {
        world.act(step).await;
        settle().await;
    }
}

/// Longer than anything takes.
async fn settle() {
    tokio::time::sleep(std::time::Duration::from_mins(1)).await;
}

/// Which of the tokens, and whether none, opens the cache.
async fn accepted(world: &World) -> Vec<&'static str> {
    let host = cache::settled(world).await.primary.unwrap().host;
    let opens =
        |token: &&str| login(&world.local, &host, "default", token) == LoginOutcome::Accepted;
    ["", TOKENS[0], TOKENS[1]]
        .into_iter()
        .filter(opens)
        .collect()
}

/// A world with such a cache, where things take a moment.
async fn with_cache() -> World {
    let world = World::with(Config {
        delays: Delays::fast(),
        ..Config::default()
    });
    world.act(cache::create_subnet_group()).await;
    world.act(create()).await;
    settle().await;
    world
}

#[tokio::test(start_paused = true)]
async fn a_cache_with_a_token_is_opened_by_it_and_by_nothing_else() {
    let world = with_cache().await;
    assert_eq!(accepted(&world).await, [TOKENS[0]]);
    let group = cache::settled(&world).await;
    assert!(group.tls_required && group.user_group_ids.is_empty());
    assert!(group.auth_token_modified.is_some() && !group.auth_token_changing);
}

#[tokio::test(start_paused = true)]
async fn a_token_that_comes_in_is_told_apart_from_other_changes_and_moves_the_date() {
    let world = with_cache().await;
    let mut before = cache::settled(&world).await.auth_token_modified;
    for (step, then) in [(rotate(), &TOKENS[..]), (set(), &TOKENS[1..])] {
        world.act(step).await;
        let group = cache::seen(&world).await;
        assert!(group.auth_token_changing, "{group:?}");
        assert_eq!(group.status, "modifying");
        settle().await;
        assert_eq!(accepted(&world).await, then);
        let group = cache::settled(&world).await;
        assert!(!group.auth_token_changing && group.pending.is_empty());
        assert!(group.auth_token_modified > before, "{group:?}");
        before = group.auth_token_modified;
    }
}

#[tokio::test(start_paused = true)]
async fn a_rotation_whose_reply_is_lost_is_not_repeated() {
    let world = with_cache().await;
    cache::settled(&world).await;
    let fault = json!([{"operation": "elasticache:ModifyReplicationGroup", "effect": "loseReply"}]);
    world.admin("POST", "/_local/faults", fault).await;
    world.attempt(rotate()).await.unwrap_err();
    assert_eq!(
        world.calls.results("elasticache:ModifyReplicationGroup"),
        ["unreachable"]
    );
    settle().await;
    assert_eq!(accepted(&world).await, TOKENS);
}

#[tokio::test(start_paused = true)]
async fn no_failure_shows_a_token() {
    let world = World::new();
    world.act(cache::create_subnet_group()).await;
    for (operation, action, token) in [
        ("CreateReplicationGroup", create(), TOKENS[0]),
        ("ModifyReplicationGroup", rotate(), TOKENS[1]),
    ] {
        let refusal = json!({"code": "InvalidParameterValue", "status": 400, "message": format!("{token} is bad")});
        for effect in [
            json!({"fail": refusal}),
            json!("denyAccess"),
            json!("loseReply"),
        ] {
            let operation = format!("elasticache:{operation}");
            let fault = json!([{ "operation": operation, "effect": effect }]);
            world.admin("POST", "/_local/faults", fault).await;
            let failure = world.attempt(action.clone()).await.unwrap_err();
            let told = format!("{failure} {failure:?}");
            assert!(!told.contains(token), "{operation} {effect}");
        }
        cache::settled(&world).await;
    }
}
