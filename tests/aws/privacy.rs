use std::io::{self, Write};
use std::sync::{Arc, Mutex};

use cachedapi_operator::plan::CacheAction;
use serde_json::json;
use tracing_subscriber::fmt::MakeWriter;

use super::cache;
use super::secrets;
use super::world::World;

/// A log in memory.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

impl Log {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

#[tokio::test(start_paused = true)]
async fn no_log_level_shows_a_password() {
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt().with_max_level(tracing::Level::TRACE);
    let _guard = tracing::subscriber::set_default(subscriber.with_writer(log.clone()).finish());
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
