use std::collections::{BTreeMap, BTreeSet};

use futures::stream::{self, StreamExt};
use jiff::Timestamp;

use crate::aws::{Accounts, Aws};
use crate::cluster::Cluster;
use crate::plan::Failure;
use crate::plan::orphans::{
    Evidence, History, Place, Policy, Roster, Tagged, Verdict, judge, places,
};

/// Things that are looked at at a time; the governor paces them.
const LOOKS_AT_A_TIME: usize = 8;

/// Where to search.
#[derive(Clone, Debug, Default)]
pub struct Scope {
    /// Id of the cluster.
    pub cluster: String,
    /// Namespaces whose objects are seen; all, if it is empty.
    pub namespaces: Vec<String>,
    /// AWS Regions of the operator's own account, besides those that objects name.
    pub regions: BTreeSet<String>,
    /// AWS Regions of other accounts, by number, besides those that objects and `AwsAccount` objects name.
    pub elsewhere: BTreeMap<String, BTreeSet<String>>,
}

/// Whose identity leads into an account.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Way {
    /// The operator's own, whatever account that is in.
    Own,
    /// Roles in the account of this number.
    Roles(String),
}

/// What a search of an account saw, and what it came to.
#[derive(Clone, Debug)]
pub struct Found {
    /// What was seen.
    pub evidence: Evidence,
    /// What it came to.
    pub verdict: Verdict,
}

impl Found {
    /// Whose identity led there.
    #[must_use]
    pub fn way(&self) -> Way {
        let place = self.evidence.place.as_ref();
        place.map_or(Way::Own, |place| Way::Roles(place.account.clone()))
    }
}

/// What a search of all accounts came to.
#[derive(Clone, Debug, Default)]
pub struct Search {
    /// The accounts that were looked into.
    pub found: Vec<Found>,
    /// Numbers of the accounts of which no Region could be listed, and why. Nothing is known of what is there.
    pub unknown: BTreeMap<String, Failure>,
}

/// An account with what carries the cluster's tag there, by Region, and AWS as it was seen then.
#[derive(Default)]
struct Listing {
    account: String,
    place: Option<Place>,
    seen_as: BTreeMap<String, Aws>,
    listed: BTreeMap<String, Result<Vec<Tagged>, Failure>>,
}

/// Compares what carries the cluster's tag in AWS with all objects: in the account of the operator's own identity, and in those that `AwsAccount` objects name.
/// Nothing is found when there is no Region to look in. Nothing is written. `histories` are those of earlier searches.
///
/// The objects are listed twice: first for their Regions, and once more when AWS has told what it has in all accounts. What was made in between has its object
/// in the second list, and the judgement goes by that one.
pub async fn search(
    (cluster, accounts): (&Cluster, &Accounts),
    scope: &Scope,
    histories: &BTreeMap<Way, History>,
    policy: Policy,
    now: Timestamp,
) -> Result<Search, Failure> {
    let before = cluster.roster(&scope.namespaces).await?;
    let regions: BTreeSet<String> = scope.regions.union(&before.regions).cloned().collect();
    let places = other_places(cluster, scope, &before, &regions).await?;
    let (own, places) = list_own(accounts.own(), scope, regions, places).await?;
    let mut listings: Vec<Listing> = own.into_iter().collect();
    let mut search = Search::default();
    for place in places {
        let account = place.account.clone();
        match list_place(accounts, scope, place).await {
            Ok(listing) => listings.push(listing),
            Err(failure) => {
                search.unknown.insert(account, failure);
            }
        }
    }
    let roster = cluster.roster(&scope.namespaces).await?;
    for listing in listings {
        let found = look_around(listing, (scope, &roster), histories, policy, now);
        search.found.push(Box::pin(found).await);
    }
    Ok(search)
}

