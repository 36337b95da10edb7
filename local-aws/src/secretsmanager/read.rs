//! Reading one secret.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Map, Value as Json, json};

use super::refusal;
use super::rotate::Rotation;
use super::secret::{CURRENT, Secret, Value, seconds};
use crate::world::Regional;
use crate::{AwsError, Call};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct DescribeSecret {
    secret_id: String,
}

pub(super) fn describe_secret(call: &Call, place: &mut Regional) -> Result<Json, AwsError> {
    let input: DescribeSecret = call.input()?;
    let secret = place
        .secretsmanager
        .find(&input.secret_id)
        .ok_or_else(refusal::no_secret)?;
    let mut description = describe(secret, &place.tags.of(&secret.arn));
    let labels = if call.stale {
        secret.labels_before.clone()
    } else {
        secret.labels()
    };
    if !labels.is_empty() {
        description.insert("VersionIdsToStages".to_owned(), json!(labels));
    }
    Ok(description.into())
}

/// What describing and listing have in common.
pub(super) fn describe(secret: &Secret, tags: &BTreeMap<String, String>) -> Map<String, Json> {
    let tags: Vec<_> = tags
        .iter()
        .map(|(key, value)| json!({ "Key": key, "Value": value }))
        .collect();
    let optional = [
        ("Tags", (!tags.is_empty()).then(|| tags.into())),
        ("Description", secret.description.clone().map(Json::from)),
        ("KmsKeyId", secret.kms_key_id.clone().map(Json::from)),
        (
            "LastAccessedDate",
            secret.last_accessed.map(|day| seconds(day).into()),
        ),
        (
            "DeletedDate",
            secret
                .deletion
                .as_ref()
                .map(|deletion| seconds(deletion.at).into()),
        ),
    ];
    let always = [
        ("ARN", secret.arn.clone().into()),
        ("Name", secret.name.clone().into()),
        ("CreatedDate", seconds(secret.created).into()),
        ("LastChangedDate", seconds(secret.last_changed).into()),
    ];
    let optional = optional
        .into_iter()
        .filter_map(|(name, value)| Some((name, value?)))
        .chain(secret.rotation.iter().flat_map(Rotation::fields));
    always
        .into_iter()
        .chain(optional)
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct GetSecretValue {
    secret_id: String,
    version_id: Option<String>,
    version_stage: Option<String>,
}

pub(super) fn get_secret_value(call: &Call, place: &mut Regional) -> Result<Json, AwsError> {
    let input: GetSecretValue = call.input()?;
    let secret = place.secretsmanager.live_mut(&input.secret_id)?;
    let id = chosen_version(secret, input.version_id, input.version_stage)?;
    let today = day_of(call.now);
    secret.last_accessed = Some(today);
    let (arn, name) = (secret.arn.clone(), secret.name.clone());
    let version = secret
        .versions
        .get_mut(&id)
        .ok_or_else(refusal::no_secret)?;
    version.last_accessed = Some(today);
    let (kind, value) = match &version.value {
        Some(Value::String(text)) => ("SecretString", text),
        Some(Value::Binary(base64)) => ("SecretBinary", base64),
        None => return Err(no_value(&format!("VersionId: {id}"))),
    };
    Ok(json!({
        "ARN": arn,
        "Name": name,
        "VersionId": id,
        "VersionStages": version.labels,
        "CreatedDate": seconds(version.created),
        kind: value,
    }))
}

fn chosen_version(
    secret: &Secret,
    id: Option<String>,
    label: Option<String>,
) -> Result<String, AwsError> {
    let has_value = |id: &&str| secret.versions.get(*id).is_some_and(|v| v.value.is_some());
    let Some(id) = id else {
        let label = label.unwrap_or_else(|| CURRENT.to_owned());
        let holder = secret.holder(&label).filter(has_value).map(str::to_owned);
        return holder.ok_or_else(|| no_value(&format!("staging label: {label}")));
    };
    let version = secret
        .versions
        .get(&id)
        .ok_or_else(|| no_value(&format!("VersionId: {id}")))?;
    match label {
        Some(label) if !version.labels.contains(&label) => Err(refusal::invalid_request(
            "You provided a VersionStage that is not associated to the provided VersionId.",
        )),
        _ => Ok(id),
    }
}

/// There is no such version, or it has no value.
fn no_value(of: &str) -> AwsError {
    refusal::not_found(format!(
        "Secrets Manager can't find the specified secret value for {of}"
    ))
}

/// Reads are recorded by the day.
fn day_of(now: Timestamp) -> Timestamp {
    let seconds = now.as_second();
    Timestamp::from_second(seconds - seconds.rem_euclid(24 * 3600)).unwrap_or(now)
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct ListSecretVersionIds {
    secret_id: String,
    max_results: Option<usize>,
    next_token: Option<String>,
    #[serde(default)]
    include_deprecated: bool,
}

pub(super) fn list_secret_version_ids(call: &Call, place: &mut Regional) -> Result<Json, AwsError> {
    let input: ListSecretVersionIds = call.input()?;
    let secret = place
        .secretsmanager
        .find(&input.secret_id)
        .ok_or_else(refusal::no_secret)?;
    let shown = secret
        .versions
        .iter()
        .filter(|(_, version)| input.include_deprecated || !version.labels.is_empty());
    let (shown, next) = page(
        shown,
        |(id, _)| id,
        input.max_results,
        input.next_token.as_deref(),
    )?;
    let versions: Vec<_> = shown
        .into_iter()
        .map(|(id, version)| {
            let mut entry = json!({ "VersionId": id, "CreatedDate": seconds(version.created) });
            if !version.labels.is_empty() {
                entry["VersionStages"] = json!(version.labels);
            }
            if let Some(day) = version.last_accessed {
                entry["LastAccessedDate"] = seconds(day).into();
            }
            entry
        })
        .collect();
    let mut reply = json!({ "ARN": secret.arn, "Name": secret.name, "Versions": versions });
    if let Some(next) = next {
        reply["NextToken"] = next.into();
    }
    Ok(reply)
}

/// One page of items that are sorted by `key`, and the token of the next one. The token holds the last key seen, so items
/// that come or go between pages shift nothing.
pub(super) fn page<T>(
    items: impl Iterator<Item = T>,
    key: impl Fn(&T) -> &str,
    max: Option<usize>,
    token: Option<&str>,
) -> Result<(Vec<T>, Option<String>), AwsError> {
    let max = max.unwrap_or(100);
    if !(1..=100).contains(&max) {
        return Err(refusal::validation("MaxResults must be between 1 and 100."));
    }
    let after = token.map(last_seen).transpose()?;
    let mut items = items.filter(|item| after.as_deref().is_none_or(|after| key(item) > after));
    let page: Vec<T> = items.by_ref().take(max).collect();
    let next = items
        .next()
        .and(page.last())
        .map(|last| URL_SAFE_NO_PAD.encode(key(last)));
    Ok((page, next))
}

fn last_seen(token: &str) -> Result<String, AwsError> {
    let bytes = URL_SAFE_NO_PAD.decode(token).ok();
    bytes
        .and_then(|bytes| String::from_utf8(bytes).ok())
        .ok_or_else(|| {
            AwsError::bad_request(
                "InvalidNextTokenException",
                "The NextToken value is invalid.",
            )
        })
}
