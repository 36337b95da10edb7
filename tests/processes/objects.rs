//! What a user of the API server sees and does in one namespace.

use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use cachedapi_operator::login::Answer;
use cachedapi_operator::plan::Endpoint;
use kube::api::{Api, ApiResource, DeleteParams, DynamicObject, Patch, PatchParams, PostParams};
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::core::GroupVersionKind;
use kube::{Client, Config};
use serde_json::{Value, json};

use crate::login;
use crate::world::{until, until_seen};

/// The object of every test, and the Secret that it binds.
pub const NAME: &str = "orders";
pub const SECRET: &str = "orders-cache";

/// A namespace.
#[derive(Clone)]
pub struct Objects {
    client: Client,
    namespace: String,
}

impl Objects {
    /// Makes the namespace.
    pub async fn of(kubeconfig: &Path, namespace: &str) -> Self {
        rustls::crypto::ring::default_provider()
            .install_default()
            .ok();
        let kubeconfig = Kubeconfig::read_from(kubeconfig).unwrap();
        let options = KubeConfigOptions::default();
        let config = Config::from_custom_kubeconfig(kubeconfig, &options).await;
        let client = Client::try_from(config.unwrap()).unwrap();
        let objects = Self {
            client,
            namespace: namespace.to_owned(),
        };
        let made = json!({"metadata": {"name": namespace}});
        let made = serde_json::from_value(made).unwrap();
        objects
            .api("", "Namespace")
            .create(&PostParams::default(), &made)
            .await
            .unwrap();
        objects
    }

    pub fn namespace(&self) -> &str {
        &self.namespace
    }

    /// Objects of a kind, in the namespace if they are in one.
    pub fn api(&self, group: &str, kind: &str) -> Api<DynamicObject> {
        let version = if group == "cachedapi.dev" {
            "v1alpha1"
        } else {
            "v1"
        };
        let resource = ApiResource::from_gvk(&GroupVersionKind::gvk(group, version, kind));
        let client = self.client.clone();
        match kind {
            "Namespace" | "CustomResourceDefinition" | "ClusterRole" | "ClusterRoleBinding" => {
                Api::all_with(client, &resource)
            }
            _ => Api::namespaced_with(client, &self.namespace, &resource),
        }
    }

    fn cachedapis(&self) -> Api<DynamicObject> {
        self.api("cachedapi.dev", "CachedApi")
    }

    /// Makes the example, and gives its UID.
    pub async fn create(&self) -> String {
        let object = serde_json::from_value(example()).unwrap();
        let made = self
            .cachedapis()
            .create(&PostParams::default(), &object)
            .await
            .unwrap();
        made.metadata.uid.unwrap()
    }

    /// The object as it is; `null` if it is gone.
    pub async fn object(&self) -> Value {
        let object = self.cachedapis().get_opt(NAME).await.unwrap();
        serde_json::to_value(object).unwrap()
    }

    /// Merges `patch` into the object.
    pub async fn patch(&self, patch: &Value) {
        let patched = self.try_patch(patch).await;
        patched.unwrap();
    }

    /// The same, where that may fail.
    pub async fn try_patch(&self, patch: &Value) -> kube::Result<DynamicObject> {
        let patch = Patch::Merge(patch);
        self.cachedapis()
            .patch(NAME, &PatchParams::default(), &patch)
            .await
    }

    /// Asks for a look at the object now.
    pub async fn request_reconcile(&self) {
        self.request("cachedapi.dev/reconcile-requested-at").await;
    }

    /// Asks for a rotation, and gives the version of the secret that it replaces.
    pub async fn request_rotation(&self) -> Value {
        let version = self.version().await;
        assert!(version.is_string());
        self.request("cachedapi.dev/rotate-requested-at").await;
        version
    }

    async fn request(&self, annotation: &str) {
        let now = jiff::Timestamp::now().to_string();
        let annotations = json!({annotation: now});
        self.patch(&json!({"metadata": {"annotations": annotations}}))
            .await;
    }

    pub async fn delete(&self) {
        self.cachedapis()
            .delete(NAME, &DeleteParams::default())
            .await
            .unwrap();
    }

    /// Waits until the object is as it should be, and gives it.
    pub async fn until(&self, what: &str, is: impl Fn(&Value) -> bool) -> Value {
        until_seen(what, async || {
            let object = self.object().await;
            if is(&object) {
                return Ok(object);
            }
            Err(json!([
                object["metadata"]["generation"],
                object["status"]["conditions"]
            ]))
        })
        .await
    }

