//! The back ends' users, the user named `default`, and the user group that holds them.

use std::collections::BTreeSet;

use crate::api::Reason;
use crate::model::DesiredUser;
use crate::plan::user::engine_of_users;
use crate::plan::{
    ACTIVE, Action, AspectPlan, CacheAction, CacheUser, Depth, Password, Read, Rotating, Secret,
    SecretValue, current_user,
};

use super::part::{Part, Scene, look};
use super::{RETRY, closing, iam};

/// Decides on the users, and on their group.
pub(super) fn plan_users(scene: Scene) -> Part {
    let password = scene.desired.mode.has_secret();
    let users = [
        password.then(|| plan_user(scene)),
        iam::is_possible(scene).then(|| iam::plan_iam_user(scene)),
        Some(plan_default_user(scene)),
    ];
    let mut members = true;
    let mut plan = AspectPlan::default();
    for user in users.into_iter().flatten() {
        let user = user.unwrap_or_else(|part| part);
        members &= user.there;
        plan.extend(user.plan);
    }
    let group = plan_user_group(scene, members).unwrap_or_else(|part| part);
    plan.extend(group.plan);
    let there = members && group.there;
    if there {
        plan.extend(closing::plan_closing(scene));
    }
    Part { plan, there }
}

fn plan_user(scene: Scene) -> Result<Part, Part> {
    let wanted = &current_user(scene.desired, scene.observed);
    let read = || Read::User {
        id: wanted.id.clone(),
    };
    let Some(user) = look(
        scene.observed.cache.user(&wanted.id),
        scene.context.depth.wants(Rotating::User),
        read,
    )?
    else {
        let create = CacheAction::CreateUser {
            user: wanted.clone(),
            engine: engine_of_users(scene.desired, scene.observed),
            password: Some(password(
                scene,
                &format!("the user {} waits for its password", wanted.id),
                |value| scene.desired.is_named_well(&value.username),
            )?),
            tags: scene.desired.tags.clone(),
        };
        return Err(Part::not_yet(AspectPlan::act(Action::Cache(create))));
    };
    compare(scene, wanted, user)
}

/// ElastiCache asks for a user named `default` in every group for Redis OSS, and what an anonymous client may do without one under Valkey is not
/// documented: so there always is one, and it is off.
fn plan_default_user(scene: Scene) -> Result<Part, Part> {
    let wanted = &scene.desired.cache.default_user;
    let read = || Read::DefaultUser {
        id: wanted.id.clone(),
    };
    let wanted_now = scene.context.depth != Depth::Glance;
    let Some(user) = look(&scene.observed.cache.default_user, wanted_now, read)? else {
        let (user, engine, tags) = (
            wanted.clone(),
            engine_of_users(scene.desired, scene.observed),
            scene.desired.tags.clone(),
        );
        return Err(Part::not_yet(AspectPlan::act(Action::Cache(
            CacheAction::CreateDefaultUser { user, engine, tags },
        ))));
    };
    compare(scene, wanted, user)
}

pub(super) fn compare(scene: Scene, wanted: &DesiredUser, user: &CacheUser) -> Result<Part, Part> {
    let thing = format!("the user {}", wanted.id);
    if user.status != ACTIVE {
        return Err(Part::not_yet(scene.busy_user(&thing, &user.status)));
    }
    scene.check_ownership(&user.arn, &thing)?;
    if has_rights(scene, wanted, user) {
        return Ok(Part::there());
    }
    let change = CacheAction::ModifyUserAccess {
        id: wanted.id.clone(),
        access_string: wanted.access_string.clone(),
    };
    Err(Part::not_yet(AspectPlan::act(Action::Cache(change))))
}

/// Whether the user has the rights that it should have. ElastiCache reports an access string in other words than it was given
/// (<https://github.com/aws-controllers-k8s/community/pull/677>), so one that is not spelled as ours is compared with the reply to our own writing.
fn has_rights(scene: Scene, wanted: &DesiredUser, user: &CacheUser) -> bool {
    if is_off(&wanted.access_string) {
        return is_off(&user.access_string);
    }
    let spelling = scene.observed.cache.spellings.get(&wanted.id);
    let learned = spelling.filter(|spelling| spelling.given == wanted.access_string);
    words(&user.access_string).eq(words(&wanted.access_string))
        || learned.is_some_and(|spelling| spelling.reported == user.access_string)
}

