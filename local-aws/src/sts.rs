//! Security Token Service: `GetCallerIdentity`, `AssumeRole`.
//!
//! A role is one that was seeded with whom it trusts (`PUT /_local/iam/{roleName}`). The access key of temporary credentials holds the role's account; that
//! they expire is said and not enforced.

use jiff::SignedDuration;
use serde::Deserialize;
use serde_json::json;

use crate::sigv4;
use crate::world::Regional;
use crate::{AwsError, Call, Reply, iam};

/// How long temporary credentials last unless the call says otherwise, in seconds.
const DURATION: i64 = 3600;

pub(crate) fn handle(call: &Call, place: &mut Regional) -> Result<Reply, AwsError> {
    match call.operation.as_str() {
        "GetCallerIdentity" => Ok(Reply::ok(json!({
            "Arn": call.caller.arn(),
            "UserId": call.caller.access_key,
            "Account": call.account(),
        }))),
        "AssumeRole" => assume_role(call, place),
        _ => Err(AwsError::unknown_operation(call)),
    }
}

/// Where a call finds what it is about, if that is not where it was signed for: a role is its own account's.
pub(crate) fn place_of(call: &Call) -> Option<(String, &'static str)> {
    let arn = call.params.body["RoleArn"].as_str().unwrap_or_default();
    let (account, _) = iam::role_in(arn).filter(|_| call.operation == "AssumeRole")?;
    Some((account.to_owned(), iam::REGION))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct AssumeRole {
    role_arn: String,
    role_session_name: String,
    external_id: Option<String>,
    duration_seconds: Option<i64>,
}

/// `place` is the role's. Whatever is wrong with role or trust, the answer is the same.
fn assume_role(call: &Call, place: &mut Regional) -> Result<Reply, AwsError> {
    let input: AssumeRole = call.input()?;
    let duration = input.duration_seconds.unwrap_or(DURATION);
    if !(900..=43_200).contains(&duration) {
        let message = format!("DurationSeconds {duration} is not between 900 and 43200");
        return Err(AwsError::bad_request("ValidationError", message));
    }
    let denied = || {
        let (caller, role) = (call.caller.arn(), &input.role_arn);
        let message = format!(
            "User: {caller} is not authorized to perform: sts:AssumeRole on resource: {role}"
        );
        AwsError::new(403, "AccessDenied", message)
    };
    let (account, name) = iam::role_in(&input.role_arn).ok_or_else(denied)?;
    let trust = place
        .iam
        .roles
        .get(name)
        .and_then(|role| role.trust.as_ref());
    let trusts = |trust: &iam::Trust| {
        trust.account == call.account()
            && (trust.external_id.is_none() || trust.external_id == input.external_id)
    };
    trust.filter(|trust| trusts(trust)).ok_or_else(denied)?;
    let key = sigv4::temporary_access_key(account, &mut place.ids);
    let expiration = call
        .now
        .saturating_add(SignedDuration::from_secs(duration))
        .map_err(|error| AwsError::bad_request("ValidationError", error.to_string()))?;
    Ok(Reply::ok(json!({
        "Credentials": {
            "AccessKeyId": key,
            "SecretAccessKey": place.ids.alphanumeric(40),
            "SessionToken": place.ids.alphanumeric(64),
            "Expiration": format!("{expiration:.0}"),
        },
        "AssumedRoleUser": {
            "AssumedRoleId": format!("{key}:{}", input.role_session_name),
            "Arn": format!("arn:aws:sts::{account}:assumed-role/{name}/{}", input.role_session_name),
        },
    })))
}
