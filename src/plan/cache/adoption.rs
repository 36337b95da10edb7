//! Takes over a replication group that exists: the one that `spec.adopt` names.
//!
//! What goes for all that is adopted stands in [`crate::plan::adoption`]. A group that serves somebody is closed to nobody unseen: one that has users keeps
//! them and is refused, and one that has an AUTH token is taken over with the secret that is proven to have it. What the spec cannot change in place it must
//! have as the group has it.

use crate::api::Reason;
use crate::model::{Adoption, CacheVersion, Desired, Tags};
use crate::plan::adoption::{Standing, bounded, forbidden, marks, pending, refuse};
use crate::plan::{
    AVAILABLE, Action, AspectPlan, CacheNode, Mark, Observed, Read, ReplicationGroup, Seen, looked,
};

use super::part::{Ground, Scene};
use super::{GROUP_PACE, RETRY, change, proof, refusal};

/// The field of `spec.adopt`.
const FIELD: &str = "replicationGroupId";
/// The port that a new group has.
const PORT: u16 = 6379;

/// What is known of the replication group that is to be taken over.
#[must_use]
pub fn group_standing<'a>(
    desired: &Desired,
    observed: &'a Observed,
    adoption: &Adoption,
) -> Standing<'a, ReplicationGroup> {
    let (identity, thing) = (&desired.identity, name(&adoption.id));
    if let Some(why) = has_another(desired, observed) {
        return Standing::Refused(why);
    }
    let group = match &observed.cache.group {
        Seen::Unread => return Standing::Unread,
        Seen::Unknown(failure) => return Standing::Unknown(failure),
        Seen::Absent => {
            return Standing::Refused(format!(
                "there is no {thing} in {}, and none is made in its place",
                desired.region
            ));
        }
        Seen::Present(group) => group,
    };
    match tags_of(observed, group) {
        Seen::Unread | Seen::Absent => Standing::Unread,
        Seen::Unknown(failure) => Standing::Unknown(failure),
        Seen::Present(tags) if identity.owns(tags) => Standing::Own,
        Seen::Present(tags) => forbidden(identity, tags, &thing)
            .or_else(|| unfit(desired, observed, group))
            .map_or(Standing::Free(group), Standing::Refused),
    }
}

fn name(id: &str) -> String {
    format!("replication group {id}")
}

fn tags_of<'a>(observed: &'a Observed, group: &ReplicationGroup) -> &'a Seen<Tags> {
    let tags = observed.cache.tags.get(&group.arn);
    tags.unwrap_or(&Seen::Unread)
}

/// That the object has a group already, when the spec names another one.
fn has_another(desired: &Desired, observed: &Observed) -> Option<String> {
    let (other, named) = (observed.cache.other.present()?, &desired.cache.group_id);
    let own = tags_of(observed, other).present()?;
    let (_, id) = other.arn.rsplit_once(':')?;
    let other = desired.identity.owns(own) && id != named;
    other.then(|| {
        let go_on = if id == desired.cache.id {
            "take this field out to go on with that one".to_owned()
        } else {
            format!("write {id} to go on with that one")
        };
        format!("the object has a replication group already, {id}; {go_on}")
    })
}

/// What to do when the object has another group than the spec names; nothing is made or taken over meanwhile. A poll takes what a full look found to hold.
pub(super) fn plan_another(scene: Scene) -> Option<AspectPlan> {
    let (cache, named) = (&scene.observed.cache, &scene.desired.cache.group_id);
    let id = cache.hint.clone().filter(|id| id != named)?;
    if !scene.context.depth.is_full() {
        return None;
    }
    match &cache.other {
        Seen::Unread => Some(AspectPlan::read(Read::OtherReplicationGroup { id })),
        Seen::Unknown(failure) => Some(AspectPlan::unknown(failure, RETRY)),
        Seen::Absent => None,
        Seen::Present(other) => match tags_of(scene.observed, other) {
            Seen::Unread => Some(read_tags(scene, other)),
            Seen::Unknown(failure) => Some(AspectPlan::unknown(failure, RETRY)),
            Seen::Absent | Seen::Present(_) => {
                has_another(scene.desired, scene.observed).map(|why| refuse(FIELD, &why))
            }
        },
    }
}

