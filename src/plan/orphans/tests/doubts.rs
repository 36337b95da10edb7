//! What cannot be trusted leads to nothing.

use super::*;

#[test]
fn nothing_is_judged_on_what_may_be_another_world() {
    type Change = fn(&mut Evidence);
    let history = seen_for(&evidence(), DAY);
    let cases: [(&str, Change, &str); 6] = [
        ("no object at all", |e| e.roster.uids.clear(), "NoObjects"),
        (
            "other objects than those in AWS",
            |e| e.roster.uids = ["another".to_owned()].into(),
            "NoneMatches",
        ),
        (
            "another account than before",
            |e| (e.account, e.roster.accounts) = ("999999999999".into(), BTreeSet::new()),
            "AnotherAccount",
        ),
        (
            "another account than the objects name",
            |e| e.roster.accounts = ["999999999999".to_owned()].into(),
            "AnotherAccount",
        ),
        (
            "an older store",
            |e| e.roster.version = Some(99),
            "StoreWentBack",
        ),
        (
            "an older store without an object",
            |e| (e.roster.version, e.roster.uids) = (Some(99), BTreeSet::new()),
            "StoreWentBack",
        ),
    ];
    assert_eq!(refusal(&evidence(), &history), None);
    for (case, change, reason) in cases {
        let mut evidence = evidence();
        change(&mut evidence);
        let refused = refusal(&evidence, &history).map(|refusal| refusal.reason());
        assert_eq!(refused, Some(reason), "{case}");
    }
}

#[test]
fn an_empty_cluster_with_nothing_in_aws_is_no_reason_to_refuse() {
    let mut evidence = evidence();
    evidence.roster.uids.clear();
    evidence.listed = [(REGION.to_owned(), Ok(vec![]))].into();
    assert_eq!(
        report(&evidence, &History::default(), DELETE),
        Report::default()
    );
}

#[test]
fn after_a_store_or_an_account_that_changed_the_grace_begins_anew() {
    type Change = fn(&mut Evidence);
    let cases: [Change; 2] = [
        |e| e.roster.version = Some(50),
        |e| (e.account, e.roster.accounts) = ("999999999999".into(), BTreeSet::new()),
    ];
    for change in cases {
        let mut changed = evidence();
        change(&mut changed);
        let history = seen_for(&evidence(), DAY);
        let verdict = judge(&changed, &history, DELETE, fixtures::now());
        let history = history.after(&changed, &verdict, fixtures::now());
        assert!(report(&changed, &history, DELETE).removals.is_empty());
    }
}

#[test]
fn a_sweep_that_refuses_for_want_of_objects_forgets_nothing() {
    let mut empty = evidence();
    empty.roster.uids.clear();
    let history = seen_for(&evidence(), DAY);
    let verdict = judge(&empty, &history, DELETE, fixtures::now());
    assert_eq!(history.after(&empty, &verdict, fixtures::now()), history);
}

#[test]
fn a_region_that_could_not_be_listed_is_not_judged_and_not_forgotten() {
    let mut evidence = evidence();
    let history = seen_for(&evidence, DAY);
    let other = tagged(&LIVES.replace(REGION, "us-east-1"), tags(LIVE, "shop/live"));
    evidence.listed.insert("us-east-1".into(), Ok(vec![other]));
    evidence.listed.insert(REGION.into(), Err(failure()));
    let partial = report(&evidence, &history, DELETE);
    assert!(partial.orphans.is_empty() && partial.removals.is_empty());
    assert_eq!(partial.unread.keys().collect::<Vec<_>>(), [REGION]);
    let verdict = Verdict::Judged(partial);
    assert_eq!(history.after(&evidence, &verdict, fixtures::now()), history);
}

#[test]
fn a_thing_is_looked_at_before_anything_is_said_of_it() {
    let mut evidence = evidence();
    evidence.looks.remove(USER);
    evidence.looks.remove(LIVES);
    let verdict = judge(&evidence, &History::default(), DELETE, fixtures::now());
    let expected = [(REGION.to_owned(), USER.to_owned())].into();
    assert_eq!(
        verdict,
        Verdict::Look(expected),
        "what has an object is not"
    );
}

#[test]
fn the_thing_itself_is_believed_and_not_the_index() {
    type Change = fn(&mut Evidence);
    let cases: [(&str, Change); 5] = [
        ("it is gone", |e| {
            drop(e.looks.insert(SECRET.into(), Seen::Absent));
        }),
        ("it waits for its deletion", |e| {
            look(e, SECRET).leaving = true;
        }),
        ("another object has it", |e| {
            look(e, SECRET).tags = tags(LIVE, "shop/live");
        }),
        ("another cluster has it", |e| {
            look(e, SECRET)
                .tags
                .insert(TAG_CLUSTER.into(), "green".into());
        }),
        ("it lost its tags", |e| look(e, SECRET).tags.clear()),
    ];
    for (case, change) in cases {
        let mut evidence = evidence();
        change(&mut evidence);
        let report = report(&evidence, &seen_for(&evidence, DAY), DELETE);
        assert_eq!(arns(&report), [API, GROUP, USER], "{case}");
    }
}

#[test]
fn what_cannot_be_looked_at_keeps_what_its_object_left() {
    let mut evidence = evidence();
    let history = seen_for(&evidence, DAY);
    evidence
        .looks
        .insert(GROUP.into(), Seen::Unknown(failure()));
    let waiting = report(&evidence, &history, DELETE);
    assert!(waiting.removals.is_empty());
    assert_eq!(arns(&waiting), [API, USER, SECRET]);
    assert!(
        waiting
            .orphans
            .iter()
            .all(|orphan| orphan.fate == Fate::SiblingUnread)
    );
    let verdict = Verdict::Judged(waiting);
    assert_eq!(history.after(&evidence, &verdict, fixtures::now()), history);
}

#[test]
fn what_does_not_tell_its_object_is_reported_and_never_deleted() {
    for missing in [TAG_OWNER, TAG_OWNER_UID] {
        let mut evidence = evidence();
        look(&mut evidence, SECRET).tags.remove(missing);
        let report = report(&evidence, &seen_for(&evidence, DAY), DELETE);
        let secret = report.orphans.iter().find(|orphan| orphan.arn == SECRET);
        let secret = secret.unwrap();
        assert_eq!(
            (secret.fate, &secret.owner),
            (Fate::OwnershipLost, &None),
            "{missing}"
        );
    }
    let mut lone = evidence();
    let things = lone.listed.get_mut(REGION).unwrap().as_mut().unwrap();
    things.retain(|thing| [LIVES, SECRET].contains(&&*thing.arn));
    look(&mut lone, SECRET).tags.remove(TAG_OWNER_UID);
    assert!(
        report(&lone, &seen_for(&lone, DAY), DELETE)
            .removals
            .is_empty()
    );
}
