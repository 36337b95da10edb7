use std::pin::pin;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use cachedapi_operator::api::{aws_account_definition, custom_resource_definition};
use cachedapi_operator::aws::{Accounts, Aws, CallObserver, QuotaShare};
use cachedapi_operator::cluster::Cluster;
use cachedapi_operator::controller::orphans::Orphans;
use cachedapi_operator::controller::{self, Clock, Election, Operator, Settings};
use cachedapi_operator::fence::Fence;
use cachedapi_operator::login::Port;
use cachedapi_operator::model;
use cachedapi_operator::plan::orphans::Policy;
use cachedapi_operator::telemetry::{Health, Metrics};
use http::Request;
use jiff::{SignedDuration, Timestamp};
use kube::Client;
use kube::api::{Api, ApiResource, DeleteParams, DynamicObject, Patch, PatchParams, PostParams};
use kube::core::GroupVersionKind;
use local_aws::{Config, Delays, LocalAws};
use local_kube::{LocalKube, Resource};
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::in_process;
use crate::nodes::Nodes;
use crate::wire::Wire;

pub const REGION: &str = "eu-west-1";
pub const ACCOUNT: &str = "111122223333";
pub const NAMESPACE: &str = "shop";
pub const NAME: &str = "orders";
pub const SECRET: &str = "orders-cache";
/// How often an operator here looks at what is as desired.
pub const POLL: Duration = Duration::from_mins(10);
/// When every world begins.
pub const START: &str = "2026-11-24T12:00:00Z";
/// Longer than anything takes.
const DEADLINE: Duration = Duration::from_hours(3);

/// A cluster and an account, a wire between them and the operators, and what the operators are started with.
pub struct World {
    pub aws: LocalAws,
    pub kube: LocalKube,
    pub wire: Arc<Wire>,
    pub login: Arc<dyn Port>,
    pub observer: Arc<dyn CallObserver>,
    pub share: QuotaShare,
    pub settings: Settings,
    /// The account that the operators' credentials belong to. One that runs notices when it refreshes them.
    pub account: Arc<Mutex<String>>,
    /// By how much clocks differ from AWS's.
    pub skew: Arc<Skew>,
}

/// By how many seconds clocks are ahead of AWS's.
#[derive(Default)]
pub struct Skew {
    pub operator: AtomicI64,
    pub kube: AtomicI64,
}

fn ahead(now: Timestamp, seconds: &AtomicI64) -> Timestamp {
    let ahead = SignedDuration::from_secs(seconds.load(Ordering::Relaxed));
    now.checked_add(ahead).unwrap()
}

/// An operator at work. It ends without a word when this is dropped: a crash.
pub struct Process {
    pub metrics: Metrics,
    work: JoinHandle<()>,
    stop: watch::Sender<bool>,
    frozen: watch::Sender<bool>,
}

impl Drop for Process {
    fn drop(&mut self) {
        self.work.abort();
    }
}

impl Process {
    /// Whether it has ended by itself.
    pub fn has_ended(&self) -> bool {
        self.work.is_finished()
    }

    /// Holds the operator up where it is, as SIGSTOP does, or lets it go on.
    pub fn freeze(&self, frozen: bool) {
        self.frozen.send_replace(frozen);
    }

    /// Tells the operator to end, as SIGTERM does.
    pub fn tell_to_stop(&self) {
        self.stop.send_replace(true);
    }

    /// Ends the operator as SIGTERM does.
    pub async fn stop(mut self) {
        self.tell_to_stop();
        (&mut self.work).await.unwrap();
    }
}

impl World {
    /// An empty account with these settings, and a cluster with the namespace `shop`.
    pub async fn new(settings: Config) -> Self {
        let config = Config {
            start: Some(START.parse().unwrap()),
            ..settings
        };
        let seed = config.seed;
        Self::on(LocalAws::new(config).unwrap(), seed).await
    }

    /// Another cluster on the same account.
    pub async fn another(&self) -> Self {
        let mut other = Self::on(self.aws.clone(), 1).await;
        other.settings.identity.id = "another".into();
        other
    }

