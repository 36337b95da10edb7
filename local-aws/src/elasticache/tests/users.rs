use serde_json::{Value, json};

use super::{Bench, CREATING, PASSWORD, USER, merged};

fn user(parameters: Value) -> Value {
    let base = json!({"UserId": "U1", "UserName": "orders", "Engine": "valkey", "AccessString": "on ~* +@all"});
    merged(base, parameters)
}

#[test]
fn a_user_becomes_active_after_its_delay_and_is_known_in_lower_case() {
    let mut bench = Bench::new();
    let created = bench.ok("CreateUser", user(json!({"Passwords": [PASSWORD]})));
    assert_eq!(
        (&created["Status"], &created["UserId"]),
        (&json!("creating"), &json!("u1"))
    );
    bench.pass(USER - 1);
    assert_eq!(bench.user("u1")["Status"], "creating");
    bench.pass(1);
    let active = bench.user("U1");
    assert_eq!(active["Status"], "active");
    assert_eq!(
        active["Authentication"],
        json!({"Type": "password", "PasswordCount": 1})
    );
    assert_eq!(
        active["ARN"],
        "arn:aws:elasticache:eu-west-1:123456789012:user:u1"
    );
}

#[test]
fn users_that_break_a_rule_are_refused() {
    let password = json!([PASSWORD]);
    let cases = [
        (
            json!({}),
            "InvalidParameterCombination",
            "neither password nor no password",
        ),
        (
            json!({"Passwords": password, "NoPasswordRequired": true}),
            "InvalidParameterCombination",
            "both",
        ),
        (
            json!({"Passwords": ["short"]}),
            "InvalidParameterValue",
            "a short password",
        ),
        (
            json!({"Passwords": password, "AccessString": "on >pw ~* +@all"}),
            "InvalidParameterValue",
            "a password inside",
        ),
        (
            json!({"Passwords": password, "Engine": "memcached"}),
            "InvalidParameterValue",
            "an engine without users",
        ),
        (
            json!({"Passwords": password, "UserId": "1u"}),
            "InvalidParameterValue",
            "an id that starts with a digit",
        ),
        (
            json!({"Passwords": ["a-password-with-@-in-it"]}),
            "InvalidParameterValue",
            "a character that passwords cannot have",
        ),
        (
            json!({"AuthenticationMode": {"Type": "iam"}}),
            "InvalidParameterValue",
            "iam with another name than id",
        ),
        (
            json!({"AuthenticationMode": {"Type": "iam", "Passwords": password}}),
            "InvalidParameterCombination",
            "iam and a password",
        ),
        (
            json!({"Passwords": password, "UserId": "default"}),
            "UserAlreadyExists",
            "the built-in user's id",
        ),
    ];
    for (parameters, code, reason) in cases {
        assert_eq!(
            Bench::new().refused("CreateUser", user(parameters)),
            code,
            "{reason}"
        );
    }
}

#[test]
fn a_user_takes_no_second_change_before_the_first_is_done() {
    let mut bench = Bench::new();
    bench.with_user("u1", "orders", "valkey");
    let next = json!({"UserId": "u1", "Passwords": ["new-password-0123456789", PASSWORD]});
    assert_eq!(bench.ok("ModifyUser", next.clone())["Status"], "modifying");
    assert_eq!(
        bench.refused("ModifyUser", next.clone()),
        "InvalidUserState"
    );
    assert_eq!(
        bench.refused("DeleteUser", json!({"UserId": "u1"})),
        "InvalidUserState"
    );
    bench.pass(USER);
    assert_eq!(bench.user("u1")["Authentication"]["PasswordCount"], 2);
    bench.ok("ModifyUser", next);
}

#[test]
fn nodes_know_a_new_password_only_when_the_user_is_active_again() {
    let mut bench = Bench::new();
    bench.with_user("u1", "orders", "valkey");
    bench.with_user_group("g1", "valkey", &["u1"]);
    let new = "new-password-0123456789";
    let admits = |bench: &mut Bench, password: &str| {
        super::settle(&mut bench.place, bench.now);
        bench
            .place
            .elasticache
            .acl(&["g1".to_owned()], 0)
            .admits("orders", password, || false)
    };
    bench.ok("ModifyUser", json!({"UserId": "u1", "Passwords": [new]}));
    assert!(admits(&mut bench, PASSWORD) && !admits(&mut bench, new));
    bench.pass(USER);
    assert!(!admits(&mut bench, PASSWORD) && admits(&mut bench, new));
}

