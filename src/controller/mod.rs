//! Layer 4: which object is worked on when, and by whom.
//!
//! [`run`] keeps the lease, and while it is held lets kube's controller call `reconcile` for every object that changed or is due. A
//! reconcile runs rounds until there is nothing left to do at once; what it decides is all in [`crate::plan`].

mod backoff;
mod census;
mod clock;
mod context;
mod identity;
mod memory;
mod narrate;
mod operator;
pub mod orphans;
mod recollect;
mod reconcile;
mod report;
mod requeue;
mod rounds;
mod unreadable;
mod watch;

pub use clock::Clock;
pub use operator::{Election, Operator, Settings, run};