/// ElastiCache tells the tags of a group only while it is at rest.
fn read_tags(scene: Scene, group: &ReplicationGroup) -> AspectPlan {
    let arn = group.arn.clone();
    if group.status == AVAILABLE {
        AspectPlan::read(Read::CacheTags { arn })
    } else {
        scene.busy(&format!("the group {arn}"), &group.status, GROUP_PACE)
    }
}

/// What to do about the group that the spec names, if it names one, while that is not the object's own.
pub(super) fn plan_adoption(scene: Scene) -> Option<AspectPlan> {
    let (desired, observed) = (scene.desired, scene.observed);
    let adoption = desired.cache.adoption.as_ref()?;
    match group_standing(desired, observed, adoption) {
        Standing::Own => None,
        Standing::Unread => look(scene, &adoption.id),
        Standing::Unknown(failure) => Some(AspectPlan::unknown(failure, RETRY)),
        Standing::Refused(why) => Some(refuse(FIELD, &why)),
        Standing::Free(group) => {
            Some(take_over(scene, adoption, group).unwrap_or_else(|plan| plan))
        }
    }
}

/// A poll takes what a full look found to hold.
fn look(scene: Scene, id: &str) -> Option<AspectPlan> {
    let id = id.to_owned();
    match &scene.observed.cache.group {
        Seen::Present(group) if *tags_of(scene.observed, group) == Seen::Absent => {
            let message = format!("the tags of the {} cannot be found", name(&id));
            Some(AspectPlan::wait(Reason::Unobserved, message, RETRY))
        }
        Seen::Present(group) => scene
            .context
            .depth
            .is_full()
            .then(|| read_tags(scene, group)),
        _ => Some(AspectPlan::read(Read::ReplicationGroup { id })),
    }
}

fn take_over(
    scene: Scene,
    adoption: &Adoption,
    group: &ReplicationGroup,
) -> Result<AspectPlan, AspectPlan> {
    let (desired, observed) = (scene.desired, scene.observed);
    if group.status != AVAILABLE {
        return Err(scene.busy(&name(&adoption.id), &group.status, GROUP_PACE));
    }
    look_closely(observed, group)?;
    if !adoption.take_over {
        let found = group_differences(desired, observed, group).len();
        let thing = name(&adoption.id);
        return Ok(pending(desired, (FIELD, "replicationGroup"), &thing, found));
    }
    proof::prove_token(scene, group)?;
    Ok(AspectPlan::act(Action::Adopt(Mark {
        arn: group.arn.clone(),
        tags: desired.identity.adoption_tags(),
    })))
}

/// Passes when all is known that tells whether the group fits.
fn look_closely(observed: &Observed, group: &ReplicationGroup) -> Result<(), AspectPlan> {
    let cache = &observed.cache;
    let mut reads = Vec::new();
    let Some(id) = group.member_clusters.first().cloned() else {
        return Ok(());
    };
    let node = looked(&cache.node, Read::CacheNode { id }, &mut reads)?;
    if let Some(node) = node {
        let name = node.subnet_group.clone();
        looked(&cache.subnet_group, Read::SubnetGroup { name }, &mut reads)?;
    }
    if reads.is_empty() {
        Ok(())
    } else {
        Err(AspectPlan::read_all(reads))
    }
}

/// Why the group cannot be the object's, as far as it was looked at: all that is in the way.
fn unfit(desired: &Desired, observed: &Observed, group: &ReplicationGroup) -> Option<String> {
    let node = observed.cache.node.present();
    let blocks = refusal::of_group(desired, group)
        .into_iter()
        .chain(node.and_then(|node| refusal::of_engine(desired, node)))
        .chain(node.and_then(|node| refusal::of_subnets(desired, observed, node)));
    let found = blocks.map(|block| block.message);
    let found = found
        .chain(of_layout(desired, group))
        .chain(node.and_then(|node| of_parameters(desired, node)))
        .chain(of_access(desired, group));
    let found: Vec<String> = found.collect();
    (!found.is_empty()).then(|| format!("it does not fit: {}", found.join("; ")))
}

