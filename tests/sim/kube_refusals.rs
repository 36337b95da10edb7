//! What the API server refuses: verbs, events, a status.

use std::time::Duration;

use local_kube::Effect as Kube;

use crate::log::Log;

use super::course::{Course, MINUTE, fail, kube_does, messages, operations};
use super::scenario::{Part, Scenario};

/// K10: each verb that `scenario` needs is denied for a while. What cannot stand in the status stands in the log.
async fn deny_each_verb(scenario: Scenario) {
    let mut verbs = operations(scenario, false);
    verbs.extend(["cachedapis:list", "cachedapis:watch"].map(str::to_owned));
    let runs = verbs.len();
    for verb in verbs {
        let log = Log::default();
        let _guard = log.keep("warn,cachedapi_operator=info");
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
            let logged = log.text().replace("\\\"", "\"");
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

/// An API server that has just started refuses everybody until it has read its roles.
#[tokio::test(start_paused = true)]
async fn a_moment_in_which_everything_is_refused_costs_no_minutes() {
    let mut course = Course::of(Scenario::Create).await;
    course.begin().await;
    for resource in ["cachedapis:*", "cachedapis/status:*", "secrets:*"] {
        kube_does(&course.world, resource, Kube::DenyAccess);
    }
    course.pass(Duration::from_secs(5)).await;
    let met = course
        .world
        .kube
        .faults()
        .iter()
        .any(|fault| fault.seen > 0);
    assert!(met, "nothing was refused");
    course.world.kube.drop_faults();
    course.pass(MINUTE).await;
    assert!(course.world.is_ready(), "{}", messages(&course.world));
    course.end("refused at the start", &[]).await;
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
