//! Calls to AWS that are lost, doubled, spoilt or refused.

use std::time::{Duration, Instant};

use crate::objects::condition;
use crate::wire::{At, Effect, Wire};
use crate::world::{Case, Replica};

/// A creation whose calls are spoilt so, and at least so many of them.
async fn create(name: &str, faults: &[(At, Effect)], met: usize) -> (Case<'static>, Replica) {
    let case = Case::new(name).await;
    let replica = case.operator().await;
    for (at, effect) in faults {
        replica.wire.fault(*at, *effect);
    }
    case.objects.create().await;
    case.objects.until_ready().await;
    assert!(replica.wire.met() >= met, "only {}", replica.wire.met());
    (case, replica)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn requests_that_do_not_reach_aws_are_made_again() {
    let faults = [(At::Writes(3), Effect::LoseRequest)];
    let (case, replica) = create("requests-lost", &faults, 4).await;
    case.check().await;
    replica.wire.drop_faults();
    replica.wire.fault(At::Writes(3), Effect::LoseRequest);
    case.check_deletion().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_aws_did_without_its_reply_arriving_is_not_done_twice() {
    let faults = [(At::Writes(2), Effect::LoseReply)];
    let (case, replica) = create("replies-lost", &faults, 6).await;
    case.check().await;
    let before = case.objects.request_rotation().await;
    case.objects.until_rotated(&before).await;
    case.check().await;
    replica.wire.drop_faults();
    replica.wire.fault(At::Writes(2), Effect::LoseReply);
    case.check_deletion().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn writes_that_arrive_twice_leave_one_of_each() {
    let faults = [(At::Writes(1), Effect::Twice)];
    let (case, _replica) = create("twice", &faults, 12).await;
    // A second REST API, whose names are AWS's: it goes with one of the next polls, or with the object.
    let ours = case.account.ours();
    assert_eq!(ours.len(), 10, "{ours:?}");
    let before = case.objects.request_rotation().await;
    case.objects.until_rotated(&before).await;
    case.check_login().await;
    case.check_deletion().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn half_a_reply_is_none() {
    let reads = [5, 12, 19, 26, 33].map(|nth| (At::Call(nth), Effect::HalfReply));
    let writes = [(At::Writes(4), Effect::HalfReply)];
    let (case, _replica) = create("half-replies", &[&reads[..], &writes].concat(), 7).await;
    case.check().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_object_deleted_while_its_cache_is_being_asked_for_leaves_nothing() {
    let case = Case::new("deleted-early").await;
    let replica = case.operator().await;
    let asked = At::Operation("elasticache:CreateReplicationGroup", 1);
    replica.wire.fault(asked, Effect::HoldReply);
    case.objects.create().await;
    replica.until_held().await;
    case.objects.delete().await;
    replica.wire.go_on();
    case.objects.until_gone().await;
    assert_eq!(case.account.ours(), []);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn expired_credentials_are_no_reason_to_change_anything() {
    let (case, replica) = create("expired", &[], 0).await;
    let writes = replica.wire.writes().len();
    case.account.refuse("ExpiredTokenException");
    case.objects.request_reconcile().await;
    let said = case
        .objects
        .until_said("CacheReady", "CredentialsRefused")
        .await;
    assert!(said.contains("ExpiredTokenException"), "{said}");
    let ready = condition(&case.objects.object().await, "Ready");
    assert_ne!(ready["status"], "False");
    case.check_login().await;
    let before = case.objects.request_rotation().await;
    assert_eq!(replica.wire.writes().len(), writes);

    case.account.permit();
    case.objects.until_rotated(&before).await;
    case.check().await;
}

/// More connections than a look at the object makes: what comes after them is a second look.
const ATTEMPTS: usize = 20;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_nobody_answers_for_aws_clients_get_in_and_it_is_asked_ever_more_rarely() {
    let (case, replica) = create("outage", &[], 0).await;
    replica.wire.fault(At::Write(1), Effect::HoldReply);
    let before = case.objects.request_rotation().await;
    replica.until_held().await;
    let (asked, start) = (replica.wire.accepted(), Instant::now());
    replica.wire.set_out(true);
    let enough = |wire: &Wire| wire.accepted() >= asked + ATTEMPTS;
    replica.until("attempts", enough).await;
    let took = start.elapsed();
    assert!(took > Duration::from_secs(4), "{ATTEMPTS} in {took:?}");
    case.check_login().await;

    replica.wire.set_out(false);
    case.objects.request_reconcile().await;
    case.objects.until_rotated(&before).await;
    case.check().await;
}
