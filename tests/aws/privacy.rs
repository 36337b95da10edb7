use cachedapi_operator::plan::CacheAction;
use serde_json::json;

use super::cache;
use super::log::Log;
use super::secrets;
use super::world::World;

#[tokio::test(start_paused = true)]
async fn no_log_level_shows_a_password() {
    let log = Log::default();
    let _guard = log.keep("trace");
    let world = World::new();
    cache::prepare(&world).await;
    secrets::put(&world, "cache.example.com").await;
    let password = secrets::value(&world).await.password;
    tracing::trace!("the log is on");
    let text = log.text();
    assert!(text.contains("the log is on"), "nothing is logged at all");
    assert!(
        !text.contains(password.reveal()),
        "the password is in the log"
    );
    assert!(!text.contains("Passwords"), "a request is in the log");
}

#[tokio::test(start_paused = true)]
async fn no_failure_shows_a_password() {
    let world = World::new();
    world.act(secrets::create()).await;
    let password = secrets::value(&world).await.password;
    for effect in [
        json!("loseReply"),
        json!("denyAccess"),
        json!({"fail": {"code": "InvalidParameterValue", "status": 400}}),
    ] {
        let fault = json!([{ "operation": "elasticache:CreateUser", "effect": effect }]);
        world.admin("POST", "/_local/faults", fault).await;
        let action = CacheAction::CreateUser {
            user: cachedapi_operator::model::DesiredUser {
                id: "capi-8".into(),
                name: "capi-8".into(),
                access_string: "on ~* +@all".into(),
            },
            engine: cachedapi_operator::api::Engine::Valkey,
            password: Some(secrets::password(&world).await),
            tags: super::world::tags(),
        };
        let failure = world.attempt(action).await.unwrap_err();
        assert!(
            !format!("{failure} {failure:?}").contains(password.reveal()),
            "{}",
            failure.operation
        );
    }
    let value = secrets::value(&world).await;
    assert!(!format!("{value:?}").contains(password.reveal()));
}
