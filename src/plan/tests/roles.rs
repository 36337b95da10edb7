//! The role of a bound function gets the policy that lets it read the secret, where the operator may write policies, and no other role does.

use serde_json::{Value, json};

use crate::api::Reason;
use crate::fixtures::{desired, identity, spec, spec_json};
use crate::model::Estate;
use crate::plan::world::{Step, World};
use crate::plan::{Action, Class, RoleAction, is_own_policy};

const ARN: &str = "arn:aws:lambda:eu-west-1:123456789012:function:orders";
const ROLE: &str = "orders-role";

fn spec_with(functions: &[&str]) -> Value {
    let mut json = spec_json();
    json["bindings"] = functions
        .iter()
        .map(|arn| json!({"lambda": {"functionArn": arn}}))
        .collect();
    json
}

/// A world that is to be managed, with a function for each ARN that runs as the role.
fn world(functions: &[&str]) -> World {
    let mut world = World::default();
    world.functions.managed = true;
    for arn in functions {
        world.functions.make(arn, ("LOG", "info")).role = Some(ROLE.into());
    }
    world
}

/// A settled world with the function.
fn bound() -> World {
    let mut world = world(&[ARN]);
    let plan = world.settle(&desired(spec_with(&[ARN])));
    assert!(plan.is_settled(), "{plan:#?}");
    world.actions.clear();
    world
}

fn key(role: &str) -> (String, String) {
    (role.to_owned(), identity().consumer_policy_name())
}

fn writes(world: &World) -> Vec<&Action> {
    let actions = world.actions.iter();
    actions
        .filter(|action| matches!(action, Action::Role(_)))
        .collect()
}

#[test]
fn the_role_may_read_this_secret_and_nothing_else() {
    let world = bound();
    let policy: Value = serde_json::from_str(&world.functions.policies[&key(ROLE)]).unwrap();
    let secret = &world.secrets.secret.as_ref().unwrap().arn;
    assert_eq!(
        policy["Statement"],
        json!([{
            "Sid": identity().consumer_policy_sid(), "Effect": "Allow",
            "Action": "secretsmanager:GetSecretValue", "Resource": secret,
        }])
    );
    assert_eq!(
        world.functions.policy_roles,
        [ROLE.to_owned()].into(),
        "status knows"
    );
}

#[test]
fn what_is_right_is_not_written_again_and_what_was_changed_is_put_right() {
    let mut world = bound();
    let desired = desired(spec_with(&[ARN]));
    world.settle(&desired);
    assert_eq!(writes(&world), [] as [&Action; 0]);
    let policy = world.functions.policies[&key(ROLE)].clone();
    let wider = policy.replace("secretsmanager:GetSecretValue", "*");
    world.functions.policies.insert(key(ROLE), wider);
    assert!((0..10).any(|n| !world.poll(&desired, n).is_settled()));
    world.settle(&desired);
    assert_eq!(world.functions.policies[&key(ROLE)], policy);
}

/// As in the rounds of one reconcile, in which what status said stays what it said at the start.
#[test]
fn a_role_that_status_does_not_have_is_known_by_its_policy_and_loses_it_with_the_binding() {
    let mut world = bound();
    world.functions.policy_roles.clear();
    world.settle(&desired(spec_with(&[ARN])));
    assert_eq!(world.functions.policy_roles, [ROLE.to_owned()].into());
    world.settle(&desired(spec_json()));
    assert_eq!(world.functions.policies.get(&key(ROLE)), None);
}

#[test]
fn without_leave_no_role_is_looked_at_or_written() {
    let mut world = world(&[ARN]);
    world.functions.managed = false;
    world.unreadable.insert("RolePolicy".into(), Class::Blocked);
    let plan = world.settle(&desired(spec_with(&[ARN])));
    assert!(plan.is_settled(), "{plan:#?}");
    world.functions.policy_roles.insert(ROLE.into());
    world.settle(&desired(spec_json()));
    assert_eq!(writes(&world), [] as [&Action; 0]);
}