#[test]
fn how_a_user_proves_who_they_are_can_change() {
    let mut bench = Bench::new();
    bench.with_user("app", "app", "valkey");
    bench.with_user("u1", "orders", "valkey");
    let cases = [
        ("iam", json!({"Type": "iam"})),
        ("no-password-required", json!({"Type": "no-password"})),
    ];
    for (kind, authentication) in cases {
        let mode = json!({"UserId": "app", "AuthenticationMode": {"Type": kind}});
        bench.ok("ModifyUser", mode);
        bench.pass(USER);
        assert_eq!(bench.user("app")["Authentication"], authentication);
    }
    let two = json!({"Type": "password", "Passwords": [PASSWORD, "new-password-0123456789"]});
    bench.ok(
        "ModifyUser",
        json!({"UserId": "app", "AuthenticationMode": two}),
    );
    bench.pass(USER);
    assert_eq!(
        bench.user("app")["Authentication"],
        json!({"Type": "password", "PasswordCount": 2})
    );
    let iam = json!({"UserId": "u1", "AuthenticationMode": {"Type": "iam"}});
    assert_eq!(
        bench.refused("ModifyUser", iam),
        "InvalidParameterValue",
        "id and name differ"
    );
}

#[test]
fn users_who_log_in_by_iam_need_an_engine_that_knows_it() {
    let mut bench = Bench::new();
    bench.with_user("d1", "default", "redis");
    let app = json!({"UserId": "app", "UserName": "app", "Engine": "redis", "AccessString": "on ~* +@all"});
    let iam = json!({"AuthenticationMode": {"Type": "iam"}});
    bench.ok("CreateUser", super::merged(app, iam));
    bench.pass(USER);
    bench.with_user_group("users", "redis", &["d1", "app"]);
    let cache = |version: &str| {
        let of = json!({"Engine": "redis", "EngineVersion": version, "TransitEncryptionEnabled": true, "UserGroupIds": ["users"]});
        super::group("g1", of)
    };
    let refusal = bench.refused("CreateReplicationGroup", cache("6.2"));
    assert_eq!(refusal, "InvalidParameterCombination");
    bench.ok("CreateReplicationGroup", cache("7.0"));
}

#[test]
fn a_modification_without_content_is_refused_and_access_strings_can_be_appended() {
    let mut bench = Bench::new();
    bench.with_user("u1", "orders", "redis");
    assert_eq!(
        bench.refused("ModifyUser", json!({"UserId": "u1"})),
        "InvalidParameterCombination"
    );
    bench.ok(
        "ModifyUser",
        json!({"UserId": "u1", "AppendAccessString": "-@dangerous", "Engine": "valkey"}),
    );
    bench.pass(USER);
    let user = bench.user("u1");
    assert_eq!(
        (&user["AccessString"], &user["Engine"]),
        (&json!("on ~* +@all -@dangerous"), &json!("valkey"))
    );
    assert_eq!(
        bench.refused("ModifyUser", json!({"UserId": "u1", "Engine": "redis"})),
        "InvalidParameterValue"
    );
}

#[test]
fn a_deleted_user_leaves_its_groups_and_can_be_created_again() {
    let mut bench = Bench::new();
    bench.with_user("u1", "orders", "valkey");
    bench.with_user("u2", "other", "valkey");
    bench.with_user_group("g1", "valkey", &["u1", "u2"]);
    bench.ok("DeleteUser", json!({"UserId": "u1"}));
    assert_eq!(bench.user("u1")["Status"], "deleting");
    bench.pass(USER);
    assert_eq!(
        bench.refused("DescribeUsers", json!({"UserId": "u1"})),
        "UserNotFound"
    );
    assert_eq!(bench.user_group("g1")["UserIds"]["member"], json!(["u2"]));
    bench.with_user("u1", "orders", "valkey");
}

#[test]
fn a_default_user_in_a_group_cannot_be_deleted() {
    let mut bench = Bench::new();
    bench.with_user("d1", "default", "redis");
    bench.with_user_group("g1", "redis", &["d1"]);
    assert_eq!(
        bench.refused("DeleteUser", json!({"UserId": "d1"})),
        "DefaultUserAssociatedToUserGroup"
    );
    bench.ok("DeleteUserGroup", json!({"UserGroupId": "g1"}));
    bench.pass(USER);
    bench.ok("DeleteUser", json!({"UserId": "d1"}));
}

