//! Consumers follow a rotation each by itself: bound Lambda functions, one of them by an alias, beside a Secret and a Deployment.

use std::time::Duration;

use local_aws::{Config, Delays};
use local_kube::{Effect, Fault};
use serde_json::{Value, json};
use tokio::time::sleep;

use crate::consumers::{apply, finish};
use crate::tripwire::{Side, at_every_write};
use crate::world::{ACCOUNT, NAME, Process, REGION, SECRET, World, example};

/// A function that is told of the secret in `$LATEST`, and one that has the alias `live`.
const PLAIN: &str = "billing";
const ALIASED: &str = "checkout";

fn arn(function: &str) -> String {
    format!("arn:aws:lambda:{REGION}:{ACCOUNT}:function:{function}")
}

async fn make(world: &World, function: &str, qualifiers: Value) {
    let seed = json!({
        "account": ACCOUNT, "region": REGION, "qualifiers": qualifiers,
        "configuration": {"CodeSha256": "code", "Environment": {"Variables": {"LOG": "info"}}},
    });
    let path = format!("/_local/lambda/{function}");
    world.admin("PUT", &path, &seed).await;
}

/// An object bound to `bindings`, besides its Secret, in a world with the functions and the Deployment; Ready, and after the grace of its password.
async fn ready(bindings: &[Value]) -> (World, Process) {
    let world = World::new(Config {
        delays: Delays::fast(),
        ..Config::default()
    })
    .await;
    make(&world, PLAIN, json!([])).await;
    make(&world, ALIASED, json!(["live"])).await;
    apply(&world).await;
    let mut object = example();
    object["spec"]["credentials"]["password"] =
        json!({"rotateEvery": "12h", "clientCacheTtl": "0s"});
    let all = object["spec"]["bindings"].as_array_mut().unwrap();
    all.extend_from_slice(bindings);
    world.create(&object).await;
    let operator = world.operator();
    until_up_to_date(&world, |_| true).await;
    world.until(World::is_ready).await;
    sleep(Duration::from_mins(15)).await;
    (world, operator)
}

fn lambda(function: &str) -> Value {
    json!({"lambda": {"functionArn": arn(function)}})
}

fn live() -> Value {
    json!({"lambda": {"functionArn": arn(ALIASED), "alias": "live"}})
}

fn workload() -> Value {
    json!({"deployment": {"name": NAME}})
}

/// The version of the secret that is current.
fn current(world: &World) -> Value {
    world.object()["status"]["credentials"]["versionId"].clone()
}

/// Kind and name of the consumers that `picked` picks and that do not have the current version, as status says.
fn behind(world: &World, picked: impl Fn(&str) -> bool) -> Vec<String> {
    let (object, current) = (world.object(), current(world));
    let consumers = object["status"]["bindings"].as_array();
    let consumers = consumers.into_iter().flatten();
    let behind = consumers
        .filter(|consumer| consumer["versionId"] != current || consumer["upToDate"] != true)
        .map(|consumer| format!("{} {}", consumer["kind"], consumer["name"]));
    behind.filter(|name| picked(name)).collect()
}

/// Waits until all that are picked have the current version; the Deployment's pods come when it is rolled.
async fn until_up_to_date(world: &World, picked: impl Fn(&str) -> bool) {
    for _ in 0..6 * 60 * 12 {
        let bindings = &world.object()["status"]["bindings"];
        if bindings.is_array() && behind(world, &picked).is_empty() {
            return;
        }
        finish(world).await;
        sleep(Duration::from_secs(5)).await;
    }
    panic!("{:#}", world.object()["status"]);
}

/// Asks for a rotation and waits until the new password is current.
async fn rotate(world: &World) {
    let before = current(world);
    let now = world.aws.now().to_string();
    world
        .patch(json!({"metadata": {"annotations": {"cachedapi.dev/rotate-requested-at": now}}}))
        .await;
    world.until(|world| current(world) != before).await;
}

