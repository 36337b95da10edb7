use serde_json::json;

use super::{Bench, PASSWORD, USER};
use crate::elasticache::iam::Gate;
use crate::elasticache::{LoginOutcome, login};
use crate::{Config, Delay, KnownKey, LocalAws};

/// What a login at the group's primary endpoint gives, in the world as the bench has it.
fn outcome(bench: &Bench, address: &str, user: &str, password: &str) -> LoginOutcome {
    let config = Config {
        start: Some(bench.now),
        ..Config::default()
    };
    let local = LocalAws::new(config).unwrap();
    local.with_world(|world, _| {
        let regions = world.accounts.entry("123456789012".to_owned()).or_default();
        regions.insert("eu-west-1".to_owned(), bench.place.clone());
    });
    login(&local, address, user, password)
}

fn primary_address(bench: &mut Bench) -> String {
    let address = &bench.group("g1")["NodeGroups"]["NodeGroup"][0]["PrimaryEndpoint"]["Address"];
    address.as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_simulated_node_admits_the_users_of_its_group_only() {
    let mut bench = Bench::new();
    bench.with_user("u1", "orders", "valkey");
    bench.with_user_group("users", "valkey", &["u1"]);
    bench.with_group(
        "g1",
        json!({"TransitEncryptionEnabled": true, "UserGroupIds": ["users"]}),
    );
    let address = primary_address(&mut bench);
    let cases = [
        ("orders", PASSWORD, LoginOutcome::Accepted),
        ("orders", "wrong-password-0000", LoginOutcome::WrongPassword),
        ("default", "", LoginOutcome::WrongPassword),
    ];
    for (user, password, expected) in cases {
        assert_eq!(
            outcome(&bench, &address, user, password),
            expected,
            "{user}"
        );
    }
    assert_eq!(
        outcome(&bench, "elsewhere", "orders", PASSWORD),
        LoginOutcome::Unreachable
    );
}

#[tokio::test]
async fn both_passwords_are_good_between_two_modifications() {
    let mut bench = Bench::new();
    bench.with_user("u1", "orders", "valkey");
    bench.with_user_group("users", "valkey", &["u1"]);
    bench.with_group(
        "g1",
        json!({"TransitEncryptionEnabled": true, "UserGroupIds": ["users"]}),
    );
    let (address, new) = (primary_address(&mut bench), "new-password-0123456789");
    bench.ok(
        "ModifyUser",
        json!({"UserId": "u1", "Passwords": [new, PASSWORD]}),
    );
    assert_eq!(
        outcome(&bench, &address, "orders", new),
        LoginOutcome::WrongPassword,
        "not active yet"
    );
    bench.pass(USER);
    for password in [new, PASSWORD] {
        assert_eq!(
            outcome(&bench, &address, "orders", password),
            LoginOutcome::Accepted
        );
    }
}

#[tokio::test]
async fn a_node_without_tls_and_one_that_is_going_cannot_be_reached() {
    let mut bench = Bench::new();
    bench.with_group("g1", json!({}));
    let address = primary_address(&mut bench);
    assert_eq!(
        outcome(&bench, &address, "default", ""),
        LoginOutcome::Unreachable
    );
    bench.modified(
        "g1",
        json!({"TransitEncryptionEnabled": true, "TransitEncryptionMode": "preferred"}),
    );
    let address = primary_address(&mut bench);
    assert_eq!(
        outcome(&bench, &address, "default", ""),
        LoginOutcome::Accepted,
        "no access control"
    );
    bench.ok(
        "DeleteReplicationGroup",
        json!({"ReplicationGroupId": "g1"}),
    );
    assert_eq!(
        outcome(&bench, &address, "default", ""),
        LoginOutcome::Unreachable
    );
}

#[tokio::test]
async fn a_password_spreads_from_node_to_node_and_the_user_is_active_when_the_last_one_knows_it() {
    let mut bench = Bench::with_delay(Delay::PasswordSpread, 10);
    bench.with_user("u1", "orders", "valkey");
    bench.with_user_group("users", "valkey", &["u1"]);
    bench.with_group(
        "g1",
        json!({"TransitEncryptionEnabled": true, "UserGroupIds": ["users"], "NumCacheClusters": 3}),
    );
    let members = bench.group("g1")["NodeGroups"]["NodeGroup"][0]["NodeGroupMembers"].clone();
    let nodes: Vec<_> = members["NodeGroupMember"]
        .as_array()
        .unwrap()
        .iter()
        .collect();
    let address =
        |node: &serde_json::Value| node["ReadEndpoint"]["Address"].as_str().unwrap().to_owned();
    let new = "new-password-0123456789";
    bench.ok("ModifyUser", json!({"UserId": "u1", "Passwords": [new]}));
    bench.pass(USER);
    for reached in 1..=3 {
        for (place, node) in nodes.iter().enumerate() {
            let knows = place < reached;
            for (password, good) in [(new, knows), (PASSWORD, !knows)] {
                let accepted =
                    outcome(&bench, &address(node), "orders", password) == LoginOutcome::Accepted;
                assert_eq!(accepted, good, "node {place} when {reached} were reached");
            }
        }
        let status = if reached == 3 { "active" } else { "modifying" };
        assert_eq!(bench.user("u1")["Status"], status);
        bench.pass(10);
    }
}

/// Signed by botocore at 2026-11-24T12:00:00Z for user `app` of cache `orders`.
const TOKEN: &str = "orders/?Action=connect&User=app&X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIDEXAMPLE%2F20261124%2Feu-west-1%2Felasticache%2Faws4_request&X-Amz-Date=20261124T120000Z&X-Amz-Expires=900&X-Amz-SignedHeaders=host&X-Amz-Signature=d81c7404dbb5ecae3e89b288db9ca2e2d99187aa911020be69621b3fdd82c435";

#[tokio::test]
async fn an_iam_user_logs_in_with_a_token_for_this_cache_and_user_while_it_is_fresh() {
    let gate = |cache: &str, region: &str, account: &str, secret: &str| Gate {
        cache: cache.to_owned(),
        account: account.to_owned(),
        region: region.to_owned(),
        keys: vec![KnownKey {
            access_key: "AKIDEXAMPLE".to_owned(),
            secret: secret.to_owned(),
            account: "111122223333".to_owned(),
        }],
    };
    let secret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
    let right = || gate("orders", "eu-west-1", "111122223333", secret);
    let cases = [
        (right(), "app", "12:14:59", true, "the right one"),
        (
            right(),
            "app",
            "11:56:00",
            true,
            "a signer whose clock is ahead",
        ),
        (right(), "app", "11:54:00", false, "too far ahead"),
        (right(), "app", "12:15:00", false, "too old"),
        (right(), "other", "12:00:00", false, "another user"),
        (
            gate("bills", "eu-west-1", "111122223333", secret),
            "app",
            "12:00:00",
            false,
            "another cache",
        ),
        (
            gate("orders", "eu-west-2", "111122223333", secret),
            "app",
            "12:00:00",
            false,
            "another Region",
        ),
        (
            gate("orders", "eu-west-1", "444455556666", secret),
            "app",
            "12:00:00",
            false,
            "another account",
        ),
        (
            gate("orders", "eu-west-1", "111122223333", "other"),
            "app",
            "12:00:00",
            false,
            "another secret",
        ),
    ];
    for (gate, user, time, good, reason) in cases {
        let now = format!("2026-11-24T{time}Z").parse().unwrap();
        assert_eq!(gate.admits(user, TOKEN, now), good, "{reason}");
    }
    let changed = TOKEN.replace("User=app", "User=root");
    let now = "2026-11-24T12:00:00Z".parse().unwrap();
    assert!(!right().admits("root", &changed, now), "a changed token");
}