/// The accounts that `AwsAccount` objects lead to. For who sees some namespaces only there are none: the objects of the others are not known, and such an
/// operator needs no right outside its namespaces.
async fn other_places(
    cluster: &Cluster,
    scope: &Scope,
    roster: &Roster,
    regions: &BTreeSet<String>,
) -> Result<Vec<Place>, Failure> {
    if !scope.namespaces.is_empty() {
        return Ok(Vec::new());
    }
    let named = cluster.aws_accounts().await?;
    Ok(places(named, &roster.elsewhere, &scope.elsewhere, regions))
}

/// What is in the operator's own account, if there is a Region to look in, and those of the `places` that are not there.
async fn list_own(
    aws: &Aws,
    scope: &Scope,
    mut regions: BTreeSet<String>,
    places: Vec<Place>,
) -> Result<(Option<Listing>, Vec<Place>), Failure> {
    let Some(any) = regions.first() else {
        return Ok((None, places));
    };
    let account = aws.ask_identity(any).await?.account;
    let is_here = |place: &Place| place.account == account;
    let (here, elsewhere): (Vec<Place>, Vec<Place>) = places.into_iter().partition(is_here);
    regions.extend(here.into_iter().flat_map(|place| place.regions));
    let mut listing = Listing {
        account,
        ..Listing::default()
    };
    for region in regions {
        listing.list(aws.clone(), region, &scope.cluster).await;
    }
    Ok((Some(listing), elsewhere))
}

/// What is in another account: each Region as the first role for it sees it that may list it. Fails when none may list any.
async fn list_place(accounts: &Accounts, scope: &Scope, place: Place) -> Result<Listing, Failure> {
    let mut listing = Listing {
        account: place.account.clone(),
        ..Listing::default()
    };
    for region in &place.regions {
        for role in place.roles(region) {
            let aws = accounts.assume(&role, region).await;
            if listing.list(aws, region.clone(), &scope.cluster).await {
                break;
            }
        }
    }
    let mut failures = listing.listed.values().map(|listed| listed.as_ref().err());
    match failures.next().flatten() {
        Some(first) if failures.all(|failure| failure.is_some()) => Err(first.clone()),
        _ => Ok(Listing {
            place: Some(place),
            ..listing
        }),
    }
}

impl Listing {
    /// Lists `region` as `aws` sees it, and says whether that came about.
    async fn list(&mut self, aws: Aws, region: String, cluster: &str) -> bool {
        let things = aws.list_tagged(&region, cluster).await;
        let is_whole = things.is_ok();
        self.seen_as.insert(region.clone(), aws);
        self.listed.insert(region, things);
        is_whole
    }
}

/// Judges an account, and looks at things there for as long as the judgement asks for that.
async fn look_around(
    listing: Listing,
    (scope, roster): (&Scope, &Roster),
    histories: &BTreeMap<Way, History>,
    policy: Policy,
    now: Timestamp,
) -> Found {
    let mut found = Found {
        evidence: Evidence {
            cluster: scope.cluster.clone(),
            account: listing.account,
            place: listing.place,
            listed: listing.listed,
            roster: roster.clone(),
            looks: BTreeMap::new(),
        },
        verdict: Verdict::Look(BTreeSet::new()),
    };
    let history = histories.get(&found.way()).cloned().unwrap_or_default();
    while let Verdict::Look(things) = found.verdict {
        look(&listing.seen_as, things, &mut found.evidence).await;
        found.verdict = judge(&found.evidence, &history, policy, now);
    }
    found
}

async fn look(
    seen_as: &BTreeMap<String, Aws>,
    things: BTreeSet<(String, String)>,
    evidence: &mut Evidence,
) {
    let looks = stream::iter(things).map(|(region, arn)| async move {
        let look = seen_as[&region].look(&region, &arn).await;
        (arn, look)
    });
    let looks: Vec<_> = looks.buffer_unordered(LOOKS_AT_A_TIME).collect().await;
    evidence.looks.extend(looks);
}
