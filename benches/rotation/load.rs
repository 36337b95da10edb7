//! Many clients, many rotations, and an operator that is killed all the time.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use bytes::Bytes;
use cachedapi_operator::aws::{Call, CallObserver};
use cachedapi_operator::login::{Answer, Credential, Port, Tls};
use cachedapi_operator::plan::{Endpoint, Sensitive};
use futures::FutureExt;
use futures::future::BoxFuture;
use http::Request;
use local_aws::elasticache::supervise;
use local_aws::{Config, Delays, KnownKey};
use serde_json::{Value, json};
use tokio::runtime::Builder;
use tokio::task::{JoinSet, spawn_blocking};
use tokio::time::sleep;

use crate::clients::{ACCESS_KEY, CACHE, Client, Ports, Tally};
use crate::dialer::{Dialer, roots};
use crate::random::Random;
use crate::wire::{At, Effect, Fault, Side};
use crate::world::{ACCOUNT, Process, World, example};
use crate::{pace, storm};

/// What is measured.
pub struct Scenario {
    pub clients: usize,
    pub rotations: usize,
    /// Longest virtual time from one new connection of a client to its next.
    pub every: Duration,
    pub seed: u64,
    pub valkey_server: PathBuf,
    /// Whether the cache fails over and AWS throttles.
    pub stormy: bool,
}

/// Calls, after one of which an operator is killed: a rotation with the polls in its hour has about as many.
const CALLS_OF_A_LIFE: u64 = 120;

/// Rotates under load, and counts.
pub async fn measure(scenario: Scenario) -> Value {
    let calls = Arc::new(Calls::default());
    let world = Arc::new(start(&scenario, calls.clone()).await);
    let tally = Arc::new(Mutex::new(Tally::default()));
    let failovers = Arc::new(AtomicU64::new(0));
    let mut others = JoinSet::new();
    others.spawn(pace::keep(world.aws.clone()));
    let operator = world.operator();
    world.until(World::is_ready).await;
    rotate_every_hour(&world).await;
    let (began, since) = (Instant::now(), world.age());
    for client in clients(&scenario, &world, &tally).await {
        others.spawn(client.live());
    }
    if scenario.stormy {
        let random = Random::new(!scenario.seed);
        others.spawn(storm::rage(world.clone(), random, failovers.clone()));
    }
    let mut killed = Killer {
        world: &world,
        random: Random::new(scenario.seed),
        kills: 0,
        rotations: Rotations::of(&world),
    };
    tokio::select! {
        () = killed.rotate(operator, scenario.rotations) => {}
        ended = others.join_next() => panic!("nobody leaves before the end: {ended:?}"),
    }
    let (kills, rotations) = (killed.kills, killed.rotations.seen);
    others.shutdown().await;
    let tally = tally.lock().unwrap();
    json!({
        "clients": scenario.clients,
        "rotations": rotations,
        "operatorsKilled": kills,
        "failovers": failovers.load(Ordering::Relaxed),
        "logins": tally.logins,
        "failedLogins": tally.failed_logins,
        "requests": tally.requests,
        "failedRequests": tally.failed_requests,
        "credentialsRead": tally.refreshes,
        "interruptions": tally.interruptions,
        "callsOfOperators": calls.all.load(Ordering::Relaxed),
        "throttledCallsOfOperators": calls.throttled.load(Ordering::Relaxed),
        "virtualHours": (world.age() - since).as_hours(),
        "secondsOfClients": (world.age() - since).as_secs() * i64::try_from(scenario.clients).unwrap(),
        "realSeconds": began.elapsed().as_secs(),
        "seed": scenario.seed,
        "examples": tally.examples,
    })
}

/// The example in an AWS that takes as long as AWS, with real nodes, to which the operators log in over TLS.
async fn start(scenario: &Scenario, calls: Arc<Calls>) -> World {
    let mut world = World::new(Config {
        delays: Delays::aws(),
        valkey_server: Some(scenario.valkey_server.clone()),
        keys: vec![KnownKey {
            access_key: ACCESS_KEY.into(),
            secret: "x".into(),
            account: ACCOUNT.into(),
        }],
        ..Config::default()
    })
    .await;
    let tls = Tls::trusting(roots(&authority(&world).await)).unwrap();
    world.login = Arc::new(RealTime(tls));
    world.observer = calls;
    tokio::spawn(supervise(world.aws.clone()));
    world.create(&example()).await;
    world
}

/// The certificate authority of the nodes.
async fn authority(world: &World) -> Bytes {
    let request = Request::get("/_local/ca.pem").body(Bytes::new()).unwrap();
    world.aws.handle(request).await.into_body()
}

