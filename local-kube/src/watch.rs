//! Watches.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::time::Duration;

use bytes::Bytes;
use futures::stream::{self, Stream};
use http_body::Frame;
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

use crate::LocalKube;
use crate::Refusal;
use crate::call::Call;
use crate::cluster::Cluster;
use crate::read::concerns;
use crate::store::{Change, ChangeKind};

/// How long a watch lasts that does not say so; kube's and client-go's say five to ten minutes.
const LASTS: Duration = Duration::from_mins(5);

/// A watch that goes on.
pub(crate) struct Watch {
    kube: LocalKube,
    changes: watch::Receiver<u64>,
    call: Call,
    /// Version up to which all was told.
    told: u64,
    lines: VecDeque<Value>,
    ends: Instant,
    ended: bool,
    /// How often all watches had been closed when it began.
    closed: u64,
}

impl Watch {
    /// What happens from the version on that `call` names. Without one, the objects there are come first.
    pub(crate) fn start(kube: &LocalKube, call: Call, cluster: &Cluster) -> Result<Self, Refusal> {
        let seconds = call.parameter("timeoutSeconds").map(str::parse);
        let lasts = match seconds {
            None => LASTS,
            Some(seconds) => Duration::from_secs(
                seconds.map_err(|_| Refusal::bad_request("timeoutSeconds is no number"))?,
            ),
        };
        let (told, lines) = begin(&call, cluster)?;
        Ok(Self {
            kube: kube.clone(),
            changes: kube.changes(),
            call,
            told,
            lines,
            ends: Instant::now() + lasts,
            ended: false,
            closed: cluster.closed,
        })
    }

    /// The events, one a line. Ends when its time is over, with a bookmark if the client takes one.
    pub(crate) fn stream(self) -> impl Stream<Item = Result<Frame<Bytes>, Infallible>> {
        stream::unfold(self, async |mut watch| {
            let line = watch.next_line().await?;
            Some((Ok(Frame::data(Bytes::from(format!("{line}\n")))), watch))
        })
    }

    async fn next_line(&mut self) -> Option<Value> {
        loop {
            if let Some(line) = self.lines.pop_front() {
                return Some(line);
            }
            if self.ended {
                return None;
            }
            self.changes.mark_unchanged();
            self.catch_up();
            if self.lines.is_empty() && !self.ended {
                tokio::select! {
                    biased;
                    _ = self.changes.changed() => {}
                    () = sleep_until(self.ends) => self.end(),
                }
            }
        }
    }

    fn catch_up(&mut self) {
        let (kube, call, told) = (&self.kube, &self.call, self.told);
        let (closed, version, lines) = kube.with_cluster(|cluster| {
            let store = &cluster.store;
            if cluster.closed != self.closed {
                return (true, told, Vec::new());
            }
            if told < store.oldest() {
                return (
                    false,
                    store.version(),
                    vec![json!({"type": "ERROR", "object": too_old(told).to_status()})],
                );
            }
            let news = store
                .since(told)
                .iter()
                .filter(|change| concerns(call, &change.key));
            // A version that is yet to come brings no news until it has come.
            (false, store.version().max(told), news.map(event).collect())
        });
        self.ended |= closed || lines.iter().any(|line| line["type"] == "ERROR");
        self.told = version;
        self.lines.extend(lines);
    }

    fn end(&mut self) {
        self.ended = true;
        if self.call.parameter("allowWatchBookmarks") == Some("true") {
            let object = json!({
                "apiVersion": self.call.resource.api_version(), "kind": self.call.resource.kind,
                "metadata": {"resourceVersion": self.told.to_string()},
            });
            self.lines
                .push_back(json!({"type": "BOOKMARK", "object": object}));
        }
    }
}

fn begin(call: &Call, cluster: &Cluster) -> Result<(u64, VecDeque<Value>), Refusal> {
    let store = &cluster.store;
    let version = call.parameter("resourceVersion").unwrap_or("0");
    let version: u64 = version
        .parse()
        .map_err(|_| Refusal::bad_request("resourceVersion is no version"))?;
    if version == 0 {
        let all = store
            .objects()
            .iter()
            .filter(|(key, _)| concerns(call, key));
        let lines = all.map(|(_, object)| json!({"type": "ADDED", "object": object}));
        return Ok((store.version(), lines.collect()));
    }
    Ok((version, VecDeque::new()))
}

/// As an API server does, this comes as an event and not as the answer: a client takes it for a reason to list again.
fn too_old(version: u64) -> Refusal {
    Refusal::expired(format!("too old resource version: {version}"))
}

fn event(change: &Change) -> Value {
    let kind = match change.kind {
        ChangeKind::Added => "ADDED",
        ChangeKind::Modified => "MODIFIED",
        ChangeKind::Deleted => "DELETED",
    };
    json!({"type": kind, "object": change.object})
}
