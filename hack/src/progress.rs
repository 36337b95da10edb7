//! Progress that a person can follow: every step with its duration, and a sign of life in long ones.

use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

const SIGN_OF_LIFE: Duration = Duration::from_secs(15);

/// Runs `work` as a step: prints `what` with its duration at the end, and every 15 s while it runs. All of it goes to standard error.
pub fn step<T, E>(what: &str, work: impl FnOnce() -> Result<T, E>) -> Result<T, E> {
    let start = Instant::now();
    let (ended, end) = mpsc::channel::<()>();
    let outcome = thread::scope(|scope| {
        scope.spawn(move || {
            while end.recv_timeout(SIGN_OF_LIFE) == Err(mpsc::RecvTimeoutError::Timeout) {
                eprintln!("   … {what}: {} s so far", start.elapsed().as_secs());
            }
        });
        let outcome = work();
        drop(ended);
        outcome
    });
    let mark = if outcome.is_ok() { "ok" } else { "FAILED" };
    eprintln!("{:>8.2} s  {what}: {mark}", start.elapsed().as_secs_f64());
    outcome
}
