//! What is said of a REST API that is to be taken over, and of an object that is only observed.

use serde_json::json;

use super::*;
use crate::api::{AdoptedStatus, AdoptionState};
use crate::fixtures::{consent, identity};
use crate::plan::Standing;

fn adopting(id: &str) -> Desired {
    let mut json = spec_json();
    json["adopt"] = json!({"restApiId": id});
    desired(json)
}

fn told(round: &Round, id: &str) -> AdoptedStatus {
    round
        .report_of(&adopting(id))
        .adoption
        .unwrap()
        .rest_api
        .unwrap()
}

#[test]
fn an_api_is_pending_until_it_is_the_objects_and_refused_when_it_is_anothers() {
    let mut free = round();
    free.observed.gateway.named = Seen::Present(rest_api(consent()));
    let pending = told(&free, "abc");
    assert_eq!(
        (&*pending.id, pending.state),
        ("abc", AdoptionState::Pending)
    );
    assert!(!pending.differences.is_empty());

    let mut own = round();
    live_api(&mut own.observed);
    let adopted = told(&own, "abc");
    assert_eq!(
        (adopted.state, adopted.differences.len()),
        (AdoptionState::Adopted, 0)
    );
    assert_eq!(
        told(&own, "xyz").state,
        AdoptionState::Refused,
        "it has one"
    );

    let mut anothers = round();
    let mut tags = identity().tags();
    tags.insert(crate::api::TAG_OWNER_UID.into(), "another".into());
    anothers.observed.gateway.named = Seen::Present(rest_api(tags));
    assert_eq!(told(&anothers, "abc").state, AdoptionState::Refused);
    let mut gone = round();
    gone.observed.gateway.named = Seen::Absent;
    assert_eq!(told(&gone, "abc").state, AdoptionState::Refused);
}

#[test]
fn what_was_not_looked_at_stays_as_it_was_said_of_the_same_api() {
    let mut free = round();
    free.observed.gateway.named = Seen::Present(rest_api(consent()));
    let mut later = round();
    later.previous = Some(free.report_of(&adopting("abc")));
    assert_eq!(told(&later, "abc"), told(&free, "abc"));
    let other = told(&later, "xyz");
    assert_eq!((&*other.id, other.differences.len()), ("xyz", 0));
    assert_eq!(later.report().adoption, None, "nothing is named");
    let unread = Observed::default();
    let adoption = adopting("abc").gateway.adoption.unwrap();
    let standing = crate::plan::standing(&adopting("abc"), &unread, &adoption);
    assert_eq!(standing, Standing::Unread);
}

#[test]
fn an_object_that_is_only_observed_is_ready_when_all_is_live_and_says_that_it_is_only_observed() {
    let mut json = spec_json();
    json["managementPolicy"] = json!("ObserveOnly");
    let observed = desired(json);
    let live = round().report_of(&observed);
    assert_eq!(says(&live, "Ready"), said(True, Reason::ObserveOnly));
    assert_eq!(says(&live, "Synced"), said(True, Reason::Applied));
    let mut differs = round();
    differs.plan.api = AspectPlan::block(Reason::ObserveOnly, "this is not done");
    let status = differs.report_of(&observed);
    for type_ in ["Ready", "Synced", "ApiReady"] {
        assert_eq!(
            says(&status, type_),
            said(False, Reason::ObserveOnly),
            "{type_}"
        );
    }
    assert_eq!(says(&status, "Reconciling"), said(False, Reason::Settled));
    assert_eq!(says(&status, "Stalled"), said(False, Reason::Working));
}
