//! The main job against the real thing: API server, helm, operator process, local AWS over HTTP, Valkey behind TLS.
//!
//! All tests share one environment, but for the demo, which installs and removes the chart. The logs stay in
//! `target/tmp/e2e/log` until the next run.

mod bypassed;
mod consumers;
mod credentials;
mod foreign;
mod login;
mod privacy;
mod refusals;
mod world;

#[path = "../aws/token.rs"]
mod token;

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use cachedapi_hack::demo;
use cachedapi_hack::environment::Environment;
use cachedapi_hack::local_aws::Behaviour;
use cachedapi_hack::wait::{self, Seen};
use serde_json::json;

use world::World;

const READY: Duration = Duration::from_mins(2);
const SOON: Duration = Duration::from_secs(30);

#[test]
fn the_demo_runs_from_apply_to_nothing_left() {
    let behaviour = Behaviour {
        delays: "fast",
        quotas: true,
        nodes: true,
        log: "info",
    };
    let environment =
        Environment::for_tests(env!("CARGO_TARGET_TMPDIR").as_ref(), "demo", &behaviour).unwrap();
    demo::run(&environment, &[]).unwrap();
    world::check_calls_are_allowed(&environment).unwrap();
}

#[test]
fn an_operator_killed_again_and_again_makes_one_of_each_and_leaves_nothing() {
    let world = World::shared();
    let object = world.create("killed").unwrap();
    for calls in [2, 5, 8, 11, 14] {
        wait::until("calls to AWS", READY, || {
            let owned = world.environment.aws.owned_by(object.uid())?.len();
            let ready = object.get()?["status"]["conditions"]
                .to_string()
                .contains("Ready");
            Ok(if owned >= calls || ready {
                Seen::Done(())
            } else {
                Seen::NotYet(format!("{owned} things"))
            })
        })
        .unwrap();
        world.operator().crash().unwrap();
    }
    object.wait_until_ready(READY, |_| ()).unwrap();

    let owned = world.environment.aws.owned_by(object.uid()).unwrap();
    let apis = owned
        .iter()
        .filter(|arn| arn.contains("/restapis/") && !arn.contains("/stages/"));
    assert_eq!(apis.count(), 1, "{owned:?}");
    object.delete().unwrap();
    assert_eq!(object.owned().unwrap().0, Vec::<String>::new());
}

#[test]
fn a_bound_secret_changed_by_hand_is_put_right_at_the_next_look() {
    let world = World::shared();
    let object = world.create("bound").unwrap();
    object.wait_until_ready(READY, |_| ()).unwrap();
    let host = world.secret("bound", "host").unwrap();

    let patch = json!({"data": {"host": STANDARD.encode("elsewhere")}}).to_string();
    world
        .kubectl()
        .run([
            "patch",
            "secret",
            "bound-cache",
            "--namespace",
            "bound",
            "--patch",
            &patch,
        ])
        .unwrap();
    // Secrets are not watched, which would need the right to read them all: the next look at the object finds it.
    object.request_reconcile().unwrap();
    wait::until("the host to be put right", SOON, || {
        let now = world.secret("bound", "host")?;
        Ok(if now == host {
            Seen::Done(())
        } else {
            Seen::NotYet(now)
        })
    })
    .unwrap();
}

#[test]
fn deleting_the_namespace_deletes_what_is_in_aws() {
    let world = World::shared();
    let object = world.create("doomed").unwrap();
    object.wait_until_ready(READY, |_| ()).unwrap();
    assert_ne!(object.owned().unwrap().0, Vec::<String>::new());

    world
        .kubectl()
        .run(["delete", "namespace", "doomed", "--timeout=120s"])
        .unwrap();
    assert_eq!(object.owned().unwrap().0, Vec::<String>::new());
}

#[test]
fn two_writes_of_one_operation_have_an_event_each() {
    let world = World::shared();
    let object = world.create("told").unwrap();
    object.wait_until_ready(READY, |_| ()).unwrap();
    let id = format!("capi-{}", object.uid().replace('-', ""));
    let created = ["", "-d"].map(|user| format!("CreateUser {id}{user}"));

    // Events are not waited for by who writes them.
    wait::until("both events", SOON, || {
        let events = world
            .kubectl()
            .json(["get", "events", "--namespace", "told"])?;
        let items = || events["items"].as_array().into_iter().flatten();
        let told = created
            .iter()
            .all(|text| items().any(|event| event["message"] == *text));
        Ok(if told {
            Seen::Done(())
        } else {
            Seen::NotYet(events.to_string())
        })
    })
    .unwrap();
}
