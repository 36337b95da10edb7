use super::*;
use crate::api::Engine;
use crate::fixtures::{desired, spec_json};

fn arn(kind: &str, id: &str) -> String {
    format!("arn:aws:elasticache:eu-west-1:123456789012:{kind}:{id}")
}

fn user(id: &str, status: &str) -> Fact {
    Fact::User {
        id: id.into(),
        user: Seen::Present(CacheUser {
            arn: arn("user", id),
            name: id.into(),
            status: status.into(),
            engine: "valkey".into(),
            access_string: "on ~* +@all".into(),
            passwords: 1,
            iam: false,
        }),
    }
}

fn create_user() -> Action {
    let desired = desired(spec_json());
    Action::Cache(CacheAction::CreateDefaultUser {
        user: desired.cache.default_user,
        engine: Engine::Valkey,
        tags: desired.tags,
    })
}

#[test]
fn a_thing_has_the_tags_that_it_was_created_with() {
    let mut observed = Observed::default();
    observed.learn(&create_user(), Some(user("u", "creating")));
    let tags = observed.cache.tags.get(&arn("user", "u"));
    assert_eq!(tags, Some(&Seen::Present(desired(spec_json()).tags)));
}

#[test]
fn a_creation_that_met_a_thing_of_that_name_tells_nothing_of_its_tags() {
    let mut observed = Observed::default();
    observed.cache.default_user = Seen::Absent;
    observed.learn(&create_user(), None);
    assert_eq!(observed.cache.default_user, Seen::Unread);
    assert!(observed.cache.tags.is_empty());
}

#[test]
fn the_reply_to_a_change_tells_nothing_of_tags() {
    let mut observed = Observed::default();
    let change = Action::Cache(CacheAction::ModifyUserAccess {
        id: "u".into(),
        access_string: "off".into(),
    });
    observed.learn(&change, Some(user("u", "modifying")));
    assert!(observed.cache.tags.is_empty());
}

#[test]
fn a_new_user_changes_nothing_else_and_a_changed_one_its_groups() {
    let absent = || {
        let mut observed = Observed::default();
        let cache = &mut observed.cache;
        cache.users.insert("u".into(), Seen::Absent);
        (cache.user_group, cache.group) = (Seen::Absent, Seen::Absent);
        observed
    };
    let mut observed = absent();
    observed.learn(&create_user(), None);
    assert_eq!(observed.cache.user("u"), &Seen::Absent);
    assert_eq!(observed.cache.user_group, Seen::Absent);
    let mut observed = absent();
    let change = CacheAction::ModifyUserAccess {
        id: "u".into(),
        access_string: "off".into(),
    };
    observed.learn(&Action::Cache(change), None);
    assert_eq!(observed.cache.user_group, Seen::Unread);
    assert_eq!(observed.cache.group, Seen::Unread);
}

fn give(access_string: &str) -> Action {
    Action::Cache(CacheAction::ModifyUserAccess {
        id: "u".into(),
        access_string: access_string.into(),
    })
}

#[test]
fn only_the_reply_to_our_own_writing_tells_how_rights_are_spelled() {
    let spelled = |text: &str| Some(Fact::AccessString(text.into()));
    let mut observed = Observed::default();
    observed.learn(&give("on +get"), spelled("on -@all +get"));
    let learned = observed.cache.spellings["u"].clone();
    assert_eq!(
        (learned.given.as_str(), learned.reported.as_str()),
        ("on +get", "on -@all +get")
    );
    observed.record(user("u", "active"));
    assert_eq!(
        observed.cache.spellings["u"], learned,
        "a read tells nothing"
    );
}
