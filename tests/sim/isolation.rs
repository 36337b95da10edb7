//! Of many objects one is poisoned: whatever is called about it goes wrong, for as long as it is there. The others become Ready about as soon as without it
//! (I13).

use std::time::Duration;

use jiff::SignedDuration;
use local_aws::{Config, Delays};
use serde_json::{Value, json};
use tokio::time::{sleep, timeout};

use crate::look::is_ready;
use crate::world::{Process, World};

use super::run::LONGEST;
use super::scenario::object;

/// The objects besides the poisoned ones.
const OTHERS: usize = 29;
const POISONED: &str = "poisoned";

/// What becomes of every call about the poisoned object.
#[derive(Clone, Copy, Debug)]
enum Poison {
    /// AWS has an error of its own.
    Fails,
    /// There are too many.
    Throttles,
    /// AWS answers nonsense.
    Nonsense,
    /// AWS answers after a while that is longer than the operator waits.
    Hangs,
}

impl Poison {
    fn effect(self) -> Value {
        match self {
            Self::Fails => json!({"fail": {"code": "InternalFailure", "status": 500}}),
            Self::Throttles => json!({"throttle": {}}),
            Self::Nonsense => {
                json!({"fail": {"code": "}{ <nobody knows>", "status": 299, "message": "<html>{\"\u{0}"}})
            }
            Self::Hangs => json!({"delay": {"ms": 90_000}}),
        }
    }

    /// The object `name`, and a fault for every call whose resource has the object's names in it.
    async fn act(self, world: &World, name: &str) {
        world.create(&object(name)).await;
        let objects = world.kube.objects("cachedapis");
        let is_poisoned = |object: &&Value| object["metadata"]["name"] == name;
        let poisoned = objects.iter().find(is_poisoned).unwrap();
        let uid = poisoned["metadata"]["uid"].as_str().unwrap();
        let short = format!("{name}-{}", &uid[..8]);
        for part in [uid.replace('-', ""), short] {
            world
                .aws_fault(json!({"operation": "*", "resource": part, "count": 0, "effect": self.effect()}))
                .await;
        }
    }
}

/// A world with so many objects, and with the poisoned ones before them.
async fn many(others: usize, poisons: &[Poison]) -> (World, Process) {
    let world = World::new(Config {
        delays: Delays::fast(),
        ..Config::default()
    })
    .await;
    for (number, poison) in poisons.iter().enumerate() {
        poison.act(&world, &format!("{POISONED}-{number}")).await;
    }
    for number in 0..others {
        world.create(&object(&format!("orders-{number}"))).await;
    }
    let operator = world.operator();
    (world, operator)
}

/// Looks every few seconds: with so many objects something changes all the time.
async fn until_others_are_ready(world: &World) {
    let is_other = |object: &Value| {
        let name = object["metadata"]["name"].as_str();
        name.is_some_and(|name| !name.starts_with(POISONED))
    };
    let are_ready = || {
        let objects = world.kube.objects("cachedapis");
        objects
            .iter()
            .all(|object| !is_other(object) || is_ready(object))
    };
    while !are_ready() {
        sleep(Duration::from_secs(5)).await;
    }
}

/// How long it takes the others to become Ready.
async fn takes(others: usize, poisons: &[Poison]) -> SignedDuration {
    let (world, _operator) = many(others, poisons).await;
    let came = timeout(LONGEST, until_others_are_ready(&world)).await;
    assert!(came.is_ok(), "{poisons:?}");
    let took = world.age();
    println!("{others} objects besides {poisons:?}: {took:#}");
    took
}

#[tokio::test(start_paused = true)]
async fn an_object_whose_calls_all_go_wrong_keeps_no_other_waiting() {
    let without = takes(OTHERS, &[]).await;
    for poisons in [
        &[Poison::Hangs][..],
        &[Poison::Fails, Poison::Throttles, Poison::Nonsense],
    ] {
        let with = takes(OTHERS, poisons).await;
        assert!(
            with <= most(without),
            "I13 {poisons:?}: {with:#}, and {without:#} without"
        );
    }
}

/// A tenth more, and what one call may take.
fn most(without: SignedDuration) -> SignedDuration {
    without + without / 10 + SignedDuration::from_mins(1)
}

/// Objects that are held up: every call to AWS goes wrong for a while.
#[tokio::test(start_paused = true)]
async fn that_others_are_kept_waiting_is_seen() {
    let without = takes(3, &[]).await;
    let (world, _operator) = many(3, &[]).await;
    let fail = json!({"operation": "*", "count": 0, "effect": Poison::Fails.effect()});
    world.aws_fault(fail).await;
    sleep(Duration::from_mins(20)).await;
    world.admin("DELETE", "/_local/faults", &Value::Null).await;
    until_others_are_ready(&world).await;
    assert!(world.age() > most(without), "{:#}", world.age());
}
