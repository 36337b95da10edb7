//! What an operator logs at its most talkative, while answers are spoiled, so that errors are told with all their causes.

use std::fs::File;
use std::io::{Read, Seek};
use std::sync::Arc;
use std::time::Duration;

use cachedapi_operator::plan::{Password, Sensitive};
use cachedapi_operator::telemetry::{Format, subscriber};
use local_aws::{Config, Delays};
use serde_json::{Value, json};
use tokio::time::{sleep, timeout};
use tracing::subscriber::DefaultGuard;

use crate::wire::{At, Effect, Fault};
use crate::world::{NAME, World};

use super::guarded::call;
use super::invariants::others_come;
use super::run::{LONGEST, conclude, go_on, is_quiet, watch};
use super::scenario::{REVOKE, ROTATE, Scenario, object, request};

/// What everything in this thread logs, as the operator's own settings have it, at the level TRACE for all crates.
pub struct Log {
    file: Arc<File>,
    _on: DefaultGuard,
}

impl Log {
    pub fn start() -> Self {
        let file = Arc::new(tempfile::tempfile().unwrap());
        let subscriber = subscriber(Format::Json, "trace", file.clone()).unwrap();
        Self {
            file,
            _on: tracing::subscriber::set_default(subscriber),
        }
    }

    pub fn text(&self) -> String {
        let (mut file, mut text) = (&*self.file, String::new());
        file.rewind().unwrap();
        file.read_to_string(&mut text).unwrap();
        text
    }
}

/// Every so many calls an answer is spoiled.
const STEP: usize = 17;

fn spoiled() -> Vec<Fault> {
    let effects = [
        Effect::Truncate,
        Effect::Page,
        Effect::DenyAccess,
        Effect::UnknownState,
        Effect::ServerError,
        Effect::LoseReply,
    ];
    let at = (5..400).step_by(STEP).map(At::Call);
    let faults = at.zip(effects.into_iter().cycle());
    faults.map(|(at, effect)| Fault { at, effect }).collect()
}

/// An object with these credentials comes, and with each of `requests` gets others; the log of that has no secret in it, nor has anything else.
async fn keeps_quiet(spec: Value, requests: &[&str]) {
    let log = Log::start();
    tracing::trace!("the log is on");
    let world = World::new(Config {
        delays: Delays::fast(),
        ..Config::default()
    });
    let world = Arc::new(world.await);
    others_come(&world).await;
    world.create(&object(NAME)).await;
    world.patch(json!({"spec": spec})).await;
    let faults = spoiled();
    let monitor = watch(&world, &faults);
    let mut operator = world.operator();
    world.wire.plan(faults);
    let mut came = timeout(LONGEST, go_on(&world, &mut operator, is_quiet)).await;
    for annotation in requests {
        world.wire.plan(spoiled());
        world.patch(request(&world, annotation)).await;
        sleep(Duration::from_mins(1)).await;
        came = timeout(LONGEST, go_on(&world, &mut operator, is_quiet)).await;
    }
    let met = world.wire.met();
    let outcome = conclude(&world, &monitor, operator, came.is_ok()).await;
    let text = log.text();
    monitor.no_secret_in("the log", &text);
    let (violations, calls) = (monitor.violations(), &outcome.log);
    assert!(violations.is_empty(), "{violations:#?} {calls:#?}");
    assert!(met > 0, "answers are spoiled");
    for told in ["the log is on", "\"level\":\"DEBUG\"", "\"level\":\"WARN\""] {
        assert!(text.contains(told), "{told} is not in the log");
    }
    println!(
        "{} bytes of log, {} secret values",
        text.len(),
        monitor.secrets()
    );
}

#[tokio::test(start_paused = true)]
async fn a_creation_and_a_rotation_show_no_secret_at_any_log_level() {
    keeps_quiet(json!({}), &[ROTATE]).await;
}

#[tokio::test(start_paused = true)]
async fn a_revocation_shows_no_secret_at_any_log_level() {
    keeps_quiet(json!({}), &[REVOKE]).await;
}

#[tokio::test(start_paused = true)]
async fn an_auth_token_that_is_rotated_is_shown_at_no_log_level() {
    let group = json!({"engine": "redis", "engineVersion": "5.0"});
    let credentials = json!({"password": null, "authToken": {"clientCacheTtl": "0s"}});
    let spec = json!({"credentials": credentials, "cache": {"replicationGroup": group}});
    keeps_quiet(spec, &[ROTATE]).await;
}

#[tokio::test(start_paused = true)]
async fn clients_that_move_to_signed_tokens_leave_no_secret_in_the_log() {
    let credentials = json!({"iam": {}});
    keeps_quiet(json!({"credentials": credentials}), &[ROTATE]).await;
}

/// The password of the version that a rotation brings in.
fn pending_password(world: &World) -> String {
    let secrets = world.place()["secretsmanager"]["secrets"].clone();
    let versions = secrets["cachedapi/shop/orders-164bf29b"]["versions"].clone();
    let mut versions = versions.as_object().unwrap().values();
    let is_pending = |version: &&Value| version["labels"] == json!(["AWSPENDING"]);
    let value = versions.find(is_pending).unwrap()["value"]["string"].clone();
    let value: Value = serde_json::from_str(value.as_str().unwrap()).unwrap();
    value["password"].as_str().unwrap().into()
}

#[tokio::test(start_paused = true)]
async fn a_refusal_that_quotes_the_password_is_told_without_it() {
    let at = call(Scenario::Rotate, "elasticache:ModifyUser", 1).await;
    let log = Log::start();
    let (world, operator) = Scenario::Rotate.prepare(0).await;
    let (mut operator, monitor) = (operator.unwrap(), watch(&world, &[]));
    let effect = Effect::Pause;
    world.wire.plan(vec![Fault { at, effect }]);
    world.patch(request(&world, ROTATE)).await;
    world.wire.paused().await;
    let message = format!("{} is no password", pending_password(&world));
    let refusal =
        json!({"fail": {"code": "InvalidParameterValue", "status": 400, "message": message}});
    world
        .aws_fault(json!({"operation": "elasticache:ModifyUser", "effect": refusal}))
        .await;
    world.wire.go_on();
    sleep(Duration::from_mins(1)).await;
    monitor.at_rest();
    let came = timeout(LONGEST, go_on(&world, &mut operator, is_quiet)).await;
    conclude(&world, &monitor, operator, came.is_ok()).await;
    let text = log.text();
    monitor.no_secret_in("the log", &text);
    assert_eq!(monitor.violations(), Vec::<String>::new());
    assert!(text.contains("*** is no password"), "the refusal is told");
}

#[tokio::test(start_paused = true)]
async fn nothing_that_is_printed_shows_a_secret() {
    const CANARY: &str = "canary-0123456789";
    let password = Password {
        version: "v1".into(),
        value: Sensitive::new(CANARY),
    };
    let printed = format!("{password:?} {password:#?}");
    assert!(
        printed.contains("v1") && !printed.contains(CANARY),
        "I5 {printed}"
    );
}
