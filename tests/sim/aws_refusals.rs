//! What AWS refuses: for good, in the state that a thing is in, for want of a permission, or because of who asks.

use serde_json::json;

use crate::world::{ACCOUNT, World};

use super::course::{
    Course, MINUTE, SCENARIOS, aws_does, aws_recovers, calls, error, forget_calls, messages,
    operations, says, struck,
};
use super::scenario::{Part, Scenario};

/// Operation, code, status, condition, reason.
const TERMINAL: [(&str, &str, u16, &str, &str); 13] = [
    (
        "elasticache:CreateReplicationGroup",
        "InsufficientCacheClusterCapacity",
        400,
        "CacheReady",
        "InsufficientCapacity",
    ),
    (
        "elasticache:CreateReplicationGroup",
        "ClusterQuotaForCustomerExceeded",
        400,
        "CacheReady",
        "QuotaExceeded",
    ),
    (
        "elasticache:CreateReplicationGroup",
        "NodeQuotaForCustomerExceeded",
        400,
        "CacheReady",
        "QuotaExceeded",
    ),
    (
        "elasticache:CreateReplicationGroup",
        "InvalidVPCNetworkStateFault",
        400,
        "CacheReady",
        "Rejected",
    ),
    (
        "elasticache:CreateReplicationGroup",
        "InvalidKMSKeyFault",
        400,
        "CacheReady",
        "Rejected",
    ),
    (
        "elasticache:CreateCacheSubnetGroup",
        "ServiceLinkedRoleNotFoundFault",
        400,
        "CacheReady",
        "ReferenceNotFound",
    ),
    (
        "elasticache:CreateCacheSubnetGroup",
        "CacheSubnetGroupQuotaExceeded",
        400,
        "CacheReady",
        "QuotaExceeded",
    ),
    (
        "elasticache:CreateUser",
        "UserQuotaExceeded",
        400,
        "CacheReady",
        "QuotaExceeded",
    ),
    (
        "elasticache:CreateUserGroup",
        "UserGroupQuotaExceeded",
        400,
        "CacheReady",
        "QuotaExceeded",
    ),
    (
        "secretsmanager:CreateSecret",
        "LimitExceededException",
        400,
        "CredentialsReady",
        "QuotaExceeded",
    ),
    (
        "secretsmanager:CreateSecret",
        "EncryptionFailure",
        400,
        "CredentialsReady",
        "Rejected",
    ),
    (
        "apigateway:CreateRestApi",
        "LimitExceededException",
        429,
        "ApiReady",
        "QuotaExceeded",
    ),
    (
        "apigateway:CreateUsagePlan",
        "LimitExceededException",
        429,
        "ApiReady",
        "QuotaExceeded",
    ),
];

/// An account that is not the object's.
const OTHERS: &str = "999988887777";

/// All that is in an account.
fn things_of(world: &World, account: &str) -> String {
    let aws = world
        .aws
        .with_world(|aws, _| serde_json::to_value(&*aws).unwrap());
    aws["accounts"][account].to_string()
}

/// A10.
#[tokio::test(start_paused = true)]
async fn what_aws_refuses_for_good_is_named_tried_rarely_and_can_be_deleted() {
    for (operation, code, status, type_, reason) in TERMINAL {
        for deleted in [false, true] {
            let mut course = Course::of(Scenario::Create).await;
            aws_does(&course.world, operation, error(code, status)).await;
            course.begin().await;
            course.pass(MINUTE * 60).await;
            let case = format!("{operation} {code}");
            let said = says(&course.world, type_);
            assert_eq!(said, ("False".into(), reason.into()), "{case}");
            let told = messages(&course.world);
            assert!(
                told.contains(code) && told.contains("request "),
                "{case}: {told}"
            );
            let tries = struck(&course.world).await;
            assert!((2..=8).contains(&tries), "{case}: {tries} tries in an hour");
            if deleted {
                course.world.delete().await;
                course.end_when(&case, World::is_gone, &[]).await;
            } else {
                aws_recovers(&course.world).await;
                course.end(&case, &[]).await;
            }
        }
    }
}

/// A11.
#[tokio::test(start_paused = true)]
async fn what_is_refused_in_the_state_that_a_thing_is_in_is_asked_for_again() {
    let mut runs = 0;
    for scenario in [
        Scenario::Create,
        Scenario::Update(Part::NodeType),
        Scenario::Rotate,
        Scenario::Revoke,
        Scenario::Delete,
    ] {
        for operation in operations(scenario, true) {
            let code = match operation.as_str() {
                "elasticache:CreateReplicationGroup"
                | "elasticache:ModifyUserGroup"
                | "elasticache:DeleteUserGroup" => "InvalidUserGroupState",
                "elasticache:CreateUserGroup"
                | "elasticache:ModifyUser"
                | "elasticache:DeleteUser" => "InvalidUserState",
                "elasticache:ModifyReplicationGroup" | "elasticache:DeleteReplicationGroup" => {
                    "InvalidReplicationGroupState"
                }
                "elasticache:DeleteCacheSubnetGroup" => "CacheSubnetGroupInUse",
                _ => continue,
            };
            let mut course = Course::of(scenario).await;
            let fault = json!({"operation": operation, "count": 5, "effect": error(code, 400)});
            course.world.aws_fault(fault).await;
            course.begin().await;
            course.pass(MINUTE * 30).await;
            let tries = struck(&course.world).await;
            assert!(tries >= 5, "{scenario:?} {operation}: {tries} tries");
            println!("{scenario:?} {operation}: {tries} tries in half an hour");
            course.end(&operation, &[]).await;
            runs += 1;
        }
    }
    println!("{runs} runs");
    assert!(runs >= 10, "{runs}");
}

