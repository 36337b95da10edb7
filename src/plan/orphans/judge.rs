use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jiff::Timestamp;
use uuid::Uuid;

use crate::model::{Tags, is_adopted};
use crate::plan::{Failure, Seen};

use super::evidence::is_of;
use super::{
    Evidence, Fate, History, Kind, Orphan, Owner, Part, Refusal, Removal, Report, Tagged,
    is_retained,
};

/// What is to be done with orphans.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Policy {
    /// Whether they are deleted.
    pub delete: bool,
    /// The shortest time between the first sighting and the one on which something is deleted.
    pub grace: Duration,
}

/// What a sweep comes to.
#[derive(Clone, Debug, PartialEq)]
pub enum Verdict {
    /// These things, by Region and ARN, have to be looked at before anything is said.
    Look(BTreeSet<(String, String)>),
    /// Nothing is judged, and of which things nothing is said.
    Refused(Refusal, Vec<Tagged>),
    /// What was found.
    Judged(Report),
}

/// Compares what carries the cluster's tag with the objects.
#[must_use]
pub fn judge(evidence: &Evidence, history: &History, policy: Policy, now: Timestamp) -> Verdict {
    let things = things(evidence);
    if let Some(refusal) = refusal(evidence, history, &things) {
        let things = things.into_iter().map(|thing| thing.tagged.clone());
        return Verdict::Refused(refusal, things.collect());
    }
    let suspects: Vec<Thing> = things
        .into_iter()
        .filter(|thing| !evidence.roster.has_owner(&thing.tagged.tags))
        .collect();
    let unseen = suspects
        .iter()
        .filter(|thing| {
            let look = evidence.looks.get(&thing.tagged.arn);
            matches!(look, None | Some(Seen::Unread))
        })
        .map(|thing| (thing.region.to_owned(), thing.tagged.arn.clone()));
    let unseen: BTreeSet<_> = unseen.collect();
    if !unseen.is_empty() {
        return Verdict::Look(unseen);
    }
    Verdict::Judged(Court::new(evidence, history, policy, now).sit(&suspects))
}

/// Whether a thing outlives its object: what was there before it is no leftover of it, and is given back by a deletion in order alone.
fn stays(tags: &Tags) -> bool {
    is_retained(tags) || is_adopted(tags)
}

/// A thing in AWS that is ours to judge.
#[derive(Clone, Copy)]
struct Thing<'a> {
    tagged: &'a Tagged,
    kind: Kind,
    region: &'a str,
}

/// What is listed and of our kinds, of our cluster, and of the namespaces that were listed. A stage goes with its REST API.
fn things(evidence: &Evidence) -> Vec<Thing<'_>> {
    let listed = evidence
        .listed
        .iter()
        .filter_map(|(region, listed)| Some((region, listed.as_ref().ok()?)));
    let all = listed.flat_map(|(region, listed)| {
        listed.iter().filter_map(move |tagged| {
            let kind = Kind::of(&tagged.arn)?;
            Some(Thing {
                tagged,
                kind,
                region,
            })
        })
    });
    let ours = all.filter(|thing| {
        is_of(&evidence.cluster, &thing.tagged.tags) && evidence.roster.covers(&thing.tagged.tags)
    });
    let ours: Vec<Thing> = ours.collect();
    let arns: BTreeSet<&str> = ours.iter().map(|thing| &*thing.tagged.arn).collect();
    let on_its_own = |thing: &Thing| {
        let whole = thing.tagged.arn.split_once("/stages/").map(|(api, _)| api);
        whole.is_none_or(|api| !arns.contains(api))
    };
    ours.iter().copied().filter(on_its_own).collect()
}

fn refusal(evidence: &Evidence, history: &History, things: &[Thing]) -> Option<Refusal> {
    let roster = &evidence.roster;
    if let (Some(from), Some(to)) = (history.version, roster.version)
        && to < from
    {
        return Some(Refusal::WentBack { from, to });
    }
    // A role's session is in the account that its ARN names, and nowhere else.
    let is_own = evidence.place.is_none();
    let named = roster.accounts.iter().filter(|_| is_own);
    let named = history.account.iter().chain(named);
    if let Some(expected) = named
        .into_iter()
        .find(|account| **account != evidence.account)
    {
        let (account, expected) = (evidence.account.clone(), expected.clone());
        return Some(Refusal::AnotherAccount { account, expected });
    }
    if things.is_empty() {
        return None;
    }
    if roster.uids.is_empty() {
        return Some(Refusal::NoObjects);
    }
    let matches = things
        .iter()
        .any(|thing| roster.has_owner(&thing.tagged.tags));
    (!matches).then_some(Refusal::NoneMatches {
        objects: roster.uids.len(),
    })
}

/// What is true of everything that an object left in a Region.
#[derive(Default)]
struct Estate {
    retained: BTreeSet<Part>,
    unread: bool,
    latest: Option<Timestamp>,
}

struct Court<'a> {
    evidence: &'a Evidence,
    history: &'a History,
    policy: Policy,
    now: Timestamp,
    estates: BTreeMap<(Uuid, &'a str), Estate>,
}

impl<'a> Court<'a> {
    fn new(evidence: &'a Evidence, history: &'a History, policy: Policy, now: Timestamp) -> Self {
        Self {
            evidence,
            history,
            policy,
            now,
            estates: BTreeMap::new(),
        }
    }

