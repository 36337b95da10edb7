//! Operators that are killed, again and again.

use crate::objects::{is_ready, is_rotated};
use crate::wire::{At, Effect, Wire};
use crate::world::{Case, Replica, until};

/// At which of its writes an operator is killed, counted from its start: when AWS has done it and the operator does not know, or before AWS has it. One after
/// the other, over and over: there is progress in each round, and in each there is one that dies before it has got anywhere.
const AT_WRITES: [(At, Effect); 3] = [
    (At::Write(1), Effect::HoldReply),
    (At::Write(1), Effect::HoldRequest),
    (At::Write(2), Effect::HoldReply),
];

/// More kills than any of these takes.
const MOST: usize = 60;

fn over_and_over<const N: usize>(at: [(At, Effect); N]) -> impl Iterator<Item = (At, Effect)> {
    at.into_iter().cycle()
}

/// Kills the operator at these calls, and each that follows it, until `done`; the test looks at the world `between` one and the next. Gives how many
/// were killed. The first is as it was started: `begin` gives it something to do.
async fn kill(
    replica: &mut Replica,
    at: impl IntoIterator<Item = (At, Effect)>,
    begin: impl AsyncFnOnce(),
    done: impl AsyncFn() -> bool,
    between: impl AsyncFn(),
) -> usize {
    let mut killed = 0;
    let mut faults = at.into_iter().take(MOST);
    let mut fault = |wire: &Wire| {
        if let Some((at, side)) = faults.next() {
            wire.fault(at, side);
        }
    };
    fault(&replica.wire);
    begin().await;
    loop {
        let held = until("a call to be held, or the end", async || {
            let held = replica.wire.is_held();
            (held || done().await).then_some(held)
        });
        if !held.await {
            replica.wire.drop_faults();
            return killed;
        }
        replica.operator.process().kill().unwrap();
        killed += 1;
        replica.wire.drop_held();
        replica.wire.drop_faults();
        between().await;
        fault(&replica.wire);
        replica.crash();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_operator_killed_at_its_writes_of_a_creation_makes_one_of_each() {
    let case = Case::new("killed-creating").await;
    let mut replica = case.operator().await;
    let objects = &case.objects;
    let begin = async || drop(objects.create().await);
    let done = async || is_ready(&objects.object().await);
    let killed = kill(
        &mut replica,
        over_and_over(AT_WRITES),
        begin,
        done,
        async || (),
    )
    .await;
    assert!(killed >= 8, "{killed}");
    case.check().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_operator_killed_at_its_writes_of_a_rotation_locks_nobody_out() {
    let case = Case::new("killed-rotating").await;
    let mut replica = case.operator().await;
    let objects = &case.objects;
    objects.create().await;
    objects.until_ready().await;
    let before = &objects.version().await;
    let begin = async || drop(objects.request_rotation().await);
    let done = async || is_rotated(&objects.object().await, before);
    let between = async || case.check_login().await;
    // Once the nodes have both passwords, once clients have the new one. (An operator that begins before waits half a minute for a second look at the cache.)
    let at = [
        (
            At::Operation("elasticache:ModifyUser", 1),
            Effect::HoldReply,
        ),
        (At::Write(1), Effect::HoldReply),
        (At::Write(1), Effect::HoldReply),
    ];
    let killed = kill(&mut replica, at, begin, done, between).await;
    assert!(killed >= 2, "{killed}");
    case.check().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_operator_killed_at_its_writes_of_a_deletion_leaves_nothing() {
    let case = Case::new("killed-deleting").await;
    let mut replica = case.operator().await;
    let objects = &case.objects;
    objects.create().await;
    objects.until_ready().await;
    let begin = async || objects.delete().await;
    let done = async || objects.object().await.is_null();
    let killed = kill(
        &mut replica,
        over_and_over(AT_WRITES),
        begin,
        done,
        async || (),
    )
    .await;
    assert!(killed >= 6, "{killed}");
    assert_eq!(case.account.ours(), []);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn operators_that_die_while_they_find_out_what_the_last_one_did_get_there_together() {
    let case = Case::new("killed-early").await;
    let mut replica = case.operator().await;
    let objects = &case.objects;
    let begin = async || drop(objects.create().await);
    let done = async || is_ready(&objects.object().await);
    // Two die while they look around, the third when it has done something.
    let at = [
        (At::Call(3), Effect::HoldRequest),
        (At::Call(8), Effect::HoldReply),
        (At::Write(1), Effect::HoldReply),
    ];
    let killed = kill(&mut replica, over_and_over(at), begin, done, async || ()).await;
    assert!(killed >= 12, "{killed}");
    case.check().await;
}
