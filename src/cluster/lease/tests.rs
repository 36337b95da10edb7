use std::pin::pin;

use kube::Client;
use local_kube::{Effect, Fault, LocalKube};
use tokio::time::advance;

use super::*;

struct Stage {
    kube: LocalKube,
    start: Instant,
}

impl Stage {
    fn new() -> Self {
        let start = Instant::now();
        let noon: Timestamp = "2026-11-24T12:00:00Z".parse().unwrap();
        Self {
            kube: LocalKube::new(0, move || noon + start.elapsed()),
            start,
        }
    }

    fn candidate(&self, identity: &str) -> Lease {
        let client = Client::new(self.kube.clone(), "default");
        let cluster = Cluster::new(client, identity.into(), Fence::open());
        let (noon, start) = (
            "2026-11-24T12:00:00Z".parse::<Timestamp>().unwrap(),
            self.start,
        );
        Lease::new(
            &cluster,
            ("default", "operator"),
            identity.into(),
            move || noon + start.elapsed(),
        )
    }

    fn lease(&self) -> serde_json::Value {
        self.kube.objects("leases")[0].clone()
    }

    fn holder(&self) -> String {
        let holder = self.lease()["spec"]["holderIdentity"].clone();
        holder.as_str().unwrap_or_default().to_owned()
    }

    /// Nobody's request arrives from now on.
    fn cut(&self) {
        self.kube
            .fault(Fault::new("*", Effect::LoseRequest).count(0));
    }
}

