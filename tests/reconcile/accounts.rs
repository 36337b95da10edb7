//! Objects in other accounts than the operator's own.

use std::time::Duration;

use kube::api::DeleteParams;
use local_aws::{Config, Delays};
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use crate::world::{ACCOUNT, World, example};

pub const OTHER: &str = "222233334444";
const ROLE: &str = "arn:aws:iam::222233334444:role/cachedapi";

/// The example in the account `team`, whose role asks for the external id `shop`. There is no `AwsAccount` yet.
pub async fn world() -> World {
    let world = World::new(Config {
        delays: Delays::fast(),
        ..Config::default()
    })
    .await;
    trust(&world, "shop").await;
    let mut object = example();
    object["spec"]["accountRef"] = json!({"name": "team"});
    world.create(&object).await;
    world
}

/// The role in the other account lets in who shows this external id, and nobody else.
pub async fn trust(world: &World, external_id: &str) {
    let trust = json!({"account": ACCOUNT, "externalId": external_id});
    let role = json!({"account": OTHER, "trust": trust});
    world.admin("PUT", "/_local/iam/cachedapi", &role).await;
}

pub fn account(change: impl FnOnce(&mut Value)) -> Value {
    let spec = json!({"roleArn": ROLE, "externalId": "shop", "allowedNamespaces": ["shop"]});
    let mut account = json!({
        "apiVersion": "cachedapi.dev/v1alpha1", "kind": "AwsAccount", "metadata": {"name": "team"}, "spec": spec,
    });
    change(&mut account["spec"]);
    account
}

pub async fn go(world: &World) {
    let accounts = world.aws_accounts();
    accounts
        .delete("team", &DeleteParams::default())
        .await
        .unwrap();
}

/// How much an account has of what bears the object's UID.
fn things_in(world: &World, account: &str) -> usize {
    let all = world
        .aws
        .with_world(|aws, _| serde_json::to_value(&*aws).unwrap());
    let uid = "cachedapi.dev/owner-uid";
    all["accounts"][account].to_string().matches(uid).count()
}

async fn until_refused(world: &World, reason: &str) -> String {
    world
        .until(|world| world.condition("Ready")["reason"] == reason)
        .await;
    let ready = world.condition("Ready");
    assert_eq!(ready["status"], "Unknown", "{ready}");
    ready["message"].as_str().unwrap().to_owned()
}

#[tokio::test(start_paused = true)]
async fn an_object_that_names_an_account_has_all_it_has_there() {
    let world = world().await;
    world.create_account(&account(|_| {})).await;
    let _operator = world.operator();
    world.until(World::is_ready).await;
    assert_eq!(world.object()["status"]["account"], OTHER);
    assert!(things_in(&world, OTHER) > 5);
    assert_eq!(things_in(&world, ACCOUNT), 0);
    world.delete().await;
    world.until(World::is_gone).await;
    let secret = "it waits for its deletion";
    assert_eq!(things_in(&world, OTHER), 1, "{secret}");
}

#[tokio::test(start_paused = true)]
async fn an_account_that_comes_after_the_object_is_found_within_a_minute() {
    let world = world().await;
    let _operator = world.operator();
    let told = until_refused(&world, "AccountUnusable").await;
    assert!(told.contains("AwsAccount team"), "{told}");
    sleep(Duration::from_secs(10)).await;
    world.create_account(&account(|_| {})).await;
    let start = Instant::now();
    world.until(|world| things_in(world, OTHER) > 0).await;
    assert!(start.elapsed() < Duration::from_mins(1));
    world.until(World::is_ready).await;
}

#[tokio::test(start_paused = true)]
async fn an_account_is_used_for_nobody_whom_it_does_not_name() {
    type Change = fn(&mut Value);
    let cases: [(&str, Change); 2] = [
        ("namespace shop", |spec| {
            spec["allowedNamespaces"] = json!(["sales"]);
        }),
        ("us-east-1", |spec| {
            spec["allowedRegions"] = json!(["us-east-1"]);
        }),
    ];
    for (why, change) in cases {
        let world = world().await;
        world.create_account(&account(change)).await;
        let _operator = world.operator();
        let told = until_refused(&world, "AccountUnusable").await;
        assert!(told.contains(why), "{told}");
        sleep(Duration::from_hours(1)).await;
        assert_eq!(things_in(&world, OTHER) + things_in(&world, ACCOUNT), 0);
    }
}

#[tokio::test(start_paused = true)]
async fn a_role_that_does_not_let_the_operator_in_is_told_of() {
    let world = world().await;
    world
        .create_account(&account(|spec| spec["externalId"] = json!("other")))
        .await;
    let _operator = world.operator();
    let told = until_refused(&world, "CredentialsRefused").await;
    assert!(
        told.contains("sts:AssumeRole") && told.contains(ROLE),
        "{told}"
    );
}

#[tokio::test(start_paused = true)]
async fn an_object_whose_account_is_gone_keeps_what_it_has_until_the_account_is_back() {
    let world = world().await;
    world.create_account(&account(|_| {})).await;
    let _operator = world.operator();
    world.until(World::is_ready).await;
    let before = things_in(&world, OTHER);
    go(&world).await;
    until_refused(&world, "AccountUnusable").await;
    world.delete().await;
    sleep(Duration::from_hours(1)).await;
    assert!(!world.is_gone(), "its things are there");
    assert_eq!(things_in(&world, OTHER), before);
    assert_eq!(things_in(&world, ACCOUNT), 0);
    world.create_account(&account(|_| {})).await;
    world.until(World::is_gone).await;
}

/// A session lasts an hour.
#[tokio::test(start_paused = true)]
async fn a_role_is_assumed_anew_before_its_session_ends_and_the_work_goes_on() {
    let world = world().await;
    world.create_account(&account(|_| {})).await;
    let _operator = world.operator();
    world.until(World::is_ready).await;
    for hour in 1..5 {
        sleep(Duration::from_hours(1)).await;
        assert!(world.is_ready(), "{}", world.object()["status"]);
        let throttle = json!({"rate": 60 + hour, "burst": 100});
        let stage = json!({"name": "prod", "throttle": throttle});
        world
            .patch(json!({"spec": {"api": {"stage": stage}}}))
            .await;
        world.until(World::is_ready).await;
    }
    let calls = world.admin("GET", "/_local/calls", &Value::Null).await;
    let sessions = &calls["counts"]["sts:AssumeRole"]["calls"];
    assert!(matches!(sessions.as_u64(), Some(4..8)), "{sessions}");
}

#[tokio::test(start_paused = true)]
async fn an_object_does_not_move_to_another_account() {
    let world = world().await;
    world.create_account(&account(|_| {})).await;
    let _operator = world.operator();
    world.until(World::is_ready).await;
    let before = things_in(&world, OTHER);
    world.patch(json!({"spec": {"accountRef": null}})).await;
    let told = until_refused(&world, "PlaceMismatch").await;
    assert!(told.contains(OTHER) && told.contains(ACCOUNT), "{told}");
    sleep(Duration::from_hours(1)).await;
    assert_eq!(things_in(&world, OTHER), before);
    assert_eq!(things_in(&world, ACCOUNT), 0);
}
