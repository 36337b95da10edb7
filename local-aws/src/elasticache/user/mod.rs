//! Users: creating -> active, modifying, deleting. What the nodes know of a user changes when the delay has passed, and
//! the user is active again once the nodes know it.

mod operations;

use jiff::{SignedDuration, Timestamp};
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
    /// When the change under way reaches the first node.
    due: Option<Timestamp>,
    /// Until a change reaches the next node.
    #[serde(default)]
    step: SignedDuration,
    /// A change that has not reached all nodes.
    #[serde(default)]
    spreading: Option<Spreading>,
    pub(super) arn: String,
}

/// A change on its way from node to node.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Spreading {
    /// What the nodes know that it has not reached.
    before: Login,
    /// When it reached the first node.
    since: Timestamp,
    /// How many nodes of every cache it has reached.
    reached: usize,
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
            step: SignedDuration::ZERO,
            spreading: None,
            arn: call.arn("elasticache", &format!("user:{BUILT_IN}")),
        }
    }

    /// Whether a valkey user group may hold it: only users that prove who they are.
    pub(super) fn proves_itself(&self) -> bool {
        self.login.secret != Secret::NoPassword
    }

    /// Whether it shows a signed token instead of a password.
    pub(super) fn logs_in_by_iam(&self) -> bool {
        self.login.secret == Secret::Iam
    }

    fn authentication(&self) -> Value {
        match &self.login.secret {
            Secret::Passwords(hashes) => json!({"Type": "password", "PasswordCount": hashes.len()}),
            Secret::NoPassword | Secret::Optional(_) => json!({"Type": "no-password"}),
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
                format!(
                    "User {} has status {}. Only active users can be modified.",
                    self.id,
                    json!(self.status).as_str().unwrap_or_default()
                ),
            )
        })
    }

    /// Brings the user to where it is at `now`; whether it is still there.
    pub(super) fn settle(&mut self, now: Timestamp) -> bool {
        if let Some(since) = self.due.take_if(|due| *due <= now) {
            let before = self.live.replace(self.login.clone());
            self.spreading = before
                .filter(|_| !self.step.is_zero())
                .map(|before| Spreading {
                    before,
                    since,
                    reached: 1,
                });
            if self.status == Status::Deleting {
                return false;
            }
        }
        let step = self.step;
        if let Some(spreading) = &mut self.spreading {
            let steps = now.duration_since(spreading.since).as_nanos() / step.as_nanos();
            spreading.reached = 1 + usize::try_from(steps).unwrap_or(0);
        }
        true
    }

    /// What the node in this place of a cache knows of the user.
    pub(super) fn known_to(&self, place: usize) -> Option<Login> {
        match &self.spreading {
            Some(spreading) if place >= spreading.reached => Some(spreading.before.clone()),
            _ => self.live.clone(),
        }
    }

    /// Whether a change is on its way from node to node.
    pub(super) fn is_spreading(&self) -> bool {
        self.spreading.is_some()
    }

    /// Ends the spreading of a change when it has reached that many nodes.
    pub(super) fn has_reached(&mut self, nodes: usize) {
        self.spreading
            .take_if(|spreading| spreading.reached >= nodes);
    }

    /// Whether the change has taken effect and only the nodes are awaited.
    pub(super) fn awaits_nodes(&self) -> bool {
        let taken_effect = self.due.is_none() && self.spreading.is_none();
        taken_effect && matches!(self.status, Status::Creating | Status::Modifying)
    }

    /// When the next change takes effect.
    pub(super) fn due(&self) -> Option<Timestamp> {
        let next = self
            .spreading
            .as_ref()
            .map(|spreading| spreading.next(self.step));
        self.due.or(next)
    }
}

impl Spreading {
    /// When the change reaches the next node.
    fn next(&self, step: SignedDuration) -> Timestamp {
        let reached = i32::try_from(self.reached).unwrap_or(i32::MAX);
        let passed = step.saturating_mul(reached);
        self.since.saturating_add(passed).unwrap_or(Timestamp::MAX)
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
