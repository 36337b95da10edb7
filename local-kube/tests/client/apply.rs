use k8s_openapi::api::core::v1::ConfigMap;
use kube::ResourceExt;
use kube::api::{Api, Patch, PatchParams};
use serde_json::json;

use super::stage::{apply, client, create, kube, refusal};

#[tokio::test(start_paused = true)]
async fn an_applier_gives_up_what_it_no_longer_applies_and_keeps_others_fields() {
    let kube = kube();
    create(&kube, "one").await;
    apply(
        &kube,
        "us",
        true,
        json!({"cache": {"id": "c", "state": "creating"}, "api": {"id": "a"}}),
    )
    .await
    .unwrap();
    apply(&kube, "them", true, json!({"theirs": true}))
        .await
        .unwrap();
    let one = apply(&kube, "us", true, json!({"cache": {"id": "c"}}))
        .await
        .unwrap();
    assert_eq!(
        one.data["status"],
        json!({"cache": {"id": "c"}, "theirs": true})
    );
    let managers: Vec<_> = one
        .managed_fields()
        .iter()
        .filter_map(|entry| entry.manager.as_deref())
        .collect();
    assert_eq!(managers, ["them", "us"]);
}

#[tokio::test(start_paused = true)]
async fn a_field_of_another_applier_is_a_conflict_unless_it_is_forced() {
    let kube = kube();
    create(&kube, "one").await;
    apply(&kube, "them", false, json!({"size": 1}))
        .await
        .unwrap();
    assert!(
        apply(&kube, "us", false, json!({"size": 1})).await.is_ok(),
        "the same value is none"
    );
    let changed = apply(&kube, "us", false, json!({"size": 2})).await;
    assert_eq!(refusal(changed), (409, "Conflict".into()));
    let forced = apply(&kube, "us", true, json!({"size": 2})).await.unwrap();
    assert_eq!(forced.data["status"], json!({"size": 2}));
    assert_eq!(forced.managed_fields().len(), 1, "theirs no longer");
}

#[tokio::test(start_paused = true)]
async fn an_apply_creates_what_is_not_there_but_no_status() {
    let kube = kube();
    assert_eq!(
        refusal(apply(&kube, "us", true, json!({"size": 1})).await).0,
        404
    );
    let body = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "new"}, "data": {"a": "b"}});
    let maps: Api<ConfigMap> = Api::default_namespaced(client(&kube));
    let made = maps
        .patch("new", &PatchParams::apply("us"), &Patch::Apply(body))
        .await
        .unwrap();
    assert_eq!(made.data.unwrap()["a"], "b");
}