    pub async fn until_gone(&self) {
        self.until("the object to be gone", Value::is_null).await;
    }

    /// Waits until the object is Ready for the spec that it has.
    pub async fn until_ready(&self) {
        self.until("the object to be Ready", is_ready).await;
    }

    /// The version of the secret that the object names; `null` if it names none.
    pub async fn version(&self) -> Value {
        version(&self.object().await)
    }

    /// Waits until the condition `type_` has `reason`, and gives its message.
    pub async fn until_said(&self, type_: &str, reason: &str) -> String {
        let said = |object: &Value| condition(object, type_)["reason"] == reason;
        let object = self.until(&format!("{type_} {reason}"), said).await;
        let message = condition(&object, type_)["message"].take();
        message.as_str().unwrap_or_default().to_owned()
    }

    /// Waits until the object is Ready with another version of the secret than `before`.
    pub async fn until_rotated(&self, before: &Value) {
        self.until("the rotation", |object| is_rotated(object, before))
            .await;
    }

    /// The values of a Secret; none if it is not there.
    pub async fn secret(&self, name: &str) -> Option<impl Fn(&str) -> String + use<>> {
        let secret = self.api("", "Secret").get_opt(name).await.unwrap()?;
        let data = secret.data["data"].clone();
        Some(move |key: &str| {
            let value = STANDARD.decode(data[key].as_str().unwrap()).unwrap();
            String::from_utf8(value).unwrap()
        })
    }

    /// Fails unless a client gets in with what is bound. The answer comes from a node whose certificate is of `authority`.
    pub async fn log_in(&self, authority: &Path) {
        let bound = self.secret(SECRET).await.expect("a bound Secret");
        let node = Endpoint {
            host: bound("host"),
            port: bound("port").parse().unwrap(),
        };
        let (user, password) = (bound("username"), bound("password"));
        let credential = (Some(user.as_str()), password.as_str());
        let answer = login::log_in(authority, &node, credential, &bound("keyPrefix")).await;
        assert_eq!(answer, Answer::In);
    }

    /// Who holds the Lease; nobody, if it was let go or is not there.
    pub async fn holder(&self) -> String {
        let leases = self.api("coordination.k8s.io", "Lease");
        let lease = leases.get_opt("cachedapi-operator").await.unwrap();
        let holder = lease.map(|lease| lease.data["spec"]["holderIdentity"].clone());
        let holder = holder.unwrap_or_default();
        holder.as_str().unwrap_or_default().to_owned()
    }

    /// Waits until `name` holds the Lease.
    pub async fn until_held_by(&self, name: &str) {
        until(&format!("{name:?} to hold the Lease"), async || {
            (self.holder().await == name).then_some(())
        })
        .await;
    }
}

/// Whether the object is Ready for the spec that it has.
pub fn is_ready(object: &Value) -> bool {
    let ready = condition(object, "Ready");
    let is_current = ready["observedGeneration"] == object["metadata"]["generation"];
    is_current && ready["status"] == "True"
}

/// Whether it is Ready with another version of the secret than `before`.
pub fn is_rotated(object: &Value, before: &Value) -> bool {
    let version = version(object);
    version.is_string() && version != *before && is_ready(object)
}

fn version(object: &Value) -> Value {
    object["status"]["credentials"]["versionId"].clone()
}

/// The condition of this type; `null` if there is none.
pub fn condition(object: &Value, type_: &str) -> Value {
    let conditions = object["status"]["conditions"].as_array();
    let mut conditions = conditions.into_iter().flatten();
    let found = conditions.find(|condition| condition["type"] == type_);
    found.cloned().unwrap_or_default()
}

/// The object that the simulation uses, with one node: a process less.
fn example() -> Value {
    let text = include_str!("../../examples/orders.yaml");
    let mut object: Value = serde_saphyr::from_str(text).unwrap();
    let spec = &mut object["spec"];
    spec["deletionPolicy"]["cache"] = "Delete".into();
    spec["api"]["apiKeys"] = json!([{"name": "partner", "secret": {"name": "partner-key"}}]);
    spec["cache"]["replicationGroup"]["replicasPerShard"] = 0.into();
    object
}