fn of_layout(desired: &Desired, group: &ReplicationGroup) -> Option<String> {
    if group.global {
        return Some(
            "it is a member of a global datastore, whose members are not changed one by one; take it out of that first".into(),
        );
    }
    let single = group.cluster_mode && group.shards == 1;
    (single && !desired.cache.cluster_mode()).then(|| {
        "it is in cluster mode with one shard, which is not offered; add a shard in ElastiCache, and write shards: 2"
            .into()
    })
}

/// A parameter group of somebody's is for one family of engines.
fn of_parameters(desired: &Desired, node: &CacheNode) -> Option<String> {
    let cache = &desired.cache;
    let major = |version: &str| Some(version.parse::<CacheVersion>().ok()?.major);
    let family = node.engine == cache.engine.as_str()
        && major(&node.engine_version) == major(&cache.engine_version);
    let own = is_made(&node.parameter_group) && !family;
    own.then(|| {
        format!(
            "it has the parameter group {}, which is not for the engine {} {}; bring it there in ElastiCache first, or write {} {}",
            node.parameter_group,
            cache.engine.as_str(),
            cache.engine_version,
            node.engine,
            node.engine_version
        )
    })
}

/// Whether somebody made a parameter group of this name.
fn is_made(parameter_group: &str) -> bool {
    !parameter_group.is_empty() && !parameter_group.starts_with("default.")
}

/// Who gets in now must not be locked out unseen.
fn of_access(desired: &Desired, group: &ReplicationGroup) -> Option<String> {
    let mut users = group.user_group_ids.iter();
    if let Some(users) = users.find(|id| **id != desired.cache.id) {
        return Some(format!(
            "the user group {users} is somebody else's, and in place of it its users would be locked out; move the clients to an AUTH token in ElastiCache \
             (modify-replication-group --remove-user-groups --auth-token ... --auth-token-update-strategy ROTATE), and take the group over with the secret \
             that has the token"
        ));
    }
    let has_secret = desired.secret.adoption.is_some();
    match (group.auth_token, desired.mode.has_token()) {
        (true, false) => Some(
            "it has an AUTH token, and users in place of that would lock its clients out; write credentials.authToken (in a new object), and spec.adopt.secretArn for the secret that has the token"
                .into(),
        ),
        (true, true) if !has_secret => Some(
            "it has an AUTH token that no secret of the object has; put it into a secret, as {\"password\": \"...\"}, and write spec.adopt.secretArn for that".into(),
        ),
        (false, true) => Some(
            "it lets clients in without a credential; give it an AUTH token in ElastiCache (strategy ROTATE, and SET when all clients have it) and put that into a secret for spec.adopt.secretArn, or write credentials.password (in a new object)".into(),
        ),
        (true, true) | (false, false) => None,
    }
}

/// What the spec would change in a group that is not the object's, and what it would leave that a new group does not have, as far as it was looked at.
#[must_use]
pub fn group_differences(
    desired: &Desired,
    observed: &Observed,
    group: &ReplicationGroup,
) -> Vec<String> {
    let cache = &observed.cache;
    let mut found: Vec<String> = Vec::new();
    if let Seen::Present(tags) = tags_of(observed, group) {
        found.extend(marks(tags));
    }
    if desired.mode.has_token() {
        found.push(
            "access: the AUTH token is rotated from then on; clients must read it from the secret"
                .into(),
        );
    } else if group.user_group_ids.is_empty() {
        found.push(format!(
            "access: whoever reaches the group gets in without a credential; the user group {} is attached, and from then on only its users get in",
            desired.cache.id
        ));
    }
    let ground = Ground {
        subnets: true,
        users: true,
        quiet: true,
    };
    let changes = change::changes(desired, cache, group, ground);
    found.extend(changes.map(|change| format!("change: {}", change::describe(&change))));
    found.extend(cache.node.present().into_iter().flat_map(left));
    let port = group.primary.as_ref().map(|primary| primary.port);
    let port = port.filter(|port| *port != PORT);
    found.extend(port.map(|port| format!("port {port}: stays")));
    bounded(found)
}

fn left(node: &CacheNode) -> impl Iterator<Item = String> {
    let parameters = &node.parameter_group;
    let parameters = is_made(parameters).then(|| format!("parameter group {parameters}: stays"));
    let subnets = format!("subnet group {}: stays", node.subnet_group);
    [Some(subnets), parameters].into_iter().flatten()
}
