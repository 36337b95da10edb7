use std::time::Duration;

use local_aws::{Config, Delays};
use serde_json::{Value, json};
use tokio::time::sleep;

use crate::crash::is_stopped_at;
use crate::tripwire::{Side, at_every_write};
use crate::world::{ACCOUNT, NAME, NAMESPACE, REGION, World};

const ANOTHERS_UID: &str = "00000000-0000-0000-0000-000000000001";

/// The example of an adoption, in the namespace `shop`.
pub fn adopting(id: &str, mode: &str) -> Value {
    let text = include_str!("../../examples/adopt.yaml");
    let mut object: Value = serde_saphyr::from_str(text).unwrap();
    object["metadata"] = json!({"namespace": NAMESPACE, "name": NAME});
    object["spec"]["adopt"] = json!({"restApiId": id, "mode": mode});
    object["spec"]["deletionPolicy"] = json!({"api": "Delete", "cache": "Delete"});
    object
}

/// An empty world where things take a moment.
async fn world() -> World {
    World::new(Config {
        delays: Delays::fast(),
        ..Config::default()
    })
    .await
}

/// The tag by which the owner of a thing consents, and others.
pub fn consenting(mut tags: Value) -> Value {
    tags["cachedapi.dev/adoptable-by"] = json!(format!("test/{NAMESPACE}/{NAME}"));
    tags
}

/// Somebody makes a REST API with one method and a stage; gives its id.
pub async fn make_legacy(world: &World, tags: Value) -> String {
    let new =
        json!({"name": "legacy", "endpointConfiguration": {"types": ["REGIONAL"]}, "tags": tags});
    let api = world.gateway("POST", "/restapis", &new).await;
    let id = api["id"].as_str().unwrap().to_owned();
    let mock = json!({
        "responses": {"200": {"description": "ok"}},
        "x-amazon-apigateway-integration": {"type": "mock", "requestTemplates": {"application/json": "{\"statusCode\": 200}"}},
    });
    let document = json!({
        "openapi": "3.0.1", "info": {"title": "legacy", "version": "2019"},
        "paths": {"/legacy": {"delete": mock}},
    });
    world
        .gateway("PUT", &format!("/restapis/{id}?mode=overwrite"), &document)
        .await;
    let stage = json!({"stageName": "prod", "variables": {"colour": "blue"}});
    world
        .gateway("POST", &format!("/restapis/{id}/deployments"), &stage)
        .await;
    id
}

fn adoption(world: &World) -> Value {
    world.object()["status"]["adoption"]["restApi"].clone()
}

fn is_refused(world: &World) -> bool {
    world.condition("ApiReady")["reason"] == "AdoptionRefused"
}

/// The operator's writes to API Gateway, since the wire was set.
fn gateway_writes(world: &World) -> Vec<String> {
    let mut writes = world.wire.writes();
    writes.retain(|write| write.starts_with("apigateway:"));
    writes
}

#[tokio::test(start_paused = true)]
async fn an_api_is_shown_then_taken_over_and_goes_with_the_object() {
    let world = world().await;
    let id = make_legacy(&world, consenting(json!({"team": "billing"}))).await;
    world.create(&adopting(&id, "Review")).await;
    let before = world.place()["apigateway"].clone();
    let _operator = world.operator();
    world
        .until(|world| world.condition("CacheReady")["status"] == "True")
        .await;
    sleep(Duration::from_hours(2)).await;
    assert_eq!(gateway_writes(&world), [""; 0]);
    assert_eq!(world.place()["apigateway"], before);
    let ready = world.condition("Ready");
    assert_eq!(
        (&ready["status"], &ready["reason"]),
        (&json!("False"), &json!("AdoptionPending"))
    );
    let shown = adoption(&world);
    assert_eq!(
        (&shown["id"], &shown["state"]),
        (&json!(id), &json!("Pending"))
    );
    let differences = shown["differences"].to_string();
    for difference in [
        "name: legacy becomes shop-orders",
        "method DELETE /legacy: goes",
        "method GET /orders/{id}: comes",
        "variables/colour is removed",
    ] {
        assert!(differences.contains(difference), "{differences}");
    }

    world.wire.set(usize::MAX, Side::NotSent);
    world
        .patch(json!({"spec": {"adopt": {"mode": "TakeOver"}}}))
        .await;
    world.until(World::is_ready).await;
    let writes = gateway_writes(&world);
    assert!(
        writes[0].starts_with("apigateway:TagResource "),
        "{writes:?}"
    );
    assert_eq!(world.inventory()["/apigateway/apis"], 1);
    assert_eq!(world.object()["status"]["api"]["id"], json!(id));
    assert_eq!(
        adoption(&world),
        json!({"id": id, "state": "Adopted", "differences": []})
    );
    let api = world
        .gateway("GET", &format!("/restapis/{id}"), &Value::Null)
        .await;
    assert_eq!(api["tags"]["team"], "billing", "it stays");

    world.wire.set(usize::MAX, Side::NotSent);
    sleep(Duration::from_hours(24)).await;
    assert_eq!(world.wire.writes(), [""; 0], "like any other");
    world.delete().await;
    world.until(World::is_gone).await;
    assert_eq!(world.inventory()["/apigateway/apis"], 0);
}

