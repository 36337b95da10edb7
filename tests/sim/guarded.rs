//! What each guard of the operator is there for, as it happens. `make guards` removes the guards one by one and demands that these turn red.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use jiff::SignedDuration;
use kube::api::{DeleteParams, PostParams};
use local_aws::{Config, Lag};
use local_kube::{Effect as KubeEffect, Fault as KubeFault};
use serde_json::{Value, json};
use tokio::time::{sleep, timeout};

use crate::wire::{At, Effect, Fault, Side};
use crate::world::{NAME, Process, SECRET, World};

use super::course::{Course, aws_does, aws_recovers, fast};
use super::invariants::Monitor;
use super::run::{LONGEST, Outcome, conclude, go_on, is_quiet, run, watch};
use super::scenario::{Part, ROTATE, Scenario, object, request};

/// The `nth` call of `operation` in `scenario` when nothing goes wrong.
pub async fn call(scenario: Scenario, operation: &str, nth: usize) -> At {
    let reference = run(scenario, 0, &[]).await;
    let of = |at: &At| matches!(at, At::Nth { operation: of, .. } if of == operation);
    let mut calls = reference.calls.into_iter().filter(of);
    let found = calls.nth(nth - 1);
    found.unwrap_or_else(|| panic!("{scenario:?} has a call {operation}"))
}

/// The call after `at`, if it is about the same as `at`.
fn next(at: &At) -> At {
    let mut next = at.clone();
    if let At::Nth { nth, .. } = &mut next {
        *nth += 1;
    }
    next
}

fn assert_held(outcome: &Outcome, faults: usize) {
    let (violations, log) = (&outcome.violations, &outcome.log);
    assert!(violations.is_empty(), "{violations:#?} {log:#?}");
    assert_eq!(outcome.met, faults, "the faults are met");
}

async fn assert_holds(scenario: Scenario, faults: &[Fault]) -> Outcome {
    let outcome = run(scenario, 0, faults).await;
    assert_held(&outcome, faults.len());
    outcome
}

#[tokio::test(start_paused = true)]
async fn an_api_whose_id_was_lost_is_found_by_its_tags() {
    let fault = Fault {
        at: call(Scenario::Create, "apigateway:CreateRestApi", 1).await,
        effect: Effect::Crash(Side::Applied),
    };
    assert_holds(Scenario::Create, &[fault]).await;
}

#[tokio::test(start_paused = true)]
async fn an_api_that_is_not_listed_yet_is_not_made_again() {
    let search = call(Scenario::Create, "apigateway:GetRestApis", 1).await;
    let faults = [
        Fault {
            at: call(Scenario::Create, "apigateway:CreateRestApi", 1).await,
            effect: Effect::LoseReply,
        },
        Fault {
            at: next(&search),
            effect: Effect::Stale,
        },
    ];
    assert_holds(Scenario::Create, &faults).await;
}

#[tokio::test(start_paused = true)]
async fn what_may_not_be_read_is_not_taken_to_be_gone() {
    let (world, operator) = Scenario::Delete.prepare(0).await;
    let monitor = watch(&world, &[]);
    aws_does(&world, "secretsmanager:DescribeSecret", json!("denyAccess")).await;
    world.delete().await;
    sleep(Duration::from_hours(1)).await;
    aws_recovers(&world).await;
    let outcome = finish(&world, &monitor, operator.unwrap()).await;
    assert_held(&outcome, 0);
}

#[tokio::test(start_paused = true)]
async fn what_was_made_and_is_not_to_be_seen_yet_is_not_made_again() {
    let lag = Lag::of_all(SignedDuration::from_secs(20));
    let world = World::new(Config { lag, ..fast() }).await;
    let course = Course::in_world(Scenario::Create, world).await;
    course.begin().await;
    course.end("with reads that lag", &[]).await;
}

/// The next operator does not know what the one before has asked for, and reads lag.
#[tokio::test(start_paused = true)]
async fn a_change_that_is_not_to_be_seen_yet_is_not_asked_for_again() {
    const CHANGE: &str = "elasticache:ModifyReplicationGroup";
    let scenario = Scenario::Update(Part::NodeType);
    let lag = Lag::of_all(SignedDuration::from_secs(2));
    let world = World::new(Config { lag, ..fast() }).await;
    let mut course = Course::in_world(scenario, world).await;
    let world = course.world.clone();
    world.wire.plan(vec![Fault {
        at: call(scenario, CHANGE, 1).await,
        effect: Effect::Crash(Side::Applied),
    }]);
    course.begin().await;
    world.wire.tripped().await;
    course.restart();
    course.end("with reads that lag", &[]).await;
    let log = world.wire.log();
    let asked = log.iter().filter(|line| line.contains(CHANGE));
    assert_eq!(asked.count(), 1, "a change is asked for twice: {log:#?}");
}

