//! What people, tools and administrators do to a cluster while the operator works.

use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use cachedapi_hack::control_plane::AUDIT_LOG;
use cachedapi_hack::local_aws::REGION;
use cachedapi_hack::operator::{self, NAMESPACE, RELEASE};
use kube::api::{DeleteParams, Patch, PatchParams};
use serde_json::{Value, json};
use tokio::time::sleep;

use crate::objects::SECRET;
use crate::wire::{At, Effect};
use crate::world::{Case, Shared, Start, until};

/// How many requests of operators in the namespace ended with this status.
fn answered(case: &Case<'_>, status: u16) -> usize {
    let state = Shared::get().environment.folder().join("state");
    let log = std::fs::read_to_string(state.join(AUDIT_LOG)).unwrap();
    let entries = log
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let namespace = case.objects.namespace();
    let of_it = entries.filter(|entry| entry["objectRef"]["namespace"] == namespace);
    of_it
        .filter(|entry| entry["responseStatus"]["code"] == status)
        .count()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_object_that_another_manager_writes_all_the_time_becomes_ready_and_loses_no_edit() {
    let case = Case::new("second-writer").await;
    let _replica = case.operator().await;
    case.objects.create().await;
    let (done, objects) = (AtomicBool::new(false), &case.objects);
    let write = async {
        let mut turn = 0;
        while !done.load(Ordering::SeqCst) {
            turn += 1;
            let label = json!({"metadata": {"labels": {"turn": turn.to_string()}}});
            objects.patch(&label).await;
            sleep(Duration::from_millis(20)).await;
        }
        turn
    };
    let work = async {
        objects.until_ready().await;
        let before = objects.request_rotation().await;
        objects.until_rotated(&before).await;
        done.store(true, Ordering::SeqCst);
    };
    let (turn, ()) = tokio::join!(write, work);
    let object = objects.object().await;
    assert_eq!(object["metadata"]["labels"]["turn"], turn.to_string());
    assert!(answered(&case, 409) > 0, "nobody was in anybody's way");
    case.check().await;
}

/// Makes a service account with the operator's rights without some, and gives a kubeconfig with its token.
fn account_without(case: &Case<'_>, group: &str, resource: &str, verb: &str) -> Value {
    let name = case.objects.namespace();
    let chart = format!("{NAMESPACE}-{RELEASE}");
    let kubectl = &case.cluster.kubectl;
    let mut rules = kubectl.json(["get", "clusterrole", &chart]).unwrap()["rules"].take();
    for rule in rules.as_array_mut().unwrap() {
        if rule["apiGroups"][0] == group && rule["resources"][0] == resource {
            rule["verbs"]
                .as_array_mut()
                .unwrap()
                .retain(|has| has != verb);
        }
    }
    let role =
        |kind: &str| json!({"apiGroup": "rbac.authorization.k8s.io", "kind": kind, "name": name});
    let account = json!({"kind": "ServiceAccount", "name": name, "namespace": NAMESPACE});
    let meta = json!({"name": name});
    let rbac = "rbac.authorization.k8s.io/v1";
    let leases = json!({"apiGroups": ["coordination.k8s.io"], "resources": ["leases"], "verbs": ["create", "get", "update"]});
    rules.as_array_mut().unwrap().push(leases);
    let items = [
        json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": name, "namespace": NAMESPACE}}),
        json!({"apiVersion": rbac, "kind": "ClusterRole", "metadata": meta, "rules": rules}),
        json!({"apiVersion": rbac, "kind": "ClusterRoleBinding", "metadata": meta, "roleRef": role("ClusterRole"), "subjects": [account]}),
    ];
    let list = json!({"apiVersion": "v1", "kind": "List", "items": items});
    kubectl.apply(&list.to_string()).unwrap();
    operator::kubeconfig(kubectl, name).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_right_that_is_missing_is_named_and_once_it_is_granted_the_object_becomes_ready() {
    let case = Case::new("without-a-right").await;
    let kubeconfig = account_without(&case, "", "secrets", "create");
    let start = Start {
        kubeconfig: Some(&kubeconfig),
        ..Start::named("operator")
    };
    let _replica = case.start(start).await;
    case.objects.create().await;
    let said = case
        .objects
        .until_said("BindingsReady", "AccessDenied")
        .await;
    assert!(
        said.contains("create") && said.contains("secrets"),
        "{said}"
    );
    case.objects.until_said("CacheReady", "Available").await;

    let roles = case.objects.api("rbac.authorization.k8s.io", "ClusterRole");
    let rule = json!([{"op": "add", "path": "/rules/-", "value": {"apiGroups": [""], "resources": ["secrets"], "verbs": ["create"]}}]);
    let patch = Patch::<()>::Json(serde_json::from_value(rule).unwrap());
    let name = case.objects.namespace();
    roles
        .patch(name, &PatchParams::default(), &patch)
        .await
        .unwrap();
    case.objects.request_reconcile().await;
    case.check().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_operator_whose_events_are_refused_works_as_any_other() {
    let case = Case::new("without-events").await;
    let kubeconfig = account_without(&case, "events.k8s.io", "events", "create");
    let start = Start {
        kubeconfig: Some(&kubeconfig),
        ..Start::named("operator")
    };
    let _replica = case.start(start).await;
    case.objects.create().await;
    case.check().await;
    assert!(answered(&case, 403) > 0, "nobody refused an event");
    case.check_deletion().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_namespace_deleted_during_a_creation_goes_with_all_that_was_made() {
    let case = Case::new("doomed").await;
    // The Lease is elsewhere, as in a cluster.
    let start = Start {
        env: &[
            ("POD_NAMESPACE", "default"),
            ("CACHEDAPI_LEASE_NAME", "doomed"),
        ],
        ..Start::named("operator")
    };
    let replica = case.start(start).await;
    let asked = At::Operation("elasticache:CreateReplicationGroup", 1);
    replica.wire.fault(asked, Effect::HoldReply);
    case.objects.create().await;
    replica.until_held().await;
    let namespaces = case.objects.api("", "Namespace");
    namespaces
        .delete("doomed", &DeleteParams::default())
        .await
        .unwrap();
    replica.wire.go_on();
    until("the namespace to be gone", async || {
        namespaces
            .get_opt("doomed")
            .await
            .unwrap()
            .is_none()
            .then_some(())
    })
    .await;
    assert_eq!(case.account.ours(), []);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bound_secret_that_is_deleted_comes_back_with_the_same_password() {
    let case = Case::new("secret-deleted").await;
    let _replica = case.operator().await;
    case.objects.create().await;
    case.objects.until_ready().await;
    let password = case.objects.secret(SECRET).await.unwrap()("password");
    let secrets = case.objects.api("", "Secret");
    secrets
        .delete(SECRET, &DeleteParams::default())
        .await
        .unwrap();
    case.objects.request_reconcile().await;
    until("the Secret", async || {
        case.objects.secret(SECRET).await.map(drop)
    })
    .await;
    let again = case.objects.secret(SECRET).await.unwrap()("password");
    assert_eq!(again, password);
    case.check().await;
}

/// What `cachedapi-operator orphans` prints, and its exit status.
fn orphans(case: &Case<'_>) -> (Option<i32>, String) {
    let shared = Shared::get();
    let mut command = Command::new(&shared.environment.programs().ours.operator);
    let output = command
        .args(["orphans", "--region", REGION])
        // The objects of other tests are in other accounts.
        .args(["--watch-namespaces", case.objects.namespace()])
        .env("KUBECONFIG", case.cluster.kubectl.kubeconfig())
        .env("AWS_ENDPOINT_URL", shared.aws().local.endpoint())
        .env("AWS_ACCESS_KEY_ID", &case.account.id)
        .env("AWS_SECRET_ACCESS_KEY", "x")
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    (output.status.code(), text)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_an_object_leaves_without_its_finalizer_is_reported_and_its_successor_has_its_own() {
    let case = Case::new("finalizer-removed").await;
    let replica = case.operator().await;
    let asked = At::Operation("elasticache:CreateReplicationGroup", 1);
    replica.wire.fault(asked, Effect::HoldReply);
    let uid = case.objects.create().await;
    replica.until_held().await;
    case.objects.delete().await;
    let none = json!({"metadata": {"finalizers": null}});
    case.objects.patch(&none).await;
    case.objects.until_gone().await;
    replica.wire.go_on();

    // Another object of the same name has things of its own.
    let again = case.objects.create().await;
    case.objects.until_ready().await;
    let left = case.account.owned_by(&uid);
    assert!(!left.is_empty());
    let (status, said) = orphans(&case);
    assert_eq!(status, Some(3), "{said}");
    for arn in &left {
        // A stage goes with its API.
        let reported = arn.split("/stages/").next().unwrap();
        assert!(said.contains(reported), "{arn}: {said}");
    }
    for arn in case.account.owned_by(&again) {
        assert!(!said.contains(&arn), "{arn}: {said}");
    }
    case.check_login().await;
}
