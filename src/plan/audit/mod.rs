//! Invariants that every [`Plan`] must satisfy, whatever the planners think. Tests audit every plan they meet, and the operator carries out none that fails.

mod basis;

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use crate::api::ManagementPolicy;
use crate::model::{CredentialMode, Desired, Estate, Identity};

use super::gateway::CREATION_GRACE;
use super::rotation::Accepted;
use super::rotation::auth_token::Known;
use super::{
    ACTIVE, AWSCURRENT, AWSPENDING, Action, Aspect, AspectPlan, CacheAction, CacheUser,
    ClusterAction, Context, GatewayAction, GroupChange, INTENT_REST_API, Observed, Plan,
    ReplicationGroup, Secret, SecretAction, leaving_intent,
};

/// What a plan is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// To get to what is desired, with these ways into the cache.
    Converge(CredentialMode),
    /// To take down what the object owns.
    Teardown,
    /// To say what differs.
    Observe,
}

impl From<&Desired> for Purpose {
    fn from(desired: &Desired) -> Self {
        match desired.management {
            ManagementPolicy::Manage => Self::Converge(desired.mode),
            ManagementPolicy::ObserveOnly => Self::Observe,
        }
    }
}

impl From<&Estate> for Purpose {
    fn from(estate: &Estate) -> Self {
        match estate.management {
            ManagementPolicy::Manage => Self::Teardown,
            ManagementPolicy::ObserveOnly => Self::Observe,
        }
    }
}

/// What a plan was made from.
#[derive(Clone, Copy, Debug)]
pub struct Basis<'a> {
    /// Who the object is.
    pub identity: &'a Identity,
    /// What was observed.
    pub observed: &'a Observed,
    /// When, and how closely.
    pub context: Context,
    /// What for.
    pub purpose: Purpose,
}

/// Everything that is wrong with `plan`, in sentences for a developer; empty when it may be executed.
///
/// - While an aspect has reads, it has no actions; a wait has a time.
/// - What is created was seen to be absent; what is changed or deleted was seen to be there, with our tags. Neither follows from a read that
///   failed.
/// - What is taken over was seen to be there and nobody's, while the object has nothing in its place.
/// - The replication group is changed by one action of a round at most.
/// - A REST API is created after the announcement of it, and not while an earlier announcement may still come true.
/// - A user keeps the current password whenever its passwords are set, and what becomes current is accepted by every node, as far as they are asked.
/// - An AUTH token is rotated in only after a login told whether it is there, and while nothing is under way; one that is not the current one only when it is
///   not there, and the current one is known to be the newest. None but the current one is set.
/// - No user leaves the cache that the current or the pending version names, or that shows signed tokens, unless the spec asks for another way in alone,
///   that one is open, and the departure was announced before.
/// - Outside a teardown only what is superseded is deleted.
/// - For an object that is only observed nothing is written.
#[must_use]
pub fn audit(basis: Basis, plan: &Plan) -> Vec<String> {
    let mut found: Vec<String> = plan
        .aspects()
        .flat_map(|(aspect, decided)| audit_form(aspect, decided))
        .collect();
    for (_, decided) in plan.aspects() {
        found.extend(
            decided
                .actions
                .iter()
                .filter_map(|action| basis.unfounded(action)),
        );
        found.extend(audit_announcement(basis, decided));
    }
    let actions = || plan.aspects().flat_map(|(_, decided)| &decided.actions);
    let changes = |action: &&Action| changes_group(action) || deletes_member(basis, action);
    if actions().filter(changes).count() > 1 {
        found.push("the replication group is changed by more than one action".into());
    }
    found.extend(actions().filter_map(|action| locks_out(basis, action)));
    match basis.purpose {
        Purpose::Converge(mode) => found.extend(
            actions()
                .filter(|action| destroys(basis, mode, action))
                .map(|action| format!("something in use is deleted: {action:?}")),
        ),
        Purpose::Observe => found.extend(actions().map(|action| {
            format!("something is written for an object that is only observed: {action:?}")
        })),
        Purpose::Teardown => {}
    }
    found
}

fn audit_form(aspect: Aspect, decided: &AspectPlan) -> Vec<String> {
    let mut found = Vec::new();
    if !decided.reads.is_empty() && !decided.actions.is_empty() {
        found.push(format!(
            "{} acts before it has read what it wants to read",
            aspect.as_str()
        ));
    }
    let instant = decided.waits.iter().filter(|wait| wait.again.is_zero());
    found.extend(instant.map(|wait| {
        format!(
            "{} waits for no time at all: {}",
            aspect.as_str(),
            wait.message
        )
    }));
    found
}

