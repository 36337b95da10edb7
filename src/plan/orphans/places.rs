use std::collections::{BTreeMap, BTreeSet};

use crate::api::AwsAccountSpec;
use crate::plan::account::is_for_region;
use crate::plan::{AssumedRole, permitted_role};

use super::Owner;

/// An AWS account besides the operator's own, and where to look in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// Number of the account.
    pub account: String,
    /// What the `AwsAccount` objects say that name it, by their names.
    pub named: BTreeMap<String, AwsAccountSpec>,
    /// AWS Regions; there is one.
    pub regions: BTreeSet<String>,
}

impl Place {
    /// The roles that are for `region`, in the order of the names of their `AwsAccount` objects.
    pub fn roles(&self, region: &str) -> impl Iterator<Item = AssumedRole> {
        let named = self.named.values();
        let for_region = named.filter(move |account| is_for_region(account, region));
        for_region.map(AssumedRole::from)
    }

    /// The role for what `owner` left in `region`: the one that its object could have had there, by the first `AwsAccount` that permits it.
    #[must_use]
    pub fn role_for(&self, owner: &Owner, region: &str) -> Option<AssumedRole> {
        let named = self.named.iter();
        let mut roles = named.filter_map(|(name, account)| {
            permitted_role((name, Some(account)), &owner.namespace, region).ok()
        });
        roles.next()
    }
}

/// The accounts that `named` leads to, in the order of their numbers.
///
/// One that is for some Regions is looked into there. One that is for every Region is looked into in those of the objects that name it (`elsewhere`), in those
/// that were looked into there before (`before`), and in those of the operator's own account (`own`). An account without a Region to look in is none.
#[must_use]
pub fn places(
    named: BTreeMap<String, AwsAccountSpec>,
    elsewhere: &BTreeMap<String, BTreeSet<String>>,
    before: &BTreeMap<String, BTreeSet<String>>,
    own: &BTreeSet<String>,
) -> Vec<Place> {
    let mut places: BTreeMap<String, Place> = BTreeMap::new();
    for (name, account) in named {
        // The schema has it that there is a number.
        let Some(number) = account.role_arn.split(':').nth(4).map(str::to_owned) else {
            continue;
        };
        let place = places.entry(number.clone()).or_insert_with(|| Place {
            account: number.clone(),
            named: BTreeMap::new(),
            regions: BTreeSet::new(),
        });
        if account.allowed_regions.is_empty() {
            let known = [elsewhere.get(&name), before.get(&number), Some(own)];
            let known = known.into_iter().flatten().flatten();
            place.regions.extend(known.cloned());
        }
        place.regions.extend(account.allowed_regions.clone());
        place.named.insert(name, account);
    }
    let places = places.into_values();
    places.filter(|place| !place.regions.is_empty()).collect()
}
