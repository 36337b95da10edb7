//! Real nodes behind replication groups.
//!
//! [`supervise`] compares what shall run ([`Plan`], a pure function of the state) with what runs ([`group::Group`]), makes
//! them equal outside the lock, and notes in the state which plan is in step and where its endpoints listen.

mod authority;
mod cluster;
mod connection;
mod endpoint;
mod error;
mod group;
mod plan;
mod server;

use std::collections::BTreeMap;
use std::error::Error as _;
use std::path::PathBuf;
use std::time::Duration;

use jiff::Timestamp;
use tokio::task::JoinSet;
use tokio::time::sleep;

pub(crate) use authority::Authority;
use error::NodeError;
use group::Group;
pub(super) use plan::Plan;

use super::replication_group::{Hosting, ReplicationGroup, Status};
use crate::LocalAws;
use crate::world::World;

/// How often what runs is looked at when nothing calls for it: a node may have died.
const LONGEST_PAUSE: Duration = Duration::from_millis(500);
const SHORTEST_PAUSE: Duration = Duration::from_millis(5);

/// Account, Region and id of a replication group.
type Key = (String, String, String);

/// Keeps node processes in step with the world until the program ends.
pub async fn supervise(local: LocalAws) {
    let binary = local.config().valkey_server.clone();
    local.with_world(|world, _| host(world, binary.is_some()));
    let (Some(binary), Some(authority)) = (binary, authority(&local)) else {
        return std::future::pending().await;
    };
    let mut supervisor = Supervisor {
        binary,
        groups: BTreeMap::new(),
    };
    let mut changes = local.changes();
    loop {
        changes.mark_unchanged();
        let wanted = local.with_world(|world, _| plans(world));
        let reports = supervisor.bring_in_step(wanted, authority).await;
        if local.with_world(|world, _| note(world, reports)) {
            local.changed();
        }
        let pause = local.with_world(|world, now| pause(world, now));
        tokio::select! {
            _ = changes.changed() => {}
            () = sleep(pause) => {}
        }
    }
}

/// The certificate authority of the nodes' TLS, if there are real nodes.
pub(crate) fn ca_pem(local: &LocalAws) -> Option<String> {
    local.config().valkey_server.as_ref()?;
    authority(local).map(|authority| authority.pem().to_owned())
}

fn authority(local: &LocalAws) -> Option<&Authority> {
    let folder = local.config().state_dir.as_deref();
    let create = || Authority::load_or_create(folder).inspect_err(report).ok();
    local.authority().get_or_init(create).as_ref()
}

fn report(error: &NodeError) {
    tracing::error!(source = error.source(), "{error}");
}

fn groups(world: &mut World) -> impl Iterator<Item = &mut ReplicationGroup> {
    let places = world.accounts.values_mut().flat_map(BTreeMap::values_mut);
    places.flat_map(|place| place.elasticache.replication_groups.values_mut())
}

/// What was kept from an earlier run has no processes any more.
fn host(world: &mut World, real: bool) {
    for group in groups(world) {
        let ports = group
            .hosting
            .take()
            .map(|hosting| hosting.ports)
            .unwrap_or_default();
        group.hosting = real.then_some(Hosting {
            in_step: None,
            ports,
        });
    }
}

/// What shall run, with the ports that endpoints had.
fn plans(world: &World) -> BTreeMap<Key, (Plan, BTreeMap<String, u16>)> {
    let mut plans = BTreeMap::new();
    for (account, regions) in &world.accounts {
        for (region, place) in regions {
            for group in place.elasticache.replication_groups.values() {
                let (plan, hosting) = (Plan::of(&place.elasticache, group), &group.hosting);
                if let (Some(plan), Some(hosting)) = (plan, hosting) {
                    let key = (account.clone(), region.clone(), group.id.clone());
                    plans.insert(key, (plan, hosting.ports.clone()));
                }
            }
        }
    }
    plans
}

/// What became of one group: the plan that it is in step with and its ports, or why it is not.
struct Report {
    key: Key,
    result: Result<Hosting, NodeError>,
}

struct Supervisor {
    binary: PathBuf,
    groups: BTreeMap<Key, Group>,
}

impl Supervisor {
    /// Ends what shall not run and changes what differs, all groups side by side.
    async fn bring_in_step(
        &mut self,
        wanted: BTreeMap<Key, (Plan, BTreeMap<String, u16>)>,
        authority: &Authority,
    ) -> Vec<Report> {
        self.groups.retain(|key, _| wanted.contains_key(key));
        let (mut work, mut reports) = (JoinSet::new(), Vec::new());
        for (key, (plan, ports)) in wanted {
            if self
                .groups
                .get_mut(&key)
                .is_some_and(|group| group.is_in_step(&plan))
            {
                continue;
            }
            let group = self
                .groups
                .remove(&key)
                .map_or_else(|| Group::new(self.binary.clone(), authority), Ok);
            match group {
                Err(error) => reports.push(Report {
                    key,
                    result: Err(error),
                }),
                Ok(mut group) => {
                    work.spawn(async move {
                        let done = group.bring_in_step(&plan, &ports).await;
                        let hosting = Hosting {
                            in_step: Some(plan.fingerprint()),
                            ports: group.ports(),
                        };
                        (
                            Report {
                                key,
                                result: done.map(|()| hosting),
                            },
                            group,
                        )
                    });
                }
            }
        }
        for (report, group) in work.join_all().await {
            self.groups.insert(report.key.clone(), group);
            reports.push(report);
        }
        reports
    }
}

/// A group that was to be created and could not is `create-failed`; anything else is tried again. Whether the world is
/// another one now.
fn note(world: &mut World, reports: Vec<Report>) -> bool {
    let mut changed = false;
    for Report { key, result } in reports {
        let error = result.as_ref().err();
        error.into_iter().for_each(report);
        let Some(group) = find(world, &key) else {
            continue;
        };
        match result {
            Ok(hosting) => group.hosting = Some(hosting),
            Err(_) if group.status == Status::Creating => group.status = Status::CreateFailed,
            Err(_) => continue,
        }
        changed = true;
    }
    changed
}

fn find<'a>(world: &'a mut World, (account, region, id): &Key) -> Option<&'a mut ReplicationGroup> {
    let place = world.accounts.get_mut(account)?.get_mut(region)?;
    place.elasticache.replication_groups.get_mut(id)
}

/// Until the next state takes effect, within bounds.
fn pause(world: &World, now: Timestamp) -> Duration {
    let places = world.accounts.values().flat_map(BTreeMap::values);
    let next = places
        .filter_map(|place| place.elasticache.next_due())
        .min();
    let left = next.and_then(|due| Duration::try_from(due.duration_since(now)).ok());
    left.unwrap_or(LONGEST_PAUSE)
        .clamp(SHORTEST_PAUSE, LONGEST_PAUSE)
}