/// A world with the example's object in it, which nobody works on yet.
pub async fn with_object() -> Arc<World> {
    let (world, _) = Scenario::Create.prepare(0).await;
    world.create(&object(NAME)).await;
    world
}

/// Until every object is Ready with nothing under way, and then as every run ends.
async fn finish(world: &Arc<World>, monitor: &Arc<Monitor>, mut operator: Process) -> Outcome {
    let came = timeout(LONGEST, go_on(world, &mut operator, is_quiet)).await;
    conclude(world, monitor, operator, came.is_ok()).await
}

/// A list that is behind shows an object whose finalizer and status are as they should be: nothing is to be written that the API server could refuse.
#[tokio::test(start_paused = true)]
async fn nothing_is_made_for_an_object_that_is_gone_and_still_listed() {
    let world = with_object().await;
    let monitor = watch(&world, &[]);
    world.wire.plan(vec![Fault {
        at: At::Nth {
            operation: "cachedapis/status:patch".into(),
            object: "shop/orders".into(),
            nth: 1,
        },
        effect: Effect::Crash(Side::Applied),
    }]);
    let operator = world.operator();
    world.wire.tripped().await;
    drop(operator);
    world.remove_by_force(NAME).await;
    // Two writes: the finalizer that went, and the object.
    let behind = KubeEffect::ReadStale { behind: 2 };
    world.kube.fault(KubeFault::new("cachedapis:list", behind));
    let operator = world.operator();
    sleep(Duration::from_mins(10)).await;
    let outcome = finish(&world, &monitor, operator).await;
    assert_held(&outcome, 1);
}

/// Somebody made all of what the object would, under the names that it would have.
async fn take_names(world: &World) {
    let uid = world.object()["metadata"]["uid"].clone();
    let uid = uid.as_str().unwrap().replace('-', "");
    for (operation, parameters) in [
        (
            "CreateUser",
            format!(
                "UserId=capi-{uid}&UserName=theirs&Engine=valkey&AccessString=on&NoPasswordRequired=true"
            ),
        ),
        (
            "CreateCacheSubnetGroup",
            format!(
                "CacheSubnetGroupName=capi-{uid}&CacheSubnetGroupDescription=theirs&SubnetIds.SubnetIdentifier.1=subnet-0cccccccccccccccc"
            ),
        ),
    ] {
        assert!(
            world.elasticache(operation, &parameters).await,
            "{operation}"
        );
        sleep(Duration::from_mins(1)).await;
    }
    let name = format!("cachedapi/shop/orders-{}", &uid[..8]);
    let secret = json!({"Name": name, "SecretString": "{}", "ClientRequestToken": "00000000-0000-0000-0000-0000000beef0"});
    world.secrets_manager("CreateSecret", &secret).await;
}

#[tokio::test(start_paused = true)]
async fn what_has_the_objects_names_and_not_its_tags_is_left_alone() {
    let world = with_object().await;
    take_names(&world).await;
    let monitor = watch(&world, &[]);
    let operator = world.operator();
    let refused = |world: &World| world.condition("CredentialsReady")["reason"] == "NameTaken";
    let came = timeout(LONGEST, world.reaches(refused)).await;
    sleep(Duration::from_hours(1)).await;
    assert_eq!(monitor.violations(), Vec::<String>::new());
    came.unwrap();
    assert_eq!(world.condition("CacheReady")["reason"], "NameTaken");
    world.delete().await;
    world.until(World::is_gone).await;
    let outcome = finish(&world, &monitor, operator).await;
    assert_held(&outcome, 0);
}

