//! What is common to all that `spec.adopt` names: what is known of it, who consents, and how what differs is told.
//!
//! As long as a thing does not carry the object's tags it is only read, and no other is made in its place. The yes of the spec puts the tags on it. They are
//! read back, and from then on it is the object's own like any other.

use crate::api::{
    ManagementPolicy, Reason, TAG_ADOPTABLE_BY, TAG_CLUSTER, TAG_OWNER, TAG_OWNER_UID,
};
use crate::model::{Desired, Identity, Tags};

use super::{AspectPlan, Failure};

/// Differences that are listed.
const MOST_LISTED: usize = 20;
/// Characters of one.
const LONGEST: usize = 200;
/// Tags by which other tools mark what they manage.
const MARKS: [(&str, &str); 3] = [
    ("aws:cloudformation:stack-name", "CloudFormation"),
    ("services.k8s.aws/namespace", "ACK"),
    ("crossplane-name", "Crossplane"),
];

/// What is known of a thing that is to be taken over.
#[derive(Clone, Debug, PartialEq)]
pub enum Standing<'a, T> {
    /// It was not looked at.
    Unread,
    /// It could not be read.
    Unknown(&'a Failure),
    /// It is the object's own.
    Own,
    /// It is nobody's, and the object may have it.
    Free(&'a T),
    /// It cannot be taken over, for this reason.
    Refused(String),
}

/// Why the `tags` of `thing` forbid that the object takes it over.
pub(super) fn forbidden(identity: &Identity, tags: &Tags, thing: &str) -> Option<String> {
    if identity.is_claimed_by_another(tags) {
        return Some(claimed(tags, thing));
    }
    let [cluster, object] = identity.consents();
    (!identity.may_adopt(tags)).then(|| {
        format!(
            "{thing} lacks the consent of its owner: the tag {TAG_ADOPTABLE_BY} with the value {object}, or {cluster} for every object of this cluster"
        )
    })
}

fn claimed(tags: &Tags, thing: &str) -> String {
    let tag = |key: &str| tags.get(key).map_or("none", String::as_str);
    format!(
        "{thing} carries the tags of another object: {TAG_OWNER} {}, {TAG_OWNER_UID} {}, {TAG_CLUSTER} {}; delete that one with a deletionPolicy of Retain and take these tags off, or name another",
        tag(TAG_OWNER),
        tag(TAG_OWNER_UID),
        tag(TAG_CLUSTER)
    )
}

/// A stop because what `field` of `spec.adopt` names cannot be taken over.
pub(super) fn refuse(field: &str, why: &str) -> AspectPlan {
    AspectPlan::block(
        Reason::AdoptionRefused,
        format!("spec.adopt.{field}: {why}"),
    )
}

/// A stop because the spec does not say yes yet. `field` is that of `spec.adopt`, `part` that of `status.adoption`.
pub(super) fn pending(
    desired: &Desired,
    (field, part): (&str, &str),
    thing: &str,
    differences: usize,
) -> AspectPlan {
    let how = match desired.management {
        ManagementPolicy::Manage => "set spec.adopt.mode to TakeOver to have it taken over",
        ManagementPolicy::ObserveOnly => "managementPolicy is ObserveOnly",
    };
    let count = match differences {
        0 => "nothing".to_owned(),
        1 => "1 entry".to_owned(),
        lines => format!("{lines} entries"),
    };
    let message = format!(
        "spec.adopt.{field}: {thing} is not the object's yet; status.adoption.{part} lists what the take-over would change ({count}); {how}"
    );
    AspectPlan::block(Reason::AdoptionPending, message)
}

/// Who else may manage it: not ours to judge, because the mark of a stack stays when the stack lets go.
pub(super) fn marks(tags: &Tags) -> impl Iterator<Item = String> {
    MARKS.into_iter().filter_map(|(key, tool)| {
        let value = tags.get(key)?;
        Some(format!(
            "tag {key} is {value}: {tool} may manage it as well, and would undo what the operator does"
        ))
    })
}

/// The first of many, none of them long.
pub(super) fn bounded(found: Vec<String>) -> Vec<String> {
    let more = found.len().saturating_sub(MOST_LISTED);
    let listed = found.into_iter().take(MOST_LISTED);
    let mut listed: Vec<String> = listed
        .map(|text| text.chars().take(LONGEST).collect())
        .collect();
    if more > 0 {
        listed.push(format!("and {more} more"));
    }
    listed
}
