//! Layer 2: pure reporting. What was desired, seen, decided and done becomes the object's status; nothing in it decides anything.

mod adoption;
mod conditions;
mod credentials;
mod parts;
mod whole;

#[cfg(test)]
mod tests;

use jiff::Timestamp;

use crate::api::CachedApiStatus;
use crate::model::{Desired, Violation};
use crate::plan::{Failure, Observed, Plan, Scope};

/// What a round has to say.
#[derive(Clone, Copy, Debug)]
pub struct Report<'a> {
    /// `metadata.generation`.
    pub generation: i64,
    /// What is desired; none for a spec that cannot work, and on deletion.
    pub desired: Option<&'a Desired>,
    /// What was seen.
    pub observed: &'a Observed,
    /// What was decided.
    pub plan: &'a Plan,
    /// Writes that failed, with what they were to.
    pub failures: &'a [(Scope, Failure)],
    /// What is wrong with the spec.
    pub violations: &'a [Violation],
    /// The status as it stands.
    pub previous: Option<&'a CachedApiStatus>,
    /// The time.
    pub now: Timestamp,
    /// Whether the object is paused.
    pub paused: bool,
    /// Whether the object is being deleted.
    pub deleting: bool,
}

/// The status to write. Equal to the previous one when nothing but time has passed.
#[must_use]
pub fn report(report: &Report) -> CachedApiStatus {
    let previous = report.previous.cloned().unwrap_or_default();
    let here = parts::is_here(report);
    CachedApiStatus {
        observed_generation: Some(report.generation),
        conditions: conditions::conditions(report),
        account: parts::account(report, here).or(previous.account),
        region: parts::region(report, here).or(previous.region),
        api: parts::api(report, previous.api),
        cache: parts::cache(report, previous.cache),
        credentials: credentials::credentials(report, previous.credentials, &previous.bindings),
        adoption: adoption::adoption(report, previous.adoption),
        pending: parts::pending(report),
        intents: parts::intents(report, previous.intents),
        bindings: parts::bindings(report, previous.bindings),
        binding: parts::binding(report, previous.binding),
        bound_secrets: parts::bound_secrets(report, previous.bound_secrets),
        policy_roles: parts::policy_roles(report, previous.policy_roles),
    }
}