/// As often as the CRD allows, with clients that keep the password for as long as that allows.
async fn rotate_every_hour(world: &World) {
    let password = json!({"rotateEvery": "1h", "clientCacheTtl": "15m", "grace": "30m"});
    let spec = json!({"spec": {"credentials": {"password": password}}});
    world.patch(spec).await;
    world.until(World::is_ready).await;
}

async fn clients(
    scenario: &Scenario,
    world: &Arc<World>,
    tally: &Arc<Mutex<Tally>>,
) -> Vec<Client> {
    let dialer = Dialer::trusting(roots(&authority(world).await));
    let status = world.object()["status"]["cache"].clone();
    let port = |endpoint: &str| {
        let endpoint = status[endpoint].as_str().unwrap();
        endpoint.rsplit(':').next().unwrap().parse().unwrap()
    };
    let ports = Ports {
        primary: port("primaryEndpoint"),
        reader: port("readerEndpoint"),
    };
    let clients = u32::try_from(scenario.clients).unwrap();
    let client = |number| Client {
        number,
        world: world.clone(),
        dialer: dialer.clone(),
        ports,
        tally: tally.clone(),
        first: CACHE.unsigned_abs() * u32::try_from(number).unwrap() / clients,
        every: scenario.every,
        patient: scenario.stormy,
    };
    (0..scenario.clients).map(client).collect()
}

/// Kills operators, one after the other, and counts the rotations that come about all the same.
struct Killer<'a> {
    world: &'a World,
    random: Random,
    kills: u64,
    rotations: Rotations<'a>,
}

impl Killer<'_> {
    /// Each operator ends before or after a call that nobody foresees; the next one starts within five minutes.
    async fn rotate(&mut self, mut operator: Process, rotations: usize) {
        loop {
            let index = usize::try_from(self.random.below(CALLS_OF_A_LIFE)).unwrap();
            let side = [Side::NotSent, Side::Applied][index % 2];
            self.world.wire.plan(vec![Fault {
                at: At::Call(index),
                effect: Effect::Crash(side),
            }]);
            tokio::select! {
                biased;
                () = self.world.wire.tripped() => {}
                () = self.rotations.reach(rotations) => break,
            }
            drop(operator);
            self.kills += 1;
            sleep(Duration::from_secs(self.random.below(5 * 60))).await;
            operator = self.world.operator();
        }
        self.world.wire.plan(Vec::new());
        let at_rest = |world: &World| world.object()["status"]["credentials"]["rotation"].is_null();
        self.world.until(at_rest).await;
        operator.stop().await;
    }
}

/// The passwords that were bound, one after the other.
struct Rotations<'a> {
    world: &'a World,
    last: Option<String>,
    seen: usize,
}

impl<'a> Rotations<'a> {
    fn of(world: &'a World) -> Self {
        let last = world.bound().remove("password");
        Self {
            world,
            last,
            seen: 0,
        }
    }

    /// Returns when as many passwords have followed each other.
    async fn reach(&mut self, rotations: usize) {
        let mut changes = self.world.kube.changes();
        while self.seen < rotations {
            let now = self.world.bound().remove("password");
            if now.is_some() && now != self.last {
                (self.last, self.seen) = (now, self.seen + 1);
            }
            changes.changed().await.unwrap();
        }
    }
}

/// Calls of all operators.
#[derive(Debug, Default)]
struct Calls {
    all: AtomicU64,
    throttled: AtomicU64,
}

impl CallObserver for Calls {
    fn called(&self, call: &Call<'_>) {
        self.all.fetch_add(1, Ordering::Relaxed);
        if call.result == "throttled" {
            self.throttled.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// Logs in as the operator does, in real time.
struct RealTime(Tls);

impl Port for RealTime {
    fn ask<'a>(&'a self, node: &'a Endpoint, credential: Credential<'a>) -> BoxFuture<'a, Answer> {
        let (tls, node) = (self.0.clone(), node.clone());
        let (user, prefix) = (
            credential.username.map(str::to_owned),
            credential.key_prefix.to_owned(),
        );
        let password: Sensitive = credential.password.clone();
        let ask = move || {
            let runtime = Builder::new_current_thread().enable_all().build();
            let credential = Credential {
                username: user.as_deref(),
                password: &password,
                key_prefix: &prefix,
            };
            runtime.unwrap().block_on(tls.ask(&node, credential))
        };
        async move { spawn_blocking(ask).await.unwrap() }.boxed()
    }

    fn nodes<'a>(
        &'a self,
        _: &'a Endpoint,
        _: Credential<'a>,
    ) -> BoxFuture<'a, Result<Vec<Endpoint>, String>> {
        async { Err("the cache is not in cluster mode".to_owned()) }.boxed()
    }
}
