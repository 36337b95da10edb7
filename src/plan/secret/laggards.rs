//! The consumers that keep the old password in the cache.

use crate::plan::AspectPlan;
use crate::plan::bindings::laggards;

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
        let behind = laggards(self.desired, self.observed)?;
        Ok(behind
            .iter()
            .map(|consumer| format!("the {} {}", consumer.kind, consumer.name))
            .collect())
    }
}
