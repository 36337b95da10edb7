//! What runs, group by group. Groups are worked on side by side, so that a slow one holds up no other.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use rustls::ServerConfig;
use tokio::task::JoinSet;
use tokio::time::sleep;

use super::error::NodeError;
use super::group::Group;
use super::plan::Plan;
use super::server::Settings;
use crate::elasticache::replication_group::Hosting;

/// How long a group that failed is left alone.
const PAUSE_AFTER_FAILURE: Duration = Duration::from_secs(1);

/// One replication group. A later one of the same id is another.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Key {
    pub(super) account: String,
    pub(super) region: String,
    pub(super) id: String,
    pub(super) created: Timestamp,
}

/// What became of one group: the plan that it is in step with and its ports, or why it is not.
pub(super) struct Report {
    pub(super) key: Key,
    pub(super) result: Result<Hosting, NodeError>,
}

/// All groups with processes.
pub(super) struct Supervisor {
    settings: Settings,
    tls: Arc<ServerConfig>,
    at_rest: BTreeMap<Key, Group>,
    /// The groups that are worked on are with their work.
    busy: BTreeSet<Key>,
    work: JoinSet<(Report, Group)>,
}

impl Supervisor {
    /// Nothing runs yet.
    pub(super) fn new(settings: Settings, tls: Arc<ServerConfig>) -> Self {
        Self {
            settings,
            tls,
            at_rest: BTreeMap::new(),
            busy: BTreeSet::new(),
            work: JoinSet::new(),
        }
    }

    /// Ends what shall not run and starts to change what differs; what is worked on is left to its work.
    pub(super) fn start_work(&mut self, wanted: BTreeMap<Key, (Plan, BTreeMap<String, u16>)>) {
        self.at_rest.retain(|key, _| wanted.contains_key(key));
        for (key, (plan, ports)) in wanted {
            let in_step = self
                .at_rest
                .get_mut(&key)
                .is_some_and(|group| group.is_in_step(&plan));
            if !in_step && self.busy.insert(key.clone()) {
                let gate = self.settings.gate(&key);
                let fresh = || Group::new(self.settings.clone(), self.tls.clone(), gate);
                let group = self.at_rest.remove(&key).unwrap_or_else(fresh);
                self.work.spawn(bring_in_step(key, group, plan, ports));
            }
        }
    }

    /// How many groups are worked on.
    pub(super) fn work(&self) -> usize {
        self.busy.len()
    }

    /// Waits for the next group whose work is done; gives nothing when there is no work.
    pub(super) async fn work_done(&mut self) -> Option<Report> {
        let (report, group) = self.work.join_next().await?.ok()?;
        self.busy.remove(&report.key);
        self.at_rest.insert(report.key.clone(), group);
        Some(report)
    }
}

async fn bring_in_step(
    key: Key,
    mut group: Group,
    plan: Plan,
    ports: BTreeMap<String, u16>,
) -> (Report, Group) {
    let done = group.bring_in_step(&plan, &ports).await;
    if done.is_err() {
        sleep(PAUSE_AFTER_FAILURE).await;
    }
    let hosting = Hosting {
        in_step: Some(plan.fingerprint()),
        address: Some(group.address()),
        ports: group.ports(),
    };
    (
        Report {
            key,
            result: done.map(|()| hosting),
        },
        group,
    )
}
