use k8s_openapi::api::core::v1::{Namespace, Secret};
use kube::ResourceExt;
use kube::api::{Api, DeleteParams, ListParams, Patch, PatchParams, PostParams, Preconditions};
use serde_json::json;

use super::stage::{
    apply, client, create, kube, merge, named, noon, refusal, secrets, thing, things, typed,
};

#[tokio::test(start_paused = true)]
async fn a_new_object_gets_what_is_the_servers_to_give_and_no_status() {
    let kube = kube();
    let one = create(&kube, "one").await;
    assert_eq!(one.metadata.generation, Some(1));
    assert!(one.uid().is_some() && one.resource_version().is_some());
    assert_eq!(one.creation_timestamp().unwrap().0, noon());
    assert_eq!(one.data.get("status"), None);
    let two = create(&kube, "two").await;
    assert_ne!(one.uid(), two.uid());
    let other = create(&super::stage::kube(), "one").await;
    assert_eq!(
        one.uid(),
        other.uid(),
        "the same seed and calls give the same"
    );
}

#[tokio::test(start_paused = true)]
async fn a_copy_has_what_was_there_and_each_goes_its_own_way_from_then_on() {
    let kube = kube();
    create(&kube, "one").await;
    let copy = kube.copy(noon);
    assert_eq!(copy.objects("things"), kube.objects("things"));
    let here = merge(&kube, json!({"spec": {"size": 2}})).await.unwrap();
    let there = merge(&copy, json!({"spec": {"size": 3}})).await.unwrap();
    assert_eq!(here.resource_version(), there.resource_version());
    assert_eq!(kube.objects("things")[0]["spec"]["size"], 2);
    assert_eq!(copy.objects("things")[0]["spec"]["size"], 3);
    let uids = [&kube, &copy].map(|kube| async { create(kube, "two").await.uid() });
    let [here, there] = uids;
    assert_eq!(here.await, there.await, "what is drawn goes on as well");
}

#[tokio::test(start_paused = true)]
async fn only_what_is_wanted_counts_as_a_generation() {
    let kube = kube();
    create(&kube, "one").await;
    for (reason, patch, generation) in [
        ("metadata", json!({"metadata": {"labels": {"a": "b"}}}), 1),
        (
            "status, which is not written this way",
            json!({"status": {"made": "up"}}),
            1,
        ),
        ("spec", json!({"spec": {"size": 2}}), 2),
    ] {
        let one = merge(&kube, patch).await.unwrap();
        assert_eq!(one.metadata.generation, Some(generation), "{reason}");
        assert_eq!(one.data.get("status"), None, "{reason}");
    }
    let patch = Patch::Merge(json!({"status": {"size": 2}, "spec": {"size": 3}}));
    let one = things(&kube)
        .patch_status("one", &PatchParams::default(), &patch)
        .await
        .unwrap();
    assert_eq!(one.metadata.generation, Some(2));
    assert_eq!(
        one.data,
        json!({"spec": {"size": 2}, "status": {"size": 2}})
    );
}

#[tokio::test(start_paused = true)]
async fn a_write_of_an_outdated_version_is_a_conflict() {
    let kube = kube();
    let stale = create(&kube, "one").await;
    merge(&kube, json!({"spec": {"size": 2}})).await.unwrap();
    let replaced = things(&kube)
        .replace("one", &PostParams::default(), &stale)
        .await;
    assert_eq!(refusal(replaced), (409, "Conflict".into()));
    let version = stale.resource_version();
    let patched = merge(
        &kube,
        json!({"metadata": {"resourceVersion": version}, "spec": {"size": 3}}),
    )
    .await;
    assert_eq!(refusal(patched), (409, "Conflict".into()));
    let preconditions = Preconditions {
        resource_version: version,
        uid: None,
    };
    let parameters = DeleteParams {
        preconditions: Some(preconditions),
        ..DeleteParams::default()
    };
    assert_eq!(
        refusal(things(&kube).delete("one", &parameters).await),
        (409, "Conflict".into())
    );
}

#[tokio::test(start_paused = true)]
async fn a_write_that_changes_nothing_leaves_the_version() {
    let kube = kube();
    create(&kube, "one").await;
    let once = apply(&kube, "us", true, json!({"made": "here"}))
        .await
        .unwrap();
    let twice = apply(&kube, "us", true, json!({"made": "here"}))
        .await
        .unwrap();
    assert_eq!(once.resource_version(), twice.resource_version());
}

