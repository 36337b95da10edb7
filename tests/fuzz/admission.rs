//! What a real API server says to an object: schema and CEL, as they are.

use std::sync::{LazyLock, mpsc};
use std::thread;

use cachedapi_hack::control_plane::ControlPlane;
use http::{Method, Request};
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Client, Config};
use serde_json::Value;
use tokio::runtime::{Builder, Runtime};

use crate::server;
use crate::shop::object;

/// The object as it is stored, or the refusal.
pub type Verdict = Result<Value, String>;

/// An API server for all tests of the process. Its clock is the real one, so that it has threads of its own.
pub static ADMISSION: LazyLock<Admission> =
    LazyLock::new(|| thread::spawn(Admission::start).join().unwrap());

pub struct Admission {
    runtime: Runtime,
    client: Client,
    _server: (tempfile::TempDir, ControlPlane),
}

impl Admission {
    fn start() -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let server = server::start();
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let kubeconfig = Kubeconfig::read_from(server.1.kubeconfig()).unwrap();
        let client = runtime.block_on(async {
            let options = KubeConfigOptions::default();
            let config = Config::from_custom_kubeconfig(kubeconfig, &options).await;
            Client::try_from(config.unwrap()).unwrap()
        });
        Self {
            runtime,
            client,
            _server: server,
        }
    }

    /// What would become of a new object of this spec.
    pub fn try_create(&self, name: &str, spec: &Value) -> Verdict {
        let object = object("default", name, spec);
        self.send(Method::POST, "?dryRun=All", &object)
    }

    /// Stores a new object of this spec.
    pub fn create(&self, name: &str, spec: &Value) -> Verdict {
        self.send(Method::POST, "", &object("default", name, spec))
    }

    /// Stores another spec of an object.
    pub fn replace(&self, object: &Value) -> Verdict {
        self.send(Method::PUT, &format!("/{}", name(object)), object)
    }

    /// What would become of another spec of an object.
    pub fn try_replace(&self, object: &Value) -> Verdict {
        let path = format!("/{}?dryRun=All", name(object));
        self.send(Method::PUT, &path, object)
    }

    /// Waits for the answer without a runtime: the caller's may have a clock that stands still.
    fn send(&self, method: Method, path: &str, object: &Value) -> Verdict {
        let uri = format!("/apis/cachedapi.dev/v1alpha1/namespaces/default/cachedapis{path}");
        let request = Request::builder()
            .method(method)
            .uri(uri)
            .header("content-type", "application/json")
            .body(object.to_string().into_bytes())
            .unwrap();
        let (client, (sender, receiver)) = (self.client.clone(), mpsc::channel());
        self.runtime.spawn(async move {
            let answer = client.request::<Value>(request).await;
            sender.send(answer).unwrap();
        });
        let answer = receiver.recv().unwrap();
        answer.map_err(|error| match error {
            kube::Error::Api(status) => status.message.clone(),
            error => panic!("the API server did not answer: {error:?}"),
        })
    }
}

fn name(object: &Value) -> &str {
    object["metadata"]["name"].as_str().unwrap()
}
