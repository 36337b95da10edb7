use std::time::Duration;

use cachedapi_operator::api::Engine;
use cachedapi_operator::model::DesiredUser;
use cachedapi_operator::plan::{
    Admission, CacheAction, CacheUser, Fact, GroupChange, NewReplicationGroup, Read,
    ReplicationGroup, Seen,
};

use local_aws::elasticache::{LoginOutcome, login};

use super::secrets;
use super::world::{World, set, tags};

pub const ID: &str = "capi-7";
const ACCESS: &str = "on ~capi:7:* resetchannels -@all +@read";

fn user(id: &str, name: &str, access_string: &str) -> DesiredUser {
    DesiredUser {
        id: id.into(),
        name: name.into(),
        access_string: access_string.into(),
    }
}

pub fn group_read() -> Read {
    Read::ReplicationGroup { id: ID.into() }
}

pub fn new_group(shards: u32, replicas: u32) -> CacheAction {
    CacheAction::CreateReplicationGroup(Box::new(group_of(shards, replicas)))
}

pub fn group_of(shards: u32, replicas: u32) -> NewReplicationGroup {
    NewReplicationGroup {
        id: ID.into(),
        description: "CachedApi shop/orders".into(),
        engine: Engine::Valkey,
        engine_version: "8.0".into(),
        node_type: "cache.t4g.small".into(),
        shards,
        replicas_per_shard: replicas,
        failover: replicas > 0 || shards > 1,
        multi_az: replicas > 0,
        subnet_group: ID.into(),
        security_group_ids: set(["sg-1"]),
        snapshot_retention_days: 1,
        admits: Admission::UserGroup(ID.into()),
        tags: tags(),
    }
}

pub fn create_subnet_group() -> CacheAction {
    CacheAction::CreateSubnetGroup {
        name: ID.into(),
        description: "CachedApi shop/orders".into(),
        subnet_ids: set(["subnet-1", "subnet-2"]),
        tags: tags(),
    }
}

/// Secret, subnet group, users and user group.
pub async fn prepare(world: &World) {
    world.act(create_subnet_group()).await;
    world.act(secrets::create()).await;
    world.act(create_user(world).await).await;
    let default = CacheAction::CreateDefaultUser {
        user: user("capi-7-d", "default", "off ~* -@all"),
        engine: Engine::Valkey,
        tags: tags(),
    };
    world.act(default).await;
    let group = CacheAction::CreateUserGroup {
        id: ID.into(),
        engine: Engine::Valkey,
        user_ids: set([ID, "capi-7-d"]),
        tags: tags(),
    };
    world.act(group).await;
}

async fn create_user(world: &World) -> CacheAction {
    CacheAction::CreateUser {
        user: user(ID, "capi-00000007", ACCESS),
        engine: Engine::Valkey,
        password: Some(secrets::password(world).await),
        tags: tags(),
    }
}

/// The group, when what goes on in it is over.
pub async fn settled(world: &World) -> ReplicationGroup {
    tokio::time::sleep(Duration::from_secs(1)).await;
    seen(world).await
}

/// The group as it is.
pub async fn seen(world: &World) -> ReplicationGroup {
    match world.read(group_read()).await {
        Fact::ReplicationGroup(Seen::Present(group)) => group,
        other => panic!("{other:?}"),
    }
}

#[tokio::test(start_paused = true)]
async fn users_and_their_group_are_as_they_were_asked_for() {
    let world = World::new();
    prepare(&world).await;
    let Fact::User {
        user: Seen::Present(user),
        ..
    } = world.read(Read::User { id: ID.into() }).await
    else {
        panic!("no user")
    };
    assert_eq!(
        (&*user.status, &*user.engine, user.passwords),
        ("active", "valkey", 1)
    );
    assert_eq!(user.name, "capi-00000007");
    assert!(user.access_string.contains("~capi:7:*"), "{user:?}");
    let Fact::DefaultUser(Seen::Present(CacheUser { access_string, .. })) = world
        .read(Read::DefaultUser {
            id: "capi-7-d".into(),
        })
        .await
    else {
        panic!("no default user")
    };
    assert!(access_string.starts_with("off"), "{access_string}");
    let Fact::UserGroup(Seen::Present(group)) = world.read(Read::UserGroup { id: ID.into() }).await
    else {
        panic!("no user group")
    };
    assert_eq!(
        (&*group.status, group.user_ids),
        ("active", set([ID, "capi-7-d"]))
    );
    let tagged = world
        .read(Read::CacheTags {
            arn: user.arn.clone(),
        })
        .await;
    assert_eq!(
        tagged,
        Fact::CacheTags {
            arn: user.arn,
            tags: Seen::Present(tags())
        }
    );
}

