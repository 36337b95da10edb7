//! Lists of which everything is on two pages, because it moved while they were read (A18).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;

use bytes::Bytes;
use http::Response;
use serde_json::{Value, json};

use crate::world::World;

use super::course::{Course, MINUTE};
use super::scenario::Scenario;

/// Lists in which is found what has no name of the operator's choice, with what they list.
const LISTS: [(&str, &str); 3] = [
    ("apigateway:GetRestApis", "/apigateway/apis"),
    ("apigateway:GetApiKeys", "/apigateway/keys"),
    ("apigateway:GetUsagePlans", "/apigateway/plans"),
];

/// The answer, with a page after it that has everything again.
fn with_another_page(answer: Response<Bytes>) -> Response<Bytes> {
    let (mut head, body) = answer.into_parts();
    let mut body: Value = serde_json::from_slice(&body).unwrap();
    // Before every id there is.
    body["position"] = json!("0");
    head.headers.remove("content-length");
    Response::from_parts(head, body.to_string().into())
}

/// From now on, everything in one of the lists moves to the next page every third time that one of its pages is read.
fn let_things_move(world: &World) {
    let asked = Mutex::new(BTreeMap::<String, usize>::new());
    world.wire.alter(move |call, answer| {
        let is_list = LISTS.iter().any(|(list, _)| *list == call.operation);
        if !is_list || !answer.status().is_success() {
            return answer;
        }
        let mut asked = asked.lock().unwrap();
        let count = asked.entry(call.operation.clone()).or_default();
        *count += 1;
        if *count % 3 == 1 {
            with_another_page(answer)
        } else {
            answer
        }
    });
}

fn ids(world: &World) -> BTreeSet<String> {
    let place = world.place();
    let of_kind = |(_, kind): &(&str, &str)| -> Vec<String> {
        let things = place.pointer(kind).and_then(Value::as_object);
        things
            .into_iter()
            .flat_map(|all| all.keys().cloned())
            .collect()
    };
    LISTS.iter().flat_map(of_kind).collect()
}

/// An operator that knows nothing finds its own, keeps it, and deletes it with the object.
#[tokio::test(start_paused = true)]
async fn a_thing_that_moves_to_a_page_to_come_is_not_taken_for_two() {
    let mut course = Course::of(Scenario::Delete).await;
    let before = ids(&course.world);
    let_things_move(&course.world);
    course.world.lose_status().await;
    course.restart();
    course.world.until(World::is_ready).await;
    course.pass(MINUTE * 150).await;
    assert_eq!(
        ids(&course.world),
        before,
        "of what it had, one is gone or made anew"
    );
    course.begin().await;
    course.end("with lists in which things move", &[]).await;
}
