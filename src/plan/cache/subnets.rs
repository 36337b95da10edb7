use std::collections::BTreeSet;

use crate::plan::{Action, AspectPlan, CacheAction, Read, Rotating, Seen, SubnetGroup};

use super::part::{Part, Scene, look};

/// Decides on the subnet group. While a replication group lives in it, its subnets change in their turn among the group's changes.
pub(super) fn plan_subnet_group(scene: Scene) -> Part {
    decide(scene).unwrap_or_else(|part| part)
}

fn decide(scene: Scene) -> Result<Part, Part> {
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
    match set_subnets(scene, group) {
        Some(change) if matches!(observed.group, Seen::Absent) => {
            Err(Part::not_yet(AspectPlan::act(Action::Cache(change))))
        }
        _ => Ok(Part::there()),
    }
}

/// The change that gives the subnet group the subnets that it lacks; those that it should not have stay.
pub(super) fn add_subnets(scene: Scene, group: &SubnetGroup) -> Option<CacheAction> {
    let wanted = &scene.desired.cache.subnet_ids;
    let all = || &group.subnet_ids | wanted;
    (!wanted.is_subset(&group.subnet_ids)).then(|| modify(scene, all()))
}

/// The change that gives the subnet group the desired subnets and no other. ElastiCache refuses to take away one that nodes live in.
pub(super) fn set_subnets(scene: Scene, group: &SubnetGroup) -> Option<CacheAction> {
    let wanted = &scene.desired.cache.subnet_ids;
    (group.subnet_ids != *wanted).then(|| modify(scene, wanted.clone()))
}

fn modify(scene: Scene, subnet_ids: BTreeSet<String>) -> CacheAction {
    let name = scene.desired.cache.id.clone();
    CacheAction::ModifySubnetGroup { name, subnet_ids }
}
