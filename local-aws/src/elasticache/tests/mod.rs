//! The state machine, driven operation by operation in virtual time.

#![expect(
    clippy::needless_pass_by_value,
    reason = "parameters are written where they are passed"
)]

mod login;
mod modifying;
mod replication_groups;
mod rest;
mod scaling;
mod tokens;
mod users;

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::{handle, settle};
use crate::call::{Body, Params};
use crate::sigv4::Caller;
use crate::world::Regional;
use crate::{Call, Config, Delay, Delays, Ids};

/// One account and Region with a clock that moves only when told to.
struct Bench {
    place: Regional,
    now: Timestamp,
    config: Arc<Config>,
}

const CREATING: i64 = 60;
const MODIFYING: i64 = 30;
const DELETING: i64 = 20;
const SNAPSHOTTING: i64 = 10;
const USER: i64 = 5;

const PASSWORD: &str = "correct-horse-battery";

impl Bench {
    fn new() -> Self {
        Self::with_delay(Delay::PasswordSpread, 0)
    }

    fn with_delay(delay: Delay, seconds: i64) -> Self {
        let delays = [
            (Delay::Creating, CREATING),
            (Delay::Modifying, MODIFYING),
            (Delay::Deleting, DELETING),
            (Delay::Snapshotting, SNAPSHOTTING),
            (Delay::User, USER),
            (Delay::UserGroup, USER),
            (delay, seconds),
        ];
        let set = |delays: Delays, (delay, seconds)| {
            delays.with(delay, SignedDuration::from_secs(seconds))
        };
        let delays = delays.into_iter().fold(Delays::zero(), set);
        let config = Arc::new(Config {
            delays,
            ..Config::default()
        });
        let now = "2026-11-24T12:00:00Z".parse().unwrap();
        Self {
            place: Regional::empty(Ids::new("test")),
            now,
            config,
        }
    }

    /// Lets time pass.
    fn pass(&mut self, seconds: i64) {
        self.now += SignedDuration::from_secs(seconds);
    }

    /// The result of an operation, or the wire code of its refusal.
    fn call(&mut self, operation: &str, parameters: Value) -> Result<Value, String> {
        let caller = Caller {
            access_key: "test".to_owned(),
            account: "123456789012".to_owned(),
            region: "eu-west-1".to_owned(),
            service: "elasticache".to_owned(),
        };
        let call = Call {
            service: "elasticache",
            operation: operation.to_owned(),
            caller,
            now: self.now,
            request_id: String::new(),
            params: Params {
                body: parameters,
                ..Params::default()
            },
            config: self.config.clone(),
            stale: false,
        };
        settle(&mut self.place, self.now);
        match handle(&call, &mut self.place).map(|reply| reply.body) {
            Ok(Body::Structured(value)) => Ok(value),
            Ok(Body::Raw(_)) => panic!("a raw body"),
            Err(error) => Err(error.code),
        }
    }

    fn ok(&mut self, operation: &str, parameters: Value) -> Value {
        self.call(operation, parameters.clone())
            .unwrap_or_else(|code| panic!("{operation} {parameters}: {code}"))
    }

    fn refused(&mut self, operation: &str, parameters: Value) -> String {
        let result = self.call(operation, parameters.clone());
        result.expect_err(&format!("{operation} {parameters} must be refused"))
    }

    fn user(&mut self, id: &str) -> Value {
        self.ok("DescribeUsers", json!({"UserId": id}))["Users"]["member"][0].clone()
    }

    fn user_group(&mut self, id: &str) -> Value {
        self.ok("DescribeUserGroups", json!({"UserGroupId": id}))["UserGroups"]["member"][0].clone()
    }

    fn group(&mut self, id: &str) -> Value {
        let found = self.ok(
            "DescribeReplicationGroups",
            json!({"ReplicationGroupId": id}),
        );
        found["ReplicationGroups"]["ReplicationGroup"][0].clone()
    }

    fn cluster(&mut self, id: &str) -> Value {
        let found = self.ok("DescribeCacheClusters", json!({"CacheClusterId": id}));
        found["CacheClusters"]["CacheCluster"][0].clone()
    }

    /// A user with a password, active.
    fn with_user(&mut self, id: &str, name: &str, engine: &str) {
        let access = if name == "default" {
            "off ~* -@all"
        } else {
            "on ~* +@all"
        };
        self.ok("CreateUser", json!({"UserId": id, "UserName": name, "Engine": engine, "AccessString": access, "Passwords": [PASSWORD]}));
        self.pass(USER);
    }

    /// A user group, active.
    fn with_user_group(&mut self, id: &str, engine: &str, users: &[&str]) {
        self.ok(
            "CreateUserGroup",
            json!({"UserGroupId": id, "Engine": engine, "UserIds": users}),
        );
        self.pass(USER);
    }

    /// A replication group with these parameters besides the required ones, available.
    fn with_group(&mut self, id: &str, parameters: Value) {
        self.ok("CreateReplicationGroup", group(id, parameters));
        self.pass(CREATING);
        assert_eq!(self.group(id)["Status"], "available");
    }

    /// `ModifyReplicationGroup` at once, until it is done.
    fn modified(&mut self, id: &str, parameters: Value) {
        self.ok(
            "ModifyReplicationGroup",
            merged(
                json!({"ReplicationGroupId": id, "ApplyImmediately": true}),
                parameters,
            ),
        );
        self.pass(MODIFYING);
    }
}

/// The parameters of `CreateReplicationGroup`.
fn group(id: &str, parameters: Value) -> Value {
    let required = json!({"ReplicationGroupId": id, "ReplicationGroupDescription": "orders", "Engine": "valkey", "CacheNodeType": "cache.t4g.small"});
    merged(required, parameters)
}

fn merged(mut base: Value, more: Value) -> Value {
    let (Value::Object(base_fields), Value::Object(more)) = (&mut base, more) else {
        panic!("parameters are objects")
    };
    base_fields.extend(more);
    base
}
