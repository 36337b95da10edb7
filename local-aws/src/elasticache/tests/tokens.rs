//! AUTH tokens.

use serde_json::json;

use super::{Bench, MODIFYING, USER};

const T1: &str = "first-token-0123456789";
const T2: &str = "second-token-0123456789";
const T3: &str = "third-token-0123456789";

/// A group with TLS and this token.
fn protected() -> Bench {
    let mut bench = Bench::new();
    bench.with_group(
        "g1",
        json!({"TransitEncryptionEnabled": true, "AuthToken": T1}),
    );
    bench
}

fn change(strategy: &str, token: &str) -> serde_json::Value {
    json!({"ReplicationGroupId": "g1", "ApplyImmediately": true, "AuthTokenUpdateStrategy": strategy, "AuthToken": token})
}

/// Which of the tokens, or none at all (`""`), a node takes.
fn accepted(bench: &Bench) -> Vec<&'static str> {
    let state = &bench.place.elasticache;
    let group = state.replication_group("g1").unwrap();
    let plan = super::super::nodes::Plan::of(state, group).unwrap();
    let acl = plan.users.values().next().unwrap();
    ["", T1, T2, T3]
        .into_iter()
        .filter(|token| acl.admits("default", token, || false))
        .collect()
}

#[test]
fn rotate_keeps_the_newest_token_and_set_drops_the_old_one() {
    let mut bench = protected();
    assert_eq!(bench.group("g1")["AuthTokenEnabled"], true);
    assert_eq!(accepted(&bench), [T1]);
    let modified = bench.group("g1")["AuthTokenLastModifiedDate"].clone();
    for (strategy, status, then) in [
        ("ROTATE", "ROTATING", vec![T1, T2]),
        ("SET", "SETTING", vec![T2]),
    ] {
        let before = accepted(&bench);
        let group =
            bench.ok("ModifyReplicationGroup", change(strategy, T2))["ReplicationGroup"].clone();
        assert_eq!(group["Status"], "modifying");
        assert_eq!(group["PendingModifiedValues"]["AuthTokenStatus"], status);
        assert_eq!(accepted(&bench), before, "not before the change is through");
        bench.pass(MODIFYING);
        let group = bench.group("g1");
        assert_eq!(
            group["PendingModifiedValues"]["AuthTokenStatus"],
            json!(null)
        );
        assert_ne!(group["AuthTokenLastModifiedDate"], modified);
        assert_eq!(accepted(&bench), then);
    }
    bench.modified("g1", change("SET", T2));
    assert_eq!(
        accepted(&bench),
        [T2],
        "SET of the newest again changes nothing"
    );
}

#[test]
fn every_rotate_shifts_the_two_slots_also_one_of_a_token_that_is_there() {
    let cases = [
        (vec![T2, T3], vec![T2, T3], "the oldest goes"),
        (
            vec![T2, T2],
            vec![T2],
            "a repeated call drops the one before",
        ),
        (
            vec![T2, T1, T3],
            vec![T1, T3],
            "the older one made the newest stays",
        ),
    ];
    for (rotations, left, reason) in cases {
        let mut bench = protected();
        for token in rotations {
            bench.modified("g1", change("ROTATE", token));
            bench.group("g1");
        }
        assert_eq!(accepted(&bench), left, "{reason}");
    }
}

#[test]
fn a_first_token_is_enforced_only_by_set() {
    let mut bench = Bench::new();
    bench.with_group("g1", json!({"TransitEncryptionEnabled": true}));
    bench.modified("g1", change("ROTATE", T1));
    assert_eq!(bench.group("g1")["AuthTokenEnabled"], true);
    assert_eq!(
        accepted(&bench),
        ["", T1],
        "clients without a token still come in"
    );
    bench.modified("g1", change("SET", T1));
    bench.group("g1");
    assert_eq!(accepted(&bench), [T1]);
}