#[tokio::test(start_paused = true)]
async fn the_secrets_password_opens_the_cache_and_nothing_else_does() {
    let world = World::new();
    prepare(&world).await;
    world.act(new_group(1, 0)).await;
    let host = settled(&world).await.primary.unwrap().host;
    let secret = secrets::value(&world).await;
    let log_in = |user: &str, password: &str| login(&world.local, &host, user, password);
    let accepted = log_in(&secret.username, secret.password.reveal());
    assert_eq!(accepted, LoginOutcome::Accepted);
    assert_eq!(
        log_in(&secret.username, "guess"),
        LoginOutcome::WrongPassword
    );
    assert_eq!(log_in("default", ""), LoginOutcome::WrongPassword);
}

#[tokio::test(start_paused = true)]
async fn a_group_is_encrypted_needs_logins_and_has_endpoints() {
    let world = World::new();
    prepare(&world).await;
    world.act(new_group(1, 1)).await;
    let group = settled(&world).await;
    assert_eq!(
        (&*group.status, group.node_groups_available),
        ("available", true)
    );
    assert!(group.tls_required && group.encrypted_at_rest && group.failover && group.multi_az);
    assert_eq!(
        (
            group.shards,
            group.replicas_per_shard,
            group.snapshot_retention_days
        ),
        (1, 1, 1)
    );
    assert_eq!(
        (&*group.node_type, group.engine.as_deref()),
        ("cache.t4g.small", Some("valkey"))
    );
    assert_eq!(
        (&group.user_group_ids, group.member_clusters.len()),
        (&set([ID]), 2)
    );
    assert_eq!(
        group.primary.as_ref().map(|endpoint| endpoint.port),
        Some(6379)
    );
    assert!(
        group.reader.is_some() && group.pending.is_empty(),
        "{group:?}"
    );
    let id = group.member_clusters[0].clone();
    let Fact::CacheNode(Seen::Present(node)) = world.read(Read::CacheNode { id }).await else {
        panic!("no node")
    };
    assert!(node.engine_version.starts_with("8.0"), "{node:?}");
    assert_eq!(
        (node.security_group_ids, &*node.subnet_group),
        (set(["sg-1"]), ID)
    );
}

