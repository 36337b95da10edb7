//! Virtual time with real work in it.
//!
//! tokio's paused clock jumps to the next timer when nothing else is to be done. It does not while a task of `spawn_blocking` is under way, so whoever
//! talks to a real node does it there, and time stands still. Work on the nodes themselves has timers of its own, which run at their real pace.

use std::thread;
use std::time::Duration;

use local_aws::LocalAws;
use tokio::runtime::Builder;
use tokio::task::spawn_blocking;
use tokio::time::advance;

/// Time passes in such steps while nodes are worked on.
const STEP: Duration = Duration::from_millis(1);
/// Logins that are under way at a time.
const LOGINS: usize = 16;

/// Runs `work` in a virtual time of its own.
pub fn run<T>(work: impl Future<Output = T>) -> T {
    let mut builder = Builder::new_current_thread();
    let builder = builder.enable_all().start_paused(true);
    let runtime = builder.max_blocking_threads(LOGINS).build().unwrap();
    runtime.block_on(work)
}

/// Lets time pass no faster than it does while `aws` works on its nodes.
pub async fn keep(aws: LocalAws) {
    let mut work = aws.work();
    while work.wait_for(|caches| *caches > 0).await.is_ok() {
        spawn_blocking(|| thread::sleep(STEP)).await.unwrap();
        advance(STEP).await;
    }
}
