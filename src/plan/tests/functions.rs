//! Bound Lambda functions find endpoint and secret in their environment, and never the password.

use std::time::Duration;

use serde_json::{Value, json};

use crate::api::Reason;
use crate::fixtures::{desired, identity, spec, spec_json};
use crate::model::{Desired, Estate};
use crate::plan::world::World;
use crate::plan::{Action, Class, FunctionAction, Sensitive, Variables};

const ARN: &str = "arn:aws:lambda:eu-west-1:123456789012:function:orders";

fn spec_with(alias: Option<&str>) -> Value {
    let mut json = spec_json();
    let mut lambda = json!({"functionArn": ARN});
    if let Some(alias) = alias {
        lambda["alias"] = json!(alias);
    }
    json["bindings"] = json!([{"secret": {"name": "orders-cache"}}, {"lambda": lambda}]);
    json
}

/// A settled world with a function that had the variable `LOG`.
fn bound(alias: Option<&str>) -> (World, Desired) {
    let desired = desired(spec_with(alias));
    let mut world = World::default();
    world.functions.make(ARN, ("LOG", "info"));
    let plan = world.settle(&desired);
    assert!(plan.is_settled(), "{plan:#?}");
    world.actions.clear();
    (world, desired)
}

fn plain(variables: &Variables) -> Value {
    variables
        .iter()
        .map(|(name, value)| (name.clone(), json!(value.reveal())))
        .collect::<serde_json::Map<_, _>>()
        .into()
}

fn expected(world: &World) -> Value {
    let value = world.secrets.current().unwrap();
    let endpoint = value.endpoint.unwrap();
    json!({
        "LOG": "info",
        "CACHE_HOST": endpoint.host,
        "CACHE_PORT": endpoint.port.to_string(),
        "CACHE_KEY_PREFIX": identity().key_prefix(),
        "CACHE_SECRET_ARN": world.secrets.secret.as_ref().unwrap().arn,
        "CACHE_SECRET_VERSION_ID": value.version_id,
    })
}

/// The calls to Lambda, by name.
fn calls(world: &World) -> Vec<&'static str> {
    let calls = world.actions.iter();
    calls
        .filter(|action| matches!(action, Action::Function(_)))
        .map(Action::operation)
        .collect()
}

#[test]
fn a_function_is_told_endpoint_and_secret_and_keeps_its_own_variables() {
    let (world, desired) = bound(None);
    assert_eq!(plain(&world.functions.all[ARN].variables), expected(&world));
    assert_eq!(world.behind(&desired), Vec::<String>::new());
}

#[test]
fn the_password_is_in_no_environment() {
    let (world, _) = bound(Some("live"));
    let password = world.secrets.current().unwrap().password;
    let function = &world.functions.all[ARN];
    let mut all = function.versions.iter().map(|(variables, _)| variables);
    assert!(all.all(|variables| variables.values().all(|value| *value != password)));
}

#[test]
fn an_alias_is_moved_to_a_version_with_the_environment() {
    let (mut world, desired) = bound(Some("live"));
    assert_eq!(
        plain(&world.functions.all[ARN].served().0),
        expected(&world)
    );
    world.now += Duration::from_hours(30 * 24);
    world.settle(&desired);
    assert_eq!(
        plain(&world.functions.all[ARN].served().0),
        expected(&world)
    );
    assert_eq!(
        calls(&world),
        [
            "UpdateFunctionConfiguration",
            "PublishVersion",
            "UpdateAlias"
        ]
    );
    assert_eq!(world.behind(&desired), Vec::<String>::new());
}

#[test]
fn a_rotation_reaches_the_function_and_nothing_else_is_written() {
    let (mut world, desired) = bound(None);
    world.now += Duration::from_hours(30 * 24);
    world.settle(&desired);
    assert_eq!(plain(&world.functions.all[ARN].variables), expected(&world));
    assert_eq!(calls(&world), ["UpdateFunctionConfiguration"]);
}

