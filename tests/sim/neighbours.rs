//! Two clusters on one account, with objects of the same name.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{sleep, timeout};

use crate::world::{NAME, POLL, World};

use super::figures::Tally;
use super::invariants::Monitor;
use super::kept::{Beginning, Kept};
use super::run::{LONGEST, Outcome, conclude, go_on};
use super::scenario::{Before, Scenario, object};
use super::threads::alone;

/// Another cluster on the account of `ours`, with the example Ready in it. Its operator has ended.
async fn neighbour_of(ours: &World) -> World {
    let theirs = ours.another().await;
    theirs.create(&object(NAME)).await;
    let operator = theirs.operator();
    theirs.until(World::is_ready).await;
    sleep(POLL).await;
    drop(operator);
    theirs
}

/// An operator of the other cluster finds everything as it was.
async fn is_undisturbed(theirs: &World) {
    theirs.wire.plan(Vec::new());
    let _operator = theirs.operator();
    sleep(POLL * 3).await;
    assert!(theirs.is_ready(), "{:#}", theirs.object());
    assert_eq!(theirs.wire.writes(), Vec::<String>::new());
}

/// The example comes, is rotated and goes, in a cluster that has a neighbour.
async fn live() -> Outcome {
    let ours = Arc::new(Kept::of(Beginning::Empty, 0).go_on());
    let theirs = neighbour_of(&ours).await;
    let monitor = Monitor::of(&ours, true);
    ours.wire.plan(Vec::new());
    let mut operator = ours.operator();
    let mut came = true;
    for scenario in [Scenario::Create, Scenario::Rotate, Scenario::Delete] {
        let before = Before::of(&ours);
        scenario.begin(&ours).await;
        let done = |ours: &World| scenario.is_done(ours, &before);
        let comes = timeout(LONGEST, go_on(&ours, &mut operator, done)).await;
        came &= comes.is_ok();
    }
    let outcome = conclude(&ours, &monitor, operator, came).await;
    is_undisturbed(&theirs).await;
    outcome
}

/// The same where both objects have one UID, as after a cluster was restored beside itself: what is named by it is taken.
async fn stand_back() -> Outcome {
    let ours = Arc::new(Kept::of(Beginning::Empty, 1).go_on());
    let theirs = neighbour_of(&ours).await;
    let monitor = Monitor::of(&ours, true);
    ours.wire.plan(Vec::new());
    let mut operator = ours.operator();
    ours.create(&object(NAME)).await;
    let uid = |world: &World| world.object()["metadata"]["uid"].clone();
    assert_eq!(uid(&ours), uid(&theirs));
    let never = go_on(&ours, &mut operator, World::is_ready);
    let waited = timeout(Duration::from_hours(2), never).await;
    assert!(waited.is_err(), "its names are taken: {:#}", ours.object());
    ours.delete().await;
    let gone = timeout(LONGEST, go_on(&ours, &mut operator, World::is_gone)).await;
    let outcome = conclude(&ours, &monitor, operator, gone.is_ok()).await;
    is_undisturbed(&theirs).await;
    outcome
}

#[test]
fn what_another_cluster_has_by_the_same_names_is_not_touched_by_an_object_that_comes_and_goes() {
    let mut tally = Tally::of("two clusters", "two clusters".to_owned());
    tally.add("two clusters", &alone(0, live));
    tally.end();
}

#[test]
fn what_another_cluster_has_by_the_same_uid_is_not_touched() {
    let mut tally = Tally::of("two clusters", "two clusters, one UID".to_owned());
    tally.add("two clusters, one UID", &alone(0, stand_back));
    tally.end();
}
