//! What objects that are gone have left in other accounts than the operator's own.

use std::time::Duration;

use local_kube::{Effect, Fault};
use serde_json::{Value, json};
use tokio::time::sleep;

use crate::accounts::{OTHER, account, go, trust, world};
use crate::orphans::{is_all_ready, metric, named, ready, sweeps};
use crate::world::{ACCOUNT, NAME, Process, REGION, World};

const HOUR: Duration = Duration::from_hours(1);
const GRACE: Duration = Duration::from_hours(4);

/// Two objects in the account `team` that are Ready, an operator that sweeps every hour, and a Lease that can be told about.
async fn elsewhere() -> (World, Process) {
    let mut world = world().await;
    world.settings.orphans.interval = HOUR;
    world.settings.poll = HOUR * 12;
    world.settings.orphans.policy.delete = true;
    world.settings.orphans.policy.grace = GRACE;
    world.create_account(&account(|_| {})).await;
    let mut other = named("other");
    other["spec"]["accountRef"] = json!({"name": "team"});
    world.create(&other).await;
    let operator = world.candidate("first");
    world.until(is_all_ready).await;
    (world, operator)
}

fn groups_in(world: &World, account: &str) -> usize {
    let all = world
        .aws
        .with_world(|aws, _| serde_json::to_value(&*aws).unwrap());
    let groups = &all["accounts"][account][REGION]["elasticache"]["replication_groups"];
    groups.as_object().map_or(0, serde_json::Map::len)
}

fn secrets(operator: &Process, account: &str) -> i64 {
    let line = format!("cachedapi_orphans{{kind=\"secret\",account=\"{account}\"}}");
    metric(operator, &line)
}

#[tokio::test(start_paused = true)]
async fn what_is_left_in_another_account_is_told_with_its_account_and_deleted_there() {
    let (world, operator) = elsewhere().await;
    world.remove_by_force(NAME).await;
    sleep(HOUR).await;
    assert_eq!(
        (secrets(&operator, OTHER), secrets(&operator, ACCOUNT)),
        (1, 0)
    );
    let told = world.told("Orphaned");
    assert_eq!(told.len(), 9, "{told:#?}");
    let named = |(_, text): &(String, String)| text.contains(&format!("of account {OTHER} "));
    assert!(told.iter().all(named), "{told:#?}");
    assert_eq!(groups_in(&world, OTHER), 2, "the grace");
    sleep(GRACE + HOUR).await;
    assert_eq!(groups_in(&world, OTHER), 1);
    assert_eq!(secrets(&operator, OTHER), 0);
    assert!(is_all_ready(&world));
}

#[tokio::test(start_paused = true)]
async fn an_account_that_the_operator_does_not_get_into_is_told_of_and_nothing_there_counts_as_gone()
 {
    let (world, operator) = elsewhere().await;
    world.remove_by_force(NAME).await;
    sleep(HOUR).await;
    let before = sweeps(&operator, "partial");
    trust(&world, "another").await;
    // A session lasts an hour.
    sleep(HOUR * 2 + GRACE * 2).await;
    assert_eq!(groups_in(&world, OTHER), 2, "nothing is deleted");
    assert_eq!(secrets(&operator, OTHER), 1, "it is not known to be gone");
    assert!(sweeps(&operator, "partial") - before >= 8);
    let told = world.told("AccountNotSwept");
    assert_eq!(told.len(), 1, "once, not every hour: {told:#?}");
    let (about, text) = &told[0];
    assert_eq!(about, "Lease");
    assert!(
        text.contains(OTHER) && text.contains("sts:AssumeRole"),
        "{text}"
    );
    trust(&world, "shop").await;
    sleep(HOUR * 2).await;
    assert_eq!(groups_in(&world, OTHER), 1, "what was seen before counts");
}

/// Replaces the account `team`.
async fn change_account(world: &World, change: impl FnOnce(&mut Value)) {
    go(world).await;
    world.create_account(&account(change)).await;
}