#[tokio::test(start_paused = true)]
async fn what_another_object_claims_is_refused_until_the_claim_is_gone() {
    let world = world().await;
    let tags = consenting(json!({
        "cachedapi.dev/owner-uid": ANOTHERS_UID, "cachedapi.dev/owner": "billing/invoices", "cachedapi.dev/cluster-id": "test",
    }));
    let id = make_legacy(&world, tags).await;
    world.create(&adopting(&id, "TakeOver")).await;
    let _operator = world.operator();
    world.until(is_refused).await;
    sleep(Duration::from_hours(2)).await;
    let message = world.condition("ApiReady")["message"].to_string();
    assert!(
        message.contains("spec.adopt.restApiId") && message.contains("billing/invoices"),
        "{message}"
    );
    assert_eq!(adoption(&world)["state"], "Refused");
    assert_eq!(gateway_writes(&world), [""; 0]);
    let arn = format!("arn:aws:apigateway:{REGION}::/restapis/{id}").replace('/', "%2F");
    let keys = "tagKeys=cachedapi.dev/owner-uid";
    world
        .gateway("DELETE", &format!("/tags/{arn}?{keys}"), &Value::Null)
        .await;
    world.until(World::is_ready).await;
    assert_eq!(world.inventory()["/apigateway/apis"], 1);
}

#[tokio::test(start_paused = true)]
async fn without_the_consent_of_its_owner_nothing_of_an_api_is_shown_or_taken() {
    let world = world().await;
    let id = make_legacy(&world, json!({"team": "billing"})).await;
    world.create(&adopting(&id, "TakeOver")).await;
    let _operator = world.operator();
    world.until(is_refused).await;
    sleep(Duration::from_hours(2)).await;
    let message = world.condition("ApiReady")["message"].to_string();
    let asked = format!("cachedapi.dev/adoptable-by with the value test/{NAMESPACE}/{NAME}");
    assert!(message.contains(&asked), "{message}");
    assert_eq!(
        adoption(&world),
        json!({"id": id, "state": "Refused", "differences": []})
    );
    assert_eq!(gateway_writes(&world), [""; 0]);
    let arn = format!("arn:aws:apigateway:{REGION}::/restapis/{id}").replace('/', "%2F");
    let consent = json!({"tags": {"cachedapi.dev/adoptable-by": "test"}});
    world
        .gateway("PUT", &format!("/tags/{arn}"), &consent)
        .await;
    world.until(World::is_ready).await;
    assert_eq!(world.object()["status"]["api"]["id"], json!(id));
}

#[tokio::test(start_paused = true)]
async fn in_place_of_an_api_that_is_not_there_none_is_made() {
    let world = world().await;
    world.create(&adopting("zzzzzzzzzz", "TakeOver")).await;
    let _operator = world.operator();
    world.until(is_refused).await;
    sleep(Duration::from_hours(2)).await;
    let message = world.condition("ApiReady")["message"].to_string();
    let where_ = format!("zzzzzzzzzz in {REGION} of the account {ACCOUNT}");
    assert!(message.contains(&where_), "{message}");
    assert_eq!(world.inventory()["/apigateway/apis"], 0);
}

#[tokio::test(start_paused = true)]
async fn an_object_that_goes_before_the_yes_leaves_the_api_as_it_is() {
    let world = world().await;
    let id = make_legacy(&world, consenting(json!({}))).await;
    let before = world.place()["apigateway"].clone();
    world.create(&adopting(&id, "Review")).await;
    let _operator = world.operator();
    world
        .until(|world| adoption(world)["state"] == "Pending")
        .await;
    world.delete().await;
    world.until(World::is_gone).await;
    assert_eq!(world.place()["apigateway"], before);
}

/// An operator that takes an API over is stopped at its write number `index`; the next one goes on.
async fn take_over_with_a_crash(index: usize, side: Side) -> bool {
    let world = world().await;
    let id = make_legacy(&world, consenting(json!({}))).await;
    world.create(&adopting(&id, "TakeOver")).await;
    let stopped = is_stopped_at(&world, index, side).await;
    let writes = world.wire.writes();
    let place = &writes[..writes.len().min(index + 1)];
    let _operator = world.operator();
    world.until(World::is_ready).await;
    let inventory = world.inventory();
    for kind in ["apis", "stages"] {
        assert_eq!(
            inventory[&format!("/apigateway/{kind}")],
            1,
            "{side:?} {place:#?}"
        );
    }
    assert_eq!(
        inventory["/apigateway/deployments"], 2,
        "{side:?} {place:#?}"
    );
    assert_eq!(adoption(&world)["state"], "Adopted", "{side:?} {place:#?}");
    assert_eq!(world.object()["status"]["api"]["id"], json!(id));
    world.delete().await;
    world.until(World::is_gone).await;
    assert_eq!(
        world.inventory()["/apigateway/apis"],
        0,
        "{side:?} {place:#?}"
    );
    stopped
}

#[tokio::test(start_paused = true)]
async fn a_take_over_that_ends_at_any_of_its_writes_is_taken_up_and_makes_no_second_api() {
    at_every_write("an adoption", 15, take_over_with_a_crash).await;
}
