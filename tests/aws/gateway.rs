use std::collections::BTreeMap;
use std::time::Duration;

use cachedapi_operator::api::{CachedApiSpec, EndpointType};
use cachedapi_operator::model::{Cluster, Document, Identity, validate};
use cachedapi_operator::plan::{
    Fact, GatewayAction, MethodSettings, Patch, PatchOp, PermissionAction, Read, RestApi, Seen,
    Stage, UsagePlan,
};
use serde_json::{Value, json};

use super::world::{ACCOUNT, REGION, World, set, tags};

/// The OpenAPI document of `GET /` and `GET /orders/{id}`.
pub fn document() -> Document {
    let route = |name: &str, path: &str| {
        json!({"name": name, "method": "GET", "path": path, "auth": {"public": {}},
            "backend": {"http": {"url": "https://orders.example.com/"}}})
    };
    let spec: CachedApiSpec = serde_json::from_value(json!({
        "region": REGION,
        "routes": [route("root", "/"), route("get-order", "/orders/{id}")],
        "cache": {"replicationGroup": {"engineVersion": "8.1", "nodeType": "cache.t4g.small",
            "network": {"subnetIds": ["subnet-1"], "securityGroupIds": ["sg-1"]}}},
    }))
    .unwrap();
    let identity = Identity {
        namespace: "shop".into(),
        name: "orders".into(),
        uid: uuid::Uuid::from_u128(7),
        cluster: Cluster {
            id: "test".into(),
            operator_version: "0".into(),
        },
    };
    validate(identity, &spec).unwrap().gateway.document
}

pub async fn create_api(world: &World) -> RestApi {
    let action = GatewayAction::CreateRestApi {
        name: "shop-orders".into(),
        endpoint_type: EndpointType::Regional,
        tags: tags(),
    };
    match world.act(action).await {
        Some(Fact::RestApi(Seen::Present(api))) => api,
        other => panic!("{other:?}"),
    }
}

pub async fn put_api(world: &World, api: &str) -> Option<Fact> {
    let document = document();
    let (api, hash, body) = (api.to_owned(), document.hash, document.body);
    world
        .act(GatewayAction::PutRestApi { api, hash, body })
        .await
}

/// Deploys the API and returns the deployment's id.
pub async fn deploy(world: &World, api: &str) -> String {
    let (api, description) = (api.to_owned(), "cachedapi".to_owned());
    match world
        .act(GatewayAction::CreateDeployment { api, description })
        .await
    {
        Some(Fact::DeploymentCreated(deployment)) => deployment.id,
        other => panic!("{other:?}"),
    }
}

pub async fn create_stage(world: &World, api: &str, deployment: &str) -> Option<Fact> {
    let action = GatewayAction::CreateStage {
        api: api.to_owned(),
        name: "live".into(),
        deployment: deployment.to_owned(),
        description: "first".into(),
        variables: BTreeMap::from([("colour".to_owned(), "blue".to_owned())]),
        tags: tags(),
    };
    world.act(action).await
}

pub fn stage_read(api: &str) -> Read {
    Read::Stage {
        api: api.to_owned(),
        name: "live".into(),
    }
}

pub fn replace(path: &str, value: &str) -> Patch {
    Patch {
        op: PatchOp::Replace,
        path: path.into(),
        value: Some(value.into()),
    }
}

#[tokio::test(start_paused = true)]
async fn a_put_api_has_the_documents_hash_and_methods_and_keeps_its_tags() {
    let world = World::new();
    let api = create_api(&world).await;
    assert!(!api.confirmed && api.available, "{api:?}");
    assert_eq!((&*api.name, &api.tags), ("shop-orders", &tags()));
    let Some(Fact::RestApi(Seen::Present(put))) = put_api(&world, &api.id).await else {
        panic!("no fact")
    };
    let document = document();
    assert_eq!(
        (put.version.as_ref(), put.confirmed),
        (Some(&document.hash), true)
    );
    assert_eq!(put.tags, tags());
    let read = world.read(Read::RestApi { id: api.id.clone() }).await;
    assert_eq!(
        read,
        Fact::RestApi(Seen::Present(RestApi {
            confirmed: false,
            ..put
        }))
    );
    let methods = world.read(Read::Methods { api: api.id }).await;
    assert_eq!(methods, Fact::Methods(Seen::Present(document.methods)));
}

