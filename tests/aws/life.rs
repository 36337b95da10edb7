//! All that can happen to an object between its creation and its end: every operation that the operator has, so that every permission
//! is used.

use std::time::Duration;

use cachedapi_operator::api::Engine;
use cachedapi_operator::plan::{
    CacheAction, GatewayAction, GroupChange, Patch, PatchOp, PermissionAction, Read, SecretAction,
};
use serde_json::json;

use super::world::{ACCOUNT, REGION, World, set, tags};
use super::{adoption, cache, functions, gateway, iam, orphans, roles, secrets, tokens};

/// Lives it.
pub async fn live(world: &World) {
    let api = put_api_live(world).await;
    sell(world, &api).await;
    let function = let_invoke(world, &api).await;
    functions::bind(world).await;
    roles::lend(world).await;
    cache::prepare(world).await;
    world.act(cache::new_group(1, 1)).await;
    secrets::put(world, "cache.example.com").await;
    iam::create(world).await;
    change_cache(world).await;
    iam::require(world).await;
    look(world, &api, &function).await;
    orphans::sweep(world).await;
    cache::settled(world).await;
    end(world, &api).await;
    tokens::live(world).await;
}

/// Makes an API, deploys it, deploys it again, and returns its id.
async fn put_api_live(world: &World) -> String {
    let api = gateway::create_api(world).await.id;
    adoption::take_over(world, &api, tags()).await;
    gateway::put_api(world, &api).await;
    let first = gateway::deploy(world, &api).await;
    gateway::create_stage(world, &api, &first).await;
    let second = gateway::deploy(world, &api).await;
    let move_on = GatewayAction::UpdateStage {
        api: api.clone(),
        name: "live".into(),
        patches: vec![gateway::replace("/deploymentId", &second)],
    };
    world.act(move_on).await;
    let tidy = GatewayAction::DeleteDeployment {
        api: api.clone(),
        deployment: first,
    };
    world.act(tidy).await;
    api
}

/// API keys and usage plan, from first to last.
async fn sell(world: &World, api: &str) {
    gateway::create_key(world, "k-1").await;
    let key = gateway::key_ids(world, "k-").await.remove(0);
    let create = GatewayAction::CreateUsagePlan {
        name: "plan".into(),
        throttle: Some((2.5, 7)),
        quota: None,
        stage: (api.to_owned(), "live".into()),
        tags: tags(),
    };
    world.act(create).await;
    let plan = gateway::usage_plans(world).await.remove(0).id;
    let patches = vec![gateway::replace("/throttle/burstLimit", "9")];
    let detach = Patch {
        op: PatchOp::Remove,
        path: "/apiStages".into(),
        value: Some(format!("{api}:live")),
    };
    let (id, plan) = (|| plan.clone(), plan.clone());
    let steps = [
        GatewayAction::EnableApiKey { id: key.clone() },
        GatewayAction::CreateUsagePlanKey {
            plan: id(),
            key: key.clone(),
        },
        GatewayAction::UpdateUsagePlan { id: id(), patches },
        GatewayAction::DeleteUsagePlanKey {
            plan: id(),
            key: key.clone(),
        },
        GatewayAction::UpdateUsagePlan {
            id: id(),
            patches: vec![detach],
        },
        GatewayAction::DeleteUsagePlan { id: plan },
        GatewayAction::DeleteApiKey { id: key },
    ];
    for step in steps {
        tokio::time::sleep(Duration::from_secs(20)).await;
        world.act(step).await;
    }
}

/// Lets the API invoke a function, and no more.
async fn let_invoke(world: &World, api: &str) -> String {
    let seed = json!({"account": ACCOUNT, "region": REGION});
    let made = world.admin("PUT", "/_local/lambda/orders", seed).await;
    let function = made["arn"].as_str().unwrap().to_owned();
    let statement = "cachedapi-7".to_owned();
    let add = PermissionAction::AddPermission {
        function: function.clone(),
        statement: statement.clone(),
        source_arn: format!("arn:aws:execute-api:{REGION}:{ACCOUNT}:{api}/*/*"),
        source_account: ACCOUNT.into(),
    };
    world.act(add).await;
    let remove = PermissionAction::RemovePermission {
        function: function.clone(),
        statement,
    };
    world.act(remove).await;
    function
}

