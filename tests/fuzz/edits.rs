//! Where a path of edits ends does not depend on the path.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::sleep;

use crate::admission::ADMISSION;
use crate::fields::{Edit, Expect, plans, take};
use crate::misoperate::{at_once, ends_like};
use crate::objects::{cases, understand};
use crate::random::Random;
use crate::shop::{self, Shop};

/// Edits in a path.
const LENGTH: usize = 6;

/// A user makes edits at random, and takes some back; then the world is that of somebody who writes the last spec at once.
async fn walk(seed: u64) -> Result<usize, String> {
    let mut random = Random::new(seed);
    let name = format!("walked-{seed}");
    let mut object = shop::object();
    object["metadata"] = json!({"name": name, "namespace": "default"});
    let mut stored = ADMISSION.create(&object)?;
    let shop = Shop::with(&of(&stored)).await;
    let (mut path, mut before) = (Vec::new(), vec![stored["spec"].clone()]);
    for _ in 0..LENGTH {
        let mut wanted = stored.clone();
        let (spec, what) = step(&mut random, &stored["spec"], &before);
        wanted["spec"] = spec;
        let Some(accepted) = accepted(&wanted) else {
            continue;
        };
        path.push(what);
        before.push(accepted["spec"].clone());
        stored = accepted;
        shop.edit(&stored["spec"]).await;
        sleep(Duration::from_secs(random.below(1200))).await;
    }
    shop.settle().await;
    let ended = ends_like(&shop, &at_once(&stored["spec"])).await;
    ended.map_err(|other| format!("{path:?}: {other}"))?;
    Ok(path.len())
}

/// The object as it is stored, if neither the API server nor the model refuses it.
fn accepted(wanted: &Value) -> Option<Value> {
    let would_be = ADMISSION.try_replace(wanted).ok()?;
    let read = serde_json::from_value(would_be["spec"].clone()).unwrap();
    understand(&read).unwrap()?;
    Some(ADMISSION.replace(wanted).unwrap())
}

fn of(stored: &Value) -> Value {
    let mut object = shop::object();
    object["spec"] = stored["spec"].clone();
    object
}

/// An edit of a field, the removal of one, or the way back to a spec that was there before.
fn step(random: &mut Random, spec: &Value, before: &[Value]) -> (Value, String) {
    let mut index = |end: usize| usize::try_from(random.below(end as u64)).unwrap();
    if index(5) == 0 {
        let back = index(before.len());
        return (before[back].clone(), format!("back to {back}"));
    }
    let returning: Vec<_> = plans().into_iter().filter(|plan| plan.returns).collect();
    let plan = &returning[index(returning.len())];
    let is_done = |edit: &&(Edit, Expect)| matches!(edit.1, Expect::Done);
    let done: Vec<_> = plan.edits.iter().filter(is_done).collect();
    let mut spec = spec.clone();
    if done.is_empty() || index(4) == 0 {
        take(&mut spec, &plan.at);
    } else {
        (done[index(done.len())].0)(&mut spec);
    }
    (spec, plan.at.clone())
}

#[tokio::test(start_paused = true)]
async fn where_edits_end_does_not_depend_on_how_they_got_there() {
    let (mut edits, mut problems) = (0, Vec::new());
    let seeds = cases(16);
    for seed in 0..seeds {
        match walk(seed).await {
            Ok(length) => edits += length,
            Err(problem) => problems.push(format!("seed {seed}: {problem}")),
        }
    }
    println!("{seeds} paths, {edits} edits");
    assert!(problems.is_empty(), "{}", problems.join("\n"));
    assert!(edits > 0);
}
