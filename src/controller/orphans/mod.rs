//! Sweeps: every so often what is in AWS is compared with the objects. What is decided is all in [`crate::plan::orphans`].

mod removal;
mod search;
mod tell;

pub use search::{Found, Scope, Search, Way, search};

use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;
use std::future::pending;
use std::time::Duration;

use jiff::Timestamp;
use tokio::time::sleep;

use crate::plan::Failure;
use crate::plan::orphans::{History, Policy, Refusal, Report, Verdict};

use super::context::Context;
use super::operator::Settings;
use tell::Teller;

/// A process that begins to lead looks after the objects first.
const FIRST: Duration = Duration::from_mins(1);
/// Between sweeps while something is being deleted: a replication group takes minutes, and what it needs goes after it.
const PURSUIT: Duration = Duration::from_mins(2);

/// What can be set about orphans.
#[derive(Clone, Debug)]
pub struct Orphans {
    /// How often they are looked for; never, if it is zero.
    pub interval: Duration,
    /// Whether they are deleted, and after how long.
    pub policy: Policy,
    /// AWS Regions to look in, besides those that objects name and the identity's own.
    pub regions: BTreeSet<String>,
}

/// Sweeps for as long as it is polled.
pub async fn sweep_on(context: &Context, settings: &Settings) -> Infallible {
    let interval = settings.orphans.interval;
    if interval.is_zero() {
        return pending().await;
    }
    let mut sweeper = Sweeper::new(context, settings);
    let mut pause = FIRST.min(interval);
    loop {
        sleep(pause).await;
        Box::pin(sweeper.sweep()).await;
        pause = if sweeper.is_removing() {
            PURSUIT.min(interval)
        } else {
            interval
        };
    }
}

/// What one leader knows from one sweep to the next. Losing it costs the grace once more, and events that are told again.
struct Sweeper<'a> {
    context: &'a Context,
    teller: Teller<'a>,
    policy: Policy,
    /// With every Region that was looked in: the last object of one may be gone.
    scope: Scope,
    known: BTreeMap<Way, Known>,
}

/// What is known of an account.
#[derive(Default)]
struct Known {
    /// Its number, once it was looked into.
    account: Option<String>,
    history: History,
    /// ARNs of the orphans that were told of.
    told: BTreeSet<String>,
    /// Why the last sweep refused to judge, if it did.
    refused: Option<Refusal>,
    /// Whether the last sweep did not get in.
    unknown: bool,
    /// Whether something is being deleted.
    removing: bool,
}

impl<'a> Sweeper<'a> {
    fn new(context: &'a Context, settings: &'a Settings) -> Self {
        let own = context.accounts.own().own_region().map(str::to_owned);
        let regions = settings.orphans.regions.iter().cloned().chain(own);
        Self {
            context,
            teller: Teller {
                context,
                election: settings.election.as_ref(),
            },
            policy: settings.orphans.policy,
            scope: Scope {
                cluster: settings.identity.id.clone(),
                namespaces: settings.namespaces.clone(),
                regions: regions.collect(),
                elsewhere: BTreeMap::new(),
            },
            known: BTreeMap::new(),
        }
    }

    fn is_removing(&self) -> bool {
        self.known.values().any(|known| known.removing)
    }

    async fn sweep(&mut self) {
        let result = self.judge().await;
        self.context.metrics.orphans_swept(result);
    }

    async fn judge(&mut self) -> &'static str {
        let now = self.context.clock.now();
        let outside = (&self.context.cluster, &self.context.accounts);
        let known = self.known.iter();
        let histories = known.map(|(way, known)| (way.clone(), known.history.clone()));
        let histories = histories.collect();
        let search = search(outside, &self.scope, &histories, self.policy, now);
        let search = match Box::pin(search).await {
            Ok(search) => search,
            Err(failure) => {
                tracing::warn!(reason = failure.reason.as_str(), %failure, "orphans are not looked for: something could not be listed as a whole");
                return "failed";
            }
        };
        self.forget_all_but(&search);
        let mut results = BTreeSet::new();
        for (account, failure) in search.unknown {
            self.note_unknown(account, &failure).await;
            results.insert("unknown");
        }
        for found in search.found {
            results.insert(self.note_found(found, now).await);
        }
        overall(&results)
    }

    /// An account that nothing leads to any more is not known.
    fn forget_all_but(&mut self, search: &Search) {
        let found: BTreeSet<Way> = search.found.iter().map(Found::way).collect();
        let teller = self.teller;
        self.known.retain(|way, known| {
            let stays = match way {
                Way::Own => true,
                Way::Roles(account) => found.contains(way) || search.unknown.contains_key(account),
            };
            if !stays {
                teller.count_none(known);
            }
            stays
        });
    }

    /// What was found there before is neither forgotten nor counted as gone.
    async fn note_unknown(&mut self, account: String, failure: &Failure) {
        let way = Way::Roles(account.clone());
        let known = self.known.entry(way).or_default();
        known.removing = false;
        let is_new = !std::mem::replace(&mut known.unknown, true);
        self.teller.tell_unknown(&account, failure, is_new).await;
    }

    /// Tells what was found in an account, and deletes what may be. How that ended.
    async fn note_found(&mut self, found: Found, now: Timestamp) -> &'static str {
        let way = found.way();
        let Found { evidence, verdict } = found;
        let looked_in = match &way {
            Way::Own => &mut self.scope.regions,
            Way::Roles(account) => self.scope.elsewhere.entry(account.clone()).or_default(),
        };
        looked_in.extend(evidence.listed.keys().cloned());
        let known = self.known.entry(way).or_default();
        if known.account.as_ref() != Some(&evidence.account) {
            self.teller.count_none(known);
            known.account = Some(evidence.account.clone());
        }
        known.history = known.history.after(&evidence, &verdict, now);
        known.unknown = false;
        let (teller, account) = (self.teller, &evidence.account);
        match verdict {
            Verdict::Judged(report) => {
                known.refused = None;
                teller.tell_report(known, account, &report).await;
                remove(self.context, known, account, &report).await;
                if report.unread.is_empty() {
                    "complete"
                } else {
                    "partial"
                }
            }
            Verdict::Refused(refusal, things) => {
                let refused = (refusal, things.len());
                teller.tell_refusal(known, account, refused).await;
                "refused"
            }
            // The search has looked at everything.
            Verdict::Look(_) => "failed",
        }
    }
}

/// Another process counts them.
impl Drop for Sweeper<'_> {
    fn drop(&mut self) {
        for known in self.known.values() {
            self.teller.count_none(known);
        }
    }
}

async fn remove(context: &Context, known: &mut Known, account: &str, report: &Report) {
    for removal in &report.removals {
        let (owner, region) = (&removal.owner, &removal.region);
        tracing::warn!(namespace = owner.namespace, name = owner.name, uid = %owner.uid, account, region, "what a CachedApi that is gone has left is deleted");
        if let Err(failure) = removal::remove(context, removal, account).await {
            tracing::warn!(namespace = owner.namespace, name = owner.name, uid = %owner.uid, account, region, %failure, "orphans are not deleted");
        }
    }
    // While ElastiCache works on a group, its tags cannot be read.
    let busy = known.removing && !report.unread.is_empty();
    known.removing = busy || !report.removals.is_empty();
}

/// How a sweep of several accounts ended: in one way, or in part.
fn overall(results: &BTreeSet<&'static str>) -> &'static str {
    let mut each = results.iter();
    match (each.next(), each.next()) {
        (None, _) => "complete",
        (Some(&one), None) if one != "unknown" => one,
        _ => "partial",
    }
}
