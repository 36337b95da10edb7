//! Secrets Manager.
//!
//! Follows the API reference of each operation, "Delete a secret" and "AWS Secrets Manager quotas"; error codes as recorded from
//! the service where a record is public. Rotation can be switched on, but nothing is rotated (see
//! `rotate`); replicas and resource policies are not there.

mod delete;
mod list;
mod password;
mod read;
mod refusal;
mod rotate;
mod secret;
mod tag;
mod write;

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::world::Regional;
use crate::{AwsError, Call, Reply};

pub use secret::{Secret, Value, Version};

/// The secrets of one account and Region.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct State {
    /// By name.
    secrets: BTreeMap<String, Secret>,
}

impl State {
    /// A secret by its name, ARN, or ARN without the random suffix.
    #[must_use]
    pub fn find(&self, id: &str) -> Option<&Secret> {
        self.secrets.get(self.name_of(id)?)
    }

    fn find_mut(&mut self, id: &str) -> Result<&mut Secret, AwsError> {
        let name = self.name_of(id).map(str::to_owned);
        name.and_then(|name| self.secrets.get_mut(&name))
            .ok_or_else(refusal::no_secret)
    }

    /// A secret that is not waiting for its deletion.
    fn live_mut(&mut self, id: &str) -> Result<&mut Secret, AwsError> {
        let secret = self.find_mut(id)?;
        if secret.deletion.is_some() {
            Err(refusal::marked_for_deletion())
        } else {
            Ok(secret)
        }
    }

    fn name_of(&self, id: &str) -> Option<&str> {
        let found = match id.strip_prefix("arn:") {
            None => self.secrets.get_key_value(id),
            Some(_) => self.secrets.iter().find(|(_, secret)| secret.has_arn(id)),
        };
        found
            .filter(|(_, secret)| !secret.is_forced())
            .map(|(name, _)| name.as_str())
    }
}

/// What waits for its deletion goes when its time has come.
pub(crate) fn settle(place: &mut Regional, now: Timestamp) {
    let tags = &mut place.tags;
    place.secretsmanager.secrets.retain(|_, secret| {
        let stays = secret
            .deletion
            .as_ref()
            .is_none_or(|deletion| deletion.at > now);
        if !stays {
            tags.forget(&secret.arn);
        }
        stays
    });
}

pub(crate) fn handle(call: &Call, place: &mut Regional) -> Result<Reply, AwsError> {
    let body = match call.operation.as_str() {
        "CreateSecret" => write::create_secret(call, place),
        "PutSecretValue" => write::put_secret_value(call, place),
        "UpdateSecret" => write::update_secret(call, place),
        "UpdateSecretVersionStage" => write::update_secret_version_stage(call, place),
        "RotateSecret" => rotate::rotate_secret(call, place),
        "CancelRotateSecret" => rotate::cancel_rotate_secret(call, place),
        "DescribeSecret" => read::describe_secret(call, place),
        "GetSecretValue" => read::get_secret_value(call, place),
        "ListSecretVersionIds" => read::list_secret_version_ids(call, place),
        "ListSecrets" => list::list_secrets(call, place),
        "DeleteSecret" => delete::delete_secret(call, place),
        "RestoreSecret" => delete::restore_secret(call, place),
        "TagResource" => tag::tag_resource(call, place),
        "UntagResource" => tag::untag_resource(call, place),
        "GetRandomPassword" => password::get_random_password(call, place),
        _ => Err(AwsError::unknown_operation(call)),
    };
    body.map(Reply::ok)
}