#[tokio::test(start_paused = true)]
async fn a_lease_that_nobody_has_is_taken_at_once() {
    let stage = Stage::new();
    stage.candidate("first").acquire().await;
    assert_eq!(stage.holder(), "first");
    assert_eq!(stage.start.elapsed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn a_held_lease_is_renewed_every_two_seconds_and_stays_acquired() {
    let stage = Stage::new();
    let mut first = stage.candidate("first");
    first.acquire().await;
    let acquired = stage.lease();
    tokio::select! {
        () = first.hold() => panic!("lost"),
        () = sleep(Duration::from_mins(1)) => {}
    }
    let renewed = stage.lease();
    assert_eq!(
        renewed["spec"]["acquireTime"],
        acquired["spec"]["acquireTime"]
    );
    assert_ne!(renewed["spec"]["renewTime"], acquired["spec"]["renewTime"]);
    let renewals = stage
        .kube
        .called()
        .into_iter()
        .filter(|called| called.operation == "leases:update");
    assert!((29..=30).contains(&renewals.count()), "every two seconds");
}

#[tokio::test(start_paused = true)]
async fn a_lease_is_lost_to_whoever_wrote_it_meanwhile() {
    let stage = Stage::new();
    let mut first = stage.candidate("first");
    first.acquire().await;
    stage
        .kube
        .fault(Fault::new("leases:update", Effect::Conflict));
    first.hold().await;
    assert_eq!(stage.start.elapsed(), RETRY, "at the first renewal");
}

#[tokio::test(start_paused = true)]
async fn of_two_that_try_at_once_one_gets_it() {
    let stage = Stage::new();
    let mut candidates = [stage.candidate("first"), stage.candidate("second")];
    // Both read that there is none before either writes.
    stage
        .kube
        .fault(Fault::new("leases:create", Effect::Delay { ms: 100 }).count(2));
    let [first, second] = &mut candidates;
    tokio::select! {
        () = async { tokio::join!(first.acquire(), second.acquire()); } => panic!("both"),
        () = sleep(Duration::from_secs(5)) => {}
    }
    let created = stage
        .kube
        .called()
        .into_iter()
        .filter(|called| called.operation == "leases:create");
    let mut codes: Vec<u16> = created.map(|called| called.code).collect();
    codes.sort_unstable();
    assert_eq!(codes, [201, 409]);
}

#[tokio::test(start_paused = true)]
async fn a_lease_that_is_no_longer_renewed_is_taken_when_it_has_not_changed_for_its_duration() {
    let stage = Stage::new();
    stage.candidate("first").acquire().await;
    // The second one's clock starts when it first sees this version, however old it is.
    advance(Duration::from_hours(1)).await;
    let since = Instant::now();
    stage.candidate("second").acquire().await;
    assert_eq!(stage.holder(), "second");
    assert!(
        (DURATION..=DURATION + RETRY).contains(&since.elapsed()),
        "{:?}",
        since.elapsed()
    );
    assert_eq!(stage.lease()["spec"]["leaseTransitions"], 2);
}

#[tokio::test(start_paused = true)]
async fn a_lease_that_is_renewed_is_never_taken() {
    let stage = Stage::new();
    let (mut first, mut second) = (stage.candidate("first"), stage.candidate("second"));
    first.acquire().await;
    tokio::select! {
        () = first.hold() => panic!("lost"),
        () = second.acquire() => panic!("taken"),
        () = sleep(Duration::from_hours(1)) => {}
    }
    assert_eq!(stage.holder(), "first");
}

#[tokio::test(start_paused = true)]
async fn a_lease_that_was_let_go_is_taken_at_the_next_try() {
    let stage = Stage::new();
    let (mut first, mut second) = (stage.candidate("first"), stage.candidate("second"));
    first.acquire().await;
    let let_go = async {
        sleep(Duration::from_millis(4500)).await;
        first.release().await;
        Instant::now()
    };
    let (let_go, ()) = tokio::join!(let_go, second.acquire());
    assert_eq!(stage.holder(), "second");
    assert!(let_go.elapsed() <= LOOK, "{:?}", let_go.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_lease_of_another_is_not_let_go() {
    let stage = Stage::new();
    stage.candidate("first").acquire().await;
    stage.candidate("second").release().await;
    assert_eq!(stage.holder(), "first");
}

#[tokio::test(start_paused = true)]
async fn who_cannot_renew_steps_down_before_another_may_take_over() {
    let stage = Stage::new();
    let mut first = stage.candidate("first");
    first.acquire().await;
    stage.cut();
    first.hold().await;
    let stepped_down = stage.start.elapsed();
    assert!(
        (RENEW_DEADLINE..DURATION).contains(&stepped_down),
        "{stepped_down:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn who_gets_no_answer_steps_down_before_another_may_take_over() {
    let stage = Stage::new();
    let mut first = stage.candidate("first");
    first.acquire().await;
    stage
        .kube
        .fault(Fault::new("*", Effect::Delay { ms: 3_600_000 }).count(0));
    first.hold().await;
    let stepped_down = stage.start.elapsed();
    assert!(
        (RENEW_DEADLINE..DURATION).contains(&stepped_down),
        "{stepped_down:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_lease_counts_from_when_it_was_asked_for_however_long_the_answer_took() {
    let stage = Stage::new();
    let mut first = stage.candidate("first");
    first.acquire().await;
    let slow = Effect::Delay { ms: 7000 };
    stage.kube.fault(Fault::new("leases:update", slow));
    let lost = Fault::new("leases:get", Effect::LoseRequest);
    stage.kube.fault(lost.nth(2).count(0));
    first.hold().await;
    assert_eq!(stage.start.elapsed(), RETRY + RENEW_DEADLINE);
}

#[tokio::test(start_paused = true)]
async fn a_lost_answer_to_a_renewal_is_not_the_end() {
    let stage = Stage::new();
    let mut first = stage.candidate("first");
    first.acquire().await;
    stage
        .kube
        .fault(Fault::new("leases:update", Effect::LoseReply));
    tokio::select! {
        () = first.hold() => panic!("lost"),
        () = sleep(Duration::from_mins(1)) => {}
    }
    assert_eq!(stage.holder(), "first");
}

/// Lets `holding` run for 3 s, and then not while `meanwhile` happens, as a process that is stopped; returns how long after that it goes on.
async fn wake_after(
    holding: impl Future<Output = ()>,
    meanwhile: impl Future<Output = ()>,
) -> Duration {
    let mut holding = pin!(holding);
    tokio::select! {
        () = &mut holding => panic!("lost"),
        () = sleep(Duration::from_secs(3)) => {}
    }
    meanwhile.await;
    let woken = Instant::now();
    holding.await;
    woken.elapsed()
}

#[tokio::test(start_paused = true)]
async fn a_process_that_wakes_after_its_lease_was_taken_says_at_once_that_it_is_lost() {
    let stage = Stage::new();
    let (mut first, mut second) = (stage.candidate("first"), stage.candidate("second"));
    first.acquire().await;
    let went_on = wake_after(first.hold(), second.acquire()).await;
    assert_eq!(went_on, Duration::ZERO);
    assert_eq!(stage.holder(), "second");
}

#[tokio::test(start_paused = true)]
async fn a_process_that_wakes_after_its_lease_ran_out_says_at_once_that_it_is_lost() {
    let stage = Stage::new();
    let mut first = stage.candidate("first");
    first.acquire().await;
    let went_on = wake_after(first.hold(), advance(DURATION)).await;
    assert_eq!(went_on, Duration::ZERO);
}
