//! Everything that exists, kept apart by account and Region.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{Ids, Tags, apigateway, elasticache, iam, lambda, secretsmanager};

/// All accounts and Regions.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct World {
    /// Account id -> Region -> what is there.
    pub accounts: BTreeMap<String, BTreeMap<String, Regional>>,
    /// Seed of the ids in places that are not there yet.
    #[serde(default)]
    pub seed: u64,
}

/// What one account has in one Region.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Regional {
    /// API Gateway.
    #[serde(default)]
    pub apigateway: apigateway::State,
    /// ElastiCache.
    #[serde(default)]
    pub elasticache: elasticache::State,
    /// Secrets Manager.
    #[serde(default)]
    pub secretsmanager: secretsmanager::State,
    /// Lambda.
    #[serde(default)]
    pub lambda: lambda::State,
    /// IAM, in [`iam::REGION`] only.
    #[serde(default)]
    pub iam: iam::State,
    /// Tags by ARN, of all services.
    #[serde(default)]
    pub tags: Tags,
    /// Where the next generated id comes from.
    pub ids: Ids,
}

impl Regional {
    /// Nothing there yet.
    #[must_use]
    pub fn empty(ids: Ids) -> Self {
        Self {
            apigateway: apigateway::State::default(),
            elasticache: elasticache::State::default(),
            secretsmanager: secretsmanager::State::default(),
            lambda: lambda::State::default(),
            iam: iam::State::default(),
            tags: Tags::default(),
            ids,
        }
    }

    pub(crate) fn settle(&mut self, now: Timestamp) {
        apigateway::settle(self, now);
        elasticache::settle(self, now);
        secretsmanager::settle(self, now);
        lambda::settle(self, now);
    }
}

impl World {
    /// One place, made when it is first used, with its timed states as they are at `now`.
    pub fn regional(&mut self, account: &str, region: &str, now: Timestamp) -> &mut Regional {
        let seed = self.seed;
        let place = self
            .accounts
            .entry(account.to_owned())
            .or_default()
            .entry(region.to_owned())
            .or_insert_with(|| Regional::empty(Ids::new(format!("{seed}/{account}/{region}"))));
        place.settle(now);
        place
    }

    /// Brings the timed states of every place to where they are at `now`.
    pub fn settle(&mut self, now: Timestamp) {
        self.accounts
            .values_mut()
            .flat_map(BTreeMap::values_mut)
            .for_each(|place| place.settle(now));
    }
}
