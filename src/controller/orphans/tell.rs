//! What people are told of orphans: log lines, events, metrics.

use k8s_openapi::api::core::v1::ObjectReference;
use kube::Resource;

use crate::api::CachedApi;
use crate::cluster::Note;
use crate::controller::context::Context;
use crate::controller::operator::Election;
use crate::plan::Failure;
use crate::plan::orphans::{Kind, Orphan, Owner, Refusal, Report};

use super::Known;

/// What events are about, as a constant.
const ACTION: &str = "OrphanSweep";

/// Who tells it.
#[derive(Clone, Copy)]
pub(super) struct Teller<'a> {
    pub(super) context: &'a Context,
    pub(super) election: Option<&'a Election>,
}

impl Teller<'_> {
    /// An event and a log line for each orphan that is new, and the count of all.
    pub(super) async fn tell_report(self, known: &mut Known, account: &str, report: &Report) {
        for kind in Kind::ALL {
            let of_kind = report.orphans.iter().filter(|orphan| orphan.kind == kind);
            let count = i64::try_from(of_kind.count()).unwrap_or(i64::MAX);
            self.context.metrics.orphans(kind.label(), account, count);
        }
        for (what, failure) in &report.unread {
            tracing::warn!(what, account, reason = failure.reason.as_str(), %failure, "it is not told whether this is orphaned: it could not be read");
        }
        let told = std::mem::take(&mut known.told);
        for orphan in &report.orphans {
            if !told.contains(&orphan.arn) {
                self.tell_of(orphan).await;
            }
            known.told.insert(orphan.arn.clone());
        }
        let unread = told
            .into_iter()
            .filter(|arn| report.unread.contains_key(arn));
        known.told.extend(unread);
    }

    /// The event is about the object that is gone, in its namespace; where that is gone as well, about the operator's Lease.
    async fn tell_of(self, orphan: &Orphan) {
        let kind = orphan.kind.label();
        tracing::warn!(
            arn = orphan.arn,
            kind,
            account = orphan.account,
            region = orphan.region,
            "{orphan}"
        );
        let note = note("Orphaned", orphan.to_string());
        if let Some(owner) = &orphan.owner
            && (self.context.cluster)
                .publish_about(&reference(owner), note.clone())
                .await
        {
            return;
        }
        self.tell_at_lease(note).await;
    }

    /// A log line each time, and an event when the reason is new.
    pub(super) async fn tell_refusal(
        self,
        known: &mut Known,
        account: &str,
        (refusal, things): (Refusal, usize),
    ) {
        let text = format!(
            "{things} things in the AWS account {account} carry this cluster's id, and nothing is said of them: {refusal}"
        );
        tracing::warn!(reason = refusal.reason(), "{text}");
        if known.refused.as_ref().map(Refusal::reason) != Some(refusal.reason()) {
            self.tell_at_lease(note(refusal.reason(), text)).await;
        }
        known.refused = Some(refusal);
    }

    /// A log line each time, and an event when that is new.
    pub(super) async fn tell_unknown(self, account: &str, failure: &Failure, is_new: bool) {
        let text = format!(
            "the AWS account {account}, which an AwsAccount names, is not looked into: {failure}"
        );
        tracing::warn!(reason = failure.reason.as_str(), "orphans: {text}");
        if is_new {
            self.tell_at_lease(note("AccountNotSwept", text)).await;
        }
    }

    /// What is not known any more is not counted.
    pub(super) fn count_none(self, known: &Known) {
        if let Some(account) = &known.account {
            for kind in Kind::ALL {
                self.context.metrics.orphans(kind.label(), account, 0);
            }
        }
    }

    async fn tell_at_lease(self, note: Note) {
        if let Some(election) = self.election {
            let lease = ObjectReference {
                api_version: Some("coordination.k8s.io/v1".into()),
                kind: Some("Lease".into()),
                namespace: Some(election.namespace.clone()),
                name: Some(election.name.clone()),
                ..ObjectReference::default()
            };
            self.context.cluster.publish_about(&lease, note).await;
        }
    }
}

fn note(reason: &str, text: String) -> Note {
    Note {
        warning: true,
        reason: reason.into(),
        action: ACTION,
        text,
    }
}

fn reference(owner: &Owner) -> ObjectReference {
    ObjectReference {
        api_version: Some(CachedApi::api_version(&()).into_owned()),
        kind: Some(CachedApi::kind(&()).into_owned()),
        namespace: Some(owner.namespace.clone()),
        name: Some(owner.name.clone()),
        uid: Some(owner.uid.to_string()),
        ..ObjectReference::default()
    }
}
