//! What the tests share: one control plane with the chart in it, and one local AWS, in which each test has a namespace and an account of its own.

use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use cachedapi_hack::Result;
use cachedapi_hack::environment::Environment;
use cachedapi_hack::kubectl::Kubectl;
use cachedapi_hack::local_aws::{Behaviour, LocalAws, REGION};
use cachedapi_hack::operator::{self, NAMESPACE, Operator, RELEASE, Release};
use cachedapi_hack::process::{Lifetime, Place};
use serde_json::{Value, json};
use tokio::time::sleep;

use crate::account::Account;
use crate::objects::Objects;
use crate::relay::Relay;
use crate::wire::Wire;

/// Longest that anything takes here.
pub const DEADLINE: Duration = Duration::from_secs(90);
const PAUSE: Duration = Duration::from_millis(50);

/// Looks again and again until `look` finds something; then it has a deadline.
pub async fn until<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    until_seen(what, async || look().await.ok_or(Value::Null)).await
}

/// The same for what is worth showing when it is not what it should be.
pub async fn until_seen<T>(
    what: &str,
    mut look: impl AsyncFnMut() -> std::result::Result<T, Value>,
) -> T {
    let start = Instant::now();
    loop {
        let seen = match look().await {
            Ok(found) => return found,
            Err(seen) => seen,
        };
        assert!(start.elapsed() < DEADLINE, "waited for {what}: {seen:#}");
        sleep(PAUSE).await;
    }
}

/// A cluster with the chart in it.
pub struct Cluster {
    pub kubectl: Kubectl,
    /// What an operator is given in a pod.
    kubeconfig: Value,
    server: SocketAddr,
}

impl Cluster {
    /// Installs the chart.
    pub fn install(kubectl: &Kubectl, helm: &Path) -> Result<Self> {
        Release::new(helm, kubectl).install(&[])?;
        kubectl.apply(&leases().to_string())?;
        let kubeconfig = operator::kubeconfig(kubectl, RELEASE)?;
        let server = kubeconfig["clusters"][0]["cluster"]["server"].as_str();
        let server = server.and_then(|url| url.strip_prefix("https://"));
        Ok(Self {
            kubectl: kubectl.clone(),
            server: server.unwrap().parse().unwrap(),
            kubeconfig,
        })
    }
}

/// The chart lets an operator have one Lease in its own namespace. Here each test has one.
fn leases() -> Value {
    let name = "leases-of-tests";
    let role = json!({
        "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": {"name": name},
        "rules": [{"apiGroups": ["coordination.k8s.io"], "resources": ["leases"], "verbs": ["create", "get", "update"]}],
    });
    let binding = json!({
        "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding", "metadata": {"name": name},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": name},
        "subjects": [{"kind": "ServiceAccount", "name": RELEASE, "namespace": NAMESPACE}],
    });
    json!({"apiVersion": "v1", "kind": "List", "items": [role, binding]})
}

/// A local AWS, and the file of the authority of its cache nodes' certificates.
#[derive(Clone, Copy)]
pub struct Aws<'a> {
    pub local: &'a LocalAws,
    pub authority: &'a Path,
}

/// What all tests share.
pub struct Shared {
    pub environment: Environment,
    cluster: Cluster,
    authority: PathBuf,
}

impl Shared {
    pub fn get() -> &'static Self {
        static SHARED: LazyLock<Shared> =
            LazyLock::new(|| Shared::start().expect("the environment starts"));
        &SHARED
    }

    fn start() -> Result<Self> {
        // The tests' objects would wait for request quotas.
        let behaviour = Behaviour {
            delays: "fast",
            quotas: false,
            nodes: true,
            log: "info",
        };
        let target = env!("CARGO_TARGET_TMPDIR").as_ref();
        let environment = Environment::for_tests(target, "processes", &behaviour)?;
        let helm = &environment.programs().tools.helm;
        let cluster = Cluster::install(environment.kubectl(), helm)?;
        Ok(Self {
            authority: environment.folder().join("cache-ca.pem"),
            environment,
            cluster,
        })
    }

    pub fn aws(&self) -> Aws<'_> {
        Aws {
            local: &self.environment.aws,
            authority: &self.authority,
        }
    }

    pub fn cluster(&self) -> &Cluster {
        &self.cluster
    }
}

/// What a test has: a namespace and an account.
pub struct Case<'a> {
    pub objects: Objects,
    pub account: Account<'a>,
    pub cluster: &'a Cluster,
    aws: Aws<'a>,
    folder: PathBuf,
}

/// An operator, and its ways to the API server and to AWS.
pub struct Replica {
    pub operator: Operator,
    pub relay: Relay,
    pub wire: Wire,
}

/// How an operator is started.
#[derive(Clone, Copy)]
pub struct Start<'a> {
    /// The pod's name.
    pub name: &'a str,
    /// Variables besides those that every operator here has, which these override.
    pub env: &'a [(&'a str, &'a str)],
    /// What it is in the cluster, if it is not what the chart makes it.
    pub kubeconfig: Option<&'a Value>,
}