    async fn on(aws: LocalAws, seed: u64) -> Self {
        let (clock, skew) = (aws.clone(), Arc::<Skew>::default());
        let skewed = skew.clone();
        let kube = LocalKube::new(seed, move || ahead(clock.now(), &skewed.kube));
        for (plural, kind) in [
            ("deployments", "Deployment"),
            ("statefulsets", "StatefulSet"),
        ] {
            kube.serve(Resource {
                group: "apps".into(),
                version: "v1".into(),
                plural: plural.into(),
                kind: kind.into(),
                namespaced: true,
                status: true,
            });
        }
        let world = Self {
            skew,
            ..Self::between(aws, kube)
        };
        world.define();
        let namespace = json!({"metadata": {"name": NAMESPACE}});
        world
            .api("", "Namespace", None)
            .create(
                &PostParams::default(),
                &serde_json::from_value(namespace).unwrap(),
            )
            .await
            .unwrap();
        world
    }

    /// A world of these two servers, with a wire of its own to them.
    pub fn between(aws: LocalAws, kube: LocalKube) -> Self {
        Self {
            login: Arc::new(Nodes(aws.clone())),
            aws,
            kube,
            wire: Arc::default(),
            observer: Arc::new(()),
            share: QuotaShare::new(1.0).unwrap(),
            settings: settings_of_operators(),
            account: Arc::new(Mutex::new(ACCOUNT.into())),
            skew: Arc::default(),
        }
    }

    /// A world with the example in it, where things take a moment: what takes AWS ten minutes costs us a hundred looks.
    pub async fn with_example() -> Self {
        Self::with_example_in(Config {
            delays: Delays::fast(),
            ..Config::default()
        })
        .await
    }

    /// The example in an account with these settings.
    pub async fn with_example_in(settings: Config) -> Self {
        let world = Self::new(settings).await;
        world.create(&example()).await;
        world
    }

    /// The same once an operator has made the object Ready.
    pub async fn with_ready_example() -> (Self, Process) {
        let world = Self::with_example().await;
        let operator = world.operator();
        world.until(Self::is_ready).await;
        (world, operator)
    }

    /// Starts an operator that works without a lease.
    pub fn operator(&self) -> Process {
        self.start(None)
    }

    /// Starts an operator that works while it holds the lease, as `identity`.
    pub fn candidate(&self, identity: &str) -> Process {
        self.start(Some(Election {
            namespace: NAMESPACE.into(),
            name: "operator".into(),
            identity: identity.into(),
        }))
    }

    fn start(&self, election: Option<Election>) -> Process {
        let (stop, stopped) = watch::channel(false);
        let mut operator = self.assemble();
        operator.settings.election = election;
        let (frozen, freezes) = watch::channel(false);
        Process {
            metrics: operator.metrics.clone(),
            work: tokio::spawn(unless_frozen(freezes, async move {
                controller::run(&operator, stopped).await;
            })),
            stop,
            frozen,
        }
    }

    fn assemble(&self) -> Operator {
        let (aws, wire) = (self.aws.clone(), self.wire.clone());
        let account = self.account.clone();
        let config = in_process::sdk_config(account, aws.clone(), move |request| {
            wire.clone().to_aws(aws.clone(), request)
        });
        let (clock, skew) = (self.aws.clone(), self.skew.clone());
        let fence = Fence::open();
        Operator {
            cluster: Cluster::new(self.operators_client(), "operator-0".into(), fence.clone()),
            accounts: Accounts::new(Aws::new(&config, self.share, self.observer.clone(), fence)),
            login: self.login.clone(),
            clock: Clock::new(move || ahead(clock.now(), &skew.operator)),
            metrics: Metrics::new("0.0.0"),
            health: Health::default(),
            settings: self.settings.clone(),
        }
    }

    fn operators_client(&self) -> Client {
        let (kube, aws, wire) = (self.kube.clone(), self.aws.clone(), self.wire.clone());
        let service = tower::service_fn(move |request: Request<kube::client::Body>| {
            let aws = aws.clone();
            wire.clone()
                .to_kube(kube.clone(), move || aws.now(), request)
        });
        Client::new(service, "default")
    }

