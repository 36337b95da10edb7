//! Where a path of edits ends does not depend on the path.

use std::time::Duration;

use serde_json::Value;
use tokio::time::sleep;

use crate::admission::ADMISSION;
use crate::fields::{Edit, Expect, plans};
use crate::misoperate::{at_once, ends_like};
use crate::objects::understand;
use crate::places::take;
use crate::random::Random;
use crate::seeds::each_seed;
use crate::shop::{self, Shop};
use crate::threads::alone;

/// In the difference of what a Secret was made for: its type stays, because Kubernetes lets nobody change it, also where another Secret of that name is wanted.
const TYPE_OF_A_SECRET: &str = "servicebinding.io/";

/// Edits in a path.
const LENGTH: usize = 6;

/// A user makes edits at random, and takes some back; then the world is that of somebody who writes the last spec at once.
async fn walk(seed: u64) -> Result<usize, String> {
    let mut random = Random::new(seed);
    let name = format!("walked-{seed}");
    let mut stored = ADMISSION.create(&name, &shop::spec())?;
    let shop = Shop::kept(&stored["spec"]).await;
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
    let ended = ends_like(&shop, &at_once(&stored["spec"]), TYPE_OF_A_SECRET).await;
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

#[test]
fn where_edits_end_does_not_depend_on_how_they_got_there() {
    let lengths = each_seed(0..16, |seed| alone(seed, || walk(seed)));
    let edits: usize = lengths.iter().sum();
    println!("{} paths, {edits} edits", lengths.len());
    assert!(edits > 0);
}
