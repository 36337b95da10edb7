//! What is taken over, and what is only observed.

use super::*;
use crate::api::TAG_CLUSTER;
use crate::fixtures::consent;
use crate::plan::Mark;

#[test]
fn only_what_is_free_is_taken_over() {
    let mut observed = Observed::default();
    let take_over = || {
        act([Action::Adopt(Mark {
            arn: "arn:aws:apigateway:eu-west-1::/restapis/a".into(),
            tags: identity().adoption_tags(),
        })])
    };
    let wrong = |observed: &Observed| found(observed, take_over(), CONVERGE).len();
    assert_eq!(wrong(&observed), 1, "nobody looked");
    let free = rest_api("a", consent());
    (observed.gateway.named, observed.gateway.rest_api) =
        (Seen::Present(free.clone()), Seen::Absent);
    assert_eq!(wrong(&observed), 0);
    observed.gateway.rest_api = Seen::Present(rest_api("own", identity().tags()));
    assert_eq!(wrong(&observed), 1, "the object has one");
    observed.gateway.rest_api = Seen::Absent;
    let mut tags = identity().tags();
    tags.extend(consent());
    tags.insert(TAG_CLUSTER.into(), "another".into());
    for (case, named) in [
        ("another's", rest_api("a", tags)),
        ("not the one", rest_api("b", consent())),
        ("without consent", rest_api("a", [].into())),
    ] {
        observed.gateway.named = Seen::Present(named);
        assert_eq!(wrong(&observed), 1, "{case}");
    }
}

#[test]
fn for_an_object_that_is_only_observed_nothing_is_written() {
    let observed = Observed::default();
    let announce = || {
        act([Action::Cluster(ClusterAction::RecordIntent {
            kind: INTENT_REST_API,
        })])
    };
    assert_eq!(found(&observed, announce(), Purpose::Observe).len(), 1);
    assert_eq!(found(&observed, announce(), CONVERGE), Vec::<String>::new());
    let looks = AspectPlan::block(Reason::ObserveOnly, "it differs");
    assert_eq!(
        found(&observed, looks, Purpose::Observe),
        Vec::<String>::new()
    );
}
