//! From a password to signed tokens and back.

use std::cell::Cell;
use std::time::Duration;

use cachedapi_hack::local_aws::{ACCESS_KEY_ID, SECRET_ACCESS_KEY};
use jiff::Timestamp;
use local_aws::elasticache::{LoginOutcome, login};
use local_aws::{Config, Delays};
use serde_json::{Value, json};
use tokio::time::sleep;

use crate::token::token;
use crate::tripwire::Side;
use crate::world::{ACCOUNT, Process, World};

/// The ways in that the spec has, one edit after the other; as a merge patch.
fn edits() -> [Value; 4] {
    let both = || json!({"password": {}, "iam": {}});
    let (iam, password) = (
        json!({"password": null, "iam": {}}),
        json!({"password": {}, "iam": null}),
    );
    [both(), iam, both(), password]
}

/// An object with a password that has been Ready for a while.
async fn ready() -> (World, Process) {
    let world = World::with_example_in(Config {
        delays: Delays::fast(),
        keys: vec![
            format!("{ACCESS_KEY_ID}:{SECRET_ACCESS_KEY}:{ACCOUNT}")
                .parse()
                .unwrap(),
        ],
        ..Config::default()
    })
    .await;
    let operator = world.operator();
    world.until(World::is_ready).await;
    sleep(Duration::from_hours(1)).await;
    (world, operator)
}

/// Every way in that is bound opens the cache.
fn connect(world: &World) {
    let bound = world.bound();
    let log_in = |user: &str, password: &str| login(&world.aws, &bound["host"], user, password);
    if let Some(password) = bound.get("password") {
        let answer = log_in(&bound["username"], password);
        assert_eq!(answer, LoginOutcome::Accepted, "the bound password");
    }
    let alone = bound.get("authMode").map(|_| &bound["username"]);
    if let Some(user) = bound.get("iamUsername").or(alone) {
        let signed = token(&bound["cacheName"], user, &bound["region"], world.aws.now());
        assert_eq!(log_in(user, &signed), LoginOutcome::Accepted, "a token");
    }
}

/// Whether what there is is what the object has with these ways in.
fn is_done(world: &World, edit: &Value) -> bool {
    let (password, iam) = (!edit["password"].is_null(), !edit["iam"].is_null());
    let (bound, place) = (world.bound(), world.place());
    let users = place["elasticache"]["users"].as_object().unwrap();
    let users = users.keys().filter(|id| id.starts_with("capi-")).count();
    let secrets = place["secretsmanager"]["secrets"].as_object().unwrap();
    let kept = secrets.values().any(|secret| secret["deletion"].is_null());
    world.is_ready()
        && bound.contains_key("password") == password
        && bound.contains_key("cacheName") == iam
        && users == 1 + usize::from(password) + usize::from(iam)
        && kept == password
}

/// How long until clients connect again: five seconds, and more in the two hours of a grace, up to its end.
fn pace(world: &World) -> Duration {
    let announced = world.object()["status"]["intents"][0]["at"].clone();
    let left = announced.as_str().map_or(0, |at| {
        let at: Timestamp = at.parse().unwrap();
        (at - world.aws.now()).get_seconds() + 2 * 3600
    });
    Duration::from_secs((left - 5).clamp(5, 1200).unsigned_abs())
}

/// Makes the edit, and connects at that pace until it is carried out.
async fn carry_out(world: &World, edit: &Value) {
    world.patch(json!({"spec": {"credentials": edit}})).await;
    let mut looks = 0;
    while !is_done(world, edit) {
        connect(world);
        looks += 1;
        assert!(
            looks < 1_000,
            "{edit} does not come about: {:#} {:#}",
            world.object()["status"],
            world.place()["elasticache"]
        );
        sleep(pace(world)).await;
    }
    connect(world);
}

/// Makes one edit after the other; `step` is that of the one that is being carried out.
async fn migrate(world: &World, step: &Cell<usize>) {
    for edit in &edits() {
        carry_out(world, edit).await;
        step.set(step.get() + 1);
    }
}

