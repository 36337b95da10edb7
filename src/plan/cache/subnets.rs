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
    match move_subnets(scene, group) {
        Some(change) if matches!(observed.group, Seen::Absent) => {
            Err(Part::not_yet(AspectPlan::act(Action::Cache(change))))
        }
        _ => Ok(Part::there()),
    }
}

/// The change that gives the subnet group the desired subnets, if it has others.
pub(super) fn move_subnets(scene: Scene, group: &SubnetGroup) -> Option<CacheAction> {
    let cache = &scene.desired.cache;
    (group.subnet_ids != cache.subnet_ids).then(|| CacheAction::ModifySubnetGroup {
        name: cache.id.clone(),
        subnet_ids: cache.subnet_ids.clone(),
    })
}
