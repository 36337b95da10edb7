use std::time::Duration;

use jiff::Timestamp;
use local_aws::elasticache::{LoginOutcome, login};
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use crate::tripwire::{Side, at_every_write};
use crate::wire::{At, Effect, Fault};
use crate::world::{POLL, Process, World};

/// The shortest there is.
const GRACE: Duration = Duration::from_mins(15);
const ROTATE: &str = "cachedapi.dev/rotate-requested-at";

/// Every password that was ever bound, oldest first, and what the cache says to the last two.
struct Client<'a> {
    world: &'a World,
    passwords: Vec<String>,
}

impl Client<'_> {
    /// Reads the bound Secret and logs in, as a back end would that opens a connection. The one before works as well, for as long as `grace`.
    fn connect(&mut self) {
        let bound = self.world.bound();
        if self.passwords.last() != Some(&bound["password"]) {
            self.passwords.push(bound["password"].clone());
        }
        assert_eq!(
            self.world.log_in(),
            LoginOutcome::Accepted,
            "the bound password opens the cache"
        );
    }

    fn opens(&self, password: &str) -> bool {
        let bound = self.world.bound();
        login(
            &self.world.aws,
            &bound["host"],
            &bound["username"],
            password,
        ) == LoginOutcome::Accepted
    }
}

/// Connects every minute until `done`.
async fn connect_until(client: &mut Client<'_>, done: impl Fn(&Client) -> bool) {
    for _ in 0..60 * 24 * 60 {
        client.connect();
        if done(client) {
            return;
        }
        sleep(Duration::from_mins(1)).await;
    }
    panic!(
        "it does not come about: {}",
        client.world.object()["status"]
    );
}

async fn request(world: &World) {
    let now = world.aws.now().to_string();
    world
        .patch(json!({"metadata": {"annotations": {ROTATE: now}}}))
        .await;
}

/// The labels of each version.
fn labels(world: &World) -> Vec<Value> {
    let place = world.place();
    let secrets = place["secretsmanager"]["secrets"].as_object().unwrap();
    let versions = secrets
        .values()
        .filter_map(|secret| secret["versions"].as_object());
    versions
        .flatten()
        .map(|(_, version)| version["labels"].clone())
        .collect()
}

/// An object that is Ready, has clients that cache for no time, and rotates twice a day.
async fn ready() -> (World, Process) {
    let (world, operator) = World::with_ready_example().await;
    let password = json!({"rotateEvery": "12h", "clientCacheTtl": "0s"});
    world
        .patch(json!({"spec": {"credentials": {"password": password}}}))
        .await;
    world.until(World::is_ready).await;
    sleep(GRACE).await;
    (world, operator)
}

#[tokio::test(start_paused = true)]
async fn a_password_is_rotated_on_schedule_and_nobody_notices() {
    let (world, _operator) = ready().await;
    let mut client = Client {
        world: &world,
        passwords: Vec::new(),
    };
    connect_until(&mut client, |client| client.passwords.len() == 3).await;
    assert!(world.is_ready());
    let hours = world.age().as_hours();
    assert!(
        (12..26).contains(&hours),
        "two rotations within a day: {hours} h"
    );
    connect_until(&mut client, |client| !client.opens(&client.passwords[1])).await;
    let pending = json!("AWSPENDING");
    let is_pending = |labels: &Value| {
        labels
            .as_array()
            .is_some_and(|labels| labels.contains(&pending))
    };
    assert!(
        !labels(&world).iter().any(is_pending),
        "{:?}",
        labels(&world)
    );
}

