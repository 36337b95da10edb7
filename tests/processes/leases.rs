//! Several operators, and the Lease between them.

use cachedapi_hack::http;
use kube::api::DeleteParams;

use crate::relay::Mode;
use crate::wire::{At, Effect};
use crate::world::{Case, Replica, Start, until};

/// Waits until the operator has noticed that it does not lead.
async fn until_it_stands_by(replica: &Replica) {
    until("it to stand by", async || {
        let metrics = http::get(replica.operator.metrics(), &[]).unwrap().body;
        metrics.contains("cachedapi_leader 0").then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_frozen_operator_that_wakes_after_its_lease_sends_nothing() {
    let case = Case::new("frozen").await;
    let mut first = case.start(Start::named("first")).await;
    case.objects.until_held_by("first").await;
    first.wire.fault(At::Write(4), Effect::HoldReply);
    case.objects.create().await;
    first.until_held().await;
    first.operator.process().freeze().unwrap();
    // The reply is there when it wakes: the next thing it does is to decide.
    first.wire.go_on();
    let sent = first.wire.calls().len();

    let _second = case.start(Start::named("second")).await;
    case.objects.until_held_by("second").await;
    case.objects.until_ready().await;
    let before = case.objects.object().await;
    first.operator.process().thaw().unwrap();
    until_it_stands_by(&first).await;
    assert_eq!(first.wire.calls().len(), sent);
    assert_eq!(case.objects.object().await, before);
    case.check().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_operator_that_cannot_reach_the_api_server_stops_before_another_takes_over() {
    let case = Case::new("partitioned").await;
    let first = case.start(Start::named("first")).await;
    case.objects.until_held_by("first").await;
    first.wire.fault(At::Write(4), Effect::HoldReply);
    case.objects.create().await;
    first.until_held().await;
    first.relay.set(Mode::Stall);
    first.wire.go_on();

    let second = case.start(Start::named("second")).await;
    until_it_stands_by(&first).await;
    let sent = first.wire.calls().len();
    assert_eq!(
        second.wire.calls().len(),
        0,
        "the second is not to begin yet"
    );
    case.objects.until_held_by("second").await;
    case.objects.until_ready().await;
    first.relay.set(Mode::Pass);
    case.check().await;
    assert_eq!(first.wire.calls().len(), sent);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_operator_told_to_end_during_a_call_finishes_it_and_lets_the_lease_go() {
    let case = Case::new("told-to-end").await;
    let mut first = case.start(Start::named("first")).await;
    case.objects.until_held_by("first").await;
    let _second = case.start(Start::named("second")).await;
    first.wire.fault(At::Write(4), Effect::HoldRequest);
    case.objects.create().await;
    first.until_held().await;
    first.operator.process().terminate().unwrap();
    until("it to have heard", async || {
        let log = std::fs::read_to_string(first.operator.process().log()).unwrap();
        log.contains("what was begun is finished first")
            .then_some(())
    })
    .await;
    first.operator.process().check().unwrap();
    assert_eq!(case.objects.holder().await, "first");
    let sent = first.wire.writes().len();
    first.wire.go_on();

    let told = std::time::Instant::now();
    case.objects.until_held_by("second").await;
    assert!(told.elapsed().as_secs() < 10, "it need not run out");
    until("its end", async || {
        first.operator.process().check().err().map(drop)
    })
    .await;
    assert!(first.wire.writes().len() >= sent);
    case.check().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lease_that_is_deleted_again_and_again_leaves_one_of_each() {
    let case = Case::new("lease-deleted").await;
    let first = case.start(Start::named("first")).await;
    let second = case.start(Start::named("second")).await;
    let replicas = [&first, &second];
    for replica in replicas {
        replica.wire.fault(At::Writes(3), Effect::HoldReply);
    }
    case.objects.create().await;
    for _ in 0..3 {
        until("a call to be held", async || {
            let held = replicas.iter().any(|replica| replica.wire.is_held());
            held.then_some(())
        })
        .await;
        let leases = case.objects.api("coordination.k8s.io", "Lease");
        let parameters = DeleteParams::default();
        let lease = leases.delete("cachedapi-operator", &parameters);
        lease.await.unwrap();
        until("somebody to hold the Lease", async || {
            (!case.objects.holder().await.is_empty()).then_some(())
        })
        .await;
        for replica in replicas {
            replica.wire.go_on();
        }
    }
    for replica in replicas {
        replica.wire.drop_faults();
        replica.wire.go_on();
    }
    case.check().await;
    case.check_deletion().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_operators_without_a_lease_make_one_of_each() {
    let case = Case::new("leaseless").await;
    let start = |name| Start {
        env: &[("CACHEDAPI_LEADER_ELECTION", "false")],
        ..Start::named(name)
    };
    let first = case.start(start("first")).await;
    let second = case.start(start("second")).await;
    // So that one is ahead now, and now the other.
    let delay = std::time::Duration::from_millis(200);
    first.wire.fault(At::Writes(2), Effect::Delay(delay));
    second.wire.fault(At::Writes(3), Effect::Delay(delay));
    case.objects.create().await;
    case.check().await;
    let before = case.objects.request_rotation().await;
    case.objects.until_rotated(&before).await;
    case.check().await;
    case.check_deletion().await;
}

/// The same build twice: there is no older one to be had. What differs is what a new release could change, the name of the Lease, so that both work.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_installations_that_both_work_until_the_old_one_is_told_to_end_make_one_of_each() {
    let case = Case::new("upgraded").await;
    let start = |name, env| Start {
        env,
        ..Start::named(name)
    };
    let mut old = case
        .start(start("old", &[("CACHEDAPI_LEASE_NAME", "old")]))
        .await;
    old.wire.fault(At::Write(6), Effect::HoldRequest);
    case.objects.create().await;
    old.until_held().await;
    let new = case
        .start(start("new", &[("CACHEDAPI_LEASE_NAME", "new")]))
        .await;
    new.until("the new one to work", |wire| !wire.writes().is_empty())
        .await;
    old.operator.process().terminate().unwrap();
    old.wire.go_on();
    until("the old one's end", async || {
        old.operator.process().check().err().map(drop)
    })
    .await;
    case.check().await;
    let before = case.objects.request_rotation().await;
    case.objects.until_rotated(&before).await;
    case.check().await;
    case.check_deletion().await;
}
