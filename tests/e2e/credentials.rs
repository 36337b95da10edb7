//! The other ways into the cache: a token that a client signs with its AWS credentials, and one AUTH token for all.

use cachedapi_hack::Result;
use cachedapi_hack::local_aws::REGION;
use cachedapi_operator::login::Answer;
use cachedapi_operator::plan::Endpoint;
use serde_json::json;

use crate::token::token;
use crate::world::World;
use crate::{READY, login};

/// What the cache's node says to a client of the object `name`, over TLS.
fn log_in(world: &World, name: &str, user: Option<&str>, password: &str) -> Result<Answer> {
    let authority = world.environment.folder().join("cache-ca.pem");
    let node = Endpoint {
        host: world.secret(name, "host")?,
        port: world.secret(name, "port")?.parse().expect("a port"),
    };
    let prefix = world.secret(name, "keyPrefix")?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    Ok(runtime.block_on(login::log_in(&authority, &node, (user, password), &prefix)))
}

/// The message with which the API server refuses a change.
fn refused(changed: Result<()>) -> String {
    changed.expect_err("it is refused").to_string()
}

#[test]
fn a_client_logs_in_with_its_aws_credentials_as_the_user_that_it_was_told() {
    let world = World::shared();
    let signed =
        |object: &mut serde_json::Value| object["spec"]["credentials"] = json!({"iam": {}});
    let object = world.create_with("signed", signed).unwrap();
    object.wait_until_ready(READY, |_| ()).unwrap();
    let bound = |key| world.secret("signed", key);
    let (user, cache) = (bound("username").unwrap(), bound("cacheName").unwrap());
    assert_eq!(bound("authMode").unwrap(), "iam");
    assert!(bound("password").is_err(), "there is none");
    let status = object.get().unwrap()["status"]["credentials"].clone();
    assert_eq!(status["iam"]["userName"], user);
    let policy = status["iam"]["policy"].to_string();
    assert!(policy.contains("elasticache:Connect"), "{policy}");

    let token = token(&cache, &user, REGION, jiff::Timestamp::now());
    let log_in = |password: &str| log_in(&world, "signed", Some(&user), password).unwrap();
    assert_eq!(log_in(&token), Answer::In);
    assert_eq!(log_in("guess"), Answer::Refused);

    let other = json!([{"op": "replace", "path": "/spec/credentials", "value": {"password": {}}}]);
    let refusal = refused(object.patch(&other));
    assert!(
        refusal.contains("from iam to password in one edit"),
        "{refusal}"
    );
    object.delete().unwrap();
    assert_eq!(object.owned().unwrap().0, Vec::<String>::new());
}

#[test]
fn a_client_of_an_old_engine_logs_in_with_the_auth_token_that_is_bound() {
    let world = World::shared();
    let object = world.create_with("tokened", |object| {
        let group = &mut object["spec"]["cache"]["replicationGroup"];
        (group["engine"], group["engineVersion"]) = (json!("redis"), json!("5.0"));
        object["spec"]["credentials"] = json!({"authToken": {}});
    });
    let object = object.unwrap();
    object.wait_until_ready(READY, |_| ()).unwrap();
    let bound = |key| world.secret("tokened", key);
    let token = bound("password").unwrap();
    assert!(bound("username").is_err(), "clients would send it");
    let uri = bound("uri").unwrap();
    assert!(
        uri.starts_with("rediss://:"),
        "the form of a URI without a user"
    );
    let status = object.get().unwrap()["status"]["credentials"].clone();
    assert!(status["secretArn"].is_string() && status["versionId"].is_string());

    let log_in = |password: &str| log_in(&world, "tokened", None, password).unwrap();
    assert_eq!(log_in(&token), Answer::In);
    assert_eq!(log_in("guess"), Answer::Refused);

    let none = json!([{"op": "remove", "path": "/spec/credentials/authToken"}]);
    let refusal = refused(object.patch(&none));
    assert!(refusal.contains("authToken cannot be"), "{refusal}");
    object.delete().unwrap();
    assert_eq!(object.owned().unwrap().0, Vec::<String>::new());
}
