//! Each invariant is violated by hand, and that is seen.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use cachedapi_operator::login::{Answer, Credential, Port};
use cachedapi_operator::plan::Endpoint;
use futures::future::BoxFuture;
use kube::api::{Patch, PatchParams};
use serde_json::{Value, json};
use tokio::time::{sleep, timeout};

use crate::wire::Call;
use crate::world::{SECRET, START, World};

use super::canaries;
use super::invariants::Monitor;
use super::outage::outage_with;
use super::run::{LONGEST, conclude, go_on, is_quiet};
use super::scenario::{Part, REVOKE, Scenario};
use super::secrecy::Log;

const SEARCHED: &str = "cachedapis/status:patch";

/// Makes the example Ready, ends its operator, does `harm`, and says what was seen then: by a look after a write of a status, and at rest.
async fn seen_after<F>(harm: impl FnOnce(Arc<World>) -> F) -> Vec<String>
where
    F: Future<Output = ()>,
{
    let (world, operator) = Scenario::Update(Part::Route).prepare(0).await;
    drop(operator);
    let monitor = Monitor::of(&world, true);
    look(&monitor);
    monitor.at_rest();
    assert_eq!(monitor.violations(), Vec::<String>::new(), "before");
    harm(world.clone()).await;
    // What is changed in AWS takes a moment.
    sleep(Duration::from_mins(1)).await;
    look(&monitor);
    monitor.at_rest();
    monitor.violations()
}

fn look(monitor: &Monitor) {
    monitor.look(&Call {
        operation: SEARCHED.into(),
        object: String::new(),
        writes: true,
    });
}

fn assert_seen(violations: &[String], invariant: &str) {
    let seen = violations.iter().any(|seen| seen.starts_with(invariant));
    assert!(seen, "{invariant}: {violations:#?}");
}

fn uid(world: &World) -> String {
    world.object()["metadata"]["uid"].as_str().unwrap().into()
}

const ANOTHER: &str = "of-somebody-else-entirely";

/// Parameters that give the user another password, and none besides.
fn another(world: &World) -> String {
    let uid = uid(world).replace('-', "");
    format!("UserId=capi-{uid}&Passwords.member.1={ANOTHER}")
}

#[tokio::test(start_paused = true)]
async fn a_thing_whose_object_is_gone_is_seen() {
    let harm = async |world: Arc<World>| {
        world.patch(json!({"metadata": {"finalizers": null}})).await;
        world.delete().await;
    };
    assert_seen(&seen_after(harm).await, "I1");
}

#[tokio::test(start_paused = true)]
async fn a_second_rest_api_is_seen() {
    let harm = async |world: Arc<World>| {
        let tags =
            json!({"cachedapi.dev/owner-uid": uid(&world), "cachedapi.dev/cluster-id": "test"});
        sleep(Duration::from_mins(1)).await;
        let api = json!({"name": "shop-orders", "tags": tags});
        world.gateway("POST", "/restapis", &api).await;
    };
    assert_seen(&seen_after(harm).await, "I2");
}

#[tokio::test(start_paused = true)]
async fn a_client_that_is_locked_out_is_seen_and_that_the_status_does_not_say_so() {
    let harm = async |world: Arc<World>| {
        assert!(world.elasticache("ModifyUser", &another(&world)).await);
    };
    let seen = seen_after(harm).await;
    assert_seen(&seen, "I4");
    assert_seen(&seen, "I6");
}

/// Nobody looks after the call that takes the password out: the operator has nothing more to write.
#[tokio::test(start_paused = true)]
async fn a_client_that_is_locked_out_by_the_last_write_is_seen() {
    let (world, operator) = Scenario::Update(Part::Route).prepare(0).await;
    drop(operator);
    let monitor = Monitor::of(&world, true);
    look(&monitor);
    assert!(world.elasticache("ModifyUser", &another(&world)).await);
    let call = Call {
        operation: "elasticache:ModifyUser".into(),
        object: String::new(),
        writes: true,
    };
    monitor.look_twice(&call);
    assert_eq!(
        monitor.violations(),
        Vec::<String>::new(),
        "it still spreads"
    );
    sleep(Duration::from_mins(2)).await;
    assert_seen(&monitor.violations(), "I4");
}

