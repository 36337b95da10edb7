use std::collections::BTreeMap;

use jiff::Timestamp;

use super::{Evidence, Refusal, Verdict};

/// What earlier sweeps of this process saw. A process that starts knows nothing: it waits for the whole grace again before it deletes anything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct History {
    pub(super) account: Option<String>,
    pub(super) version: Option<u64>,
    pub(super) first_seen: BTreeMap<String, Timestamp>,
}

impl History {
    /// The history after a sweep that saw `evidence` and ended with `verdict`, at `now`.
    ///
    /// What a complete list does not show as an orphan is forgotten. Of a Region that could not be listed, and after a sweep that judged nothing, everything
    /// is remembered: nothing was learned. When the account or the store is another one, it is as if there had been no sweep.
    #[must_use]
    pub fn after(&self, evidence: &Evidence, verdict: &Verdict, now: Timestamp) -> Self {
        let first_seen = match verdict {
            Verdict::Judged(report) => {
                let seen = report.orphans.iter().map(|orphan| {
                    let first = self.first_seen.get(&orphan.arn).copied();
                    (orphan.arn.clone(), first.unwrap_or(now))
                });
                let unseen = self.first_seen.iter().filter(|(arn, _)| {
                    report
                        .unread
                        .keys()
                        .any(|unread| unread == *arn || is_in(unread, arn))
                });
                let unseen = unseen.map(|(arn, first)| (arn.clone(), *first));
                unseen.chain(seen).collect()
            }
            Verdict::Refused(Refusal::WentBack { .. } | Refusal::AnotherAccount { .. }, _) => {
                BTreeMap::new()
            }
            Verdict::Refused(..) | Verdict::Look(_) => self.first_seen.clone(),
        };
        Self {
            account: Some(evidence.account.clone()),
            version: evidence.roster.version.or(self.version),
            first_seen,
        }
    }
}

/// Whether `arn` is of the Region.
fn is_in(region: &str, arn: &str) -> bool {
    arn.split(':').nth(3) == Some(region)
}
