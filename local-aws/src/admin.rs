//! The admin API under `/_local/`.

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};
use serde_json::{Value, json};

use crate::faults::Fault;
use crate::{LocalAws, elasticache, iam, lambda, policy};

/// Answers a request to `/_local/{path}`.
pub(crate) fn handle(local: &LocalAws, path: &str, request: &Request<Bytes>) -> Response<Bytes> {
    if let (&Method::PUT, Some(name)) = (request.method(), path.strip_prefix("lambda/")) {
        return seed_function(local, name, request.body());
    }
    if let (&Method::PUT, Some(name)) = (request.method(), path.strip_prefix("iam/")) {
        return seed_role(local, name, request.body());
    }
    if let (method, Some(key)) = (request.method(), path.strip_prefix("policies/")) {
        return limit(local, method, key, request.body());
    }
    match (request.method(), path) {
        (&Method::GET, "health") => ok(&json!({ "status": "ok" })),
        (&Method::GET, "state") => state(local),
        (&Method::GET, "calls") => ok(&json!(local.with_calls(|calls| calls.clone()))),
        (&Method::DELETE, "calls") => {
            local.with_calls(|calls| *calls = crate::calls::Calls::default());
            ok(&Value::Null)
        }
        (&Method::GET, "faults") => ok(&json!(local.with_faults(|faults| faults.clone()))),
        (&Method::POST, "faults") => add_faults(local, request.body()),
        (&Method::DELETE, "faults") => {
            local.with_faults(Vec::clear);
            ok(&Value::Null)
        }
        (&Method::POST, "reset") => {
            local.reset();
            ok(&Value::Null)
        }
        (&Method::GET, "ca.pem") => ca(local),
        (method, _) => answer(
            StatusCode::NOT_FOUND,
            &json!({ "message": format!("no {method} /_local/{path}") }),
        ),
    }
}

fn state(local: &LocalAws) -> Response<Bytes> {
    match local.with_world(|world, _| serde_json::to_value(world)) {
        Ok(world) => ok(&world),
        Err(error) => answer(
            StatusCode::INTERNAL_SERVER_ERROR,
            &json!({ "message": error.to_string() }),
        ),
    }
}

/// Adds the faults of a JSON list.
fn add_faults(local: &LocalAws, body: &Bytes) -> Response<Bytes> {
    match serde_json::from_slice::<Vec<Fault>>(body) {
        Ok(new) => local.with_faults(|faults| {
            faults.extend(new);
            ok(&json!(faults))
        }),
        Err(error) => answer(
            StatusCode::BAD_REQUEST,
            &json!({ "message": error.to_string() }),
        ),
    }
}

fn seed_function(local: &LocalAws, name: &str, body: &Bytes) -> Response<Bytes> {
    match serde_json::from_slice(body) {
        Ok(seed) => ok(&json!({ "arn": lambda::seed(local, name, seed) })),
        Err(error) => answer(
            StatusCode::BAD_REQUEST,
            &json!({ "message": error.to_string() }),
        ),
    }
}

fn seed_role(local: &LocalAws, name: &str, body: &Bytes) -> Response<Bytes> {
    match serde_json::from_slice(body) {
        Ok(seed) => ok(&json!({ "arn": iam::seed(local, name, seed) })),
        Err(error) => answer(
            StatusCode::BAD_REQUEST,
            &json!({ "message": error.to_string() }),
        ),
    }
}

/// From now on calls with the access key `key` may do what a policy allows; or all again, when it is taken away.
fn limit(local: &LocalAws, method: &Method, key: &str, body: &Bytes) -> Response<Bytes> {
    let read = || {
        let policy = serde_json::from_slice(body).map_err(|error| error.to_string())?;
        policy::check(&policy).map(|()| policy)
    };
    match (method, read()) {
        (&Method::DELETE, _) => {
            local.with_policies(|policies| policies.remove(key));
            ok(&Value::Null)
        }
        (&Method::PUT, Ok(policy)) => {
            local.with_policies(|policies| policies.insert(key.to_owned(), policy));
            ok(&Value::Null)
        }
        (&Method::PUT, Err(message)) => {
            answer(StatusCode::BAD_REQUEST, &json!({ "message": message }))
        }
        _ => answer(
            StatusCode::METHOD_NOT_ALLOWED,
            &json!({ "message": "PUT or DELETE a policy" }),
        ),
    }
}

fn ca(local: &LocalAws) -> Response<Bytes> {
    match elasticache::ca_pem(local) {
        Some(pem) => Response::new(pem.into()),
        None => answer(
            StatusCode::NOT_FOUND,
            &json!({ "message": "the cache nodes are not real processes" }),
        ),
    }
}

fn ok(body: &Value) -> Response<Bytes> {
    answer(StatusCode::OK, body)
}

fn answer(status: StatusCode, body: &Value) -> Response<Bytes> {
    let mut response = Response::new(Bytes::from(body.to_string()));
    *response.status_mut() = status;
    response.headers_mut().insert(
        http::header::CONTENT_TYPE,
        http::HeaderValue::from_static("application/json"),
    );
    response
}
