use std::collections::BTreeSet;

use crate::model::Desired;
use crate::plan::{Action, AspectPlan, CacheAction, Read, Rotating, Seen, SubnetGroup};

use super::part::{Part, Scene, look};

/// Decides on the subnet group. While a replication group lives in it, its subnets change in their turn among the group's changes.
pub(super) fn plan_subnet_group(scene: Scene) -> Part {
    decide(scene).unwrap_or_else(|part| part)
}

fn decide(scene: Scene) -> Result<Part, Part> {
    if scene.desired.cache.adoption.is_some() {
        return look_at_anothers(scene);
    }
    let (cache, observed) = (&scene.desired.cache, &scene.observed.cache);
    let read = || Read::SubnetGroup {
        name: cache.id.clone(),
    };
    let Some(group) = look(
        &observed.subnet_group,
        scene.context.depth.wants(Rotating::SubnetGroup),
        read,
    )?
    else {
        let create = CacheAction::CreateSubnetGroup {
            name: cache.id.clone(),
            description: cache.description.clone(),
            subnet_ids: cache.subnet_ids.clone(),
            tags: scene.desired.tags.clone(),
        };
        return Err(Part::not_yet(AspectPlan::act(Action::Cache(create))));
    };
    scene.check_ownership(&group.arn, &format!("the subnet group {}", cache.id))?;
    match set_subnets(scene.desired, group) {
        Some(change) if matches!(observed.group, Seen::Absent) => {
            Err(Part::not_yet(AspectPlan::act(Action::Cache(change))))
        }
        _ => Ok(Part::there()),
    }
}

/// A replication group that was there before the object lives in a subnet group of somebody else's, which is left alone.
fn look_at_anothers(scene: Scene) -> Result<Part, Part> {
    let observed = &scene.observed.cache;
    let wanted = scene.context.depth.wants(Rotating::SubnetGroup);
    if let Some(node) = observed.node.present() {
        let name = node.subnet_group.clone();
        look(&observed.subnet_group, wanted, || Read::SubnetGroup {
            name,
        })?;
    }
    Ok(Part::there())
}

/// The change that gives the subnet group the subnets that it lacks; those that it should not have stay.
pub(super) fn add_subnets(desired: &Desired, group: &SubnetGroup) -> Option<CacheAction> {
    let wanted = &desired.cache.subnet_ids;
    let all = || &group.subnet_ids | wanted;
    (!wanted.is_subset(&group.subnet_ids)).then(|| modify(desired, all()))
}

/// The change that gives the subnet group the desired subnets and no other. ElastiCache refuses to take away one that nodes live in.
pub(super) fn set_subnets(desired: &Desired, group: &SubnetGroup) -> Option<CacheAction> {
    let wanted = &desired.cache.subnet_ids;
    (group.subnet_ids != *wanted).then(|| modify(desired, wanted.clone()))
}

fn modify(desired: &Desired, subnet_ids: BTreeSet<String>) -> CacheAction {
    let name = desired.cache.id.clone();
    CacheAction::ModifySubnetGroup { name, subnet_ids }
}
