//! Sweeps: every so often what is in AWS is compared with the objects. What is decided is all in [`crate::plan::orphans`].

mod removal;
mod search;
mod tell;

pub use search::{Found, Scope, search};

use std::collections::BTreeSet;
use std::convert::Infallible;
use std::future::pending;
use std::time::Duration;

use tokio::time::sleep;

use crate::plan::orphans::{History, Policy, Refusal, Report, Verdict};

use super::context::Context;
use super::operator::{Election, Settings};

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
        sweeper.sweep().await;
        pause = if sweeper.removing {
            PURSUIT.min(interval)
        } else {
            interval
        };
    }
}

/// What one leader knows from one sweep to the next. Losing it costs the grace once more, and events that are told again.
struct Sweeper<'a> {
    context: &'a Context,
    policy: Policy,
    election: Option<&'a Election>,
    /// With every Region that was looked in: the last object of one may be gone.
    scope: Scope,
    history: History,
    /// ARNs of the orphans that were told of.
    told: BTreeSet<String>,
    /// Why the last sweep refused to judge, if it did.
    refused: Option<Refusal>,
    /// Whether something is being deleted.
    removing: bool,
}

impl<'a> Sweeper<'a> {
    fn new(context: &'a Context, settings: &'a Settings) -> Self {
        let own = context.accounts.own().own_region().map(str::to_owned);
        let regions = settings.orphans.regions.iter().cloned().chain(own);
        Self {
            context,
            policy: settings.orphans.policy,
            election: settings.election.as_ref(),
            scope: Scope {
                cluster: settings.identity.id.clone(),
                namespaces: settings.namespaces.clone(),
                regions: regions.collect(),
            },
            history: History::default(),
            told: BTreeSet::new(),
            refused: None,
            removing: false,
        }
    }

    async fn sweep(&mut self) {
        let result = self.judge().await;
        self.context.metrics.orphans_swept(result);
    }

    async fn judge(&mut self) -> &'static str {
        let now = self.context.clock.now();
        let outside = (&self.context.cluster, self.context.accounts.own());
        let found = search(outside, &self.scope, &self.history, self.policy, now);
        let Found { evidence, verdict } = match Box::pin(found).await {
            Ok(Some(found)) => found,
            Ok(None) => return "complete",
            Err(failure) => {
                tracing::warn!(reason = failure.reason.as_str(), %failure, "orphans are not looked for: something could not be listed as a whole");
                return "failed";
            }
        };
        self.scope.regions.extend(evidence.listed.keys().cloned());
        self.history = self.history.after(&evidence, &verdict, now);
        match verdict {
            Verdict::Judged(report) => {
                self.refused = None;
                self.tell_report(&report).await;
                self.remove(&report, &evidence.account).await;
                if report.unread.is_empty() {
                    "complete"
                } else {
                    "partial"
                }
            }
            Verdict::Refused(refusal, things) => {
                self.tell_refusal(refusal, things.len()).await;
                "refused"
            }
            // The search has looked at everything.
            Verdict::Look(_) => "failed",
        }
    }

    async fn remove(&mut self, report: &Report, account: &str) {
        for removal in &report.removals {
            let (owner, region) = (&removal.owner, &removal.region);
            tracing::warn!(namespace = owner.namespace, name = owner.name, uid = %owner.uid, region, "what a CachedApi that is gone has left is deleted");
            if let Err(failure) = removal::remove(self.context, removal, account).await {
                tracing::warn!(namespace = owner.namespace, name = owner.name, uid = %owner.uid, region, %failure, "orphans are not deleted");
            }
        }
        // While ElastiCache works on a group, its tags cannot be read.
        let busy = self.removing && !report.unread.is_empty();
        self.removing = busy || !report.removals.is_empty();
    }
}
