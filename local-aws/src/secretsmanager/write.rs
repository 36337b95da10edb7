//! Creating and changing secrets.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde_json::json;

use super::refusal;
use super::secret::{CURRENT, Secret, Value};
use super::tag::{Tag, check_tags};
use crate::world::Regional;
use crate::{AwsError, Call, Ids};

/// Bytes of a value at most.
const VALUE_BYTES: usize = 65_536;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct CreateSecret {
    name: String,
    client_request_token: Option<String>,
    description: Option<String>,
    kms_key_id: Option<String>,
    secret_string: Option<String>,
    secret_binary: Option<String>,
    #[serde(default)]
    tags: Vec<Tag>,
    #[serde(default)]
    force_overwrite_replica_secret: bool,
}

pub(super) fn create_secret(
    call: &Call,
    place: &mut Regional,
) -> Result<serde_json::Value, AwsError> {
    let input: CreateSecret = call.input()?;
    if input.force_overwrite_replica_secret {
        return Err(refusal::invalid_parameter(
            "local-aws has no replica secrets.",
        ));
    }
    check_name(&input.name)?;
    let tags = check_tags(&BTreeMap::new(), input.tags)?;
    let token = version_id(input.client_request_token, &mut place.ids)?;
    let value = value(input.secret_string, input.secret_binary)?;
    if let Some(existing) = place.secretsmanager.secrets.get(&input.name) {
        return repeated_create(existing, &token, value.as_ref());
    }
    let arn = call.arn(
        "secretsmanager",
        &format!("secret:{}-{}", input.name, suffix(&mut place.ids)),
    );
    let mut secret = Secret {
        arn: arn.clone(),
        name: input.name.clone(),
        description: input.description,
        kms_key_id: input.kms_key_id,
        created: call.now,
        last_changed: call.now,
        last_accessed: None,
        deletion: None,
        versions: BTreeMap::new(),
        labels_before: BTreeMap::new(),
        rotation: None,
    };
    let mut reply = json!({ "ARN": arn, "Name": input.name });
    if let Some(value) = value {
        secret.add_version(
            &token,
            Some(value),
            &BTreeSet::from([CURRENT.to_owned()]),
            call.now,
        )?;
        reply["VersionId"] = token.into();
    }
    place.tags.add(&arn, tags);
    place.secretsmanager.secrets.insert(input.name, secret);
    Ok(reply)
}