/// Nobody has looked for longer than clients keep a password when another one is bound and the old one goes. What leaked did so before there was a user.
#[tokio::test(start_paused = true)]
async fn a_client_that_read_right_before_a_new_password_was_bound_is_seen() {
    let (world, operator) = Scenario::Update(Part::Route).prepare(0).await;
    drop(operator);
    let leaked = json!({"metadata": {"annotations": {REVOKE: START}}});
    world.patch(leaked).await;
    let monitor = Monitor::of(&world, true);
    look(&monitor);
    assert!(world.elasticache("ModifyUser", &another(&world)).await);
    sleep(Duration::from_hours(1)).await;
    let bound = json!({"data": {"password": STANDARD.encode(ANOTHER)}});
    let (parameters, patch) = (PatchParams::default(), Patch::Merge(&bound));
    let secrets = world.secrets();
    secrets.patch(SECRET, &parameters, &patch).await.unwrap();
    monitor.look(&Call {
        operation: "secrets:patch".into(),
        object: String::new(),
        writes: true,
    });
    let violations = monitor.violations();
    assert_seen(&violations, "I4");
    assert_eq!(
        violations.len(),
        1,
        "who reads now gets in: {violations:#?}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_password_in_an_annotation_is_seen() {
    let harm = async |world: Arc<World>| {
        let password = world.bound()["password"].clone();
        let annotations = json!({"metadata": {"annotations": {"note": password}}});
        world.patch(annotations).await;
    };
    assert_seen(&seen_after(harm).await, "I5");
}

#[tokio::test(start_paused = true)]
async fn a_part_of_a_password_in_a_log_line_is_seen_in_every_form() {
    let (world, operator) = Scenario::Update(Part::Route).prepare(0).await;
    drop(operator);
    let password = world.bound()["password"].clone();
    for form in canaries::forms(&password) {
        let monitor = Monitor::of(&world, true);
        look(&monitor);
        let log = Log::start();
        let part = &form[form.len() / 2..form.len() / 2 + 12];
        tracing::trace!(sent = format!("a{part}b"), "a call");
        monitor.no_secret_in("the log", &log.text());
        assert_seen(&monitor.violations(), "I5");
    }
}

#[tokio::test(start_paused = true)]
async fn an_api_key_in_the_metrics_is_seen() {
    let (world, operator) = Scenario::Update(Part::Route).prepare(0).await;
    let (operator, monitor) = (operator.unwrap(), Monitor::of(&world, true));
    look(&monitor);
    monitor.at_the_end_of(&operator);
    assert_eq!(monitor.violations(), Vec::<String>::new());
    let keys = world.place()["apigateway"]["keys"].clone();
    let mut keys = keys.as_object().unwrap().values();
    let value = keys.next().unwrap()["value"].clone();
    let reason: &'static str = Box::leak(Box::from(value.as_str().unwrap()));
    operator.metrics.rotation_failed(reason);
    monitor.at_the_end_of(&operator);
    assert_seen(&monitor.violations(), "I5");
}

#[tokio::test(start_paused = true)]
async fn an_object_that_is_ready_without_its_stage_is_seen() {
    let harm = async |world: Arc<World>| {
        let id = world.object()["status"]["api"]["id"].clone();
        let stage = format!("/restapis/{}/stages/prod", id.as_str().unwrap());
        world.gateway("DELETE", &stage, &Value::Null).await;
    };
    assert_seen(&seen_after(harm).await, "I6");
}

#[tokio::test(start_paused = true)]
async fn an_object_that_is_ready_without_its_bound_secret_is_seen() {
    let harm = async |world: Arc<World>| {
        let parameters = kube::api::DeleteParams::default();
        world.secrets().delete(SECRET, &parameters).await.unwrap();
    };
    assert_seen(&seen_after(harm).await, "I6");
}

#[tokio::test(start_paused = true)]
async fn a_change_of_what_others_have_is_seen() {
    let harm = async |world: Arc<World>| {
        assert!(world.elasticache("DeleteUser", "UserId=capi-theirs").await);
    };
    assert_seen(&seen_after(harm).await, "I9");
}

#[tokio::test(start_paused = true)]
async fn a_version_that_is_current_again_is_seen() {
    let (world, operator) = Scenario::Update(Part::Route).prepare(0).await;
    drop(operator);
    let monitor = Monitor::of(&world, true);
    look(&monitor);
    let arn = world.object()["status"]["credentials"]["secretArn"].clone();
    let versions =
        world.place()["secretsmanager"]["secrets"]["cachedapi/shop/orders-164bf29b"]["versions"]
            .clone();
    let labelled = |label: &str| {
        let versions = versions.as_object().unwrap().iter();
        let mut found = versions.filter(|(_, version)| {
            version["labels"]
                .as_array()
                .unwrap()
                .contains(&label.into())
        });
        found.next().unwrap().0.clone()
    };
    let (current, previous) = (labelled("AWSCURRENT"), labelled("AWSPREVIOUS"));
    for (to, from) in [(&previous, &current), (&current, &previous)] {
        let stage = json!({
            "SecretId": arn, "VersionStage": "AWSCURRENT", "MoveToVersionId": to, "RemoveFromVersionId": from,
        });
        world
            .secrets_manager("UpdateSecretVersionStage", &stage)
            .await;
        look(&monitor);
    }
    assert_seen(&monitor.violations(), "I12");
}

#[tokio::test(start_paused = true)]
async fn what_does_not_come_about_is_seen() {
    let (world, _) = Scenario::Create.prepare(0).await;
    let monitor = Monitor::of(&world, true);
    let denied = json!({"operation": "elasticache:CreateReplicationGroup", "count": 0, "effect": "denyAccess"});
    world.aws_fault(denied).await;
    Scenario::Create.begin(&world).await;
    let mut operator = world.operator();
    let came = timeout(LONGEST, go_on(&world, &mut operator, World::is_ready)).await;
    let outcome = conclude(&world, &monitor, operator, came.is_ok()).await;
    assert_seen(&outcome.violations, "I7: it does not come about");
}

#[tokio::test(start_paused = true)]
async fn what_does_not_rest_is_seen() {
    let (world, operator) = Scenario::Update(Part::Route).prepare(0).await;
    let monitor = Monitor::of(&world, true);
    let meddle = async {
        loop {
            sleep(Duration::from_mins(7)).await;
            let parameters = kube::api::DeleteParams::default();
            world.secrets().delete(SECRET, &parameters).await.ok();
        }
    };
    let outcome = tokio::select! {
        _ = meddle => unreachable!("it does not end"),
        outcome = conclude(&world, &monitor, operator.unwrap(), true) => outcome,
    };
    assert_seen(&outcome.violations, "I7: it does not rest");
}

#[tokio::test(start_paused = true)]
async fn a_client_that_does_not_get_in_during_an_outage_is_seen() {
    let seen = outage_with(async |world: Arc<World>| {
        assert!(world.elasticache("ModifyUser", &another(&world)).await);
    });
    assert_seen(&seen.await, "I4");
}

#[tokio::test(start_paused = true)]
async fn something_that_is_deleted_during_an_outage_is_seen() {
    let seen = outage_with(async |world: Arc<World>| {
        let arn = world.object()["status"]["credentials"]["secretArn"].clone();
        let secret = json!({"SecretId": arn, "RecoveryWindowInDays": 7});
        world.secrets_manager("DeleteSecret", &secret).await;
    });
    assert_seen(&seen.await, "I11");
}

/// Nodes that no operator survives to ask.
struct Deadly;

impl Port for Deadly {
    fn ask<'a>(&'a self, _: &'a Endpoint, _: Credential<'a>) -> BoxFuture<'a, Answer> {
        panic!("an answer that nobody thought of")
    }

    fn nodes<'a>(
        &'a self,
        _: &'a Endpoint,
        _: Credential<'a>,
    ) -> BoxFuture<'a, Result<Vec<Endpoint>, String>> {
        panic!("an answer that nobody thought of")
    }
}

/// A world that nobody works in, and in which who asks a node does not survive it.
async fn deadly() -> Arc<World> {
    let (world, _) = Scenario::Create.prepare(0).await;
    let mut world = Arc::into_inner(world).unwrap();
    world.login = Arc::new(Deadly);
    Arc::new(world)
}

#[tokio::test(start_paused = true)]
async fn an_operator_that_panics_is_seen() {
    let world = deadly().await;
    let monitor = Monitor::of(&world, true);
    Scenario::Create.begin(&world).await;
    let mut operator = world.operator();
    let came = timeout(LONGEST, go_on(&world, &mut operator, is_quiet)).await;
    let outcome = conclude(&world, &monitor, operator, came.is_ok()).await;
    assert_seen(&outcome.violations, "I14");
}

#[tokio::test(start_paused = true)]
async fn an_operator_that_ends_is_seen() {
    let (world, operator) = Scenario::Update(Part::Route).prepare(0).await;
    let (operator, monitor) = (operator.unwrap(), Monitor::of(&world, true));
    operator.tell_to_stop();
    sleep(Duration::from_mins(1)).await;
    let outcome = conclude(&world, &monitor, operator, true).await;
    assert_seen(&outcome.violations, "I14");
}
