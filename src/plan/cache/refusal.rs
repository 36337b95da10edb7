//! Differences that AWS could only put right by replacing the group or losing data. They are reported and not made; everything else of
//! the object goes on, and so do the group's other changes.

use crate::api::{Engine, Reason};
use crate::model::{CacheVersion, Desired};
use crate::plan::{Block, CacheNode, Observed, ReplicationGroup};

/// Every difference that is refused.
pub(super) fn refusals(
    desired: &Desired,
    observed: &Observed,
    group: &ReplicationGroup,
) -> Vec<Block> {
    let node = observed.cache.node.present();
    of_group(desired, group)
        .into_iter()
        .chain(of_users(desired, group))
        .chain(node.and_then(|node| of_engine(desired, node)))
        .chain(node.and_then(|node| of_subnets(desired, observed, node)))
        .collect()
}

pub(super) fn of_group(desired: &Desired, group: &ReplicationGroup) -> Vec<Block> {
    let cache = &desired.cache;
    let mut blocks = Vec::new();
    if group.shards != cache.shards {
        blocks.push(refuse("shards", &format!("{} are asked for and the group has {}; moving slots between shards is not supported", cache.shards, group.shards)));
    }
    if !group.tls_required {
        blocks.push(refuse("", "the group accepts connections without TLS; switch transit encryption back to required in ElastiCache"));
    }
    if !group.encrypted_at_rest {
        blocks.push(refuse(
            "",
            "the group is not encrypted at rest, which ElastiCache can only do for a new group",
        ));
    }
    blocks
}

fn of_users(desired: &Desired, group: &ReplicationGroup) -> Option<Block> {
    let id = &desired.cache.id;
    let attached: Vec<&str> = group.user_group_ids.iter().map(String::as_str).collect();
    if attached.is_empty() || attached.contains(&id.as_str()) {
        return None;
    }
    let attached = attached.join(", ");
    let what = if desired.mode.has_token() {
        "in place of the AUTH token; put the token of the secret back in ElastiCache (aws elasticache modify-replication-group --apply-immediately --remove-user-groups \
         --auth-token-update-strategy ROTATE --auth-token ...)"
            .to_owned()
    } else {
        format!(
            "instead of {id}; replace it in ElastiCache: doing so may leave the cache open for a moment"
        )
    };
    Some(refuse(
        "",
        &format!("the user group {attached} is attached {what}"),
    ))
}

/// The engine goes from redis to valkey and its version goes up, never back. The group is created without automatic minor upgrades, so a running
/// version above the spec's was chosen by a person: it is refused like any other downgrade, and raising the spec ends it.
pub(super) fn of_engine(desired: &Desired, node: &CacheNode) -> Option<Block> {
    let cache = &desired.cache;
    if cache.engine == Engine::Redis && node.engine != cache.engine.as_str() {
        return Some(refuse(
            "engine",
            &format!(
                "the group runs {}, which cannot become {}",
                node.engine,
                cache.engine.as_str()
            ),
        ));
    }
    let lower = match (
        cache.engine_version.parse::<CacheVersion>(),
        node.engine_version.parse::<CacheVersion>(),
    ) {
        (Ok(wanted), Ok(running)) => wanted < running,
        // A version that is no number cannot be compared, and guessing could ask for a downgrade.
        _ => cache.engine_version != node.engine_version,
    };
    lower.then(|| {
        refuse("engineVersion", &format!("{} is asked for and the group runs {}; ElastiCache cannot go back to an older version", cache.engine_version, node.engine_version))
    })
}

pub(super) fn of_subnets(
    desired: &Desired,
    observed: &Observed,
    node: &CacheNode,
) -> Option<Block> {
    let (id, wanted) = (&desired.cache.id, &desired.cache.subnet_ids);
    let found = &node.subnet_group;
    let why = if desired.cache.adoption.is_some() {
        let subnets = &observed.cache.subnet_group.present()?.subnet_ids;
        let listed: Vec<&str> = subnets.iter().map(String::as_str).collect();
        let listed = listed.join(", ");
        (subnets != wanted).then(|| {
            format!(
                "the group lives in the subnet group {found}, and cannot move; write the subnets of that: {listed}"
            )
        })
    } else {
        (found != id).then(|| {
            format!("the group lives in the subnet group {found} instead of {id}, and cannot move")
        })
    };
    why.map(|why| refuse("network.subnetIds", &why))
}

/// A block that names the field of the spec.
fn refuse(field: &str, why: &str) -> Block {
    let path = "spec.cache.replicationGroup";
    let field = if field.is_empty() {
        path.to_owned()
    } else {
        format!("{path}.{field}")
    };
    Block {
        reason: Reason::ChangeRefused,
        message: format!("{field}: {why}"),
    }
}
