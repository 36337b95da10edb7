//! What an AUTH token may not be rotated in for.

use super::*;
use crate::plan::{Password, Seen};

/// A settled cache with an AUTH token, as it is observed, and an action with that token.
fn with_token() -> (Observed, Password) {
    let mut json = crate::fixtures::spec_json();
    json["credentials"] = serde_json::json!({"authToken": {}});
    let (world, _) = crate::plan::tests::settled(&json);
    let group = world.cache.groups.into_values().next().unwrap();
    let value = world.secrets.current().unwrap();
    let token = Password {
        version: value.version_id.clone(),
        value: value.password.clone(),
    };
    let mut observed = Observed::default();
    let tags = Seen::Present(identity().tags());
    observed.cache.tags.insert(group.arn.clone(), tags);
    observed.cache.group = Seen::Present(group);
    observed.secret.secret = Seen::Present(world.secrets.secret.unwrap());
    let version = token.version.clone();
    let values = &mut observed.secret.values;
    values.insert(version, Seen::Present(value));
    (observed, token)
}

fn rotate(token: &Password) -> AspectPlan {
    act([Action::Cache(CacheAction::RotateAuthToken {
        id: identity().cache_id(),
        token: token.clone(),
    })])
}

fn told(observed: &mut Observed, token: &Password, accepted: Accepted) {
    let login = crate::plan::Login {
        accepted,
        flaw: None,
        obstacle: None,
        members: Vec::new(),
    };
    let logins = &mut observed.secret.logins;
    logins.insert(token.version.clone(), login);
}

fn known(observed: &mut Observed, token: &Password) {
    observed.secret.tokens.given = Some(crate::plan::GivenToken {
        token: token.value.clone(),
        alone: false,
        before: None,
        after: None,
    });
}

#[test]
fn no_auth_token_is_rotated_twice_without_a_login_between() {
    let (mut observed, current) = with_token();
    let wrong = |observed: &Observed, token| found(observed, rotate(token), CONVERGE);
    assert_eq!(wrong(&observed, &current).len(), 1, "no login");
    told(&mut observed, &current, Accepted::Unknown);
    assert_eq!(wrong(&observed, &current).len(), 1, "no word");
    told(&mut observed, &current, Accepted::All);
    assert_eq!(wrong(&observed, &current), Vec::<String>::new());
    let done = rotate(&current).actions.remove(0);
    observed.learn(&done, None);
    assert!(!wrong(&observed, &current).is_empty(), "just given");
}

#[test]
fn no_auth_token_comes_in_that_may_push_the_current_one_out() {
    let (mut observed, current) = with_token();
    let pending = Password {
        version: "pending".into(),
        ..current.clone()
    };
    let wrong = |observed: &Observed, token| found(observed, rotate(token), CONVERGE);
    told(&mut observed, &pending, Accepted::None);
    assert_eq!(wrong(&observed, &pending).len(), 1, "which is the newest?");
    known(&mut observed, &current);
    assert_eq!(wrong(&observed, &pending), Vec::<String>::new());
    told(&mut observed, &pending, Accepted::All);
    assert_eq!(wrong(&observed, &pending).len(), 1, "it is there");
    told(&mut observed, &pending, Accepted::None);
    if let Seen::Present(group) = &mut observed.cache.group {
        group.status = "modifying".into();
    }
    assert_eq!(wrong(&observed, &pending).len(), 1, "under way");
}

#[test]
fn no_auth_token_is_set_but_the_current_one() {
    let (observed, current) = with_token();
    let set = |version: &str| {
        let token = Password {
            version: version.into(),
            ..current.clone()
        };
        let (id, purpose) = (identity().cache_id(), crate::plan::Purpose::Retire);
        let set = Action::Cache(CacheAction::SetAuthToken { id, token, purpose });
        found(&observed, act([set]), CONVERGE)
    };
    assert_eq!(set(&current.version), Vec::<String>::new());
    assert_eq!(set("another").len(), 1);
}
