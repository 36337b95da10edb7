//! The control plane is away for hours, or the operator is: what is there serves as before (I11), and stays when they are back.

use std::sync::Arc;
use std::time::Duration;

use jiff::SignedDuration;
use serde_json::{Value, json};
use tokio::time::{sleep, timeout};

use crate::wire::Call;
use crate::world::{Process, World};

use super::invariants::Monitor;
use super::run::{LONGEST, conclude, go_on, is_quiet, watch};
use super::scenario::{ROTATE, Scenario, request};

/// How long every call to AWS fails.
pub const OUTAGE: Duration = Duration::from_hours(6);
/// How often clients connect anew.
const CONNECT: Duration = Duration::from_mins(5);

/// Nothing of AWS answers.
async fn go_away(world: &World) {
    let fail = json!({"fail": {"code": "ServiceUnavailable", "status": 503, "message": "the Region is away"}});
    world
        .aws_fault(json!({"operation": "*", "count": 0, "effect": fail}))
        .await;
}

async fn come_back(world: &World) {
    world.admin("DELETE", "/_local/faults", &Value::Null).await;
}

/// Clients connect with what they have for that long, to every node.
pub async fn clients_connect(monitor: &Monitor, world: &World, long: Duration) {
    let end = world.age() + SignedDuration::try_from(long).unwrap();
    while world.age() < end {
        monitor.look(&Call {
            operation: "a client's connection".into(),
            object: String::new(),
            writes: false,
        });
        sleep(CONNECT).await;
    }
}

/// Says of everything that was in AWS before and is not there any more.
pub fn assert_kept(monitor: &Monitor, before: &Value, after: &Value) {
    for kind in [
        "/apigateway/apis",
        "/apigateway/keys",
        "/apigateway/plans",
        "/elasticache/subnet_groups",
        "/elasticache/users",
        "/elasticache/user_groups",
        "/elasticache/replication_groups",
        "/secretsmanager/secrets",
    ] {
        let after = after.pointer(kind).unwrap_or(&Value::Null);
        let things = before.pointer(kind).and_then(Value::as_object);
        for (id, thing) in things.into_iter().flatten() {
            if after[id].is_null() || after[id]["deletion"] != thing["deletion"] {
                monitor.violation(format!("I11: {kind} {id} was deleted"));
            }
        }
    }
}

/// An outage of AWS, in which the operator is alive or not, `after` a rotation was asked for; none was, if that is not said.
async fn outage(after: Option<Duration>, operator_lives: bool) {
    let (world, operator) = Scenario::Rotate.prepare(0).await;
    let mut operator: Option<Process> = operator;
    let monitor = watch(&world, &[]);
    if let Some(after) = after {
        world.patch(request(&world, ROTATE)).await;
        clients_connect(&monitor, &world, after).await;
    }
    let (before, calls) = (world.place(), world.wire.log().len());
    go_away(&world).await;
    if !operator_lives {
        operator = None;
    }
    clients_connect(&monitor, &world, OUTAGE).await;
    assert_kept(&monitor, &before, &world.place());
    let made = world.wire.log().len() - calls;
    come_back(&world).await;
    let mut operator = operator.unwrap_or_else(|| world.operator());
    clients_connect(&monitor, &world, Duration::from_hours(1)).await;
    assert_kept(&monitor, &before, &world.place());
    let came = timeout(LONGEST, go_on(&world, &mut operator, is_quiet)).await;
    let outcome = conclude(&world, &monitor, operator, came.is_ok()).await;
    let (violations, log) = (&outcome.violations, &outcome.log);
    assert!(
        violations.is_empty(),
        "after {after:?}, operator lives: {operator_lives}: {violations:#?} {log:#?}"
    );
    println!("after {after:?}, operator lives: {operator_lives}: {made} calls in six hours");
    assert!(made < 1500, "{made} calls to what does not answer");
}

/// Right before, while the new password is brought in, and while the old one has its grace.
const MOMENTS: [Option<Duration>; 4] = [
    None,
    Some(Duration::from_secs(5)),
    Some(Duration::from_mins(5)),
    Some(Duration::from_mins(25)),
];

#[tokio::test(start_paused = true)]
async fn clients_get_in_while_aws_is_away_and_nothing_is_deleted_when_it_is_back() {
    for after in MOMENTS {
        outage(after, true).await;
    }
}

#[tokio::test(start_paused = true)]
async fn clients_get_in_while_aws_and_the_operator_are_away_and_nothing_is_deleted_afterwards() {
    for after in MOMENTS {
        outage(after, false).await;
    }
}

/// The same violated by hand, for `violated`.
pub async fn outage_with(harm: impl AsyncFnOnce(Arc<World>)) -> Vec<String> {
    let (world, operator) = Scenario::Rotate.prepare(0).await;
    drop(operator);
    let monitor = watch(&world, &[]);
    clients_connect(&monitor, &world, CONNECT).await;
    let before = world.place();
    harm(world.clone()).await;
    clients_connect(&monitor, &world, CONNECT * 2).await;
    assert_kept(&monitor, &before, &world.place());
    monitor.violations()
}
