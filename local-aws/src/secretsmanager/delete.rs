//! Deleting secrets, with a window to change one's mind.

use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::{Value as Json, json};

use super::refusal;
use super::secret::{Deletion, seconds};
use crate::config::Delay;
use crate::world::Regional;
use crate::{AwsError, Call};

const WINDOW_DAYS: std::ops::RangeInclusive<i64> = 7..=30;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct DeleteSecret {
    secret_id: String,
    recovery_window_in_days: Option<i64>,
    #[serde(default)]
    force_delete_without_recovery: bool,
}

pub(super) fn delete_secret(call: &Call, place: &mut Regional) -> Result<Json, AwsError> {
    let input: DeleteSecret = call.input()?;
    let days = input.recovery_window_in_days;
    if input.force_delete_without_recovery {
        if days.is_some() {
            let message = "You can't use ForceDeleteWithoutRecovery in conjunction with RecoveryWindowInDays.";
            return Err(refusal::invalid_parameter(message));
        }
        return Ok(force(call, place, &input.secret_id));
    }
    let days = days.unwrap_or(30);
    if !WINDOW_DAYS.contains(&days) {
        let message = "The RecoveryWindowInDays value must be between 7 and 30 days (inclusive).";
        return Err(refusal::invalid_parameter(message));
    }
    let secret = place.secretsmanager.find_mut(&input.secret_id)?;
    if secret.deletion.is_some() {
        let message = "You can't perform this operation on the secret because it was already scheduled for deletion.";
        return Err(refusal::invalid_request(message));
    }
    let at = call
        .now
        .saturating_add(SignedDuration::from_hours(24 * days))
        .unwrap_or(Timestamp::MAX);
    secret.deletion = Some(Deletion { at, forced: false });
    Ok(json!({ "ARN": secret.arn, "Name": secret.name, "DeletionDate": seconds(at) }))
}

/// Asynchronous: the secret is not seen any more but holds its name for a while. One that does not exist is no error.
fn force(call: &Call, place: &mut Regional, id: &str) -> Json {
    let (arn, name) = match place.secretsmanager.find_mut(id) {
        Ok(secret) => {
            secret.deletion = Some(Deletion {
                at: call.after(Delay::SecretDeleting),
                forced: true,
            });
            (secret.arn.clone(), secret.name.clone())
        }
        Err(_) => (
            call.arn("secretsmanager", &format!("secret:{id}")),
            id.to_owned(),
        ),
    };
    json!({ "ARN": arn, "Name": name, "DeletionDate": seconds(call.now) })
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct RestoreSecret {
    secret_id: String,
}

pub(super) fn restore_secret(call: &Call, place: &mut Regional) -> Result<Json, AwsError> {
    let input: RestoreSecret = call.input()?;
    let secret = place.secretsmanager.find_mut(&input.secret_id)?;
    secret.deletion = None;
    Ok(json!({ "ARN": secret.arn, "Name": secret.name }))
}
