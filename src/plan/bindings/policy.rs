//! What the role of a consumer needs to be allowed, as IAM policies.

use serde_json::{Value, json};

use crate::model::Desired;
use crate::plan::cache::own_group;
use crate::plan::{Observed, Secret};

/// The least that a consumer needs that is told where to find things: to read the secret, where there is a password, and to connect, where tokens are taken. None
/// while one of the two is not known.
#[must_use]
pub fn consumer_policy(desired: &Desired, observed: &Observed) -> Option<Value> {
    let mut statements = Vec::new();
    if desired.mode.has_secret() {
        statements.push(read_secret(observed.secret.secret.present()?));
    }
    if desired.mode.has_iam() {
        statements.push(connect(desired, observed)?);
    }
    Some(policy(&statements))
}

/// The least that a client needs to log in with tokens. None while the cache is not there.
#[must_use]
pub fn connect_policy(desired: &Desired, observed: &Observed) -> Option<Value> {
    Some(policy(&[connect(desired, observed)?]))
}

fn policy(statements: &[Value]) -> Value {
    json!({"Version": "2012-10-17", "Statement": statements})
}

/// The secret is encrypted with the account's own key for Secrets Manager, which asks for nothing more.
fn read_secret(secret: &Secret) -> Value {
    json!({"Effect": "Allow", "Action": "secretsmanager:GetSecretValue", "Resource": secret.arn})
}

/// AWS asks for both the cache and the user.
/// <https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/auth-iam.html#auth-iam-Connecting>
fn connect(desired: &Desired, observed: &Observed) -> Option<Value> {
    let group = &own_group(&desired.identity, observed)?.arn;
    let (account, _) = group.rsplit_once(":replicationgroup:")?;
    let user = format!("{account}:user:{}", desired.cache.iam_user.id);
    Some(json!({"Effect": "Allow", "Action": "elasticache:Connect", "Resource": [group, user]}))
}
