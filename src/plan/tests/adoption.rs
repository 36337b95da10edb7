//! A REST API that exists becomes the object's, once the spec says so, and not if it is somebody else's.

use serde_json::{Value, json};

use super::round_of_a_mortal;
use crate::api::{Reason, TAG_ADOPTABLE_BY, TAG_ADOPTED, TAG_CLUSTER, TAG_OWNER_UID};
use crate::fixtures::{consent, desired, identity, spec, spec_json};
use crate::model::{Estate, Tags};
use crate::plan::orphans::is_retained;
use crate::plan::world::{Step, World, foreign_tags};
use crate::plan::{
    Action, Aspect, Block, Class, Fact, MethodSettings, Observed, Plan, RestApi, Seen, Stage,
    differences,
};

const ID: &str = "a1b2c3d4e5";

/// A REST API that somebody made.
fn legacy() -> RestApi {
    RestApi {
        id: ID.into(),
        name: "legacy".into(),
        version: Some("2019-01-01".into()),
        endpoint_type: Some("REGIONAL".into()),
        settings: vec!["the resource policy".into()],
        created: None,
        available: true,
        status_message: None,
        confirmed: false,
        tags: foreign_tags().into_iter().chain(consent()).collect(),
    }
}

/// A world with it, live.
fn world() -> World {
    let mut world = World::default();
    world.gateway.api = Some(legacy());
    world.gateway.methods = [
        ("/orders".to_owned(), ["POST".to_owned()].into()),
        ("/orders/{id}".to_owned(), ["GET".to_owned()].into()),
    ]
    .into();
    world.gateway.stage = Some(Stage {
        deployment_id: "d1".into(),
        description: String::new(),
        variables: [("colour".to_owned(), "a secret?".to_owned())].into(),
        method_settings: [(
            "orders/POST".to_owned(),
            MethodSettings {
                rate: 1.0,
                burst: 1,
                caching: true,
            },
        )]
        .into(),
        cache_cluster: true,
        tags: Tags::new(),
    });
    world
}

fn adopting(mode: &str) -> Value {
    let mut json = spec_json();
    json["adopt"] = json!({"restApiId": ID, "mode": mode});
    json
}

fn blocks(plan: &Plan) -> &[Block] {
    let (_, api) = plan
        .aspects()
        .find(|(aspect, _)| *aspect == Aspect::Api)
        .unwrap();
    &api.blocks
}

/// The writes to API Gateway, in order.
fn writes(world: &World) -> Vec<&'static str> {
    let actions = world.actions.iter();
    actions
        .filter(|action| match action {
            Action::Adopt(mark) => mark.arn.contains(":apigateway:"),
            action => matches!(action, Action::Gateway(_)),
        })
        .map(Action::operation)
        .collect()
}

#[test]
fn until_the_yes_it_is_only_read_and_no_other_is_made() {
    let mut world = world();
    let before = world.gateway.clone();
    let plan = world.stall(&desired(adopting("Review")));
    assert_eq!(blocks(&plan)[0].reason, Reason::AdoptionPending);
    assert!(blocks(&plan)[0].message.contains(ID));
    assert_eq!(writes(&world), [""; 0]);
    assert_eq!(world.gateway.stage, before.stage);
    assert_eq!(
        world.cache.groups.len(),
        1,
        "the rest of the object goes on"
    );
}

#[test]
fn after_the_yes_it_is_tagged_and_then_kept_like_any_other() {
    let mut world = world();
    let desired = desired(adopting("TakeOver"));
    assert!(world.settle(&desired).is_settled());
    assert_eq!(
        writes(&world),
        [
            "TagResource",
            "PutRestApi",
            "CreateDeployment",
            "UpdateStage"
        ]
    );
    let api = world.gateway.api.clone().unwrap();
    assert!(identity().owns(&api.tags) && api.tags.contains_key(TAG_ADOPTED));
    assert_eq!(
        api.tags.get("team"),
        foreign_tags().get("team"),
        "they stay"
    );
    assert_eq!(world.gateway.methods, desired.gateway.document.methods);
    let stage = world.gateway.stage.clone().unwrap();
    assert!(
        !stage.cache_cluster && stage.variables.is_empty(),
        "{stage:?}"
    );
    world.actions.clear();
    assert!(world.settle(&desired).is_settled());
    for n in 0..10 {
        assert!(world.poll(&desired, n).is_settled());
    }
    assert_eq!(writes(&world), [""; 0], "planning again changes nothing");
}

#[test]
fn the_consent_may_be_for_every_object_of_the_cluster_and_is_not_needed_any_more_afterwards() {
    let (mut world, desired) = (world(), desired(adopting("TakeOver")));
    consent_to(&mut world, "test");
    assert!(world.settle(&desired).is_settled());
    let tags = &mut world.gateway.api.as_mut().unwrap().tags;
    tags.remove(TAG_ADOPTABLE_BY);
    world.actions.clear();
    assert!(world.settle(&desired).is_settled());
    assert_eq!(writes(&world), [""; 0]);
}

