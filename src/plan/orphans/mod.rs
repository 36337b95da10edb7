//! Decides what in AWS has lost its object.
//!
//! [`judge`] compares what carries the cluster's tag with all objects. It asks for a look at each thing that seems to have none, because the index of tags
//! lags behind, and then says what is orphaned, what may be deleted, and why nothing is judged when it cannot be. It is pure, like every plan.
//!
//! What counts against a deletion: a list that failed or is not complete; no object, or none with anything in AWS, while things are there; another account;
//! an API server whose store went back; tags that are not complete; a mark that a deletion policy keeps the thing; a first sighting that is less than the
//! grace ago; namespaces that are not seen; in another account, that no `AwsAccount` permits the object there; and that nobody asked for deletions.

mod evidence;
mod history;
mod judge;
mod kind;
mod places;
mod report;
#[cfg(test)]
mod tests;

pub use evidence::{Bearing, Evidence, Owner, Roster, Tagged, is_retained};
pub use history::History;
pub use judge::{Policy, Verdict, judge};
pub use kind::{Kind, Part};
pub use places::{Place, places};
pub use report::{Fate, Orphan, Refusal, Removal, Report};