#[tokio::test(start_paused = true)]
async fn an_api_is_found_by_its_tags_the_oldest_first() {
    let world = World::new();
    let first = create_api(&world).await;
    let second = create_api(&world).await;
    let other = GatewayAction::CreateRestApi {
        name: "shop-orders".into(),
        endpoint_type: EndpointType::Edge,
        tags: BTreeMap::new(),
    };
    world.act(other).await;
    let found = world.read(Read::RestApiSearch { tags: tags() }).await;
    assert_eq!(found, Fact::RestApis(vec![first, second]));
}

#[tokio::test(start_paused = true)]
async fn a_hint_that_leads_nowhere_is_said_to() {
    let world = World::new();
    let read = world
        .read(Read::RestApi {
            id: "abcdef1234".into(),
        })
        .await;
    assert_eq!(read, Fact::RestApiHintGone);
}

#[tokio::test(start_paused = true)]
async fn a_stage_serves_the_deployment_that_it_is_moved_to() {
    let world = World::new();
    let api = create_api(&world).await.id;
    put_api(&world, &api).await;
    let (old, new) = (deploy(&world, &api).await, deploy(&world, &api).await);
    assert_eq!(
        world.read(stage_read(&api)).await,
        Fact::Stage(Seen::Absent)
    );
    let created = create_stage(&world, &api, &old).await.unwrap();
    assert_eq!(world.read(stage_read(&api)).await, created);
    let update = GatewayAction::UpdateStage {
        api: api.clone(),
        name: "live".into(),
        patches: vec![
            replace("/deploymentId", &new),
            replace("/description", "second"),
        ],
    };
    let Some(Fact::Stage(Seen::Present(stage))) = world.act(update).await else {
        panic!("no fact")
    };
    assert_eq!(
        (&stage.deployment_id, &*stage.description),
        (&new, "second")
    );
    assert_eq!(
        (stage.variables["colour"].as_str(), &stage.tags),
        ("blue", &tags())
    );
    let delete = GatewayAction::DeleteDeployment {
        api: api.clone(),
        deployment: old,
    };
    world.act(delete.clone()).await;
    world.act(delete).await;
    let Fact::Deployments(Seen::Present(left)) = world.read(Read::Deployments { api }).await else {
        panic!("no deployments")
    };
    assert_eq!(left.iter().map(|d| &d.id).collect::<Vec<_>>(), [&new]);
}

#[tokio::test(start_paused = true)]
async fn method_settings_come_back_by_path_and_method() {
    let world = World::new();
    let api = create_api(&world).await.id;
    put_api(&world, &api).await;
    let deployment = deploy(&world, &api).await;
    create_stage(&world, &api, &deployment).await;
    let set = |key: &str, rate: &str| {
        [
            replace(&format!("/{key}/throttling/rateLimit"), rate),
            replace(&format!("/{key}/throttling/burstLimit"), "20"),
        ]
    };
    let keys = [
        ("*/*", "10"),
        ("~1orders~1{id}/GET", "5"),
        ("~1/GET", "2.5"),
    ];
    let update = GatewayAction::UpdateStage {
        api: api.clone(),
        name: "live".into(),
        patches: keys.iter().flat_map(|(key, rate)| set(key, rate)).collect(),
    };
    world.act(update).await;
    let Fact::Stage(Seen::Present(Stage {
        method_settings, ..
    })) = world.read(stage_read(&api)).await
    else {
        panic!("no stage")
    };
    let settings = |rate| MethodSettings {
        rate,
        burst: 20,
        caching: false,
    };
    let wanted = [("*/*", 10.0), ("/GET", 2.5), ("orders/{id}/GET", 5.0)];
    let wanted = wanted.map(|(key, rate)| (key.to_owned(), settings(rate)));
    assert_eq!(method_settings, BTreeMap::from(wanted));
}