/// Every change of a cache in place.
async fn change_cache(world: &World) {
    let id = || cache::ID.to_owned();
    let changes = [
        GroupChange::NodeType("cache.t4g.medium".into()),
        GroupChange::Engine {
            engine: Engine::Valkey,
            version: "8.1".into(),
        },
        GroupChange::SnapshotRetention(5),
        GroupChange::SecurityGroups(set(["sg-2"])),
    ];
    let modify = |change| CacheAction::ModifyReplicationGroup { id: id(), change };
    let replicas = [
        CacheAction::IncreaseReplicaCount {
            id: id(),
            replicas_per_shard: 2,
        },
        CacheAction::DecreaseReplicaCount {
            id: id(),
            replicas_per_shard: 1,
        },
    ];
    for step in changes.map(modify).into_iter().chain(replicas) {
        cache::settled(world).await;
        world.act(step).await;
    }
    let subnets = CacheAction::ModifySubnetGroup {
        name: id(),
        subnet_ids: set(["subnet-1", "subnet-2", "subnet-3"]),
    };
    world.act(subnets).await;
    let access = CacheAction::ModifyUserAccess {
        id: id(),
        access_string: "on ~x:* -@all +@write".into(),
    };
    world.act(access).await;
    change_members(world).await;
}

async fn change_members(world: &World) {
    let with = |add, remove| CacheAction::ModifyUserGroup {
        id: cache::ID.into(),
        add,
        remove,
    };
    for members in [
        with(set([]), set([cache::ID])),
        with(set([cache::ID]), set([])),
    ] {
        cache::settled_users(world).await;
        world.act(members).await;
    }
    cache::settled_users(world).await;
}

/// Everything there is to read and that no step has read.
async fn look(world: &World, api: &str, function: &str) {
    let api = || api.to_owned();
    let node = cache::settled(world).await.member_clusters.remove(0);
    let secret = secrets::secret(world).await;
    let version = secret.current().unwrap().to_owned();
    let arn = secret.arn;
    for read in [
        Read::RestApi { id: api() },
        Read::RestApiSearch { tags: tags() },
        Read::Methods { api: api() },
        Read::Deployments { api: api() },
        gateway::stage_read(&api()),
        Read::Permission {
            function: function.to_owned(),
            statement: "cachedapi-7".into(),
        },
        Read::SubnetGroup {
            name: cache::ID.into(),
        },
        Read::User {
            id: cache::ID.into(),
        },
        Read::UserGroup {
            id: cache::ID.into(),
        },
        Read::CacheNode { id: node },
        Read::CacheTags {
            arn: format!("arn:aws:elasticache:{REGION}:{ACCOUNT}:user:{}", cache::ID),
        },
        Read::Snapshot {
            name: "capi-7-final".into(),
        },
        Read::SecretValue { arn, version },
    ] {
        world.read(read).await;
    }
}

/// The end, with a final snapshot and a secret that came back once.
async fn end(world: &World, api: &str) {
    cache::tear_down(world).await;
    secrets::rotate(world).await;
    let arn = secrets::secret(world).await.arn;
    let delete = SecretAction::DeleteSecret {
        arn: arn.clone(),
        recovery_window_days: 7,
    };
    world.act(delete.clone()).await;
    world.act(SecretAction::RestoreSecret { arn }).await;
    world.act(delete).await;
    tokio::time::sleep(Duration::from_secs(30)).await;
    let api = api.to_owned();
    world.act(GatewayAction::DeleteRestApi { api }).await;
}