#[tokio::test(start_paused = true)]
async fn where_an_account_is_not_for_nothing_is_looked_for() {
    let (world, operator) = elsewhere().await;
    change_account(&world, |spec| spec["allowedRegions"] = json!(["us-east-1"])).await;
    world.remove_by_force(NAME).await;
    sleep(HOUR * 2).await;
    assert_eq!(secrets(&operator, OTHER), 0);
    assert_eq!(world.told("Orphaned"), []);
}

#[tokio::test(start_paused = true)]
async fn what_no_account_permits_any_more_is_told_and_not_deleted() {
    let (world, operator) = elsewhere().await;
    world.remove_by_force(NAME).await;
    change_account(&world, |spec| {
        spec["allowedNamespaces"] = json!(["another"]);
    })
    .await;
    sleep(GRACE * 2).await;
    assert_eq!(secrets(&operator, OTHER), 1);
    assert_eq!(groups_in(&world, OTHER), 2);
    let told = world.told("Orphaned");
    let says_why = |(_, text): &(String, String)| text.contains("no AwsAccount lets");
    assert!(told.iter().all(says_why), "{told:#?}");
    assert_eq!(told.len(), 9);
}

#[tokio::test(start_paused = true)]
async fn of_two_roles_in_an_account_the_one_that_may_list_is_used() {
    let (world, operator) = elsewhere().await;
    let mut closed = account(|spec| spec["externalId"] = json!("another"));
    closed["metadata"]["name"] = "a-closed-one".into();
    world.create_account(&closed).await;
    world.remove_by_force(NAME).await;
    sleep(HOUR).await;
    assert_eq!(secrets(&operator, OTHER), 1);
    assert_eq!(world.told("Orphaned").len(), 9, "each is told of once");
    assert_eq!(sweeps(&operator, "partial"), 0);
}

#[tokio::test(start_paused = true)]
async fn while_the_accounts_cannot_be_listed_nothing_is_judged_or_forgotten() {
    let (world, operator) = elsewhere().await;
    world.remove_by_force(NAME).await;
    sleep(HOUR).await;
    let refused = Fault::new("awsaccounts:list", Effect::DenyAccess);
    world.kube.fault(refused.count(0));
    sleep(GRACE * 2).await;
    assert_eq!(secrets(&operator, OTHER), 1, "it is not known to be gone");
    assert_eq!(groups_in(&world, OTHER), 2, "nothing is deleted");
    assert!(sweeps(&operator, "failed") >= 8);
    world.kube.drop_faults();
    sleep(HOUR * 2).await;
    assert_eq!(groups_in(&world, OTHER), 1, "what was seen before counts");
}

#[tokio::test(start_paused = true)]
async fn an_account_that_is_named_no_more_is_not_looked_into_and_nothing_there_is_counted() {
    let (world, operator) = elsewhere().await;
    world.remove_by_force(NAME).await;
    sleep(HOUR).await;
    assert_eq!(secrets(&operator, OTHER), 1);
    go(&world).await;
    sleep(GRACE * 2).await;
    assert_eq!(secrets(&operator, OTHER), 0);
    assert_eq!(groups_in(&world, OTHER), 2, "nobody lets it in any more");
}

#[tokio::test(start_paused = true)]
async fn the_operators_own_account_is_looked_into_once_though_an_account_names_it() {
    let (world, operator) = ready(false).await;
    let role = format!("arn:aws:iam::{ACCOUNT}:role/cachedapi");
    let own = account(|spec| spec["roleArn"] = json!(role));
    world.create_account(&own).await;
    world.remove_by_force(NAME).await;
    sleep(HOUR).await;
    assert_eq!(secrets(&operator, ACCOUNT), 1);
    assert_eq!(world.told("Orphaned").len(), 9);
    assert_eq!(
        (sweeps(&operator, "complete"), sweeps(&operator, "partial")),
        (1, 0)
    );
}
