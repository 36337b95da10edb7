use super::*;

const OLD: &str = "old-password-0123456789";
const NEW: &str = "new-password-0123456789";

fn login(access: &str, passwords: &[&str]) -> Login {
    let hashes = passwords
        .iter()
        .map(|password| PasswordHash::of(password))
        .collect();
    Login {
        access: AccessString::parse(access).unwrap(),
        secret: Secret::Passwords(hashes),
    }
}

#[test]
fn both_passwords_of_a_user_open_the_cache_and_no_other() {
    let acl = Acl::of_users([("orders".to_owned(), login("on ~* +@all", &[NEW, OLD]))]);
    assert!(acl.admits("orders", OLD, || false) && acl.admits("orders", NEW, || false));
    assert!(!acl.admits("orders", "wrong-password-00000000", || false));
    assert!(!acl.admits("someone", NEW, || false));
}

#[test]
fn with_users_the_default_user_is_off_unless_one_is_called_so() {
    let nobody = Acl::of_users([]);
    assert!(!nobody.admits("default", "", || false));
    assert!(nobody.commands(&PasswordHash::of(NEW))[0].contains(&"off".to_owned()));
    assert!(
        Acl::of_users([("default".to_owned(), login("on ~* +@all", &[OLD]))]).admits(
            "default",
            OLD,
            || false
        )
    );
    assert!(
        Acl::open().admits("default", "", || false),
        "no access control lets everyone in"
    );
}

#[test]
fn an_access_string_without_on_means_off() {
    let acl = Acl::of_users([("orders".to_owned(), login("~* +@all", &[OLD]))]);
    assert!(!acl.admits("orders", OLD, || false));
}

#[test]
fn nodes_are_told_hashes_first_and_the_forbidden_commands_last() {
    let acl = Acl::of_users([("orders".to_owned(), login("on ~app:* +@all", &[OLD]))]);
    let command = acl.commands(&PasswordHash::of(NEW)).pop().unwrap();
    assert_eq!(command[..4], ["ACL", "SETUSER", "orders", "reset"]);
    assert_eq!(command[4].len(), 65);
    assert_eq!(command[5..8], ["on", "~app:*", "+@all"]);
    assert!(command[8..].contains(&"-config".to_owned()));
    assert!(!command.concat().contains(OLD));
}

#[test]
fn access_strings_that_the_service_refuses_are_refused() {
    let cases = [
        ("on >secret ~* +@all", "a password"),
        ("on nopass ~* +@all", "no password"),
        ("reset on", "a reset"),
        ("on ~* +@everything", "an unknown category"),
        ("on ~", "an empty pattern"),
        ("enabled", "not a word of the language"),
    ];
    for (text, reason) in cases {
        assert_eq!(
            AccessString::parse(text).unwrap_err().code,
            "InvalidParameterValue",
            "{reason}"
        );
    }
    for text in [
        "on ~app:* -@all +@read +set +client|setinfo",
        "off ~* -@all",
        "on %R~a:* (~b:* +get)",
    ] {
        AccessString::parse(text).unwrap();
    }
}

#[test]
fn passwords_have_a_length_and_a_number() {
    let cases = [
        (vec!["short".to_owned()], "shorter than sixteen"),
        (vec!["x".repeat(129)], "longer than 128"),
        (
            vec!["x".repeat(16), "y".repeat(16), "z".repeat(16)],
            "three of them",
        ),
        (vec![], "none"),
        (vec!["with a space in it".to_owned()], "a space"),
    ];
    for (passwords, reason) in cases {
        assert_eq!(
            hash_passwords(&passwords).unwrap_err().code,
            "InvalidParameterValue",
            "{reason}"
        );
    }
    assert_eq!(
        hash_passwords(&["x".repeat(16), "y".repeat(128)])
            .unwrap()
            .len(),
        2
    );
}
