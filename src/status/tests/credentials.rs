//! What is said of the ways into the cache.

use super::*;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;

use crate::api::{ConsumerStatus, CredentialsStatus, Intent};
use crate::fixtures::identity;
use crate::plan::{
    AWSCURRENT, BoundSecret, INTENT_IAM_LEAVES, INTENT_PASSWORD_LEAVES, Secret, UserGroup,
};

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
            at: Time(at),
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

/// The version `v2` has been current for an hour.
fn rotated_an_hour_ago(before: Option<&str>, now: Seen<BoundSecret>) -> Round {
    let mut round = round();
    let name = String::from("orders-cache");
    let labels = [AWSCURRENT.to_owned()].into();
    round.observed.secret.secret = Seen::Present(Secret {
        arn: "arn".into(),
        deleted: None,
        versions: [("v2".to_owned(), labels)].into(),
        rotation_enabled: false,
        tags: identity().tags(),
    });
    round.previous = Some(CachedApiStatus {
        credentials: Some(CredentialsStatus {
            version_id: Some("v2".into()),
            rotated_at: Some(Time(round.now - Duration::from_hours(1))),
            ..CredentialsStatus::default()
        }),
        bindings: vec![ConsumerStatus {
            kind: "Secret".into(),
            name: name.clone(),
            version_id: before.map(str::to_owned),
            up_to_date: false,
            policy: None,
        }],
        ..CachedApiStatus::default()
    });
    round.observed.bound.insert(name, now);
    round
}

#[test]
fn a_version_is_current_since_the_bound_secret_has_it() {
    let with = |version: &str| {
        Seen::Present(BoundSecret {
            owned: true,
            resource_version: "1".into(),
            data: [].into(),
            version: Some(version.into()),
        })
    };
    let unknown = || Seen::Unknown(failure(Class::Blocked, Reason::AccessDenied));
    let mut json = spec_json();
    json["bindings"] = serde_json::json!([{"secret": {"name": "orders-cache"}}]);
    for (before, now, moves, why) in [
        (
            Some("v1"),
            with("v2"),
            true,
            "until now clients read v1 there",
        ),
        (Some("v1+iam"), with("v2+iam"), true, "whoever shows tokens"),
        (Some("v1"), with("v1"), false, "it does not have it yet"),
        (Some("v1"), unknown(), false, "it may not be read"),
        (Some("v1"), Seen::Unread, false, "nobody looked"),
        (Some("v2"), with("v2"), false, "it had it before"),
        (
            Some("v2"),
            with("v2+iam"),
            false,
            "the password is the same",
        ),
        (None, with("v2"), false, "nobody read anything there"),
    ] {
        let round = rotated_an_hour_ago(before, now);
        let status = round.report_of(&desired(json.clone()));
        let since = status.credentials.unwrap().rotated_at.unwrap().0;
        let age = round.now.duration_since(since).unsigned_abs();
        assert_eq!(age.is_zero(), moves, "{why}");
    }
}