fn audit_announcement(basis: Basis, decided: &AspectPlan) -> Option<String> {
    let creation = decided.actions.iter().position(|action| {
        matches!(action, Action::Gateway(GatewayAction::CreateRestApi { .. }))
    })?;
    let records = |action: &Action| matches!(action, Action::Cluster(ClusterAction::RecordIntent { kind }) if *kind == INTENT_REST_API);
    let age = basis
        .observed
        .gateway
        .intent
        .map(|at| basis.context.age(at));
    if age.is_some_and(|age| age < CREATION_GRACE) {
        return Some("a REST API is created while an announced one may still appear".into());
    }
    let announced = age.is_some() || decided.actions[..creation].iter().any(records);
    (!announced).then(|| "a REST API is created without an announcement".into())
}

/// How `action` would lock out those who hold the current password, or those who read it next.
fn locks_out(basis: Basis, action: &Action) -> Option<String> {
    let secret = &basis.observed.secret;
    match action {
        Action::Cache(CacheAction::SetPasswords { passwords, .. }) => {
            let current = secret.secret.present().and_then(Secret::current);
            let kept = passwords
                .iter()
                .any(|password| Some(password.version.as_str()) == current);
            (!kept || passwords.len() > 2).then(|| {
                format!("passwords are set without the current one, or more than two: {action:?}")
            })
        }
        Action::Cache(CacheAction::ModifyUserGroup { remove, .. }) => {
            let id = remove.iter().find(|id| is_needed(basis, id, remove))?;
            Some(format!("a user leaves the cache that is needed: {id}"))
        }
        Action::Cache(CacheAction::DeleteUser { id }) if deletes_member(basis, action) => {
            is_needed(basis, id, &[id.clone()].into())
                .then(|| format!("a user is deleted that is needed: {id}"))
        }
        Action::Cache(CacheAction::RotateAuthToken { token, .. }) => {
            let wrong = wrong_rotation(basis, &token.version)?;
            Some(format!("an AUTH token is rotated in {wrong}: {action:?}"))
        }
        Action::Cache(CacheAction::SetAuthToken { token, .. }) => {
            let current = secret.secret.present().and_then(Secret::current);
            (current != Some(&token.version))
                .then(|| format!("an AUTH token is set that is not the current one: {action:?}"))
        }
        Action::Secret(SecretAction::Promote { to, .. }) => {
            let refused = secret
                .logins
                .get(to)
                .is_some_and(|login| login.accepted != Accepted::All);
            refused.then(|| {
                format!("a version becomes current that the nodes do not accept: {action:?}")
            })
        }
        _ => None,
    }
}

/// Whether a consumer needs the user `id` when those of `remove` have left.
fn is_needed(basis: Basis, id: &str, remove: &BTreeSet<String>) -> bool {
    if *id == basis.identity.iam_user_id() {
        !may_close_iam(basis, remove)
    } else {
        is_named(basis, id) && !may_close_password(basis, remove)
    }
}

/// Whether `action` takes a member out of the user group of a cache that stays, by deleting it.
fn deletes_member(basis: Basis, action: &Action) -> bool {
    let group = basis.observed.cache.user_group.present();
    let Action::Cache(CacheAction::DeleteUser { id }) = action else {
        return false;
    };
    basis.purpose != Purpose::Teardown && group.is_some_and(|group| group.user_ids.contains(id))
}

/// Whether the spec asks for no password, and who shows signed tokens is let in, also when those of `remove` have left.
fn may_close_password(basis: Basis, remove: &BTreeSet<String>) -> bool {
    let (cache, id) = (&basis.observed.cache, basis.identity.iam_user_id());
    let user = cache.user(&id).present();
    basis.purpose == Purpose::Converge(CredentialMode::Iam)
        && user.is_some_and(|user| user.iam && user.status == ACTIVE)
        && remains(basis, &id, remove)
        && is_announced(basis, CredentialMode::Iam)
}

/// Whether the spec asks for no tokens, and the current version's user is let in, also when those of `remove` have left.
fn may_close_iam(basis: Basis, remove: &BTreeSet<String>) -> bool {
    let value = basis.observed.secret.current_value().present();
    let user = value.and_then(|value| basis.identity.user_id(&value.username));
    basis.purpose == Purpose::Converge(CredentialMode::Password)
        && user.is_some_and(|user| remains(basis, &user, remove))
        && is_announced(basis, CredentialMode::Password)
}

