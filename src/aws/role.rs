//! IAM: the inline policies of roles.

use percent_encoding::percent_decode_str;

use crate::plan::{Fact, Failure, RoleAction, Seen};

use super::call::{Caller, deleted, seen};
use super::operations::{DELETE_ROLE_POLICY, GET_ROLE_POLICY, PUT_ROLE_POLICY};

/// IAM, as it is reached from one Region.
#[derive(Clone, Debug)]
pub(super) struct Iam {
    pub(super) client: aws_sdk_iam::Client,
    pub(super) caller: Caller,
}

impl Iam {
    /// The policy's document; absent as well when there is no such role.
    pub(super) async fn read_policy(&self, role: &str, policy: &str) -> Fact {
        let request = self.client.get_role_policy();
        let request = request.role_name(role).policy_name(policy);
        let reply = self
            .caller
            .call(GET_ROLE_POLICY, &subject(role), request.send())
            .await;
        Fact::RolePolicy {
            role: role.to_owned(),
            policy: seen(reply.map(|reply| decoded(reply.policy_document()))),
        }
    }

    /// A policy is put as a whole, so the reply tells what it is.
    pub(super) async fn execute(&self, action: &RoleAction) -> Result<Option<Fact>, Failure> {
        let (role, policy) = match action {
            RoleAction::PutRolePolicy {
                role,
                policy,
                document,
            } => {
                let request = self.client.put_role_policy();
                let request = request
                    .role_name(role)
                    .policy_name(policy)
                    .policy_document(document);
                self.caller
                    .call(PUT_ROLE_POLICY, &subject(role), request.send())
                    .await?;
                (role, Seen::Present(document.clone()))
            }
            RoleAction::DeleteRolePolicy { role, policy } => {
                let request = self.client.delete_role_policy();
                let request = request.role_name(role).policy_name(policy);
                let reply = self
                    .caller
                    .call(DELETE_ROLE_POLICY, &subject(role), request.send())
                    .await;
                deleted(reply)?;
                (role, Seen::Absent)
            }
        };
        let role = role.clone();
        Ok(Some(Fact::RolePolicy { role, policy }))
    }
}

fn subject(role: &str) -> String {
    format!("the role {role}")
}

/// IAM encodes documents as URLs are (RFC 3986).
fn decoded(document: &str) -> String {
    percent_decode_str(document)
        .decode_utf8_lossy()
        .into_owned()
}