#[test]
fn no_version_is_published_while_the_alias_serves_other_code() {
    for (reason, change) in [
        (
            "unreleased code",
            (|world: &mut World| world.functions.all.get_mut(ARN).unwrap().code = "new".into())
                as fn(&mut World),
        ),
        ("a canary", |world| {
            world.functions.all.get_mut(ARN).unwrap().weighted = true;
        }),
    ] {
        let desired = desired(spec_with(Some("live")));
        let mut world = World::default();
        world.functions.make(ARN, ("LOG", "info"));
        change(&mut world);
        let plan = world.stall(&desired);
        assert_eq!(
            plan.bindings.waits[0].reason,
            Reason::RollingOut,
            "{reason}"
        );
        assert_eq!(world.functions.all[ARN].versions.len(), 1, "{reason}");
        assert_eq!(world.behind(&desired), [ARN], "{reason}");
    }
}

#[test]
fn a_function_that_cannot_be_bound_is_left_alone_and_reported() {
    type Change = fn(&mut World);
    let other =
        "arn:aws:secretsmanager:eu-west-1:123456789012:secret:cachedapi/shop/other-12345678-AbCdEf";
    let long = "x".repeat(3900);
    let cases: [(&str, Change, Reason, &str); 3] = [
        (
            "it is gone",
            |world| world.functions.all.clear(),
            Reason::ReferenceNotFound,
            "does not exist",
        ),
        (
            "another object's",
            |_| {},
            Reason::NameTaken,
            "another CachedApi",
        ),
        (
            "no room",
            |_| {},
            Reason::QuotaExceeded,
            "Lambda allows 4096",
        ),
    ];
    for (case, change, reason, words) in cases {
        let desired = desired(spec_with(None));
        let mut world = World::default();
        match reason {
            Reason::NameTaken => world.functions.make(ARN, ("CACHE_SECRET_ARN", other)),
            _ => world.functions.make(ARN, ("LONG", &long)),
        };
        change(&mut world);
        let plan = world.stall(&desired);
        let block = &plan.bindings.blocks[0];
        assert_eq!(block.reason, reason, "{case}");
        assert!(
            block.message.contains(words) && block.message.contains(ARN),
            "{case}: {}",
            block.message
        );
        assert_eq!(calls(&world), [""; 0], "{case}");
    }
}

#[test]
fn a_variable_of_ours_that_somebody_set_is_overwritten() {
    let (mut world, desired) = bound(None);
    let function = world.functions.all.get_mut(ARN).unwrap();
    function
        .variables
        .insert("CACHE_HOST".into(), Sensitive::new("elsewhere"));
    assert!((0..10).any(|n| !world.poll(&desired, n).is_settled()));
    world.settle(&desired);
    assert_eq!(plain(&world.functions.all[ARN].variables), expected(&world));
}

#[test]
fn our_variables_go_with_the_binding_and_with_the_object() {
    for deleted in [false, true] {
        let (mut world, _) = bound(None);
        if deleted {
            let estate = Estate::new(identity(), &spec(spec_with(None)), [], []);
            world.tear_down(&estate);
        } else {
            world.settle(&desired(spec_json()));
        }
        assert_eq!(
            plain(&world.functions.all[ARN].variables),
            json!({"LOG": "info"}),
            "deleted: {deleted}"
        );
    }
}

/// The variables of ours besides endpoint and prefix, after a change to these ways in.
fn told(world: &mut World, ways: &[&str]) -> Vec<String> {
    let mut json = spec_with(Some("live"));
    for way in ways {
        json["credentials"][*way] = json!({});
    }
    let desired = desired(json);
    assert!(world.settle(&desired).is_settled());
    assert_eq!(world.behind(&desired), Vec::<String>::new(), "{ways:?}");
    let function = &world.functions.all[ARN];
    assert_eq!(function.served().0, function.variables, "{ways:?}");
    let names = function.variables.keys();
    let rest = ["CACHE_HOST", "CACHE_PORT", "CACHE_KEY_PREFIX", "LOG"];
    names
        .filter(|name| !rest.contains(&&***name))
        .cloned()
        .collect()
}

