//! Requests that flow while what answers them becomes something else.

use std::sync::{Arc, Mutex};

use bytes::Bytes;
use futures::FutureExt;
use http::{Request, Response};
use local_aws::apigateway::data_plane::{Answer, Backends, SendRequest};
use local_aws::{Config, LocalAws};
use serde_json::{Value, json};

use crate::world::{ACCOUNT, NAME, REGION, World};

use super::course::fast;
use super::scenario::object;

const CONTAINER: &str = "orders.example.com";
const FUNCTION: &str = "function.example.com";

/// Back ends that answer with their names, at once.
#[derive(Debug)]
struct Named;

impl SendRequest for Named {
    fn send(&self, request: Request<Bytes>) -> Answer {
        let name = request.uri().host().unwrap().to_owned();
        let answer = if name == FUNCTION {
            json!({"statusCode": 200, "body": name}).to_string()
        } else {
            name
        };
        Box::pin(async move { Ok(Response::new(answer.into())) })
    }
}

/// A caller's request, and its answer.
fn call(aws: &LocalAws, api: &str) -> String {
    let path = format!("/_aws/execute-api/{api}/prod/orders/42");
    let request = Request::get(path).body(Bytes::new()).unwrap();
    let response = aws.handle(request).now_or_never().expect("at once");
    let body = String::from_utf8_lossy(response.body()).into_owned();
    assert!(response.status().is_success(), "{response:?} {body}");
    body
}

/// C8.
#[tokio::test(start_paused = true)]
async fn while_a_back_end_becomes_one_of_another_kind_each_request_is_answered_by_the_old_or_the_new_one()
 {
    let backends = Backends::new(Named);
    let world = World::new(Config { backends, ..fast() }).await;
    let function =
        json!({"account": ACCOUNT, "region": REGION, "url": format!("http://{FUNCTION}/")});
    let function = world.admin("PUT", "/_local/lambda/orders", &function).await;
    world.create(&object(NAME)).await;
    let _operator = world.operator();
    world.until(World::is_ready).await;
    let api = world.object()["status"]["api"]["id"]
        .as_str()
        .unwrap()
        .to_owned();

    let container = world.object()["spec"]["routes"][0]["backend"].clone();
    let lambda = json!({"lambda": {"functionArn": function["arn"]}});
    for (backend, old, new) in [
        (lambda, CONTAINER, FUNCTION),
        (container, FUNCTION, CONTAINER),
    ] {
        let answers = Arc::new(Mutex::new(vec![call(&world.aws, &api)]));
        let (aws, id, heard) = (world.aws.clone(), api.clone(), answers.clone());
        world
            .wire
            .show(move |_| heard.lock().unwrap().push(call(&aws, &id)));
        let mut routes: Value = world.object()["spec"]["routes"].clone();
        routes[0]["backend"] = backend;
        world.patch(json!({"spec": {"routes": routes}})).await;
        world.until(World::is_ready).await;
        world.wire.show(|_| {});
        let mut answers = std::mem::take(&mut *answers.lock().unwrap());
        let requests = answers.len();
        assert!(requests > 5, "{requests} requests");
        answers.dedup();
        assert_eq!(answers, [old, new], "one after the other");
    }
}
