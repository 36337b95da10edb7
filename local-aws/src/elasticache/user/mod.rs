//! Users: creating -> active, modifying, deleting. What the nodes know of a user changes when the delay has passed, and
//! the user is active again once the nodes know it.

mod operations;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

pub(super) use operations::{create, delete, describe, modify};

use super::State;
use super::acl::{AccessString, Login, Secret};
use super::engine::Engine;
use super::refusal::{ensure, not_found, value};
use crate::{AwsError, Call};

/// Id and name of the user that every account has; nobody can change it.
const BUILT_IN: &str = "default";

/// A user.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct User {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) engine: Engine,
    /// As the last call left it.
    login: Login,
    /// As the nodes know it; nothing before the user was active for the first time.
    pub(super) live: Option<Login>,
    pub(super) status: Status,
    /// When the change under way takes effect.
    due: Option<Timestamp>,
    pub(super) arn: String,
}

/// The states of a user.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// Not usable yet.
    Creating,
    /// At rest.
    Active,
    /// On its way to the nodes.
    Modifying,
    /// On its way out.
    Deleting,
}

impl User {
    /// The user that is there without having been created: no password, everything allowed.
    pub(super) fn built_in(call: &Call) -> Self {
        let login = Login {
            access: AccessString::everything(),
            secret: Secret::NoPassword,
        };
        Self {
            id: BUILT_IN.to_owned(),
            name: BUILT_IN.to_owned(),
            engine: Engine::Redis,
            live: Some(login.clone()),
            login,
            status: Status::Active,
            due: None,
            arn: call.arn("elasticache", &format!("user:{BUILT_IN}")),
        }
    }

    /// Whether a valkey user group may hold it: only users that prove who they are.
    pub(super) fn proves_itself(&self) -> bool {
        self.login.secret != Secret::NoPassword
    }

    fn authentication(&self) -> Value {
        match &self.login.secret {
            Secret::Passwords(hashes) => json!({"Type": "password", "PasswordCount": hashes.len()}),
            Secret::NoPassword => json!({"Type": "no-password"}),
            Secret::Iam => json!({"Type": "iam"}),
        }
    }

    fn minimum_engine_version(&self) -> &'static str {
        match (self.engine, &self.login.secret) {
            (Engine::Valkey, _) => "7.2",
            (Engine::Redis, Secret::Iam) => "7.0",
            (Engine::Redis, _) => "6.0",
        }
    }

    fn render(&self, state: &State) -> Value {
        let groups: Vec<_> = state
            .groups_of_user(&self.id)
            .map(|group| group.id.clone())
            .collect();
        json!({
            "UserId": self.id,
            "UserName": self.name,
            "Status": self.status,
            "Engine": self.engine,
            "MinimumEngineVersion": self.minimum_engine_version(),
            "AccessString": self.login.access.reported(),
            "UserGroupIds": {"member": groups},
            "Authentication": self.authentication(),
            "ARN": self.arn,
        })
    }

    fn check_active(&self) -> Result<(), AwsError> {
        ensure(self.id != BUILT_IN, || {
            value("The default user cannot be modified or deleted.")
        })?;
        ensure(self.status == Status::Active, || {
            AwsError::bad_request(
                "InvalidUserState",
                format!("User {} is not in active state.", self.id),
            )
        })
    }

    /// Brings the user to where it is at `now`; whether it is still there.
    pub(super) fn settle(&mut self, now: Timestamp) -> bool {
        if self.due.take_if(|due| *due <= now).is_some() {
            self.live = Some(self.login.clone());
            return self.status != Status::Deleting;
        }
        true
    }

    /// Whether the change has taken effect and only the nodes are awaited.
    pub(super) fn awaits_nodes(&self) -> bool {
        self.due.is_none() && matches!(self.status, Status::Creating | Status::Modifying)
    }

    /// When the next change takes effect.
    pub(super) fn due(&self) -> Option<Timestamp> {
        self.due
    }
}

impl State {
    /// The user, or the refusal that there is none.
    pub(super) fn user(&self, id: &str) -> Result<&User, AwsError> {
        self.users
            .get(&id.to_ascii_lowercase())
            .ok_or_else(|| not_found("UserNotFound", "User", id))
    }
}
