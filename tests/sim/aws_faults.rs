//! What AWS does over a stretch of time: it throttles, is away, lags behind itself, or takes its time.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::SignedDuration;
use local_aws::elasticache::LoginOutcome;
use local_aws::{Config, Delay, Delays, Lag};
use serde_json::{Value, json};
use tokio::time::sleep;

use crate::wire::{At, Effect, Fault};
use crate::world::World;

use super::course::{
    Course, MINUTE, SCENARIOS, aws_does, aws_recovers, calls, error, fast, forget_calls, group_id,
    messages, put_in_aws, says,
};
use super::run::is_quiet;
use super::scenario::{Part, ROTATE, Scenario, object, request};

/// A5.
#[tokio::test(start_paused = true)]
async fn ten_minutes_in_which_everything_is_throttled_are_waited_out_without_a_storm() {
    for scenario in SCENARIOS {
        let mut course = Course::of(scenario).await;
        aws_does(&course.world, "*", json!({"throttle": {}})).await;
        forget_calls(&course.world).await;
        course.begin().await;
        course.pass(MINUTE * 10).await;
        let asked = calls(&course.world).await.len();
        assert!((1..=200).contains(&asked), "{scenario:?}: {asked} calls");
        aws_recovers(&course.world).await;
        course.end("throttled", &[]).await;
    }
}

/// A5.
#[tokio::test(start_paused = true)]
async fn an_object_that_is_as_desired_stays_ready_while_everything_is_throttled() {
    let mut course = Course::of(Scenario::Update(Part::Route)).await;
    aws_does(&course.world, "*", json!({"throttle": {"retryAfter": 5}})).await;
    for _ in 0..60 {
        course.pass(MINUTE).await;
        assert!(course.world.is_ready(), "{:#}", course.world.object());
    }
    let told = messages(&course.world);
    assert!(
        told.contains("Throttl") || told.contains("TooManyRequests"),
        "{told}"
    );
    aws_recovers(&course.world).await;
    course.begin().await;
    course.end("throttled at rest", &[]).await;
}

/// A7.
#[tokio::test(start_paused = true)]
async fn reads_that_lag_by_two_minutes_lead_to_nothing_twice_and_nobody_locked_out() {
    let lag = SignedDuration::from_mins(2);
    let all = Lag::of_all(lag);
    let none = Lag::default();
    for (case, lag) in [
        ("all", all),
        (
            "one of two replicas",
            Lag {
                alternates: true,
                ..all
            },
        ),
        (
            "one thing by its id",
            Lag {
                describes: lag,
                ..none
            },
        ),
        ("lists", Lag { lists: lag, ..none }),
        (
            "half of the lists",
            Lag {
                lists: lag,
                alternates: true,
                ..none
            },
        ),
    ] {
        for scenario in [Scenario::Create, Scenario::Rotate, Scenario::Delete] {
            let world = World::new(Config { lag, ..fast() }).await;
            let mut course = Course::in_world(scenario, world).await;
            course.begin().await;
            course.pass(MINUTE).await;
            course.end(case, &[]).await;
        }
    }
}

/// A7, C2.
#[tokio::test(start_paused = true)]
async fn an_object_that_is_deleted_while_reads_lag_leaves_nothing() {
    let lag = Lag::of_all(SignedDuration::from_mins(2));
    for index in (0..).step_by(30) {
        let world = World::new(Config { lag, ..fast() }).await;
        let mut course = Course::in_world(Scenario::Create, world).await;
        if !course.begin_up_to(index).await {
            break;
        }
        course.world.delete().await;
        course.world.wire.go_on();
        let what = format!("deleted at {index}");
        course.end_when(&what, World::is_gone, &[]).await;
    }
}

/// A8.
#[tokio::test(start_paused = true)]
async fn a_cache_that_is_modified_again_and_again_is_waited_for_and_changed_in_between() {
    for scenario in [
        Scenario::Update(Part::NodeType),
        Scenario::Rotate,
        Scenario::Revoke,
        Scenario::Delete,
    ] {
        let mut course = Course::of(scenario).await;
        let world = course.world.clone();
        let arn =
            world.place()["elasticache"]["replication_groups"][group_id(&world)]["arn"].clone();
        course.begin().await;
        let flapping = async {
            for number in 0..200 {
                // Each change of tags makes a group busy for a moment.
                let tag = format!("Tags.Tag.1.Key=note&Tags.Tag.1.Value={number}");
                let tagged = format!("ResourceName={}&{tag}", arn.as_str().unwrap());
                world.elasticache("AddTagsToResource", &tagged).await;
                sleep(Duration::from_secs(3)).await;
            }
        };
        tokio::select! {
            () = flapping => {}
            () = course.pass(MINUTE * 60) => {}
        }
        course.end("flapping", &[]).await;
    }
}

