use std::time::Duration;

use local_aws::elasticache::LoginOutcome;
use local_aws::{Config, Delays};
use serde_json::{Value, json};
use tokio::time::sleep;

use crate::crash::is_stopped_at;
use crate::legacy::{GROUP, consent, make_group};
use crate::tripwire::{Side, at_every_write};
use crate::world::{ACCOUNT, NAME, NAMESPACE, REGION, World};

pub const TOKEN: &str = "a-token-that-clients-have";

/// A secret that somebody made; gives its ARN.
pub async fn make_secret(world: &World, value: &Value) -> String {
    let secret = json!({
        "Name": "theirs", "ClientRequestToken": "00000000-0000-4000-8000-000000000001", "SecretString": value.to_string(),
        "Tags": [{"Key": "cachedapi.dev/adoptable-by", "Value": "test"}],
    });
    world.secrets_manager("CreateSecret", &secret).await;
    let place = world.place();
    let secrets = place["secretsmanager"]["secrets"].as_object().unwrap();
    let mut arns = secrets.values().map(|secret| &secret["arn"]);
    let arn = arns.find(|arn| arn.as_str().unwrap().contains(":theirs-"));
    arn.unwrap().as_str().unwrap().to_owned()
}

/// Tags of the group, or of a secret.
fn tags(world: &World, arn: &str) -> Value {
    world.place()["tags"][arn].clone()
}

fn group_arn() -> String {
    format!("arn:aws:elasticache:{REGION}:{ACCOUNT}:replicationgroup:{GROUP}")
}

/// The example of an adoption, which names these instead.
fn adopting(adopt: Value) -> Value {
    let text = include_str!("../../examples/adopt.yaml");
    let mut object: Value = serde_saphyr::from_str(text).unwrap();
    object["metadata"] = json!({"namespace": NAMESPACE, "name": NAME});
    object["spec"]["adopt"] = adopt;
    object
}

async fn world() -> World {
    World::new(Config {
        delays: Delays::fast(),
        ..Config::default()
    })
    .await
}

fn adoption(world: &World, part: &str) -> Value {
    world.object()["status"]["adoption"][part].clone()
}

fn cache_writes(world: &World) -> Vec<String> {
    let mut writes = world.wire.writes();
    writes.retain(|write| write.starts_with("elasticache:"));
    writes
}

#[tokio::test(start_paused = true)]
async fn a_group_is_shown_then_taken_over_and_given_back_with_its_users() {
    let world = world().await;
    make_group(&world, &consent()).await;
    let before = world.place()["elasticache"].clone();
    world
        .create(&adopting(
            json!({"replicationGroupId": GROUP, "mode": "Review"}),
        ))
        .await;
    let _operator = world.operator();
    world
        .until(|world| adoption(world, "replicationGroup")["state"] == "Pending")
        .await;
    sleep(Duration::from_hours(2)).await;
    assert_eq!(cache_writes(&world), [""; 0]);
    assert_eq!(world.place()["elasticache"], before);
    let shown = adoption(&world, "replicationGroup")["differences"].to_string();
    for difference in [
        "access: whoever reaches the group gets in without a credential",
        "change: node type cache.t4g.small",
        "change: snapshot retention 7 d",
        "subnet group private: stays",
    ] {
        assert!(shown.contains(difference), "{shown}");
    }
    let ready = world.condition("CacheReady");
    assert_eq!(ready["reason"], "AdoptionPending", "{ready}");

    world
        .patch(json!({"spec": {"adopt": {"mode": "TakeOver"}}}))
        .await;
    world.until(World::is_ready).await;
    let inventory = world.inventory();
    assert_eq!(inventory["/elasticache/replication_groups"], 1);
    assert_eq!(inventory["/elasticache/subnet_groups"], 1);
    assert_eq!(world.object()["status"]["cache"]["id"], GROUP);
    assert_eq!(world.log_in(), LoginOutcome::Accepted);
    assert!(world.bound()["host"].contains(GROUP));
    // That it is kept is noted on it when all is as desired.
    sleep(Duration::from_hours(1)).await;
    world.wire.set(usize::MAX, Side::NotSent);
    sleep(Duration::from_hours(24)).await;
    assert_eq!(world.wire.writes(), [""; 0], "like any other");

    world.delete().await;
    world.until(World::is_gone).await;
    let inventory = world.inventory();
    assert_eq!(inventory["/elasticache/replication_groups"], 1);
    assert_eq!(inventory["/elasticache/user_groups"], 1, "it lets them in");
    let left = tags(&world, &group_arn());
    assert_eq!(
        left,
        json!({"cachedapi.dev/adoptable-by": format!("test/{NAMESPACE}/{NAME}")})
    );
}