#[test]
fn a_group_moves_from_a_token_to_users_and_back() {
    let mut bench = protected();
    bench.with_user("u1", "orders", "valkey");
    bench.with_user_group("users", "valkey", &["u1"]);
    let attach = json!({"ReplicationGroupId": "g1", "ApplyImmediately": true, "UserGroupIdsToAdd": ["users"]});
    assert_eq!(
        bench.refused("ModifyReplicationGroup", attach),
        "InvalidParameterCombination"
    );
    let delete = json!({"UserGroupIdsToAdd": ["users"], "AuthTokenUpdateStrategy": "DELETE"});
    bench.modified("g1", delete);
    assert_eq!(bench.group("g1")["AuthTokenEnabled"], false);
    assert_eq!(
        bench.group("g1")["UserGroupIds"]["member"],
        json!(["users"])
    );
    assert!(accepted(&bench).is_empty());
    let rotate = change("ROTATE", T2);
    assert_eq!(
        bench.refused("ModifyReplicationGroup", rotate.clone()),
        "InvalidParameterCombination"
    );
    bench.modified(
        "g1",
        super::merged(rotate, json!({"RemoveUserGroups": true})),
    );
    bench.group("g1");
    assert_eq!(accepted(&bench), [T2]);
}

#[test]
fn a_change_of_the_token_that_breaks_a_rule_is_refused_and_changes_nothing() {
    let cases = [
        (
            json!({"AuthToken": T2, "AuthTokenUpdateStrategy": "SET"}),
            "InvalidParameterValue",
            "SET without ROTATE",
        ),
        (
            json!({"AuthToken": T2}),
            "InvalidParameterCombination",
            "no strategy",
        ),
        (
            json!({"AuthTokenUpdateStrategy": "ROTATE"}),
            "InvalidParameterCombination",
            "no token",
        ),
        (
            json!({"AuthTokenUpdateStrategy": "DELETE"}),
            "InvalidParameterValue",
            "DELETE without users",
        ),
        (
            json!({"AuthToken": T2, "AuthTokenUpdateStrategy": "ROTATE", "ApplyImmediately": false}),
            "InvalidParameterCombination",
            "in the maintenance window",
        ),
        (
            json!({"AuthToken": T2, "AuthTokenUpdateStrategy": "ROTATE", "CacheNodeType": "cache.t4g.medium"}),
            "InvalidParameterCombination",
            "with another change",
        ),
        (
            json!({"AuthToken": T2, "AuthTokenUpdateStrategy": "ROTATE", "SnapshotRetentionLimit": 3}),
            "InvalidParameterCombination",
            "with a setting",
        ),
        (
            json!({"TransitEncryptionEnabled": false}),
            "InvalidParameterCombination",
            "TLS off",
        ),
    ];
    let mut bench = protected();
    for (parameters, code, reason) in cases {
        let base = json!({"ReplicationGroupId": "g1", "ApplyImmediately": true});
        let refusal = bench.refused("ModifyReplicationGroup", super::merged(base, parameters));
        assert_eq!(refusal, code, "{reason}");
    }
    assert_eq!(accepted(&bench), [T1]);
    bench.modified("g1", change("ROTATE", T2));
    bench.ok("ModifyReplicationGroup", change("SET", T2));
    assert_eq!(
        bench.refused("ModifyReplicationGroup", change("SET", T2)),
        "InvalidReplicationGroupState"
    );
}

#[test]
fn a_new_group_takes_a_good_token_with_tls_and_without_users_only() {
    let long = "t".repeat(129);
    let tls = |token: &str| json!({"TransitEncryptionEnabled": true, "AuthToken": token});
    let cases = [
        (
            tls("too-short"),
            "InvalidParameterValue",
            "15 characters or fewer",
        ),
        (
            tls(&long),
            "InvalidParameterValue",
            "more than 128 characters",
        ),
        (
            tls("a-token-with-a-%-in-it"),
            "InvalidParameterValue",
            "another special character",
        ),
        (
            tls("a token with spaces in it"),
            "InvalidParameterValue",
            "a space",
        ),
        (
            json!({"AuthToken": T1}),
            "InvalidParameterCombination",
            "no TLS",
        ),
        (
            super::merged(tls(T1), json!({"UserGroupIds": ["users"]})),
            "InvalidParameterCombination",
            "with users",
        ),
    ];
    let mut bench = Bench::new();
    bench.with_user("u1", "orders", "valkey");
    bench.with_user_group("users", "valkey", &["u1"]);
    bench.pass(USER);
    for (parameters, code, reason) in cases {
        let refusal = bench.refused("CreateReplicationGroup", super::group("g1", parameters));
        assert_eq!(refusal, code, "{reason}");
    }
    bench.with_group("g1", tls("specials-!&#$^<>-all-fine"));
}
