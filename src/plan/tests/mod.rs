//! The whole object against the model of AWS.

mod adopt_group;
mod adopt_secret;
mod adoption;
mod auth_token;
mod auth_token_histories;
mod changes;
mod consumers;
mod convergence;
mod drift;
mod foreign;
mod functions;
mod golden;
mod iam;
mod leaving;
mod observing;
mod property;
mod refusal;
mod retained;
mod revocation;
mod roles;
mod rotation;
mod teardown;

use serde_json::Value;

use crate::fixtures::desired;
use crate::model::Desired;

use super::world::{Step, World};
use super::{Action, CacheAction};

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

/// One round of a process that ends when it wrote anything but rights: a new process gives rights anew that ElastiCache spells differently.
pub(super) fn round_of_a_mortal(world: &mut World, desired: &Desired) -> Step {
    let known = world.actions.len();
    let step = world.round(desired);
    let rights =
        |action: &Action| matches!(action, Action::Cache(CacheAction::ModifyUserAccess { .. }));
    if !world.actions[known..].iter().all(rights) {
        world.restart();
    }
    step
}