#[tokio::test(start_paused = true)]
async fn clients_move_from_a_password_to_tokens_and_back_and_always_get_in() {
    let (world, _operator) = ready().await;
    migrate(&world, &Cell::new(0)).await;
    let settled = world.inventory();
    sleep(Duration::from_hours(3)).await;
    assert_eq!(world.inventory(), settled);
    let credentials = &world.object()["status"]["credentials"];
    assert!(credentials["iam"].is_null(), "{credentials}");
    world.delete().await;
    world.until(World::is_gone).await;
}

#[tokio::test(start_paused = true)]
async fn an_object_without_a_password_says_who_may_come_in_and_comes_to_rest() {
    let (world, _operator) = ready().await;
    for edit in &edits()[..2] {
        carry_out(&world, edit).await;
    }
    let credentials = world.object()["status"]["credentials"].clone();
    let user = credentials["iam"]["userName"].as_str().unwrap();
    let policy = credentials["iam"]["policy"].as_str().unwrap();
    assert!(policy.contains(&format!(":user:{user}\"")), "{policy}");
    assert!(credentials["secretArn"].is_null(), "{credentials}");
    world.wire.set(usize::MAX, Side::NotSent);
    sleep(Duration::from_hours(24)).await;
    assert_eq!(world.wire.writes(), Vec::<String>::new());
    world.delete().await;
    world.until(World::is_gone).await;
}

#[tokio::test(start_paused = true)]
async fn a_migration_that_ends_before_any_of_its_writes_is_taken_up_and_nobody_is_locked_out() {
    migrate_with_crashes(Side::NotSent).await;
}

#[tokio::test(start_paused = true)]
async fn a_migration_that_ends_after_any_of_its_writes_is_taken_up_and_nobody_is_locked_out() {
    migrate_with_crashes(Side::Applied).await;
}

async fn migrate_with_crashes(side: Side) {
    let mut index = 0;
    while migrate_with_a_crash(index, side).await {
        index += 1;
    }
    println!("{index} crashes");
    assert!(index >= 40, "it has that many writes, not {index}");
}

/// A migration in which the operator is stopped at its write number `index`, and another one carries out the edit that was under way. False: there is no such
/// write.
async fn migrate_with_a_crash(index: usize, side: Side) -> bool {
    let (world, operator) = ready().await;
    let step = Cell::new(0);
    world.wire.set(index, side);
    println!("{index} {side:?}");
    let stopped = tokio::select! {
        biased;
        () = world.wire.tripped() => true,
        () = migrate(&world, &step) => false,
    };
    drop(operator);
    let _operator = world.operator();
    if let Some(edit) = edits().get(step.get()) {
        carry_out(&world, edit).await;
    }
    stopped
}

/// Whether the user for tokens is in ElastiCache, and whether it is in a user group.
fn traces(world: &World) -> (bool, bool) {
    let place = world.place();
    let users = place["elasticache"]["users"].as_object().unwrap();
    let is_there = users.keys().any(|id| id.ends_with("-i"));
    let groups = place["elasticache"]["user_groups"].to_string();
    (is_there, groups.contains("-i\""))
}

#[tokio::test(start_paused = true)]
async fn a_user_that_left_the_cache_is_deleted_though_the_operator_and_the_status_were_lost() {
    let (world, operator) = ready().await;
    let [both, _, _, password] = edits();
    carry_out(&world, &both).await;
    assert_eq!(traces(&world), (true, true));
    let fault = json!({"operation": "elasticache:DeleteUser", "count": 0, "effect": "loseRequest"});
    world.aws_fault(fault).await;
    world
        .patch(json!({"spec": {"credentials": password}}))
        .await;
    for _ in 0..24 * 60 {
        if traces(&world) == (true, false) {
            break;
        }
        connect(&world);
        sleep(Duration::from_mins(1)).await;
    }
    drop(operator);
    world.lose_status().await;
    world.admin("DELETE", "/_local/faults", &Value::Null).await;
    assert_eq!(traces(&world), (true, false), "it opens nothing");

    let _operator = world.operator();
    world.until(|world| traces(world) == (false, false)).await;
    world.until(World::is_ready).await;
    connect(&world);
}