#[tokio::test(start_paused = true)]
async fn a_requested_rotation_takes_few_calls_and_says_what_it_does() {
    let (world, _operator) = ready().await;
    let mut client = Client {
        world: &world,
        passwords: Vec::new(),
    };
    client.connect();
    let calls = async || {
        let calls = world.admin("GET", "/_local/calls", &Value::Null).await;
        calls["log"].as_array().unwrap().clone()
    };
    let before = calls().await.len();
    request(&world).await;
    connect_until(&mut client, |client| client.passwords.len() == 2).await;
    let status = &world.object()["status"]["credentials"];
    assert_eq!(status["rotation"]["phase"], "Grace", "{status}");
    connect_until(&mut client, |client| !client.opens(&client.passwords[0])).await;
    world
        .until(|world| world.object()["status"]["credentials"]["rotation"].is_null())
        .await;
    assert!(world.is_ready());
    sleep(POLL * 2).await;
    let made = calls().await.split_off(before);
    let time = |call: &Value| -> Timestamp { call["time"].as_str().unwrap().parse().unwrap() };
    let pauses: Vec<i64> = made
        .windows(2)
        .filter(|pair| pair[0]["operation"] == "ModifyUser")
        .map(|pair| time(&pair[1]).duration_since(time(&pair[0])).as_mins())
        .collect();
    assert_eq!(pauses.len(), 2, "the new password in, the old one out");
    assert!(
        pauses.iter().all(|pause| *pause > 5),
        "nobody looks how far ElastiCache is before it matters: {pauses:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_rotation_that_ends_at_any_of_its_writes_is_taken_up_and_nobody_is_locked_out() {
    at_every_write("a rotation", 6, rotate_with_a_crash).await;
}

/// A rotation in which the operator is stopped at its write number `index`, and another one takes over. False: there is no such write.
async fn rotate_with_a_crash(index: usize, side: Side) -> bool {
    let (world, operator) = ready().await;
    let mut client = Client {
        world: &world,
        passwords: Vec::new(),
    };
    client.connect();
    world.wire.set(index, side);
    request(&world).await;
    let rotated =
        |client: &Client| client.passwords.len() == 2 && !client.opens(&client.passwords[0]);
    let stopped = tokio::select! {
        biased;
        () = world.wire.tripped() => true,
        () = connect_until(&mut client, rotated) => false,
    };
    drop(operator);
    let _operator = world.operator();
    connect_until(&mut client, rotated).await;
    world.until(World::is_ready).await;
    assert_eq!(client.passwords.len(), 2, "one rotation was asked for");
    stopped
}

#[tokio::test(start_paused = true)]
async fn an_operator_that_takes_over_a_rotation_goes_on_within_seconds() {
    let (world, operator) = ready().await;
    let ends_after_its_first_write = Fault {
        at: At::EveryAction(1),
        effect: Effect::Crash(Side::Applied),
    };
    world.wire.plan(vec![ends_after_its_first_write]);
    request(&world).await;
    world.wire.tripped().await;
    drop(operator);
    world.wire.plan(Vec::new());
    let start = Instant::now();
    let _operator = world.operator();
    let sets_the_password = |world: &World| {
        let writes = world.wire.writes();
        writes.iter().any(|write| write.contains("ModifyUser"))
    };
    world.until(sets_the_password).await;
    let took = start.elapsed();
    assert!(took < Duration::from_secs(20), "{took:?}");
}

#[tokio::test(start_paused = true)]
async fn a_rotation_of_somebody_else_is_reported_and_left_alone() {
    let (world, operator) = ready().await;
    let arn = world.object()["status"]["credentials"]["secretArn"].clone();
    let before = world.bound();
    let foreign = json!({
        "SecretId": arn, "SecretString": "{}", "VersionStages": ["AWSPENDING"],
        "ClientRequestToken": "00000000-0000-0000-0000-00000000cafe",
    });
    world.secrets_manager("PutSecretValue", &foreign).await;
    world
        .until(|world| world.condition("CredentialsReady")["reason"] == "ForeignRotation")
        .await;
    sleep(Duration::from_hours(13)).await;
    assert_eq!(world.bound(), before);
    let failures = metric(&operator, r#"failures_total{reason="ForeignRotation"}"#);
    assert!(failures > 10, "one for each look: {failures}");
}

/// A metric of rotations; 0 when it is not there.
fn metric(operator: &Process, name: &str) -> i64 {
    let page = operator.metrics.encode();
    let name = format!("cachedapi_rotation_{name} ");
    let value = page.lines().find_map(|line| line.strip_prefix(&name));
    value.map_or(0, |value| value.parse().unwrap())
}

#[tokio::test(start_paused = true)]
async fn metrics_tell_how_far_a_rotation_is_and_how_old_the_password() {
    let (world, operator) = ready().await;
    let phases = || {
        ["Pending", "Grace"]
            .map(|phase| metric(&operator, &format!("objects{{phase=\"{phase}\"}}")))
    };
    let made = || metric(&operator, "oldest_password_timestamp_seconds");
    let before = made();
    assert!(before > 0 && before < world.aws.now().as_second());
    assert_eq!(phases(), [0, 0]);
    request(&world).await;
    world.until(|_| phases() == [1, 0]).await;
    assert_eq!(made(), before, "the old one is current");
    world.until(|_| phases() == [0, 1]).await;
    assert!(made() > before);
    world.until(|_| phases() == [0, 0]).await;
    assert!(world.is_ready());
}