/// A consumer that refuses what it is given.
struct Refusal {
    /// Part of what status calls it.
    consumer: &'static str,
    aws: Option<(&'static str, Value)>,
    kube: Option<Fault>,
    /// Who can have nothing while that one has nothing.
    with_it: &'static str,
}

fn refusals() -> [Refusal; 4] {
    let denied = |operation| Fault::new(operation, Effect::DenyAccess).count(0);
    let plain = |effect| Refusal {
        consumer: PLAIN,
        aws: Some(("lambda:UpdateFunctionConfiguration", effect)),
        kube: None,
        with_it: PLAIN,
    };
    [
        plain(json!("denyAccess")),
        plain(json!({"fail": {"code": "ServiceException", "status": 500}})),
        Refusal {
            consumer: NAME,
            aws: None,
            kube: Some(denied("deployments:patch")),
            with_it: "Deployment",
        },
        // Pods that start would read the old password.
        Refusal {
            consumer: SECRET,
            aws: None,
            kube: Some(denied("secrets:patch").object("shop/orders-cache")),
            with_it: "Deployment",
        },
    ]
}

#[tokio::test(start_paused = true)]
async fn a_consumer_that_refuses_keeps_no_other_on_the_old_password() {
    for (number, refusal) in refusals().into_iter().enumerate() {
        let (world, _operator) = ready(&[lambda(PLAIN), live(), workload()]).await;
        if let Some((operation, effect)) = refusal.aws {
            let fault =
                json!({"operation": operation, "resource": PLAIN, "count": 0, "effect": effect});
            world.aws_fault(fault).await;
        }
        if let Some(fault) = refusal.kube {
            world.kube.fault(fault);
        }
        rotate(&world).await;
        let at = world.age();
        let others =
            |name: &str| !name.contains(refusal.consumer) && !name.contains(refusal.with_it);
        until_up_to_date(&world, others).await;
        let took = (world.age() - at).as_mins();
        assert!(
            took < 3,
            "{number}: nobody waits for the other's back-off: {took} min"
        );
        assert!(
            !behind(&world, |name| name.contains(refusal.consumer)).is_empty(),
            "{number}"
        );
        let said = world.condition("BindingsReady")["message"].to_string();
        assert!(said.contains(refusal.consumer), "{number}: {said}");

        world.admin("DELETE", "/_local/faults", &Value::Null).await;
        world.kube.drop_faults();
        until_up_to_date(&world, |_| true).await;
        world.until(World::is_ready).await;
    }
}

#[tokio::test(start_paused = true)]
async fn consumers_that_refuse_are_all_named_and_each_is_tried_at_its_own_pace() {
    let (world, _operator) = ready(&[lambda(PLAIN), live(), workload()]).await;
    let fault = json!({"operation": "lambda:UpdateFunctionConfiguration", "resource": PLAIN, "count": 0, "effect": "denyAccess"});
    world.aws_fault(fault).await;
    let busy = Fault::new(
        "deployments:patch",
        Effect::Throttle {
            retry_after: Some(7),
        },
    );
    world.kube.fault(busy.count(3));
    rotate(&world).await;
    world
        .until(|world| {
            let said = world.condition("BindingsReady")["message"].to_string();
            said.contains(PLAIN) && said.contains(&format!("the Deployment {NAME}"))
        })
        .await;
    assert_eq!(world.condition("BindingsReady")["reason"], "AccessDenied");
    let at = world.age();
    until_up_to_date(&world, |name| !name.contains(PLAIN)).await;
    let faults = world.admin("GET", "/_local/faults", &Value::Null).await;
    assert_eq!(faults[0]["seen"], 1, "it is not asked along with the other");
    let took = (world.age() - at).as_secs();
    assert!(
        (14..60).contains(&took),
        "as the API server asked: {took} s"
    );
}

/// The variables of each published version of the function with the alias, oldest first.
fn versions(world: &World) -> Vec<Value> {
    let function = world.place()["lambda"]["functions"][ALIASED].clone();
    let versions = function["versions"].as_object().unwrap().iter();
    let mut versions: Vec<(u64, Value)> = versions
        .map(|(number, version)| {
            let variables = version["configuration"]["Environment"]["Variables"].clone();
            (number.parse().unwrap(), variables)
        })
        .collect();
    versions.sort_by_key(|(number, _)| *number);
    versions
        .into_iter()
        .map(|(_, variables)| variables)
        .collect()
}

/// The number of the version that the alias serves.
fn served(world: &World) -> usize {
    let alias = &world.place()["lambda"]["functions"][ALIASED]["aliases"]["live"];
    alias["version"].as_str().unwrap().parse().unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_rotation_that_ends_at_any_of_its_writes_moves_the_alias_to_one_version_with_the_new_secret()
 {
    at_every_write("a rotation with an alias", 9, rotate_with_a_crash).await;
}

/// A rotation in which the operator is stopped at its write number `index`, and another one takes over. False: there is no such write.
async fn rotate_with_a_crash(index: usize, side: Side) -> bool {
    let (world, operator) = ready(&[live()]).await;
    world.wire.set(index, side);
    let rotation = async {
        rotate(&world).await;
        until_up_to_date(&world, |_| true).await;
        world.until(World::is_ready).await;
        sleep(Duration::from_hours(1)).await;
    };
    let stopped = tokio::select! {
        biased;
        () = world.wire.tripped() => true,
        () = rotation => false,
    };
    drop(operator);
    let _operator = world.operator();
    world
        .until(|world| {
            let named = &versions(world)[served(world) - 1]["CACHE_SECRET_VERSION_ID"];
            world.is_ready() && versions(world).len() > 2 && *named == current(world)
        })
        .await;
    sleep(Duration::from_hours(1)).await;
    let versions = versions(&world);
    assert_eq!(versions.len(), 3, "before, bound, rotated: {versions:#?}");
    assert_eq!(served(&world), 3);
    for variables in &versions {
        assert_eq!(variables["LOG"], "info", "somebody else's");
    }
    stopped
}
