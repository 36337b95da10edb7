//! The operations on users.

use jiff::SignedDuration;
use serde::Deserialize;
use serde_json::json;

use super::{BUILT_IN, Status, User};
use crate::config::Delay;
use crate::elasticache::State;
use crate::elasticache::acl::{AccessString, Login, Secret, hash_passwords};
use crate::elasticache::engine::Engine;
use crate::elasticache::names::identifier;
use crate::elasticache::page::{Paging, page};
use crate::elasticache::refusal::{combination, ensure, no_modification, value};
use crate::elasticache::tagging::{self, Tag};
use crate::world::Regional;
use crate::{AwsError, Call, Reply};

const MOST_USERS: usize = 1000;

/// How a user authenticates, in the newer of the two forms.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct AuthenticationMode {
    r#type: Option<String>,
    #[serde(default)]
    passwords: Vec<String>,
}

/// The three parameters that can say how a user authenticates.
struct Proof {
    passwords: Vec<String>,
    no_password_required: Option<bool>,
    mode: Option<AuthenticationMode>,
}

impl Proof {
    /// What was asked for; nothing if none of the three was given.
    fn secret(self) -> Result<Option<Secret>, AwsError> {
        let no_password = self.no_password_required == Some(true);
        let given = [!self.passwords.is_empty(), no_password, self.mode.is_some()];
        ensure(given.iter().filter(|given| **given).count() <= 1, || {
            combination(
                "Only one of Passwords, NoPasswordRequired and AuthenticationMode can be given.",
            )
        })?;
        match self.mode {
            Some(mode) => mode.secret().map(Some),
            None if no_password => Ok(Some(Secret::NoPassword)),
            None if self.passwords.is_empty() => Ok(None),
            None => Ok(Some(Secret::Passwords(hash_passwords(&self.passwords)?))),
        }
    }
}

impl AuthenticationMode {
    fn secret(self) -> Result<Secret, AwsError> {
        let bare = |secret| {
            let refusal = || combination("Passwords go with authentication type password only.");
            ensure(self.passwords.is_empty(), refusal).map(|()| secret)
        };
        match self.r#type.as_deref() {
            Some("password") => Ok(Secret::Passwords(hash_passwords(&self.passwords)?)),
            Some("no-password-required") => bare(Secret::NoPassword),
            Some("iam") => bare(Secret::Iam),
            _ => Err(value(
                "AuthenticationMode must have a Type of password, no-password-required or iam.",
            )),
        }
    }
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Create {
    user_id: String,
    user_name: String,
    engine: String,
    #[serde(default)]
    passwords: Vec<String>,
    access_string: String,
    no_password_required: Option<bool>,
    #[serde(default)]
    tags: Vec<Tag>,
    authentication_mode: Option<AuthenticationMode>,
}

impl Create {
    fn into_user(self, call: &Call) -> Result<User, AwsError> {
        let id = identifier("UserId", &self.user_id, 40)?;
        ensure(
            !self.user_name.is_empty() && self.user_name.len() <= 128,
            || value("UserName must have 1 to 128 characters."),
        )?;
        let proof = Proof {
            passwords: self.passwords,
            no_password_required: self.no_password_required,
            mode: self.authentication_mode,
        };
        let secret = proof.secret()?.ok_or_else(|| {
            combination("Input with given passwords or NoPasswordRequired must be provided.")
        })?;
        ensure(secret != Secret::Iam || id == self.user_name, || {
            value("For a user with authentication type iam, UserId and UserName must be the same.")
        })?;
        Ok(User {
            arn: call.arn("elasticache", &format!("user:{id}")),
            id,
            name: self.user_name,
            engine: self.engine.parse()?,
            login: Login {
                access: AccessString::parse(&self.access_string)?,
                secret,
            },
            live: None,
            status: Status::Creating,
            due: Some(call.after(Delay::User)),
            step: SignedDuration::ZERO,
            spreading: None,
        })
    }
}

