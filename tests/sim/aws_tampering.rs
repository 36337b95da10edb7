//! What people and other tools do to the object's things in AWS.

use futures::FutureExt;
use futures::future::BoxFuture;
use local_aws::elasticache::LoginOutcome;
use serde_json::{Value, json};
use tokio::time::sleep;

use crate::world::World;

use super::course::{
    Course, MINUTE, aws_does, aws_recovers, error, group_id, messages, put_in_aws, says,
};
use super::run::is_quiet;
use super::scenario::{Part, Scenario};

type Harm = fn(&World) -> BoxFuture<'_, ()>;

/// What is done, and which invariants that violates by itself.
const HARMS: [(&str, Harm, &[&str]); 17] = [
    (
        "the secret waits for its deletion",
        |world| delete_secret(world, json!({"RecoveryWindowInDays": 7})).boxed(),
        &[],
    ),
    (
        "the version before is current",
        |world| move_back(world).boxed(),
        &["I4", "I12"],
    ),
    (
        "a value is written by hand",
        |world| write_value(world).boxed(),
        &["I4", "I6"],
    ),
    (
        "the user has another password",
        |world| {
            cache(
                world,
                "ModifyUser",
                "UserId={}&Passwords.member.1=of-somebody-else-entirely",
            )
            .boxed()
        },
        &["I4", "I6"],
    ),
    (
        "the user may do everything",
        |world| {
            cache(
                world,
                "ModifyUser",
                "UserId={}&AccessString=on%20~*%20%2B@all",
            )
            .boxed()
        },
        &[],
    ),
    (
        "the user group is detached",
        |world| {
            cache(
                world,
                "ModifyReplicationGroup",
                "ReplicationGroupId={}&ApplyImmediately=true&UserGroupIdsToRemove.member.1={}",
            )
            .boxed()
        },
        &["I4", "I6"],
    ),
    (
        "the user is out of its group",
        |world| {
            cache(
                world,
                "ModifyUserGroup",
                "UserGroupId={}&UserIdsToRemove.member.1={}",
            )
            .boxed()
        },
        &["I4", "I6"],
    ),
    (
        "the cache is gone",
        |world| cache(world, "DeleteReplicationGroup", "ReplicationGroupId={}").boxed(),
        &["I4", "I6"],
    ),
    (
        "the user default is let in",
        |world| {
            cache(world, "ModifyUser", "UserId={}-d&AccessString=on%20~*%20%2B@all&Passwords.member.1=let-everybody-in-here").boxed()
        },
        &[],
    ),
    (
        "the cache fails over",
        |world| {
            cache(
                world,
                "TestFailover",
                "ReplicationGroupId={}&NodeGroupId=0001",
            )
            .boxed()
        },
        &[],
    ),
    (
        "the cache has other nodes",
        |world| {
            cache(
                world,
                "ModifyReplicationGroup",
                "ReplicationGroupId={}&ApplyImmediately=true&CacheNodeType=cache.t4g.medium",
            )
            .boxed()
        },
        &["I6"],
    ),
    (
        "the API is gone",
        |world| delete_api(world).boxed(),
        &["I6"],
    ),
    (
        "the stage is gone",
        |world| delete_stage(world).boxed(),
        &["I6"],
    ),
    (
        "the stage serves another deployment",
        |world| repoint(world).boxed(),
        &["I6"],
    ),
    (
        "a method is gone",
        |world| delete_method(world).boxed(),
        &["I6"],
    ),
    (
        "the API key is gone",
        |world| delete_key(world).boxed(),
        &["I6"],
    ),
    (
        "the usage plan is gone",
        |world| delete_plan(world).boxed(),
        &["I6"],
    ),
];

fn arn(world: &World) -> Value {
    world.object()["status"]["credentials"]["secretArn"].clone()
}

fn api(world: &World) -> String {
    let id = &world.object()["status"]["api"]["id"];
    format!("/restapis/{}", id.as_str().unwrap())
}

/// Somebody calls ElastiCache about the object's thing, whose id takes the place of `{}`.
async fn cache(world: &World, operation: &str, parameters: &str) {
    let parameters = parameters.replace("{}", &group_id(world));
    assert!(
        world.elasticache(operation, &parameters).await,
        "{operation} {parameters}"
    );
}

async fn delete_secret(world: &World, how: Value) {
    let mut delete = how;
    delete["SecretId"] = arn(world);
    world.secrets_manager("DeleteSecret", &delete).await;
}

