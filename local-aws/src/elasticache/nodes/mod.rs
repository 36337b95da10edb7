//! Real nodes behind replication groups.
//!
//! `supervise` compares what shall run (`Plan`, a pure function of the state) with what runs (`group::Group`), makes
//! them equal outside the lock, and notes in the state which plan is in step and where its endpoints listen.

mod authority;
mod cluster;
mod connection;
mod endpoint;
mod error;
mod front;
mod group;
mod plan;
mod server;
mod supervisor;

use std::collections::BTreeMap;
use std::error::Error as _;
use std::time::Duration;

use jiff::Timestamp;
use tokio::time::sleep;

pub(crate) use authority::Authority;
use error::NodeError;
pub(super) use plan::Plan;
use server::Settings;
use supervisor::{Key, Report, Supervisor};

use super::replication_group::{Hosting, ReplicationGroup, Status};
use crate::LocalAws;
use crate::world::World;

/// How often what runs is looked at when nothing calls for it: a node may have died.
const LONGEST_PAUSE: Duration = Duration::from_millis(500);
const SHORTEST_PAUSE: Duration = Duration::from_millis(5);

/// Keeps node processes in step with the world until the program ends.
pub async fn supervise(local: LocalAws) {
    let binary = local.config().valkey_server.clone();
    local.with_world(|world, _| host(world, binary.is_some()));
    let settings = binary.and_then(|binary| Settings::new(&local, binary).inspect_err(report).ok());
    let Some(settings) = settings else {
        return std::future::pending().await;
    };
    let address = local.config().node_address;
    let tls =
        authority(&local).and_then(|authority| authority.server(address).inspect_err(report).ok());
    let Some(tls) = tls else {
        return std::future::pending().await;
    };
    let mut supervisor = Supervisor::new(settings, tls);
    let mut changes = local.changes();
    loop {
        changes.mark_unchanged();
        supervisor.start_work(local.with_world(|world, _| plans(world)));
        local.set_work(supervisor.work());
        let pause = local.with_world(|world, now| pause(world, now));
        tokio::select! {
            _ = changes.changed() => {}
            Some(report) = supervisor.work_done() => {
                if local.with_world(|world, _| note(world, report)) {
                    local.changed();
                }
            }
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
        let before = group.hosting.take().unwrap_or_default();
        group.hosting = real.then_some(Hosting {
            in_step: None,
            ..before
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
                    let (account, region) = (account.clone(), region.clone());
                    let (id, created) = (group.id.clone(), group.created);
                    let key = Key {
                        account,
                        region,
                        id,
                        created,
                    };
                    plans.insert(key, (plan, hosting.ports.clone()));
                }
            }
        }
    }
    plans
}

/// A group that was to be created and could not is `create-failed`; anything else is tried again. Whether the world is
/// another one now.
fn note(world: &mut World, Report { key, result }: Report) -> bool {
    result.as_ref().err().into_iter().for_each(report);
    let Some(group) = find(world, &key) else {
        return false;
    };
    match result {
        Ok(hosting) => group.hosting = Some(hosting),
        Err(_) if group.status == Status::Creating => group.status = Status::CreateFailed,
        Err(_) => return false,
    }
    true
}

fn find<'a>(world: &'a mut World, key: &Key) -> Option<&'a mut ReplicationGroup> {
    let place = world.accounts.get_mut(&key.account)?.get_mut(&key.region)?;
    let group = place.elasticache.replication_groups.get_mut(&key.id);
    group.filter(|group| group.created == key.created)
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