#[test]
fn a_policy_of_our_name_that_the_operator_did_not_write_is_left_alone() {
    for document in ["{}", r#"{"Statement": [{"Sid": "Mine", "Action": "*"}]}"#] {
        let mut world = world(&[ARN]);
        world.functions.policies.insert(key(ROLE), document.into());
        let plan = world.stall(&desired(spec_with(&[ARN])));
        let block = &plan.bindings.blocks[0];
        assert_eq!(block.reason, Reason::NameTaken, "{document}");
        assert!(block.message.contains(ROLE), "{}", block.message);
        let estate = Estate::new(identity(), &spec(spec_with(&[ARN])), [], []);
        world.tear_down(&estate);
        assert_eq!(world.functions.policies[&key(ROLE)], document);
    }
}

#[test]
fn two_functions_with_one_role_have_one_policy_until_both_are_gone() {
    let other = format!("{ARN}-2");
    let mut world = world(&[ARN, &other]);
    world.settle(&desired(spec_with(&[ARN, &other])));
    assert_eq!(writes(&world).len(), 1);
    world.settle(&desired(spec_with(&[&other])));
    assert!(world.functions.policies.contains_key(&key(ROLE)));
    world.settle(&desired(spec_with(&[])));
    assert!(world.functions.policies.is_empty());
    assert!(world.functions.policy_roles.is_empty(), "status forgets");
}

type Change = fn(&mut World) -> Value;

#[test]
fn the_policy_goes_with_the_binding_the_object_the_function_and_its_role() {
    let cases: [(&str, Change); 3] = [
        ("the binding left the spec", |_| spec_with(&[])),
        ("the function has another role", |world| {
            world.functions.all.get_mut(ARN).unwrap().role = Some("other-role".into());
            spec_with(&[ARN])
        }),
        ("the function is gone", |world| {
            world.functions.all.clear();
            spec_with(&[ARN])
        }),
    ];
    for (case, change) in cases {
        let mut world = bound();
        let json = change(&mut world);
        world.stall(&desired(json));
        assert!(!world.functions.policies.contains_key(&key(ROLE)), "{case}");
    }
    let mut world = bound();
    world.functions.all.clear();
    world.tear_down(&Estate::new(identity(), &spec(spec_json()), [], []));
    assert!(world.functions.policies.is_empty(), "the object is gone");
}

#[test]
fn a_policy_is_not_taken_from_a_role_that_an_unknown_function_may_have() {
    let mut world = bound();
    world.unreadable.insert("Function".into(), Class::Transient);
    world.stall(&desired(spec_with(&[ARN])));
    assert_eq!(writes(&world), [] as [&Action; 0]);
}

#[test]
fn a_role_that_cannot_be_read_keeps_no_function_from_its_variables() {
    let mut world = world(&[ARN]);
    world.unreadable.insert("RolePolicy".into(), Class::Blocked);
    let plan = world.stall(&desired(spec_with(&[ARN])));
    assert_eq!(plan.bindings.blocks[0].reason, Reason::AccessDenied);
    let variables = &world.functions.all[ARN].variables;
    assert!(variables.contains_key("CACHE_HOST"), "{variables:?}");
    assert!(world.functions.policies.is_empty());
}

#[test]
fn a_policy_that_cannot_be_read_is_not_taken_for_gone() {
    let mut world = bound();
    world
        .unreadable
        .insert("RolePolicy".into(), Class::Transient);
    let estate = Estate::new(identity(), &spec(spec_json()), [], []);
    for _ in 0..60 {
        if let Step::Idle(plan) = world.tear_down_once(&estate) {
            assert!(!plan.is_settled(), "{plan:#?}");
        }
    }
    world.unreadable.clear();
    world.tear_down(&estate);
    assert!(world.functions.policies.is_empty());
}

#[test]
fn each_policy_that_is_put_is_known_for_ours() {
    let mut world = world(&[ARN]);
    world.settle(&desired(spec_with(&[ARN])));
    let documents = world.actions.iter().filter_map(|action| match action {
        Action::Role(RoleAction::PutRolePolicy { document, .. }) => Some(document),
        _ => None,
    });
    assert!(
        documents
            .into_iter()
            .all(|document| is_own_policy(&identity(), document))
    );
}