async fn move_back(world: &World) {
    let place = world.place();
    let secrets = place["secretsmanager"]["secrets"].as_object().unwrap();
    let secret = secrets
        .values()
        .find(|secret| secret["arn"] == arn(world))
        .unwrap();
    let labelled = |label: &str| {
        let has = |version: &Value| {
            version["labels"]
                .as_array()
                .unwrap()
                .contains(&label.into())
        };
        let mut versions = secret["versions"].as_object().unwrap().iter();
        versions
            .find(|(_, version)| has(version))
            .unwrap()
            .0
            .clone()
    };
    let stage = json!({
        "SecretId": arn(world), "VersionStage": "AWSCURRENT",
        "MoveToVersionId": labelled("AWSPREVIOUS"), "RemoveFromVersionId": labelled("AWSCURRENT"),
    });
    world
        .secrets_manager("UpdateSecretVersionStage", &stage)
        .await;
}

async fn write_value(world: &World) {
    let value = json!({"username": world.bound()["username"], "password": "of-somebody-else-entirely", "engine": "valkey"});
    let put = json!({
        "SecretId": arn(world), "SecretString": value.to_string(),
        "ClientRequestToken": "00000000-0000-0000-0000-0000000000ff",
    });
    world.secrets_manager("PutSecretValue", &put).await;
}

/// The usage plan that counts for the object's API no longer does; its path.
async fn detach_plan(world: &World) -> String {
    let api = api(world).replace("/restapis/", "");
    let plans = world.gateway("GET", "/usageplans", &Value::Null).await;
    let mut plans = plans["item"].as_array().unwrap().iter();
    let plan = plans
        .find(|plan| plan["apiStages"].to_string().contains(&api))
        .unwrap();
    let path = format!("/usageplans/{}", plan["id"].as_str().unwrap());
    let remove = json!([{"op": "remove", "path": "/apiStages", "value": format!("{api}:prod")}]);
    world
        .gateway("PATCH", &path, &json!({"patchOperations": remove}))
        .await;
    path
}

async fn delete_plan(world: &World) {
    let path = detach_plan(world).await;
    world.gateway("DELETE", &path, &Value::Null).await;
}

async fn delete_api(world: &World) {
    detach_plan(world).await;
    world.gateway("DELETE", &api(world), &Value::Null).await;
}

async fn delete_stage(world: &World) {
    let stage = format!("{}/stages/prod", api(world));
    world.gateway("DELETE", &stage, &Value::Null).await;
}

async fn repoint(world: &World) {
    let api = api(world);
    let path = format!("{api}/deployments");
    let deployment = world.gateway("POST", &path, &json!({})).await;
    let replace = json!([{"op": "replace", "path": "/deploymentId", "value": deployment["id"]}]);
    let stage = format!("{api}/stages/prod");
    world
        .gateway("PATCH", &stage, &json!({"patchOperations": replace}))
        .await;
}

async fn delete_method(world: &World) {
    let api = api(world);
    let resources = world
        .gateway("GET", &format!("{api}/resources"), &Value::Null)
        .await;
    let mut items = resources["item"].as_array().unwrap().iter();
    let resource = items
        .find(|item| item["resourceMethods"]["GET"].is_object())
        .unwrap();
    let id = resource["id"].as_str().unwrap();
    let method = format!("{api}/resources/{id}/methods/GET");
    world.gateway("DELETE", &method, &Value::Null).await;
}

async fn delete_key(world: &World) {
    let (place, uid) = (world.place(), world.object()["metadata"]["uid"].clone());
    let owner = |id: &str| {
        let arn = format!("arn:aws:apigateway:eu-west-1::/apikeys/{id}");
        place["tags"][arn]["cachedapi.dev/owner-uid"].clone()
    };
    let mut keys = place["apigateway"]["keys"].as_object().unwrap().keys();
    let own = keys.find(|id| owner(id) == uid).unwrap();
    world
        .gateway("DELETE", &format!("/apikeys/{own}"), &Value::Null)
        .await;
}

/// What there is one of.
const COUNTED: [&str; 6] = [
    "/apigateway/apis",
    "/apigateway/stages",
    "/apigateway/keys",
    "/apigateway/plans",
    "/elasticache/user_groups",
    "/elasticache/replication_groups",
];

/// O1, O3 to O7.
#[tokio::test(start_paused = true)]
async fn what_people_do_to_things_in_aws_is_put_right_within_ten_polls() {
    for (case, harm, excused) in HARMS {
        let mut course = Course::of(Scenario::Update(Part::Route)).await;
        let world = course.world.clone();
        let before = world.inventory();
        // Quotas count what people do as well.
        sleep(MINUTE).await;
        harm(&world).await;
        // Ten polls look at everything once.
        course.pass(MINUTE * 130).await;
        assert!(is_quiet(&world), "{case}: {:#}", world.object()["status"]);
        assert_eq!(world.log_in(), LoginOutcome::Accepted, "{case}");
        let inventory = world.inventory();
        for kind in COUNTED {
            assert_eq!(inventory[kind], before[kind], "{case}: {kind}");
        }
        course.begin().await;
        course.end(case, excused).await;
    }
}

