//! The whole object against the model of AWS.

mod changes;
mod consumers;
mod convergence;
mod drift;
mod foreign;
mod functions;
mod golden;
mod property;
mod refusal;
mod revocation;
mod roles;
mod rotation;
mod teardown;

use serde_json::Value;

use crate::fixtures::desired;
use crate::model::Desired;

use super::world::World;

/// A world that was settled for a spec.
pub(super) fn settled(json: &Value) -> (World, Desired) {
    let desired = desired(json.clone());
    let mut world = World::default();
    let plan = world.settle(&desired);
    assert!(plan.is_settled(), "{plan:#?}");
    world.actions.clear();
    world.journal.take();
    (world, desired)
}
