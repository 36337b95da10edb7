//! Time as the services see it.

use jiff::{SignedDuration, Timestamp};
use tokio::time::Instant;

/// A wall clock that advances with tokio's clock, so that virtual time works.
#[derive(Debug, Clone, Copy)]
pub struct Clock {
    wall: Timestamp,
    started: Instant,
}

impl Clock {
    /// A clock that shows `wall` now.
    #[must_use]
    pub fn starting_at(wall: Timestamp) -> Self {
        Self {
            wall,
            started: Instant::now(),
        }
    }

    /// The present moment: the start plus what tokio's clock says has passed.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        let passed =
            SignedDuration::try_from(self.started.elapsed()).unwrap_or(SignedDuration::MAX);
        self.wall.saturating_add(passed).unwrap_or(Timestamp::MAX)
    }
}
