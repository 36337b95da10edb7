//! What somebody else made.

use std::time::Duration;

use bytes::Bytes;
use cachedapi_operator::api::TAG_ADOPTABLE_BY;
use cachedapi_operator::aws::{PolicyScope, adoption_policy, policy};
use cachedapi_operator::model::Tags;
use cachedapi_operator::plan::{
    Action, CacheAction, Fact, GroupChange, Mark, Read, Release, RestApi, SecretAction, Seen,
};
use local_aws::policy::missing;
use serde_json::{Value, json};
use uuid::Uuid;

use super::gateway::create_api;
use super::secrets;
use super::world::{ACCOUNT, CLUSTER, REGION, World, tags};

/// Gives the API tags, whatever others it has.
pub async fn take_over(world: &World, api: &str, tags: Tags) {
    let arn = format!("arn:aws:apigateway:{REGION}::/restapis/{api}");
    world.act(Action::Adopt(Mark { arn, tags })).await;
}

#[tokio::test(start_paused = true)]
async fn an_api_that_is_taken_over_has_both_its_tags_and_ours() {
    let world = World::new();
    let api = create_api(&world).await;
    assert_eq!(api.endpoint_type.as_deref(), Some("REGIONAL"));
    let new = [("cachedapi.dev/adopted".to_owned(), "true".to_owned())];
    take_over(&world, &api.id, new.clone().into()).await;
    let read = world.read(Read::NamedRestApi { id: api.id.clone() }).await;
    let both = tags().into_iter().chain(new).collect();
    assert_eq!(
        read,
        Fact::NamedRestApi(Seen::Present(RestApi { tags: both, ..api }))
    );
    let gone = Read::NamedRestApi {
        id: "zzzzzzzzzz".into(),
    };
    assert_eq!(world.read(gone).await, Fact::NamedRestApi(Seen::Absent));
}

#[tokio::test(start_paused = true)]
async fn what_an_overwrite_resets_is_told_of_an_api() {
    let world = World::new();
    let made = json!({
        "name": "legacy", "binaryMediaTypes": ["image/png"], "minimumCompressionSize": 1000,
        "apiKeySource": "AUTHORIZER", "disableExecuteApiEndpoint": true, "policy": "{}",
    });
    let id = make_by_hand(&world, &made).await;
    let Fact::NamedRestApi(Seen::Present(api)) = world.read(Read::NamedRestApi { id }).await else {
        panic!("no API")
    };
    assert_eq!(
        api.settings,
        [
            "the resource policy",
            "the list of binary media types",
            "the minimum size for compression",
            "that the key comes from an authorizer",
            "that the default endpoint is off",
        ]
    );
    assert_eq!(create_api(&world).await.settings, [""; 0]);
}

/// Somebody makes a REST API; gives its id.
async fn make_by_hand(world: &World, api: &Value) -> String {
    let made = by_hand(world, "apigateway", "/restapis", &[], api.to_string()).await;
    let made: Value = serde_json::from_slice(&made).unwrap();
    made["id"].as_str().unwrap().to_owned()
}

/// Somebody calls a service.
async fn by_hand(
    world: &World,
    service: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: String,
) -> Bytes {
    let scope = format!("{ACCOUNT}/20261124/{REGION}/{service}/aws4_request");
    let signature = format!("AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=x");
    let mut request = http::Request::post(path).header("authorization", signature);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let request = request.body(body.into()).unwrap();
    let response = world.local.handle(request).await;
    assert!(response.status().is_success(), "{response:?}");
    response.into_body()
}

/// Somebody makes a replication group, and consents.
async fn make_group(world: &World) {
    let form = [("content-type", "application/x-www-form-urlencoded")];
    let calls = [
        "Action=CreateCacheSubnetGroup&CacheSubnetGroupName=private&CacheSubnetGroupDescription=theirs&SubnetIds.1=subnet-1&SubnetIds.2=subnet-2".to_owned(),
        format!(
            "Action=CreateReplicationGroup&ReplicationGroupId=sessions&ReplicationGroupDescription=theirs&Engine=valkey&EngineVersion=8.0&CacheNodeType=cache.t4g.small\
             &CacheSubnetGroupName=private&SecurityGroupIds.1=sg-1&TransitEncryptionEnabled=true&AuthToken=a-token-of-theirs&Tags.1.Key={TAG_ADOPTABLE_BY}&Tags.1.Value={CLUSTER}"
        ),
    ];
    for call in calls {
        let body = format!("{call}&Version=2015-02-02");
        by_hand(world, "elasticache", "/", &form, body).await;
    }
    tokio::time::sleep(Duration::from_mins(20)).await;
}

