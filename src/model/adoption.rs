use crate::api::{AdoptSpec, AdoptionMode, CacheDisposal, Disposal, TAG_ADOPTED};

use super::Tags;

/// Something that exists and is to become the object's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Adoption {
    /// Id, or ARN.
    pub id: String,
    /// Whether it may be taken over.
    pub take_over: bool,
}

impl Adoption {
    /// That of what `named` reads from the spec.
    pub(super) fn of(
        spec: Option<&AdoptSpec>,
        named: impl Fn(&AdoptSpec) -> Option<&String>,
    ) -> Option<Self> {
        Some(Self {
            id: named(spec?)?.clone(),
            take_over: spec?.mode == AdoptionMode::TakeOver,
        })
    }
}

/// Whether `tags` say that their bearer was there before its owner.
#[must_use]
pub fn is_adopted(tags: &Tags) -> bool {
    tags.contains_key(TAG_ADOPTED)
}

/// What happens, when the object goes, to a thing with these tags: what the spec says, or what nobody would be sorry for.
#[must_use]
pub fn disposal(written: Option<Disposal>, tags: &Tags) -> Disposal {
    written.unwrap_or(if is_adopted(tags) {
        Disposal::Retain
    } else {
        Disposal::Delete
    })
}

/// The same for a replication group.
#[must_use]
pub fn cache_disposal(written: Option<CacheDisposal>, tags: &Tags) -> CacheDisposal {
    written.unwrap_or(if is_adopted(tags) {
        CacheDisposal::Retain
    } else {
        CacheDisposal::Snapshot
    })
}
