//! A function's resource policy.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// Bytes of a policy at most ("Lambda quotas").
const BYTES: usize = 20_480;

/// A resource policy; without statements there is none.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Policy {
    /// In the order in which they were added.
    pub statements: Vec<Value>,
    /// Changes with the policy.
    pub revision: String,
}

impl Policy {
    /// The document as text.
    #[must_use]
    pub fn document(&self) -> String {
        json!({ "Version": "2012-10-17", "Id": "default", "Statement": self.statements })
            .to_string()
    }

    /// Bytes by which the document is too long, as (size, limit).
    pub(super) fn excess(&self) -> Option<(usize, usize)> {
        let size = self.document().len();
        (size > BYTES).then_some((size, BYTES))
    }

    /// The service that a statement is about.
    pub(crate) fn principal(&self, statement_id: &str) -> Option<&str> {
        let mut statements = self.statements.iter();
        let statement = statements.find(|statement| statement["Sid"] == statement_id)?;
        statement["Principal"]["Service"].as_str()
    }

    pub(super) fn has(&self, statement_id: &str) -> bool {
        self.statements
            .iter()
            .any(|statement| statement["Sid"] == statement_id)
    }

    /// Whether a statement lets a service invoke the function on behalf of the resource `source_arn`.
    #[must_use]
    pub fn allows(&self, service: &str, source_arn: &str) -> bool {
        self.statements.iter().any(|statement| {
            let pattern = statement
                .pointer("/Condition/ArnLike/AWS:SourceArn")
                .and_then(Value::as_str);
            let account = statement
                .pointer("/Condition/StringEquals/AWS:SourceAccount")
                .and_then(Value::as_str);
            statement["Principal"]["Service"] == service
                && pattern.is_none_or(|pattern| is_like(source_arn, pattern))
                && account.is_none_or(|account| source_arn.split(':').nth(4) == Some(account))
        })
    }
}

/// IAM's `*` (anything, also slashes) and `?` (one character).
pub(crate) fn is_like(text: &str, pattern: &str) -> bool {
    let mut chars = text.chars();
    let mut rest = pattern.chars();
    match rest.next() {
        None => text.is_empty(),
        Some('*') => {
            let rest = rest.as_str();
            text.char_indices()
                .any(|(at, _)| is_like(&text[at..], rest))
                || is_like("", rest)
        }
        Some('?') => chars.next().is_some() && is_like(chars.as_str(), rest.as_str()),
        Some(wanted) => chars.next() == Some(wanted) && is_like(chars.as_str(), rest.as_str()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOURCE: &str = "arn:aws:execute-api:eu-west-1:111122223333:abc/prod/GET/orders/42";

    #[test]
    fn a_pattern_covers_what_iam_says_it_covers() {
        let cases = [
            (
                "arn:aws:execute-api:eu-west-1:111122223333:abc/*/*",
                true,
                "a star goes over slashes",
            ),
            (
                "arn:aws:execute-api:eu-west-1:111122223333:abc/prod/GET/*",
                true,
                "a star at the end",
            ),
            (
                "arn:aws:execute-api:*:abc/*/GET/orders/4?",
                true,
                "a question mark is one character",
            ),
            (
                "arn:aws:execute-api:eu-west-1:111122223333:abd/*/*",
                false,
                "another API",
            ),
            (
                "arn:aws:execute-api:eu-west-1:111122223333:abc/prod/GET/orders/42?",
                false,
                "one character too few",
            ),
        ];
        for (pattern, covered, reason) in cases {
            assert_eq!(is_like(SOURCE, pattern), covered, "{reason}");
        }
    }

    #[test]
    fn a_policy_allows_the_service_account_and_source_it_names() {
        let statement = |account: &str, service: &str| {
            json!({
                "Sid": "a",
                "Principal": { "Service": service },
                "Condition": {
                    "StringEquals": { "AWS:SourceAccount": account },
                    "ArnLike": { "AWS:SourceArn": "arn:aws:execute-api:*:*:abc/*/*" },
                },
            })
        };
        let cases = [
            ("111122223333", "apigateway.amazonaws.com", true, "all fit"),
            (
                "444455556666",
                "apigateway.amazonaws.com",
                false,
                "another account",
            ),
            ("111122223333", "s3.amazonaws.com", false, "another service"),
        ];
        for (account, service, allowed, reason) in cases {
            let policy = Policy {
                statements: vec![statement(account, service)],
                ..Policy::default()
            };
            assert_eq!(
                policy.allows("apigateway.amazonaws.com", SOURCE),
                allowed,
                "{reason}"
            );
        }
        assert!(
            !Policy::default().allows("apigateway.amazonaws.com", SOURCE),
            "no statement"
        );
    }
}