/// Nobody logs in as a user that is off, whatever else it may do.
fn is_off(access_string: &str) -> bool {
    let mut switches = access_string
        .split_whitespace()
        .filter(|word| ["on", "off"].contains(word));
    switches.next_back() == Some("off")
}

/// The words that matter: the engines add what is the default anyway.
fn words(access_string: &str) -> impl Iterator<Item = &str> {
    access_string
        .split_whitespace()
        .filter(|word| !["resetchannels", "sanitize-payload"].contains(word))
}

/// The first password of the user, or of the cache: that of the current version of the object's own secret, if it `fits`.
pub(super) fn password(
    scene: Scene,
    what: &str,
    fits: impl Fn(&SecretValue) -> bool,
) -> Result<Password, Part> {
    let (wanted, observed) = (&scene.desired.secret, &scene.observed.secret);
    let secret = look(&observed.secret, true, || Read::Secret {
        name: wanted.name.clone(),
    })?;
    let usable =
        |secret: &&Secret| scene.desired.identity.owns(&secret.tags) && secret.deleted.is_none();
    let current = secret
        .filter(usable)
        .and_then(|secret| Some((&secret.arn, secret.current()?)));
    let value = match current {
        Some((arn, version)) => look(observed.value(version), true, || Read::SecretValue {
            arn: arn.clone(),
            version: version.to_owned(),
        })?,
        None => None,
    };
    value
        .filter(|value| fits(value) && !value.password.reveal().is_empty())
        .map(|value| Password {
            version: value.version_id.clone(),
            value: value.password.clone(),
        })
        .ok_or_else(|| {
            let message = format!("{what} in the secret {}", wanted.name);
            Part::not_yet(AspectPlan::wait(
                Reason::WaitingForDependency,
                message,
                scene.context.pace(RETRY),
            ))
        })
}

fn wanted_members(scene: Scene) -> BTreeSet<String> {
    let (desired, cache) = (scene.desired, &scene.desired.cache);
    let password = desired.mode.has_secret();
    [
        password.then(|| current_user(desired, scene.observed).id),
        iam::is_possible(scene).then(|| cache.iam_user.id.clone()),
        Some(cache.default_user.id.clone()),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn plan_user_group(scene: Scene, members: bool) -> Result<Part, Part> {
    let cache = &scene.desired.cache;
    let thing = format!("the user group {}", cache.id);
    let wanted = wanted_members(scene);
    let wants_group = scene.context.depth.wants(Rotating::UserGroup);
    let Some(group) = look(&scene.observed.cache.user_group, wants_group, || {
        Read::UserGroup {
            id: cache.id.clone(),
        }
    })?
    else {
        let create = || CacheAction::CreateUserGroup {
            id: cache.id.clone(),
            engine: cache.engine,
            user_ids: wanted,
            tags: scene.desired.tags.clone(),
        };
        return Err(Part::not_yet(if members {
            AspectPlan::act(Action::Cache(create()))
        } else {
            AspectPlan::default()
        }));
    };
    if group.status != ACTIVE {
        return Err(Part::not_yet(scene.busy_user(&thing, &group.status)));
    }
    scene.check_ownership(&group.arn, &thing)?;
    let add: BTreeSet<_> = wanted.difference(&group.user_ids).cloned().collect();
    // Users of ours come and go with a revocation, which the credentials' part decides on, or with a way in.
    let foreign =
        |id: &&String| !scene.desired.identity.is_user_id(id) && **id != cache.iam_user.id;
    let remove = group.user_ids.difference(&wanted).filter(foreign);
    let remove: BTreeSet<_> = remove.cloned().collect();
    if add.is_empty() && remove.is_empty() {
        return Ok(Part::there());
    }
    if !members {
        return Err(Part::not_yet(AspectPlan::default()));
    }
    Err(Part::not_yet(AspectPlan::act(Action::Cache(
        CacheAction::ModifyUserGroup {
            id: cache.id.clone(),
            add,
            remove,
        },
    ))))
}
