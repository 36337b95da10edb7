//! Worlds in which something can begin. They are made once in a process: every run goes on from a copy of its own.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use local_aws::{Config, Delays};
use serde_json::json;

pub use crate::copies::Kept;
use crate::legacy::{GROUP, consent, make_group};
use crate::world::{NAME, World};

use super::invariants::others_come;
use super::scenario::object;
use super::threads::alone;

/// What is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Beginning {
    /// Only what others have.
    Empty,
    /// The example as well, Ready since a moment.
    Ready,
    /// The example as well, which names a replication group that somebody made, and shows what would become of it.
    Reviewed,
}

impl Kept {
    /// A world of `seed` with what there is in the `beginning`.
    pub fn of(beginning: Beginning, seed: u64) -> Arc<Self> {
        static KEPT: Mutex<BTreeMap<(Beginning, u64), Arc<Kept>>> = Mutex::new(BTreeMap::new());
        let mut kept = KEPT.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = kept
            .entry((beginning, seed))
            .or_insert_with(|| Arc::new(alone(seed, || make(beginning, seed))));
        kept.clone()
    }
}

/// A world of `seed` with only what others have.
pub async fn empty(seed: u64) -> World {
    let config = Config {
        delays: Delays::fast(),
        seed,
        ..Config::default()
    };
    let world = World::new(config).await;
    others_come(&world).await;
    world
}

async fn make(beginning: Beginning, seed: u64) -> Kept {
    let world = empty(seed).await;
    match beginning {
        Beginning::Empty => {}
        Beginning::Ready => {
            world.create(&object(NAME)).await;
            let _operator = world.operator();
            world.until(World::is_ready).await;
        }
        Beginning::Reviewed => show_an_adoption(&world).await,
    }
    world.into()
}

/// The example names a group that somebody made, and says what would change.
async fn show_an_adoption(world: &World) {
    make_group(world, &consent()).await;
    let mut object = object(NAME);
    object["spec"]["adopt"] = json!({"replicationGroupId": GROUP});
    world.create(&object).await;
    let _operator = world.operator();
    let is_shown = |world: &World| {
        let status = |type_: &str| world.condition(type_);
        status("CacheReady")["reason"] == "AdoptionPending"
            && status("ApiReady")["status"] == "True"
    };
    world.until(is_shown).await;
}