#[test]
fn a_process_that_dies_after_any_round_is_followed_by_one_that_goes_on() {
    let (mut world, desired) = (world(), desired(adopting("TakeOver")));
    let mut round = || round_of_a_mortal(&mut world, &desired);
    let settled = (0..400).any(|_| matches!(round(), Step::Idle(plan) if plan.is_settled()));
    assert!(settled);
    assert_eq!(world.gateway.api.unwrap().id, ID);
}

/// What the spec asks for, or what there is, so that the API cannot be taken over.
type Change = fn(&mut World, &mut Value);

fn claim(world: &mut World, key: &str, value: &str) {
    let api = world.gateway.api.as_mut().unwrap();
    api.tags = identity().tags();
    api.tags.insert(key.into(), value.into());
}

fn consent_to(world: &mut World, whom: &str) {
    let tags = &mut world.gateway.api.as_mut().unwrap().tags;
    tags.insert(TAG_ADOPTABLE_BY.into(), whom.into());
}

const REFUSED: [(&str, &str, Change); 10] = [
    (
        "another object's",
        "00000000-0000-0000-0000-000000000001",
        |world, _| claim(world, TAG_OWNER_UID, "00000000-0000-0000-0000-000000000001"),
    ),
    ("another cluster's", "elsewhere", |world, _| {
        claim(world, TAG_CLUSTER, "elsewhere");
    }),
    ("only another cluster's tag", "elsewhere", |world, _| {
        let tags = [(TAG_CLUSTER.to_owned(), "elsewhere".to_owned())];
        world.gateway.api.as_mut().unwrap().tags = tags.into();
    }),
    (
        "one without consent",
        "cachedapi.dev/adoptable-by with the value test/shop/orders, or test for",
        |world, _| {
            world.gateway.api.as_mut().unwrap().tags = foreign_tags();
        },
    ),
    ("one for another object", "lacks the consent", |world, _| {
        consent_to(world, "test/shop/others");
    }),
    (
        "one for another cluster",
        "lacks the consent",
        |world, _| {
            consent_to(world, "another/shop/orders");
        },
    ),
    ("one for a namespace", "lacks the consent", |world, _| {
        consent_to(world, "test/shop");
    }),
    (
        "one that is not there",
        "there is no REST API zzzzzzzzzz in eu-west-1 of the account 123456789012",
        |_, json| json["adopt"]["restApiId"] = json!("zzzzzzzzzz"),
    ),
    (
        "one that is reached elsewhere",
        "spec.api.endpointType asks for EDGE",
        |_, json| json["api"] = json!({"endpointType": "Edge"}),
    ),
    ("a private one", "PRIVATE", |world, _| {
        world.gateway.api.as_mut().unwrap().endpoint_type = Some("PRIVATE".into());
    }),
];

#[test]
fn what_cannot_be_taken_over_is_refused_left_alone_and_not_replaced() {
    for (case, says, change) in REFUSED {
        for mode in ["Review", "TakeOver"] {
            let (mut world, mut json) = (world(), adopting(mode));
            change(&mut world, &mut json);
            let before = world.gateway.api.clone();
            let plan = world.stall(&desired(json));
            let block = &blocks(&plan)[0];
            assert_eq!(block.reason, Reason::AdoptionRefused, "{case}");
            assert!(
                block.message.starts_with("spec.adopt.restApiId: ") && block.message.contains(says),
                "{case}: {}",
                block.message
            );
            assert_eq!(writes(&world), [""; 0], "{case}");
            assert_eq!(world.gateway.api, before, "{case}");
        }
    }
}

#[test]
fn what_cannot_be_read_is_neither_taken_over_nor_replaced() {
    for class in [Class::Transient, Class::Blocked] {
        for kind in ["NamedRestApi", "RestApiSearch", "Methods", "Stage"] {
            let mut world = world();
            world.unreadable.insert(kind.into(), class);
            let desired = desired(adopting("TakeOver"));
            world.stall(&desired);
            assert_eq!(writes(&world), [""; 0], "{kind}");
            world.unreadable.clear();
            assert!(world.settle(&desired).is_settled(), "{kind}");
        }
    }
}

#[test]
fn an_object_that_has_an_api_gets_no_second_one() {
    let mut world = World::default();
    world.settle(&desired(spec_json()));
    let own = world.gateway.api.clone();
    world.actions.clear();
    let mut json = adopting("TakeOver");
    json["routes"][0]["path"] = json!("/other");
    let plan = world.stall(&desired(json.clone()));
    let block = &blocks(&plan)[0];
    assert_eq!(block.reason, Reason::AdoptionRefused);
    assert!(block.message.contains(&own.as_ref().unwrap().id));
    assert_eq!(writes(&world), [""; 0], "nor is one of the two changed");
    json.as_object_mut().unwrap().remove("adopt");
    assert!(world.settle(&desired(json)).is_settled(), "it goes on");
    assert_eq!(world.gateway.api.unwrap().id, own.unwrap().id);
}

