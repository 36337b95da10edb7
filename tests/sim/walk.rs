use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::{sleep, timeout};

use crate::random::Random;
use crate::wire::{At, Effect, Fault, Side};
use crate::world::World;

use super::figures::Tally;
use super::kept::empty;
use super::run::{LONGEST, Outcome, conclude, go_on, is_quiet, watch};
use super::scenario::{Part, REVOKE, ROTATE, object, request};
use super::threads::{alone, each, range};

const NAMES: [&str; 3] = ["orders", "items", "carts"];
/// One more, for when all of those are gone.
const SPARE: &str = "spare";
const PAUSED: &str = "cachedapi.dev/paused";
/// Seeds that found something once (docs/simulation.md).
const FOUND: [u64; 3] = [109, 112, 153];
/// How often orphans are looked for: a few times within what follows the last event.
const SWEEP: Duration = Duration::from_mins(20);
/// About as many calls as the operators make in a walk.
const CALLS: u64 = 600;

/// Users come and go and change their minds, and between three and ten faults happen, all as `seed` has it. In the end every object is Ready, or gone, and
/// what is left of those that were gone before their time is told.
pub fn walk(seed: u64) -> Outcome {
    alone(seed, || go(seed))
}

async fn go(seed: u64) -> Outcome {
    let mut random = Random::new(seed);
    let mut world = empty(seed).await;
    world.settings.orphans.interval = SWEEP;
    let world = Arc::new(world);
    let faults: Vec<Fault> = (0..3 + random.below(8))
        .map(|_| fault(&mut random))
        .collect();
    let monitor = watch(&world, &faults);
    world.wire.plan(faults);
    let mut operator = world.operator();
    let acting = async {
        for edit in 0..3 + random.below(6) {
            act(&world, &mut random, edit).await;
            sleep(Duration::from_millis(random.below(20 * 60 * 1000))).await;
        }
        release(&world).await;
    };
    tokio::select! {
        () = acting => {}
        () = go_on(&world, &mut operator, |_| false) => {}
    }
    let came = timeout(LONGEST, go_on(&world, &mut operator, is_quiet)).await;
    conclude(&world, &monitor, operator, came.is_ok()).await
}

fn fault(random: &mut Random) -> Fault {
    let effects = [
        Effect::Crash(Side::NotSent),
        Effect::Crash(Side::Applied),
        Effect::LoseRequest,
        Effect::LoseReply,
        Effect::Duplicate(Duration::from_secs(random.below(300))),
        Effect::Delay(Duration::from_secs(random.below(120))),
        Effect::Throttle,
        Effect::ServerError,
        Effect::DenyAccess,
        Effect::Stale,
        Effect::Truncate,
        Effect::Page,
        Effect::UnknownState,
    ];
    Fault {
        at: At::Call(index(random, CALLS)),
        effect: effects[index(random, effects.len() as u64)],
    }
}

fn index(random: &mut Random, end: u64) -> usize {
    usize::try_from(random.below(end)).unwrap()
}

/// A user does something with one of the objects.
async fn act(world: &World, random: &mut Random, edit: u64) {
    let name = NAMES[index(random, NAMES.len() as u64)];
    let what = random.below(14);
    let Some(object) = named(world, name) else {
        world.create(&self::object(name)).await;
        return;
    };
    if what == 13 {
        return tear_off(world, name, &object).await;
    }
    if !object["metadata"]["deletionTimestamp"].is_null() {
        return;
    }
    let edit = usize::try_from(edit).unwrap();
    let patch = match what {
        0..5 => {
            let part = Part::WALKED[index(random, Part::WALKED.len() as u64)];
            part.patch(&object, edit)
        }
        5 | 6 => request(world, ROTATE),
        7 => request(world, REVOKE),
        8 | 9 => {
            let paused = object["metadata"]["annotations"][PAUSED].is_null();
            pause(paused)
        }
        10 | 11 => {
            let managed = object["spec"]["managementPolicy"] != "ObserveOnly";
            manage(!managed)
        }
        _ => return world.delete_named(name).await,
    };
    world.patch_named(name, &patch).await;
}

fn pause(paused: bool) -> Value {
    let paused = paused.then_some("true");
    json!({"metadata": {"annotations": {PAUSED: paused}}})
}

fn manage(managed: bool) -> Value {
    let policy = if managed { "Manage" } else { "ObserveOnly" };
    json!({"spec": {"managementPolicy": policy}})
}

/// A user takes the finalizers off the object and deletes it.
async fn tear_off(world: &World, name: &str, object: &Value) {
    let strip = json!({"metadata": {"finalizers": null}});
    world.patch_named(name, &strip).await;
    if object["metadata"]["deletionTimestamp"].is_null() {
        world.delete_named(name).await;
    }
}

/// In the end the operator may work on every object. One is there at least: without any nobody is told what is left of others.
async fn release(world: &World) {
    let mut stays = false;
    for name in NAMES {
        let Some(object) = named(world, name) else {
            continue;
        };
        world.patch_named(name, &pause(false)).await;
        if object["metadata"]["deletionTimestamp"].is_null() {
            world.patch_named(name, &manage(true)).await;
            stays = true;
        }
    }
    if !stays {
        world.create(&object(SPARE)).await;
    }
}

fn named(world: &World, name: &str) -> Option<Value> {
    let mut objects = world.kube.objects("cachedapis").into_iter();
    objects.find(|object| object["metadata"]["name"] == name)
}

#[test]
fn whatever_happens_every_object_is_ready_or_gone_in_the_end() {
    let asked = std::env::var("SEEDS").map(|seeds| range(&seeds));
    let seeds: Vec<u64> = asked.map_or_else(|_| (0..20).chain(FOUND).collect(), Iterator::collect);
    let what = format!("seeds {:?} to {:?}", seeds.first(), seeds.last());
    let tally = Mutex::new(Tally::of("walk at random", what));
    each(seeds.into_iter(), |seed| {
        let outcome = walk(seed);
        tally
            .lock()
            .unwrap()
            .add(&format!("SEEDS={seed}"), &outcome);
    });
    tally.into_inner().unwrap().end();
}
