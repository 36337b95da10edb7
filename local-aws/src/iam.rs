//! IAM: the inline policies of roles. Nothing is allowed or denied by them.
//!
//! Roles are not created through the API: one is there when a function was seeded with it or `PUT /_local/iam/{roleName}`
//! named it. IAM is global; what it has is kept in one Region ([`REGION`]), whatever Region a client signs for.

use std::collections::BTreeMap;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::sigv4::DEFAULT_ACCOUNT;
use crate::world::Regional;
use crate::{AwsError, Call, LocalAws, Reply};

/// Where the roles of an account are kept.
pub const REGION: &str = "us-east-1";

/// Characters of all inline policies of a role together, white space not counted ("IAM and AWS STS quotas").
const POLICY_CHARACTERS: usize = 10_240;

/// The roles of one account.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct State {
    /// By name.
    pub roles: BTreeMap<String, Role>,
}

/// A role.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Role {
    /// Documents of the inline policies, by name.
    pub policies: BTreeMap<String, String>,
    /// Who may assume it; nobody, if there is none.
    #[serde(default)]
    pub trust: Option<Trust>,
}

/// Who may assume a role.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Trust {
    /// The account whose identities may.
    pub account: String,
    /// What they have to show, if anything.
    #[serde(default)]
    pub external_id: Option<String>,
}

/// Body of `PUT /_local/iam/{roleName}`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Seed {
    #[serde(default)]
    account: Option<String>,
    /// Tags, in place of those that it had.
    #[serde(default)]
    tags: BTreeMap<String, String>,
    /// Who may assume it, in place of who could.
    #[serde(default)]
    trust: Option<Trust>,
}

/// Makes a role unless it is there. Returns its ARN.
pub(crate) fn seed(local: &LocalAws, name: &str, seed: Seed) -> String {
    let account = seed.account.unwrap_or_else(|| DEFAULT_ACCOUNT.to_owned());
    let arn = format!("arn:aws:iam::{account}:role/{name}");
    seed_arn(local, &arn);
    local.with_world(|world, now| {
        let place = world.regional(&account, REGION, now);
        place.tags.forget(&arn);
        place.tags.add(&arn, seed.tags);
        place.iam.roles.entry(name.to_owned()).or_default().trust = seed.trust;
    });
    local.changed();
    arn
}

/// Makes the role that an ARN names unless it is there; a path before the name is no part of the name.
pub(crate) fn seed_arn(local: &LocalAws, arn: &str) {
    let Some((account, name)) = role_in(arn) else {
        return;
    };
    local.with_world(|world, now| {
        let place = world.regional(account, REGION, now);
        place.iam.roles.entry(name.to_owned()).or_default();
    });
}

/// Account and name of the role that an ARN names.
pub(crate) fn role_in(arn: &str) -> Option<(&str, &str)> {
    let (account, name) = arn.strip_prefix("arn:aws:iam::")?.split_once(":role/")?;
    Some((account, name.rsplit('/').next().unwrap_or(name)))
}

pub(crate) fn handle(call: &Call, place: &mut Regional) -> Result<Reply, AwsError> {
    match call.operation.as_str() {
        "GetRolePolicy" => get_role_policy(call, place),
        "PutRolePolicy" => put_role_policy(call, place),
        "DeleteRolePolicy" => delete_role_policy(call, place),
        _ => Err(AwsError::unknown_operation(call)),
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct RolePolicy {
    role_name: String,
    policy_name: String,
}

fn get_role_policy(call: &Call, place: &mut Regional) -> Result<Reply, AwsError> {
    let input: RolePolicy = call.input()?;
    let role = role(place, &input.role_name)?;
    let document = role
        .policies
        .get(&input.policy_name)
        .ok_or_else(|| no_policy(&input.policy_name))?;
    Ok(Reply::ok(json!({
        "RoleName": input.role_name,
        "PolicyName": input.policy_name,
        "PolicyDocument": utf8_percent_encode(document, UNRESERVED).to_string(),
    })))
}

/// Documents come back encoded ("RFC 3986").
const UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct PutRolePolicy {
    role_name: String,
    policy_name: String,
    policy_document: String,
}

/// Adds a policy or replaces it as a whole.
fn put_role_policy(call: &Call, place: &mut Regional) -> Result<Reply, AwsError> {
    let input: PutRolePolicy = call.input()?;
    let role = role(place, &input.role_name)?;
    check_name(&input.policy_name)?;
    check_document(&input.policy_document)?;
    let others = role
        .policies
        .iter()
        .filter(|(name, _)| **name != input.policy_name);
    let characters = others
        .map(|(_, document)| document)
        .chain([&input.policy_document])
        .flat_map(|document| document.chars())
        .filter(|character| !character.is_whitespace())
        .count();
    if characters > POLICY_CHARACTERS {
        return Err(AwsError::new(
            409,
            "LimitExceeded",
            format!(
                "Maximum policy size of {POLICY_CHARACTERS} bytes exceeded for role {}",
                input.role_name
            ),
        ));
    }
    role.policies
        .insert(input.policy_name, input.policy_document);
    Ok(Reply::ok(Value::Null))
}

fn delete_role_policy(call: &Call, place: &mut Regional) -> Result<Reply, AwsError> {
    let input: RolePolicy = call.input()?;
    let removed = role(place, &input.role_name)?
        .policies
        .remove(&input.policy_name);
    removed
        .map(|_| Reply::ok(Value::Null))
        .ok_or_else(|| no_policy(&input.policy_name))
}

fn role<'a>(place: &'a mut Regional, name: &str) -> Result<&'a mut Role, AwsError> {
    place
        .iam
        .roles
        .get_mut(name)
        .ok_or_else(|| no_such_entity(format!("The role with name {name} cannot be found.")))
}

fn no_policy(name: &str) -> AwsError {
    no_such_entity(format!("The role policy with name {name} cannot be found."))
}

fn no_such_entity(message: String) -> AwsError {
    AwsError::new(404, "NoSuchEntity", message)
}

fn check_name(name: &str) -> Result<(), AwsError> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || "+=,.@-_".contains(c);
    if (1..=128).contains(&name.len()) && name.chars().all(allowed) {
        return Ok(());
    }
    let message = "The specified value for policyName is invalid. It must contain only alphanumeric characters and/or the \
                   following: +=,.@_-";
    Err(AwsError::bad_request("ValidationError", message))
}

/// A document is JSON with a version and statements.
fn check_document(document: &str) -> Result<(), AwsError> {
    let parsed: Value = serde_json::from_str(document).unwrap_or_default();
    let statements = &parsed["Statement"];
    if statements.is_array() || statements.is_object() {
        return Ok(());
    }
    Err(AwsError::bad_request(
        "MalformedPolicyDocument",
        "Syntax errors in policy.",
    ))
}