impl<'a> Start<'a> {
    pub fn named(name: &'a str) -> Self {
        Self {
            name,
            env: &[],
            kubeconfig: None,
        }
    }
}

impl Case<'static> {
    /// In the cluster and the AWS that the tests share.
    pub async fn new(name: &str) -> Self {
        let shared = Shared::get();
        Case::on(shared.cluster(), shared.aws(), name).await
    }
}

impl<'a> Case<'a> {
    pub async fn on(cluster: &'a Cluster, aws: Aws<'a>, name: &str) -> Self {
        static ACCOUNTS: AtomicU64 = AtomicU64::new(100_000_000_000);
        let id = ACCOUNTS.fetch_add(1, Ordering::SeqCst).to_string();
        let folder = Shared::get().environment.folder().join("replicas");
        Self {
            objects: Objects::of(cluster.kubectl.kubeconfig(), name).await,
            account: Account::new(aws.local, id, name).await,
            folder: folder.join(name),
            cluster,
            aws,
        }
    }

    /// Starts an operator for the namespace, and waits until it works or stands by.
    pub async fn operator(&self) -> Replica {
        self.start(Start::named("operator")).await
    }

    /// Starts an operator in this way, and waits until it works or stands by.
    pub async fn start(&self, start: Start<'_>) -> Replica {
        let server = self.aws.local.endpoint().strip_prefix("http://").unwrap();
        let relay = Relay::start(self.cluster.server).await.unwrap();
        let wire = Wire::start(server.parse().unwrap()).await.unwrap();
        let place = Place {
            folder: self.folder.join(start.name),
            lifetime: Lifetime::WithParent,
        };
        place.clear().unwrap();
        let env = self.env(&place, &relay, &wire, start);
        let program = &Shared::get().environment.programs().ours.operator;
        let mut operator = Operator::spawn(&place, program, vec!["run".into()], env).unwrap();
        operator.wait_until_ready().unwrap();
        Replica {
            operator,
            relay,
            wire,
        }
    }

    fn env(
        &self,
        place: &Place,
        relay: &Relay,
        wire: &Wire,
        start: Start,
    ) -> Vec<(String, OsString)> {
        let mut kubeconfig = start.kubeconfig.unwrap_or(&self.cluster.kubeconfig).clone();
        kubeconfig["clusters"][0]["cluster"]["server"] =
            format!("https://{}", relay.address()).into();
        let path = place.subfolder("state").unwrap().join("kubeconfig");
        std::fs::write(&path, kubeconfig.to_string()).unwrap();
        let endpoint = format!("http://{}", wire.address());
        let namespace = self.objects.namespace();
        let text = |path: &Path| path.to_str().unwrap().to_owned();
        let env = [
            ("KUBECONFIG", text(&path)),
            ("AWS_ENDPOINT_URL", endpoint),
            ("AWS_REGION", REGION.to_owned()),
            // An access key of twelve digits is the account.
            ("AWS_ACCESS_KEY_ID", self.account.id.clone()),
            ("AWS_SECRET_ACCESS_KEY", "x".to_owned()),
            // Amazon's authorities are among a system's; the local AWS has its own.
            ("SSL_CERT_FILE", text(self.aws.authority)),
            ("POD_NAME", start.name.to_owned()),
            ("POD_NAMESPACE", namespace.to_owned()),
            ("CACHEDAPI_WATCH_NAMESPACES", namespace.to_owned()),
            ("CACHEDAPI_QUOTA_SHARE", "1".to_owned()),
            // What is delivered late here is not that late.
            ("CACHEDAPI_REQUEST_LIFETIME", "0s".to_owned()),
            (
                "CACHEDAPI_LOG_LEVEL",
                "info,cachedapi_operator=debug".to_owned(),
            ),
        ];
        let more = start
            .env
            .iter()
            .map(|(name, value)| (*name, (*value).to_owned()));
        let all = env.into_iter().chain(more);
        all.map(|(name, value)| (name.to_owned(), value.into()))
            .collect()
    }

    /// What holds after every fault: the object is Ready, there is one of each, what others have is as it was, and a client gets in.
    pub async fn check(&self) {
        self.objects.until_ready().await;
        self.account.check_one_of_each();
        self.check_login().await;
    }

    /// Fails unless a client gets in with what is bound.
    pub async fn check_login(&self) {
        self.objects.log_in(self.aws.authority).await;
    }

    /// Deletes the object and waits until it is gone, and all of it with it.
    pub async fn check_deletion(&self) {
        self.objects.delete().await;
        self.objects.until_gone().await;
        assert_eq!(self.account.ours(), []);
    }
}

impl Replica {
    /// Waits until something is true of the wire to AWS.
    pub async fn until(&self, what: &str, mut holds: impl FnMut(&Wire) -> bool) {
        until(what, async || holds(&self.wire).then_some(())).await;
    }

    /// Waits until a call is held.
    pub async fn until_held(&self) {
        self.until("a call to be held", Wire::is_held).await;
    }

    /// Kills it, as whoever runs out of memory is, and starts it again under the same name.
    pub fn crash(&mut self) {
        self.operator.crash().unwrap();
    }
}
