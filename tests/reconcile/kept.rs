//! A world as it was at a moment, from which others go on.

use jiff::Timestamp;
use local_aws::{Config, LocalAws};
use local_kube::LocalKube;

use crate::world::World;

/// A world as it was at a moment.
pub struct Kept {
    config: Config,
    aws: local_aws::world::World,
    kube: LocalKube,
    at: Timestamp,
}

impl From<World> for Kept {
    fn from(world: World) -> Self {
        Self {
            config: world.aws.config().clone(),
            aws: world.aws.with_world(|world, _| world.clone()),
            at: world.aws.now(),
            kube: world.kube,
        }
    }
}

impl Kept {
    /// A world that goes on from there. Nobody is at work in it.
    pub fn go_on(&self) -> World {
        let config = Config {
            start: Some(self.at),
            ..self.config.clone()
        };
        let aws = LocalAws::new(config).unwrap();
        aws.with_world(|world, _| *world = self.aws.clone());
        let clock = aws.clone();
        World::between(aws, self.kube.copy(move || clock.now()))
    }
}
