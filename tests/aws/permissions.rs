//! The policy that the operator asks for allows what the operator does, and not the same with what others have.

use std::time::Duration;

use cachedapi_operator::aws::{PolicyScope, policy};
use cachedapi_operator::plan::{GatewayAction, Read, SecretAction};
use serde_json::Value;

use super::world::{ACCOUNT, CLUSTER, World, tags};
use super::{cache, gateway, secrets};

fn operator_policy() -> Value {
    policy(&PolicyScope {
        partition: "aws".into(),
        region: "*".into(),
        account: ACCOUNT.into(),
        cluster_id: CLUSTER.into(),
    })
}

/// Whether `policy` allows a call of the local AWS's log: actions and resources by wildcard, conditions on tags. What the log does
/// not tell (the principal of a Lambda statement) is taken to hold.
fn allows(policy: &Value, call: &Value) -> bool {
    let one = |patterns: &Value, text: &Value| {
        let mut patterns = patterns.as_array().unwrap().iter();
        patterns
            .any(|pattern| matches(pattern.as_str().unwrap(), text.as_str().unwrap_or_default()))
    };
    let statements = policy["Statement"].as_array().unwrap();
    statements.iter().any(|statement| {
        one(&statement["Action"], &call["action"])
            && one(&statement["Resource"], &call["resource"])
            && holds(&statement["Condition"]["StringEquals"], call)
    })
}

fn holds(equals: &Value, call: &Value) -> bool {
    let Some(equals) = equals.as_object() else {
        return true;
    };
    equals.iter().all(|(key, value)| match key.split_once('/') {
        Some(("aws:RequestTag", tag)) => call["requestTags"][tag] == *value,
        Some(("aws:ResourceTag", tag)) => call["resourceTags"][tag] == *value,
        _ => true,
    })
}

fn matches(pattern: &str, text: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == text,
        Some((start, rest)) => text.strip_prefix(start).is_some_and(|text| {
            text.char_indices()
                .map(|(at, _)| at)
                .chain([text.len()])
                .any(|at| matches(rest, &text[at..]))
        }),
    }
}

async fn log(world: &World) -> Vec<Value> {
    let calls = world.admin("GET", "/_local/calls", Value::Null).await;
    let log = calls["log"].as_array().unwrap().iter();
    log.filter(|call| call["service"] != "sts")
        .cloned()
        .collect()
}

async fn whole_life(world: &World) {
    cache::prepare(world).await;
    world.act(cache::new_group(1, 1)).await;
    secrets::put(world, "cache.example.com").await;
    let api = gateway::create_api(world).await.id;
    gateway::put_api(world, &api).await;
    let deployment = gateway::deploy(world, &api).await;
    gateway::create_stage(world, &api, &deployment).await;
    world.read(Read::RestApiSearch { tags: tags() }).await;
    world.read(Read::Methods { api: api.clone() }).await;
    world
        .act(GatewayAction::CreateApiKey {
            name: "k".into(),
            tags: tags(),
        })
        .await;
    let key = gateway::key_ids(world, "k").await.remove(0);
    world
        .act(GatewayAction::EnableApiKey { id: key.clone() })
        .await;
    world.act(GatewayAction::DeleteApiKey { id: key }).await;
    cache::tear_down(world).await;
    let arn = secrets::secret(world).await.arn;
    world
        .act(SecretAction::DeleteSecret {
            arn,
            recovery_window_days: 7,
        })
        .await;
    tokio::time::sleep(Duration::from_secs(30)).await;
    world.act(GatewayAction::DeleteRestApi { api }).await;
}

#[tokio::test(start_paused = true)]
async fn the_policy_allows_every_call_of_an_objects_life() {
    let world = World::new();
    whole_life(&world).await;
    let (policy, log) = (operator_policy(), log(&world).await);
    assert!(log.len() > 25, "{}", log.len());
    for call in log.iter().filter(|call| call["error"].is_null()) {
        assert!(
            allows(&policy, call),
            "{} on {}",
            call["action"],
            call["resource"]
        );
    }
}

#[tokio::test(start_paused = true)]
async fn the_policy_allows_no_write_to_what_has_another_clusters_tag() {
    let world = World::new();
    whole_life(&world).await;
    let (policy, log) = (operator_policy(), log(&world).await);
    let reads = ["GET", "Describe", "List"];
    for call in log {
        let verb = call["action"]
            .as_str()
            .unwrap()
            .split(':')
            .next_back()
            .unwrap()
            .to_owned();
        if reads.iter().any(|read| verb.starts_with(read)) {
            continue;
        }
        let mut foreign = call.clone();
        for tags in ["requestTags", "resourceTags"] {
            if foreign[tags].is_object() {
                foreign[tags]["cachedapi.dev/cluster-id"] = "another".into();
            }
        }
        assert!(
            !allows(&policy, &foreign),
            "{} on {}",
            call["action"],
            call["resource"]
        );
    }
}
