//! Runs side by side, each in a thread of its own.

use std::future::Future;
use std::ops::Range;
use std::sync::{Mutex, PoisonError};
use std::thread;

use tokio::runtime::Builder;

/// Does `work` in virtual time, in a thread of its own whose hash maps have the order of `seed`.
pub fn alone<T, F>(seed: u64, work: impl FnOnce() -> F + Send) -> T
where
    T: Send,
    F: Future<Output = T>,
{
    let work = move || {
        seeded_entropy::seed(seed);
        let runtime = Builder::new_current_thread()
            .enable_all()
            .start_paused(true)
            .build();
        runtime.unwrap().block_on(work())
    };
    thread::scope(|scope| scope.spawn(work).join().unwrap())
}

/// Does `work` with each of `items`, with as many at a time as there are cores.
pub fn each<T: Send>(items: impl Iterator<Item = T> + Send, work: impl Fn(T) + Sync) {
    let items = Mutex::new(items);
    let next = || items.lock().unwrap_or_else(PoisonError::into_inner).next();
    let cores = thread::available_parallelism().map_or(1, usize::from);
    thread::scope(|scope| {
        for _ in 0..cores {
            scope.spawn(|| {
                while let Some(item) = next() {
                    work(item);
                }
            });
        }
    });
}

/// The numbers that `text` names: `17`, or `0..1000`.
pub fn range(text: &str) -> Range<u64> {
    let number = |text: &str| {
        text.parse::<u64>()
            .expect("a number or a range such as 0..1000")
    };
    match text.split_once("..") {
        Some((from, to)) => number(from)..number(to),
        None => number(text)..number(text) + 1,
    }
}
