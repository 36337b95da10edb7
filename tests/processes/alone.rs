//! Faults of a whole control plane: it has no other test beside it.

use std::sync::LazyLock;

use cachedapi_hack::control_plane::ControlPlane;
use cachedapi_hack::ports;
use cachedapi_hack::process::{Lifetime, Place};
use kube::api::{DeleteParams, ListParams};
use serde_json::{Value, json};
use tokio::sync::{Mutex, MutexGuard};

use crate::objects::Objects;
use crate::relay::Mode;
use crate::wire::{At, Effect};
use crate::world::{Case, Cluster, Shared, until};

const CRD: &str = "cachedapis.cachedapi.dev";

/// A control plane that one test at a time has for itself.
struct Alone {
    plane: ControlPlane,
    cluster: Cluster,
}

async fn alone() -> MutexGuard<'static, Alone> {
    static ALONE: LazyLock<Mutex<Alone>> = LazyLock::new(|| Mutex::new(start()));
    ALONE.lock().await
}

fn start() -> Alone {
    let environment = &Shared::get().environment;
    let place = Place {
        folder: environment.folder().join("alone"),
        lifetime: Lifetime::WithParent,
    };
    place.clear().unwrap();
    let tools = &environment.programs().tools;
    let apart = ControlPlane::start(tools, &place, ports::free().unwrap()).unwrap();
    let cluster = Cluster::install(apart.kubectl(), &tools.helm).unwrap();
    Alone {
        plane: apart,
        cluster,
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_api_server_that_restarts_in_the_middle_of_a_creation_is_found_again() {
    let mut alone = alone().await;
    let Alone { plane, cluster } = &mut *alone;
    let case = Case::on(cluster, Shared::get().aws(), "restarted").await;
    let replica = case.operator().await;
    replica.wire.fault(At::Write(4), Effect::HoldReply);
    case.objects.create().await;
    replica.until_held().await;
    // What was called comes back when there is nobody to write it down.
    plane.restart_api_server(|| replica.wire.go_on()).unwrap();
    case.check().await;
    case.check_deletion().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_edit_that_is_forgotten_before_the_watch_is_taken_up_again_is_found() {
    let mut alone = alone().await;
    let Alone { plane, cluster } = &mut *alone;
    let case = Case::on(cluster, Shared::get().aws(), "compacted").await;
    let mut replica = case.operator().await;
    case.objects.create().await;
    case.objects.until_ready().await;
    replica.relay.set(Mode::Refuse);
    let mut routes = case.objects.object().await["spec"]["routes"].take();
    routes[1]["throttle"] = json!({"rate": 61, "burst": 100});
    case.objects
        .patch(&json!({"spec": {"routes": routes}}))
        .await;
    plane.compact().unwrap();
    // It forgets what it has seen of its own.
    plane.restart_api_server(|| ()).unwrap();
    replica.relay.set(Mode::Pass);
    until("the watch to be too old", async || {
        let log = std::fs::read_to_string(replica.operator.process().log()).unwrap();
        log.contains("too old resource version").then_some(())
    })
    .await;
    case.check().await;
}

/// The CRD as it was installed, without what a server adds.
fn definition(cluster: &Cluster) -> Value {
    let mut crd = cluster.kubectl.json(["get", "crd", CRD]).unwrap();
    let metadata = crd["metadata"].take();
    crd["metadata"] =
        json!({"name": CRD, "labels": metadata["labels"], "annotations": metadata["annotations"]});
    crd.as_object_mut().unwrap().remove("status");
    crd
}

async fn until_there_is_no_crd(objects: &Objects) {
    let crds = objects.api("apiextensions.k8s.io", "CustomResourceDefinition");
    crds.delete(CRD, &DeleteParams::default()).await.unwrap();
    until("the CRD to be gone", async || {
        crds.get_opt(CRD).await.unwrap().is_none().then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crd_that_is_deleted_takes_everything_along_and_one_that_comes_back_is_served() {
    let alone = alone().await;
    let case = Case::on(&alone.cluster, Shared::get().aws(), "crd-replaced").await;
    let mut replica = case.operator().await;
    case.objects.create().await;
    case.objects.until_ready().await;
    let definition = definition(&alone.cluster);
    until_there_is_no_crd(&case.objects).await;
    assert_eq!(case.account.ours(), []);
    replica.operator.process().check().unwrap();

    alone
        .cluster
        .kubectl
        .apply(&definition.to_string())
        .unwrap();
    let served = ["wait", "--for=condition=Established", "crd", CRD];
    alone.cluster.kubectl.run(served).unwrap();
    // The old object's, if the garbage collector has not come round to them yet: they are nobody's, and not taken over.
    let secrets = case.objects.api("", "Secret");
    let (delete, all) = (DeleteParams::default(), ListParams::default());
    secrets.delete_collection(&delete, &all).await.unwrap();
    case.objects.create().await;
    case.check().await;
}
