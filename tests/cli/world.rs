//! An API server and an AWS on loopback, and the command that is pointed at them.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::process::{Command, Output};

use bytes::Bytes;
use cachedapi_operator::api::{
    AwsAccount, CachedApi, aws_account_definition, custom_resource_definition,
};
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::body::{Body, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use kube::api::{Api, PostParams};
use kube::{Client, ResourceExt};
use local_aws::{Config, LocalAws};
use local_kube::{LocalKube, Resource};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tower::Service;

pub const REGION: &str = "eu-west-1";
pub const ACCOUNT: &str = "111122223333";
const CLUSTER: &str = "blue";

pub struct World {
    aws: LocalAws,
    kube: LocalKube,
    pub aws_address: SocketAddr,
    folder: TempDir,
}

impl World {
    pub async fn new() -> Self {
        let aws = LocalAws::new(Config::default()).unwrap();
        let clock = aws.clone();
        let kube = LocalKube::new(0, move || clock.now());
        for definition in [custom_resource_definition(), aws_account_definition()] {
            let definition = serde_json::to_value(definition).unwrap();
            kube.serve(Resource::defined_by(&definition).unwrap());
        }
        let world = Self {
            aws_address: serve_aws(aws.clone()).await,
            folder: TempDir::new().unwrap(),
            aws,
            kube,
        };
        let server = format!("http://{}", serve_kube(world.kube.clone()).await);
        let config = json!({
            "apiVersion": "v1", "kind": "Config", "current-context": "here",
            "clusters": [{"name": "here", "cluster": {"server": server}}],
            "users": [{"name": "here", "user": {"token": "x"}}],
            "contexts": [{"name": "here", "context": {"cluster": "here", "user": "here"}}],
        });
        std::fs::write(world.folder.path().join("config"), config.to_string()).unwrap();
        let namespace = json!({"metadata": {"name": "shop"}});
        let namespaces: Api<k8s_openapi::api::core::v1::Namespace> = Api::all(world.client());
        let namespace = serde_json::from_value(namespace).unwrap();
        namespaces
            .create(&PostParams::default(), &namespace)
            .await
            .unwrap();
        world
    }

    fn client(&self) -> Client {
        Client::new(self.kube.clone(), "default")
    }

    /// An account whose role lets nobody in.
    pub async fn create_account(&self, number: &str) {
        let spec = json!({
            "roleArn": format!("arn:aws:iam::{number}:role/cachedapi"),
            "allowedNamespaces": ["*"], "allowedRegions": ["eu-west-1"],
        });
        let account = json!({"metadata": {"name": "team"}, "spec": spec});
        let accounts: Api<AwsAccount> = Api::all(self.client());
        let account: AwsAccount = serde_json::from_value(account).unwrap();
        let made = accounts.create(&PostParams::default(), &account).await;
        made.unwrap();
    }

    /// An object that lives; gives its UID.
    pub async fn create_object(&self) -> String {
        let mut object: Value =
            serde_saphyr::from_str(include_str!("../../examples/orders.yaml")).unwrap();
        object["metadata"]["namespace"] = "shop".into();
        let objects: Api<CachedApi> = Api::namespaced(self.client(), "shop");
        let object: CachedApi = serde_json::from_value(object).unwrap();
        let made = objects
            .create(&PostParams::default(), &object)
            .await
            .unwrap();
        made.uid().unwrap()
    }

    /// A secret of the object `uid` in AWS; gives its ARN.
    pub async fn create_secret(&self, name: &str, uid: &str) -> String {
        let tags = [
            ("cachedapi.dev/cluster-id", CLUSTER),
            ("cachedapi.dev/owner-uid", uid),
            ("cachedapi.dev/owner", "shop/orders"),
        ];
        let tags = tags.map(|(key, value)| json!({"Key": key, "Value": value}));
        let body = json!({"Name": name, "SecretString": "x", "Tags": tags, "ClientRequestToken": format!("{name:x>32}")});
        let made = self.secrets_manager("CreateSecret", &body).await;
        made["ARN"].as_str().unwrap().to_owned()
    }

    async fn secrets_manager(&self, operation: &str, body: &Value) -> Value {
        let scope = format!("{ACCOUNT}/20261124/{REGION}/secretsmanager/aws4_request");
        let signature =
            format!("AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=x");
        let request = Request::post("/")
            .header("authorization", signature)
            .header("content-type", "application/x-amz-json-1.1")
            .header("x-amz-target", format!("secretsmanager.{operation}"));
        let request = request.body(Bytes::from(body.to_string())).unwrap();
        let response = self.aws.handle(request).await;
        assert!(response.status().is_success(), "{response:?}");
        serde_json::from_slice(response.body()).unwrap()
    }

    /// AWS refuses to list.
    pub async fn deny_lists(&self) {
        let fault =
            json!([{"operation": "tagging:GetResources", "count": 0, "effect": "denyAccess"}]);
        let request = Request::post("/_local/faults").body(Bytes::from(fault.to_string()));
        self.aws.handle(request.unwrap()).await;
    }

    /// What `cachedapi-operator orphans` with these arguments comes to.
    pub async fn orphans(&self, arguments: &[&str]) -> Output {
        self.orphans_with(arguments, &[]).await
    }

    /// The same with `environment` besides.
    pub async fn orphans_with(&self, arguments: &[&str], environment: &[(&str, &str)]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_cachedapi-operator"));
        command
            .args(["orphans", "--cluster-id", CLUSTER])
            .args(arguments)
            .env_clear()
            .env("KUBECONFIG", self.folder.path().join("config"))
            .env("AWS_ENDPOINT_URL", format!("http://{}", self.aws_address))
            .env("AWS_ACCESS_KEY_ID", ACCOUNT)
            .env("AWS_SECRET_ACCESS_KEY", "x")
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .envs(environment.iter().copied());
        let ending = tokio::task::spawn_blocking(move || command.output());
        ending.await.unwrap().unwrap()
    }
}

async fn serve_aws(aws: LocalAws) -> SocketAddr {
    serve(move |request| {
        let aws = aws.clone();
        async move { aws.handle(request).await.map(Full::new) }
    })
    .await
}

async fn serve_kube(kube: LocalKube) -> SocketAddr {
    serve(move |request| {
        let mut kube = kube.clone();
        async move { kube.call(request.map(Full::new)).await.unwrap() }
    })
    .await
}

/// Answers requests on a port of loopback for as long as the test lasts.
async fn serve<F, B>(answer: impl Fn(Request<Bytes>) -> F + Clone + Send + 'static) -> SocketAddr
where
    F: Future<Output = Response<B>> + Send + 'static,
    B: Body<Data = Bytes, Error = Infallible> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let answer = answer.clone();
            let service = service_fn(move |request: Request<Incoming>| {
                let answer = answer.clone();
                async move {
                    let (head, body) = request.into_parts();
                    let body = body.collect().await?.to_bytes();
                    Ok::<_, hyper::Error>(answer(Request::from_parts(head, body)).await)
                }
            });
            tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
        }
    });
    address
}