#[tokio::test(start_paused = true)]
async fn a_deleted_api_is_gone_and_deleting_it_again_is_no_failure() {
    let world = World::new();
    let api = create_api(&world).await.id;
    let delete = GatewayAction::DeleteRestApi { api: api.clone() };
    world.act(delete.clone()).await;
    let back = world.attempt(delete.clone()).await.unwrap_err();
    assert_eq!(
        back.retry_after,
        Some(Duration::from_secs(30)),
        "one in half a minute: {back}"
    );
    tokio::time::sleep(Duration::from_secs(30)).await;
    world.act(delete).await;
    assert_eq!(
        world.calls.results("apigateway:DeleteRestApi"),
        ["ok", "queued", "not_found"]
    );
    assert_eq!(
        world.read(Read::Methods { api: api.clone() }).await,
        Fact::Methods(Seen::Absent)
    );
    assert_eq!(
        world.read(Read::Deployments { api }).await,
        Fact::Deployments(Seen::Absent)
    );
}

pub async fn create_key(world: &World, name: &str) {
    let action = GatewayAction::CreateApiKey {
        name: name.into(),
        tags: tags(),
    };
    assert_eq!(world.act(action).await, None);
}

pub async fn key_ids(world: &World, prefix: &str) -> Vec<String> {
    match world
        .read(Read::ApiKeys {
            prefix: prefix.into(),
        })
        .await
    {
        Fact::ApiKeys(Seen::Present(keys)) => keys.into_iter().map(|key| key.id).collect(),
        other => panic!("{other:?}"),
    }
}

#[tokio::test(start_paused = true)]
async fn every_page_of_the_keys_is_read_and_those_of_others_are_left_out() {
    let world = World::new();
    for number in 0..510 {
        create_key(&world, &format!("shop-orders-{number}")).await;
    }
    create_key(&world, "bank-orders-1").await;
    assert_eq!(key_ids(&world, "shop-orders-").await.len(), 510);
    // Two pages, and a list of more than one is read again.
    assert_eq!(world.calls.results("apigateway:GetApiKeys").len(), 2 * 2);
}

