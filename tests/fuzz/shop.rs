//! A world in which every field of the spec has something to refer to.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use kube::api::{Api, DynamicObject, Patch, PatchParams, PostParams};
use local_aws::{Config, Delays};
use serde_json::{Value, json};
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

use crate::kept::Kept;
use crate::threads::alone;
use crate::world::{ACCOUNT, NAME, NAMESPACE, POLL, Process, REGION, World};

/// How long the operator may try what AWS refuses until that is taken for what it says.
const TRYING: Duration = Duration::from_hours(1);

/// A spec in which every part is there.
pub fn spec() -> Value {
    let group = json!({
        "engine": "valkey", "engineVersion": "8.0", "nodeType": "cache.t4g.small", "shards": 1, "replicasPerShard": 1,
        "network": {"subnetIds": ["subnet-0a", "subnet-0b"], "securityGroupIds": ["sg-0a"]}, "snapshots": {"retentionDays": 7},
    });
    json!({
        "region": REGION,
        "api": {
            "endpointType": "Regional",
            "stage": {"name": "prod", "throttle": {"rate": 500, "burst": 1000}, "variables": {"colour": "blue"}},
            "apiKeys": [{"name": "partner", "secret": {"name": "partner-key"}}],
            "usagePlan": {"throttle": {"rate": 10, "burst": 20}, "quota": {"limit": 1000, "period": "Day"}},
        },
        "routes": [http_route(), lambda_route(), {
            "name": "report", "method": "GET", "path": "/reports/{rest+}", "auth": {"apiKey": {}},
            "backend": {"http": {"url": "https://reports.example.com/{rest}"}},
        }],
        "cache": {"replicationGroup": group},
        "credentials": {
            "password": {"rotateEvery": "30d", "clientCacheTtl": "15m", "grace": "1h"}, "probe": "Login", "recoveryWindowDays": 30,
        },
        "bindings": [
            {"secret": {"name": "orders-cache", "previousPassword": false}},
            {"lambda": {"functionArn": function("billing"), "alias": "live"}},
            {"deployment": {"name": "orders"}},
            {"statefulSet": {"name": "orders"}},
        ],
        "deletionPolicy": {"api": "Delete", "cache": "Delete", "secret": "Delete"},
        "managementPolicy": "Manage",
    })
}

/// An object of this spec, as a user writes it.
pub fn object(namespace: &str, name: &str, spec: &Value) -> Value {
    json!({
        "apiVersion": "cachedapi.dev/v1alpha1", "kind": "CachedApi", "metadata": {"name": name, "namespace": namespace}, "spec": spec,
    })
}

fn http_route() -> Value {
    json!({
        "name": "get-order", "method": "GET", "path": "/orders/{id}", "auth": {"iam": {}},
        "backend": {"http": {"url": "https://orders.example.com/orders/{id}"}, "timeoutMillis": 5000},
        "parameters": [{"header": "x-customer", "from": {"query": "customer"}}],
        "cache": {"ttl": "60s", "scope": "Shared", "key": {"query": ["fields"], "headers": ["accept-language"]}},
        "throttle": {"rate": 50, "burst": 100},
    })
}

fn lambda_route() -> Value {
    json!({
        "name": "list-orders", "method": "GET", "path": "/orders", "auth": {"iam": {}},
        "backend": {"lambda": {"functionArn": function("orders")}}, "cache": {"ttl": "10s"},
    })
}

/// The ARN of a function.
pub fn function(name: &str) -> String {
    format!("arn:aws:lambda:{REGION}:{ACCOUNT}:function:{name}")
}

/// A world with what [`object`] refers to and what its edits may.
async fn open() -> World {
    let world = World::new(Config {
        delays: Delays::fast(),
        ..Config::default()
    })
    .await;
    for (name, qualifiers) in [
        ("orders", json!(["live"])),
        ("prices", json!([])),
        ("billing", json!(["live", "beta"])),
        ("invoices", json!(["live"])),
    ] {
        let role = format!("arn:aws:iam::{ACCOUNT}:role/{name}");
        let seed = json!({
            "account": ACCOUNT, "region": REGION, "qualifiers": qualifiers,
            "configuration": {"CodeSha256": "code", "Role": role, "Environment": {"Variables": {"LOG": "info"}}},
        });
        world
            .admin("PUT", &format!("/_local/lambda/{name}"), &seed)
            .await;
    }
    for name in ["team", "sales"] {
        make_account(&world, name).await;
    }
    for workloads in [world.deployments(), world.stateful_sets()] {
        for name in ["orders", "basket"] {
            make_workload(&workloads, name).await;
        }
    }
    world
}

