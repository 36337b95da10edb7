//! Runs by seed: which, what they found, and how to have them again.

use std::fmt::Display;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Mutex, PoisonError};

use crate::threads::{each, range};

/// Does `work` with each of the `usual` seeds, or with those that `SEEDS` names, and gives what came of each.
///
/// # Panics
/// If something was wrong: with what, and how to run it again.
pub fn each_seed<T: Send>(
    usual: impl Iterator<Item = u64>,
    work: impl Fn(u64) -> Result<T, String> + Sync,
) -> Vec<T> {
    let seeds: Vec<u64> = match std::env::var("SEEDS") {
        Ok(seeds) => range(&seeds).collect(),
        Err(_) => usual.collect(),
    };
    each_of(
        seeds
            .into_iter()
            .map(|seed| (format!("make fuzz SEEDS={seed}"), seed)),
        work,
    )
}

/// Does `work` with each of `items`, side by side, and gives what came of each.
///
/// # Panics
/// If something was wrong: with what, by the names of the items.
pub fn each_of<N: Display + Send, I: Send, T: Send>(
    items: impl Iterator<Item = (N, I)> + Send,
    work: impl Fn(I) -> Result<T, String> + Sync,
) -> Vec<T> {
    let (done, problems) = (Mutex::new(Vec::new()), Mutex::new(Vec::new()));
    each(items, |(name, item)| {
        let result = catch_unwind(AssertUnwindSafe(|| work(item)));
        match result.unwrap_or_else(|_| Err("it panics, as said above".into())) {
            Ok(value) => push(&done, value),
            Err(problem) => {
                println!("WRONG {name}: {problem}");
                push(&problems, format!("{name}: {problem}"));
            }
        }
    });
    let problems = problems.into_inner().unwrap();
    assert!(problems.is_empty(), "{}", problems.join("\n"));
    done.into_inner().unwrap()
}

fn push<T>(list: &Mutex<Vec<T>>, item: T) {
    list.lock()
        .unwrap_or_else(PoisonError::into_inner)
        .push(item);
}