#[tokio::test(start_paused = true)]
async fn a_secret_of_a_users_own_is_left_alone() {
    let world = with_object().await;
    let secret = json!({"metadata": {"name": SECRET}, "stringData": {"password": "the user's"}});
    let secret = serde_json::from_value(secret).unwrap();
    let parameters = PostParams::default();
    world.secrets().create(&parameters, &secret).await.unwrap();
    let found = || world.kube.objects("secrets")[0].clone();
    let before = found();
    let _operator = world.operator();
    let refused = |world: &World| world.condition("BindingsReady")["reason"] == "NameTaken";
    let came = timeout(LONGEST, world.reaches(refused)).await;
    assert_eq!(found(), before, "the user's own Secret stays as it is");
    came.unwrap();
    let parameters = DeleteParams::default();
    world.secrets().delete(SECRET, &parameters).await.unwrap();
    world.until(World::is_ready).await;
}

#[tokio::test(start_paused = true)]
async fn a_finalizer_that_comes_in_between_stays() {
    let world = with_object().await;
    world.wire.plan(vec![Fault {
        at: At::Write(0),
        effect: Effect::Pause,
    }]);
    let _operator = world.operator();
    world.wire.paused().await;
    let other = "example.com/other";
    world
        .patch(json!({"metadata": {"finalizers": [other]}}))
        .await;
    world.wire.go_on();
    world.until(World::is_ready).await;
    let finalizers = world.object()["metadata"]["finalizers"].clone();
    let stays = finalizers.as_array().unwrap().contains(&other.into());
    assert!(stays, "the other finalizer stays: {finalizers}");
}

#[tokio::test(start_paused = true)]
async fn a_rotation_locks_nobody_out() {
    assert_holds(Scenario::Rotate, &[]).await;
}

/// Clients keep a password for four minutes. Twice that would do, if the clocks of all nodes were the same.
#[tokio::test(start_paused = true)]
async fn a_successor_whose_clock_is_ahead_does_not_end_a_short_grace_too_soon() {
    let (world, operator) = Scenario::Rotate.prepare(0).await;
    let password = json!({"clientCacheTtl": "4m"});
    world
        .patch(json!({"spec": {"credentials": {"password": password}}}))
        .await;
    world.until(World::is_ready).await;
    let monitor = watch(&world, &[]);
    let before = version(&world);
    world.patch(request(&world, ROTATE)).await;
    world.until(|world| version(world) != before).await;
    drop(operator);
    world.skew.operator.store(600, Ordering::Relaxed);
    let operator = world.operator();
    let outcome = finish(&world, &monitor, operator).await;
    assert_held(&outcome, 0);
}

fn version(world: &World) -> Value {
    world.object()["status"]["credentials"]["versionId"].clone()
}

/// Asks for a rotation and waits until it is over, old password and all.
async fn rotate(world: &World) {
    let before = version(world);
    world.patch(request(world, ROTATE)).await;
    let is_over = |world: &World| is_quiet(world) && version(world) != before;
    world.until(is_over).await;
}

#[tokio::test(start_paused = true)]
async fn an_old_list_of_passwords_that_arrives_late_takes_no_current_one_away() {
    // The list that ends a rotation has the new password alone.
    let fault = Fault {
        at: call(Scenario::Rotate, "elasticache:ModifyUser", 2).await,
        effect: Effect::Duplicate(Duration::from_mins(5)),
    };
    let (world, operator) = Scenario::Rotate.prepare(0).await;
    let monitor = watch(&world, &[]);
    world.wire.plan(vec![fault]);
    rotate(&world).await;
    rotate(&world).await;
    let outcome = finish(&world, &monitor, operator.unwrap()).await;
    assert_held(&outcome, 1);
}

#[tokio::test(start_paused = true)]
async fn a_rotation_of_somebody_else_goes_on() {
    const THEIRS: &str = "00000000-0000-0000-0000-00000000cafe";
    let (world, _operator) = Scenario::Rotate.prepare(0).await;
    let arn = world.object()["status"]["credentials"]["secretArn"].clone();
    let foreign = json!({"SecretId": arn, "SecretString": "{}", "VersionStages": ["AWSPENDING"], "ClientRequestToken": THEIRS});
    world.secrets_manager("PutSecretValue", &foreign).await;
    world.patch(request(&world, ROTATE)).await;
    sleep(Duration::from_hours(2)).await;
    let name = "cachedapi/shop/orders-164bf29b";
    let versions = &world.place()["secretsmanager"]["secrets"][name]["versions"];
    let labels = &versions[THEIRS]["labels"];
    assert_eq!(
        *labels,
        json!(["AWSPENDING"]),
        "the other rotation's version keeps its label: {versions:#}"
    );
    assert_eq!(
        world.condition("CredentialsReady")["reason"],
        "ForeignRotation"
    );
}
