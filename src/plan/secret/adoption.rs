//! Takes over a secret that exists: the one that `spec.adopt` names.
//!
//! What goes for all that is adopted stands in [`crate::plan::adoption`]. Its value is not read before it is the object's own. Then its current version is the
//! first one of the object: the password in it is kept, and becomes that of the cache's user, or is the AUTH token of the cache already.

use crate::model::{Adoption, Desired};
use crate::plan::adoption::{Standing, bounded, forbidden, marks, pending, refuse};
use crate::plan::{
    AWSPENDING, Action, AspectPlan, Context, Mark, Observed, Read, Secret, SecretValue, Seen,
};

use super::RETRY;

/// The field of `spec.adopt`.
const FIELD: &str = "secretArn";

/// What is known of the secret that is to be taken over.
#[must_use]
pub fn secret_standing<'a>(
    desired: &Desired,
    observed: &'a Observed,
    adoption: &Adoption,
) -> Standing<'a, Secret> {
    let identity = &desired.identity;
    if let Some(why) = has_another(desired, observed) {
        return Standing::Refused(why);
    }
    let thing = format!("the secret {}", adoption.id);
    match &observed.secret.secret {
        Seen::Unread => Standing::Unread,
        Seen::Unknown(failure) => Standing::Unknown(failure),
        Seen::Absent => Standing::Refused(format!(
            "there is no secret {}, and none is made in its place",
            adoption.id
        )),
        Seen::Present(secret) if identity.owns(&secret.tags) => Standing::Own,
        Seen::Present(secret) => forbidden(identity, &secret.tags, &thing)
            .or_else(|| unfit(secret).map(|why| format!("{thing} {why}")))
            .map_or(Standing::Free(secret), Standing::Refused),
    }
}

/// What somebody else does with it, which the operator would disturb.
fn unfit(secret: &Secret) -> Option<&'static str> {
    let pending = secret.labelled(AWSPENDING);
    if secret.deleted.is_some() {
        return Some("is to be deleted; restore it first");
    }
    if secret.rotation_enabled {
        return Some(
            "is rotated by Secrets Manager; switch that off (aws secretsmanager cancel-rotate-secret)",
        );
    }
    if secret.current().is_none() {
        return Some("has no version labelled AWSCURRENT");
    }
    pending
        .is_some_and(|version| secret.current() != Some(version))
        .then_some("has a version labelled AWSPENDING: finish that rotation, or take the label off")
}

/// That the object has a secret already, when the spec names another one.
fn has_another(desired: &Desired, observed: &Observed) -> Option<String> {
    let other = observed.secret.other.present()?;
    let other = Some(other).filter(|other| desired.identity.owns(&other.tags))?;
    (!is_named(desired, &other.arn)).then(|| {
        format!(
            "the object has a secret already, {}; take this field out if the operator made that one, or write it here",
            other.arn
        )
    })
}

fn is_named(desired: &Desired, arn: &str) -> bool {
    let name = arn.split_once(":secret:");
    name.is_some_and(|(_, name)| desired.names().is_secret(name))
}

/// What to do when the object has another secret than the spec names; nothing is made or taken over meanwhile. A poll takes what a full look found to hold.
pub(super) fn plan_another(
    desired: &Desired,
    observed: &Observed,
    context: Context,
) -> Option<AspectPlan> {
    let arn = observed.secret.hint.clone();
    let arn = arn.filter(|arn| context.depth.is_full() && !is_named(desired, arn))?;
    match &observed.secret.other {
        Seen::Unread => Some(AspectPlan::read(Read::OtherSecret { arn })),
        Seen::Unknown(failure) => Some(AspectPlan::unknown(failure, RETRY)),
        Seen::Absent => None,
        Seen::Present(_) => has_another(desired, observed).map(|why| refuse(FIELD, &why)),
    }
}

/// What to do about the secret that the spec names, if it names one, while that is not the object's own.
pub(super) fn plan_adoption(desired: &Desired, observed: &Observed) -> Option<AspectPlan> {
    let adoption = desired.secret.adoption.as_ref()?;
    let id = &adoption.id;
    match secret_standing(desired, observed, adoption) {
        Standing::Own => None,
        Standing::Unread => Some(AspectPlan::read(Read::Secret { name: id.clone() })),
        Standing::Unknown(failure) => Some(AspectPlan::unknown(failure, RETRY)),
        Standing::Refused(why) => Some(refuse(FIELD, &why)),
        Standing::Free(secret) if adoption.take_over => {
            Some(AspectPlan::act(Action::Adopt(Mark {
                arn: secret.arn.clone(),
                tags: desired.identity.adoption_tags(),
            })))
        }
        Standing::Free(secret) => {
            let found = secret_differences(desired, secret).len();
            let thing = format!("the secret {id}");
            Some(pending(desired, (FIELD, "secret"), &thing, found))
        }
    }
}

/// What the take-over does to a secret that is not the object's.
#[must_use]
pub fn secret_differences(desired: &Desired, secret: &Secret) -> Vec<String> {
    let mut found: Vec<String> = marks(&secret.tags).collect();
    found.push(if desired.mode.has_token() {
        "password: the current one has to be the AUTH token of the cache".to_owned()
    } else {
        format!(
            "password: the current one becomes that of the cache's user {}; the value names that user, or none",
            desired.cache.user.name
        )
    });
    found.push("value: a version with the same password has engine, replicationGroupId, keyPrefix, tls, host and port of the cache, and the user's name; other fields stay".into());
    found.push(format!(
        "rotation: the password is replaced when it is older than {} min",
        desired.secret.rotation.every.as_secs() / 60
    ));
    bounded(found)
}

/// Whether somebody wrote the value for another cache, or for none: one that was there before its object names the cache once the operator has written it there.
pub(in crate::plan) fn is_of_another_cache(desired: &Desired, value: &SecretValue) -> bool {
    let id = value.replication_group_id.as_ref();
    desired.secret.adoption.is_some() && id != Some(&desired.cache.group_id)
}