    fn sit(mut self, suspects: &[Thing<'a>]) -> Report {
        let mut report = Report::default();
        let failed = self.evidence.listed.iter();
        let failed = failed.filter_map(|(region, listed)| Some((region, listed.as_ref().err()?)));
        report.unread = failed
            .map(|(region, failure)| (region.clone(), failure.clone()))
            .collect();
        let orphaned: Vec<(Thing, &Tags)> = suspects
            .iter()
            .filter_map(|thing| Some((*thing, self.orphaned(thing, &mut report.unread)?)))
            .collect();
        for (thing, tags) in &orphaned {
            self.note_mark(thing, tags);
        }
        let (kept, lost): (Vec<_>, Vec<_>) = orphaned
            .into_iter()
            .partition(|(thing, tags)| self.is_kept(thing, tags));
        let kept = kept.into_iter().map(|(thing, _)| thing.tagged.clone());
        report.retained = kept.collect();
        for (thing, tags) in &lost {
            self.note_sighting(thing, tags);
        }
        let lost = lost.iter().map(|(thing, tags)| self.orphan(thing, tags));
        report.orphans = lost.collect();
        report.orphans.sort();
        report.removals = self.removals(&report.orphans);
        report
    }

    /// The tags that the thing has, when it is there, stays, and belongs to no object that is there.
    fn orphaned(
        &mut self,
        thing: &Thing<'a>,
        unread: &mut BTreeMap<String, Failure>,
    ) -> Option<&'a Tags> {
        match self.evidence.looks.get(&thing.tagged.arn)? {
            Seen::Unread | Seen::Absent => None,
            Seen::Unknown(failure) => {
                unread.insert(thing.tagged.arn.clone(), failure.clone());
                if let Some(owner) = Owner::of(&thing.tagged.tags) {
                    self.estate(&owner, thing.region).unread = true;
                }
                None
            }
            Seen::Present(bearing) => {
                let tags = &bearing.tags;
                let stays = !bearing.leaving && is_of(&self.evidence.cluster, tags);
                (stays && !self.evidence.roster.has_owner(tags)).then_some(tags)
            }
        }
    }

    fn estate(&mut self, owner: &Owner, region: &'a str) -> &mut Estate {
        self.estates.entry((owner.uid, region)).or_default()
    }

    /// The mark on one thing counts for the whole part.
    fn note_mark(&mut self, thing: &Thing<'a>, tags: &Tags) {
        if let Some(owner) = Owner::of(tags).filter(|_| stays(tags)) {
            let retained = &mut self.estate(&owner, thing.region).retained;
            retained.insert(thing.kind.part());
        }
    }

    fn note_sighting(&mut self, thing: &Thing<'a>, tags: &Tags) {
        if let Some(owner) = Owner::of(tags) {
            let since = self.since(thing);
            let estate = self.estate(&owner, thing.region);
            estate.latest = estate.latest.max(Some(since));
        }
    }

    fn since(&self, thing: &Thing) -> Timestamp {
        let first = self.history.first_seen.get(&thing.tagged.arn);
        first.copied().unwrap_or(self.now)
    }

    fn estate_of(&self, owner: &Owner, region: &str) -> Option<&Estate> {
        let mut estates = self.estates.iter();
        let found = estates.find(|((uid, there), _)| *uid == owner.uid && *there == region);
        found.map(|(_, estate)| estate)
    }

    fn is_kept(&self, thing: &Thing, tags: &Tags) -> bool {
        let owner = Owner::of(tags);
        let estate = owner.and_then(|owner| self.estate_of(&owner, thing.region));
        estate.is_some_and(|estate| estate.retained.contains(&thing.kind.part())) || stays(tags)
    }

    fn orphan(&self, thing: &Thing, tags: &Tags) -> Orphan {
        let owner = Owner::of(tags);
        Orphan {
            arn: thing.tagged.arn.clone(),
            kind: thing.kind,
            account: self.evidence.account.clone(),
            region: thing.region.to_owned(),
            since: self.since(thing),
            fate: owner
                .as_ref()
                .map_or(Fate::OwnershipLost, |owner| self.fate(owner, thing.region)),
            owner,
        }
    }

    /// All that an object left has one fate: it goes in one order, or stays.
    fn fate(&self, owner: &Owner, region: &str) -> Fate {
        if !self.policy.delete {
            return Fate::Reported;
        }
        if !self.evidence.roster.namespaces.is_empty() {
            return Fate::NamespacesUnseen;
        }
        let place = self.evidence.place.as_ref();
        if place.is_some_and(|place| place.role_for(owner, region).is_none()) {
            return Fate::NotPermitted;
        }
        if self.evidence.listed.values().any(Result::is_err) {
            return Fate::RegionUnlisted;
        }
        let estate = self.estate_of(owner, region);
        let Some(estate) = estate.filter(|estate| !estate.unread) else {
            return Fate::SiblingUnread;
        };
        let latest = estate.latest.unwrap_or(self.now);
        let due = latest
            .checked_add(self.policy.grace)
            .unwrap_or(Timestamp::MAX);
        // Two sightings, whatever the grace is.
        if due <= self.now && latest < self.now {
            Fate::Due
        } else {
            Fate::NotBefore(due)
        }
    }

    fn removals(&self, orphans: &[Orphan]) -> Vec<Removal> {
        let due = orphans.iter().filter(|orphan| orphan.fate == Fate::Due);
        let owners = due.filter_map(|orphan| Some((orphan.owner.clone()?, orphan.region.clone())));
        let owners: BTreeSet<(Owner, String)> = owners.collect();
        let removal = |(owner, region): (Owner, String)| Removal {
            retained: self
                .estate_of(&owner, &region)
                .map(|estate| estate.retained.clone())
                .unwrap_or_default(),
            role: (self.evidence.place.as_ref()).and_then(|place| place.role_for(&owner, &region)),
            owner,
            region,
        };
        owners.into_iter().map(removal).collect()
    }
}
