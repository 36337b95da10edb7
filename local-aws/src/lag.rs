//! Reads that do not know the last writes yet, for a while: eventual consistency.

use std::collections::{BTreeMap, VecDeque};
use std::str::FromStr;

use jiff::{SignedDuration, Timestamp};

use crate::world::Regional;
use crate::{Call, Ids};

/// How late reads know of a write. The default is never.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Lag {
    /// Reads of one thing by its id or name.
    pub describes: SignedDuration,
    /// Lists.
    pub lists: SignedDuration,
    /// The search for tags of the Resource Groups Tagging API.
    pub tags: SignedDuration,
    /// Whether every other read is up to date, as where one of two replicas lags.
    pub alternates: bool,
}

impl Lag {
    /// The same for every read.
    #[must_use]
    pub const fn of_all(lag: SignedDuration) -> Self {
        Self {
            describes: lag,
            lists: lag,
            tags: lag,
            alternates: false,
        }
    }

    fn of(&self, call: &Call) -> SignedDuration {
        match call.service {
            // Who calls, and what is allowed, is not looked up in a replica.
            "sts" => SignedDuration::ZERO,
            "tagging" => self.tags,
            _ if lists(call) => self.lists,
            _ => self.describes,
        }
    }

    fn longest(&self) -> SignedDuration {
        self.describes.max(self.lists).max(self.tags)
    }
}

/// Whether it is about all of a kind: `List…`, `Get…s` without a name in its path, `Describe…s` without a parameter that names one.
fn lists(call: &Call) -> bool {
    const IDS: [&str; 7] = [
        "CacheClusterId",
        "CacheSubnetGroupName",
        "ReplicationGroupId",
        "SecretId",
        "SnapshotName",
        "UserGroupId",
        "UserId",
    ];
    let plural = call.operation.ends_with('s') && !call.operation.ends_with("Tags");
    match call.service {
        "apigateway" => call.operation.starts_with("Get") && plural,
        _ if call.operation.starts_with("List") => true,
        "elasticache" => plural && IDS.iter().all(|id| call.params.body.get(id).is_none()),
        _ => false,
    }
}

type Place = (String, String);

/// What places were like when something was written in them, as far back as a read may lag.
#[derive(Debug, Default)]
pub(crate) struct History {
    places: BTreeMap<Place, VecDeque<(Timestamp, Regional)>>,
    reads: u64,
}

impl History {
    /// Takes note of what `place` is like after a write.
    pub(crate) fn keep(&mut self, lag: &Lag, call: &Call, place: &Regional) {
        if lag.longest().is_zero() {
            return;
        }
        let kept = self.places.entry(name(call)).or_default();
        let Ok(oldest) = call.now.saturating_sub(lag.longest()) else {
            return;
        };
        // The last one before is what a read sees that lags most.
        while kept.get(1).is_some_and(|(at, _)| *at <= oldest) {
            kept.pop_front();
        }
        kept.push_back((call.now, place.clone()));
    }

    /// What `answer` says of the place as `call`, a read, sees it; nothing, if that is as it is.
    pub(crate) fn answer<T>(
        &mut self,
        lag: &Lag,
        call: &Call,
        answer: impl FnOnce(&mut Regional) -> T,
    ) -> Option<T> {
        let late = lag.of(call);
        if late.is_zero() {
            return None;
        }
        self.reads += 1;
        if lag.alternates && self.reads.is_multiple_of(2) {
            return None;
        }
        let then = call.now.saturating_sub(late).ok()?;
        let kept = self.places.entry(name(call)).or_default();
        let before = kept.iter_mut().rev().find(|(at, _)| *at <= then);
        let Some((_, place)) = before else {
            let nothing = Ids::new("before everything".to_owned());
            return Some(answer(&mut Regional::empty(nothing)));
        };
        // It goes on from when it was read last: of two reads, the later one may lag more.
        place.settle(then);
        Some(answer(place))
    }
}

impl FromStr for Lag {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut all = Self::default();
        for one in text.split(',').filter(|one| !one.is_empty()) {
            let (name, lag) = one.split_once('=').ok_or("expected NAME=DURATION")?;
            let lag = lag.parse().map_err(|e: jiff::Error| e.to_string())?;
            match name {
                "describes" => all.describes = lag,
                "lists" => all.lists = lag,
                "tags" => all.tags = lag,
                _ => {
                    return Err(format!(
                        "no lag is called {name}; there are describes, lists, tags"
                    ));
                }
            }
        }
        Ok(all)
    }
}

fn name(call: &Call) -> Place {
    (call.account().to_owned(), call.region().to_owned())
}
