use std::time::Duration;

use cachedapi_operator::api::{EndpointType, Reason};
use cachedapi_operator::plan::{Class, Fact, GatewayAction, Read, Seen};
use serde_json::{Value, json};

use super::gateway::{create_api, document};
use super::world::{ACCOUNT, REGION, World, tags};
use super::{cache, secrets};

async fn fault(world: &World, operation: &str, effect: Value) {
    let faults = json!([{ "operation": operation, "effect": effect }]);
    world.admin("POST", "/_local/faults", faults).await;
}

fn create() -> GatewayAction {
    GatewayAction::CreateRestApi {
        name: "shop-orders".into(),
        endpoint_type: EndpointType::Regional,
        tags: tags(),
    }
}

#[tokio::test(start_paused = true)]
async fn the_account_is_asked_for_once_for_all_that_use_the_same_credentials() {
    let world = World::new();
    let caller = world.aws.caller_identity(REGION).await.unwrap();
    assert_eq!(caller.account, ACCOUNT);
    let same = world.aws.clone().caller_identity("us-east-1").await;
    assert_eq!(same.unwrap().account, ACCOUNT);
    assert!(world.aws.is_still(&caller));
    assert_eq!(world.calls.results("sts:GetCallerIdentity"), ["ok"]);
}

#[tokio::test(start_paused = true)]
async fn credentials_of_another_account_are_noticed_with_the_first_call_that_they_sign() {
    let world = World::new();
    let caller = world.aws.caller_identity(REGION).await.unwrap();
    "999988887777".clone_into(&mut world.account.lock().unwrap());
    let id = "api1".to_owned();
    world.read(Read::RestApi { id }).await;
    assert!(!world.aws.is_still(&caller), "a call was made with others");
    let other = world.aws.caller_identity(REGION).await.unwrap();
    assert_eq!(other.account, "999988887777");
}

#[tokio::test(start_paused = true)]
async fn a_creation_whose_reply_is_lost_is_not_repeated_and_found_by_its_tags() {
    let world = World::new();
    fault(&world, "apigateway:CreateRestApi", json!("loseReply")).await;
    let failure = world.attempt(create()).await.unwrap_err();
    assert_eq!(
        (failure.class, failure.reason),
        (Class::Transient, Reason::AwsUnavailable)
    );
    assert_eq!(
        world.calls.results("apigateway:CreateRestApi"),
        ["unreachable"]
    );
    let Fact::RestApis(found) = world.read(Read::RestApiSearch { tags: tags() }).await else {
        panic!("no answer")
    };
    assert_eq!(found.len(), 1, "made once");
}

#[tokio::test(start_paused = true)]
async fn a_throttle_says_for_how_long_and_holds_back_the_next_call() {
    let world = World::new();
    fault(
        &world,
        "apigateway:CreateRestApi",
        json!({"throttle": {"retryAfter": 9}}),
    )
    .await;
    let failure = world.attempt(create()).await.unwrap_err();
    assert_eq!(failure.class, Class::Transient);
    assert_eq!(failure.retry_after, Some(Duration::from_secs(9)));
    let start = tokio::time::Instant::now();
    world.act(create()).await;
    assert_eq!(start.elapsed().as_secs(), 9);
    assert_eq!(
        world.calls.results("apigateway:CreateRestApi"),
        ["throttled", "ok"]
    );
}

#[tokio::test(start_paused = true)]
async fn a_missing_permission_is_named() {
    let world = World::new();
    fault(&world, "secretsmanager:CreateSecret", json!("denyAccess")).await;
    let failure = world.attempt(secrets::create()).await.unwrap_err();
    assert_eq!(
        (failure.class, failure.reason),
        (Class::Blocked, Reason::AccessDenied)
    );
    assert!(
        failure
            .message
            .contains("needs secretsmanager:CreateSecret; add it"),
        "{failure}"
    );
    fault(
        &world,
        "elasticache:CreateReplicationGroup",
        json!("denyAccess"),
    )
    .await;
    let failure = world.attempt(cache::new_group(1, 0)).await.unwrap_err();
    assert!(
        failure
            .message
            .contains("needs elasticache:CreateReplicationGroup; add it"),
        "{failure}"
    );
    fault(&world, "apigateway:CreateRestApi", json!("denyAccess")).await;
    let failure = world.attempt(create()).await.unwrap_err();
    assert!(
        failure.message.contains("needs apigateway:POST; add it"),
        "{failure}"
    );
}

#[tokio::test(start_paused = true)]
async fn what_could_not_be_read_is_unknown_and_never_absent() {
    let world = World::new();
    let api = create_api(&world).await.id;
    let fail = json!({"fail": {"code": "ServiceUnavailableException", "status": 503}});
    fault(&world, "*", fail.clone()).await;
    let Fact::RestApi(Seen::Unknown(failure)) = world.read(Read::RestApi { id: api }).await else {
        panic!("known")
    };
    assert_eq!(
        (failure.class, failure.operation),
        (Class::Transient, "apigateway:GetRestApi")
    );
    fault(&world, "*", fail).await;
    let group = world
        .read(Read::ReplicationGroup {
            id: "capi-7".into(),
        })
        .await;
    assert!(
        matches!(group, Fact::ReplicationGroup(Seen::Unknown(_))),
        "{group:?}"
    );
    fault(&world, "*", json!("loseRequest")).await;
    let search = world.read(Read::RestApiSearch { tags: tags() }).await;
    assert!(
        matches!(search, Fact::RestApi(Seen::Unknown(_))),
        "{search:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_refused_document_blocks_with_what_api_gateway_says() {
    let world = World::new();
    let api = create_api(&world).await.id;
    let body = document()
        .body
        .replace("https://orders.example.com/", "no address");
    let hash = document().hash;
    let failure = world
        .attempt(GatewayAction::PutRestApi { api, hash, body })
        .await
        .unwrap_err();
    assert_eq!(
        (failure.class, failure.reason),
        (Class::Blocked, Reason::Rejected)
    );
}

#[tokio::test(start_paused = true)]
async fn a_group_without_its_user_group_waits_for_somebody() {
    let world = World::new();
    cache::prepare(&world).await;
    world
        .act(cachedapi_operator::plan::CacheAction::DeleteUserGroup {
            id: cache::ID.into(),
        })
        .await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    let failure = world.attempt(cache::new_group(1, 0)).await.unwrap_err();
    assert_eq!(
        (failure.class, failure.reason),
        (Class::Blocked, Reason::ReferenceNotFound)
    );
}
