//! Proves, before a replication group with an AUTH token is taken over, that the object's secret has that token: afterwards another one would be brought in,
//! and the one that clients have taken out.

use crate::api::Reason;
use crate::plan::adoption::refuse;
use crate::plan::rotation::Accepted;
use crate::plan::{AspectPlan, Attempt, Read, ReplicationGroup, SecretValue};

use super::GROUP_PACE;
use super::part::Scene;
use super::users::password;

/// Passes when the token of the secret's current version opens every node, or when there is no token.
pub(super) fn prove_token(scene: Scene, group: &ReplicationGroup) -> Result<(), AspectPlan> {
    let desired = scene.desired;
    if !desired.mode.has_token() {
        return Ok(());
    }
    let name = &desired.secret.name;
    let what = format!(
        "the replication group {} waits for its AUTH token",
        desired.cache.group_id
    );
    let fits = |value: &SecretValue| desired.is_named_well(&value.username);
    let token = password(scene, &what, fits).map_err(|part| part.plan)?;
    let attempt = Attempt {
        version: token.version.clone(),
        username: None,
        key_prefix: desired.secret.key_prefix.clone(),
        nodes: group.doors(),
        cluster: desired
            .cache
            .cluster_mode()
            .then_some(group.member_clusters.len()),
    };
    let Some(login) = scene.observed.secret.logins.get(&token.version) else {
        return Err(AspectPlan::read(Read::Login(attempt)));
    };
    if let Some(flaw) = &login.flaw {
        return Err(AspectPlan::block(Reason::CacheOpen, flaw.clone()));
    }
    match login.accepted {
        Accepted::All => Ok(()),
        Accepted::None | Accepted::Some => Err(refuse(
            "secretArn",
            &format!(
                "the current value of {name} does not open the replication group {}, so the group is not taken over; put its AUTH token into the secret, or move AWSCURRENT to the version that has it",
                desired.cache.group_id
            ),
        )),
        Accepted::Unknown => Err(AspectPlan::wait(
            Reason::CacheUnreachable,
            format!(
                "the operator cannot log in to the replication group {} to prove that {name} has its AUTH token: {}; let the operator in (security group, route)",
                desired.cache.group_id,
                login.obstacle.as_deref().unwrap_or("no node answers")
            ),
            scene.context.pace(GROUP_PACE),
        )),
    }
}