#[tokio::test(start_paused = true)]
async fn a_key_has_a_value_and_is_deleted_once() {
    let world = World::new();
    create_key(&world, "k-1").await;
    let Fact::ApiKeys(Seen::Present(keys)) = world
        .read(Read::ApiKeys {
            prefix: "k-".into(),
        })
        .await
    else {
        panic!("no keys")
    };
    let key = &keys[0];
    assert!(key.enabled && key.value.reveal().len() >= 20, "{key:?}");
    assert_eq!((&*key.name, key.created.is_some()), ("k-1", true));
    assert_eq!(key.tags, tags());
    let id = key.id.clone();
    world
        .act(GatewayAction::EnableApiKey { id: id.clone() })
        .await;
    world
        .act(GatewayAction::DeleteApiKey { id: id.clone() })
        .await;
    world.act(GatewayAction::DeleteApiKey { id }).await;
    assert_eq!(key_ids(&world, "k-").await, [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn a_usage_plan_has_its_limits_stages_and_keys() {
    let world = World::new();
    let api = create_api(&world).await.id;
    put_api(&world, &api).await;
    let deployment = deploy(&world, &api).await;
    create_stage(&world, &api, &deployment).await;
    create_key(&world, "k-1").await;
    let key = key_ids(&world, "k-").await.remove(0);
    assert_eq!(usage_plans(&world).await, []);
    let create = GatewayAction::CreateUsagePlan {
        name: "plan".into(),
        throttle: Some((2.5, 7)),
        quota: Some((1000, "DAY".into())),
        stage: (api.clone(), "live".into()),
        tags: tags(),
    };
    assert_eq!(world.act(create).await, None);
    let plan = usage_plans(&world).await.remove(0);
    assert_eq!((plan.throttle, &plan.tags), (Some((2.5, 7)), &tags()));
    assert_eq!(plan.quota, Some((1000, "DAY".into())));
    assert_eq!(
        plan.stages.iter().collect::<Vec<_>>(),
        [&(api, "live".to_owned())]
    );
    let (id, attach) = (
        plan.id.clone(),
        GatewayAction::CreateUsagePlanKey {
            plan: plan.id,
            key: key.clone(),
        },
    );
    world.act(attach.clone()).await;
    world.act(attach).await;
    let patches = vec![replace("/throttle/burstLimit", "9")];
    world
        .act(GatewayAction::UpdateUsagePlan {
            id: id.clone(),
            patches,
        })
        .await;
    let plan = usage_plans(&world).await.remove(0);
    assert_eq!(
        (plan.throttle, plan.key_ids),
        (Some((2.5, 9)), set([&*key]))
    );
    let detach = GatewayAction::DeleteUsagePlanKey { plan: id, key };
    world.act(detach.clone()).await;
    world.act(detach).await;
}

/// The usage plans with our tags.
pub async fn usage_plans(world: &World) -> Vec<UsagePlan> {
    match world.read(Read::UsagePlans { tags: tags() }).await {
        Fact::UsagePlans(Seen::Present(plans)) => plans,
        other => panic!("{other:?}"),
    }
}

#[tokio::test(start_paused = true)]
async fn of_one_name_every_key_and_every_usage_plan_with_our_tags_is_read() {
    let world = World::new();
    let api = create_api(&world).await.id;
    put_api(&world, &api).await;
    let deployment = deploy(&world, &api).await;
    create_stage(&world, &api, &deployment).await;
    let foreign = [("team".to_owned(), "billing".to_owned())];
    for tags in [foreign.into(), tags(), tags()] {
        let create = GatewayAction::CreateUsagePlan {
            name: "plan".into(),
            throttle: None,
            quota: None,
            stage: (api.clone(), "live".into()),
            tags,
        };
        world.act(create).await;
        create_key(&world, "k-1").await;
    }
    let ids = key_ids(&world, "k-").await;
    assert_eq!(ids.len(), 3, "whose they are is the planner's to tell");
    let plans = usage_plans(&world).await;
    assert_eq!(plans.len(), 2);
    for (plan, key) in plans.iter().zip(&ids) {
        let (plan, key) = (plan.id.clone(), key.clone());
        world
            .act(GatewayAction::CreateUsagePlanKey { plan, key })
            .await;
    }
    let plans = usage_plans(&world).await;
    let keys: Vec<_> = plans.into_iter().map(|plan| plan.key_ids).collect();
    assert_eq!(keys, [set([&*ids[0]]), set([&*ids[1]])]);
    assert_eq!(
        world.calls.results("apigateway:GetUsagePlanKeys").len(),
        4,
        "two for each read: none for somebody else's plan"
    );
}

#[tokio::test(start_paused = true)]
async fn our_statement_in_a_functions_policy_is_made_once_seen_and_removed() {
    let world = World::new();
    let seed = json!({"account": ACCOUNT, "region": REGION});
    let arn: Value = world.admin("PUT", "/_local/lambda/orders", seed).await["arn"].clone();
    let function = arn.as_str().unwrap().to_owned();
    let statement = "cachedapi-7".to_owned();
    let read = Read::Permission {
        function: function.clone(),
        statement: statement.clone(),
    };
    let is = |permission| Fact::Permission {
        function: function.clone(),
        permission,
    };
    assert_eq!(world.read(read.clone()).await, is(Seen::Absent));
    let source_arn = format!("arn:aws:execute-api:{REGION}:{ACCOUNT}:abc/*/*/*");
    let add = PermissionAction::AddPermission {
        function: function.clone(),
        statement: statement.clone(),
        source_arn: source_arn.clone(),
        source_account: ACCOUNT.into(),
    };
    world.act(add.clone()).await;
    world.act(add).await;
    let permission = cachedapi_operator::plan::Permission { source_arn };
    assert_eq!(
        world.read(read.clone()).await,
        is(Seen::Present(permission))
    );
    let remove = PermissionAction::RemovePermission {
        function: function.clone(),
        statement,
    };
    world.act(remove.clone()).await;
    world.act(remove).await;
    assert_eq!(world.read(read).await, is(Seen::Absent));
}
