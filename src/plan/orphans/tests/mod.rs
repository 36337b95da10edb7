//! What is reported, and what may be deleted.

mod doubts;
mod places;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jiff::Timestamp;

use super::*;
use crate::api::{
    AwsAccountSpec, Reason, TAG_ADOPTED, TAG_CLUSTER, TAG_OWNER, TAG_OWNER_UID, TAG_RETAINED,
};
use crate::fixtures;
use crate::model::Tags;
use crate::plan::{Class, Failure, Seen};

const CLUSTER: &str = "blue";
const ACCOUNT: &str = "111122223333";
const REGION: &str = "eu-west-1";
const LIVE: &str = "00000000-0000-4000-8000-000000000001";
const GONE: &str = "00000000-0000-4000-8000-000000000002";
const DAY: Duration = Duration::from_hours(24);
const DELETE: Policy = Policy {
    delete: true,
    grace: DAY,
};

const API: &str = "arn:aws:apigateway:eu-west-1::/restapis/a1";
const STAGE: &str = "arn:aws:apigateway:eu-west-1::/restapis/a1/stages/live";
const GROUP: &str = "arn:aws:elasticache:eu-west-1:111122223333:replicationgroup:capi-2";
const USER: &str = "arn:aws:elasticache:eu-west-1:111122223333:user:capi-2";
const SECRET: &str = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:cachedapi/shop/orders-2";
const LIVES: &str = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:cachedapi/shop/live-1";

fn tags(uid: &str, owner: &str) -> Tags {
    let tags = [
        (TAG_CLUSTER, CLUSTER),
        (TAG_OWNER_UID, uid),
        (TAG_OWNER, owner),
    ];
    tags.map(|(key, value)| (key.to_owned(), value.to_owned()))
        .into()
}

fn tagged(arn: &str, tags: Tags) -> Tagged {
    let arn = arn.to_owned();
    Tagged { arn, tags }
}

fn failure() -> Failure {
    Failure {
        operation: "tag:GetResources",
        class: Class::Transient,
        reason: Reason::AwsUnavailable,
        message: "no answer".into(),
        retry_after: None,
    }
}

/// An object that lives with its secret, and what another has left; looked at, and as listed.
fn evidence() -> Evidence {
    let left = || tags(GONE, "shop/orders");
    let things = vec![
        tagged(LIVES, tags(LIVE, "shop/live")),
        tagged(API, left()),
        tagged(STAGE, left()),
        tagged(GROUP, left()),
        tagged(USER, left()),
        tagged(SECRET, left()),
    ];
    let looks = things.iter().map(|thing| {
        let (tags, leaving) = (thing.tags.clone(), false);
        (thing.arn.clone(), Seen::Present(Bearing { tags, leaving }))
    });
    Evidence {
        cluster: CLUSTER.into(),
        account: ACCOUNT.into(),
        place: None,
        looks: looks.collect(),
        listed: [(REGION.to_owned(), Ok(things))].into(),
        roster: Roster {
            uids: [LIVE.to_owned()].into(),
            regions: [REGION.to_owned()].into(),
            elsewhere: BTreeMap::new(),
            accounts: [ACCOUNT.to_owned()].into(),
            namespaces: BTreeSet::new(),
            version: Some(100),
        },
    }
}

/// What was seen for so long, by the sweep before.
fn seen_for(evidence: &Evidence, age: Duration) -> History {
    let at = fixtures::now() - age;
    let verdict = judge(evidence, &History::default(), DELETE, at);
    History::default().after(evidence, &verdict, at)
}

fn report(evidence: &Evidence, history: &History, policy: Policy) -> Report {
    match judge(evidence, history, policy, fixtures::now()) {
        Verdict::Judged(report) => report,
        other => panic!("{other:?}"),
    }
}

fn refusal(evidence: &Evidence, history: &History) -> Option<Refusal> {
    match judge(evidence, history, DELETE, fixtures::now()) {
        Verdict::Refused(refusal, _) => Some(refusal),
        _ => None,
    }
}

fn arns(report: &Report) -> Vec<&str> {
    report.orphans.iter().map(|orphan| &*orphan.arn).collect()
}

