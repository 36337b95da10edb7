//! Rules for the ids that callers choose.

use super::refusal::{ensure, value};
use crate::AwsError;

/// An id as the service stores it: lower case, a letter first, letters, digits and single hyphens, none at the end, and at
/// most `longest` characters. `parameter` is named in the refusal.
pub(super) fn identifier(parameter: &str, text: &str, longest: usize) -> Result<String, AwsError> {
    let wrong = || {
        value(format!(
            "The parameter {parameter} must be provided and must begin with a letter, contain only ASCII letters, digits and \
             hyphens, not end with a hyphen or contain two consecutive hyphens, and have at most {longest} characters."
        ))
    };
    let id = text.to_ascii_lowercase();
    let characters = id
        .chars()
        .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-');
    let starts = id.starts_with(|c: char| c.is_ascii_lowercase());
    let hyphens = !id.ends_with('-') && !id.contains("--");
    ensure(
        characters && starts && hyphens && id.len() <= longest,
        wrong,
    )?;
    Ok(id)
}

/// Whether `text` is a resource id of EC2 such as `subnet-0a1b` (the prefix comes without its hyphen).
pub(super) fn is_ec2_id(prefix: &str, text: &str) -> bool {
    let rest = text
        .strip_prefix(prefix)
        .and_then(|rest| rest.strip_prefix('-'));
    rest.is_some_and(|rest| {
        !rest.is_empty()
            && rest
                .chars()
                .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_stored_in_lower_case() {
        assert_eq!(identifier("UserId", "Capi-0A", 40).unwrap(), "capi-0a");
    }

    #[test]
    fn ids_that_break_a_rule_are_refused() {
        let long = "a".repeat(41);
        let cases = [
            ("1a", "a digit first"),
            ("a--b", "two hyphens"),
            ("a-", "a hyphen at the end"),
            ("a_b", "an underscore"),
            ("", "empty"),
            (long.as_str(), "longer than forty"),
        ];
        for (id, reason) in cases {
            let refusal = identifier("ReplicationGroupId", id, 40).unwrap_err();
            assert_eq!(refusal.code, "InvalidParameterValue", "{reason}");
            assert!(refusal.message.contains("ReplicationGroupId"), "{reason}");
        }
    }

    #[test]
    fn subnet_ids_need_their_prefix() {
        assert!(is_ec2_id("subnet", "subnet-0ab1"));
        assert!(!is_ec2_id("subnet", "sg-0ab1"));
        assert!(!is_ec2_id("subnet", "subnet-"));
    }
}
