use serde_json::json;

use super::{Bench, PASSWORD, USER};
use crate::elasticache::{LoginOutcome, login};
use crate::{Config, LocalAws};

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
