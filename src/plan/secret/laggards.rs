//! The consumers that keep the old password in the cache.

use crate::plan::{AspectPlan, Read, Seen, bound_version, consumers};

use super::rotate::Scene;

/// After how many times the grace the old password is taken out though a consumer may still use it: one that never gets done must not keep it for ever.
const PATIENCE: u32 = 2;

impl Scene<'_> {
    /// Whether the consumers that are `behind` are still waited for.
    pub(super) fn held_back(self, behind: &[String]) -> bool {
        !behind.is_empty() && !self.is_over(PATIENCE)
    }

    /// Whether `times` the grace is over.
    fn is_over(self, times: u32) -> bool {
        let (grace, now) = (self.grace(), self.context.now);
        self.grace_end()
            .is_some_and(|end| end + grace * (times - 1) <= now)
    }

    /// The consumers that do not have the current password, when the cache accepts the one `before` and that is all that keeps it there.
    pub(super) fn behind(self, before: bool) -> Result<Vec<String>, AspectPlan> {
        if !before || !self.is_over(1) {
            return Ok(Vec::new());
        }
        let consumers = consumers(self.desired, self.observed);
        let unread = consumers
            .iter()
            .filter(|consumer| consumer.seen == Seen::Unread);
        let reads: Vec<Read> = unread.map(|consumer| consumer.read.clone()).collect();
        if !reads.is_empty() {
            return Err(AspectPlan::read_all(reads));
        }
        let version = bound_version(self.desired, self.observed);
        let behind = consumers
            .iter()
            .filter(|consumer| !consumer.is_up_to_date(version.as_deref()));
        Ok(behind
            .map(|consumer| format!("the {} {}", consumer.kind, consumer.name))
            .collect())
    }
}
