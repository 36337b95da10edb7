//! What the API server refuses: verbs, events, a status.

use std::io;
use std::sync::{Arc, Mutex};

use local_kube::Effect as Kube;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;

use super::course::{Course, MINUTE, fail, kube_does, messages, operations};
use super::scenario::{Part, Scenario};

/// What was logged.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend(bytes);
        Ok(bytes.len())
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

/// K10: each verb that `scenario` needs is denied for a while. What cannot stand in the status stands in the log.
async fn deny_each_verb(scenario: Scenario) {
    let mut verbs = operations(scenario, false);
    verbs.extend(["cachedapis:list", "cachedapis:watch"].map(str::to_owned));
    let runs = verbs.len();
    for verb in verbs {
        let log = Log::default();
        let subscriber = tracing_subscriber::fmt()
            .with_env_filter(EnvFilter::new("warn,cachedapi_operator=info"))
            .with_writer(log.clone())
            .with_ansi(false)
            .finish();
        let _guard = tracing::subscriber::set_default(subscriber);
        let mut course = Course::of(scenario).await;
        let world = course.world.clone();
        kube_does(&world, &verb, Kube::DenyAccess);
        if verb.ends_with(":list") || verb.ends_with(":watch") {
            world.kube.compact();
            course.restart();
        }
        course.begin().await;
        course.pass(MINUTE * 40).await;
        let met = world.kube.faults()[0].seen;
        if met > 0 {
            let (resource, verb) = verb.split_once(':').unwrap();
            let named = format!("cannot {verb} resource \"{resource}\"");
            let logged = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
            let logged = logged.replace("\\\"", "\"");
            let told = format!("{}\n{logged}", messages(&world));
            assert!(told.contains(&named), "{scenario:?}: {named} in {told}");
        }
        world.kube.drop_faults();
        course.end(&format!("{verb} denied"), &[]).await;
    }
    println!("{scenario:?}: {runs} verbs");
}

#[tokio::test(start_paused = true)]
async fn each_verb_that_is_denied_is_named_and_nothing_is_lost() {
    for scenario in [
        Scenario::Create,
        Scenario::Update(Part::Binding),
        Scenario::Rotate,
        Scenario::Delete,
    ] {
        deny_each_verb(scenario).await;
    }
}

/// K11.
#[tokio::test(start_paused = true)]
async fn without_events_everything_is_done_all_the_same() {
    for effect in [
        fail(422, "Invalid"),
        fail(503, "ServiceUnavailable"),
        Kube::DenyAccess,
        Kube::LoseRequest,
        Kube::Delay { ms: 60_000 },
    ] {
        for scenario in [Scenario::Create, Scenario::Rotate] {
            let course = Course::of(scenario).await;
            kube_does(&course.world, "events:create", effect.clone());
            kube_does(&course.world, "events:patch", effect.clone());
            course.begin().await;
            course.end(&format!("events: {effect:?}"), &[]).await;
        }
    }
}

/// K11.
#[tokio::test(start_paused = true)]
async fn a_status_that_is_refused_is_tried_rarely_and_nothing_is_lost() {
    for scenario in [Scenario::Create, Scenario::Rotate, Scenario::Delete] {
        let mut course = Course::of(scenario).await;
        kube_does(
            &course.world,
            "cachedapis/status:patch",
            fail(413, "RequestEntityTooLarge"),
        );
        course.begin().await;
        course.pass(MINUTE * 60).await;
        let seen = course.world.kube.faults()[0].seen;
        assert!((1..=12).contains(&seen), "{scenario:?}: {seen}");
        course.world.kube.drop_faults();
        course.end("status too large", &[]).await;
    }
}
