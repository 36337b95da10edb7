//! The user that shows signed tokens.

use crate::api::Engine;
use crate::model::{CacheVersion, oldest_with_iam};
use crate::plan::user::{engine_of_users, iam_user};
use crate::plan::{Action, AspectPlan, CacheAction, Read, Rotating};

use super::part::{Part, Scene, look};
use super::users::compare;

/// Whether the user is asked for and can be let in: a cache that still runs an engine that knows no tokens is upgraded first, and ElastiCache would not let
/// the user into its group before.
pub(super) fn is_possible(scene: Scene) -> bool {
    let node = scene.observed.cache.node.present();
    let too_old = node.is_some_and(|node| {
        let engine = [Engine::Valkey, Engine::Redis]
            .into_iter()
            .find(|engine| engine.as_str() == node.engine);
        let version = node.engine_version.parse::<CacheVersion>();
        let oldest = oldest_with_iam(engine.unwrap_or_default());
        version.is_ok_and(|version| version < oldest)
    });
    scene.desired.mode.has_iam() && !too_old
}

pub(super) fn plan_iam_user(scene: Scene) -> Result<Part, Part> {
    let wanted = &iam_user(scene.desired, scene.observed);
    let read = || Read::User {
        id: wanted.id.clone(),
    };
    let seen = scene.observed.cache.user(&wanted.id);
    let Some(user) = look(seen, scene.context.depth.wants(Rotating::User), read)? else {
        let create = CacheAction::CreateUser {
            user: wanted.clone(),
            engine: engine_of_users(scene.desired, scene.observed),
            password: None,
            tags: scene.desired.tags.clone(),
        };
        return Err(Part::not_yet(AspectPlan::act(Action::Cache(create))));
    };
    let part = compare(scene, wanted, user)?;
    if user.iam {
        return Ok(part);
    }
    let id = wanted.id.clone();
    let change = CacheAction::RequireIam { id };
    Err(Part::not_yet(AspectPlan::act(Action::Cache(change))))
}
