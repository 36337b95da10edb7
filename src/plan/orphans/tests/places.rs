//! Which accounts are looked into, where, and what may be deleted there.

use super::*;

const OTHER: &str = "222233334444";

fn account(number: &str, name: &str, regions: &[&str]) -> AwsAccountSpec {
    AwsAccountSpec {
        role_arn: format!("arn:aws:iam::{number}:role/{name}"),
        external_id: Some(name.into()),
        allowed_namespaces: vec!["shop".into()],
        allowed_regions: regions.iter().map(ToString::to_string).collect(),
    }
}

fn set(items: &[&str]) -> BTreeSet<String> {
    items.iter().map(ToString::to_string).collect()
}

/// Accounts by the names of their roles.
fn found(accounts: &[AwsAccountSpec]) -> Vec<Place> {
    let named = accounts.iter().map(|account| {
        let name = account.external_id.clone().unwrap();
        (name, account.clone())
    });
    let elsewhere = [("team".to_owned(), set(&["eu-west-1"]))].into();
    let before = [(OTHER.to_owned(), set(&["us-east-1"]))].into();
    places(named.collect(), &elsewhere, &before, &set(&["sa-east-1"]))
}

#[test]
fn an_account_is_looked_into_where_it_is_for_or_else_wherever_something_may_be() {
    for (reason, allowed, expected) in [
        (
            "it is for one Region",
            vec!["eu-north-1"],
            set(&["eu-north-1"]),
        ),
        (
            "it is for every Region: that of its object, one that was looked in before, the operator's own",
            vec![],
            set(&["eu-west-1", "us-east-1", "sa-east-1"]),
        ),
    ] {
        let found = found(&[account(OTHER, "team", &allowed)]);
        assert_eq!(found.len(), 1, "{reason}");
        assert_eq!(found[0].account, OTHER, "{reason}");
        assert_eq!(found[0].regions, expected, "{reason}");
    }
}

#[test]
fn an_account_that_is_named_twice_is_one_place_and_each_role_is_for_its_regions() {
    let found = found(&[
        account(OTHER, "a", &["eu-west-1"]),
        account(OTHER, "b", &["eu-west-1", "us-east-1"]),
        account("555566667777", "c", &["us-east-1"]),
    ]);
    let numbers: Vec<&str> = found.iter().map(|place| &*place.account).collect();
    assert_eq!(numbers, [OTHER, "555566667777"]);
    assert_eq!(found[0].regions, set(&["eu-west-1", "us-east-1"]));
    let roles = |region| -> Vec<String> {
        let roles = found[0].roles(region);
        roles.filter_map(|role| role.external_id).collect()
    };
    assert_eq!(roles("eu-west-1"), ["a", "b"]);
    assert_eq!(roles("us-east-1"), ["b"]);
}

#[test]
fn an_account_without_a_region_to_look_in_is_none() {
    let named = [("new".to_owned(), account(OTHER, "new", &[]))].into();
    let none = BTreeMap::new();
    assert_eq!(places(named, &none, &none, &set(&[])), []);
}

/// What was left, a day ago, in the account that an `AwsAccount` names for objects in `namespace`.
fn left_elsewhere(namespace: &str) -> Report {
    let mut team = account(ACCOUNT, "team", &[REGION]);
    team.allowed_namespaces = vec![namespace.into()];
    let mut evidence = evidence();
    evidence.place = found(&[team]).pop();
    evidence.roster.accounts = set(&["999900001111"]);
    report(&evidence, &seen_for(&evidence, DAY), DELETE)
}

#[test]
fn what_is_left_in_another_account_goes_by_the_role_that_its_object_had() {
    for namespace in ["shop", "*"] {
        let report = left_elsewhere(namespace);
        let role = report.removals[0].role.as_ref().unwrap();
        assert_eq!(role.arn, format!("arn:aws:iam::{ACCOUNT}:role/team"));
        assert_eq!(report.removals.len(), 1);
    }
}

#[test]
fn where_no_account_is_for_the_object_nothing_is_deleted() {
    let report = left_elsewhere("another");
    assert_eq!(report.removals, []);
    assert!(
        report
            .orphans
            .iter()
            .all(|orphan| orphan.fate == Fate::NotPermitted),
        "{report:#?}"
    );
}

#[test]
fn while_a_region_of_an_account_cannot_be_listed_nothing_is_deleted_there() {
    let mut evidence = evidence();
    let history = seen_for(&evidence, DAY);
    assert_eq!(report(&evidence, &history, DELETE).removals.len(), 1);
    evidence.listed.insert("us-east-1".into(), Err(failure()));
    let partial = report(&evidence, &history, DELETE);
    assert_eq!(partial.removals, []);
    assert_eq!(arns(&partial), [API, GROUP, USER, SECRET], "they are told");
    assert_eq!(partial.orphans[0].fate, Fate::RegionUnlisted);
}
