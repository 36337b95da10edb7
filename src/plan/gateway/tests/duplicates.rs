//! A creation that arrives twice leaves two usage plans, or two API keys of a name: one is kept.

use super::service::Service;
use super::*;
use crate::api::TAG_ADOPTED;
use crate::fixtures::identity;
use crate::plan::world::foreign_tags;
use crate::plan::{ApiKey, Sensitive, UsagePlan};

/// The service once the late copy of the key's creation has been carried out; `younger_first` in the list or last.
fn with_two_keys(younger_first: bool) -> Service {
    let mut service = live(&keyed());
    let bound = &mut service.keys[0];
    bound.created = Some(now());
    let younger = ApiKey {
        id: "a-younger".into(),
        created: Some(now() + Duration::from_secs(1)),
        value: Sensitive::new("another value"),
        ..bound.clone()
    };
    service.keys.push(younger);
    if younger_first {
        service.keys.reverse();
    }
    service
}

/// The service once the late copy of the plan's creation has been carried out. Its id is `id`.
fn with_two_plans(id: &str) -> Service {
    let mut service = live(&keyed());
    let second = UsagePlan {
        id: id.into(),
        key_ids: [].into(),
        ..service.usage_plans[0].clone()
    };
    service.usage_plans.insert(0, second);
    service
}

#[test]
fn of_two_keys_of_a_name_the_younger_goes_and_the_bound_one_stays() {
    for younger_first in [false, true] {
        let mut service = with_two_keys(younger_first);
        let bound = live(&keyed()).keys[0].id.clone();
        settle(&mut service, &keyed(), Depth::Full);
        let [kept] = &service.keys[..] else {
            panic!("{:?}", service.keys)
        };
        assert_eq!((&kept.id, kept.value.reveal()), (&bound, "value"));
        assert_eq!(service.usage_plans[0].key_ids, [bound].into());
    }
}

#[test]
fn of_two_keys_of_a_moment_the_smaller_id_stays() {
    for younger_first in [false, true] {
        let mut service = with_two_keys(younger_first);
        (service.keys.iter_mut()).for_each(|key| key.created = Some(now()));
        settle(&mut service, &keyed(), Depth::Full);
        assert_eq!(service.keys.len(), 1);
        assert_eq!(service.keys[0].id, "a-younger");
    }
}

#[test]
fn of_two_usage_plans_the_one_with_our_keys_stays() {
    for id in ["a", "z"] {
        let mut service = with_two_plans(id);
        let kept = service.usage_plans[1].clone();
        settle(&mut service, &keyed(), Depth::Full);
        assert_eq!(service.usage_plans, [kept], "{id}");
    }
}

#[test]
fn of_two_usage_plans_without_keys_the_smaller_id_stays_and_gets_them() {
    for id in ["a", "z"] {
        let mut service = with_two_plans(id);
        service.usage_plans[1].key_ids.clear();
        let mut ids: Vec<String> = (service.usage_plans.iter())
            .map(|plan| plan.id.clone())
            .collect();
        ids.sort();
        settle(&mut service, &keyed(), Depth::Full);
        let [plan] = &service.usage_plans[..] else {
            panic!("{:?}", service.usage_plans)
        };
        assert_eq!(plan.id, ids[0]);
        assert_eq!(plan.key_ids, [service.keys[0].id.clone()].into());
    }
}

#[test]
fn a_key_of_the_second_usage_plan_comes_to_the_first_when_the_second_is_gone() {
    let mut json = keyed();
    let more = json!({"name": "web", "secret": {"name": "web-key"}});
    json["api"]["apiKeys"].as_array_mut().unwrap().push(more);
    let mut service = live(&json);
    let mut second = service.usage_plans[0].clone();
    second.id = "z".into();
    let moved = second.key_ids.pop_first().unwrap();
    second.key_ids = [moved.clone()].into();
    service.usage_plans[0].key_ids.remove(&moved);
    service.usage_plans.push(second);
    settle(&mut service, &json, Depth::Full);
    assert_eq!(service.usage_plans.len(), 1);
    assert_eq!(service.usage_plans[0].key_ids.len(), 2);
}

#[test]
fn what_somebody_else_has_of_our_names_is_left_alone_and_ours_is_made() {
    let mut service = with_two_keys(true);
    service.keys.truncate(1);
    service.keys[0].tags = foreign_tags();
    service.usage_plans[0].tags = foreign_tags();
    let foreign = (service.keys[0].clone(), service.usage_plans[0].clone());
    settle(&mut service, &keyed(), Depth::Full);
    assert_eq!(
        (&service.keys[0], &service.usage_plans[0]),
        (&foreign.0, &foreign.1)
    );
    let (key, plan) = (&service.keys[1], &service.usage_plans[1]);
    assert!(identity().owns(&key.tags) && identity().owns(&plan.tags));
    assert_eq!(plan.key_ids, [key.id.clone()].into());
}

#[test]
fn all_go_when_the_spec_names_no_key_any_more() {
    let mut service = with_two_plans("z");
    service.keys.extend(with_two_keys(true).keys.drain(..1));
    settle(&mut service, &spec_json(), Depth::Full);
    assert!(service.keys.is_empty() && service.usage_plans.is_empty());
}

#[test]
fn the_poll_that_reads_the_usage_plans_reads_the_keys_when_a_plan_differs() {
    type Change = fn(&mut Service);
    let cases: [(&str, Change, bool); 4] = [
        ("all is as desired", |_| {}, false),
        (
            "there is a second plan",
            |service| *service = with_two_plans("z"),
            true,
        ),
        (
            "the quota is lifted",
            |service| service.usage_plans[0].quota = None,
            true,
        ),
        (
            "a key is taken out",
            |service| service.usage_plans[0].key_ids.clear(),
            true,
        ),
    ];
    for (reason, change, differs) in cases {
        let mut service = live(&keyed());
        let right = service.usage_plans.clone();
        change(&mut service);
        service.calls.clear();
        let poll = Depth::Poll(Rotating::UsagePlan as u64);
        settle(&mut service, &keyed(), poll);
        assert_eq!(service.usage_plans, right, "{reason}");
        assert_eq!(service.calls.contains(&"GetApiKeys"), differs, "{reason}");
    }
}

#[test]
fn a_late_copy_of_the_rest_api_is_deleted_when_a_poll_comes_to_it_and_an_adopted_one_never() {
    let mut service = live(&keyed());
    let own = service.api.clone().unwrap();
    let other = |id: &str| RestApi {
        id: id.into(),
        ..own.clone()
    };
    let (late, mut adopted) = (other("late"), other("adopted"));
    adopted.tags.insert(TAG_ADOPTED.into(), "true".into());
    service.other_apis = vec![late.clone(), adopted.clone()];
    settle(&mut service, &keyed(), Depth::Full);
    assert_eq!(
        service.other_apis,
        [late, adopted.clone()],
        "a full look does not wait for the list"
    );
    let poll = Depth::Poll(Rotating::OtherRestApis as u64);
    settle(&mut service, &keyed(), poll);
    assert_eq!(service.other_apis, [adopted]);
    assert_eq!(service.api, Some(own));
}