/// A8.
#[tokio::test(start_paused = true)]
async fn states_that_nobody_knows_are_waited_out() {
    for scenario in SCENARIOS {
        for start in (0..100).step_by(50) {
            let mut course = Course::of(scenario).await;
            course.world.wire.plan(vec![Fault {
                at: At::Calls(start..start + 20),
                effect: Effect::UnknownState,
            }]);
            course.begin().await;
            course.pass(MINUTE * 30).await;
            course.end("unknown states", &[]).await;
        }
    }
}

async fn slow(creating: SignedDuration) -> Course {
    let delays = Delays::fast().with(Delay::Creating, creating);
    let world = World::new(Config { delays, ..fast() }).await;
    let course = Course::in_world(Scenario::Create, world).await;
    course.begin().await;
    course
}

/// A9.
#[tokio::test(start_paused = true)]
async fn a_cache_that_takes_half_an_hour_is_waited_for() {
    let mut course = slow(SignedDuration::from_mins(30)).await;
    course.pass(MINUTE * 25).await;
    let said = says(&course.world, "CacheReady");
    assert_eq!(said, ("False".into(), "Provisioning".into()));
    course.end("half an hour", &[]).await;
}

/// A9.
#[tokio::test(start_paused = true)]
async fn a_cache_that_is_never_made_is_told_of_after_an_hour_and_goes_when_it_can() {
    let mut course = slow(SignedDuration::from_hours(24 * 365)).await;
    course.pass(MINUTE * 70).await;
    let said = says(&course.world, "CacheReady");
    assert_eq!(said, ("False".into(), "ProgressDeadlineExceeded".into()));
    let events = course.world.kube.objects("events");
    let told = |event: &Value| event["reason"] == "ProgressDeadlineExceeded";
    assert!(events.iter().any(told), "an event");
    course.world.delete().await;
    course.pass(MINUTE * 60).await;
    let said = says(&course.world, "CacheReady");
    assert_eq!(said.0, "False");
    assert!(
        messages(&course.world).contains("as creating"),
        "{}",
        messages(&course.world)
    );
    fail_creation(&course.world);
    course
        .end_when("deleted while creating", World::is_gone, &[])
        .await;
}

/// AWS gives up the replication group that it was making.
fn fail_creation(world: &World) {
    let group = format!("/elasticache/replication_groups/{}", group_id(world));
    put_in_aws(world, &format!("{group}/due"), &Value::Null);
    put_in_aws(world, &format!("{group}/status"), &json!("create-failed"));
}

/// A10.
#[tokio::test(start_paused = true)]
async fn a_cache_that_could_not_be_made_is_told_of_and_can_be_deleted() {
    let mut course = slow(SignedDuration::from_mins(30)).await;
    course.pass(MINUTE * 5).await;
    fail_creation(&course.world);
    course.pass(MINUTE * 10).await;
    assert_eq!(
        says(&course.world, "CacheReady"),
        ("False".into(), "Failed".into())
    );
    assert_eq!(says(&course.world, "Stalled").0, "True");
    course.world.delete().await;
    course.end_when("create-failed", World::is_gone, &[]).await;
}

/// A16.
#[tokio::test(start_paused = true)]
async fn six_hours_without_aws_are_waited_out_and_what_was_begun_goes_on() {
    for scenario in SCENARIOS {
        let mut course = Course::of(scenario).await;
        assert!(course.begin_up_to(3).await);
        aws_does(&course.world, "*", error("ServiceUnavailable", 503)).await;
        course.world.wire.go_on();
        let before = course.world.inventory();
        forget_calls(&course.world).await;
        course.pass(MINUTE * 360).await;
        let asked = calls(&course.world).await.len();
        assert!(asked <= 6 * 60 * 4, "{scenario:?}: {asked} calls");
        assert_eq!(course.world.inventory(), before, "{scenario:?}");
        aws_recovers(&course.world).await;
        course.end("an outage", &[]).await;
    }
}

