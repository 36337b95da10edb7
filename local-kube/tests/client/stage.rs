use jiff::Timestamp;
use k8s_openapi::api::core::v1::Secret;
use kube::Client;
use kube::api::{Api, ApiResource, DynamicObject, Patch, PatchParams, PostParams};
use kube::core::GroupVersionKind;
use local_kube::{LocalKube, Resource};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

pub fn noon() -> Timestamp {
    "2026-11-24T12:00:00Z".parse().unwrap()
}

pub fn kube() -> LocalKube {
    let kube = LocalKube::new(0, noon);
    kube.serve(resource());
    kube
}

pub fn resource() -> Resource {
    Resource {
        group: "example.com".into(),
        version: "v1".into(),
        plural: "things".into(),
        kind: "Thing".into(),
        namespaced: true,
        status: true,
    }
}

pub fn client(kube: &LocalKube) -> Client {
    Client::new(kube.clone(), "default")
}

pub fn things(kube: &LocalKube) -> Api<DynamicObject> {
    let resource = ApiResource::from_gvk(&GroupVersionKind::gvk("example.com", "v1", "Thing"));
    Api::default_namespaced_with(client(kube), &resource)
}

pub fn secrets(kube: &LocalKube) -> Api<Secret> {
    Api::default_namespaced(client(kube))
}

pub fn typed<T: DeserializeOwned>(value: Value) -> T {
    serde_json::from_value(value).unwrap()
}

pub fn thing(name: &str) -> DynamicObject {
    typed(json!({
        "apiVersion": "example.com/v1", "kind": "Thing", "metadata": {"name": name}, "spec": {"size": 1}, "status": {"made": "up"},
    }))
}

pub fn named<T: DeserializeOwned>(name: &str) -> T {
    typed(json!({"metadata": {"name": name}}))
}

pub async fn create(kube: &LocalKube, name: &str) -> DynamicObject {
    let things = things(kube);
    things
        .create(&PostParams::default(), &thing(name))
        .await
        .unwrap()
}

pub async fn merge(kube: &LocalKube, patch: Value) -> kube::Result<DynamicObject> {
    let things = things(kube);
    things
        .patch("one", &PatchParams::default(), &Patch::Merge(patch))
        .await
}

pub async fn apply(
    kube: &LocalKube,
    manager: &str,
    force: bool,
    status: Value,
) -> kube::Result<DynamicObject> {
    let body = json!({"apiVersion": "example.com/v1", "kind": "Thing", "metadata": {"name": "one"}, "status": status});
    let mut parameters = PatchParams::apply(manager);
    parameters.force = force;
    things(kube)
        .patch_status("one", &parameters, &Patch::Apply(body))
        .await
}

pub fn refusal<T: std::fmt::Debug>(result: kube::Result<T>) -> (u16, String) {
    match result {
        Err(kube::Error::Api(status)) => (status.code, status.reason),
        other => panic!("{other:?}"),
    }
}
