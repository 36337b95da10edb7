use std::collections::BTreeMap;

use local_aws::elasticache::LoginOutcome;
use serde_json::json;

use crate::tripwire::Side;
use crate::world::{ACCOUNT, REGION, World};

/// What there is when nothing went wrong.
async fn reference() -> BTreeMap<String, usize> {
    World::with_ready_example().await.0.inventory()
}

/// An operator is stopped at its write number `index` of the creation in `world`. `None`: there is no such write.
pub async fn create_with_a_crash(world: World, index: usize, side: Side) -> Option<World> {
    is_stopped_at(&world, index, side).await.then_some(world)
}

/// An operator works until the object is Ready, or is stopped at its write number `index`; whether it was.
pub async fn is_stopped_at(world: &World, index: usize, side: Side) -> bool {
    world.wire.set(index, side);
    let _operator = world.operator();
    tokio::select! {
        biased;
        () = world.wire.tripped() => true,
        () = world.until(World::is_ready) => false,
    }
}

async fn crash_everywhere_in_a_creation(side: Side) {
    let reference = reference().await;
    let mut index = 0;
    while let Some(world) = create_with_a_crash(World::with_example().await, index, side).await {
        let place = world.wire.writes();
        let operator = world.operator();
        world.until(World::is_ready).await;
        let place = &place[..=index];
        assert_eq!(world.inventory(), reference, "{side:?} {place:#?}");
        assert_eq!(
            world.log_in(),
            LoginOutcome::Accepted,
            "{side:?} {place:#?}"
        );
        world.delete().await;
        world.until(World::is_gone).await;
        drop(operator);
        index += 1;
    }
    println!("{index} crashes");
    assert!(index > 20, "a creation has that many writes, not {index}");
}

#[tokio::test(start_paused = true)]
async fn a_creation_that_ends_before_any_of_its_writes_is_taken_up_and_nothing_is_there_twice() {
    crash_everywhere_in_a_creation(Side::NotSent).await;
}

#[tokio::test(start_paused = true)]
async fn a_creation_that_ends_after_any_of_its_writes_is_taken_up_and_nothing_is_there_twice() {
    crash_everywhere_in_a_creation(Side::Applied).await;
}

#[tokio::test(start_paused = true)]
async fn a_function_that_leaves_the_routes_loses_its_permission_wherever_an_operator_ends() {
    let mut index = 0;
    loop {
        let world = World::with_example().await;
        let function = json!({"account": ACCOUNT, "region": REGION});
        let function = world.admin("PUT", "/_local/lambda/orders", &function).await;
        let policies = |world: &World| {
            let functions = world.place()["lambda"]["functions"].take();
            functions["orders"]["policies"].to_string()
        };
        let container = world.object()["spec"]["routes"].clone();
        let mut lambda = container.clone();
        lambda[0]["backend"] = json!({"lambda": {"functionArn": function["arn"]}});
        world.patch(json!({"spec": {"routes": lambda}})).await;
        let operator = world.operator();
        world.until(World::is_ready).await;
        drop(operator);
        assert!(policies(&world).contains("execute-api"));

        world.patch(json!({"spec": {"routes": container}})).await;
        let stopped = is_stopped_at(&world, index, Side::Applied).await;
        let _operator = world.operator();
        world.until(World::is_ready).await;
        world
            .until(|world| !policies(world).contains("execute-api"))
            .await;
        if !stopped {
            break;
        }
        index += 1;
    }
    assert!(index > 5, "{index} writes");
}