/// Changes what the thing says of itself.
fn look<'a>(evidence: &'a mut Evidence, arn: &str) -> &'a mut Bearing {
    match evidence.looks.get_mut(arn) {
        Some(Seen::Present(bearing)) => bearing,
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_belongs_to_no_object_is_reported_and_a_stage_goes_with_its_api() {
    let evidence = evidence();
    let policy = Policy {
        delete: false,
        ..DELETE
    };
    let report = report(&evidence, &seen_for(&evidence, DAY), policy);
    assert_eq!(arns(&report), [API, GROUP, USER, SECRET]);
    assert!(report.removals.is_empty(), "nobody asked for it");
    let text = report.orphans[0].to_string();
    for part in [
        "the REST API arn:aws:apigateway:eu-west-1::/restapis/a1 in eu-west-1 of account 111122223333",
        "the CachedApi shop/orders with UID 00000000-0000-4000-8000-000000000002",
        "seen so since 2026-",
        "--delete-orphans",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
}

#[test]
fn it_is_deleted_when_two_sightings_are_a_grace_apart_and_not_before() {
    let evidence = evidence();
    let almost = seen_for(&evidence, Duration::from_secs(24 * 60 * 60 - 1));
    let too_early = report(&evidence, &almost, DELETE);
    let due = fixtures::now() + Duration::from_secs(1);
    assert_eq!(too_early.orphans[0].fate, Fate::NotBefore(due));
    assert!(too_early.removals.is_empty());
    let in_time = report(&evidence, &seen_for(&evidence, DAY), DELETE);
    assert_eq!(in_time.removals.len(), 1);
    let removal = &in_time.removals[0];
    assert_eq!(
        (removal.owner.name.as_str(), &*removal.region),
        ("orders", REGION)
    );
    assert!(
        in_time
            .orphans
            .iter()
            .all(|orphan| orphan.fate == Fate::Due)
    );
}

#[test]
fn one_sighting_is_none_however_short_the_grace_is() {
    let evidence = evidence();
    let policy = Policy {
        delete: true,
        grace: Duration::ZERO,
    };
    let once = report(&evidence, &History::default(), policy);
    assert!(once.removals.is_empty());
    assert_eq!(once.orphans.len(), 4);
}

#[test]
fn the_youngest_sighting_of_what_an_object_left_counts_for_all_of_it() {
    let mut before = evidence();
    before
        .listed
        .get_mut(REGION)
        .unwrap()
        .as_mut()
        .unwrap()
        .retain(|thing| thing.arn != USER);
    let report = report(&evidence(), &seen_for(&before, DAY), DELETE);
    let fates: BTreeSet<Fate> = report.orphans.iter().map(|orphan| orphan.fate).collect();
    assert_eq!(fates, [Fate::NotBefore(fixtures::now() + DAY)].into());
}

#[test]
fn what_was_gone_in_between_is_seen_for_the_first_time_again() {
    let evidence = evidence();
    let mut without = evidence.clone();
    without.roster.uids.insert(GONE.into());
    let history = seen_for(&evidence, DAY * 2);
    let verdict = judge(&without, &history, DELETE, fixtures::now() - DAY);
    let history = history.after(&without, &verdict, fixtures::now() - DAY);
    assert!(report(&evidence, &history, DELETE).removals.is_empty());
}

#[test]
fn kinds_follow_from_arns() {
    for (arn, kind) in [
        (API, Some(Kind::RestApi)),
        (STAGE, Some(Kind::Stage)),
        (
            "arn:aws:apigateway:eu-west-1::/apikeys/k1",
            Some(Kind::ApiKey),
        ),
        (
            "arn:aws-cn:apigateway:cn-north-1::/usageplans/p1",
            Some(Kind::UsagePlan),
        ),
        (GROUP, Some(Kind::ReplicationGroup)),
        (USER, Some(Kind::User)),
        (
            "arn:aws:elasticache:eu-west-1:111122223333:usergroup:capi-2",
            Some(Kind::UserGroup),
        ),
        (
            "arn:aws:elasticache:eu-west-1:111122223333:subnetgroup:capi-2",
            Some(Kind::SubnetGroup),
        ),
        (SECRET, Some(Kind::Secret)),
        ("arn:aws:apigateway:eu-west-1::/domainnames/x", None),
        ("arn:aws:iam::111122223333:role/orders", None),
        ("nonsense", None),
    ] {
        assert_eq!(Kind::of(arn), kind, "{arn}");
    }
}

#[test]
fn the_time_of_a_first_sighting_is_kept() {
    let evidence = evidence();
    let first = fixtures::now() - DAY;
    let report = report(&evidence, &seen_for(&evidence, DAY), DELETE);
    let since: BTreeSet<Timestamp> = report.orphans.iter().map(|orphan| orphan.since).collect();
    assert_eq!(since, [first].into());
}

#[test]
fn the_mark_or_that_it_was_adopted_keeps_the_whole_part_and_no_other() {
    for (marked, kept, orphaned) in [
        (API, vec![API], vec![GROUP, USER, SECRET]),
        (GROUP, vec![GROUP, USER], vec![API, SECRET]),
        (SECRET, vec![SECRET], vec![API, GROUP, USER]),
    ] {
        for mark in [TAG_RETAINED, TAG_ADOPTED] {
            let mut evidence = evidence();
            let tags = &mut look(&mut evidence, marked).tags;
            tags.insert(mark.into(), "true".into());
            let report = report(&evidence, &seen_for(&evidence, DAY), DELETE);
            assert_eq!(arns(&report), orphaned, "{marked}");
            let retained: Vec<&str> = report.retained.iter().map(|thing| &*thing.arn).collect();
            assert_eq!(retained, kept, "{marked}");
            let part = Kind::of(marked).unwrap().part();
            assert_eq!(report.removals.len(), 1, "{marked}: the rest goes");
            assert_eq!(report.removals[0].retained, [part].into(), "{marked}");
        }
    }
}

#[test]
fn a_person_keeps_what_does_not_tell_its_object_with_the_same_mark() {
    let mut evidence = evidence();
    let tags = &mut look(&mut evidence, SECRET).tags;
    tags.remove(TAG_OWNER_UID);
    tags.insert(TAG_RETAINED.into(), "true".into());
    let report = report(&evidence, &seen_for(&evidence, DAY), DELETE);
    assert_eq!(arns(&report), [API, GROUP, USER]);
    assert_eq!(report.retained[0].arn, SECRET);
}

#[test]
fn things_of_others_are_not_looked_at() {
    let mut evidence = evidence();
    let of_another = Tags::from([(TAG_CLUSTER.to_owned(), "green".to_owned())]);
    let mut left = tags(GONE, "shop/orders");
    left.insert(TAG_CLUSTER.into(), "green".into());
    let things = vec![
        tagged(LIVES, tags(LIVE, "shop/live")),
        tagged(SECRET, left),
        tagged(USER, of_another),
        tagged(
            "arn:aws:lambda:eu-west-1:111122223333:function:orders",
            tags(GONE, "shop/orders"),
        ),
        tagged(
            "arn:aws:elasticache:eu-west-1:111122223333:snapshot:capi-2-final",
            tags(GONE, "shop/orders"),
        ),
        tagged(
            "arn:aws:elasticache:eu-west-1:111122223333:cluster:capi-2-001",
            tags(GONE, "shop/orders"),
        ),
    ];
    evidence.listed = BTreeMap::from([(REGION.to_owned(), Ok(things))]);
    evidence.looks.clear();
    assert_eq!(
        report(&evidence, &History::default(), DELETE),
        Report::default()
    );
}

#[test]
fn who_sees_some_namespaces_judges_what_is_theirs_and_deletes_nothing() {
    let mut evidence = evidence();
    let mut history = seen_for(&evidence, DAY);
    evidence.roster.namespaces = ["shop".to_owned()].into();
    let seen = report(&evidence, &history, DELETE);
    assert_eq!(seen.orphans.len(), 4);
    assert!(
        seen.orphans
            .iter()
            .all(|orphan| orphan.fate == Fate::NamespacesUnseen)
    );
    assert!(seen.removals.is_empty());
    evidence.roster.namespaces = ["billing".to_owned()].into();
    history.version = None;
    assert_eq!(report(&evidence, &history, DELETE), Report::default());
}