/// Somebody makes a secret, and consents; gives its ARN.
async fn make_secret(world: &World) -> String {
    let headers = [
        ("content-type", "application/x-amz-json-1.1"),
        ("x-amz-target", "secretsmanager.CreateSecret"),
    ];
    let secret = json!({
        "Name": "theirs", "SecretString": "{\"password\": \"a-token-of-theirs\"}", "ClientRequestToken": "00000000-0000-4000-8000-000000000001",
        "Tags": [{"Key": TAG_ADOPTABLE_BY, "Value": format!("{CLUSTER}/shop/orders")}],
    });
    let made = by_hand(world, "secretsmanager", "/", &headers, secret.to_string()).await;
    let made: Value = serde_json::from_slice(&made).unwrap();
    made["ARN"].as_str().unwrap().to_owned()
}

/// What the operator does to a group and a secret that it takes over, changes and gives back.
async fn take_over_and_give_back(world: &World) {
    let group = Read::ReplicationGroup {
        id: "sessions".into(),
    };
    let Fact::ReplicationGroup(Seen::Present(group)) = world.read(group).await else {
        panic!("no group")
    };
    assert!(group.auth_token && !group.cluster_mode && !group.global);
    let node = Read::CacheNode {
        id: group.member_clusters[0].clone(),
    };
    let Fact::CacheNode(Seen::Present(node)) = world.read(node).await else {
        panic!("no node")
    };
    assert!(node.parameter_group.starts_with("default."), "{node:?}");
    let name = node.subnet_group;
    let Fact::SubnetGroup(Seen::Present(_)) = world.read(Read::SubnetGroup { name }).await else {
        panic!("no subnet group")
    };
    let secret = make_secret(world).await;
    for arn in [&group.arn, &secret] {
        let (arn, tags) = (arn.clone(), tags());
        world.act(Action::Adopt(Mark { arn, tags })).await;
    }
    tokio::time::sleep(Duration::from_mins(20)).await;
    let change = GroupChange::SnapshotRetention(3);
    let id = "sessions".into();
    world
        .act(CacheAction::ModifyReplicationGroup { id, change })
        .await;
    let name = secret.clone();
    let Fact::Secret(Seen::Present(seen)) = world.read(Read::Secret { name }).await else {
        panic!("no secret")
    };
    let put = SecretAction::PutSecretValue {
        arn: secret.clone(),
        token: Uuid::from_u128(2),
        from: seen.current().unwrap().to_owned(),
        facts: secrets::facts(Some("cache.example.com")),
    };
    world.act(put).await;
    tokio::time::sleep(Duration::from_mins(20)).await;
    for arn in [group.arn, secret] {
        let keys = tags().into_keys().collect();
        world.act(Action::Release(Release { arn, keys })).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_group_and_a_secret_that_are_given_back_have_the_tags_that_they_had() {
    let world = World::new();
    make_group(&world).await;
    take_over_and_give_back(&world).await;
    tokio::time::sleep(Duration::from_mins(20)).await;
    let arn = format!("arn:aws:elasticache:{REGION}:{ACCOUNT}:replicationgroup:sessions");
    let Fact::CacheTags { tags, .. } = world.read(Read::CacheTags { arn }).await else {
        panic!("no tags")
    };
    let theirs: Tags = [(TAG_ADOPTABLE_BY.to_owned(), CLUSTER.to_owned())].into();
    assert_eq!(tags, Seen::Present(theirs));
}

#[tokio::test(start_paused = true)]
async fn the_policy_for_adoptions_allows_them_and_gives_no_tag_without_consent() {
    let world = World::new();
    make_group(&world).await;
    let before = calls(&world).await.len();
    take_over_and_give_back(&world).await;
    let scope = scope();
    let mut both = policy(&scope);
    let more = adoption_policy(&scope)["Statement"].clone();
    let statements = both["Statement"].as_array_mut().unwrap();
    statements.extend(more.as_array().unwrap().clone());
    let mut adopted = 0;
    for mut call in calls(&world).await.split_off(before) {
        if call["operation"] == "CreateSecret" {
            continue;
        }
        assert_eq!(missing(&both, &call), [], "{call}");
        let takes =
            ["AddTagsToResource", "TagResource"].contains(&call["operation"].as_str().unwrap());
        if takes {
            adopted += 1;
            call["resourceTags"] = json!({TAG_ADOPTABLE_BY: "another"});
            assert_ne!(missing(&both, &call), [], "{call}");
        }
        if call["operation"] == "ModifyReplicationGroup" {
            assert_ne!(
                missing(&policy(&scope), &call),
                [],
                "not without the policy"
            );
        }
    }
    assert_eq!(adopted, 2);
}

async fn calls(world: &World) -> Vec<Value> {
    let calls = world.admin("GET", "/_local/calls", Value::Null).await;
    calls["log"].as_array().unwrap().clone()
}

fn scope() -> PolicyScope {
    PolicyScope {
        partition: "aws".into(),
        region: "*".into(),
        account: ACCOUNT.into(),
        cluster_id: CLUSTER.into(),
        consumer_policies: false,
    }
}