#[test]
fn a_function_is_told_the_ways_in_that_the_spec_has() {
    let (mut world, _) = bound(Some("live"));
    let secret = ["CACHE_SECRET_ARN", "CACHE_SECRET_VERSION_ID"];
    let iam = ["CACHE_IAM_CACHE_NAME", "CACHE_IAM_USERNAME"];
    let both = [iam, secret].concat();
    assert_eq!(told(&mut world, &["password", "iam"]), both);
    assert_eq!(told(&mut world, &["iam"]), iam);
    let variables = &world.functions.all[ARN].variables;
    assert_eq!(
        variables["CACHE_IAM_CACHE_NAME"].reveal(),
        identity().cache_id()
    );
    assert_eq!(
        variables["CACHE_IAM_USERNAME"].reveal(),
        identity().iam_user_id()
    );
    assert_eq!(told(&mut world, &["password", "iam"]), both);
    assert_eq!(told(&mut world, &["password"]), secret);
}

#[test]
fn a_function_of_an_object_without_a_secret_is_known_by_the_cache() {
    let (mut world, _) = bound(None);
    told(&mut world, &["password", "iam"]);
    told(&mut world, &["iam"]);
    let mut other = world.clone();
    world.tear_down(&Estate::new(identity(), &spec(spec_with(None)), [], []));
    let left = plain(&world.functions.all[ARN].variables);
    assert_eq!(left, json!({"LOG": "info"}));
    let function = other.functions.all.get_mut(ARN).unwrap();
    function
        .variables
        .insert("CACHE_IAM_CACHE_NAME".into(), Sensitive::new("capi-1"));
    let mut json = spec_with(None);
    json["credentials"] = json!({"iam": {}});
    let plan = other.stall(&desired(json));
    assert_eq!(plan.bindings.blocks[0].reason, Reason::NameTaken);
}

#[test]
fn variables_of_another_object_do_not_go_with_this_one() {
    let (mut world, _) = bound(None);
    let other = Sensitive::new("arn:aws:secretsmanager:eu-west-1:1:secret:cachedapi/shop/x-AbCdEf");
    let function = world.functions.all.get_mut(ARN).unwrap();
    function.variables.insert("CACHE_SECRET_ARN".into(), other);
    let before = function.variables.clone();
    world.tear_down(&Estate::new(identity(), &spec(spec_with(None)), [], []));
    assert_eq!(world.functions.all[ARN].variables, before);
}

#[test]
fn each_write_names_the_revision_that_was_seen() {
    let (mut world, desired) = bound(Some("live"));
    world.now += Duration::from_hours(30 * 24);
    world.settle(&desired);
    for action in &world.actions {
        if let Action::Function(
            FunctionAction::UpdateConfiguration { revision, .. }
            | FunctionAction::PublishVersion { revision, .. }
            | FunctionAction::UpdateAlias { revision, .. },
        ) = action
        {
            assert!(!revision.is_empty(), "{action:?}");
        }
    }
}

#[test]
fn a_function_waits_for_no_secret_and_a_workload_for_every_one() {
    let mut json = spec_with(None);
    let bindings = json["bindings"].as_array_mut().unwrap();
    bindings.push(json!({"deployment": {"name": "orders"}}));
    let desired = desired(json);
    let workload = desired.bindings.workloads.first().unwrap();
    let mut world = World::default();
    world.functions.make(ARN, ("LOG", "info"));
    world.cluster.deploy(workload);
    world.settle(&desired);
    let first_round = |mut world: World, class| {
        world.functions.all.get_mut(ARN).unwrap().variables.clear();
        let rolled = world.cluster.workloads.get_mut(workload).unwrap();
        rolled.version = None;
        world.cluster.secrets.clear();
        if let Some(class) = class {
            world.unreadable.insert("BoundSecret".into(), class);
        }
        world.actions.clear();
        world.round(&desired);
        let actions = world.actions.iter();
        actions.map(Action::operation).collect::<Vec<_>>()
    };
    for (reason, class, written) in [
        ("to be written", None, true),
        ("not answered for", Some(Class::Transient), false),
        ("not to be read", Some(Class::Blocked), false),
    ] {
        let begun = first_round(world.clone(), class);
        assert!(
            begun.contains(&"UpdateFunctionConfiguration"),
            "{reason}: {begun:?}"
        );
        assert_eq!(begun.contains(&"ApplyBoundSecret"), written, "{reason}");
        assert!(!begun.contains(&"RollDeployment"), "{reason}: {begun:?}");
    }
}
