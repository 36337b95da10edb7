//! What carries the cluster's tag is listed as a whole or not at all, and looked at by its own service.

use std::collections::BTreeSet;

use cachedapi_operator::api::{Reason, TAG_RETAINED};
use cachedapi_operator::plan::orphans::{Bearing, Kind};
use cachedapi_operator::plan::{Action, Class, GatewayAction, Mark, SecretAction, Seen};
use serde_json::{Value, json};

use super::world::{CLUSTER, REGION, World, tags};
use super::{cache, gateway, secrets};

/// Lists, looks at everything and marks what can be marked.
pub async fn sweep(world: &World) {
    for thing in world.aws.list_tagged(REGION, CLUSTER).await.unwrap() {
        world.aws.look(REGION, &thing.arn).await;
        let main = [Kind::RestApi, Kind::ReplicationGroup, Kind::Secret];
        if Kind::of(&thing.arn).is_some_and(|kind| main.contains(&kind)) {
            mark(world, &thing.arn).await;
        }
    }
}

async fn mark(world: &World, arn: &str) {
    let mut tags = tags();
    tags.insert(TAG_RETAINED.into(), "true".into());
    let arn = arn.to_owned();
    let mark = Action::Mark(Mark { arn, tags });
    world.aws.execute(REGION, &mark).await.unwrap();
}

async fn fault(world: &World, operation: &str, effect: Value) {
    let faults = json!([{ "operation": operation, "effect": effect }]);
    world.admin("POST", "/_local/faults", faults).await;
}

/// A world with something in each service, and the ARNs of all that is tagged.
async fn furnished() -> (World, Vec<String>) {
    let world = World::new();
    let api = gateway::create_api(&world).await.id;
    gateway::put_api(&world, &api).await;
    let deployment = gateway::deploy(&world, &api).await;
    gateway::create_stage(&world, &api, &deployment).await;
    gateway::create_key(&world, "k-1").await;
    cache::prepare(&world).await;
    world.act(cache::new_group(1, 1)).await;
    secrets::put(&world, "cache.example.com").await;
    let things = world.aws.list_tagged(REGION, CLUSTER).await.unwrap();
    (world, things.into_iter().map(|thing| thing.arn).collect())
}

#[tokio::test(start_paused = true)]
async fn everything_of_ours_is_listed_and_says_the_same_of_itself() {
    let (world, arns) = furnished().await;
    let kinds: BTreeSet<Kind> = arns.iter().filter_map(|arn| Kind::of(arn)).collect();
    for kind in Kind::ALL {
        let sold_elsewhere = kind == Kind::UsagePlan;
        assert_eq!(kinds.contains(&kind), !sold_elsewhere, "{kind:?}: {arns:?}");
    }
    for arn in arns.iter().filter(|arn| Kind::of(arn).is_some()) {
        let Seen::Present(Bearing {
            tags: seen,
            leaving,
        }) = world.aws.look(REGION, arn).await
        else {
            panic!("{arn} is not seen")
        };
        let same = tags()
            .iter()
            .all(|(key, value)| seen.get(key) == Some(value));
        assert!(same && !leaving, "{arn}: {seen:?}");
    }
    assert_eq!(world.aws.list_tagged(REGION, "another").await, Ok(vec![]));
    assert_eq!(
        world.aws.list_tagged("us-east-1", CLUSTER).await,
        Ok(vec![])
    );
}

#[tokio::test(start_paused = true)]
async fn what_is_gone_is_absent_and_what_waits_for_its_deletion_is_leaving() {
    let (world, arns) = furnished().await;
    let of = |kind| arns.iter().find(|arn| Kind::of(arn) == Some(kind)).unwrap();
    let (secret, key, user) = (of(Kind::Secret), of(Kind::ApiKey), of(Kind::User));
    let delete = SecretAction::DeleteSecret {
        arn: secret.clone(),
        recovery_window_days: 7,
    };
    world.act(delete).await;
    let id = key.rsplit('/').next().unwrap().to_owned();
    world.act(GatewayAction::DeleteApiKey { id }).await;
    let gone = user.replace("user:", "user:no-");
    assert_eq!(world.aws.look(REGION, key).await, Seen::Absent);
    assert_eq!(world.aws.look(REGION, &gone).await, Seen::Absent);
    let seen = world.aws.look(REGION, secret).await;
    assert!(
        seen.present().is_some_and(|bearing| bearing.leaving),
        "{seen:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_thing_that_is_marked_says_so() {
    let (world, _) = furnished().await;
    sweep(&world).await;
    cache::settled(&world).await;
    let things = world.aws.list_tagged(REGION, CLUSTER).await.unwrap();
    let marked = things
        .iter()
        .filter(|thing| thing.tags.contains_key(TAG_RETAINED));
    let kinds: BTreeSet<_> = marked.filter_map(|thing| Kind::of(&thing.arn)).collect();
    assert_eq!(
        kinds,
        [Kind::RestApi, Kind::ReplicationGroup, Kind::Secret].into()
    );
}

#[tokio::test(start_paused = true)]
async fn a_list_of_several_pages_is_whole_or_none() {
    let world = World::new();
    for number in 0..130 {
        gateway::create_key(&world, &format!("k-{number}")).await;
    }
    let whole = world.aws.list_tagged(REGION, CLUSTER).await.unwrap();
    assert_eq!(whole.len(), 130);
    let second = json!([{"operation": "tagging:GetResources", "nth": 2,
        "effect": {"fail": {"code": "InternalServiceException", "status": 500, "message": "no"}}}]);
    world.admin("POST", "/_local/faults", second).await;
    let failure = world.aws.list_tagged(REGION, CLUSTER).await.unwrap_err();
    assert_eq!(
        (failure.class, failure.reason),
        (Class::Transient, Reason::AwsUnavailable)
    );
}

#[tokio::test(start_paused = true)]
async fn a_permission_that_is_missing_is_named() {
    let world = World::new();
    fault(&world, "tagging:GetResources", json!("denyAccess")).await;
    let failure = world.aws.list_tagged(REGION, CLUSTER).await.unwrap_err();
    assert_eq!(failure.reason, Reason::AccessDenied);
    assert!(
        failure.message.contains("needs tag:GetResources;"),
        "{failure}"
    );
}