#[tokio::test(start_paused = true)]
async fn a_group_with_somebody_elses_users_or_without_consent_is_refused_and_left_alone() {
    for (case, more, says) in [
        ("without consent", String::new(), "lacks the consent"),
        (
            "without TLS in every connection",
            format!("{}&TransitEncryptionMode=preferred", consent()),
            "without TLS",
        ),
        (
            "with an AUTH token",
            format!("{}&AuthToken={TOKEN}", consent()),
            "spec.adopt.secretArn",
        ),
    ] {
        let world = world().await;
        make_group(&world, &more).await;
        let before = world.place()["elasticache"].clone();
        world
            .create(&adopting(
                json!({"replicationGroupId": GROUP, "mode": "TakeOver"}),
            ))
            .await;
        let _operator = world.operator();
        world
            .until(|world| world.condition("CacheReady")["reason"] == "AdoptionRefused")
            .await;
        sleep(Duration::from_hours(2)).await;
        let message = world.condition("CacheReady")["message"].to_string();
        assert!(message.contains(says), "{case}: {message}");
        assert_eq!(adoption(&world, "replicationGroup")["state"], "Refused");
        assert_eq!(world.place()["elasticache"], before, "{case}");
    }
}

/// An operator that takes a group over is stopped at its write number `index`; the next one goes on.
async fn take_over_with_a_crash(index: usize, side: Side) -> bool {
    let world = world().await;
    make_group(&world, &consent()).await;
    let adopt = json!({"replicationGroupId": GROUP, "mode": "TakeOver"});
    world.create(&adopting(adopt)).await;
    let stopped = is_stopped_at(&world, index, side).await;
    let writes = world.wire.writes();
    let place = &writes[..writes.len().min(index + 1)];
    let _operator = world.operator();
    world.until(World::is_ready).await;
    let inventory = world.inventory();
    for (kind, number) in [
        ("replication_groups", 1),
        ("user_groups", 1),
        ("subnet_groups", 1),
    ] {
        assert_eq!(
            inventory[&format!("/elasticache/{kind}")],
            number,
            "{side:?} {place:#?}"
        );
    }
    assert_eq!(world.log_in(), LoginOutcome::Accepted);
    world.delete().await;
    world.until(World::is_gone).await;
    assert_eq!(
        tags(&world, &group_arn())["cachedapi.dev/owner-uid"],
        Value::Null
    );
    stopped
}

#[tokio::test(start_paused = true)]
async fn a_take_over_of_a_group_that_ends_at_any_of_its_writes_is_taken_up() {
    at_every_write("an adoption of a group", 20, take_over_with_a_crash).await;
}

/// The example with an AUTH token, of a group that has one and the secret that is to have it.
pub fn with_token(arn: &str) -> Value {
    let adopt = json!({"replicationGroupId": GROUP, "secretArn": arn, "mode": "TakeOver"});
    let mut object = adopting(adopt);
    object["spec"]["credentials"] = json!({"authToken": {}});
    object
}

#[tokio::test(start_paused = true)]
async fn the_clients_of_an_adopted_token_get_in_throughout_and_the_secret_is_given_back() {
    let world = world().await;
    make_group(&world, &format!("{}&AuthToken={TOKEN}", consent())).await;
    let arn = make_secret(&world, &json!({"password": TOKEN, "team": "billing"})).await;
    world.create(&with_token(&arn)).await;
    let _operator = world.operator();
    world.until(World::is_ready).await;
    assert_eq!(world.bound()["password"], TOKEN);
    assert_eq!(world.log_in_with(TOKEN), LoginOutcome::Accepted);
    assert_eq!(world.object()["status"]["credentials"]["secretArn"], arn);
    assert_eq!(adoption(&world, "secret")["state"], "Adopted");
    assert_eq!(world.inventory()["/secretsmanager/secrets"], 1);
    world.delete().await;
    world.until(World::is_gone).await;
    assert_eq!(
        tags(&world, &arn),
        json!({"cachedapi.dev/adoptable-by": "test"})
    );
    assert_eq!(world.inventory()["/secretsmanager/secrets"], 1);
}

#[tokio::test(start_paused = true)]
async fn a_secret_that_does_not_open_the_group_is_told_and_both_are_left_as_they_are() {
    let world = world().await;
    make_group(&world, &format!("{}&AuthToken={TOKEN}", consent())).await;
    let arn = make_secret(&world, &json!({"password": "another-token-than-that"})).await;
    let before = world.place()["elasticache"].clone();
    world.create(&with_token(&arn)).await;
    let _operator = world.operator();
    world
        .until(|world| world.condition("CacheReady")["reason"] == "AdoptionRefused")
        .await;
    sleep(Duration::from_hours(6)).await;
    let message = world.condition("CacheReady")["message"].to_string();
    assert!(
        message.contains("does not open the replication group"),
        "{message}"
    );
    assert_eq!(world.place()["elasticache"], before);
    let right = json!({"SecretId": arn, "ClientRequestToken": "00000000-0000-4000-8000-000000000002", "SecretString": json!({"password": TOKEN}).to_string()});
    world.secrets_manager("PutSecretValue", &right).await;
    world.until(World::is_ready).await;
    assert_eq!(world.log_in_with(TOKEN), LoginOutcome::Accepted);
}