/// O1.
#[tokio::test(start_paused = true)]
async fn a_secret_that_is_gone_for_good_is_told_of_and_no_password_made_up_while_the_cache_has_one()
{
    let mut course = Course::of(Scenario::Delete).await;
    let world = course.world.clone();
    delete_secret(&world, json!({"ForceDeleteWithoutRecovery": true})).await;
    course.pass(MINUTE * 30).await;
    let said = says(&world, "CredentialsReady");
    assert_eq!(said, ("False".into(), "SecretUnusable".into()));
    assert_eq!(
        world.log_in(),
        LoginOutcome::Accepted,
        "what is bound works"
    );
    course.begin().await;
    course.end("the secret is gone", &[]).await;
}

/// O4.
#[tokio::test(start_paused = true)]
async fn a_cache_that_also_accepts_connections_without_tls_is_told_of_until_it_does_not() {
    let mut course = Course::of(Scenario::Update(Part::Route)).await;
    let world = course.world.clone();
    for (mode, ready) in [("preferred", "False"), ("required", "True")] {
        let transit = format!(
            "/elasticache/replication_groups/{}/transit",
            group_id(&world)
        );
        put_in_aws(&world, &transit, &mode.into());
        course.pass(MINUTE * 25).await;
        assert_eq!(says(&world, "CacheReady").0, ready, "{mode}");
        assert_eq!(says(&world, "Ready").0, ready, "{mode}");
        let told = messages(&world);
        assert_eq!(told.contains("without TLS"), ready == "False", "{told}");
    }
    course.begin().await;
    course.end("TLS was optional", &[]).await;
}

/// O9.
#[tokio::test(start_paused = true)]
async fn what_lost_our_tags_is_not_ours_is_told_of_and_not_deleted() {
    const OWNER: &str = "cachedapi.dev/owner-uid";
    const CLUSTER: &str = "cachedapi.dev/cluster-id";
    let mut course = Course::of(Scenario::Delete).await;
    let world = course.world.clone();
    let groups = &world.place()["elasticache"]["replication_groups"];
    let arn = groups[group_id(&world)]["arn"].as_str().unwrap().to_owned();
    let keys = format!("ResourceName={arn}&TagKeys.member.1={OWNER}&TagKeys.member.2={CLUSTER}");
    cache(&world, "RemoveTagsFromResource", &keys).await;
    let now = json!({"cachedapi.dev/reconcile-requested-at": "now"});
    world.patch(json!({"metadata": {"annotations": now}})).await;
    course.pass(MINUTE * 30).await;
    let said = says(&world, "CacheReady");
    assert_eq!(said, ("False".into(), "NameTaken".into()));
    assert!(messages(&world).contains("put its tags back"));
    assert_eq!(world.log_in(), LoginOutcome::Accepted, "it works");
    let uid = world.object()["metadata"]["uid"]
        .as_str()
        .unwrap()
        .to_owned();
    let owner = format!("Tags.Tag.1.Key={OWNER}&Tags.Tag.1.Value={uid}");
    let cluster = format!("Tags.Tag.2.Key={CLUSTER}&Tags.Tag.2.Value=test");
    let tags = format!("ResourceName={arn}&{owner}&{cluster}");
    cache(&world, "AddTagsToResource", &tags).await;
    course.begin().await;
    course.end("tags removed", &["I9"]).await;
}

/// O10.
#[tokio::test(start_paused = true)]
async fn while_the_secrets_key_is_disabled_the_cache_keeps_its_credential() {
    for scenario in [Scenario::Rotate, Scenario::Update(Part::Route)] {
        let mut course = Course::of(scenario).await;
        for operation in ["GetSecretValue", "PutSecretValue"] {
            let operation = format!("secretsmanager:{operation}");
            aws_does(&course.world, &operation, error("DecryptionFailure", 400)).await;
        }
        course.restart();
        course.begin().await;
        course.pass(MINUTE * 120).await;
        let told = messages(&course.world);
        assert!(told.contains("DecryptionFailure"), "{scenario:?}: {told}");
        assert_eq!(course.world.log_in(), LoginOutcome::Accepted);
        aws_recovers(&course.world).await;
        course.end("the key is disabled", &[]).await;
    }
}
