//! The policy that the operator asks for allows what the operator does, nothing else, and not the same with what others have.

use std::collections::BTreeSet;

use cachedapi_operator::aws::{PolicyScope, policy};
use local_aws::policy::{grants, missing, needs};
use serde_json::Value;

use super::life;
use super::world::{ACCOUNT, CLUSTER, World};

fn operator_policy() -> Value {
    policy(&PolicyScope {
        partition: "aws".into(),
        region: "*".into(),
        account: ACCOUNT.into(),
        cluster_id: CLUSTER.into(),
        consumer_policies: true,
    })
}

/// The calls of an object's life that need a permission.
async fn calls_of_a_life() -> Vec<Value> {
    let world = World::new();
    life::live(&world).await;
    let calls = world.admin("GET", "/_local/calls", Value::Null).await;
    let log = calls["log"].as_array().unwrap().iter();
    log.filter(|call| call["service"] != "sts")
        .cloned()
        .collect()
}

#[tokio::test(start_paused = true)]
async fn the_policy_allows_every_call_of_an_objects_life() {
    let policy = operator_policy();
    for call in calls_of_a_life().await {
        // What is gone has no tags to go by; AWS refuses such a call or says that the thing is not there.
        if call["error"].is_null() {
            assert_eq!(missing(&policy, &call), [], "{call}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn every_action_and_every_resource_of_the_policy_is_used() {
    let policy = operator_policy();
    let calls = calls_of_a_life().await;
    let used = calls.iter().flat_map(|call| needs(&policy, call));
    let used: Vec<_> = used.flat_map(|(_, grants)| grants).collect();
    let actions: BTreeSet<_> = used.iter().map(|g| (g.statement, &g.action)).collect();
    let resources: BTreeSet<_> = used.iter().map(|g| (g.statement, &g.resource)).collect();
    let granted = grants(&policy);
    let unused: BTreeSet<String> = granted
        .iter()
        .filter(|g| !actions.contains(&(g.statement, &g.action)))
        .map(|g| format!("{} in {}", g.action, policy["Statement"][g.statement]))
        .collect();
    assert_eq!(unused, BTreeSet::new(), "actions that no call needs");
    let unused: BTreeSet<String> = granted
        .iter()
        .filter(|g| !resources.contains(&(g.statement, &g.resource)))
        .map(|g| format!("{} in {}", g.resource, policy["Statement"][g.statement]))
        .collect();
    assert_eq!(unused, BTreeSet::new(), "resources that no call needs");
}

#[tokio::test(start_paused = true)]
async fn the_policy_allows_no_write_to_what_has_another_clusters_tag() {
    let policy = operator_policy();
    let reads = ["GET", "Describe", "List"];
    for call in calls_of_a_life().await {
        let action = call["action"].as_str().unwrap();
        let verb = action.split(':').next_back().unwrap();
        // A Lambda function carries no tag of ours: its policy is limited to what API Gateway may do. The index of tags is only read.
        let limited_otherwise = call["service"] == "lambda" || call["service"] == "tagging";
        if limited_otherwise || reads.iter().any(|read| verb.starts_with(read)) {
            continue;
        }
        let mut foreign = call.clone();
        for tags in ["requestTags", "resourceTags"] {
            if foreign[tags].is_object() {
                foreign[tags]["cachedapi.dev/cluster-id"] = "another".into();
            }
        }
        let (own, grants) = needs(&policy, &foreign).remove(0);
        assert_eq!(grants, [], "{own}");
    }
}
