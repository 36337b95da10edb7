//! What people and other tools do to the objects and Secrets in the cluster, at any step.

use std::time::Duration;

use kube::api::{DeleteParams, Patch, PatchParams};
use local_aws::elasticache::LoginOutcome;
use serde_json::{Value, json};
use tokio::time::sleep;

use crate::world::{SECRET, World};

use super::course::{Course, MINUTE, messages, says};
use super::run::is_quiet;
use super::scenario::{Part, ROTATE, Scenario, request};

/// A person patches the bound Secret, if it is there.
async fn patch_secret(world: &World, patch: Value) {
    let (parameters, patch) = (PatchParams::default(), Patch::Merge(patch));
    world
        .secrets()
        .patch(SECRET, &parameters, &patch)
        .await
        .ok();
}

async fn delete_secret(world: &World) {
    world
        .secrets()
        .delete(SECRET, &DeleteParams::default())
        .await
        .ok();
}

/// Something that a person does to the cluster.
#[derive(Clone, Copy, Debug)]
enum Meddling {
    DeleteSecret,
    EditSecret,
    LabelsOfSecret,
    LabelsOfObject,
    OwnerOfObject,
    OwnVersion,
    Pause,
    RotateFiftyTimes,
}

impl Meddling {
    async fn act(self, world: &World) {
        match self {
            Self::DeleteSecret => delete_secret(world).await,
            Self::EditSecret => {
                let data = json!({"port": "MTIz", "uri": "eA==", "more": "bW9yZQ==", "type": null});
                patch_secret(world, json!({"data": data})).await;
            }
            Self::LabelsOfSecret => {
                let metadata = json!({"labels": null, "annotations": null});
                patch_secret(world, json!({"metadata": metadata})).await;
            }
            Self::LabelsOfObject => {
                let forged = json!({"cachedapi.dev/owner-uid": "00000000-0000-0000-0000-000000000001", "cachedapi.dev/retained": "true"});
                let metadata = json!({"labels": forged, "annotations": forged});
                world.patch(json!({"metadata": metadata})).await;
            }
            Self::OwnerOfObject => {
                let namespace = &world.kube.objects("namespaces")[0]["metadata"];
                let owner = json!({"apiVersion": "v1", "kind": "Namespace", "name": namespace["name"], "uid": namespace["uid"], "controller": true});
                world
                    .patch(json!({"metadata": {"ownerReferences": [owner]}}))
                    .await;
            }
            Self::OwnVersion => {
                let forged =
                    json!({"cachedapi.dev/secret-version": "ffffffff-ffff-4fff-bfff-ffffffffffff"});
                patch_secret(world, json!({"metadata": {"annotations": forged}})).await;
            }
            Self::Pause => {
                let paused = |paused: Value| json!({"metadata": {"annotations": {"cachedapi.dev/paused": paused}}});
                world.patch(paused("true".into())).await;
                world.wire.go_on();
                sleep(MINUTE * 20).await;
                world.patch(paused(Value::Null)).await;
            }
            Self::RotateFiftyTimes => {
                for _ in 0..50 {
                    world.patch(request(world, ROTATE)).await;
                    sleep(Duration::from_secs(1)).await;
                }
            }
        }
    }
}

impl Meddling {
    /// Nobody can know that a Secret is gone before it is looked at again.
    fn excused(self) -> &'static [&'static str] {
        match self {
            Self::DeleteSecret => &["I6"],
            _ => &[],
        }
    }
}

/// `meddling` at every `step`th call of `scenario`.
async fn at_every_call(scenario: Scenario, meddling: Meddling, step: usize) {
    let mut runs = 0;
    for index in (0..).step_by(step) {
        let mut course = Course::of(scenario).await;
        if !course.begin_up_to(index).await {
            break;
        }
        if !course.world.is_gone() {
            meddling.act(&course.world).await;
        }
        course.world.wire.go_on();
        let done = |world: &World| match scenario {
            Scenario::Delete => world.is_gone(),
            _ => is_quiet(world) && world.log_in() == LoginOutcome::Accepted,
        };
        let what = format!("{meddling:?} at {index}");
        course.end_when(&what, done, meddling.excused()).await;
        runs += 1;
    }
    println!("{scenario:?} {meddling:?}: {runs} runs");
    assert!(runs > 0, "{scenario:?}: {runs}");
}

/// K17.
#[tokio::test(start_paused = true)]
async fn a_bound_secret_that_is_deleted_or_edited_at_any_step_is_put_right() {
    for meddling in [Meddling::DeleteSecret, Meddling::EditSecret] {
        at_every_call(Scenario::Rotate, meddling, 8).await;
        at_every_call(Scenario::Revoke, meddling, 20).await;
        at_every_call(Scenario::Update(Part::NodeType), meddling, 15).await;
        at_every_call(Scenario::Delete, meddling, 22).await;
    }
}

/// K16.
#[tokio::test(start_paused = true)]
async fn labels_annotations_and_owners_that_are_stripped_or_forged_change_nothing() {
    for meddling in [
        Meddling::LabelsOfSecret,
        Meddling::LabelsOfObject,
        Meddling::OwnerOfObject,
        Meddling::OwnVersion,
    ] {
        at_every_call(Scenario::Create, meddling, 60).await;
        at_every_call(Scenario::Rotate, meddling, 15).await;
        at_every_call(Scenario::Delete, meddling, 22).await;
    }
}

/// C7.
#[tokio::test(start_paused = true)]
async fn a_pause_at_any_step_stops_and_what_was_begun_goes_on_after_it() {
    at_every_call(Scenario::Create, Meddling::Pause, 40).await;
    at_every_call(Scenario::Rotate, Meddling::Pause, 9).await;
    at_every_call(Scenario::Delete, Meddling::Pause, 18).await;
}

/// C6.
#[tokio::test(start_paused = true)]
async fn a_rotation_that_is_asked_for_fifty_times_locks_nobody_out() {
    at_every_call(Scenario::Rotate, Meddling::RotateFiftyTimes, 12).await;
}

/// K16.
#[tokio::test(start_paused = true)]
async fn a_bound_secret_that_lost_its_owner_is_nobodys_and_told_of() {
    let mut course = Course::of(Scenario::Update(Part::Route)).await;
    let owners = course
        .world
        .kube
        .objects("secrets")
        .into_iter()
        .find(|secret| secret["metadata"]["name"] == SECRET)
        .unwrap()["metadata"]["ownerReferences"]
        .clone();
    patch_secret(
        &course.world,
        json!({"metadata": {"ownerReferences": null}}),
    )
    .await;
    course.pass(MINUTE * 30).await;
    assert_eq!(
        says(&course.world, "BindingsReady"),
        ("False".into(), "NameTaken".into())
    );
    assert!(messages(&course.world).contains(SECRET));
    patch_secret(
        &course.world,
        json!({"metadata": {"ownerReferences": owners}}),
    )
    .await;
    course.begin().await;
    course.end("an owner reference stripped", &[]).await;
}
