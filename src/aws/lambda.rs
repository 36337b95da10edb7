//! Lambda: our statement in the policies of functions.

use serde_json::Value;

use crate::plan::{Fact, Failure, Permission, PermissionAction, Seen};

use super::call::{Caller, created, deleted, seen};
use super::operations::{ADD_PERMISSION, GET_POLICY, REMOVE_PERMISSION};

/// Lambda in one Region.
#[derive(Clone, Debug)]
pub(super) struct Lambda {
    pub(super) client: aws_sdk_lambda::Client,
    pub(super) caller: Caller,
}

impl Lambda {
    /// A function without policy answers as one that is not there.
    pub(super) async fn read_permission(&self, function: &str, statement: &str) -> Fact {
        let request = self.client.get_policy().function_name(function);
        let reply = self.caller.call(GET_POLICY, function, request.send()).await;
        let found = reply.map(|reply| permission(&reply.policy.unwrap_or_default(), statement));
        Fact::Permission {
            function: function.to_owned(),
            permission: match seen(found) {
                Seen::Present(Some(permission)) => Seen::Present(permission),
                Seen::Unknown(failure) => Seen::Unknown(failure),
                Seen::Present(None) | Seen::Absent | Seen::Unread => Seen::Absent,
            },
        }
    }

    pub(super) async fn execute(&self, action: &PermissionAction) -> Result<Option<Fact>, Failure> {
        match action {
            PermissionAction::AddPermission {
                function,
                statement,
                source_arn,
                source_account,
            } => {
                let subject = format!("spec.routes[].backend.lambda.functionArn {function}");
                let request = self.client.add_permission().function_name(function);
                let request = request
                    .statement_id(statement)
                    .action("lambda:InvokeFunction")
                    .principal("apigateway.amazonaws.com")
                    .source_arn(source_arn)
                    .source_account(source_account);
                created(
                    self.caller
                        .call(ADD_PERMISSION, &subject, request.send())
                        .await,
                )?;
            }
            PermissionAction::RemovePermission {
                function,
                statement,
            } => {
                let request = self.client.remove_permission().function_name(function);
                let request = request.statement_id(statement);
                deleted(
                    self.caller
                        .call(REMOVE_PERMISSION, function, request.send())
                        .await,
                )?;
            }
        }
        Ok(None)
    }
}

/// The statement of that id in a function's policy. What it is limited to is empty when it is limited in another way than ours.
fn permission(policy: &str, statement: &str) -> Option<Permission> {
    let policy: Value = serde_json::from_str(policy).ok()?;
    let statements = policy.get("Statement")?.as_array()?;
    let ours = statements.iter().find(|known| known["Sid"] == statement)?;
    let source_arn = ours["Condition"]["ArnLike"]["AWS:SourceArn"].as_str();
    Some(Permission {
        source_arn: source_arn.unwrap_or_default().to_owned(),
    })
}
