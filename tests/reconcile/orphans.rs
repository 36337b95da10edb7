//! What is left of objects that are gone: told, kept, and deleted when that is asked for.

use std::time::Duration;

use local_aws::elasticache::LoginOutcome;
use local_aws::{Config, Delays};
use local_kube::{Effect, Fault};
use serde_json::{Value, json};
use tokio::time::sleep;

use crate::world::{ACCOUNT, NAME, NAMESPACE, Process, World, example};

const HOUR: Duration = Duration::from_hours(1);
const GRACE: Duration = Duration::from_hours(4);
/// The object that stays: without one nothing is judged.
const OTHER: &str = "other";

/// An object of this name, with a Secret of its own.
pub fn named(name: &str) -> Value {
    let mut object = example();
    object["metadata"]["name"] = name.into();
    object["spec"]["api"]["apiKeys"] = json!([]);
    object["spec"]["bindings"] = json!([{"secret": {"name": format!("{name}-cache")}}]);
    object
}

/// A world that looks for orphans every hour, with two objects that are to come.
async fn swept(delete: bool) -> World {
    let mut world = World::new(Config {
        delays: Delays::fast(),
        ..Config::default()
    })
    .await;
    world.settings.orphans.interval = HOUR;
    // Days pass, and nothing here depends on polls.
    world.settings.poll = HOUR * 12;
    world.settings.orphans.policy.delete = delete;
    world.create(&example()).await;
    world.create(&named(OTHER)).await;
    world
}

pub fn is_all_ready(world: &World) -> bool {
    let ready = |object: &Value| {
        let conditions = object["status"]["conditions"].as_array();
        let mut conditions = conditions.into_iter().flatten();
        conditions.any(|condition| condition["type"] == "Ready" && condition["status"] == "True")
    };
    world.kube.objects("cachedapis").iter().all(ready)
}

/// The same with both objects Ready.
pub async fn ready(delete: bool) -> (World, Process) {
    let world = swept(delete).await;
    let operator = world.operator();
    world.until(is_all_ready).await;
    (world, operator)
}

/// The same with a Lease that can be told about. It is renewed every few seconds, so that the grace is short.
async fn led() -> (World, Process) {
    let mut world = swept(true).await;
    world.settings.orphans.policy.grace = GRACE;
    let operator = world.candidate("first");
    world.until(is_all_ready).await;
    (world, operator)
}

impl World {
    /// Texts of the events with this reason, with what they are about.
    pub fn told(&self, reason: &str) -> Vec<(String, String)> {
        let events = self.kube.objects("events");
        let of_reason = events.iter().filter(|event| event["reason"] == reason);
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        of_reason
            .map(|event| {
                let kind = text(&event["regarding"]["kind"]);
                (kind, text(&event["note"]))
            })
            .collect()
    }

    /// REST APIs and replication groups.
    fn pillars(&self) -> (usize, usize) {
        let inventory = self.inventory();
        (
            inventory["/apigateway/apis"],
            inventory["/elasticache/replication_groups"],
        )
    }
}

/// The number on the line of the metrics page that begins so.
pub fn metric(operator: &Process, line: &str) -> i64 {
    let page = operator.metrics.encode();
    let found = page.lines().find_map(|seen| seen.strip_prefix(line));
    found.map_or(0, |number| number.trim().parse().unwrap())
}

fn orphans(operator: &Process) -> i64 {
    let page = operator.metrics.encode();
    let lines = page
        .lines()
        .filter(|line| line.starts_with("cachedapi_orphans{"));
    let numbers = lines.filter_map(|line| line.rsplit(' ').next()?.parse::<i64>().ok());
    numbers.sum()
}

pub fn sweeps(operator: &Process, result: &str) -> i64 {
    metric(
        operator,
        &format!("cachedapi_orphan_sweeps_total{{result=\"{result}\"}}"),
    )
}

