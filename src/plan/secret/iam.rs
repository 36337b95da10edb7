//! The user that shows signed tokens, and the end of a secret that it took the place of.

use crate::api::{Disposal, Reason};
use crate::model::{Desired, disposal, is_adopted};
use crate::plan::mark::plan_release;
use crate::plan::user::{iam_opens, password_users};
use crate::plan::{
    ACTIVE, Action, AspectPlan, CacheUser, Context, Observed, Read, SecretAction, Seen, looked,
};

use super::RETRY;

/// Waits for the user: the cache's part makes it. No login proves it, because the operator is not allowed to connect.
pub(super) fn plan_iam(desired: &Desired, observed: &Observed, context: Context) -> AspectPlan {
    let id = &desired.cache.iam_user.id;
    match iam_opens(desired, observed, context) {
        Ok(true) => AspectPlan::default(),
        Ok(false) => AspectPlan::wait(
            Reason::WaitingForDependency,
            format!("the user {id}, which shows signed tokens, is not in the cache yet"),
            context.pace(RETRY),
        ),
        Err(plan) => plan,
    }
}

/// Deletes the secret that nobody needs any more, or gives back one that was there before the object. A poll does not look for one.
pub(super) fn plan_departure(
    desired: &Desired,
    observed: &Observed,
    context: Context,
) -> AspectPlan {
    if !context.depth.is_full() {
        return AspectPlan::default();
    }
    depart(desired, observed, context).unwrap_or_else(|plan| plan)
}

/// While there is a user with a password, it is kept.
fn depart(
    desired: &Desired,
    observed: &Observed,
    context: Context,
) -> Result<AspectPlan, AspectPlan> {
    let (identity, cache) = (&desired.identity, &observed.cache);
    let users = password_users(identity, &desired.secret.name, observed)?;
    let secret = observed.secret.secret.present();
    let Some(secret) =
        secret.filter(|secret| identity.owns(&secret.tags) && secret.deleted.is_none())
    else {
        return Ok(AspectPlan::default());
    };
    let mut reads = Vec::new();
    let id = desired.cache.id.clone();
    let group = looked(&cache.user_group, Read::UserGroup { id }, &mut reads)?;
    let is_member = group.is_some_and(|group| {
        let mut ids = group.user_ids.iter();
        group.status == ACTIVE && ids.any(|id| identity.is_user_id(id))
    });
    let mut holder = None;
    for id in users {
        let user = looked(cache.user(&id), Read::User { id: id.clone() }, &mut reads)?;
        if user.is_some_and(|user| !is_foreign(desired, observed, user)) {
            holder.get_or_insert(id);
        }
    }
    if !reads.is_empty() {
        return Err(AspectPlan::read_all(reads));
    }
    // The cache's part decides when it leaves.
    if is_member {
        return Ok(AspectPlan::default());
    }
    let name = &desired.secret.name;
    let kept = is_adopted(&secret.tags)
        && disposal(desired.deletion.secret, &secret.tags) == Disposal::Retain;
    Ok(holder.map_or_else(
        || {
            if kept {
                return plan_release(&secret.arn);
            }
            AspectPlan::act(Action::Secret(SecretAction::DeleteSecret {
                arn: secret.arn.clone(),
                recovery_window_days: desired.secret.recovery_window_days,
            }))
        },
        |id| {
            let message = format!("the secret {name} is deleted when the user {id} is gone");
            AspectPlan::wait(Reason::WaitingForDependency, message, context.pace(RETRY))
        },
    ))
}

fn is_foreign(desired: &Desired, observed: &Observed, user: &CacheUser) -> bool {
    let tags = observed.cache.tags.get(&user.arn).and_then(Seen::present);
    tags.is_some_and(|tags| !desired.identity.owns(tags))
}