pub(in crate::elasticache) fn create(call: &Call, place: &mut Regional) -> Result<Reply, AwsError> {
    let mut input: Create = call.input()?;
    let tags = tagging::check(std::mem::take(&mut input.tags))?;
    let user = input.into_user(call)?;
    let state = &mut place.elasticache;
    ensure(!state.users.contains_key(&user.id), || {
        AwsError::bad_request(
            "UserAlreadyExists",
            format!("User {} already exists.", user.id),
        )
    })?;
    let room = !call.config.quotas || state.users.len() < MOST_USERS;
    ensure(room, || {
        AwsError::bad_request(
            "UserQuotaExceeded",
            format!("There can be at most {MOST_USERS} users."),
        )
    })?;
    place.tags.add(&user.arn, tags);
    let rendered = user.render(state);
    state.users.insert(user.id.clone(), user);
    Ok(Reply::ok(rendered))
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Describe {
    engine: Option<String>,
    user_id: Option<String>,
    max_records: Option<u32>,
    marker: Option<String>,
}

pub(in crate::elasticache) fn describe(
    call: &Call,
    place: &mut Regional,
) -> Result<Reply, AwsError> {
    let input: Describe = call.input()?;
    let engine = input
        .engine
        .as_deref()
        .map(str::parse::<Engine>)
        .transpose()?;
    let state = &place.elasticache;
    let wanted = state
        .users
        .iter()
        .filter(|(_, user)| engine.is_none_or(|engine| user.engine == engine));
    let wanted = wanted.map(|(id, user)| (id.clone(), user)).collect();
    let paging = Paging {
        max_records: input.max_records,
        marker: input.marker,
    };
    let (users, marker) = match input.user_id {
        Some(id) => (vec![state.user(&id)?], None),
        None => page(&wanted, &paging)
            .map(|(users, marker)| (users.into_iter().copied().collect(), marker))?,
    };
    let users: Vec<_> = users.into_iter().map(|user| user.render(state)).collect();
    Ok(Reply::ok(
        json!({"Users": {"member": users}, "Marker": marker}),
    ))
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Modify {
    user_id: String,
    access_string: Option<String>,
    append_access_string: Option<String>,
    #[serde(default)]
    passwords: Vec<String>,
    no_password_required: Option<bool>,
    authentication_mode: Option<AuthenticationMode>,
    engine: Option<String>,
}

/// Passwords are replaced as a whole; nobody can read them back to compare, so the same ones again are a modification.
pub(in crate::elasticache) fn modify(call: &Call, place: &mut Regional) -> Result<Reply, AwsError> {
    let input: Modify = call.input()?;
    let state = &mut place.elasticache;
    let mut user = state.user(&input.user_id)?.clone();
    user.check_active()?;
    let proof = Proof {
        passwords: input.passwords,
        no_password_required: input.no_password_required,
        mode: input.authentication_mode,
    };
    let secret = proof.secret()?;
    let access = new_access(&user, input.access_string, input.append_access_string)?;
    let engine = input
        .engine
        .as_deref()
        .map(str::parse::<Engine>)
        .transpose()?;
    ensure(
        secret.is_some() || access.is_some() || engine.is_some(),
        no_modification,
    )?;
    ensure(engine.is_none_or(|engine| engine >= user.engine), || {
        value("The engine of a user can only become valkey.")
    })?;
    check_secret(state, &user, secret.as_ref())?;
    user.engine = engine.unwrap_or(user.engine);
    user.login = Login {
        access: access.unwrap_or(user.login.access),
        secret: secret.unwrap_or(user.login.secret),
    };
    user.status = Status::Modifying;
    user.step = call.config.delays.of(Delay::PasswordSpread);
    user.due = Some(call.after(Delay::User));
    let rendered = user.render(state);
    state.users.insert(user.id.clone(), user);
    Ok(Reply::ok(rendered))
}

fn new_access(
    user: &User,
    whole: Option<String>,
    appended: Option<String>,
) -> Result<Option<AccessString>, AwsError> {
    match (whole, appended) {
        (Some(_), Some(_)) => Err(combination(
            "AccessString and AppendAccessString cannot be used together.",
        )),
        (Some(whole), None) => AccessString::parse(&whole).map(Some),
        (None, Some(appended)) => {
            AccessString::parse(&appended).map(|rules| Some(user.login.access.append(&rules)))
        }
        (None, None) => Ok(None),
    }
}

fn check_secret(state: &State, user: &User, secret: Option<&Secret>) -> Result<(), AwsError> {
    let in_valkey_group = state
        .groups_of_user(&user.id)
        .any(|group| group.engine == Engine::Valkey);
    ensure(
        secret != Some(&Secret::NoPassword) || !in_valkey_group,
        || {
            combination(
                "A user in a user group of engine valkey needs a password or iam authentication.",
            )
        },
    )?;
    ensure(secret != Some(&Secret::Iam) || user.id == user.name, || {
        value("For a user with authentication type iam, UserId and UserName must be the same.")
    })
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Delete {
    user_id: String,
}

/// The user leaves its groups when it is gone; one named `default` has to leave them first.
pub(in crate::elasticache) fn delete(call: &Call, place: &mut Regional) -> Result<Reply, AwsError> {
    let input: Delete = call.input()?;
    let state = &mut place.elasticache;
    let mut user = state.user(&input.user_id)?.clone();
    user.check_active()?;
    ensure(
        user.name != BUILT_IN || state.groups_of_user(&user.id).next().is_none(),
        || {
            AwsError::bad_request(
                "DefaultUserAssociatedToUserGroup",
                "The default user is still assigned to a user group.",
            )
        },
    )?;
    user.status = Status::Deleting;
    user.due = Some(call.after(Delay::User));
    let rendered = user.render(state);
    state.users.insert(user.id.clone(), user);
    Ok(Reply::ok(rendered))
}
