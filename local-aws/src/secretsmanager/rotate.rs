//! Native rotation: switched on, started and switched off. No rotation function is called, so a rotation that was started
//! stays where a function leaves it that does nothing: `AWSPENDING` on a version without a value ("Troubleshoot rotation").

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};

use super::refusal;
use super::secret::{CURRENT, PENDING, Secret, seconds};
use super::write::version_id;
use crate::world::Regional;
use crate::{AwsError, Call};

/// How a secret is rotated. Stays when rotation is switched off.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Rotation {
    enabled: bool,
    function: String,
    rules: RotationRules,
    /// When it was switched on last.
    since: Timestamp,
}

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct RotationRules {
    #[serde(skip_serializing_if = "Option::is_none")]
    automatically_after_days: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    duration: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    schedule_expression: Option<String>,
}

impl Rotation {
    /// The fields of a description. When a `ScheduleExpression` falls due next is not worked out.
    pub(super) fn fields(&self) -> impl Iterator<Item = (&'static str, Json)> {
        let next = self.rules.automatically_after_days.and_then(|days| {
            let due = self
                .since
                .saturating_add(SignedDuration::from_hours(24 * days));
            Some(seconds(due.ok()?).into())
        });
        let always = [
            ("RotationEnabled", self.enabled.into()),
            ("RotationLambdaARN", self.function.clone().into()),
            ("RotationRules", json!(self.rules)),
        ];
        let next = next.filter(|_| self.enabled);
        always
            .into_iter()
            .chain(next.map(|next| ("NextRotationDate", next)))
    }
}

impl RotationRules {
    fn check(&self) -> Result<(), AwsError> {
        let scheduled = self.schedule_expression.as_deref().is_none_or(|schedule| {
            schedule.ends_with(')')
                && (schedule.starts_with("rate(") || schedule.starts_with("cron("))
        });
        let hours = |duration: &str| {
            let number = duration
                .strip_suffix('h')
                .and_then(|hours| hours.parse::<u32>().ok());
            number.is_some_and(|hours| (1..=24).contains(&hours))
        };
        if self.automatically_after_days.is_some() && self.schedule_expression.is_some() {
            return Err(refusal::invalid_parameter(
                "You can't specify both AutomaticallyAfterDays and ScheduleExpression in RotationRules.",
            ));
        }
        let days = self
            .automatically_after_days
            .is_none_or(|days| (1..=1000).contains(&days));
        if days && scheduled && self.duration.as_deref().is_none_or(hours) {
            Ok(())
        } else {
            Err(refusal::invalid_parameter(
                "The RotationRules are not valid.",
            ))
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct RotateSecret {
    secret_id: String,
    client_request_token: Option<String>,
    #[serde(rename = "RotationLambdaARN")]
    rotation_lambda_arn: Option<String>,
    rotation_rules: Option<RotationRules>,
    rotate_immediately: Option<bool>,
}

/// Without `RotateImmediately` only the configuration is tested on AWS, of which nothing remains.
pub(super) fn rotate_secret(call: &Call, place: &mut Regional) -> Result<Json, AwsError> {
    let input: RotateSecret = call.input()?;
    let token = version_id(input.client_request_token, &mut place.ids)?;
    let secret = place.secretsmanager.live_mut(&input.secret_id)?;
    check_no_rotation_under_way(secret)?;
    let earlier = secret.rotation.as_ref();
    let function = input
        .rotation_lambda_arn
        .or_else(|| earlier.map(|rotation| rotation.function.clone()));
    let function = function.ok_or_else(no_function)?;
    let rules = input
        .rotation_rules
        .or_else(|| earlier.map(|rotation| rotation.rules.clone()))
        .unwrap_or_default();
    rules.check()?;
    let mut changed = secret.clone();
    changed.rotation = Some(Rotation {
        enabled: true,
        function,
        rules,
        since: call.now,
    });
    changed.last_changed = call.now;
    if input.rotate_immediately.unwrap_or(true) {
        if changed.versions.contains_key(&token) {
            return Err(refusal::exists(
                "A version with this ClientRequestToken is already there.",
            ));
        }
        changed.add_version(
            &token,
            None,
            &BTreeSet::from([PENDING.to_owned()]),
            call.now,
        )?;
    }
    *secret = changed;
    Ok(json!({ "ARN": secret.arn, "Name": secret.name, "VersionId": token }))
}

fn no_function() -> AwsError {
    refusal::invalid_request(
        "You tried to enable rotation on a secret that doesn't already have a Lambda function ARN configured and you didn't \
         include such an ARN as a parameter in this call.",
    )
}

/// "If the AWSPENDING staging label is present but not attached to the same version as AWSCURRENT", a rotation is under way.
fn check_no_rotation_under_way(secret: &Secret) -> Result<(), AwsError> {
    match secret.holder(PENDING) {
        Some(pending) if secret.holder(CURRENT) != Some(pending) => Err(refusal::invalid_request(
            "A previous rotation isn't complete. That rotation will be reattempted.",
        )),
        _ => Ok(()),
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct CancelRotateSecret {
    secret_id: String,
}

/// Leaves the labels as they are.
pub(super) fn cancel_rotate_secret(call: &Call, place: &mut Regional) -> Result<Json, AwsError> {
    let input: CancelRotateSecret = call.input()?;
    let secret = place.secretsmanager.live_mut(&input.secret_id)?;
    secret.rotation.as_mut().ok_or_else(no_function)?.enabled = false;
    secret.last_changed = call.now;
    let mut reply = json!({ "ARN": secret.arn, "Name": secret.name });
    if let Some(pending) = secret.holder(PENDING) {
        reply["VersionId"] = pending.into();
    }
    Ok(reply)
}