    /// A user's way to objects of a kind.
    fn api(&self, group: &str, kind: &str, namespace: Option<&str>) -> Api<DynamicObject> {
        let version = match group {
            "" | "apps" => "v1",
            _ => "v1alpha1",
        };
        let resource = ApiResource::from_gvk(&GroupVersionKind::gvk(group, version, kind));
        let client = Client::new(self.kube.clone(), "default");
        match namespace {
            Some(namespace) => Api::namespaced_with(client, namespace, &resource),
            None => Api::all_with(client, &resource),
        }
    }

    /// A user's way to the objects.
    pub fn cached_apis(&self) -> Api<DynamicObject> {
        self.api("cachedapi.dev", "CachedApi", Some(NAMESPACE))
    }

    /// An administrator makes an `AwsAccount`.
    pub async fn create_account(&self, account: &Value) {
        let account = serde_json::from_value(account.clone()).unwrap();
        let accounts = self.aws_accounts();
        let made = accounts.create(&PostParams::default(), &account).await;
        made.unwrap();
    }

    /// An administrator's way to accounts.
    pub fn aws_accounts(&self) -> Api<DynamicObject> {
        self.api("cachedapi.dev", "AwsAccount", None)
    }

    /// A user's way to Secrets.
    pub fn secrets(&self) -> Api<DynamicObject> {
        self.api("", "Secret", Some(NAMESPACE))
    }

    /// A user's way to Deployments.
    pub fn deployments(&self) -> Api<DynamicObject> {
        self.api("apps", "Deployment", Some(NAMESPACE))
    }

    /// A user's way to `StatefulSets`.
    pub fn stateful_sets(&self) -> Api<DynamicObject> {
        self.api("apps", "StatefulSet", Some(NAMESPACE))
    }

    /// A user creates the object.
    pub async fn create(&self, object: &Value) {
        let object = serde_json::from_value(object.clone()).unwrap();
        let api = self.cached_apis();
        api.create(&PostParams::default(), &object).await.unwrap();
    }

    /// A user changes the object.
    pub async fn patch(&self, patch: Value) {
        self.patch_named(NAME, &patch).await;
    }

    /// A user changes the object of this name.
    pub async fn patch_named(&self, name: &str, patch: &Value) {
        let parameters = PatchParams::default();
        self.cached_apis()
            .patch(name, &parameters, &Patch::Merge(patch))
            .await
            .unwrap();
    }

    /// Somebody takes the object's status away.
    pub async fn lose_status(&self) {
        let parameters = PatchParams::default();
        let nothing = Patch::Merge(json!({"status": null}));
        self.cached_apis()
            .patch_status(NAME, &parameters, &nothing)
            .await
            .unwrap();
    }

    /// A user deletes the object.
    pub async fn delete(&self) {
        self.delete_named(NAME).await;
    }

    /// A user deletes the object of this name.
    pub async fn delete_named(&self, name: &str) {
        let parameters = DeleteParams::default();
        self.cached_apis().delete(name, &parameters).await.unwrap();
    }

    /// A user takes the finalizer off the object and deletes it, before anybody acts on that.
    pub async fn remove_by_force(&self, name: &str) {
        let api = self.cached_apis();
        let strip = json!({"metadata": {"finalizers": null}});
        let (parameters, patch) = (PatchParams::default(), Patch::Merge(&strip));
        api.patch(name, &parameters, &patch).await.unwrap();
        api.delete(name, &DeleteParams::default()).await.unwrap();
        let left = self.kube.objects("cachedapis");
        assert!(left.iter().all(|object| object["metadata"]["name"] != name));
    }

    /// Waits until `condition` holds, which takes no longer than anything does.
    pub async fn until(&self, condition: impl Fn(&Self) -> bool) {
        let came = timeout(DEADLINE, self.reaches(condition)).await;
        assert!(came.is_ok(), "it did not come to that: {:#}", self.object());
    }

    /// Waits until `condition` holds.
    pub async fn reaches(&self, condition: impl Fn(&Self) -> bool) {
        let (mut kube, mut aws) = (self.kube.changes(), self.aws.changes());
        while !condition(self) {
            tokio::select! {
                biased;
                _ = kube.changed() => {}
                _ = aws.changed() => {}
            }
        }
    }

    /// Somebody deletes the namespace with all that is in it.
    pub async fn delete_namespace(&self) {
        let namespaces = self.api("", "Namespace", None);
        let parameters = DeleteParams::default();
        namespaces.delete(NAMESPACE, &parameters).await.unwrap();
    }