#[tokio::test(start_paused = true)]
async fn what_is_there_or_is_not_there_is_refused_by_name() {
    let kube = kube();
    create(&kube, "one").await;
    let again = things(&kube)
        .create(&PostParams::default(), &thing("one"))
        .await;
    assert_eq!(refusal(again), (409, "AlreadyExists".into()));
    assert_eq!(
        refusal(things(&kube).get("two").await),
        (404, "NotFound".into())
    );
    let nowhere: Api<Secret> = Api::namespaced(client(&kube), "nowhere");
    let created = nowhere.create(&PostParams::default(), &named("one")).await;
    assert_eq!(refusal(created), (404, "NotFound".into()));
}

#[tokio::test(start_paused = true)]
async fn what_has_a_finalizer_goes_with_the_last_one() {
    let kube = kube();
    create(&kube, "one").await;
    merge(
        &kube,
        json!({"metadata": {"finalizers": ["example.com/a"]}}),
    )
    .await
    .unwrap();
    let marked = things(&kube)
        .delete("one", &DeleteParams::default())
        .await
        .unwrap()
        .left()
        .unwrap();
    assert!(marked.metadata.deletion_timestamp.is_some());
    let added = merge(
        &kube,
        json!({"metadata": {"finalizers": ["example.com/a", "example.com/b"]}}),
    )
    .await;
    assert_eq!(refusal(added), (422, "Invalid".into()));
    merge(&kube, json!({"metadata": {"finalizers": []}}))
        .await
        .unwrap();
    assert_eq!(
        refusal(things(&kube).get("one").await),
        (404, "NotFound".into())
    );
}

#[tokio::test(start_paused = true)]
async fn dependents_go_with_the_last_of_their_owners() {
    let kube = kube();
    let owners = [create(&kube, "one").await, create(&kube, "two").await];
    let references = owners.map(|owner| json!({"apiVersion": "example.com/v1", "kind": "Thing", "name": owner.name_any(), "uid": owner.uid()}));
    let secret = typed(json!({"metadata": {"name": "theirs", "ownerReferences": references}}));
    secrets(&kube)
        .create(&PostParams::default(), &secret)
        .await
        .unwrap();
    things(&kube)
        .delete("one", &DeleteParams::default())
        .await
        .unwrap();
    assert!(secrets(&kube).get_opt("theirs").await.unwrap().is_some());
    things(&kube)
        .delete("two", &DeleteParams::default())
        .await
        .unwrap();
    assert!(secrets(&kube).get_opt("theirs").await.unwrap().is_none());
}

#[tokio::test(start_paused = true)]
async fn a_namespace_that_is_deleted_takes_nothing_in_and_ends_when_it_is_empty() {
    let kube = kube();
    create(&kube, "one").await;
    merge(
        &kube,
        json!({"metadata": {"finalizers": ["example.com/a"]}}),
    )
    .await
    .unwrap();
    let namespaces: Api<Namespace> = Api::all(client(&kube));
    namespaces
        .delete("default", &DeleteParams::default())
        .await
        .unwrap();
    let marked = things(&kube).get("one").await.unwrap();
    assert!(marked.metadata.deletion_timestamp.is_some());
    let created = secrets(&kube)
        .create(&PostParams::default(), &named("late"))
        .await;
    assert_eq!(refusal(created), (403, "Forbidden".into()));
    merge(&kube, json!({"metadata": {"finalizers": null}}))
        .await
        .unwrap();
    assert!(namespaces.get_opt("default").await.unwrap().is_none());
}

#[tokio::test(start_paused = true)]
async fn what_is_not_understood_is_refused_and_never_ignored() {
    let kube = kube();
    create(&kube, "one").await;
    let selected = things(&kube)
        .list(&ListParams::default().labels("a=b"))
        .await;
    assert_eq!(refusal(selected).0, 400);
    let strategic = Patch::Strategic(json!({"spec": {}}));
    let patched = things(&kube)
        .patch("one", &PatchParams::default(), &strategic)
        .await;
    assert_eq!(refusal(patched).0, 415);
}
