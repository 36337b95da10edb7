//! Until when this process may write. Imports nothing of ours.

use std::future::{Future, pending, poll_fn};
use std::pin::pin;
use std::task::Poll;

use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

/// Until when this process may write, by its own monotonic clock. Cheap to clone; clones are one.
///
/// Who leads may write, and stops to lead when its lease has run out. A process that was stopped (SIGSTOP, a node that hangs) does not notice: it wakes
/// in the middle of anything, with what it decided long ago. Hence whatever sends a write asks here last, once it is signed, so that what slips through
/// in between carries an old signature.
#[derive(Clone, Debug)]
pub struct Fence(watch::Sender<Option<Instant>>);

/// The lease has run out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the lease of this process has run out, so that nothing is sent")]
pub struct LeaseOver;

impl Fence {
    /// One that never closes, for a process that works without a lease.
    #[must_use]
    pub fn open() -> Self {
        Self(watch::Sender::new(None))
    }

    /// Lets writes through until `end`.
    pub fn open_until(&self, end: Instant) {
        self.0.send_replace(Some(end));
    }

    /// Lets nothing through.
    pub fn close(&self) {
        self.open_until(Instant::now());
    }

    /// Whether nothing is let through.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.0.borrow().is_some_and(|end| Instant::now() >= end)
    }

    /// Awaits `call`, which is not begun when the fence is closed and dropped when it closes.
    ///
    /// # Errors
    /// When the fence is closed. Whether a call that was begun had its effect is not known.
    pub async fn within<T>(&self, call: impl Future<Output = T>) -> Result<T, LeaseOver> {
        let (mut call, mut closed) = (pin!(call), pin!(self.closed()));
        // The clock is asked each time that the call goes on: a timer may fire later than what the call waits for.
        poll_fn(|context| {
            if closed.as_mut().poll(context).is_ready() || self.is_closed() {
                return Poll::Ready(Err(LeaseOver));
            }
            call.as_mut().poll(context).map(Ok)
        })
        .await
    }

    async fn closed(&self) {
        let mut end = self.0.subscribe();
        loop {
            let at = *end.borrow_and_update();
            tokio::select! {
                () = passed(at) => return,
                // The sender is `self`, so that there is one.
                _ = end.changed() => {}
            }
        }
    }
}

async fn passed(at: Option<Instant>) {
    match at {
        Some(at) => sleep_until(at).await,
        None => pending().await,
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::time::Duration;

    use futures::FutureExt;
    use tokio::time::{advance, sleep};

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn open_for(duration: Duration) -> Fence {
        let fence = Fence::open();
        fence.open_until(Instant::now() + duration);
        fence
    }

    #[tokio::test(start_paused = true)]
    async fn without_a_lease_a_call_takes_as_long_as_it_takes() {
        let call = sleep(Duration::from_hours(1));
        assert_eq!(Fence::open().within(call).await, Ok(()));
    }

    #[tokio::test(start_paused = true)]
    async fn a_call_is_not_begun_after_the_lease() {
        let (fence, begun) = (open_for(SECOND), Cell::new(false));
        let call = fence.within(async { begun.set(true) });
        advance(SECOND).await;
        assert_eq!(call.await, Err(LeaseOver));
        assert!(!begun.get());
    }

    #[tokio::test(start_paused = true)]
    async fn a_call_ends_with_the_lease_and_not_before_one_that_is_renewed() {
        let (fence, start) = (open_for(SECOND), Instant::now());
        let renew = async {
            sleep(SECOND / 2).await;
            fence.open_until(Instant::now() + SECOND);
        };
        let (answer, ()) = tokio::join!(fence.within(sleep(SECOND * 9)), renew);
        assert_eq!((answer, start.elapsed()), (Err(LeaseOver), SECOND * 3 / 2));
    }

    #[tokio::test(start_paused = true)]
    async fn a_call_ends_when_the_lease_is_lost() {
        let fence = open_for(SECOND);
        let lose = async { fence.close() };
        let (answer, ()) = tokio::join!(fence.within(sleep(SECOND / 2)), lose);
        assert_eq!(answer, Err(LeaseOver));
    }

    #[tokio::test(start_paused = true)]
    async fn a_process_that_wakes_after_the_lease_does_not_go_on_where_it_was() {
        let (fence, went_on) = (open_for(SECOND), Cell::new(false));
        let mut call = pin!(fence.within(async {
            tokio::task::yield_now().await;
            went_on.set(true);
        }));
        assert_eq!(call.as_mut().now_or_never(), None);
        // Stopped: the clock goes on, and no timer fires before the call is looked at again.
        advance(SECOND).now_or_never();
        assert_eq!(call.now_or_never(), Some(Err(LeaseOver)));
        assert!(!went_on.get());
    }
}