/// The name is taken: the same token with the same value answers as the first time.
fn repeated_create(
    existing: &Secret,
    token: &str,
    value: Option<&Value>,
) -> Result<serde_json::Value, AwsError> {
    if existing.deletion.is_some() {
        let message = "You can't create this secret because a secret with this name is already scheduled for deletion.";
        return Err(refusal::invalid_request(message));
    }
    match existing.versions.get(token) {
        Some(version) if version.value.as_ref() == value => {
            Ok(json!({ "ARN": existing.arn, "Name": existing.name, "VersionId": token }))
        }
        _ => Err(refusal::exists(format!(
            "The operation failed because the secret {} already exists.",
            existing.name
        ))),
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct PutSecretValue {
    secret_id: String,
    client_request_token: Option<String>,
    secret_string: Option<String>,
    secret_binary: Option<String>,
    version_stages: Option<BTreeSet<String>>,
}

/// Without `VersionStages` the new version becomes current. With `[AWSPENDING]` it takes that label from whoever has it.
pub(super) fn put_secret_value(
    call: &Call,
    place: &mut Regional,
) -> Result<serde_json::Value, AwsError> {
    let input: PutSecretValue = call.input()?;
    let labels = input
        .version_stages
        .unwrap_or_else(|| BTreeSet::from([CURRENT.to_owned()]));
    if labels.is_empty() || labels.len() > 20 || labels.iter().any(|label| !is_label(label)) {
        return Err(refusal::invalid_parameter(
            "VersionStages holds 1 to 20 labels of 1 to 256 characters.",
        ));
    }
    let token = version_id(input.client_request_token, &mut place.ids)?;
    let value = value(input.secret_string, input.secret_binary)?.ok_or_else(|| {
        refusal::invalid_request("You must provide either SecretString or SecretBinary.")
    })?;
    let secret = place.secretsmanager.live_mut(&input.secret_id)?;
    put_version(secret, &token, value, &labels, call)?;
    let labels = &secret.versions[&token].labels;
    Ok(
        json!({ "ARN": secret.arn, "Name": secret.name, "VersionId": token, "VersionStages": labels }),
    )
}

/// The same token and value again change nothing; another value is refused.
fn put_version(
    secret: &mut Secret,
    id: &str,
    value: Value,
    labels: &BTreeSet<String>,
    call: &Call,
) -> Result<(), AwsError> {
    match secret.versions.get(id) {
        Some(version) if version.value.as_ref() == Some(&value) => Ok(()),
        Some(version) if version.value.is_some() => Err(refusal::exists(format!(
            "You can't use ClientRequestToken {id} because that value is already in use for a version of secret {}.",
            secret.arn
        ))),
        // A rotation makes the version first and its value later.
        _ => {
            let mut changed = secret.clone();
            changed.add_version(id, Some(value), labels, call.now)?;
            *secret = changed;
            Ok(())
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct UpdateSecret {
    secret_id: String,
    client_request_token: Option<String>,
    description: Option<String>,
    kms_key_id: Option<String>,
    secret_string: Option<String>,
    secret_binary: Option<String>,
}

pub(super) fn update_secret(
    call: &Call,
    place: &mut Regional,
) -> Result<serde_json::Value, AwsError> {
    let input: UpdateSecret = call.input()?;
    let token = version_id(input.client_request_token, &mut place.ids)?;
    let value = value(input.secret_string, input.secret_binary)?;
    let secret = place.secretsmanager.live_mut(&input.secret_id)?;
    let mut reply = json!({ "ARN": secret.arn, "Name": secret.name });
    if let Some(value) = value {
        put_version(
            secret,
            &token,
            value,
            &BTreeSet::from([CURRENT.to_owned()]),
            call,
        )?;
        reply["VersionId"] = token.into();
    }
    secret.description = input.description.or(secret.description.take());
    secret.kms_key_id = input.kms_key_id.or(secret.kms_key_id.take());
    secret.last_changed = call.now;
    Ok(reply)
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct UpdateSecretVersionStage {
    secret_id: String,
    version_stage: String,
    remove_from_version_id: Option<String>,
    move_to_version_id: Option<String>,
}

/// Moves a label. Who holds it must be named, which makes this the service's only compare-and-set.
pub(super) fn update_secret_version_stage(
    call: &Call,
    place: &mut Regional,
) -> Result<serde_json::Value, AwsError> {
    let input: UpdateSecretVersionStage = call.input()?;
    let label = input.version_stage.as_str();
    if !is_label(label) {
        return Err(refusal::invalid_parameter(
            "A staging label has 1 to 256 characters.",
        ));
    }
    let secret = place.secretsmanager.live_mut(&input.secret_id)?;
    let (from, to) = (
        input.remove_from_version_id.as_deref(),
        input.move_to_version_id.as_deref(),
    );
    check_move(secret, label, from, to)?;
    let mut changed = secret.clone();
    changed.labels_before = changed.labels();
    changed.move_label(label, to);
    changed.check_labels()?;
    changed.last_changed = call.now;
    *secret = changed;
    Ok(json!({ "ARN": secret.arn, "Name": secret.name }))
}

fn check_move(
    secret: &Secret,
    label: &str,
    from: Option<&str>,
    to: Option<&str>,
) -> Result<(), AwsError> {
    let known = |id: &&str| secret.versions.contains_key(*id);
    if let Some(unknown) = [from, to].into_iter().flatten().find(|id| !known(id)) {
        return Err(refusal::invalid_parameter(format!(
            "Not a valid version: {unknown}"
        )));
    }
    let holder = secret.holder(label);
    let refusal = match (from, to) {
        (None, None) => {
            "You must name a version to move the label to or to remove it from.".to_owned()
        }
        (Some(from), _) if holder != Some(from) => {
            format!("The staging label {label} is not attached to version {from}.")
        }
        (None, Some(to)) if holder.is_some_and(|holder| holder != to) => format!(
            "The parameter RemoveFromVersionId can't be empty. Staging label {label} is currently attached to version {}, so \
             you must explicitly reference that version in RemoveFromVersionId.",
            holder.unwrap_or_default()
        ),
        (Some(_), None) if label == CURRENT => {
            "You can only move staging label AWSCURRENT to a different secret version. It \
                                                can't be completely removed."
                .to_owned()
        }
        _ => return Ok(()),
    };
    Err(refusal::invalid_parameter(refusal))
}

fn check_name(name: &str) -> Result<(), AwsError> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || "-/_+=.@!".contains(c);
    match name.len() {
        1..=512 if name.chars().all(allowed) => Ok(()),
        _ => Err(refusal::validation(
            "Invalid name. Must be a valid name containing alphanumeric characters, or any of the following: -/_+=.@!",
        )),
    }
}

fn is_label(label: &str) -> bool {
    (1..=256).contains(&label.chars().count())
}

/// The request token is the id of the version; a client without one gets one.
pub(super) fn version_id(token: Option<String>, ids: &mut Ids) -> Result<String, AwsError> {
    match token {
        None => Ok(ids.uuid()),
        Some(token) if (32..=64).contains(&token.len()) => Ok(token),
        Some(_) => Err(refusal::invalid_parameter(
            "ClientRequestToken must be 32-64 characters long.",
        )),
    }
}

fn value(string: Option<String>, binary: Option<String>) -> Result<Option<Value>, AwsError> {
    let value = match (string, binary) {
        (Some(_), Some(_)) => {
            let message = "You can't specify both a binary secret value and a string secret value in the same secret.";
            return Err(refusal::invalid_parameter(message));
        }
        (Some(string), None) => Value::String(string),
        (None, Some(binary)) => Value::Binary(binary),
        (None, None) => return Ok(None),
    };
    let bytes = match &value {
        Value::String(text) => text.len(),
        Value::Binary(base64) => base64.len() / 4 * 3,
    };
    match bytes {
        0 => Err(refusal::invalid_parameter(
            "The secret value can't be empty.",
        )),
        1..=VALUE_BYTES => Ok(Some(value)),
        _ => Err(refusal::validation(
            "The secret value must have at most 65536 bytes.",
        )),
    }
}

/// The six characters at the end of a secret's ARN.
fn suffix(ids: &mut Ids) -> String {
    ids.text(
        b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789",
        6,
    )
}
