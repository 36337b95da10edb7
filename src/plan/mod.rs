//! Layer 2: pure decisions.
//!
//! [`plan`] compares [`Desired`] with [`Observed`] and says what to read next, what to write, what to wait for, and what needs somebody
//! else. It is total, synchronous and deterministic. It knows no result of its own actions: what a write did is learned from its reply
//! or by the next read, both of which arrive as facts in [`Observed`].
//!
//! Reading is lazy: a part that nobody looked at is [`Seen::Unread`], and the planner names the [`Read`] it wants. That keeps
//! the number of calls per round small (API Gateway grants an account ten a second) without the observer deciding anything.

mod account;
mod action;
mod adoption;
pub mod audit;
mod bindings;
mod bound;
mod cache;
mod depth;
mod describe;
mod fact;
mod failure;
mod gateway;
mod mark;
mod observed;
pub mod orphans;
mod outline;
mod place;
mod read;
mod rest;
pub mod rotation;
mod scope;
mod secret;
mod seen;
mod teardown;
#[cfg(test)]
mod tests;
mod tokens;
mod user;
#[cfg(test)]
mod world;
mod written;

pub use account::{AssumedRole, permitted_role};
pub use action::*;
pub use adoption::Standing;
pub use bindings::{
    Consumer, Progress, RoleAction, bound_version, connect_policy, consumer_policy, consumers,
    has_variables_of, is_own_policy, policy_roles, secret_version,
};
pub use bound::*;
pub use cache::{group_differences, group_standing, have_left, leaves_at, leaving_intent};
pub use depth::{Depth, Rotating};
pub use fact::Fact;
pub use failure::{Class, Failure};
pub use gateway::{deployment_hash, differences, served_hash, standing};
pub use mark::{Mark, Release};
pub use observed::*;
pub use outline::*;
use outline::{RETRY, looked};
pub use place::check_place;
pub use read::{Attempt, Read};
pub use rest::AtRest;
pub use scope::Scope;
pub use secret::{secret_differences, secret_standing};
pub use seen::{Seen, Sensitive};
pub use tokens::{GivenToken, KnownTokens};
pub use user::current_user;
pub use written::Written;

use std::time::Duration;

use jiff::Timestamp;

use crate::api::ManagementPolicy;
use crate::model::{Desired, Estate};

/// What a decision depends on besides what is desired and observed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Context {
    /// The time.
    pub now: Timestamp,
    /// How closely to look at what seems to be as desired.
    pub depth: Depth,
    /// When this process acted last on the object, if it did: waits are short after it and grow.
    pub acted: Option<Timestamp>,
    /// How long a request may be on its way and still be carried out: as long as AWS takes its signature for fresh, and as clocks differ.
    pub request_lifetime: Duration,
    /// Whether the operator may write policies on the roles of bound functions.
    pub consumer_policies: bool,
}

/// Decides what to do to get from `observed` to `desired`.
#[must_use]
pub fn plan(desired: &Desired, observed: &Observed, context: Context) -> Plan {
    let cache = cache::plan_cache(desired, observed, context);
    let credentials = secret::plan_credentials(desired, observed, context);
    let mut plan = Plan {
        api: gateway::plan_gateway(desired, observed, context).reads_first(),
        credentials: secret::one_change_at_a_time(&cache, credentials),
        cache,
        bindings: bindings::plan_bindings(desired, observed, context),
    };
    mark::plan_marks(desired, observed, &mut plan);
    written::hold_back(&mut plan, &observed.written, context);
    match desired.management {
        ManagementPolicy::Manage => plan,
        ManagementPolicy::ObserveOnly => plan.without_actions(),
    }
}

/// Decides what to do to take down what the object owns. Settled means: every child is gone or retained. Of an object that is only observed all is retained.
#[must_use]
pub fn plan_teardown(estate: &Estate, observed: &Observed, context: Context) -> Plan {
    match estate.management {
        ManagementPolicy::Manage => {
            let mut plan = teardown::plan_teardown(estate, observed, context);
            written::hold_back(&mut plan, &observed.written, context);
            written::await_creations(&mut plan, &observed.written, context);
            plan
        }
        ManagementPolicy::ObserveOnly => Plan::default(),
    }
}