#[tokio::test(start_paused = true)]
async fn what_a_finalizer_that_was_removed_by_force_leaves_is_told_once_and_stays() {
    let (world, operator) = ready(false).await;
    sleep(HOUR).await;
    assert_eq!((orphans(&operator), sweeps(&operator, "complete")), (0, 1));
    let before = world.inventory();
    world.remove_by_force(NAME).await;
    sleep(HOUR).await;
    for (kind, count) in [
        ("rest_api", 1),
        ("stage", 0),
        ("api_key", 1),
        ("usage_plan", 1),
        ("replication_group", 1),
        ("user_group", 1),
        ("user", 2),
        ("subnet_group", 1),
        ("secret", 1),
    ] {
        let line = format!("cachedapi_orphans{{kind=\"{kind}\",account=\"{ACCOUNT}\"}}");
        assert_eq!(metric(&operator, &line), count, "{kind}");
    }
    let told = world.told("Orphaned");
    assert_eq!(told.len(), 9, "{told:#?}");
    let about = |(kind, text): &(String, String)| {
        kind == "CachedApi" && text.contains(&format!("the CachedApi {NAMESPACE}/{NAME} with UID"))
    };
    assert!(told.iter().all(about), "{told:#?}");
    sleep(HOUR * 72).await;
    assert_eq!(world.inventory(), before, "nobody asked for deletions");
    assert_eq!(world.told("Orphaned").len(), 9);
}

#[tokio::test(start_paused = true)]
async fn it_is_deleted_when_that_is_asked_for_after_the_grace_and_with_a_final_snapshot() {
    let (world, operator) = ready(true).await;
    world.remove_by_force(NAME).await;
    sleep(HOUR * 24).await;
    assert_eq!(world.pillars(), (2, 2), "the grace");
    assert!(
        world.told("Orphaned")[0]
            .1
            .contains("deletes it when it is seen so from 2026-11-25")
    );
    sleep(HOUR * 4).await;
    assert_eq!(world.pillars(), (1, 1));
    let inventory = world.inventory();
    for (kind, left) in [
        ("/apigateway/keys", 0),
        ("/apigateway/plans", 0),
        ("/elasticache/subnet_groups", 1),
        ("/elasticache/user_groups", 1),
        ("/elasticache/users", 2),
        ("/elasticache/snapshots", 1),
    ] {
        assert_eq!(inventory[kind], left, "{kind}");
    }
    assert_eq!(
        inventory["/secretsmanager/secrets"], 2,
        "one in its recovery window"
    );
    assert_eq!(orphans(&operator), 0);
    assert!(is_all_ready(&world));
    sleep(HOUR * 24 * 31).await;
    assert_eq!(world.inventory()["/secretsmanager/secrets"], 1);
}