/// Whether it was announced that those leave whom `mode` does not have.
fn is_announced(basis: Basis, mode: CredentialMode) -> bool {
    let kind = leaving_intent(mode);
    kind.is_some_and(|kind| basis.observed.cache.leaving.contains_key(kind))
}

fn remains(basis: Basis, id: &String, remove: &BTreeSet<String>) -> bool {
    let group = basis.observed.cache.user_group.present();
    group.is_some_and(|group| group.user_ids.contains(id)) && !remove.contains(id)
}

/// What is wrong with rotating the AUTH token of `version` in.
fn wrong_rotation(basis: Basis, version: &str) -> Option<&'static str> {
    let (secret, group) = (&basis.observed.secret, &basis.observed.cache.group);
    let told = secret.logins.get(version).map(|login| login.accepted);
    let current = secret.secret.present().and_then(Secret::current);
    let busy = |group: &ReplicationGroup| group.status != "available" || !group.pending.is_empty();
    if matches!(told, None | Some(Accepted::Unknown)) {
        return Some("before a login told whether it is there");
    }
    if group.present().is_none_or(busy) {
        return Some("while the group is changed");
    }
    let unsure = secret.tokens.known(secret.current_value().present()) == Known::Unsure;
    match (current == Some(version), told == Some(Accepted::All)) {
        (true, true) if !unsure => Some("that is known to be the newest"),
        (false, true) => Some("that is there"),
        (false, false) if unsure => Some("while the current one may not be the newest"),
        _ => None,
    }
}

/// Whether the current or the pending version of the secret names the user `id`.
fn is_named(basis: Basis, id: &str) -> bool {
    let secret = &basis.observed.secret;
    let labels = [AWSCURRENT, AWSPENDING].into_iter();
    let versions = labels.filter_map(|label| secret.secret.present()?.labelled(label));
    let mut values = versions.filter_map(|version| secret.value(version).present());
    values.any(|value| basis.identity.user_id(&value.username).as_deref() == Some(id))
}

fn owns(basis: Basis, user: &CacheUser) -> bool {
    let tags = basis.observed.cache.tags.get(&user.arn);
    tags.is_none_or(|tags| tags.present().is_none_or(|tags| basis.identity.owns(tags)))
}

/// Whether `action` makes the replication group leave `available`.
const fn changes_group(action: &Action) -> bool {
    matches!(
        action,
        Action::Cache(
            CacheAction::ModifyReplicationGroup {
                change: GroupChange::NodeType(_)
                    | GroupChange::Engine { .. }
                    | GroupChange::SnapshotRetention(_)
                    | GroupChange::SecurityGroups(_)
                    | GroupChange::Failover { .. }
                    | GroupChange::AttachUserGroup(_),
                ..
            } | CacheAction::IncreaseReplicaCount { .. }
                | CacheAction::DecreaseReplicaCount { .. }
                | CacheAction::RotateAuthToken { .. }
                | CacheAction::SetAuthToken { .. }
                | CacheAction::ModifyUserGroup { .. }
        )
    )
}

/// Whether `action` deletes what the object lives by. Its own REST API is one; duplicates of it are not.
fn destroys(basis: Basis, mode: CredentialMode, action: &Action) -> bool {
    let cache = &basis.observed.cache;
    let group = cache.user_group.present();
    match action {
        Action::Cache(
            CacheAction::DeleteSubnetGroup { .. }
            | CacheAction::DeleteUserGroup { .. }
            | CacheAction::DeleteReplicationGroup { .. },
        ) => true,
        // A password that a user has is kept.
        Action::Secret(SecretAction::DeleteSecret { .. }) => {
            let is_password_user = |id: &&String| basis.identity.is_user_id(id);
            let users = cache.users.iter().filter(|(id, _)| is_password_user(id));
            let there =
                users.filter(|(_, user)| user.present().is_some_and(|user| owns(basis, user)));
            mode.has_secret()
                || there.count() > 0
                || group.is_some_and(|group| group.user_ids.iter().any(|id| is_password_user(&id)))
        }
        Action::Cache(CacheAction::DeleteUser { id }) => {
            let needed = if *id == basis.identity.iam_user_id() {
                mode.has_iam()
            } else {
                mode.has_secret() && is_named(basis, id)
            };
            needed || group.is_none()
        }
        Action::Gateway(GatewayAction::DeleteRestApi { api }) => {
            !basis.observed.gateway.is_duplicate(api)
        }
        Action::Gateway(GatewayAction::DeleteDeployment { deployment, .. }) => basis
            .observed
            .gateway
            .stage
            .present()
            .is_none_or(|stage| stage.deployment_id == *deployment),
        _ => false,
    }
}
