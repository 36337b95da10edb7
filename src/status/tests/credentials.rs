//! What is said of the ways into the cache.

use super::*;
use crate::api::Intent;
use crate::fixtures::identity;
use crate::plan::{INTENT_IAM_LEAVES, INTENT_PASSWORD_LEAVES, UserGroup};

/// What is said of the credentials of an object with these ways in, and whether it is ready.
fn credentials(round: &Round, ways: &[&str]) -> CachedApiStatus {
    let mut json = spec_json();
    for way in ways {
        json["credentials"][*way] = serde_json::json!({});
    }
    round.report_of(&desired(json))
}

#[test]
fn a_client_is_told_its_user_and_the_least_that_its_role_needs() {
    let mut live = round();
    let id = identity().cache_id();
    let arn = format!("arn:aws-cn:elasticache:cn-north-1:123456789012:replicationgroup:{id}");
    live.observed.cache.group = Seen::Present(group(&arn));
    let said = credentials(&live, &["iam"])
        .credentials
        .unwrap()
        .iam
        .unwrap();
    assert_eq!(said.user_name, format!("{id}-i"));
    assert_eq!(said.policy, None, "it is not known whose the group is");
    let tags = Seen::Present(identity().tags());
    live.observed.cache.tags.insert(arn.clone(), tags);
    let status = credentials(&live, &["iam"]);
    let credentials = status.credentials.as_ref().unwrap();
    assert_eq!(
        (&credentials.secret_arn, &credentials.next_rotation_at),
        (&None, &None)
    );
    let policy = credentials.iam.clone().unwrap().policy.unwrap();
    let user = format!("arn:aws-cn:elasticache:cn-north-1:123456789012:user:{id}-i");
    let expected = serde_json::json!({
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": "elasticache:Connect", "Resource": [arn, user]}],
    });
    let policy: serde_json::Value = serde_json::from_str(&policy).unwrap();
    assert_eq!(policy, expected);
    let ready = condition(&status, "CredentialsReady");
    assert_eq!(ready.status, ConditionStatus::True);
    assert_eq!(
        ready.message,
        format!("user {id}-i is let in with signed tokens")
    );
}

#[test]
fn a_user_that_left_the_spec_is_remembered_until_it_is_gone() {
    let mut left = round();
    left.previous = Some(credentials(&left, &["password", "iam"]));
    let status = credentials(&left, &["password"]);
    assert!(status.credentials.unwrap().iam.is_some(), "nobody looked");
    let id = identity().iam_user_id();
    left.observed.cache.users.insert(id, Seen::Absent);
    assert_eq!(credentials(&left, &["password"]).credentials, None);
}

/// A round in which it is announced who leaves, and `members` of the user group are seen.
fn leaving(kind: &str, members: &[String]) -> Round {
    let mut round = round();
    let at = round.now;
    round.observed.cache.leaving.insert(kind.into(), at);
    round.previous = Some(CachedApiStatus {
        intents: vec![Intent {
            kind: kind.into(),
            at: k8s_openapi::apimachinery::pkg::apis::meta::v1::Time(at),
        }],
        ..CachedApiStatus::default()
    });
    round.observed.cache.user_group = Seen::Present(UserGroup {
        arn: "arn:group".into(),
        status: "active".into(),
        engine: "valkey".into(),
        user_ids: members.iter().cloned().collect(),
    });
    round
}

#[test]
fn it_is_said_who_leaves_the_cache_and_when_until_nobody_is_to_leave() {
    let (password, iam) = (identity().cache_id(), identity().iam_user_id());
    let both = [password.clone(), iam.clone()];
    for (kind, alone, stays, who) in [
        (
            INTENT_PASSWORD_LEAVES,
            "iam",
            iam,
            "the user with the password",
        ),
        (
            INTENT_IAM_LEAVES,
            "password",
            password,
            "the user that logs in with signed tokens",
        ),
    ] {
        let during = leaving(kind, &both);
        let status = credentials(&during, &[alone]);
        let end = during.now + std::time::Duration::from_hours(2);
        let message = &condition(&status, "CredentialsReady").message;
        assert!(
            message.ends_with(&format!("{who} leaves the cache at {end:.0}")),
            "{message}"
        );
        assert!(status.intent(kind).is_some());
        let status = credentials(&during, &["password", "iam"]);
        assert_eq!(status.intent(kind), None, "it is wanted again");
        let status = credentials(&leaving(kind, &[stays]), &[alone]);
        assert_eq!(status.intent(kind), None, "it has left");
    }
}