#[tokio::test(start_paused = true)]
async fn another_process_waits_for_the_whole_grace_again() {
    let (world, operator) = ready(true).await;
    world.remove_by_force(NAME).await;
    sleep(HOUR * 23).await;
    drop(operator);
    let _operator = world.operator();
    sleep(HOUR * 23).await;
    assert_eq!(world.pillars(), (2, 2));
    sleep(HOUR * 4).await;
    assert_eq!(world.pillars(), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn lists_that_are_not_whole_lead_to_nothing() {
    type Break = fn(&World) -> Value;
    let breaks: [(&str, Break, &str); 3] = [
        (
            "the objects",
            |world| {
                let fail = Effect::Fail {
                    code: 500,
                    reason: "InternalError".into(),
                    message: "no".into(),
                };
                world
                    .kube
                    .fault(Fault::new("cachedapis:list", fail).count(0));
                json!([])
            },
            "failed",
        ),
        (
            "the things",
            |_| json!([{"operation": "tagging:GetResources", "count": 0, "effect": "loseReply"}]),
            "partial",
        ),
        (
            "the account",
            |_| json!([{"operation": "sts:GetCallerIdentity", "count": 0, "effect": "denyAccess"}]),
            "failed",
        ),
    ];
    for (case, break_, result) in breaks {
        let (world, operator) = ready(true).await;
        world.remove_by_force(NAME).await;
        let faults = break_(&world);
        world.admin("POST", "/_local/faults", &faults).await;
        sleep(HOUR * 72).await;
        assert_eq!(world.pillars(), (2, 2), "{case}");
        assert_eq!(
            (orphans(&operator), world.told("Orphaned").len()),
            (0, 0),
            "{case}"
        );
        assert!(
            sweeps(&operator, result) > 70,
            "{case}: {}",
            operator.metrics.encode()
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_list_of_objects_that_breaks_off_between_two_pages_is_none() {
    let (world, operator) = ready(true).await;
    for number in 0..120 {
        let mut paused = named(&format!("a-{number}"));
        paused["metadata"]["annotations"] = json!({"cachedapi.dev/paused": "true"});
        world.create(&paused).await;
    }
    world.remove_by_force(NAME).await;
    let fail = Effect::Fail {
        code: 410,
        reason: "Expired".into(),
        message: "too old".into(),
    };
    // The second page of the second list: all that is known by then is the first hundred.
    world.kube.fault(Fault::new("cachedapis:list", fail).nth(4));
    sleep(HOUR).await;
    assert_eq!((orphans(&operator), sweeps(&operator, "failed")), (0, 1));
    sleep(HOUR).await;
    assert_eq!((orphans(&operator), sweeps(&operator, "failed")), (9, 1));
}

#[tokio::test(start_paused = true)]
async fn an_answer_without_objects_leads_to_nothing_but_a_warning() {
    let (world, operator) = led().await;
    // The Region of the objects is learned while there are some.
    sleep(HOUR).await;
    world.remove_by_force(NAME).await;
    world.remove_by_force(OTHER).await;
    sleep(GRACE * 2).await;
    assert_eq!(world.pillars(), (2, 2));
    assert_eq!(orphans(&operator), 0);
    assert!(sweeps(&operator, "refused") >= 7);
    let told = world.told("NoObjects");
    assert_eq!(told.len(), 1, "once, not every hour: {told:#?}");
    assert_eq!(told[0].0, "Lease");
    assert!(
        told[0].1.contains("there is no CachedApi object at all"),
        "{told:#?}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_store_that_went_back_begins_the_grace_anew() {
    let (world, operator) = led().await;
    world.remove_by_force(NAME).await;
    sleep(HOUR * 3).await;
    // For an hour every list is as it was before the object was removed, and many writes more.
    let stale = Effect::ReadStale { behind: 20 };
    world
        .kube
        .fault(Fault::new("cachedapis:list", stale).count(2));
    sleep(HOUR).await;
    assert_eq!(sweeps(&operator, "refused"), 1);
    assert_eq!(world.told("StoreWentBack").len(), 1);
    sleep(HOUR * 3).await;
    assert_eq!(world.pillars(), (2, 2), "what was seen before is forgotten");
    sleep(HOUR * 3).await;
    assert_eq!(world.pillars(), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn what_a_restored_store_does_not_know_is_told_and_not_deleted_before_the_grace() {
    let world = swept(true).await;
    let operator = world.operator();
    world.until(is_all_ready).await;
    drop(operator);
    // The store is as before the other object was made: a process that starts now knows no other.
    world.remove_by_force(OTHER).await;
    let operator = world.operator();
    sleep(HOUR * 23).await;
    assert!(orphans(&operator) > 0);
    assert_eq!(world.pillars(), (2, 2));
    assert!(world.is_ready() && world.log_in() == LoginOutcome::Accepted);
}

#[tokio::test(start_paused = true)]
async fn two_clusters_on_one_account_leave_each_other_alone() {
    let (first, operator) = ready(true).await;
    let mut second = first.another().await;
    second.settings.orphans = first.settings.orphans.clone();
    second.create(&example()).await;
    second.create(&named(OTHER)).await;
    let _second = second.operator();
    second.until(is_all_ready).await;
    first.remove_by_force(NAME).await;
    sleep(HOUR * 30).await;
    assert_eq!(first.pillars(), (3, 3), "only what the first cluster left");
    assert!(is_all_ready(&first) && is_all_ready(&second));
    assert_eq!(orphans(&operator), 0);
}

#[tokio::test(start_paused = true)]
async fn what_a_deletion_policy_keeps_is_no_orphan() {
    let (world, operator) = ready(true).await;
    let keep = json!({"api": "Retain", "cache": "Retain", "secret": "Retain"});
    world.patch(json!({"spec": {"deletionPolicy": keep}})).await;
    let before = world.inventory();
    world.delete().await;
    world
        .until(|world| world.kube.objects("cachedapis").len() == 1)
        .await;
    sleep(HOUR * 72).await;
    assert_eq!(world.inventory(), before);
    assert_eq!((orphans(&operator), world.told("Orphaned").len()), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn what_lost_a_tag_of_ownership_is_told_at_the_lease_and_never_deleted() {
    let (world, _operator) = led().await;
    let arn = world.object()["status"]["credentials"]["secretArn"].clone();
    world.remove_by_force(NAME).await;
    let untag = json!({"SecretId": arn, "TagKeys": ["cachedapi.dev/owner-uid"]});
    world.secrets_manager("UntagResource", &untag).await;
    sleep(GRACE * 2).await;
    assert_eq!(world.pillars(), (1, 1), "the rest goes");
    assert_eq!(world.inventory()["/secretsmanager/secrets"], 2);
    let told = world.told("Orphaned");
    let at_lease: Vec<_> = told.iter().filter(|(kind, _)| kind == "Lease").collect();
    assert_eq!(at_lease.len(), 1, "{told:#?}");
    assert!(
        at_lease[0].1.contains("put them back, or delete it"),
        "{told:#?}"
    );
}
