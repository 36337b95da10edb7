//! One call to AWS, from its turn in the quotas to what its failure means.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::DateTime;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use jiff::Timestamp;
use tokio::time::Instant;
use tracing::Dispatch;
use tracing::instrument::WithSubscriber;

use crate::api::Reason;
use crate::plan::{Class, Fact, Failure, Seen, Sensitive};

use super::errors::{Kind, classify};
use super::governor::Governor;
use super::operations::Operation;
use super::{Call, CallObserver};

/// Makes calls in one Region.
#[derive(Clone, Debug)]
pub(super) struct Caller {
    pub(super) region: String,
    pub(super) governor: Arc<Governor>,
    pub(super) observer: Arc<dyn CallObserver>,
}

/// A call that did not succeed: what AWS meant, and what it means for the object.
#[derive(Debug)]
pub(super) struct Refusal {
    pub(super) kind: Kind,
    pub(super) failure: Failure,
}

impl Refusal {
    /// The same, with `secret` struck out of the message: AWS may quote what it was sent.
    pub(super) fn without(mut self, secret: &Sensitive) -> Self {
        self.failure.message = self.failure.message.replace(secret.reveal(), "***");
        self
    }
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        refusal.failure
    }
}

impl Caller {
    /// Sends a request when its turn comes. `subject` is the id of what it is about, for the message.
    ///
    /// The SDK's own log is cut off, whatever the log level: it prints requests, and requests hold passwords.
    pub(super) async fn call<T, E>(
        &self,
        operation: &'static Operation,
        subject: &str,
        send: impl Future<Output = Result<T, SdkError<E, HttpResponse>>>,
    ) -> Result<T, Refusal>
    where
        E: ProvideErrorMetadata + std::error::Error + 'static,
    {
        let waited = self
            .governor
            .acquire(&self.region, operation)
            .await
            .map_err(|back| self.sent_away(operation, subject, back))?;
        let started = Instant::now();
        let result = send
            .with_subscriber(Dispatch::none())
            .await
            .map_err(|error| classify(operation, subject, &error));
        let label = result
            .as_ref()
            .map_or_else(|refusal| refusal.kind.label(), |_| "ok");
        self.observe(operation, label, waited, started.elapsed());
        if let Err(Refusal {
            kind: Kind::Throttled,
            failure,
        }) = &result
        {
            self.governor
                .throttled(&self.region, operation, failure.retry_after);
        }
        result
    }

    fn sent_away(&self, operation: &'static Operation, subject: &str, back: Duration) -> Refusal {
        self.observe(
            operation,
            Kind::Queued.label(),
            Duration::ZERO,
            Duration::ZERO,
        );
        let message = format!(
            "{subject}: waiting for API quota, in turn in about {} s",
            back.as_secs().max(1)
        );
        let failure = Failure {
            operation: operation.name,
            class: Class::Transient,
            reason: Reason::AwsUnavailable,
            message,
            retry_after: Some(back),
        };
        Refusal {
            kind: Kind::Queued,
            failure,
        }
    }

    fn observe(
        &self,
        operation: &'static Operation,
        result: &'static str,
        waited: Duration,
        took: Duration,
    ) {
        self.observer.called(&Call {
            operation: operation.name,
            region: &self.region,
            result,
            waited,
            took,
        });
    }
}

/// What a read says of a thing: not there, unknown, or the thing.
pub(super) fn seen<T>(result: Result<T, Refusal>) -> Seen<T> {
    match result {
        Ok(thing) => Seen::Present(thing),
        Err(Refusal {
            kind: Kind::NotFound,
            ..
        }) => Seen::Absent,
        Err(refusal) => Seen::Unknown(refusal.failure),
    }
}

/// The reply to a creation, or nothing when the thing is there already: the next read tells whose it is.
pub(super) fn created<T>(result: Result<T, Refusal>) -> Result<Option<T>, Failure> {
    unless(Kind::Exists, result)
}

/// The reply to a deletion, or nothing when the thing is gone already.
pub(super) fn deleted<T>(result: Result<T, Refusal>) -> Result<Option<T>, Failure> {
    unless(Kind::NotFound, result)
}

/// The reply to a change, or nothing when there was nothing to change.
pub(super) fn changed<T>(result: Result<T, Refusal>) -> Result<Option<T>, Failure> {
    unless(Kind::Unchanged, result)
}

fn unless<T>(harmless: Kind, result: Result<T, Refusal>) -> Result<Option<T>, Failure> {
    match result {
        Ok(reply) => Ok(Some(reply)),
        Err(refusal) if refusal.kind == harmless => Ok(None),
        Err(refusal) => Err(refusal.failure),
    }
}

/// What the reply says of the thing, when it says all.
pub(super) fn fact<T>(seen: fn(Seen<T>) -> Fact, thing: Option<T>) -> Option<Fact> {
    thing.map(|thing| seen(Seen::Present(thing)))
}