/// A16, I10.
#[tokio::test(start_paused = true)]
async fn after_six_hours_without_aws_many_objects_are_looked_at_within_the_quotas_and_not_written()
{
    let world = World::new(fast()).await;
    for number in 0..20 {
        let mut object = object(&format!("orders-{number}"));
        object["spec"]["api"]["apiKeys"] = json!([]);
        world.create(&object).await;
    }
    let _operator = world.operator();
    world.until(is_quiet).await;
    aws_does(&world, "*", error("ServiceUnavailable", 503)).await;
    sleep(MINUTE * 360).await;
    aws_recovers(&world).await;
    forget_calls(&world).await;
    sleep(MINUTE * 15).await;
    assert!(is_quiet(&world));
    let calls = calls(&world).await;
    let writes: Vec<_> = calls
        .iter()
        .filter(|call| {
            let operation = call["operation"].as_str().unwrap();
            !["Get", "List", "Describe"]
                .iter()
                .any(|read| operation.starts_with(read))
        })
        .collect();
    assert!(writes.is_empty(), "{writes:#?}");
    let throttled = calls.iter().filter(|call| call["status"] == 429).count();
    assert_eq!(throttled, 0);
    for service in ["apigateway", "elasticache"] {
        let mut seconds = BTreeMap::<&str, usize>::new();
        for call in calls.iter().filter(|call| call["service"] == service) {
            *seconds
                .entry(&call["time"].as_str().unwrap()[..19])
                .or_default() += 1;
        }
        let most = seconds.values().max().copied().unwrap_or_default();
        assert!(most <= 50, "{service}: {most} calls in a second");
    }
}

/// A16.
#[tokio::test(start_paused = true)]
async fn a_region_that_comes_back_empty_or_as_it_was_gets_what_the_spec_says() {
    for empty in [true, false] {
        let (world, _operator) = World::with_ready_example().await;
        let then = world.aws.with_world(|aws, _| aws.clone());
        let version = world.object()["status"]["credentials"]["versionId"].clone();
        world.patch(request(&world, ROTATE)).await;
        world
            .until(|world| {
                world.object()["status"]["credentials"]["versionId"] != version && world.is_ready()
            })
            .await;
        aws_does(&world, "*", error("ServiceUnavailable", 503)).await;
        sleep(MINUTE * 360).await;
        world.aws.with_world(|aws, _| {
            *aws = if empty {
                local_aws::world::World::default()
            } else {
                then
            }
        });
        aws_recovers(&world).await;
        sleep(MINUTE * 30).await;
        assert!(world.is_ready(), "{empty}: {:#}", world.object()["status"]);
        assert_eq!(world.log_in(), LoginOutcome::Accepted, "{empty}");
        let inventory = world.inventory();
        for kind in [
            "/apigateway/apis",
            "/elasticache/replication_groups",
            "/secretsmanager/secrets",
        ] {
            assert_eq!(inventory[kind], 1, "{empty} {kind}");
        }
    }
}

/// A18.
#[tokio::test(start_paused = true)]
async fn what_is_on_the_second_page_is_found() {
    let world = World::new(Config {
        quotas: false,
        ..fast()
    })
    .await;
    for number in 0..510 {
        let name = format!("theirs-{number}");
        world
            .gateway("POST", "/restapis", &json!({"name": name}))
            .await;
        world
            .gateway("POST", "/usageplans", &json!({"name": name}))
            .await;
        // Keys are listed by the prefix of their names.
        let key = json!({"name": format!("shop-orders-{number}"), "enabled": true});
        world.gateway("POST", "/apikeys", &key).await;
    }
    let before = world.inventory();
    world.create(&object("orders")).await;
    let operator = world.operator();
    world.until(World::is_ready).await;
    // A process that knows nothing searches.
    drop(operator);
    world.lose_status().await;
    let _operator = world.operator();
    world.until(World::is_ready).await;
    sleep(MINUTE * 150).await;
    let inventory = world.inventory();
    for kind in ["/apigateway/apis", "/apigateway/keys", "/apigateway/plans"] {
        assert_eq!(inventory[kind], before[kind] + 1, "{kind}");
    }
    world.delete().await;
    world.until(World::is_gone).await;
    for kind in ["/apigateway/apis", "/apigateway/keys", "/apigateway/plans"] {
        assert_eq!(world.inventory()[kind], before[kind], "{kind}");
    }
}
