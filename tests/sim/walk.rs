use std::sync::Arc;
use std::thread;
use std::time::Duration;

use local_aws::{Config, Delays};
use serde_json::Value;
use tokio::runtime::Builder;
use tokio::time::{sleep, timeout};

use crate::random::Random;
use crate::wire::{At, Effect, Fault, Side};
use crate::world::World;

use super::invariants::others_come;
use super::run::{LONGEST, Outcome, conclude, go_on, is_quiet, watch};
use super::scenario::{Part, REVOKE, ROTATE, object, request};

const NAMES: [&str; 3] = ["orders", "items", "carts"];
/// About as many calls as the operators make in a walk.
const CALLS: u64 = 600;

/// Users come and go and change their minds, and between three and ten faults happen, all as `seed` has it. In the end every object is Ready, or gone.
///
/// It has a thread of its own, whose hash maps have the seed's order.
pub fn walk(seed: u64) -> Outcome {
    let walk = move || {
        seeded_entropy::seed(seed);
        let runtime = Builder::new_current_thread()
            .enable_all()
            .start_paused(true)
            .build();
        runtime.unwrap().block_on(go(seed))
    };
    thread::spawn(walk).join().unwrap()
}

async fn go(seed: u64) -> Outcome {
    let mut random = Random::new(seed);
    let world = World::new(Config {
        delays: Delays::fast(),
        seed,
        ..Config::default()
    });
    let world = Arc::new(world.await);
    others_come(&world).await;
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
    let what = random.below(10);
    let Some(object) = named(world, name) else {
        world.create(&self::object(name)).await;
        return;
    };
    if !object["metadata"]["deletionTimestamp"].is_null() {
        return;
    }
    let edit = usize::try_from(edit).unwrap();
    match what {
        0..5 => {
            let part = Part::ALL[index(random, Part::ALL.len() as u64)];
            world.patch_named(name, &part.patch(&object, edit)).await;
        }
        5 | 6 => world.patch_named(name, &request(world, ROTATE)).await,
        7 => world.patch_named(name, &request(world, REVOKE)).await,
        _ => world.delete_named(name).await,
    }
}

fn named(world: &World, name: &str) -> Option<Value> {
    let mut objects = world.kube.objects("cachedapis").into_iter();
    objects.find(|object| object["metadata"]["name"] == name)
}

#[test]
fn whatever_happens_every_object_is_ready_or_gone_in_the_end() {
    let seeds = std::env::var("SEEDS").map_or(0..20, |seeds| range(&seeds));
    let mut faults = 0;
    for seed in seeds.clone() {
        let outcome = walk(seed);
        let (violations, log) = (&outcome.violations, &outcome.log);
        assert!(
            violations.is_empty(),
            "SEEDS={seed}: {violations:#?} {log:#?}"
        );
        faults += outcome.met;
    }
    println!("seeds {seeds:?}: {faults} faults");
}

/// `17`, or `0..1000`.
fn range(text: &str) -> std::ops::Range<u64> {
    let number = |text: &str| {
        text.parse::<u64>()
            .expect("SEEDS is a number or a range such as 0..1000")
    };
    match text.split_once("..") {
        Some((from, to)) => number(from)..number(to),
        None => number(text)..number(text) + 1,
    }
}