/// An `AwsAccount` with a role of its own, in the operator's account: objects do not move between accounts.
async fn make_account(world: &World, name: &str) {
    let role = json!({"account": ACCOUNT, "trust": {"account": ACCOUNT}});
    let role = world
        .admin("PUT", &format!("/_local/iam/{name}"), &role)
        .await;
    let account = json!({"metadata": {"name": name}, "spec": {"roleArn": role["arn"], "allowedNamespaces": ["*"]}});
    world.create_account(&account).await;
}

async fn make_workload(workloads: &Api<DynamicObject>, name: &str) {
    let workload = json!({
        "metadata": {"name": name},
        "spec": {
            "replicas": 1, "selector": {"matchLabels": {"app": name}},
            "template": {"metadata": {"labels": {"app": name}}, "spec": {"containers": [{"name": "main", "image": "main:1"}]}},
        },
    });
    let workload = serde_json::from_value(workload).unwrap();
    workloads
        .create(&PostParams::default(), &workload)
        .await
        .unwrap();
}

/// The controllers of workloads, which make all pods new at once; they end when this is dropped.
struct Rollouts(JoinHandle<()>);

impl Drop for Rollouts {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Rollouts {
    fn of(world: &Arc<World>) -> Self {
        let world = world.clone();
        Self(tokio::spawn(async move {
            let mut changes = world.kube.changes();
            loop {
                for (plural, api) in [
                    ("deployments", world.deployments()),
                    ("statefulsets", world.stateful_sets()),
                ] {
                    for workload in world.kube.objects(plural) {
                        finish(&api, &workload).await;
                    }
                }
                changes.changed().await.unwrap();
            }
        }))
    }
}

async fn finish(workloads: &Api<DynamicObject>, workload: &Value) {
    let generation = &workload["metadata"]["generation"];
    if workload["status"]["observedGeneration"] == *generation {
        return;
    }
    let status = json!({"status": {
        "observedGeneration": generation, "replicas": 1, "updatedReplicas": 1, "readyReplicas": 1, "availableReplicas": 1,
    }});
    let name = workload["metadata"]["name"].as_str().unwrap();
    workloads
        .patch_status(name, &PatchParams::default(), &Patch::Merge(status))
        .await
        .unwrap();
}

/// A world with an operator in it and an object that a user edits.
pub struct Shop {
    pub world: Arc<World>,
    pub operator: Process,
    _rollouts: Rollouts,
}

impl Shop {
    /// Opens one with an object of this spec, and waits until that is settled.
    pub async fn settled(spec: &Value) -> Self {
        let shop = Self::open(spec).await;
        shop.settle().await;
        shop
    }

    /// The same, as a copy of one that is settled once.
    pub async fn kept(spec: &Value) -> Self {
        static KEPT: Mutex<BTreeMap<String, Arc<Kept>>> = Mutex::new(BTreeMap::new());
        let kept = {
            let mut kept = KEPT.lock().unwrap_or_else(PoisonError::into_inner);
            let made = kept.entry(spec.to_string()).or_insert_with(|| {
                let world = alone(0, || async { Self::settled(spec).await.world });
                Arc::new(Arc::into_inner(world).unwrap().into())
            });
            made.clone()
        };
        let shop = Self::at_work_in(kept.go_on());
        shop.settle().await;
        shop
    }

    /// Opens one with an object of this spec.
    pub async fn open(spec: &Value) -> Self {
        let world = open().await;
        world.create(&object(NAMESPACE, NAME, spec)).await;
        Self::at_work_in(world)
    }

    fn at_work_in(world: World) -> Self {
        let world = Arc::new(world);
        Self {
            _rollouts: Rollouts::of(&world),
            operator: world.operator(),
            world,
        }
    }

    /// The user writes another spec, and waits until that is settled.
    pub async fn write(&self, spec: &Value) {
        self.edit(spec).await;
        self.settle().await;
    }

    /// The user writes another spec.
    pub async fn edit(&self, spec: &Value) {
        let api = self.world.cached_apis();
        let mut object = api.get(NAME).await.unwrap();
        object.data["spec"] = spec.clone();
        api.replace(NAME, &PostParams::default(), &object)
            .await
            .unwrap();
    }

    /// Until the operator has said its word on the spec as it is, and has nothing under way after some polls, or goes on trying.
    pub async fn settle(&self) {
        self.world.until(is_said).await;
        sleep(POLL * 3).await;
        let _ = timeout(TRYING, self.world.reaches(is_done)).await;
        assert!(!self.operator.has_ended(), "the operator has ended");
    }
}

/// Whether what is said is about the spec as it is.
fn is_said(world: &World) -> bool {
    let said = &world.condition("Ready")["observedGeneration"];
    *said == world.object()["metadata"]["generation"]
}

/// Whether nothing is under way.
fn is_done(world: &World) -> bool {
    is_said(world) && world.condition("Reconciling")["status"] != "True"
}