/// Every page of a list, with each thing once, by its `id`. `fetch` gets the position after the last page, `split` takes a page apart into items and next
/// position. A position that comes again would lead round in a circle: such a list has no end, and none that is complete.
///
/// A thing that moves while pages are read one after the other may be on two of them, or on none, and what is not there is made. So a list of more than one page
/// is read again, and what either of the two has is there, as the later one has it.
pub(super) async fn pages<P, T, F>(
    operation: &'static Operation,
    fetch: impl Fn(Option<String>) -> F,
    split: impl Fn(P) -> (Option<Vec<T>>, Option<String>),
    id: impl Fn(&T) -> Option<&str>,
) -> Result<Vec<T>, Refusal>
where
    F: Future<Output = Result<P, Refusal>>,
{
    let (mut items, count) = read_through(operation, &fetch, &split).await?;
    if count > 1 {
        let (mut again, _) = read_through(operation, &fetch, &split).await?;
        again.append(&mut items);
        items = again;
    }
    let mut seen = BTreeSet::new();
    items.retain(|item| id(item).is_none_or(|id| seen.insert(id.to_owned())));
    Ok(items)
}

/// What is on the pages, and how many there are.
async fn read_through<P, T, F>(
    operation: &'static Operation,
    fetch: &impl Fn(Option<String>) -> F,
    split: &impl Fn(P) -> (Option<Vec<T>>, Option<String>),
) -> Result<(Vec<T>, usize), Refusal>
where
    F: Future<Output = Result<P, Refusal>>,
{
    let mut items = Vec::new();
    let mut positions = BTreeSet::new();
    let mut position = None;
    loop {
        let (page, next) = split(fetch(position).await?);
        items.extend(page.unwrap_or_default());
        position = match next {
            None => return Ok((items, positions.len() + 1)),
            Some(next) if !positions.insert(next.clone()) => return Err(endless(operation)),
            next => next,
        };
    }
}

fn endless(operation: &'static Operation) -> Refusal {
    Refusal {
        kind: Kind::Unavailable,
        failure: Failure {
            operation: operation.name,
            class: Class::Transient,
            reason: Reason::AwsUnavailable,
            message: "the list does not end: a page leads back to one before it".into(),
            retry_after: None,
        },
    }
}

/// A moment as the SDK has it.
pub(super) fn timestamp(time: Option<DateTime>) -> Option<Timestamp> {
    let time = time?;
    Timestamp::new(time.secs(), i32::try_from(time.subsec_nanos()).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::super::operations::GET_TAGGED;
    use super::*;

    #[tokio::test]
    async fn a_list_whose_pages_lead_round_in_a_circle_is_none() {
        let fetch = |position: Option<String>| async { Ok::<_, Refusal>(position) };
        let split = |position: Option<String>| {
            let next = if position.as_deref() == Some("b") {
                "a"
            } else {
                "b"
            };
            (Some(vec![()]), Some(next.to_owned()))
        };
        let refusal = pages(GET_TAGGED, fetch, split, |()| None);
        let refusal = refusal.await.unwrap_err();
        assert!(
            refusal.failure.message.contains("does not end"),
            "{refusal:?}"
        );
    }

    /// The things of a list whose pages are these, one reading after the other.
    async fn read(readings: &[&[&[&'static str]]]) -> Vec<&'static str> {
        let reading = AtomicUsize::new(0);
        let fetch = |position: Option<String>| {
            let page = position.map_or(0, |position| position.parse().unwrap());
            if page == 0 {
                reading.fetch_add(1, Ordering::SeqCst);
            }
            let pages = readings[reading.load(Ordering::SeqCst) - 1];
            let next = (page + 1 < pages.len()).then(|| (page + 1).to_string());
            let items = Some(pages[page].to_vec());
            async { Ok((items, next)) }
        };
        let found = pages(GET_TAGGED, fetch, |page| page, |id| Some(*id));
        let found = found.await.unwrap();
        assert_eq!(reading.into_inner(), readings.len());
        found
    }

    #[tokio::test]
    async fn a_thing_that_is_on_two_pages_because_it_moved_is_one() {
        let moved: &[&[_]] = &[&["a", "b"], &["b", "c"]];
        let found = read(&[moved, &[&["a", "c"], &["b"]]]).await;
        assert_eq!(found, ["a", "c", "b"]);
    }

    #[tokio::test]
    async fn a_thing_that_is_on_no_page_because_it_moved_is_found() {
        let moved: &[&[_]] = &[&["a"], &["c"]];
        let found = read(&[moved, &[&["a", "b"], &["c"]]]).await;
        assert_eq!(found, ["a", "b", "c"]);
        let found = read(&[&[&["a", "b"], &["c"]], moved]).await;
        assert_eq!(found, ["a", "c", "b"]);
    }

    #[tokio::test]
    async fn a_list_of_one_page_is_read_once() {
        assert_eq!(read(&[&[&["a", "b"]]]).await, ["a", "b"]);
    }
}