#[tokio::test(start_paused = true)]
async fn a_group_of_several_shards_has_one_endpoint_for_all() {
    let world = World::new();
    prepare(&world).await;
    world.act(new_group(2, 1)).await;
    let group = settled(&world).await;
    assert_eq!(
        (
            group.shards,
            group.replicas_per_shard,
            group.member_clusters.len()
        ),
        (2, 1, 4)
    );
    assert!(
        group.primary.is_some() && group.reader.is_none(),
        "{group:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn each_change_of_a_group_takes_effect() {
    let world = World::new();
    prepare(&world).await;
    world.act(new_group(1, 1)).await;
    let changes = [
        GroupChange::NodeType("cache.t4g.medium".into()),
        GroupChange::Engine {
            engine: Engine::Valkey,
            version: "8.1".into(),
        },
        GroupChange::SnapshotRetention(5),
        GroupChange::SecurityGroups(set(["sg-2", "sg-3"])),
        GroupChange::Failover {
            automatic: false,
            multi_az: false,
        },
    ];
    for change in changes {
        settled(&world).await;
        world
            .act(CacheAction::ModifyReplicationGroup {
                id: ID.into(),
                change,
            })
            .await;
    }
    let group = settled(&world).await;
    assert_eq!(
        (&*group.node_type, group.snapshot_retention_days),
        ("cache.t4g.medium", 5)
    );
    assert!(!group.failover && !group.multi_az, "{group:?}");
    let id = group.member_clusters[0].clone();
    let Fact::CacheNode(Seen::Present(node)) = world.read(Read::CacheNode { id }).await else {
        panic!("no node")
    };
    assert!(node.engine_version.starts_with("8.1"), "{node:?}");
    assert_eq!(node.security_group_ids, set(["sg-2", "sg-3"]));
}

#[tokio::test(start_paused = true)]
async fn replicas_come_and_go() {
    let world = World::new();
    prepare(&world).await;
    world.act(new_group(1, 1)).await;
    settled(&world).await;
    let more = CacheAction::IncreaseReplicaCount {
        id: ID.into(),
        replicas_per_shard: 3,
    };
    world.act(more).await;
    assert_eq!(settled(&world).await.replicas_per_shard, 3);
    let fewer = CacheAction::DecreaseReplicaCount {
        id: ID.into(),
        replicas_per_shard: 2,
    };
    world.act(fewer).await;
    assert_eq!(settled(&world).await.replicas_per_shard, 2);
}

#[tokio::test(start_paused = true)]
async fn subnets_access_and_members_are_changed_in_place() {
    let world = World::new();
    prepare(&world).await;
    let (name, subnet_ids) = (ID.to_owned(), set(["subnet-2", "subnet-3"]));
    world
        .act(CacheAction::ModifySubnetGroup {
            name,
            subnet_ids: subnet_ids.clone(),
        })
        .await;
    let Fact::SubnetGroup(Seen::Present(subnets)) =
        world.read(Read::SubnetGroup { name: ID.into() }).await
    else {
        panic!("no subnet group")
    };
    assert_eq!(subnets.subnet_ids, subnet_ids);
    let (id, access_string) = (ID.to_owned(), "on ~x:* -@all +@write".to_owned());
    world
        .act(CacheAction::ModifyUserAccess { id, access_string })
        .await;
    let Fact::User {
        user: Seen::Present(user),
        ..
    } = world.read(Read::User { id: ID.into() }).await
    else {
        panic!("no user")
    };
    assert!(user.access_string.contains("~x:*"), "{user:?}");
    let members = |add, remove| CacheAction::ModifyUserGroup {
        id: ID.into(),
        add,
        remove,
    };
    world.act(members(set([]), set([ID]))).await;
    settled_users(&world).await;
    world.act(members(set([ID]), set([]))).await;
    let Fact::UserGroup(Seen::Present(group)) = world.read(Read::UserGroup { id: ID.into() }).await
    else {
        panic!("no user group")
    };
    assert_eq!(group.user_ids, set([ID, "capi-7-d"]));
}

pub async fn settled_users(world: &World) {
    tokio::time::sleep(Duration::from_secs(1)).await;
    world.read(Read::UserGroup { id: ID.into() }).await;
}

/// Takes everything away, twice each: what is gone is no failure.
pub async fn tear_down(world: &World) {
    let id = || ID.to_owned();
    let final_snapshot = Some("capi-7-final".to_owned());
    let steps = [
        CacheAction::DeleteReplicationGroup {
            id: id(),
            final_snapshot,
        },
        CacheAction::DeleteUserGroup { id: id() },
        CacheAction::DeleteUser { id: id() },
        CacheAction::DeleteUser {
            id: super::iam::ID.into(),
        },
        CacheAction::DeleteUser {
            id: "capi-7-d".into(),
        },
        CacheAction::DeleteSubnetGroup { name: id() },
    ];
    for step in steps {
        tokio::time::sleep(Duration::from_secs(1)).await;
        world.act(step.clone()).await;
        tokio::time::sleep(Duration::from_secs(1)).await;
        world.act(step).await;
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_deleted_is_gone_but_the_final_snapshot() {
    let world = World::new();
    prepare(&world).await;
    world.act(new_group(1, 0)).await;
    settled(&world).await;
    let snapshot = Read::Snapshot {
        name: "capi-7-final".into(),
    };
    assert_eq!(
        world.read(snapshot.clone()).await,
        Fact::FinalSnapshot(Seen::Absent)
    );
    tear_down(&world).await;
    let available = Fact::FinalSnapshot(Seen::Present("available".into()));
    assert_eq!(world.read(snapshot).await, available);
    assert_eq!(
        world.read(group_read()).await,
        Fact::ReplicationGroup(Seen::Absent)
    );
    assert_eq!(
        world.read(Read::User { id: ID.into() }).await,
        Fact::User {
            id: ID.into(),
            user: Seen::Absent
        }
    );
    assert_eq!(
        world.read(Read::UserGroup { id: ID.into() }).await,
        Fact::UserGroup(Seen::Absent)
    );
    let subnets = world.read(Read::SubnetGroup { name: ID.into() }).await;
    assert_eq!(subnets, Fact::SubnetGroup(Seen::Absent));
}

#[tokio::test(start_paused = true)]
async fn creating_what_is_there_is_no_failure() {
    let world = World::new();
    prepare(&world).await;
    world.act(new_group(1, 0)).await;
    assert_eq!(world.act(new_group(1, 0)).await, None);
    let again = create_user(&world).await;
    assert_eq!(world.act(again).await, None);
    assert_eq!(
        world.calls.results("elasticache:CreateUser"),
        ["ok", "ok", "exists"]
    );
}