    /// Serves the kind of the objects, as when its definition is applied.
    pub fn define(&self) {
        for definition in [custom_resource_definition(), aws_account_definition()] {
            let definition = serde_json::to_value(definition).unwrap();
            self.kube.serve(Resource::defined_by(&definition).unwrap());
        }
    }

    /// A fault of AWS.
    pub async fn aws_fault(&self, fault: Value) {
        self.admin("POST", "/_local/faults", &json!([fault])).await;
    }

    /// Somebody calls API Gateway by hand; gives its answer.
    pub async fn gateway(&self, method: &str, path: &str, body: &Value) -> Value {
        let request = signed("apigateway").method(method).uri(path);
        let body = if body.is_null() {
            String::new()
        } else {
            body.to_string()
        };
        let request = request.body(body.into()).unwrap();
        let response = self.aws.handle(request).await;
        assert!(response.status().is_success(), "{response:?}");
        serde_json::from_slice(response.body()).unwrap_or_default()
    }

    /// Somebody calls Secrets Manager by hand.
    pub async fn secrets_manager(&self, operation: &str, body: &Value) {
        let request = signed("secretsmanager")
            .method("POST")
            .uri("/")
            .header("content-type", "application/x-amz-json-1.1")
            .header("x-amz-target", format!("secretsmanager.{operation}"));
        let request = request.body(body.to_string().into()).unwrap();
        let response = self.aws.handle(request).await;
        assert!(response.status().is_success(), "{response:?}");
    }

    /// Somebody calls `ElastiCache` by hand. Whether that was done.
    pub async fn elasticache(&self, operation: &str, parameters: &str) -> bool {
        let body = format!("Action={operation}&Version=2015-02-02&{parameters}");
        let request = signed("elasticache")
            .method("POST")
            .uri("/")
            .header("content-type", "application/x-www-form-urlencoded");
        let request = request.body(body.into()).unwrap();
        self.aws.handle(request).await.status().is_success()
    }

    /// An admin request to AWS.
    pub async fn admin(&self, method: &str, path: &str, body: &Value) -> Value {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .body(body.to_string().into())
            .unwrap();
        let response = self.aws.handle(request).await;
        assert!(response.status().is_success(), "{response:?}");
        serde_json::from_slice(response.body()).unwrap_or_default()
    }
}

/// Does `work`, which gets no turn while it is frozen.
async fn unless_frozen(mut frozen: watch::Receiver<bool>, work: impl Future<Output = ()>) {
    let mut work = pin!(work);
    loop {
        tokio::select! {
            biased;
            Ok(_) = frozen.wait_for(|frozen| *frozen) => {}
            () = &mut work => return,
        }
        let _ = frozen.wait_for(|frozen| !*frozen).await;
    }
}

fn settings_of_operators() -> Settings {
    Settings {
        namespaces: Vec::new(),
        poll: POLL,
        request_lifetime: Duration::from_mins(15),
        consumer_policies: true,
        concurrency: 4,
        identity: model::Cluster {
            id: "test".into(),
            operator_version: "0.0.0".into(),
        },
        // The sweeps' own tests switch them on: here calls are counted.
        orphans: Orphans {
            interval: Duration::ZERO,
            policy: Policy {
                delete: false,
                grace: Duration::from_hours(24),
            },
            regions: [].into(),
        },
        election: None,
    }
}

/// A request to `service`, as far as the local AWS looks at its signature.
pub fn signed(service: &str) -> http::request::Builder {
    let scope = format!("{ACCOUNT}/20261124/{REGION}/{service}/aws4_request");
    let signature = format!("AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=x");
    Request::builder().header("authorization", signature)
}

/// The example with an API key, in the namespace `shop`; no snapshot is taken when it is deleted.
pub fn example() -> Value {
    let text = include_str!("../../examples/orders.yaml");
    let mut object: Value = serde_saphyr::from_str(text).unwrap();
    object["metadata"]["namespace"] = NAMESPACE.into();
    object["spec"]["deletionPolicy"]["cache"] = "Delete".into();
    object["spec"]["api"]["apiKeys"] =
        json!([{"name": "partner", "secret": {"name": "partner-key"}}]);
    object
}
