//! The inline policies of roles.

use cachedapi_operator::api::Reason;
use cachedapi_operator::plan::{Class, Fact, Read, RoleAction, Seen};
use serde_json::{Value, json};

use super::world::{ACCOUNT, World, tags};

const ROLE: &str = "handler";
const POLICY: &str = "cachedapi-7";
/// Characters that an encoded document has in another way.
const DOCUMENT: &str = r#"{"Statement":[{"Action":"secretsmanager:GetSecretValue","Effect":"Allow","Resource":"arn:aws:x:*+ /%é","Sid":"CachedApi7"}]}"#;

async fn seed(world: &World) {
    let seed = json!({"account": ACCOUNT, "tags": tags()});
    world.admin("PUT", "/_local/iam/handler", seed).await;
}

async fn read(world: &World, role: &str) -> Seen<String> {
    let read = Read::RolePolicy {
        role: role.into(),
        policy: POLICY.into(),
    };
    match world.read(read).await {
        Fact::RolePolicy { policy, .. } => policy,
        other => panic!("{other:?}"),
    }
}

fn put(role: &str) -> RoleAction {
    RoleAction::PutRolePolicy {
        role: role.into(),
        policy: POLICY.into(),
        document: DOCUMENT.into(),
    }
}

fn delete(role: &str) -> RoleAction {
    RoleAction::DeleteRolePolicy {
        role: role.into(),
        policy: POLICY.into(),
    }
}

/// A policy from first to last.
pub async fn lend(world: &World) {
    seed(world).await;
    assert_eq!(read(world, ROLE).await, Seen::Absent);
    let present = Seen::Present(DOCUMENT.to_owned());
    let fact = |policy: Seen<String>| {
        let role = ROLE.to_owned();
        Some(Fact::RolePolicy { role, policy })
    };
    assert_eq!(world.act(put(ROLE)).await, fact(present.clone()));
    assert_eq!(read(world, ROLE).await, present, "as it was written");
    assert_eq!(world.act(delete(ROLE)).await, fact(Seen::Absent));
    assert_eq!(read(world, ROLE).await, Seen::Absent);
}

#[tokio::test(start_paused = true)]
async fn a_policy_is_written_read_as_it_was_written_and_deleted() {
    lend(&World::new()).await;
}

#[tokio::test(start_paused = true)]
async fn what_is_gone_is_deleted_and_a_role_that_is_missing_is_reported() {
    let world = World::new();
    assert_eq!(read(&world, "gone").await, Seen::Absent);
    world.act(delete("gone")).await;
    let refused = world.attempt(put("gone")).await.unwrap_err();
    assert_eq!(
        (refused.class, refused.reason),
        (Class::Blocked, Reason::ReferenceNotFound)
    );
    assert!(refused.message.contains("the role gone"), "{refused}");
}

#[tokio::test(start_paused = true)]
async fn a_role_that_the_operator_may_not_read_is_unknown_and_says_what_is_missing() {
    let world = World::new();
    seed(&world).await;
    let fault: Value = json!([{"operation": "iam:GetRolePolicy", "effect": "denyAccess"}]);
    world.admin("POST", "/_local/faults", fault).await;
    let Seen::Unknown(failure) = read(&world, ROLE).await else {
        panic!("it is known");
    };
    assert_eq!(failure.reason, Reason::AccessDenied);
    assert!(failure.message.contains("iam:GetRolePolicy"), "{failure}");
}