#[test]
fn an_api_that_was_asked_for_a_moment_ago_is_looked_for_before_another_is_taken_over() {
    let mut observed = Observed::default();
    observed.gateway.rest_api = Seen::Absent;
    observed.gateway.intent = Some(crate::fixtures::now());
    let plan = crate::plan::plan(
        &desired(adopting("TakeOver")),
        &observed,
        crate::fixtures::context(),
    );
    assert_eq!(plan.api.waits[0].reason, Reason::WaitingForCreation);
}

#[test]
fn without_the_name_the_tags_decide() {
    let mut world = world();
    world.settle(&desired(adopting("TakeOver")));
    world.restart();
    world.actions.clear();
    assert!(world.settle(&desired(spec_json())).is_settled());
    assert!(world.settle(&desired(adopting("Review"))).is_settled());
    assert_eq!(writes(&world), [""; 0]);
}

#[test]
fn an_api_that_was_there_before_is_never_a_leftover_of_a_creation() {
    let mut observed = Observed::default();
    let made = |id: &str, tags| RestApi {
        id: id.into(),
        tags,
        ..legacy()
    };
    observed.record(Fact::RestApis(vec![
        made("own", identity().tags()),
        made("adopted", identity().adoption_tags()),
        made("twin", identity().tags()),
    ]));
    assert_eq!(observed.gateway.duplicates.present().unwrap()[..], ["twin"]);
}

#[test]
fn the_deletion_keeps_what_was_taken_over_unless_the_spec_says_otherwise_and_what_was_not() {
    for (mode, policy, left) in [
        ("Review", json!({"api": "Delete"}), true),
        ("TakeOver", json!({"api": "Delete"}), false),
        ("TakeOver", json!({"api": "Retain"}), true),
        ("TakeOver", json!({}), true),
    ] {
        let (mut world, mut json) = (world(), adopting(mode));
        json["deletionPolicy"] = policy.clone();
        world.stall(&desired(json.clone()));
        let estate = Estate::new(identity(), &spec(json), [], []);
        assert!(world.tear_down(&estate).is_settled());
        assert_eq!(world.gateway.api.is_some(), left, "{mode} {policy}");
        let tags = world.gateway.api.map(|api| api.tags).unwrap_or_default();
        let marked = mode == "TakeOver" && left;
        assert_eq!(
            is_retained(&tags),
            marked,
            "{mode} {policy}: it is no orphan"
        );
    }
}

fn told(world: &World, json: Value) -> Vec<String> {
    let mut observed = Observed::default();
    observed.gateway.methods = Seen::Present(world.gateway.methods.clone());
    observed.gateway.stage = world
        .gateway
        .stage
        .clone()
        .map_or(Seen::Absent, Seen::Present);
    differences(
        &desired(json),
        &observed,
        world.gateway.api.as_ref().unwrap(),
    )
}

#[test]
fn the_differences_name_what_goes_what_comes_and_who_else_manages_it_and_no_value() {
    let mut world = world();
    let api = world.gateway.api.as_mut().unwrap();
    api.tags
        .insert("aws:cloudformation:stack-name".into(), "shop".into());
    let told = told(&world, adopting("Review"));
    assert_eq!(
        told,
        [
            "tag aws:cloudformation:stack-name is shop: CloudFormation may manage it as well, and would undo what the operator does",
            "name: legacy becomes shop-orders",
            "definition: is overwritten; models, authorizers, gateway responses and integrations are then those of the spec alone",
            "setting: the resource policy goes",
            "method POST /orders: goes",
            "stage prod: serves a deployment of the spec in place of d1",
            "stage prod: */* is set",
            "stage prod: /orders/POST is removed",
            "stage prod: cacheClusterEnabled is set",
            "stage prod: variables/colour is removed",
        ]
    );
    assert!(!told.concat().contains("a secret?"));
    let mut world = World::default();
    world.gateway.api = Some(legacy());
    let told = self::told(&world, adopting("Review"));
    assert!(
        told.contains(&"method GET /orders/{id}: comes".to_owned()),
        "{told:?}"
    );
    assert!(
        told.contains(&"stage prod: is created".to_owned()),
        "{told:?}"
    );
}

#[test]
fn of_many_differences_the_first_are_told_and_long_ones_are_cut() {
    let mut world = world();
    for n in 0..300 {
        let path = format!("/{n}/{}", "x".repeat(1000));
        world
            .gateway
            .methods
            .insert(path, ["GET".to_owned()].into());
    }
    let told = told(&world, adopting("Review"));
    assert_eq!(told.len(), 21);
    assert_eq!(told[20], "and 289 more");
    assert!(told.iter().all(|line| line.chars().count() <= 200));
}

#[test]
fn a_take_over_writes_the_tags_that_are_looked_for() {
    let mut world = world();
    world.settle(&desired(adopting("TakeOver")));
    let tagged = world.actions.iter().find_map(|action| match action {
        Action::Adopt(mark) => Some((&mark.arn, &mark.tags)),
        _ => None,
    });
    let (arn, tags) = tagged.unwrap();
    assert_eq!(
        arn,
        &format!("arn:aws:apigateway:eu-west-1::/restapis/{ID}")
    );
    assert!(identity().owns(tags));
}
