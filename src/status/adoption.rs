//! What became of that which `spec.adopt` names.

use crate::api::{AdoptedStatus, AdoptionState, AdoptionStatus};
use crate::model::Adoption;
use crate::plan::{
    Standing, differences, group_differences, group_standing, secret_differences, secret_standing,
    standing,
};

use super::Report;

/// What was not looked at stays as it was said of the same thing before.
pub(super) fn adoption(
    report: &Report,
    previous: Option<AdoptionStatus>,
) -> Option<AdoptionStatus> {
    let Some(desired) = report.desired else {
        return previous;
    };
    let (observed, previous) = (report.observed, previous.unwrap_or_default());
    let rest_api = desired.gateway.adoption.as_ref().map(|adoption| {
        let standing = standing(desired, observed, adoption);
        let told = |api: &_| differences(desired, observed, api);
        adopted(adoption, &standing, told, previous.rest_api)
    });
    let replication_group = desired.cache.adoption.as_ref().map(|adoption| {
        let standing = group_standing(desired, observed, adoption);
        let told = |group: &_| group_differences(desired, observed, group);
        adopted(adoption, &standing, told, previous.replication_group)
    });
    let secret = desired.secret.adoption.as_ref().map(|adoption| {
        let standing = secret_standing(desired, observed, adoption);
        let told = |secret: &_| secret_differences(desired, secret);
        adopted(adoption, &standing, told, previous.secret)
    });
    let status = AdoptionStatus {
        rest_api,
        replication_group,
        secret,
    };
    (status != AdoptionStatus::default()).then_some(status)
}

fn adopted<T>(
    adoption: &Adoption,
    standing: &Standing<T>,
    differences: impl FnOnce(&T) -> Vec<String>,
    before: Option<AdoptedStatus>,
) -> AdoptedStatus {
    let before = before.filter(|before| before.id == adoption.id);
    let (state, differences) = match standing {
        Standing::Own => (AdoptionState::Adopted, Vec::new()),
        Standing::Refused(_) => (AdoptionState::Refused, Vec::new()),
        Standing::Free(thing) => (AdoptionState::Pending, differences(thing)),
        Standing::Unread | Standing::Unknown(_) => before.map_or_else(
            || (AdoptionState::Pending, Vec::new()),
            |before| (before.state, before.differences),
        ),
    };
    AdoptedStatus {
        id: adoption.id.clone(),
        state,
        differences,
    }
}