#[test]
fn user_groups_that_break_a_rule_are_refused() {
    let mut bench = Bench::new();
    bench.with_user("d1", "default", "redis");
    bench.with_user("u1", "orders", "redis");
    bench.with_user("u2", "orders", "redis");
    bench.with_user("v1", "valkey-user", "valkey");
    let cases = [
        (
            "redis",
            json!(["u1"]),
            "DefaultUserRequired",
            "a redis group without default",
        ),
        (
            "redis",
            json!(["d1", "u1", "u2"]),
            "DuplicateUserName",
            "two users of one name",
        ),
        (
            "redis",
            json!(["d1", "v1"]),
            "InvalidParameterCombination",
            "a valkey user in a redis group",
        ),
        (
            "valkey",
            json!(["default"]),
            "InvalidParameterCombination",
            "a user without password in a valkey group",
        ),
        (
            "valkey",
            json!(["nobody"]),
            "UserNotFound",
            "a user that does not exist",
        ),
    ];
    for (engine, users, code, reason) in cases {
        let parameters = json!({"UserGroupId": "g1", "Engine": engine, "UserIds": users});
        assert_eq!(
            bench.refused("CreateUserGroup", parameters),
            code,
            "{reason}"
        );
    }
    bench.with_user_group("g1", "redis", &["default", "u1"]);
    bench.with_user_group("g2", "valkey", &[]);
    assert_eq!(
        bench.refused(
            "CreateUserGroup",
            json!({"UserGroupId": "G1", "Engine": "valkey"})
        ),
        "UserGroupAlreadyExists"
    );
}

#[test]
fn members_change_when_the_group_is_active_again() {
    let mut bench = Bench::new();
    bench.with_user("d1", "default", "redis");
    bench.with_user("u1", "orders", "redis");
    bench.with_user_group("g1", "redis", &["d1"]);
    let modified = bench.ok(
        "ModifyUserGroup",
        json!({"UserGroupId": "g1", "UserIdsToAdd": ["u1"]}),
    );
    assert_eq!(
        modified["PendingChanges"]["UserIdsToAdd"]["member"],
        json!(["u1"])
    );
    assert_eq!(modified["UserIds"]["member"], json!(["d1"]));
    assert_eq!(
        bench.refused(
            "ModifyUserGroup",
            json!({"UserGroupId": "g1", "UserIdsToRemove": ["u1"]})
        ),
        "InvalidUserGroupState"
    );
    bench.pass(USER);
    let group = bench.user_group("g1");
    assert_eq!(
        (&group["Status"], &group["UserIds"]["member"]),
        (&json!("active"), &json!(["d1", "u1"]))
    );
    assert_eq!(bench.user("u1")["UserGroupIds"]["member"], json!(["g1"]));
    let cases = [
        (
            json!({"UserIdsToAdd": ["u1"]}),
            "InvalidParameterCombination",
            "it is there already",
        ),
        (
            json!({"UserIdsToRemove": ["d1"]}),
            "DefaultUserRequired",
            "the last default user",
        ),
        (
            json!({"UserIdsToRemove": ["default"]}),
            "InvalidParameterValue",
            "not a member",
        ),
    ];
    for (parameters, code, reason) in cases {
        let parameters = merged(json!({"UserGroupId": "g1"}), parameters);
        assert_eq!(
            bench.refused("ModifyUserGroup", parameters),
            code,
            "{reason}"
        );
    }
}

#[test]
fn a_user_group_in_use_cannot_be_deleted() {
    let mut bench = Bench::new();
    bench.with_user("u1", "orders", "valkey");
    bench.with_user_group("g1", "valkey", &["u1"]);
    bench.with_group(
        "c1",
        json!({"TransitEncryptionEnabled": true, "UserGroupIds": ["g1"]}),
    );
    assert_eq!(
        bench.user_group("g1")["ReplicationGroups"]["member"],
        json!(["c1"])
    );
    assert_eq!(
        bench.refused("DeleteUserGroup", json!({"UserGroupId": "g1"})),
        "InvalidUserGroupState"
    );
    bench.ok(
        "DeleteReplicationGroup",
        json!({"ReplicationGroupId": "c1"}),
    );
    bench.pass(CREATING);
    bench.ok("DeleteUserGroup", json!({"UserGroupId": "g1"}));
    bench.pass(USER);
    assert_eq!(
        bench.refused("DescribeUserGroups", json!({"UserGroupId": "g1"})),
        "UserGroupNotFound"
    );
}

#[test]
fn the_built_in_default_user_is_listed_and_cannot_be_changed() {
    let mut bench = Bench::new();
    assert_eq!(
        bench.user("default")["Authentication"]["Type"],
        "no-password"
    );
    assert_eq!(
        bench.refused(
            "ModifyUser",
            json!({"UserId": "default", "AccessString": "off"})
        ),
        "InvalidParameterValue"
    );
    assert_eq!(
        bench.refused("DeleteUser", json!({"UserId": "default"})),
        "InvalidParameterValue"
    );
}

#[test]
fn users_beyond_the_quota_are_refused() {
    let mut bench = Bench::new();
    let mut create = |number: usize| {
        bench.call(
            "CreateUser",
            user(json!({"UserId": format!("u{number}"), "Passwords": [PASSWORD]})),
        )
    };
    for number in 0..999 {
        create(number).unwrap();
    }
    assert_eq!(
        create(999).unwrap_err(),
        "UserQuotaExceeded",
        "the built-in user counts"
    );
}
