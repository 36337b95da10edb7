//! Who may invoke a function.

use serde::Deserialize;
use serde_json::{Value, json};

use super::{called, not_found};
use crate::world::Regional;
use crate::{AwsError, Call, Reply};

pub(super) fn get_policy(call: &Call, place: &mut Regional) -> Result<Reply, AwsError> {
    let (function, qualifier) = called(call, place)?;
    match function.policies.get(&qualifier.unwrap_or_default()) {
        Some(policy) => Ok(Reply::ok(
            json!({ "Policy": policy.document(), "RevisionId": policy.revision }),
        )),
        None => Err(not_found("The resource you requested does not exist.")),
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct AddPermission {
    statement_id: String,
    action: String,
    principal: String,
    source_arn: Option<String>,
    source_account: Option<String>,
    revision_id: Option<String>,
}

pub(super) fn add_permission(call: &Call, place: &mut Regional) -> Result<Reply, AwsError> {
    let input: AddPermission = call.input()?;
    check_statement_id(&input.statement_id)?;
    let new_revision = place.ids.uuid();
    let (function, qualifier) = called(call, place)?;
    let resource = match &qualifier {
        Some(qualifier) => format!("{}:{qualifier}", function.arn),
        None => function.arn.clone(),
    };
    let key = qualifier.unwrap_or_default();
    let mut policy = function.policies.get(&key).cloned().unwrap_or_default();
    check_revision(input.revision_id.as_deref(), &policy.revision)?;
    if policy.has(&input.statement_id) {
        let message = format!(
            "The statement id ({}) provided already exists. Please provide a new statement id, or remove the existing statement.",
            input.statement_id
        );
        return Err(AwsError::new(409, "ResourceConflictException", message));
    }
    let statement = input.statement(&resource);
    policy.statements.push(statement.clone());
    if let Some((size, limit)) = policy.excess() {
        let message = format!("The final policy size ({size}) is bigger than the limit ({limit}).");
        return Err(AwsError::bad_request(
            "PolicyLengthExceededException",
            message,
        ));
    }
    policy.revision = new_revision;
    function.policies.insert(key, policy);
    Ok(Reply::with_status(
        201,
        json!({ "Statement": statement.to_string() }),
    ))
}

impl AddPermission {
    fn statement(&self, resource: &str) -> Value {
        let is_account = self.principal.bytes().all(|b| b.is_ascii_digit());
        let principal = match self.principal.as_str() {
            "*" => json!("*"),
            account if is_account => json!({ "AWS": format!("arn:aws:iam::{account}:root") }),
            arn if arn.starts_with("arn:") => json!({ "AWS": arn }),
            service => json!({ "Service": service }),
        };
        let mut statement = json!({
            "Sid": self.statement_id,
            "Effect": "Allow",
            "Principal": principal,
            "Action": self.action,
            "Resource": resource,
        });
        if let Some(account) = &self.source_account {
            statement["Condition"]["StringEquals"]["AWS:SourceAccount"] = json!(account);
        }
        if let Some(arn) = &self.source_arn {
            statement["Condition"]["ArnLike"]["AWS:SourceArn"] = json!(arn);
        }
        statement
    }
}

pub(super) fn remove_permission(call: &Call, place: &mut Regional) -> Result<Reply, AwsError> {
    let new_revision = place.ids.uuid();
    let id = call.params.path("StatementId");
    let (function, qualifier) = called(call, place)?;
    let key = qualifier.unwrap_or_default();
    let policy = function
        .policies
        .get_mut(&key)
        .ok_or_else(|| not_found("No policy is associated with the given resource."))?;
    check_revision(call.params.query("RevisionId"), &policy.revision)?;
    if !policy.has(id) {
        return Err(not_found(format!(
            "Statement {id} is not found in resource policy."
        )));
    }
    policy.statements.retain(|statement| statement["Sid"] != id);
    policy.revision = new_revision;
    if policy.statements.is_empty() {
        function.policies.remove(&key);
    }
    Ok(Reply::with_status(204, Value::Null))
}

fn check_revision(wanted: Option<&str>, is: &str) -> Result<(), AwsError> {
    if wanted.is_none_or(|wanted| wanted == is) {
        return Ok(());
    }
    let message = "The Revision Id provided does not match the latest Revision Id. Call the GetPolicy API to retrieve the latest \
                   Revision Id";
    Err(AwsError::new(412, "PreconditionFailedException", message))
}

fn check_statement_id(id: &str) -> Result<(), AwsError> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    if (1..=100).contains(&id.len()) && id.chars().all(allowed) {
        return Ok(());
    }
    let message = format!(
        "1 validation error detected: Value '{id}' at 'statementId' failed to satisfy constraint: Member must satisfy regular \
         expression pattern: ([a-zA-Z0-9-_]+)"
    );
    Err(AwsError::bad_request("ValidationException", message))
}