/// A12: each action that `scenario` needs is denied from its `nth` call on, and allowed again.
async fn deny_each_action(scenario: Scenario, nth: u64) {
    let mut runs = 0;
    for operation in operations(scenario, true) {
        let mut course = Course::of(scenario).await;
        let world = course.world.clone();
        let fault = json!({"operation": operation, "nth": nth, "count": 0, "effect": "denyAccess"});
        world.aws_fault(fault).await;
        forget_calls(&world).await;
        course.begin().await;
        course.pass(MINUTE * 40).await;
        let calls = calls(&world).await;
        let denied = calls.iter().find(|call| {
            call["error"]
                .as_str()
                .is_some_and(|code| code.starts_with("AccessDenied"))
        });
        if let Some(denied) = denied {
            runs += 1;
            let action = denied["action"].as_str().unwrap();
            assert!(
                !world.is_gone(),
                "{scenario:?} {operation}: the finalizer stays"
            );
            let told = messages(&world);
            assert!(
                told.contains(action),
                "{scenario:?} {operation} {nth}: {action} in {told}"
            );
        }
        aws_recovers(&world).await;
        course
            .end(&format!("{operation} denied from {nth} on"), &[])
            .await;
    }
    println!("{scenario:?} from {nth} on: {runs} actions");
}

#[tokio::test(start_paused = true)]
async fn each_iam_action_of_a_creation_that_is_denied_is_named_and_nothing_is_lost() {
    deny_each_action(Scenario::Create, 1).await;
}

#[tokio::test(start_paused = true)]
async fn each_iam_action_of_a_change_that_is_denied_is_named_and_nothing_is_lost() {
    for scenario in [
        Scenario::Update(Part::Route),
        Scenario::Update(Part::NodeType),
        Scenario::Rotate,
        Scenario::Revoke,
    ] {
        deny_each_action(scenario, 1).await;
    }
    deny_each_action(Scenario::Rotate, 4).await;
}

#[tokio::test(start_paused = true)]
async fn each_iam_action_of_a_deletion_that_is_denied_is_named_and_keeps_the_finalizer() {
    deny_each_action(Scenario::Delete, 1).await;
}

/// A13.
#[tokio::test(start_paused = true)]
async fn permissions_that_spread_late_and_flicker_are_waited_for() {
    for scenario in SCENARIOS {
        let mut course = Course::of(scenario).await;
        course.begin().await;
        for _ in 0..6 {
            aws_does(&course.world, "*", json!("denyAccess")).await;
            course.pass(MINUTE / 2).await;
            aws_recovers(&course.world).await;
            course.pass(MINUTE / 6).await;
        }
        course.end("permissions flicker", &[]).await;
    }
}

/// A14.
#[tokio::test(start_paused = true)]
async fn with_credentials_that_aws_refuses_nothing_is_known_and_nothing_done() {
    for code in ["InvalidClientTokenId", "ExpiredToken"] {
        let mut course = Course::of(Scenario::Update(Part::Route)).await;
        let before = course.world.inventory();
        aws_does(&course.world, "*", error(code, 403)).await;
        course.pass(MINUTE * 25).await;
        let ready = says(&course.world, "Ready");
        assert_eq!(
            ready,
            ("Unknown".into(), "CredentialsRefused".into()),
            "{code}"
        );
        assert!(messages(&course.world).contains(code));
        course.restart();
        course.pass(MINUTE * 60).await;
        let ready = says(&course.world, "Ready");
        assert_eq!(
            ready,
            ("Unknown".into(), "CredentialsRefused".into()),
            "{code} at the start"
        );
        assert_eq!(course.world.inventory(), before);
        aws_recovers(&course.world).await;
        course.begin().await;
        course.end(code, &[]).await;
    }
}

/// A15.
#[tokio::test(start_paused = true)]
async fn credentials_that_become_another_accounts_while_an_operator_runs_do_no_harm() {
    for scenario in [
        Scenario::Rotate,
        Scenario::Update(Part::Route),
        Scenario::Delete,
    ] {
        let mut course = Course::of(scenario).await;
        let world = course.world.clone();
        let before = world.inventory();
        *world.account.lock().unwrap() = OTHERS.into();
        course.begin().await;
        course.pass(MINUTE * 90).await;
        assert!(!world.is_gone(), "its things are elsewhere");
        assert!(!things_of(&world, OTHERS).contains("capi-"));
        assert_eq!(world.inventory(), before, "{scenario:?}");
        let told = messages(&world);
        assert!(told.contains("has credentials of"), "{scenario:?}: {told}");
        *world.account.lock().unwrap() = ACCOUNT.into();
        course.end("another account for a while", &[]).await;
    }
}

/// A15.
#[tokio::test(start_paused = true)]
async fn with_credentials_of_another_account_nothing_is_made_anew_and_nothing_let_go() {
    let mut course = Course::of(Scenario::Delete).await;
    let world = course.world.clone();
    assert_eq!(world.object()["status"]["account"], ACCOUNT);
    let before = world.inventory();
    *world.account.lock().unwrap() = OTHERS.into();
    course.restart();
    for deleted in [false, true] {
        if deleted {
            course.begin().await;
        }
        course.pass(MINUTE * 90).await;
        assert!(!world.is_gone(), "its things are elsewhere");
        let elsewhere = things_of(&world, OTHERS);
        assert!(!elsewhere.contains("capi-"), "{elsewhere}");
        let told = messages(&world);
        assert!(told.contains("has credentials of 111122223333"), "{told}");
        let reason = if deleted { "Deleting" } else { "PlaceMismatch" };
        assert_eq!(says(&world, "Ready").1, reason);
    }
    assert_eq!(world.inventory(), before);
    *world.account.lock().unwrap() = ACCOUNT.into();
    course.restart();
    course.end("another account", &[]).await;
}
