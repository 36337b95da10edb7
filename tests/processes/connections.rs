//! Connections to the API server that end, stall, or carry what they should not.

use std::time::Duration;

use serde_json::json;

use crate::relay::{Mode, Plan, Spoil};
use crate::world::{Case, until};

/// A creation during which so many turns are spoilt.
async fn create(name: &str, plan: Plan) {
    let case = Case::new(name).await;
    let replica = case.operator().await;
    replica.relay.plan(plan);
    case.objects.create().await;
    until("every turn to be spoilt", async || {
        let spoilt = replica.relay.left() == 0;
        if !spoilt {
            case.objects.request_reconcile().await;
        }
        spoilt.then_some(())
    })
    .await;
    case.check().await;
    case.check_deletion().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn writes_to_the_api_server_whose_replies_are_lost_are_not_lost() {
    let plan = Plan {
        spoil: Spoil::Reply,
        every: 5,
        times: 8,
    };
    create("kube-replies-lost", plan).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn requests_that_do_not_reach_the_api_server_are_made_again() {
    let plan = Plan {
        spoil: Spoil::Request,
        every: 5,
        times: 8,
    };
    create("kube-requests-lost", plan).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bytes_that_arrive_twice_end_a_connection_and_nothing_else() {
    let plan = Plan {
        spoil: Spoil::Twice,
        every: 7,
        times: 4,
    };
    create("kube-bytes-twice", plan).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slow_api_server_makes_it_slow_and_nothing_else() {
    let case = Case::new("kube-slow").await;
    let replica = case.operator().await;
    replica.relay.set(Mode::Slow(Duration::from_millis(150)));
    case.objects.create().await;
    case.check().await;
    let before = case.objects.request_rotation().await;
    case.objects.until_rotated(&before).await;
    case.check().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn edits_made_while_the_watch_is_cut_are_found() {
    let case = Case::new("kube-watch-cut").await;
    let replica = case.operator().await;
    case.objects.create().await;
    case.objects.until_ready().await;
    let object = case.objects.object().await;
    for edit in 1..=5 {
        replica.relay.set(Mode::Refuse);
        let mut routes = object["spec"]["routes"].clone();
        routes[1]["throttle"] = json!({"rate": 60 + edit, "burst": 100});
        case.objects
            .patch(&json!({"spec": {"routes": routes}}))
            .await;
        replica.relay.set(Mode::Pass);
        // And again, when it may just be reading the list.
        let accepted = replica.relay.accepted();
        replica
            .until("it to come back", |_| replica.relay.accepted() > accepted)
            .await;
        replica.relay.cut();
        case.objects.until_ready().await;
    }
    case.check().await;
}
